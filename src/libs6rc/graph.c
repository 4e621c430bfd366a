/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <s6-rc/graph.h>

void s6rc_graph_free(s6rc_graph *g)
{
  int e = errno;
  free(g->first);
  free(g->to);
  g->first = g->to = 0;
  g->n = 0;
  errno = e;
}

int s6rc_graph_reverse(s6rc_graph const *g, s6rc_graph *r)
{
  size_t nedges = g->first[g->n];
  r->n = g->n;
  r->first = calloc((size_t)g->n + 2, sizeof(uint32_t));
  r->to = malloc((nedges + 1) * sizeof(uint32_t));
  if (!r->first || !r->to) {
    s6rc_graph_free(r);
    return 0;
  }
  /* first[i + 2] counts, then first[i + 1] is where the next edge of i goes,
     and ends as where the edges of i + 1 begin */
  for (size_t e = 0; e < nedges; e++) r->first[(size_t)g->to[e] + 2]++;
  for (size_t i = 2; i < (size_t)g->n + 2; i++) r->first[i] += r->first[i - 1];
  for (uint32_t i = 0; i < g->n; i++)
    for (uint32_t e = g->first[i]; e < g->first[i + 1]; e++) r->to[r->first[(size_t)g->to[e] + 1]++] = i;
  return 1;
}

/* A walk in depth, with its stack on the heap. */
typedef struct frame_s frame;
struct frame_s {
  uint32_t node;
  uint32_t edge; /* next one to follow */
};

enum mark_e { NEW = 0, ON_STACK, DONE };

int s6rc_graph_order(s6rc_graph const *g, uint32_t *order)
{
  size_t sp = 0;
  uint32_t k = 0;
  frame *stack = malloc(((size_t)g->n + 1) * sizeof(frame));
  unsigned char *mark = calloc((size_t)g->n + 1, 1);
  int r = stack && mark ? 1 : -1;
  for (uint32_t root = 0; r == 1 && root < g->n; root++) {
    if (mark[root] != NEW) continue;
    mark[root] = ON_STACK;
    stack[sp++] = (frame){.node = root, .edge = g->first[root]};
    while (sp && r == 1) {
      frame *f = &stack[sp - 1];
      if (f->edge == g->first[f->node + 1]) {
        mark[f->node] = DONE;
        order[k++] = f->node;
        sp--;
        continue;
      }
      uint32_t next = g->to[f->edge++];
      if (mark[next] == ON_STACK) r = 0;
      if (mark[next] != NEW) continue;
      mark[next] = ON_STACK;
      stack[sp++] = (frame){.node = next, .edge = g->first[next]};
    }
  }
  free(stack);
  free(mark);
  return r;
}
