/* ISC license. */

#include <errno.h>
#include <fcntl.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include <s6-rc/path.h>
#include <s6-rc/supervisor.h>

/* Opens a file of s6-supervise. A descriptor; -1 and errno. */
static int open_file(int dirfd, char const *dir, char const *file, stralloc *path)
{
  path->len = 0;
  if (!s6rc_path_push(path, dir) || !s6rc_path_push(path, S6_SUPERVISE_CTLDIR) || !s6rc_path_push(path, file))
    return -1;
  return openat(dirfd, path->s, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

int s6rc_supervisor_status(int dirfd, char const *dir, s6_svstatus_t *status, stralloc *path)
{
  char buf[S6_SVSTATUS_SIZE];
  size_t r;
  int fd = open_file(dirfd, dir, "status", path);
  if (fd < 0) return errno == ENOENT ? 0 : -1;
  r = fd_read(fd, buf, sizeof buf);
  fd_close(fd);
  if (r == (size_t)-1) return -1;
  if (r < sizeof buf) return (errno = EPROTO, -1);
  s6_svstatus_unpack(buf, status);
  return 1;
}

/* It holds its lock as long as it lives. */
int s6rc_supervisor_runs(int dirfd, char const *dir, stralloc *path)
{
  int r, fd = open_file(dirfd, dir, "lock", path);
  if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
  r = fd_islocked(fd);
  fd_close(fd);
  return r;
}
