/* ISC license. */

/* The whole database, once over. What a single record's use checks is
   checked by using every record; here is what only the whole shows. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/blake2s.h>
#include <skalibs/cdb.h>

#include <s6-rc/db.h>
#include <s6-rc/graph.h>

typedef struct checker_s checker;
struct checker_s {
  s6rc_db const *db;
  s6rc_damage *damage;
  s6rc_graph deps;
  s6rc_graph rdeps;
};

static int damaged(checker *c, char const *what, char const *name)
{
  *c->damage = (s6rc_damage){.what = what, .name = name, .file = S6RC_DB_FILE};
  return (errno = EPROTO, 0);
}

static int check_digest(checker *c)
{
  static char const zero[S6RC_DB_HEADER_SIZE - S6RC_HEADER_DIGEST];
  blake2s_ctx ctx = BLAKE2S_INIT(S6RC_DIGEST_SIZE);
  char digest[S6RC_DIGEST_SIZE];
  blake2s_update(&ctx, (char const *)c->db->map, S6RC_HEADER_DIGEST);
  blake2s_update(&ctx, zero, sizeof zero);
  blake2s_update(&ctx, (char const *)c->db->map + S6RC_DB_HEADER_SIZE, c->db->size - S6RC_DB_HEADER_SIZE);
  blake2s_final(&ctx, digest);
  return !memcmp(digest, s6rc_db_digest(c->db), S6RC_DIGEST_SIZE) || damaged(c, "checksum is wrong", 0);
}

static int ascending(s6rc_list const *l)
{
  for (uint32_t i = 1; i < l->n; i++)
    if (s6rc_list_get(l, i - 1) >= s6rc_list_get(l, i)) return 0;
  return 1;
}

/* Every record, and both directions of the dependencies as graphs. */
static int read_all(checker *c)
{
  uint32_t n = s6rc_db_n(c->db);
  size_t nedges = c->db->sectionlen[S6RC_SECTION_EDGES] / 4;
  s6rc_graph *const graphs[2] = {[S6RC_UP] = &c->deps, [S6RC_DOWN] = &c->rdeps};
  for (unsigned int dir = S6RC_UP; dir <= S6RC_DOWN; dir++) {
    graphs[dir]->n = n;
    graphs[dir]->first = calloc((size_t)n + 1, sizeof(uint32_t));
    graphs[dir]->to = malloc((nedges + 1) * sizeof(uint32_t));
    if (!graphs[dir]->first || !graphs[dir]->to) return 0;
  }
  for (uint32_t i = 0; i < n; i++) {
    s6rc_service sv;
    if (!s6rc_db_service(c->db, i, &sv)) return damaged(c, "a record is damaged", 0);
    if (strlen(sv.name) != sv.namelen || memchr(sv.name, '/', sv.namelen) ||
        memchr(sv.name, '\n', sv.namelen))
      return damaged(c, "a name is not legal", sv.name);
    if (sv.flags & ~(uint32_t)S6RC_FLAGS_ALL) return damaged(c, "unknown flags", sv.name);
    for (unsigned int dir = S6RC_UP; dir <= S6RC_DOWN; dir++) {
      s6rc_graph *g = graphs[dir];
      s6rc_list l;
      if (!s6rc_db_deps(c->db, &sv, (s6rc_dir)dir, &l) || !ascending(&l) || l.n > nedges - g->first[i])
        return damaged(c, "a list of dependencies is damaged", sv.name);
      for (uint32_t k = 0; k < l.n; k++) g->to[g->first[i] + k] = s6rc_list_get(&l, k);
      g->first[i + 1] = g->first[i] + l.n;
    }
  }
  return 1;
}

static int check_mirror(checker *c)
{
  s6rc_graph mirror = S6RC_GRAPH_ZERO;
  uint32_t n = c->deps.n;
  int r;
  if (!s6rc_graph_reverse(&c->deps, &mirror)) return 0;
  r = !memcmp(mirror.first, c->rdeps.first, ((size_t)n + 1) * sizeof(uint32_t)) &&
      !memcmp(mirror.to, c->rdeps.to, (size_t)mirror.first[n] * sizeof(uint32_t));
  s6rc_graph_free(&mirror);
  return r || damaged(c, "dependencies and reverse dependencies disagree", 0);
}

static int check_order(checker *c)
{
  uint32_t *order = malloc(((size_t)c->deps.n + 1) * sizeof(uint32_t));
  int r = order ? s6rc_graph_order(&c->deps, order) : -1;
  int e = errno;
  free(order);
  errno = e;
  return r > 0 || (!r && damaged(c, "there is a dependency cycle", 0));
}

static int depends_on(checker const *c, uint32_t from, uint32_t to)
{
  for (uint32_t e = c->deps.first[from]; e < c->deps.first[from + 1]; e++)
    if (c->deps.to[e] == to) return 1;
  return 0;
}

/* The dependencies that nobody writes down are there. */
static int check_implicit(checker *c)
{
  for (uint32_t i = 0; i < c->deps.n; i++) {
    s6rc_service sv;
    if (!s6rc_db_service(c->db, i, &sv)) return damaged(c, "a record is damaged", 0);
    if (sv.type == S6RC_ONESHOT && !depends_on(c, i, S6RC_NUMBER_ONESHOT_RUNNER))
      return damaged(c, "a oneshot does not depend on the oneshot runner", sv.name);
    if ((sv.consumer != S6RC_NONE || sv.producers.n) && !depends_on(c, i, S6RC_NUMBER_FDHOLDER))
      return damaged(c, "a pipelined longrun does not depend on the fd-holder", sv.name);
    if (sv.consumer != S6RC_NONE && !depends_on(c, i, sv.consumer))
      return damaged(c, "a producer does not depend on its consumer", sv.name);
    if (!ascending(&sv.producers)) return damaged(c, "a list of producers is damaged", sv.name);
  }
  return 1;
}

/* Producers and consumers name each other. A consumer is asked once: reading
   it takes as long as its list of producers. consumer: nlongruns elements. */
static int check_pairs(checker *c, uint32_t *consumer)
{
  uint32_t n = c->db->nlongruns;
  s6rc_service sv;
  for (uint32_t i = 0; i < n; i++) {
    if (!s6rc_db_service(c->db, i, &sv)) return damaged(c, "a record is damaged", 0);
    consumer[i] = sv.consumer;
  }
  for (uint32_t i = 0; i < n; i++) {
    if (!s6rc_db_service(c->db, i, &sv)) return damaged(c, "a record is damaged", 0);
    for (uint32_t k = 0; k < sv.producers.n; k++) {
      uint32_t producer = s6rc_list_get(&sv.producers, k);
      if (producer >= n || consumer[producer] != i)
        return damaged(c, "a consumer has a producer that is not its own", sv.name);
      consumer[producer] = S6RC_NONE; /* its consumer knows it */
    }
  }
  for (uint32_t i = 0; i < n; i++)
    if (consumer[i] != S6RC_NONE)
      return damaged(c, "a consumer does not know its producer",
                     s6rc_db_service(c->db, consumer[i], &sv) ? sv.name : 0);
  return 1;
}

static int check_pipelines(checker *c)
{
  uint32_t *consumer = malloc(c->db->nlongruns * sizeof(uint32_t));
  int r = consumer && check_pairs(c, consumer), e = errno;
  free(consumer);
  errno = e;
  return r;
}

static int check_resolve(checker *c)
{
  s6rc_identifier id;
  char const *name;
  size_t len;
  uint32_t pos = CDB_TRAVERSE_INIT(), n = 0;
  int r;
  for (uint32_t i = 0; i < s6rc_db_n(c->db); i++) {
    s6rc_service sv;
    if (!s6rc_db_service(c->db, i, &sv)) return damaged(c, "a record is damaged", 0);
    r = s6rc_db_resolve(c->db, sv.name, sv.namelen, &id);
    if (r <= 0 || id.type != sv.type || s6rc_list_get(&id.contents, 0) != i) {
      damaged(c, "a service's name does not lead to it", sv.name);
      goto resolve;
    }
  }
  while ((r = s6rc_db_next(c->db, &name, &len, &id, &pos)) > 0) {
    if (id.type != S6RC_BUNDLE) n++;
    if (!ascending(&id.contents)) break;
  }
  if (r || n != s6rc_db_n(c->db)) {
    damaged(c, "an entry is damaged", 0);
    goto resolve;
  }
  /* a name that cannot be: whoever does not find it looks at everything */
  if (!s6rc_db_resolve(c->db, "/", 1, &id)) return 1;
  damaged(c, "checksum is wrong, or it belongs to another database", 0);
resolve:
  c->damage->file = S6RC_RESOLVE_FILE;
  return 0;
}

int s6rc_db_check(s6rc_db const *db, s6rc_damage *damage)
{
  checker c = {.db = db, .damage = damage, .deps = S6RC_GRAPH_ZERO, .rdeps = S6RC_GRAPH_ZERO};
  s6rc_service sv;
  int r = check_digest(&c) && read_all(&c) && check_mirror(&c) && check_order(&c) && check_implicit(&c) &&
          check_pipelines(&c);
  if (r && (!s6rc_db_service(db, S6RC_NUMBER_ONESHOT_RUNNER, &sv) || strcmp(sv.name, S6RC_ONESHOT_RUNNER) ||
            !s6rc_db_service(db, S6RC_NUMBER_FDHOLDER, &sv) || strcmp(sv.name, S6RC_FDHOLDER)))
    r = damaged(&c, "the generated services are not the first two", sv.name);
  r = r && check_resolve(&c);
  s6rc_graph_free(&c.deps);
  s6rc_graph_free(&c.rdeps);
  return r;
}
