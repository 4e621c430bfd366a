/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <sys/time.h>

#include <skalibs/djbunix.h>
#include <skalibs/tai.h>

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

/* Once the time is up, signals come this often: the first one may have come
   before the system call that it should interrupt. */
enum { AGAIN_US = 10000 };

static void on_alarm(int sig)
{
  (void)sig;
}

/* Waits in fcntl, which the timer interrupts. */
static int wait_for_lock(int fd, s6rc_lockmode mode, tain const *deadline)
{
  struct flock fl = {.l_type = mode == S6RC_LOCK_EXCLUSIVE ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
  struct itimerval timer = {.it_interval = {.tv_usec = AGAIN_US}};
  tain left;
  if (fcntl(fd, F_SETLK, &fl) >= 0) return 1;
  if (errno != EACCES && errno != EAGAIN) return 0;
  if (!tain_now_g()) return 0;
  if (!tain_future(deadline)) return (errno = EBUSY, 0);
  tain_sub(&left, deadline, &STAMP);
  if (!timeval_from_tain_relative(&timer.it_value, &left)) return 0;
  /* what is over so soon must not be taken for no timer at all */
  if (!timer.it_value.tv_sec && !timer.it_value.tv_usec) timer.it_value.tv_usec = 1;
  if (setitimer(ITIMER_REAL, &timer, 0) < 0) return 0;
  while (fcntl(fd, F_SETLKW, &fl) < 0) {
    if (errno != EINTR || !tain_now_g()) return 0;
    if (!tain_future(deadline)) return (errno = EBUSY, 0);
  }
  return 1;
}

static int lock_until(int fd, s6rc_lockmode mode, tain const *deadline)
{
  static struct itimerval const none = {.it_value = {0}};
  struct sigaction action = {.sa_handler = &on_alarm}, oldaction;
  sigset_t mask, oldmask;
  int r, e;
  sigemptyset(&action.sa_mask);
  sigemptyset(&mask);
  sigaddset(&mask, SIGALRM);
  if (sigaction(SIGALRM, &action, &oldaction) < 0) return 0;
  sigprocmask(SIG_UNBLOCK, &mask, &oldmask);
  r = wait_for_lock(fd, mode, deadline);
  e = errno;
  setitimer(ITIMER_REAL, &none, 0);
  sigprocmask(SIG_SETMASK, &oldmask, 0);
  sigaction(SIGALRM, &oldaction, 0);
  errno = e;
  return r;
}

int s6rc_lockat_until(int dirfd, char const *name, s6rc_lockmode mode, tain const *deadline)
{
  int fd = open_lock(dirfd, name, mode);
  if (fd < 0) return -1;
  if (lock_until(fd, mode, deadline)) return fd;
  fd_close(fd);
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

/* What to do without is told from what is locked or was interrupted. */
static int db_locked(int fd)
{
  return fd >= 0 || errno == EBUSY || errno == EINTR ? fd : -2;
}

int s6rc_db_lock(s6rc_db const *db, int block)
{
  return db_locked(s6rc_lockat(db->fd, S6RC_LOCK_FILE, S6RC_LOCK_SHARED, block));
}

int s6rc_db_lock_until(s6rc_db const *db, tain const *deadline)
{
  return db_locked(s6rc_lockat_until(db->fd, S6RC_LOCK_FILE, S6RC_LOCK_SHARED, deadline));
}
