/* ISC license. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/random.h>

#include <s6-rc/dbformat.h>
#include <s6-rc/file.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/trust.h>

#include "write.h"

/* DEST:s6-rc-compile:XXXXXX */
static char const suffix[] = ":s6-rc-compile:";
enum { RANDOM = 6, ATTEMPTS = 100 };

/* Opens the directory that dest is in, and splits its own name off. */
static int open_parent(char const *dest, stralloc *name)
{
  size_t len = strlen(dest), start;
  stralloc dir = STRALLOC_ZERO;
  int fd;
  while (len > 1 && dest[len - 1] == '/') len--;
  for (start = len; start && dest[start - 1] != '/'; start--)
    ;
  if (start == len) return (errno = len ? EEXIST : ENOENT, -1);
  if (!stralloc_copyb(name, dest + start, len - start) || !stralloc_0(name) ||
      !stralloc_copyb(&dir, dest, start) || !stralloc_cats(&dir, ".") || !stralloc_0(&dir)) {
    stralloc_free(&dir);
    return -1;
  }
  fd = open(dir.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int e = errno;
  stralloc_free(&dir);
  errno = e;
  return fd;
}

/* Whoever finds a staging directory takes its lock before removing it, and
   makes the lock if there is none. So if the lock could not be made, or not
   be taken, or is no longer the one in the directory, somebody has come
   between: 0, take another name. -1 and errno: no way, it is removed. */
static int take(compile_staging *s)
{
  struct stat st;
  int e = 0;
  s->lock = -1;
  s->fd = openat(s->parent, s->name.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (s->fd >= 0 && !s6rc_trusts_fd(s->fd))
    errno = EEXIST; /* somebody has put one of his own in the place of ours */
  else if (s->fd >= 0)
    s->lock = openat(s->fd, S6RC_LOCK_FILE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S6RC_MODE_FILE);
  if (s->lock < 0) {
    if (errno != ENOENT && errno != EEXIST) e = errno;
  } else {
    /* on a file system without locks nobody else has one either: only 0 says
       that another process holds it */
    int mine = fd_lock(s->lock, 1, 1);
    if (mine && fstat(s->lock, &st) < 0)
      e = errno;
    else if (mine && st.st_nlink)
      return 1;
    fd_close(s->lock);
  }
  if (s->fd >= 0) fd_close(s->fd);
  if (!e) return 0;
  s6rc_treeremoveat(s->parent, s->name.s);
  errno = e;
  return -1;
}

int compile_staging_start(compile_staging *s, char const *dest)
{
  *s = (compile_staging){.parent = -1, .fd = -1, .lock = -1};
  s->parent = open_parent(dest, &s->dest);
  if (s->parent < 0) goto err;
  for (int i = 0; i < ATTEMPTS; i++) {
    int r;
    if (!stralloc_copyb(&s->name, s->dest.s, s->dest.len - 1) ||
        !stralloc_catb(&s->name, suffix, sizeof suffix - 1) || !stralloc_readyplus(&s->name, RANDOM + 1))
      goto err;
    random_name(s->name.s + s->name.len, RANDOM);
    s->name.len += RANDOM;
    s->name.s[s->name.len] = 0;
    if (mkdirat(s->parent, s->name.s, 0700) < 0) {
      if (errno == EEXIST) continue;
      goto err;
    }
    r = take(s);
    if (r > 0) return 1;
    if (r < 0) goto err;
  }
  errno = EEXIST;
err:;
  int e = errno;
  if (s->parent >= 0) close(s->parent);
  stralloc_free(&s->name);
  stralloc_free(&s->dest);
  errno = e;
  return 0;
}

static void forget(compile_staging *s)
{
  int e = errno;
  close(s->lock);
  close(s->fd);
  close(s->parent);
  stralloc_free(&s->name);
  stralloc_free(&s->dest);
  errno = e;
}

void compile_staging_abort(compile_staging *s)
{
  int e = errno;
  s6rc_treeremoveat(s->parent, s->name.s);
  errno = e;
  forget(s);
}

int compile_staging_sync(compile_staging *s)
{
  return !fchmod(s->fd, S6RC_MODE_DIR) && s6rc_sync_files(s->fd);
}

int compile_staging_commit(compile_staging *s)
{
  if (!s6rc_rename_new(s->parent, s->name.s, s->dest.s)) return 0;
  int r = s6rc_sync_directory(s->parent) ? 1 : -1;
  forget(s);
  return r;
}

static int is_staging(char const *name, stralloc const *dest)
{
  size_t len = dest->len - 1;
  return strlen(name) == len + sizeof suffix - 1 + RANDOM && !memcmp(name, dest->s, len) &&
         !memcmp(name + len, suffix, sizeof suffix - 1);
}

/* Takes the lock as take() does; only what is our own is touched. */
static int sweep(int parent, char const *name)
{
  struct stat st;
  int fd, lock, r = 0;
  fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return 0;
  if (!fstat(fd, &st) && st.st_uid == geteuid()) {
    lock = openat(fd, S6RC_LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, S6RC_MODE_FILE);
    if (lock >= 0) {
      r = fd_lock(lock, 1, 1) > 0 && s6rc_treeremoveat(parent, name);
      close(lock);
    }
  }
  close(fd);
  return r;
}

unsigned int compile_sweep(char const *dest)
{
  stralloc name = STRALLOC_ZERO;
  unsigned int n = 0;
  int fd = open_parent(dest, &name);
  DIR *dir = fd < 0 ? 0 : fdopendir(fd);
  struct dirent const *d;
  while (dir && (d = readdir(dir)))
    if (is_staging(d->d_name, &name)) n += (unsigned int)sweep(fd, d->d_name);
  if (dir)
    closedir(dir);
  else if (fd >= 0)
    close(fd);
  stralloc_free(&name);
  return n;
}
