/* ISC license. */

#include <skalibs/nonposix.h> /* syncfs, syscall */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include <s6-rc/file.h>

int s6rc_is_dots(char const *name)
{
  return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

int s6rc_same_file(struct stat const *a, struct stat const *b)
{
  return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

enum { NOREPLACE = 1, EXCHANGE = 2 };

/* 1; 0 and errno; -1: there is no such thing */
static int rename_with(int fromfd, char const *from, int tofd, char const *to, unsigned int flag)
{
#ifdef SYS_renameat2
  if (!syscall(SYS_renameat2, fromfd, from, tofd, to, flag)) return 1;
  return errno == ENOSYS || errno == EINVAL ? -1 : 0;
#else
  (void)fromfd, (void)from, (void)tofd, (void)to, (void)flag;
  return -1;
#endif
}

int s6rc_rename_new(int dirfd, char const *from, char const *to)
{
  struct stat st;
  int r = rename_with(dirfd, from, dirfd, to, NOREPLACE);
  if (r >= 0) return r;
  if (!fstatat(dirfd, to, &st, AT_SYMLINK_NOFOLLOW)) return (errno = EEXIST, 0);
  return errno == ENOENT && !renameat(dirfd, from, dirfd, to);
}

int s6rc_rename_exchange(int afd, char const *a, int bfd, char const *b)
{
  return rename_with(afd, a, bfd, b, EXCHANGE);
}

int s6rc_sync_files(int fd)
{
#ifdef __linux__
  return !syncfs(fd);
#else
  (void)fd;
  sync();
  return 1;
#endif
}

int s6rc_sync_directory(int fd)
{
  return !fsync(fd) || errno == EINVAL || errno == ENOTSUP || errno == EROFS;
}
