/* ISC license. */

/* Strongly connected components after Tarjan (SIAM J. Comput. 1(2), 1972),
   then, in each that holds a cycle, a search in breadth from its smallest
   node back to that node. */

#include <errno.h>
#include <stdlib.h>

#include <s6-rc/types.h>
#include <s6-rc/graph.h>

typedef struct frame_s frame;
struct frame_s {
  uint32_t node;
  uint32_t edge;
};

typedef struct tarjan_s tarjan;
struct tarjan_s {
  s6rc_graph const *g;
  uint32_t *index;   /* order of discovery from 1, 0 = not yet */
  uint32_t *low;     /* smallest index reached; once closed: the component */
  uint32_t *pending; /* discovered, component not closed yet */
  frame *stack;
  unsigned char *closed;
  uint32_t npending;
  uint32_t counter;
  uint32_t ncomponents;
};

static void visit(tarjan *t, uint32_t root)
{
  s6rc_graph const *g = t->g;
  size_t sp = 0;
  t->index[root] = t->low[root] = ++t->counter;
  t->pending[t->npending++] = root;
  t->stack[sp++] = (frame){.node = root, .edge = g->first[root]};
  while (sp) {
    frame *f = &t->stack[sp - 1];
    uint32_t node = f->node;
    if (f->edge < g->first[node + 1]) {
      uint32_t next = g->to[f->edge++];
      if (!t->index[next]) {
        t->index[next] = t->low[next] = ++t->counter;
        t->pending[t->npending++] = next;
        t->stack[sp++] = (frame){.node = next, .edge = g->first[next]};
      } else if (!t->closed[next] && t->index[next] < t->low[node])
        t->low[node] = t->index[next];
      continue;
    }
    uint32_t low = t->low[node];
    if (low == t->index[node]) {
      uint32_t member;
      do {
        member = t->pending[--t->npending];
        t->closed[member] = 1;
        t->low[member] = t->ncomponents;
      } while (member != node);
      t->ncomponents++;
    }
    if (--sp && !t->closed[node] && low < t->low[t->stack[sp - 1].node]) t->low[t->stack[sp - 1].node] = low;
  }
}

/* A shortest way from start back to start inside its component, if there is
   any: appended to cycles as length and nodes. parent and queue have n
   elements; parent is S6RC_NONE for all of the component. 1 found, 0 none,
   -1 ENOMEM. */
static int way_back(s6rc_graph const *g, uint32_t const *component, uint32_t start, uint32_t *parent,
                    uint32_t *queue, genalloc *cycles)
{
  uint32_t head = 0, tail = 0;
  queue[tail++] = start;
  while (head < tail) {
    uint32_t node = queue[head++];
    for (uint32_t e = g->first[node]; e < g->first[node + 1]; e++) {
      uint32_t next = g->to[e];
      if (component[next] != component[start]) continue;
      if (next == start) {
        uint32_t len = 1;
        for (uint32_t i = node; i != start; i = parent[i]) len++;
        if (!genalloc_readyplus(uint32_t, cycles, (size_t)len + 1)) return -1;
        uint32_t *out = genalloc_s(uint32_t, cycles) + genalloc_len(uint32_t, cycles);
        out[0] = len;
        for (uint32_t i = node, k = len; k; i = parent[i]) out[k--] = i;
        genalloc_setlen(uint32_t, cycles, genalloc_len(uint32_t, cycles) + len + 1);
        return 1;
      }
      if (parent[next] != S6RC_NONE) continue;
      parent[next] = node;
      queue[tail++] = next;
    }
  }
  return 0;
}

int s6rc_graph_cycles(s6rc_graph const *g, genalloc *cycles)
{
  size_t n = (size_t)g->n + 1;
  int r = -1;
  tarjan t = {.g = g,
              .index = calloc(n, sizeof(uint32_t)),
              .low = malloc(n * sizeof(uint32_t)),
              .pending = malloc(n * sizeof(uint32_t)),
              .stack = malloc(n * sizeof(frame)),
              .closed = calloc(n, 1)};
  if (t.index && t.low && t.pending && t.stack && t.closed) {
    r = 0;
    for (uint32_t i = 0; i < g->n; i++)
      if (!t.index[i]) visit(&t, i);
    /* from here on: index = parents, pending = queue, closed = component looked at */
    for (uint32_t i = 0; i < g->n; i++) {
      t.index[i] = S6RC_NONE;
      t.closed[i] = 0;
    }
    for (uint32_t i = 0; r >= 0 && i < g->n; i++) {
      uint32_t c = t.low[i];
      if (t.closed[c]) continue;
      t.closed[c] = 1;
      int found = way_back(g, t.low, i, t.index, t.pending, cycles);
      r = found < 0 ? -1 : r + found;
    }
  }
  int e = errno;
  free(t.index);
  free(t.low);
  free(t.pending);
  free(t.stack);
  free(t.closed);
  errno = e;
  return r;
}
