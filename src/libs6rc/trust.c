/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>

#include <s6-rc/path.h>
#include <s6-rc/trust.h>

int s6rc_trusts(struct stat const *dir, struct stat const *st)
{
  return !(dir->st_mode & (S_ISVTX | S_IWOTH)) || !st->st_uid || st->st_uid == geteuid() ||
         st->st_uid == dir->st_uid;
}

/* The directory that path is in, as it is spelled. */
static int stat_parent(char const *path, size_t len, struct stat *st)
{
  stralloc dir = STRALLOC_ZERO;
  int r;
  while (len && path[len - 1] != '/') len--;
  r = !s6rc_path_set(&dir, "") || (len && !s6rc_path_pushb(&dir, path, len)) || !s6rc_path_push(&dir, ".")
          ? -1
          : stat(dir.s, st);
  int e = errno;
  stralloc_free(&dir);
  errno = e;
  return r;
}

int s6rc_trusts_path(char const *path)
{
  struct stat dir, st;
  stralloc name = STRALLOC_ZERO;
  size_t len = strlen(path);
  int r = -1;
  /* with a slash behind it, a link would be followed */
  while (len > 1 && path[len - 1] == '/') len--;
  if (s6rc_path_set(&name, "") && s6rc_path_pushb(&name, path, len) && lstat(name.s, &st) >= 0 &&
      stat_parent(path, len, &dir) >= 0)
    r = s6rc_trusts(&dir, &st);
  int e = errno;
  stralloc_free(&name);
  errno = e;
  return r;
}

int s6rc_trusts_fd(int fd)
{
  struct stat dir, st;
  if (fstat(fd, &st) < 0 || fstatat(fd, "..", &dir, 0) < 0) return -1;
  return s6rc_trusts(&dir, &st);
}

/* Who could make a link lead elsewhere is not trusted where it matters, so the
   link that is opened is the one that was looked at. */
int s6rc_open_trusted(char const *path)
{
  for (;;) {
    int fd, r = s6rc_trusts_path(path);
    if (!r) errno = EPERM;
    if (r <= 0) return -1;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    r = s6rc_trusts_fd(fd);
    if (r > 0) return fd;
    if (!r) errno = EPERM;
    fd_close(fd);
    /* removed just now: the link leads elsewhere, or opening will fail */
    if (r < 0 && errno == ENOENT) continue;
    return -1;
  }
}
