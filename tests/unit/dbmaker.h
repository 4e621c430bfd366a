/* ISC license. */

/* For unit tests: makes compiled databases byte by byte out of dbformat.h,
   without any code of src/compile. Include it after test.h.

   A description is an array of dbmaker_service by number, longruns first.
   Reverse dependencies and producers are turned around from it. What cannot
   be described is written into the image afterwards, and dbmaker_seal makes
   all hashes and digests right again. */

#ifndef S6RC_DBMAKER_H
#define S6RC_DBMAKER_H

#include <fcntl.h>

#include <skalibs/blake2s.h>
#include <skalibs/stralloc.h>

#include <s6-rc/dbformat.h>
#include <s6-rc/resolve.h>
#include <s6-rc/types.h>

/* consumer: 0 for none, since service 0 is never one. deps: S6RC_NONE ends
   them, null is none. script: words, each with its NUL, and their number. */
typedef struct dbmaker_service_s dbmaker_service;
struct dbmaker_service_s {
  char const *name;
  uint32_t flags;
  uint32_t timeout[2];
  uint32_t const *deps;
  uint32_t consumer;
  struct {
    char const *s;
    uint32_t len;
    uint32_t argc;
  } script[S6RC_NSCRIPTS];
};
#define DBMAKER_SCRIPT(words, n) \
  {                              \
    (words), sizeof(words), (n)  \
  }

typedef struct dbmaker_bundle_s dbmaker_bundle;
struct dbmaker_bundle_s {
  char const *name;
  uint32_t n;
  uint32_t const *contents;
};

/* An image: the file `db`. Numbers that the tests need to find their way. */
typedef struct dbmaker_s dbmaker;
struct dbmaker_s {
  unsigned char *s;
  size_t len;
  uint32_t nlongruns;
  uint32_t noneshots;
  size_t section[S6RC_NSECTIONS];
  size_t sectionlen[S6RC_NSECTIONS];
};

#define dbmaker_n(m)         ((m)->nlongruns + (m)->noneshots)
#define dbmaker_record(m, i) ((m)->s + (m)->section[S6RC_SECTION_SERVICES] + (size_t)(i)*S6RC_SERVICE_SIZE)
#define dbmaker_extra(m, i)                                                           \
  ((i) < (m)->nlongruns                                                               \
       ? (m)->s + (m)->section[S6RC_SECTION_LONGRUNS] + (size_t)(i)*S6RC_LONGRUN_SIZE \
       : (m)->s + (m)->section[S6RC_SECTION_ONESHOTS] + (size_t)((i) - (m)->nlongruns) * S6RC_ONESHOT_SIZE)

/* Makes the hash of service i, of the header, and the digest right. Ranges
   must be right already. */
static inline void dbmaker_seal_service(dbmaker *m, uint32_t i)
{
  unsigned char *rec = dbmaker_record(m, i);
  unsigned char const *edges = m->s + m->section[S6RC_SECTION_EDGES];
  s6rc_servicerec r;
  s6rc_servicerec_unpack(rec, &r);
  r.depshash = s6rc_hash_words(S6RC_HASH_INIT, edges + 4 * (size_t)r.deps, r.ndeps);
  r.rdepshash = s6rc_hash_words(S6RC_HASH_INIT, edges + 4 * (size_t)r.rdeps, r.nrdeps);
  s6rc_servicerec_pack(rec, &r);
  r.hash = s6rc_servicerec_hash(rec, dbmaker_extra(m, i), i >= m->nlongruns, edges,
                                m->s + m->section[S6RC_SECTION_STRINGS]);
  s6rc_servicerec_pack(rec, &r);
}

static inline void dbmaker_seal_file(dbmaker *m)
{
  blake2s_ctx ctx = BLAKE2S_INIT(S6RC_DIGEST_SIZE);
  char digest[S6RC_DIGEST_SIZE];
  memset(m->s + S6RC_HEADER_DIGEST, 0, S6RC_HEADER_END - S6RC_HEADER_DIGEST);
  blake2s_update(&ctx, (char *)m->s, m->len);
  blake2s_final(&ctx, digest);
  memcpy(m->s + S6RC_HEADER_DIGEST, digest, sizeof digest);
  s6rc_le32_put(m->s + S6RC_HEADER_HASH, s6rc_hash_bytes(S6RC_HASH_INIT, m->s, S6RC_HEADER_HASH));
}

static inline void dbmaker_seal(dbmaker *m)
{
  for (uint32_t i = 0; i < dbmaker_n(m); i++) dbmaker_seal_service(m, i);
  dbmaker_seal_file(m);
}

/* --- from a description to an image */

static inline uint32_t dbmaker_ndeps(dbmaker_service const *sv)
{
  uint32_t n = 0;
  while (sv->deps && sv->deps[n] != S6RC_NONE) n++;
  return n;
}

static inline void dbmaker_append(stralloc *sa, void const *s, size_t len)
{
  if (len && !stralloc_catb(sa, s, len)) FAIL("out of memory");
}

static inline void dbmaker_edge(stralloc *edges, uint32_t number)
{
  unsigned char b[4];
  s6rc_le32_put(b, number);
  dbmaker_append(edges, b, 4);
}

static inline uint32_t dbmaker_string(stralloc *strings, char const *s, size_t len)
{
  uint32_t at = (uint32_t)strings->len;
  dbmaker_append(strings, s, len);
  return at;
}

/* Who points to whom, turned around: the lists of i are from[first[i]] to
   from[first[i + 1] - 1]. */
typedef struct dbmaker_turned_s dbmaker_turned;
struct dbmaker_turned_s {
  uint32_t *first;
  uint32_t *from;
};

/* The k-th that service i points to; S6RC_NONE if there are not so many. */
typedef uint32_t dbmaker_to_func(dbmaker_service const *, uint32_t k);

static inline uint32_t dbmaker_to_dep(dbmaker_service const *sv, uint32_t k)
{
  return sv->deps ? sv->deps[k] : S6RC_NONE;
}

static inline uint32_t dbmaker_to_consumer(dbmaker_service const *sv, uint32_t k)
{
  return k || !sv->consumer ? S6RC_NONE : sv->consumer;
}

static inline void dbmaker_turn(dbmaker_turned *t, dbmaker_service const *sv, uint32_t n, dbmaker_to_func *to)
{
  uint32_t at;
  t->first = calloc((size_t)n + 2, sizeof(uint32_t));
  CHECK(t->first);
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t k = 0; (at = (*to)(sv + i, k)) != S6RC_NONE; k++) t->first[at + 2]++;
  for (uint32_t i = 2; i < n + 2; i++) t->first[i] += t->first[i - 1];
  t->from = malloc(((size_t)t->first[n + 1] + 1) * sizeof(uint32_t));
  CHECK(t->from);
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t k = 0; (at = (*to)(sv + i, k)) != S6RC_NONE; k++) t->from[t->first[at + 1]++] = i;
}

/* Appends list i to edges. Where it begins there, and its length. */
static inline uint32_t dbmaker_put_turned(stralloc *edges, dbmaker_turned const *t, uint32_t i, uint32_t *n)
{
  uint32_t begin = (uint32_t)(edges->len / 4);
  *n = t->first[i + 1] - t->first[i];
  for (uint32_t k = 0; k < *n; k++) dbmaker_edge(edges, t->from[t->first[i] + k]);
  return begin;
}

static inline void dbmaker_make(dbmaker *m, dbmaker_service const *sv, uint32_t nlongruns, uint32_t noneshots)
{
  uint32_t n = nlongruns + noneshots;
  stralloc part[S6RC_NSECTIONS];
  stralloc *edges = part + S6RC_SECTION_EDGES, *strings = part + S6RC_SECTION_STRINGS;
  unsigned char b[S6RC_SERVICE_SIZE];
  size_t end = S6RC_DB_HEADER_SIZE;
  dbmaker_turned rdeps, producers;
  for (unsigned int k = 0; k < S6RC_NSECTIONS; k++) part[k] = (stralloc)STRALLOC_ZERO;
  dbmaker_turn(&rdeps, sv, n, &dbmaker_to_dep);
  dbmaker_turn(&producers, sv, n, &dbmaker_to_consumer);
  for (uint32_t i = 0; i < n; i++) {
    s6rc_servicerec r = {.flags = sv[i].flags,
                         .timeout_up = sv[i].timeout[S6RC_UP],
                         .timeout_down = sv[i].timeout[S6RC_DOWN]};
    r.namelen = (uint32_t)strlen(sv[i].name);
    r.name = dbmaker_string(strings, sv[i].name, r.namelen + 1);
    r.deps = (uint32_t)(edges->len / 4);
    r.ndeps = dbmaker_ndeps(sv + i);
    for (uint32_t k = 0; k < r.ndeps; k++) dbmaker_edge(edges, sv[i].deps[k]);
    r.rdeps = dbmaker_put_turned(edges, &rdeps, i, &r.nrdeps);
    s6rc_servicerec_pack(b, &r);
    dbmaker_append(part + S6RC_SECTION_SERVICES, b, S6RC_SERVICE_SIZE);
    if (i < nlongruns) {
      s6rc_longrunrec l = {.consumer = sv[i].consumer ? sv[i].consumer : S6RC_NONE};
      l.producers = dbmaker_put_turned(edges, &producers, i, &l.nproducers);
      s6rc_longrunrec_pack(b, &l);
      dbmaker_append(part + S6RC_SECTION_LONGRUNS, b, S6RC_LONGRUN_SIZE);
    } else {
      s6rc_oneshotrec o = {.up_len = sv[i].script[S6RC_SCRIPT_UP].len,
                           .up_argc = sv[i].script[S6RC_SCRIPT_UP].argc,
                           .down_len = sv[i].script[S6RC_SCRIPT_DOWN].len,
                           .down_argc = sv[i].script[S6RC_SCRIPT_DOWN].argc,
                           .reload_len = sv[i].script[S6RC_SCRIPT_RELOAD].len,
                           .reload_argc = sv[i].script[S6RC_SCRIPT_RELOAD].argc};
      o.up = dbmaker_string(strings, sv[i].script[S6RC_SCRIPT_UP].s, o.up_len);
      o.down = dbmaker_string(strings, sv[i].script[S6RC_SCRIPT_DOWN].s, o.down_len);
      o.reload = dbmaker_string(strings, sv[i].script[S6RC_SCRIPT_RELOAD].s, o.reload_len);
      s6rc_oneshotrec_pack(b, &o);
      dbmaker_append(part + S6RC_SECTION_ONESHOTS, b, S6RC_ONESHOT_SIZE);
    }
  }
  free(rdeps.first);
  free(rdeps.from);
  free(producers.first);
  free(producers.from);

  *m = (dbmaker){.nlongruns = nlongruns, .noneshots = noneshots};
  for (unsigned int k = 0; k < S6RC_NSECTIONS; k++) {
    m->section[k] = (end + S6RC_DB_ALIGN - 1) / S6RC_DB_ALIGN * S6RC_DB_ALIGN;
    m->sectionlen[k] = part[k].len;
    end = m->section[k] + part[k].len;
  }
  m->len = end;
  m->s = calloc(end, 1);
  CHECK(m->s);
  memcpy(m->s + S6RC_HEADER_MAGIC, S6RC_DB_MAGIC, S6RC_DB_MAGIC_SIZE);
  s6rc_le32_put(m->s + S6RC_HEADER_VERSION, S6RC_DB_VERSION);
  s6rc_le32_put(m->s + S6RC_HEADER_HEADERSIZE, S6RC_DB_HEADER_SIZE);
  s6rc_le64_put(m->s + S6RC_HEADER_FILESIZE, end);
  s6rc_le32_put(m->s + S6RC_HEADER_NLONGRUNS, nlongruns);
  s6rc_le32_put(m->s + S6RC_HEADER_NONESHOTS, noneshots);
  for (unsigned int k = 0; k < S6RC_NSECTIONS; k++) {
    s6rc_le64_put(m->s + S6RC_HEADER_SECTIONS + 16 * k, m->section[k]);
    s6rc_le64_put(m->s + S6RC_HEADER_SECTIONS + 16 * k + 8, part[k].len);
    if (part[k].len) memcpy(m->s + m->section[k], part[k].s, part[k].len);
    stralloc_free(part + k);
  }
  dbmaker_seal(m);
}

static inline void dbmaker_free(dbmaker *m)
{
  free(m->s);
  m->s = 0;
}

/* --- from an image to a directory */

static inline void dbmaker_put_file(char const *dir, char const *name, void const *s, size_t len)
{
  char path[256];
  int fd;
  snprintf(path, sizeof path, "%s/%s", dir, name);
  fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || (len && write(fd, s, len) != (ssize_t)len) || close(fd) < 0) FAIL(path);
}

/* resolve.cdb for the services of sv and n bundles, which must be in order. */
static inline void dbmaker_put_resolve(char const *dir, dbmaker const *m, dbmaker_service const *sv,
                                       dbmaker_bundle const *bundles, uint32_t n)
{
  s6rc_resolvemaker r;
  char path[256];
  int fd;
  snprintf(path, sizeof path, "%s/%s", dir, S6RC_RESOLVE_FILE);
  fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
  CHECK(fd >= 0);
  CHECK(s6rc_resolve_start(&r, fd));
  for (uint32_t i = 0; i < dbmaker_n(m); i++)
    CHECK(s6rc_resolve_add(&r, i < m->nlongruns ? S6RC_LONGRUN : S6RC_ONESHOT, sv[i].name, strlen(sv[i].name),
                           &i, 1));
  for (uint32_t i = 0; i < n; i++)
    CHECK(s6rc_resolve_add(&r, S6RC_BUNDLE, bundles[i].name, strlen(bundles[i].name), bundles[i].contents,
                           bundles[i].n));
  CHECK(s6rc_resolve_finish(&r, m->s + S6RC_HEADER_DIGEST));
  CHECK(!close(fd));
}

/* Everything, in directory dir, which is made. */
static inline void dbmaker_put(char const *dir, dbmaker const *m, dbmaker_service const *sv,
                               dbmaker_bundle const *bundles, uint32_t n)
{
  char path[256];
  if (mkdir(dir, 0755) < 0 && errno != EEXIST) FAIL(dir);
  snprintf(path, sizeof path, "%s/%s", dir, S6RC_SERVICEDIRS);
  if (mkdir(path, 0755) < 0 && errno != EEXIST) FAIL(path);
  dbmaker_put_file(dir, S6RC_LOCK_FILE, "", 0);
  dbmaker_put_file(dir, S6RC_DB_FILE, m->s, m->len);
  dbmaker_put_resolve(dir, m, sv, bundles, n);
}

#endif
