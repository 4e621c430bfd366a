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
  s6rc_graph_free(&g->optional);
  s6rc_graph_free(&g->roptional);
  s6rc_graph_free(&g->producers);
  free(g->consumer);
  g->consumer = 0;
  errno = e;
}

/* What deps, optional and consumer say, turned around. */
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
    ok = s6rc_graph_reverse(&consumers, &g->producers) && s6rc_graph_reverse(&g->deps, &g->rdeps) &&
         s6rc_graph_reverse(&g->optional, &g->roptional);
  }
  s6rc_graph_free(&consumers);
  return ok;
}

/* For n services and at most nedges dependencies. */
static int start(repo_services *g, uint32_t n, size_t nedges)
{
  *g = (repo_services){.n = n};
  g->consumer = malloc(((size_t)n + 1) * sizeof(uint32_t));
  g->deps = (s6rc_graph){.n = n,
                         .first = malloc(((size_t)n + 1) * sizeof(uint32_t)),
                         .to = malloc((nedges + 1) * sizeof(uint32_t))};
  g->optional = (s6rc_graph){.n = n,
                             .first = malloc(((size_t)n + 1) * sizeof(uint32_t)),
                             .to = malloc((nedges + 1) * sizeof(uint32_t))};
  return g->consumer && g->deps.first && g->deps.to && g->optional.first && g->optional.to;
}

/* --- of a database, and the text beside it that says what is optional:
   "service NAME", then "optional NAME" for each such dependency of it, both by
   number */

static char const service_word[] = "service ", optional_word[] = "optional ";

typedef struct lines_s lines;
struct lines_s {
  s6rc_db const *db;
  char *s; /* what is left */
  size_t len;
};

/* The number in the next line, if it begins with word; S6RC_NONE if it does
   not, or if there is none. 1; 0 and EPROTO. */
static int next(lines *l, char const *word, uint32_t *number)
{
  size_t n = strlen(word);
  char *newline = l->len ? memchr(l->s, '\n', l->len) : 0;
  s6rc_identifier id;
  *number = S6RC_NONE;
  if (!l->len) return 1;
  if (!newline) return (errno = EPROTO, 0);
  if ((size_t)(newline - l->s) < n || memcmp(l->s, word, n)) return 1;
  if (s6rc_db_resolve(l->db, l->s + n, (size_t)(newline - l->s) - n, &id) <= 0 || id.type == S6RC_BUNDLE)
    return (errno = EPROTO, 0);
  *number = s6rc_list_get(&id.contents, 0);
  l->len -= (size_t)(newline + 1 - l->s);
  l->s = newline + 1;
  return 1;
}

/* Marks the optional dependencies of service i, if the next lines are about
   it. at: whom they are about. */
static int mark_optional(lines *l, uint32_t *at, uint32_t i, uint32_t *mark)
{
  uint32_t number;
  if (*at != i) return 1;
  for (;;) {
    if (!next(l, optional_word, &number)) return 0;
    if (number == S6RC_NONE) break;
    mark[number] = i;
  }
  return next(l, service_word, at);
}

static int read_db(repo_services *g, lines *l, uint32_t *mark)
{
  uint32_t k = 0, m = 0, at;
  size_t room = l->db->sectionlen[S6RC_SECTION_EDGES] / 4;
  if (!next(l, service_word, &at)) return 0;
  for (uint32_t i = 0; i < g->n; i++) {
    s6rc_service sv;
    s6rc_list deps;
    if (!s6rc_db_service(l->db, i, &sv) || !s6rc_db_deps(l->db, &sv, S6RC_UP, &deps)) return 0;
    if (!mark_optional(l, &at, i, mark)) return 0;
    if (deps.n > room - k - m) return (errno = EPROTO, 0);
    g->consumer[i] = sv.consumer;
    g->deps.first[i] = k;
    g->optional.first[i] = m;
    for (uint32_t j = 0; j < deps.n; j++) {
      uint32_t to = s6rc_list_get(&deps, j);
      if (mark[to] == i)
        g->optional.to[m++] = to;
      else
        g->deps.to[k++] = to;
    }
  }
  g->deps.first[g->n] = k;
  g->optional.first[g->n] = m;
  return !l->len || (errno = EPROTO, 0);
}

static uint32_t *marks(uint32_t n)
{
  uint32_t *mark = malloc(((size_t)n + 1) * sizeof(uint32_t));
  for (uint32_t i = 0; mark && i < n; i++) mark[i] = S6RC_NONE;
  return mark;
}

int repo_services_of_db(repo_services *g, s6rc_db const *db, stralloc const *optional)
{
  lines l = {.db = db, .s = optional->s, .len = optional->len};
  uint32_t *mark = marks(s6rc_db_n(db));
  int ok = start(g, s6rc_db_n(db), db->sectionlen[S6RC_SECTION_EDGES] / 4) && mark && read_db(g, &l, mark) &&
           turn_around(g);
  int e = errno;
  free(mark);
  errno = e;
  if (!ok) repo_services_free(g);
  return ok;
}

int repo_services_print_optional(repo_services const *g, compiled const *c, stralloc *sa)
{
  sa->len = 0;
  for (uint32_t i = 0; i < g->n; i++) {
    uint32_t from = g->optional.first[i], to = g->optional.first[i + 1];
    if (from == to) continue;
    if (!stralloc_cats(sa, service_word) || !stralloc_cats(sa, compiled_name(c, i)) ||
        !stralloc_cats(sa, "\n"))
      return 0;
    for (uint32_t e = from; e < to; e++)
      if (!stralloc_cats(sa, optional_word) || !stralloc_cats(sa, compiled_name(c, g->optional.to[e])) ||
          !stralloc_cats(sa, "\n"))
        return 0;
  }
  return stralloc_readyplus(sa, 1);
}

/* --- of a source that has been resolved */

/* Marks with i what a list stands for. */
static void mark_list(compiled const *c, source_list const *l, uint32_t i, uint32_t *mark)
{
  for (uint32_t k = 0; k < l->n; k++) {
    uint32_t name = source_items(c->src, l)[k].name, bundle = c->bundleof[name];
    if (c->atomic[name] != S6RC_NONE) mark[c->atomic[name]] = i;
    if (bundle == S6RC_NONE) continue;
    compile_bundle const *b = c->bundles + bundle;
    for (uint32_t j = 0; j < b->n; j++) mark[genalloc_s(uint32_t, &c->members)[b->first + j]] = i;
  }
}

/* A dependency is optional if nothing but the list of optional ones has it. */
static void split(repo_services *g, compiled const *c, uint32_t *hard)
{
  uint32_t k = 0, m = 0;
  for (uint32_t i = 0; i < g->n; i++) {
    source_service const *sv = compiled_service(c, i);
    g->consumer[i] = i < c->nlongruns ? c->consumer[i] : S6RC_NONE;
    g->deps.first[i] = k;
    g->optional.first[i] = m;
    if (sv) mark_list(c, &sv->deps, i, hard);
    for (uint32_t e = c->deps.first[i]; e < c->deps.first[i + 1]; e++) {
      uint32_t to = c->deps.to[e];
      if (sv && sv->optional.n && repo_prescribed(to) && hard[to] != i && g->consumer[i] != to)
        g->optional.to[m++] = to;
      else
        g->deps.to[k++] = to;
    }
  }
  g->deps.first[g->n] = k;
  g->optional.first[g->n] = m;
}

int repo_services_of_compiled(repo_services *g, compiled const *c)
{
  uint32_t n = compiled_n(c);
  uint32_t *hard = marks(n);
  int ok = start(g, n, c->deps.first[n]) && hard;
  if (ok) {
    split(g, c, hard);
    ok = turn_around(g);
  }
  int e = errno;
  free(hard);
  errno = e;
  if (!ok) repo_services_free(g);
  return ok;
}
