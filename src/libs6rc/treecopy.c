/* ISC license. */

#include <skalibs/nonposix.h> /* mknodat */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>

#include <s6-rc/file.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

enum {
  COPYBUF = 65536,
  MAXDEPTH = 2048 /* as deep as the longest path that a program can name */
};

typedef struct copier_s copier;
struct copier_s {
  mode_t maskout;
  int keepowner;
  unsigned int depth;
  stralloc *where;
  stralloc link;
  char buf[COPYBUF];
};

/* Without /proc, systems that have no call for it cannot do without following
   links: then looking first is the best there is. */
int s6rc_chmodat(int dirfd, char const *name, mode_t mode)
{
  struct stat st;
  if (!fchmodat(dirfd, name, mode, AT_SYMLINK_NOFOLLOW)) return 1;
  if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL) return 0;
  if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) return 0;
  if (S_ISLNK(st.st_mode)) return (errno = ELOOP, 0);
  return !fchmodat(dirfd, name, mode, 0);
}

int s6rc_mkdirat(int dirfd, char const *name, mode_t mode)
{
  if (mkdirat(dirfd, name, mode & 0777) < 0) return 0;
  if (s6rc_chmodat(dirfd, name, mode)) return 1;
  int e = errno;
  unlinkat(dirfd, name, AT_REMOVEDIR);
  errno = e;
  return 0;
}

int s6rc_writefileat(int dirfd, char const *name, char const *s, size_t len, mode_t mode)
{
  int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) return 0;
  int ok = (!len || allwrite(fd, s, len) == len) && !fchmod(fd, mode);
  if (ok)
    ok = !close(fd);
  else
    fd_close(fd);
  if (ok) return 1;
  int e = errno;
  unlinkat(dirfd, name, 0);
  errno = e;
  return 0;
}

static int copy_content(copier *c, int from, int to)
{
  for (;;) {
    size_t r = fd_read(from, c->buf, COPYBUF);
    if (r == (size_t)-1) return 0;
    if (!r) return 1;
    if (allwrite(to, c->buf, r) < r) return 0;
  }
}

static int copy_file(copier *c, int srcfd, char const *src, int dstfd, char const *dst)
{
  struct stat st;
  int to = -1, ok = 0;
  int from = openat(srcfd, src, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (from < 0) return 0;
  if (fstat(from, &st) < 0) goto end;
  if (!S_ISREG(st.st_mode)) {
    errno = EAGAIN; /* replaced while we looked */
    goto end;
  }
  to = openat(dstfd, dst, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (to < 0 || !copy_content(c, from, to)) goto end;
  if (c->keepowner && fchown(to, st.st_uid, st.st_gid) < 0) goto end;
  ok = fchmod(to, st.st_mode & 07777 & ~c->maskout) >= 0;
end:
  fd_close(from);
  if (to >= 0 && close(to) < 0 && ok) return 0;
  return ok;
}

static int copy_link(copier *c, int srcfd, char const *src, int dstfd, char const *dst, struct stat const *st)
{
  if (!s6rc_path_readlinkat(&c->link, srcfd, src)) return 0;
  if (symlinkat(c->link.s, dstfd, dst) < 0) return 0;
  return !c->keepowner || !fchownat(dstfd, dst, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW);
}

static int copy_any(copier *, int, char const *, int, char const *);

/* Calls itself through copy_any, a level each, down to MAXDEPTH. */
static int copy_dir(copier *c, int srcfd, char const *src, int dstfd, char const *dst, struct stat const *st)
{
  DIR *dir;
  int ok = 0, to = -1, from;
  if (c->depth >= MAXDEPTH) return (errno = ENAMETOOLONG, 0);
  from = openat(srcfd, src, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (from < 0) return 0;
  dir = fdopendir(from);
  if (!dir) {
    fd_close(from);
    return 0;
  }
  c->depth++;
  if (!s6rc_mkdirat(dstfd, dst, 0700)) goto end;
  to = openat(dstfd, dst, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (to < 0) goto end;
  for (;;) {
    errno = 0;
    struct dirent *d = readdir(dir);
    if (!d) {
      if (errno) goto end;
      break;
    }
    if (s6rc_is_dots(d->d_name)) continue;
    if (!copy_any(c, from, d->d_name, to, d->d_name)) goto end;
  }
  if (c->keepowner && fchown(to, st->st_uid, st->st_gid) < 0) goto end;
  ok = fchmod(to, st->st_mode & 07777 & ~c->maskout) >= 0;
end:;
  int e = errno;
  c->depth--;
  closedir(dir);
  if (to >= 0) close(to);
  errno = e;
  return ok;
}

static int copy_node(copier const *c, int dstfd, char const *dst, struct stat const *st)
{
  if (mknodat(dstfd, dst, (st->st_mode & S_IFMT) | 0600, st->st_rdev) < 0) return 0;
  if (c->keepowner && fchownat(dstfd, dst, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0) return 0;
  return s6rc_chmodat(dstfd, dst, st->st_mode & 07777 & ~c->maskout);
}

static int copy_any(copier *c, int srcfd, char const *src, int dstfd, char const *dst)
{
  struct stat st;
  size_t len = c->where ? c->where->len : 0;
  int r;
  if (c->where && !s6rc_path_push(c->where, src)) return 0;
  if (fstatat(srcfd, src, &st, AT_SYMLINK_NOFOLLOW) < 0) return 0;
  if (S_ISREG(st.st_mode))
    r = copy_file(c, srcfd, src, dstfd, dst);
  else if (S_ISDIR(st.st_mode))
    r = copy_dir(c, srcfd, src, dstfd, dst, &st);
  else if (S_ISLNK(st.st_mode))
    r = copy_link(c, srcfd, src, dstfd, dst, &st);
  else
    r = copy_node(c, dstfd, dst, &st);
  if (r && c->where) s6rc_path_pop(c->where, len);
  return r;
}

int s6rc_treecopyat(int srcfd, char const *src, int dstfd, char const *dst, mode_t maskout, int keepowner,
                    stralloc *where)
{
  copier c; /* too large to be cleared for nothing: buf is only scratch */
  c.maskout = maskout;
  c.keepowner = keepowner && !geteuid();
  c.depth = 0;
  c.where = where;
  c.link = (stralloc)STRALLOC_ZERO;
  if (where) where->len = 0;
  int r = copy_any(&c, srcfd, src, dstfd, dst);
  stralloc_free(&c.link);
  return r;
}
