/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include <s6-rc/lock.h>

static int open_lock(int dirfd, char const *name, s6rc_lockmode mode)
{
  return openat(dirfd, name,
                (mode == S6RC_LOCK_EXCLUSIVE ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

int s6rc_lockat(int dirfd, char const *name, s6rc_lockmode mode, int block)
{
  int r, fd = open_lock(dirfd, name, mode);
  if (fd < 0) return -1;
  r = fd_lock(fd, mode == S6RC_LOCK_EXCLUSIVE, !block);
  if (r > 0) return fd;
  fd_close(fd);
  if (!r) errno = EBUSY;
  return -1;
}

pid_t s6rc_lock_holder(int dirfd, char const *name, s6rc_lockmode mode)
{
  struct flock fl = {.l_type = mode == S6RC_LOCK_EXCLUSIVE ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
  int fd = open_lock(dirfd, name, mode);
  if (fd < 0) return 0;
  if (fcntl(fd, F_GETLK, &fl) < 0 || fl.l_type == F_UNLCK) fl.l_pid = 0;
  fd_close(fd);
  return fl.l_pid;
}

int s6rc_db_lock(s6rc_db const *db, int block)
{
  int fd = s6rc_lockat(db->fd, S6RC_LOCK_FILE, S6RC_LOCK_SHARED, block);
  return fd >= 0 || errno == EBUSY || errno == EINTR ? fd : -2;
}
