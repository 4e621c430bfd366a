/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include <s6-rc/mark.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/state.h>
#include <s6-rc/types.h>

int s6rc_state_read(int livefd, unsigned char *s, uint32_t n)
{
  struct stat st;
  int r = 0;
  int fd = openat(livefd, S6RC_STATE_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return 0;
  if (fstat(fd, &st) < 0) goto end;
  errno = EPROTO;
  if (!S_ISREG(st.st_mode) || st.st_size != (off_t)n) goto end;
  if (allread(fd, (char *)s, n) < n) goto end;
  if (s6rc_mark_next(s, 0, n, (unsigned char)~S6RC_STATE_ALL) < n) goto end;
  r = 1;
end:
  fd_close(fd);
  return r;
}

/* Root may use somebody's live directory: the file must stay that user's. */
static int keep_owner(int livefd)
{
  struct stat st;
  return geteuid() || (!fstat(livefd, &st) &&
                       !fchownat(livefd, S6RC_STATE_NEW, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW));
}

int s6rc_state_write(int livefd, unsigned char const *s, uint32_t n)
{
  /* left by a run that was killed: we hold the lock, so nobody writes it */
  if (unlinkat(livefd, S6RC_STATE_NEW, 0) < 0 && errno != ENOENT) return 0;
  if (!s6rc_writefileat(livefd, S6RC_STATE_NEW, (char const *)s, n, S6RC_MODE_FILE)) return 0;
  if (keep_owner(livefd) && !renameat(livefd, S6RC_STATE_NEW, livefd, S6RC_STATE_FILE)) return 1;
  int e = errno;
  unlinkat(livefd, S6RC_STATE_NEW, 0);
  errno = e;
  return 0;
}

int s6rc_state_open(int livefd)
{
  return openat(livefd, S6RC_STATE_FILE, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

int s6rc_state_set(int fd, uint32_t number, unsigned char byte)
{
  ssize_t r;
  do r = pwrite(fd, &byte, 1, (off_t)number);
  while (r < 0 && errno == EINTR);
  return r == 1;
}
