/* ISC license. */

/* Writing a cdb, and what is particular to ours. skalibs can write one too;
   it wants the hash tables on the stack, which a million names exhaust. */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/blake2s.h>
#include <skalibs/buffer.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include <s6-rc/dbformat.h>
#include <s6-rc/resolve.h>

/* A cdb begins with the places and sizes of its hash tables, then come the
   records, each with the lengths of key and data before it, then the tables:
   of hashes and places of records. The low bits of a hash say which table,
   the others where in it the search begins. All numbers are 32-bit
   little-endian. */
enum { NTABLES = 256, PAIR_SIZE = 8, HEADER_SIZE = NTABLES * PAIR_SIZE };

typedef struct record_s record;
struct record_s {
  uint32_t hash;
  uint32_t at;
};

static uint32_t cdb_hash_of(char const *key, size_t len)
{
  uint32_t h = 5381;
  for (size_t i = 0; i < len; i++) h = (h * 33) ^ (unsigned char)key[i];
  return h;
}

static void put_pair(unsigned char *s, uint32_t a, uint32_t b)
{
  s6rc_le32_put(s, a);
  s6rc_le32_put(s + 4, b);
}

static int write_bytes(s6rc_resolvemaker *m, char const *s, size_t len)
{
  if (len > UINT32_MAX - m->size) return (errno = EOVERFLOW, 0);
  m->size += (uint32_t)len;
  return !len || buffer_put(&m->out, s, len) >= 0;
}

static int write_pair(s6rc_resolvemaker *m, uint32_t a, uint32_t b)
{
  unsigned char pair[PAIR_SIZE];
  put_pair(pair, a, b);
  return write_bytes(m, (char *)pair, sizeof pair);
}

static int write_record(s6rc_resolvemaker *m, char const *key, uint32_t len)
{
  record r = {.hash = cdb_hash_of(key, len), .at = m->size};
  return genalloc_append(record, &m->records, &r) && write_pair(m, len, (uint32_t)m->data.len) &&
         write_bytes(m, key, len) && write_bytes(m, m->data.s, m->data.len);
}

int s6rc_resolve_start(s6rc_resolvemaker *m, int fd)
{
  m->records = (genalloc)GENALLOC_ZERO;
  m->size = HEADER_SIZE;
  m->data = (stralloc)STRALLOC_ZERO;
  blake2s_init(&m->digest, S6RC_DIGEST_SIZE);
  buffer_init(&m->out, &buffer_write, fd, m->buf, sizeof m->buf);
  return lseek(fd, HEADER_SIZE, SEEK_SET) >= 0;
}

int s6rc_resolve_add(s6rc_resolvemaker *m, s6rc_type type, char const *name, size_t len,
                     uint32_t const *numbers, uint32_t n)
{
  unsigned char lens[8];
  char kind = S6RC_KINDS[type];
  uint32_t h = s6rc_hash_bytes(S6RC_HASH_INIT, name, len);
  if (len > UINT32_MAX || n > UINT32_MAX / 4 - 2) return (errno = EOVERFLOW, 0);
  m->data.len = 0;
  if (!stralloc_ready(&m->data, 5 + 4 * (size_t)n)) return 0;
  m->data.s[0] = kind;
  m->data.len = 5;
  for (uint32_t i = 0; i < n; i++) {
    s6rc_le32_put((unsigned char *)m->data.s + m->data.len, numbers[i]);
    m->data.len += 4;
  }
  h = s6rc_hash_bytes(h, &kind, 1);
  h = s6rc_hash_words(h, (unsigned char *)m->data.s + 5, n);
  s6rc_le32_put((unsigned char *)m->data.s + 1, h);
  put_pair(lens, (uint32_t)len, (uint32_t)m->data.len);
  blake2s_update(&m->digest, (char *)lens, sizeof lens);
  blake2s_update(&m->digest, name, len);
  blake2s_update(&m->digest, m->data.s, m->data.len);
  return write_record(m, name, (uint32_t)len);
}

/* One table: n records, at places `slots` of them. slots: 2 * n, free ones
   have place 0. */
static int write_table(s6rc_resolvemaker *m, record const *r, uint32_t n, record *slots)
{
  uint32_t size = 2 * n;
  for (uint32_t i = 0; i < size; i++) slots[i] = (record){0, 0};
  for (uint32_t i = 0; i < n; i++) {
    uint32_t k = r[i].hash / NTABLES % size;
    while (slots[k].at) k = k + 1 < size ? k + 1 : 0;
    slots[k] = r[i];
  }
  for (uint32_t i = 0; i < size; i++)
    if (!write_pair(m, slots[i].hash, slots[i].at)) return 0;
  return 1;
}

/* The records by table, in each in the order in which they were added. first:
   NTABLES + 1, where each table's begin. */
static void sort_records(record const *r, uint32_t n, record *sorted, uint32_t *first)
{
  uint32_t next[NTABLES];
  for (uint32_t i = 0; i <= NTABLES; i++) first[i] = 0;
  for (uint32_t i = 0; i < n; i++) first[r[i].hash % NTABLES + 1]++;
  for (uint32_t i = 0; i < NTABLES; i++) next[i] = first[i + 1] += first[i];
  for (uint32_t i = n; i--;) sorted[--next[r[i].hash % NTABLES]] = r[i];
}

static int write_tables(s6rc_resolvemaker *m)
{
  uint32_t n = (uint32_t)genalloc_len(record, &m->records), first[NTABLES + 1], most = 0;
  unsigned char header[HEADER_SIZE];
  record *sorted = malloc(((size_t)n + 1) * sizeof *sorted), *slots = 0;
  int ok = !!sorted;
  if (ok) sort_records(genalloc_s(record, &m->records), n, sorted, first);
  for (uint32_t i = 0; ok && i < NTABLES; i++)
    if (first[i + 1] - first[i] > most) most = first[i + 1] - first[i];
  if (ok) slots = malloc((2 * (size_t)most + 1) * sizeof *slots);
  ok = !!slots;
  for (uint32_t i = 0; ok && i < NTABLES; i++) {
    uint32_t count = first[i + 1] - first[i];
    put_pair(header + PAIR_SIZE * i, m->size, 2 * count);
    ok = !count || write_table(m, sorted + first[i], count, slots);
  }
  ok = ok && buffer_flush(&m->out) && lseek(m->out.fd, 0, SEEK_SET) >= 0 &&
       allwrite(m->out.fd, (char *)header, sizeof header) == sizeof header;
  int e = errno;
  free(sorted);
  free(slots);
  errno = e;
  return ok;
}

int s6rc_resolve_finish(s6rc_resolvemaker *m, unsigned char const *dbdigest)
{
  char digest[S6RC_DIGEST_SIZE];
  int r;
  m->data.len = 0;
  blake2s_final(&m->digest, digest);
  r = stralloc_catb(&m->data, (char const *)dbdigest, S6RC_DIGEST_SIZE) &&
      stralloc_catb(&m->data, digest, sizeof digest) && write_record(m, "", 0) && write_tables(m);
  int e = errno;
  s6rc_resolve_abort(m);
  errno = e;
  return r;
}

void s6rc_resolve_abort(s6rc_resolvemaker *m)
{
  stralloc_free(&m->data);
  genalloc_free(record, &m->records);
}
