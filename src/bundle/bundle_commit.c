/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>

#include <s6-rc/file.h>
#include <s6-rc/resolve.h>
#include <s6-rc/servicedir.h>

#include "bundle.h"

#define RESOLVE_NEW S6RC_RESOLVE_FILE ".new"

/* Atomic services stay where they are, first and by number; bundles follow in
   byte order of their names; what has been deleted comes last. */
static int in_order(void const *a, void const *b)
{
  bundle_entry const *x = a, *y = b;
  int r;
  if (x->deleted || y->deleted) return x->deleted - y->deleted;
  if ((x->type == S6RC_BUNDLE) != (y->type == S6RC_BUNDLE)) return x->type == S6RC_BUNDLE ? 1 : -1;
  if (x->type != S6RC_BUNDLE) {
    uint32_t m = s6rc_list_get(&x->contents, 0), n = s6rc_list_get(&y->contents, 0);
    return m < n ? -1 : m > n;
  }
  r = memcmp(x->name, y->name, x->len < y->len ? x->len : y->len);
  return r ? r : x->len < y->len ? -1 : x->len > y->len;
}

static int write_entry(bundle_change *c, s6rc_resolvemaker *m, bundle_entry const *e)
{
  genalloc numbers = GENALLOC_ZERO;
  int ok = 1;
  if (e->added)
    return s6rc_resolve_add(m, e->type, e->name, e->len, genalloc_s(uint32_t, &c->numbers) + e->first, e->n);
  for (uint32_t i = 0; ok && i < e->contents.n; i++) {
    uint32_t number = s6rc_list_get(&e->contents, i);
    ok = genalloc_append(uint32_t, &numbers, &number);
  }
  ok = ok && s6rc_resolve_add(m, e->type, e->name, e->len, genalloc_s(uint32_t, &numbers), e->contents.n);
  genalloc_free(uint32_t, &numbers);
  return ok;
}

static int write_all(bundle_change *c, int fd)
{
  s6rc_resolvemaker m;
  bundle_entry const *e = genalloc_s(bundle_entry, &c->entries);
  size_t n = genalloc_len(bundle_entry, &c->entries);
  if (!s6rc_resolve_start(&m, fd)) return 0;
  for (size_t i = 0; i < n && !e[i].deleted; i++)
    if (!write_entry(c, &m, e + i)) {
      s6rc_resolve_abort(&m);
      return 0;
    }
  return s6rc_resolve_finish(&m, s6rc_db_digest(c->db));
}

/* The new file belongs to whom the old one did. */
static int keep_owner(int dirfd, int fd)
{
  struct stat st;
  if (geteuid()) return 1;
  return !fstatat(dirfd, S6RC_RESOLVE_FILE, &st, 0) && !fchown(fd, st.st_uid, st.st_gid);
}

int bundle_commit(bundle_change *c)
{
  int dirfd = c->db->fd, fd, ok, e;
  qsort(genalloc_s(bundle_entry, &c->entries), genalloc_len(bundle_entry, &c->entries), sizeof(bundle_entry),
        &in_order);
  /* left by a run that was killed: we hold the lock */
  if (unlinkat(dirfd, RESOLVE_NEW, 0) < 0 && errno != ENOENT) return 0;
  fd = openat(dirfd, RESOLVE_NEW, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S6RC_MODE_FILE);
  if (fd < 0) return 0;
  ok = write_all(c, fd) && fchmod(fd, S6RC_MODE_FILE) >= 0 && keep_owner(dirfd, fd) && fsync(fd) >= 0 &&
       renameat(dirfd, RESOLVE_NEW, dirfd, S6RC_RESOLVE_FILE) >= 0;
  e = errno;
  close(fd);
  if (!ok) unlinkat(dirfd, RESOLVE_NEW, 0);
  errno = e;
  if (!ok) return 0;
  return s6rc_sync_directory(dirfd) ? 1 : -1;
}
