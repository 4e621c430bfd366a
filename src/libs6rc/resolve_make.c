/* ISC license. */

#include <errno.h>
#include <sys/resource.h>

#include <skalibs/blake2s.h>
#include <skalibs/cdbmake.h>
#include <skalibs/stralloc.h>

#include <s6-rc/dbformat.h>
#include <s6-rc/resolve.h>

static void put32(stralloc *sa, uint32_t u)
{
  s6rc_le32_put((unsigned char *)sa->s + sa->len, u);
  sa->len += 4;
}

int s6rc_resolve_start(s6rc_resolvemaker *m, int fd)
{
  m->cdb = (cdbmaker)CDBMAKER_ZERO;
  m->data = (stralloc)STRALLOC_ZERO;
  blake2s_init(&m->digest, S6RC_DIGEST_SIZE);
  return cdbmake_start(&m->cdb, fd);
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
  for (uint32_t i = 0; i < n; i++) put32(&m->data, numbers[i]);
  h = s6rc_hash_bytes(h, &kind, 1);
  h = s6rc_hash_words(h, (unsigned char *)m->data.s + 5, n);
  s6rc_le32_put((unsigned char *)m->data.s + 1, h);
  s6rc_le32_put(lens, (uint32_t)len);
  s6rc_le32_put(lens + 4, (uint32_t)m->data.len);
  blake2s_update(&m->digest, (char *)lens, sizeof lens);
  blake2s_update(&m->digest, name, len);
  blake2s_update(&m->digest, m->data.s, m->data.len);
  return cdbmake_add(&m->cdb, name, (uint32_t)len, m->data.s, (uint32_t)m->data.len);
}

/* cdbmake_finish has its tables on the stack: 8 bytes a name, and a share of
   that again. A million names would exhaust what is usual; so it gets as much
   as it needs while it works. */
enum { STACK_PER_NAME = 16, STACK_BESIDE = 1 << 20 };

static int finish_cdb(cdbmaker *cdb)
{
  size_t n = genalloc_len(diuint32, &cdb->hplist);
  struct rlimit before, now;
  int r;
  if (getrlimit(RLIMIT_STACK, &before) < 0) return 0;
  if (n > (SIZE_MAX - STACK_BESIDE) / STACK_PER_NAME) return (errno = EOVERFLOW, 0);
  now = before;
  now.rlim_cur = (rlim_t)n * STACK_PER_NAME + STACK_BESIDE;
  if (before.rlim_cur == RLIM_INFINITY || before.rlim_cur >= now.rlim_cur) return cdbmake_finish(cdb);
  if (setrlimit(RLIMIT_STACK, &now) < 0) return (errno = ENOMEM, 0);
  r = cdbmake_finish(cdb);
  int e = errno;
  setrlimit(RLIMIT_STACK, &before);
  errno = e;
  return r;
}

int s6rc_resolve_finish(s6rc_resolvemaker *m, unsigned char const *dbdigest)
{
  char digest[S6RC_DIGEST_SIZE];
  int r;
  m->data.len = 0;
  blake2s_final(&m->digest, digest);
  r = stralloc_catb(&m->data, (char const *)dbdigest, S6RC_DIGEST_SIZE) &&
      stralloc_catb(&m->data, digest, sizeof digest) &&
      cdbmake_add(&m->cdb, "", 0, m->data.s, (uint32_t)m->data.len) && finish_cdb(&m->cdb);
  stralloc_free(&m->data);
  return r;
}

void s6rc_resolve_abort(s6rc_resolvemaker *m)
{
  stralloc_free(&m->data);
  genalloc_free(diuint32, &m->cdb.hplist);
}
