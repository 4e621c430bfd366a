/* ISC license. */

/* Directed graphs as adjacency lists, in memory. No function here recurses:
   a chain of a million nodes needs heap, not stack. */

#ifndef S6RC_GRAPH_H
#define S6RC_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include <skalibs/genalloc.h>

/* Edges of node i: to[first[i]] .. to[first[i + 1] - 1]. first has n + 1
   elements. The arrays are the caller's unless a function says otherwise. */
typedef struct s6rc_graph_s s6rc_graph;
struct s6rc_graph_s {
  uint32_t n;
  uint32_t *first;
  uint32_t *to;
};
#define S6RC_GRAPH_ZERO         \
  {                             \
    .n = 0, .first = 0, .to = 0 \
  }

/* Builds the graph with all edges turned around, each list ascending. 1; 0
   and errno (ENOMEM). Free with s6rc_graph_free. */
extern int s6rc_graph_reverse(s6rc_graph const *, s6rc_graph *);
extern void s6rc_graph_free(s6rc_graph *);

/* Writes to order (n elements) all nodes, each after all that its edges lead
   to; the same graph gives the same order. 1; 0 if there is a cycle (order
   is then incomplete); -1 and errno (ENOMEM). */
extern int s6rc_graph_order(s6rc_graph const *, uint32_t *order);

/* Finds cycles: one a strongly connected component, so that mending what is
   reported is never in vain, and each cycle as short as a search from the
   component's smallest node finds it. Appends to cycles (of uint32_t) for
   each: its length, then its nodes in order of the edges (a -> b -> c, back
   to a; a is the smallest). The number of cycles; -1 and errno. O(V+E). */
extern int s6rc_graph_cycles(s6rc_graph const *, genalloc *cycles);

#endif
