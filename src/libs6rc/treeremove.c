/* ISC license. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>

#include <s6-rc/servicedir.h>

/* Removes what a directory holds. One descriptor a level: that ends before
   the stack does. Goes on after a failure; errno is the first one's. */
static int empty(int fd)
{
  int e = 0;
  DIR *dir = fdopendir(fd);
  if (!dir) {
    e = errno;
    close(fd);
    errno = e;
    return 0;
  }
  for (;;) {
    errno = 0;
    struct dirent *d = readdir(dir);
    if (!d) {
      if (errno && !e) e = errno;
      break;
    }
    if (d->d_name[0] == '.' && (!d->d_name[1] || (d->d_name[1] == '.' && !d->d_name[2]))) continue;
    if (!s6rc_treeremoveat(dirfd(dir), d->d_name) && !e) e = errno;
  }
  closedir(dir);
  errno = e;
  return !e;
}

int s6rc_treeremoveat(int dirfd, char const *name)
{
  int fd;
  if (!unlinkat(dirfd, name, 0)) return 1;
  if (errno == ENOENT) return 1;
  /* Linux says EISDIR, POSIX EPERM for a directory */
  if (errno != EISDIR && errno != EPERM) return 0;
  fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 && errno == EACCES && !fchmodat(dirfd, name, 0700, 0))
    fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return errno == ENOENT;
  if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0) fchmod(fd, 0700);
  if (!empty(fd)) return 0;
  return !unlinkat(dirfd, name, AT_REMOVEDIR) || errno == ENOENT;
}
