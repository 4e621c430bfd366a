/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* Of services that depend on each other in several ways, one cycle is found at
   a time; the next one is looked for without the edge that closed the last.
   One slip can make very many of them: after so many rounds it is enough. */
enum { ROUNDS = 8 };

/* A graph with one node more, which edges can be turned to that shall lead
   nowhere. */
static int copy_with_sink(s6rc_graph const *g, s6rc_graph *copy)
{
  size_t n = g->n, nedges = g->first[n];
  *copy = (s6rc_graph){.n = g->n + 1,
                       .first = malloc((n + 2) * sizeof(uint32_t)),
                       .to = malloc((nedges + 1) * sizeof(uint32_t))};
  if (!copy->first || !copy->to) {
    s6rc_graph_free(copy);
    return 0;
  }
  memcpy(copy->first, g->first, (n + 1) * sizeof(uint32_t));
  if (nedges) memcpy(copy->to, g->to, nedges * sizeof(uint32_t));
  copy->first[n + 1] = copy->first[n];
  return 1;
}

static void turn_to_sink(s6rc_graph *g, uint32_t from, uint32_t to)
{
  for (uint32_t e = g->first[from]; e < g->first[from + 1]; e++)
    if (g->to[e] == to) g->to[e] = g->n - 1;
}

/* Complains about the cycles of one round. 1; 0: there are none; -1 and errno */
static int complain_round(compiled *c, s6rc_graph *g, genalloc *cycles, stralloc *text,
                          compile_name_func *name, compile_cycle_func *complain)
{
  genalloc_setlen(uint32_t, cycles, 0);
  int n = s6rc_graph_cycles(g, cycles);
  uint32_t const *s = genalloc_s(uint32_t, cycles);
  for (int i = 0; i < n; i++) {
    uint32_t len = *s++;
    if (!put_cycle(c, s, len, name, text) || !(*complain)(c, s, len, text->s)) return -1;
    turn_to_sink(g, s[len - 1], s[0]);
    s += len;
  }
  return n < 0 ? -1 : !!n;
}

/* Looking for an order is cheaper, and there hardly ever is a cycle. */
int compile_check_cycles(compiled *c, s6rc_graph const *g, compile_name_func *name,
                         compile_cycle_func *complain)
{
  genalloc cycles = GENALLOC_ZERO; /* of uint32_t */
  stralloc text = STRALLOC_ZERO;
  s6rc_graph copy = S6RC_GRAPH_ZERO;
  uint32_t *order = malloc(((size_t)g->n + 1) * sizeof(uint32_t));
  int r = order ? s6rc_graph_order(g, order) : -1;
  free(order);
  if (!r) {
    r = copy_with_sink(g, &copy) ? 1 : -1;
    for (int i = 0; r > 0 && i < ROUNDS; i++) r = complain_round(c, &copy, &cycles, &text, name, complain);
    if (!r) r = 1;
  }
  int e = errno;
  s6rc_graph_free(&copy);
  genalloc_free(uint32_t, &cycles);
  stralloc_free(&text);
  errno = e;
  return r > 0;
}
