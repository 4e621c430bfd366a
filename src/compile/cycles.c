/* ISC license. */

#include <errno.h>
#include <stdlib.h>

#include <skalibs/stralloc.h>

#include "resolve.h"

enum { FIRST_ROOM = 1024 };

int compile_builder_start(compile_builder *b, uint32_t n)
{
  *b = (compile_builder){.graph = {.n = n, .first = malloc(((size_t)n + 1) * sizeof(uint32_t))},
                         .room = FIRST_ROOM};
  b->graph.to = malloc(b->room * sizeof(uint32_t));
  if (!b->graph.first || !b->graph.to) {
    s6rc_graph_free(&b->graph);
    return 0;
  }
  b->graph.first[0] = 0;
  return 1;
}

int compile_builder_add(compile_builder *b, uint32_t to)
{
  if (b->len == b->room) {
    uint32_t *more = realloc(b->graph.to, 2 * b->room * sizeof(uint32_t));
    if (!more) return 0;
    b->graph.to = more;
    b->room *= 2;
  }
  if (b->len == UINT32_MAX) return (errno = EOVERFLOW, 0);
  b->graph.to[b->len++] = to;
  return 1;
}

void compile_builder_close(compile_builder *b)
{
  b->graph.first[++b->node] = (uint32_t)b->len;
}

static int put_cycle(compiled const *c, uint32_t const *nodes, uint32_t n, compile_name_func *name,
                     stralloc *sa)
{
  sa->len = 0;
  for (uint32_t i = 0; i < n; i++)
    if (!stralloc_cats(sa, (*name)(c, nodes[i])) || !stralloc_cats(sa, " -> ")) return 0;
  return stralloc_cats(sa, (*name)(c, nodes[0])) && stralloc_0(sa);
}

/* Looking for an order is cheaper, and there hardly ever is a cycle. */
int compile_check_cycles(compiled *c, s6rc_graph const *g, compile_name_func *name,
                         compile_cycle_func *complain)
{
  genalloc cycles = GENALLOC_ZERO; /* of uint32_t */
  stralloc text = STRALLOC_ZERO;
  uint32_t *order = malloc(((size_t)g->n + 1) * sizeof(uint32_t));
  int r = order ? s6rc_graph_order(g, order) : -1;
  free(order);
  if (!r) {
    int n = s6rc_graph_cycles(g, &cycles);
    uint32_t const *s = genalloc_s(uint32_t, &cycles);
    r = n < 0 ? -1 : 1;
    for (int i = 0; r > 0 && i < n; i++) {
      if (!put_cycle(c, s + 1, *s, name, &text) || !(*complain)(c, s + 1, *s, text.s)) r = -1;
      s += 1 + (size_t)*s;
    }
  }
  int e = errno;
  genalloc_free(uint32_t, &cycles);
  stralloc_free(&text);
  errno = e;
  return r > 0;
}
