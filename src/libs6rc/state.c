/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include <s6-rc/live.h>
#include <s6-rc/mark.h>
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

int s6rc_state_write(int livefd, unsigned char const *s, uint32_t n)
{
  return s6rc_live_replace(livefd, S6RC_STATE_FILE, S6RC_STATE_NEW, s, n);
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
