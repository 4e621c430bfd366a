/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/blake2s.h>

#include <s6-rc/dbformat.h>

#include "write.h"

/* What is filled as the records are made: places in the sections edges and
   strings. */
typedef struct image_s image;
struct image_s {
  compiled const *c;
  unsigned char *s;
  unsigned char *section[S6RC_NSECTIONS];
  uint64_t size[S6RC_NSECTIONS];
  uint32_t edge;
  uint32_t string;
};

static uint64_t align(uint64_t n)
{
  return (n + S6RC_DB_ALIGN - 1) / S6RC_DB_ALIGN * S6RC_DB_ALIGN;
}

static int measure(image *m, uint64_t *total)
{
  compiled const *c = m->c;
  uint32_t n = compiled_n(c);
  uint64_t edges = (uint64_t)c->deps.first[n] + c->rdeps.first[n] + c->producers.first[c->nlongruns];
  uint64_t strings = 0;
  for (uint32_t i = 0; i < n; i++) {
    source_service const *sv = compiled_service(c, i);
    strings += (uint64_t)compiled_namelen(c, i) + 1;
    for (unsigned int k = 0; i >= c->nlongruns && k < S6RC_NSCRIPTS; k++) strings += sv->script[k].len;
  }
  if (edges > UINT32_MAX || strings > UINT32_MAX) return (errno = EOVERFLOW, 0);
  m->size[S6RC_SECTION_SERVICES] = (uint64_t)n * S6RC_SERVICE_SIZE;
  m->size[S6RC_SECTION_LONGRUNS] = (uint64_t)c->nlongruns * S6RC_LONGRUN_SIZE;
  m->size[S6RC_SECTION_ONESHOTS] = (uint64_t)c->noneshots * S6RC_ONESHOT_SIZE;
  m->size[S6RC_SECTION_EDGES] = 4 * edges;
  m->size[S6RC_SECTION_STRINGS] = strings;
  *total = S6RC_DB_HEADER_SIZE;
  for (unsigned int i = 0; i < S6RC_NSECTIONS; i++) *total = align(*total) + m->size[i];
  if (*total > SIZE_MAX) return (errno = EOVERFLOW, 0);
  return 1;
}

static void put_header(image *m, uint64_t total)
{
  uint64_t offset = S6RC_DB_HEADER_SIZE;
  memcpy(m->s + S6RC_HEADER_MAGIC, S6RC_DB_MAGIC, S6RC_DB_MAGIC_SIZE);
  s6rc_le32_put(m->s + S6RC_HEADER_VERSION, S6RC_DB_VERSION);
  s6rc_le32_put(m->s + S6RC_HEADER_HEADERSIZE, S6RC_DB_HEADER_SIZE);
  s6rc_le64_put(m->s + S6RC_HEADER_FILESIZE, total);
  s6rc_le32_put(m->s + S6RC_HEADER_NLONGRUNS, m->c->nlongruns);
  s6rc_le32_put(m->s + S6RC_HEADER_NONESHOTS, m->c->noneshots);
  for (unsigned int i = 0; i < S6RC_NSECTIONS; i++) {
    offset = align(offset);
    m->section[i] = m->s + offset;
    s6rc_le64_put(m->s + S6RC_HEADER_SECTIONS + 16 * i, offset);
    s6rc_le64_put(m->s + S6RC_HEADER_SECTIONS + 16 * i + 8, m->size[i]);
    offset += m->size[i];
  }
}

static uint32_t put_string(image *m, char const *s, uint32_t len)
{
  uint32_t at = m->string;
  if (len) memcpy(m->section[S6RC_SECTION_STRINGS] + at, s, len);
  m->string += len;
  return at;
}

/* The edges of a node; their number goes to *n. */
static uint32_t put_edges(image *m, s6rc_graph const *g, uint32_t node, uint32_t *n)
{
  uint32_t at = m->edge;
  for (uint32_t e = g->first[node]; e < g->first[node + 1]; e++)
    s6rc_le32_put(m->section[S6RC_SECTION_EDGES] + 4 * (size_t)m->edge++, g->to[e]);
  *n = m->edge - at;
  return at;
}

static uint32_t hash_edges(image const *m, uint32_t first, uint32_t n)
{
  return s6rc_hash_words(S6RC_HASH_INIT, m->section[S6RC_SECTION_EDGES] + 4 * (size_t)first, n);
}

static void put_longrun(image *m, uint32_t number, unsigned char *extra)
{
  s6rc_longrunrec r = {.consumer = m->c->consumer[number]};
  r.producers = put_edges(m, &m->c->producers, number, &r.nproducers);
  s6rc_longrunrec_pack(extra, &r);
}

static void put_oneshot(image *m, uint32_t number, unsigned char *extra)
{
  char const *text = m->c->src->text.s;
  source_script const *x = compiled_service(m->c, number)->script;
  source_script const *up = x + S6RC_SCRIPT_UP, *down = x + S6RC_SCRIPT_DOWN,
                      *reload = x + S6RC_SCRIPT_RELOAD;
  s6rc_oneshotrec r = {.up_len = up->len,
                       .up_argc = up->argc,
                       .down_len = down->len,
                       .down_argc = down->argc,
                       .reload_len = reload->len,
                       .reload_argc = reload->argc};
  r.up = put_string(m, text + up->start, up->len);
  r.down = put_string(m, text + down->start, down->len);
  r.reload = put_string(m, text + reload->start, reload->len);
  s6rc_oneshotrec_pack(extra, &r);
}

static void put_service(image *m, uint32_t number)
{
  compiled const *c = m->c;
  source_service const *sv = compiled_service(c, number);
  int isoneshot = number >= c->nlongruns;
  unsigned char *rec = m->section[S6RC_SECTION_SERVICES] + (size_t)number * S6RC_SERVICE_SIZE;
  unsigned char *extra =
      isoneshot ? m->section[S6RC_SECTION_ONESHOTS] + (size_t)(number - c->nlongruns) * S6RC_ONESHOT_SIZE
                : m->section[S6RC_SECTION_LONGRUNS] + (size_t)number * S6RC_LONGRUN_SIZE;
  s6rc_servicerec r = {.namelen = compiled_namelen(c, number),
                       .flags = c->flags[number],
                       .timeout_up = sv ? sv->timeout[S6RC_UP] : 0,
                       .timeout_down = sv ? sv->timeout[S6RC_DOWN] : 0};
  r.name = put_string(m, compiled_name(c, number), r.namelen + 1);
  r.deps = put_edges(m, &c->deps, number, &r.ndeps);
  r.depshash = hash_edges(m, r.deps, r.ndeps);
  r.rdeps = put_edges(m, &c->rdeps, number, &r.nrdeps);
  r.rdepshash = hash_edges(m, r.rdeps, r.nrdeps);
  (isoneshot ? &put_oneshot : &put_longrun)(m, number, extra);
  s6rc_servicerec_pack(rec, &r);
  r.hash = s6rc_servicerec_hash(rec, extra, isoneshot, m->section[S6RC_SECTION_EDGES],
                                m->section[S6RC_SECTION_STRINGS]);
  s6rc_servicerec_pack(rec, &r);
}

int compile_make_image(compiled const *c, compile_image *result)
{
  image m = {.c = c};
  uint64_t total;
  blake2s_ctx ctx;
  if (!measure(&m, &total)) return 0;
  m.s = calloc(1, (size_t)total);
  if (!m.s) return 0;
  put_header(&m, total);
  for (uint32_t i = 0; i < compiled_n(c); i++) put_service(&m, i);
  blake2s_init(&ctx, S6RC_DIGEST_SIZE);
  blake2s_update(&ctx, (char const *)m.s, (size_t)total);
  blake2s_final(&ctx, (char *)m.s + S6RC_HEADER_DIGEST);
  s6rc_le32_put(m.s + S6RC_HEADER_HASH, s6rc_hash_bytes(S6RC_HASH_INIT, m.s, S6RC_HEADER_HASH));
  *result = (compile_image){.s = m.s, .len = (size_t)total};
  return 1;
}
