/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "repo.h"

void repo_services_free(repo_services *g)
{
  int e = errno;
  s6rc_graph_free(&g->deps);
  s6rc_graph_free(&g->rdeps);
  s6rc_graph_free(&g->producers);
  free(g->consumer);
  g->consumer = 0;
  errno = e;
}

/* What deps and consumer say, turned around. */
static int turn_around(repo_services *g)
{
  s6rc_graph consumers = {.n = g->n};
  int ok;
  consumers.first = malloc(((size_t)g->n + 1) * sizeof(uint32_t));
  consumers.to = malloc(((size_t)g->n + 1) * sizeof(uint32_t));
  ok = consumers.first && consumers.to;
  if (ok) {
    consumers.first[0] = 0;
    for (uint32_t i = 0; i < g->n; i++) {
      uint32_t k = consumers.first[i];
      if (g->consumer[i] != S6RC_NONE) consumers.to[k++] = g->consumer[i];
      consumers.first[i + 1] = k;
    }
    ok = s6rc_graph_reverse(&consumers, &g->producers) && s6rc_graph_reverse(&g->deps, &g->rdeps);
  }
  s6rc_graph_free(&consumers);
  return ok;
}

static int start(repo_services *g, uint32_t n)
{
  *g = (repo_services){.n = n};
  g->consumer = malloc(((size_t)n + 1) * sizeof(uint32_t));
  g->deps.n = n;
  g->deps.first = malloc(((size_t)n + 1) * sizeof(uint32_t));
  return g->consumer && g->deps.first;
}

static int read_db(repo_services *g, s6rc_db const *db)
{
  uint32_t k = 0;
  /* as many as there can be: each edge is in the section twice */
  g->deps.to = malloc(db->sectionlen[S6RC_SECTION_EDGES] + sizeof(uint32_t));
  if (!g->deps.to) return 0;
  for (uint32_t i = 0; i < g->n; i++) {
    s6rc_service sv;
    s6rc_list l;
    if (!s6rc_db_service(db, i, &sv) || !s6rc_db_deps(db, &sv, S6RC_UP, &l)) return 0;
    if (l.n > db->sectionlen[S6RC_SECTION_EDGES] / 4 - k) return (errno = EPROTO, 0);
    g->consumer[i] = sv.consumer;
    g->deps.first[i] = k;
    for (uint32_t j = 0; j < l.n; j++) g->deps.to[k++] = s6rc_list_get(&l, j);
  }
  g->deps.first[g->n] = k;
  return 1;
}

int repo_services_of_db(repo_services *g, s6rc_db const *db)
{
  if (start(g, s6rc_db_n(db)) && read_db(g, db) && turn_around(g)) return 1;
  repo_services_free(g);
  return 0;
}

static int copy(repo_services *g, compiled const *c)
{
  size_t nedges = c->deps.first[g->n];
  g->deps.to = malloc((nedges + 1) * sizeof(uint32_t));
  if (!g->deps.to) return 0;
  memcpy(g->deps.first, c->deps.first, ((size_t)g->n + 1) * sizeof(uint32_t));
  if (nedges) memcpy(g->deps.to, c->deps.to, nedges * sizeof(uint32_t));
  for (uint32_t i = 0; i < g->n; i++) g->consumer[i] = i < c->nlongruns ? c->consumer[i] : S6RC_NONE;
  return 1;
}

int repo_services_of_compiled(repo_services *g, compiled const *c)
{
  if (start(g, compiled_n(c)) && copy(g, c) && turn_around(g)) return 1;
  repo_services_free(g);
  return 0;
}
