/* ISC license. */

/* Graphs: turning around, order, cycles. */

#include <sys/resource.h>

#include <skalibs/genalloc.h>

#include <s6-rc/graph.h>

#include "test.h"

/* A graph from pairs (from, to), in the order in which they come. */
static void make(s6rc_graph *g, uint32_t n, uint32_t const (*pairs)[2], uint32_t npairs)
{
  g->n = n;
  g->first = calloc((size_t)n + 2, sizeof(uint32_t));
  g->to = malloc(((size_t)npairs + 1) * sizeof(uint32_t));
  CHECK(g->first && g->to);
  for (uint32_t i = 0; i < npairs; i++) g->first[pairs[i][0] + 2]++;
  for (uint32_t i = 2; i < n + 2; i++) g->first[i] += g->first[i - 1];
  for (uint32_t i = 0; i < npairs; i++) g->to[g->first[pairs[i][0] + 1]++] = pairs[i][1];
}
#define MAKE(g, n, ...) \
  make(g, n, (uint32_t const[][2]){__VA_ARGS__}, sizeof((uint32_t const[][2]){__VA_ARGS__}) / 8)

static void check_list(s6rc_graph const *g, uint32_t node, uint32_t const *wanted, uint32_t n)
{
  CHECK_INT(g->first[node + 1] - g->first[node], n);
  for (uint32_t i = 0; i < n; i++) CHECK_INT(g->to[g->first[node] + i], wanted[i]);
}

/* wanted: for each cycle its length and nodes */
static void check_cycles(s6rc_graph const *g, int n, uint32_t const *wanted, size_t len)
{
  genalloc cycles = GENALLOC_ZERO;
  CHECK_INT(s6rc_graph_cycles(g, &cycles), n);
  CHECK_INT(genalloc_len(uint32_t, &cycles), len);
  for (size_t i = 0; i < len; i++) CHECK_INT(genalloc_s(uint32_t, &cycles)[i], wanted[i]);
  genalloc_free(uint32_t, &cycles);
}
#define CYCLES(g, n, ...) \
  check_cycles(g, n, (uint32_t const[]){__VA_ARGS__}, sizeof((uint32_t const[]){__VA_ARGS__}) / 4)

/* Everything comes after what it leads to, and comes once. */
static void check_order(s6rc_graph const *g)
{
  uint32_t *order = malloc((size_t)g->n * sizeof(uint32_t) + 1);
  uint32_t *place = malloc((size_t)g->n * sizeof(uint32_t) + 1);
  CHECK(order && place);
  CHECK_INT(s6rc_graph_order(g, order), 1);
  for (uint32_t i = 0; i < g->n; i++) place[i] = UINT32_MAX;
  for (uint32_t i = 0; i < g->n; i++) {
    CHECK(order[i] < g->n);
    CHECK(place[order[i]] == UINT32_MAX);
    place[order[i]] = i;
  }
  for (uint32_t i = 0; i < g->n; i++)
    for (uint32_t e = g->first[i]; e < g->first[i + 1]; e++) CHECK(place[g->to[e]] < place[i]);
  free(order);
  free(place);
}

TEST(empty)
{
  s6rc_graph g = {.n = 0, .first = (uint32_t[]){0}, .to = 0}, r;
  uint32_t order[1];
  CHECK(s6rc_graph_reverse(&g, &r));
  CHECK_INT(r.n, 0);
  CHECK_INT(r.first[0], 0);
  s6rc_graph_free(&r);
  s6rc_graph_free(&r);
  CHECK_INT(s6rc_graph_order(&g, order), 1);
  check_cycles(&g, 0, 0, 0);
}

TEST(reverse)
{
  s6rc_graph g, r, rr;
  MAKE(&g, 5, {3, 1}, {0, 1}, {0, 3}, {4, 1}, {4, 4}, {2, 1});
  CHECK(s6rc_graph_reverse(&g, &r));
  CHECK_INT(r.n, 5);
  check_list(&r, 0, 0, 0);
  check_list(&r, 1, (uint32_t const[]){0, 2, 3, 4}, 4);
  check_list(&r, 2, 0, 0);
  check_list(&r, 3, (uint32_t const[]){0}, 1);
  check_list(&r, 4, (uint32_t const[]){4}, 1);
  CHECK(s6rc_graph_reverse(&r, &rr));
  CHECK_MEM(rr.first, g.first, 6 * sizeof(uint32_t));
  CHECK_MEM(rr.to, g.to, 6 * sizeof(uint32_t));
  s6rc_graph_free(&g);
  s6rc_graph_free(&r);
  s6rc_graph_free(&rr);
}

TEST(order)
{
  static uint32_t const wanted[] = {3, 1, 0, 2, 4};
  s6rc_graph g;
  uint32_t order[5];
  MAKE(&g, 5, {0, 1}, {1, 3}, {0, 3}, {4, 2}, {4, 0});
  check_order(&g);
  for (int i = 0; i < 2; i++) {
    CHECK_INT(s6rc_graph_order(&g, order), 1);
    CHECK_MEM(order, wanted, sizeof wanted);
  }
  s6rc_graph_free(&g);
}

TEST(no_order_in_a_cycle)
{
  s6rc_graph g;
  uint32_t order[4];
  MAKE(&g, 4, {0, 1}, {1, 2}, {2, 3}, {3, 1});
  CHECK_INT(s6rc_graph_order(&g, order), 0);
  s6rc_graph_free(&g);
  MAKE(&g, 4, {3, 3});
  CHECK_INT(s6rc_graph_order(&g, order), 0);
  s6rc_graph_free(&g);
}

TEST(no_cycle)
{
  s6rc_graph g;
  MAKE(&g, 4, {0, 1}, {0, 2}, {1, 3}, {2, 3});
  check_cycles(&g, 0, 0, 0);
  check_order(&g);
  s6rc_graph_free(&g);
}

TEST(self_loop)
{
  s6rc_graph g;
  MAKE(&g, 3, {0, 1}, {1, 1}, {1, 2});
  CYCLES(&g, 1, 1, 1);
  s6rc_graph_free(&g);
}

/* A short cycle beside a long one in a component: the short one is printed. */
TEST(the_shortest_from_the_smallest)
{
  s6rc_graph g;
  MAKE(&g, 6, {1, 2}, {2, 3}, {3, 4}, {4, 1}, {3, 1}, {0, 1}, {5, 0});
  CYCLES(&g, 1, 3, 1, 2, 3);
  s6rc_graph_free(&g);
}

/* The nodes are in the order of the edges, not of their numbers. */
TEST(direction)
{
  s6rc_graph g;
  MAKE(&g, 4, {0, 3}, {3, 1}, {1, 2}, {2, 0});
  CYCLES(&g, 1, 4, 0, 3, 1, 2);
  s6rc_graph_free(&g);
}

TEST(several_components)
{
  s6rc_graph g;
  MAKE(&g, 10, {8, 9}, {9, 8}, {8, 5}, {5, 6}, {6, 5}, {6, 1}, {1, 1}, {2, 3}, {0, 8}, {4, 7}, {7, 3});
  CYCLES(&g, 3, 1, 1, 2, 5, 6, 2, 8, 9);
  s6rc_graph_free(&g);
}

/* Each cycle is a cycle; there is one for each component that has any: the
   same as a slow way finds, for many small random graphs. */
TEST(random_graphs)
{
  uint32_t seed = 1;
  for (int round = 0; round < 3000; round++) {
    enum { NODES = 8, EDGES = 12 };
    uint32_t pairs[EDGES][2], npairs;
    unsigned char reach[NODES][NODES] = {{0}};
    unsigned int wanted = 0, seen = 0;
    uint32_t order[NODES];
    s6rc_graph g;
    genalloc cycles = GENALLOC_ZERO;
    seed = seed * 1664525 + 1013904223;
    npairs = (seed >> 16) % (EDGES + 1);
    for (uint32_t i = 0; i < npairs; i++)
      for (int k = 0; k < 2; k++) {
        seed = seed * 1664525 + 1013904223;
        pairs[i][k] = (seed >> 16) % NODES;
      }
    for (uint32_t i = 0; i < npairs; i++) reach[pairs[i][0]][pairs[i][1]] = 1;
    for (int k = 0; k < NODES; k++)
      for (int i = 0; i < NODES; i++)
        for (int j = 0; j < NODES; j++) reach[i][j] |= reach[i][k] && reach[k][j];
    /* a component is known by its smallest node */
    for (int i = 0; i < NODES; i++) {
      int smallest = 1;
      for (int j = 0; j < i; j++)
        if (reach[i][j] && reach[j][i]) smallest = 0;
      if (reach[i][i] && smallest) wanted |= 1U << i;
    }
    make(&g, NODES, (uint32_t const(*)[2])pairs, npairs);
    int n = s6rc_graph_cycles(&g, &cycles);
    uint32_t const *c = genalloc_s(uint32_t, &cycles);
    for (int k = 0; k < n; k++) {
      uint32_t len = *c++;
      CHECK(len >= 1 && len <= NODES);
      seen |= 1U << c[0];
      for (uint32_t i = 0; i < len; i++) {
        int edge = 0;
        for (uint32_t e = 0; e < npairs; e++) edge |= pairs[e][0] == c[i] && pairs[e][1] == c[(i + 1) % len];
        CHECK(edge);
        CHECK(c[0] <= c[i]);
      }
      c += len;
    }
    CHECK(n >= 0 && (!n || c == genalloc_s(uint32_t, &cycles) + genalloc_len(uint32_t, &cycles)));
    CHECK_INT(seen, wanted);
    if (wanted)
      CHECK_INT(s6rc_graph_order(&g, order), 0);
    else
      check_order(&g);
    genalloc_free(uint32_t, &cycles);
    s6rc_graph_free(&g);
  }
}

/* --- a million: with recursion the stack would not do */

enum { MILLION = 1000000 };

static void make_chain(s6rc_graph *g, uint32_t n, int closed, int backwards)
{
  g->n = n;
  g->first = malloc(((size_t)n + 1) * sizeof(uint32_t));
  g->to = malloc((size_t)n * sizeof(uint32_t));
  CHECK(g->first && g->to);
  for (uint32_t i = 0, e = 0; i <= n; i++) {
    g->first[i] = e;
    if (i == n) break;
    if (backwards ? i > 0 : i + 1 < n)
      g->to[e++] = backwards ? i - 1 : i + 1;
    else if (closed)
      g->to[e++] = backwards ? n - 1 : 0;
  }
}

static void small_stack(void)
{
  struct rlimit rl;
  CHECK(!getrlimit(RLIMIT_STACK, &rl));
  if (rl.rlim_cur == RLIM_INFINITY || rl.rlim_cur > 8 << 20) rl.rlim_cur = 8 << 20;
  CHECK(!setrlimit(RLIMIT_STACK, &rl));
}

TEST(long_chains)
{
  small_stack();
  for (int backwards = 0; backwards < 2; backwards++) {
    s6rc_graph g, r;
    make_chain(&g, MILLION, 0, backwards);
    check_order(&g);
    check_cycles(&g, 0, 0, 0);
    CHECK(s6rc_graph_reverse(&g, &r));
    check_order(&r);
    s6rc_graph_free(&g);
    s6rc_graph_free(&r);
  }
}

TEST(long_cycles)
{
  small_stack();
  for (int backwards = 0; backwards < 2; backwards++) {
    s6rc_graph g;
    genalloc cycles = GENALLOC_ZERO;
    uint32_t *order = malloc(MILLION * sizeof(uint32_t));
    make_chain(&g, MILLION, 1, backwards);
    CHECK(order);
    CHECK_INT(s6rc_graph_order(&g, order), 0);
    CHECK_INT(s6rc_graph_cycles(&g, &cycles), 1);
    CHECK_INT(genalloc_len(uint32_t, &cycles), MILLION + 1);
    CHECK_INT(genalloc_s(uint32_t, &cycles)[0], MILLION);
    CHECK_INT(genalloc_s(uint32_t, &cycles)[1], 0);
    CHECK_INT(genalloc_s(uint32_t, &cycles)[2], backwards ? MILLION - 1 : 1);
    genalloc_free(uint32_t, &cycles);
    s6rc_graph_free(&g);
    free(order);
  }
}

/* All self loops, and a hub that all lead to and that leads to all. */
TEST(many_cycles)
{
  s6rc_graph g;
  genalloc cycles = GENALLOC_ZERO;
  g.n = MILLION;
  g.first = malloc(((size_t)MILLION + 1) * sizeof(uint32_t));
  g.to = malloc(2 * (size_t)MILLION * sizeof(uint32_t));
  CHECK(g.first && g.to);
  for (uint32_t i = 0; i <= MILLION; i++) g.first[i] = i;
  for (uint32_t i = 0; i < MILLION; i++) g.to[i] = i;
  CHECK_INT(s6rc_graph_cycles(&g, &cycles), MILLION);
  for (uint32_t i = 0; i < MILLION; i++) CHECK_INT(genalloc_s(uint32_t, &cycles)[2 * i + 1], i);

  cycles.len = 0;
  g.first[0] = 0;
  for (uint32_t i = 1; i < MILLION; i++) {
    g.to[i - 1] = i;
    g.first[i] = MILLION - 2 + i;
    g.to[g.first[i]] = 0;
  }
  g.first[MILLION] = 2 * (MILLION - 1);
  CHECK_INT(s6rc_graph_cycles(&g, &cycles), 1);
  CHECK_INT(genalloc_len(uint32_t, &cycles), 3);
  CHECK_INT(genalloc_s(uint32_t, &cycles)[0], 2);
  CHECK_INT(genalloc_s(uint32_t, &cycles)[1], 0);
  CHECK_INT(genalloc_s(uint32_t, &cycles)[2], 1);
  genalloc_free(uint32_t, &cycles);
  s6rc_graph_free(&g);
}
