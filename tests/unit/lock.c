/* ISC license. */

/* Locks between processes. */

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>

#include <skalibs/tai.h>

#include <s6-rc/db.h>
#include <s6-rc/lock.h>

#include "test.h"

static int open_dir(void)
{
  int fd = open(test_dir(), O_RDONLY | O_DIRECTORY);
  int lock;
  CHECK(fd >= 0);
  lock = openat(fd, "lock", O_WRONLY | O_CREAT, 0644);
  CHECK(lock >= 0);
  close(lock);
  return fd;
}

/* A process that holds the lock until its pipe is closed. */
typedef struct holder_s holder;
struct holder_s {
  pid_t pid;
  int hold;
};

static void start(holder *h, int dirfd, s6rc_lockmode mode)
{
  int ready[2], hold[2];
  char c;
  CHECK(!pipe(ready) && !pipe(hold));
  h->pid = fork();
  CHECK(h->pid >= 0);
  if (!h->pid) {
    close(hold[1]);
    if (s6rc_lockat(dirfd, "lock", mode, 0) < 0) _exit(1);
    if (write(ready[1], "", 1) < 1) _exit(1);
    while (read(hold[0], &c, 1) > 0)
      ;
    _exit(0);
  }
  close(ready[1]);
  close(hold[0]);
  h->hold = hold[1];
  CHECK_INT(read(ready[0], &c, 1), 1);
  close(ready[0]);
}

static void end(holder *h)
{
  int wstat;
  close(h->hold);
  CHECK_INT(waitpid(h->pid, &wstat, 0), h->pid);
  CHECK_INT(wstat, 0);
}

static void check_busy(int dirfd, s6rc_lockmode mode, pid_t pid)
{
  CHECK_INT(s6rc_lockat(dirfd, "lock", mode, 0), -1);
  CHECK_ERRNO(EBUSY);
  CHECK_INT(s6rc_lock_holder(dirfd, "lock", mode), pid);
}

static void check_free(int dirfd, s6rc_lockmode mode)
{
  int fd;
  CHECK_INT(s6rc_lock_holder(dirfd, "lock", mode), 0);
  fd = s6rc_lockat(dirfd, "lock", mode, 0);
  CHECK(fd >= 0);
  CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  close(fd);
}

TEST(exclusive_excludes_all)
{
  int dirfd = open_dir();
  holder h;
  start(&h, dirfd, S6RC_LOCK_EXCLUSIVE);
  check_busy(dirfd, S6RC_LOCK_EXCLUSIVE, h.pid);
  check_busy(dirfd, S6RC_LOCK_SHARED, h.pid);
  end(&h);
  check_free(dirfd, S6RC_LOCK_EXCLUSIVE);
}

TEST(shared_excludes_exclusive)
{
  int dirfd = open_dir();
  holder h;
  start(&h, dirfd, S6RC_LOCK_SHARED);
  check_busy(dirfd, S6RC_LOCK_EXCLUSIVE, h.pid);
  check_free(dirfd, S6RC_LOCK_SHARED);
  end(&h);
  check_free(dirfd, S6RC_LOCK_EXCLUSIVE);
}

/* With block it waits for as long as the lock is held, and then has it. */
TEST(blocking)
{
  int dirfd = open_dir();
  int said[2];
  holder h, other;
  struct pollfd x;
  char c;
  int wstat;
  pid_t pid;
  start(&h, dirfd, S6RC_LOCK_EXCLUSIVE);
  CHECK(!pipe(said));
  pid = fork();
  CHECK(pid >= 0);
  if (!pid) {
    close(h.hold);
    if (s6rc_lockat(dirfd, "lock", S6RC_LOCK_SHARED, 1) < 0) _exit(1);
    if (write(said[1], "", 1) < 1) _exit(1);
    pause();
    _exit(1);
  }
  x = (struct pollfd){.fd = said[0], .events = POLLIN};
  CHECK_INT(poll(&x, 1, 100), 0);
  end(&h);
  CHECK_INT(read(said[0], &c, 1), 1);
  check_busy(dirfd, S6RC_LOCK_EXCLUSIVE, pid);
  start(&other, dirfd, S6RC_LOCK_SHARED);
  end(&other);
  CHECK(!kill(pid, SIGKILL));
  CHECK_INT(waitpid(pid, &wstat, 0), pid);
  check_free(dirfd, S6RC_LOCK_EXCLUSIVE);
}

static void in_ms(tain *deadline, unsigned int ms)
{
  CHECK(tain_now_g());
  tain_uint(deadline, 0);
  deadline->nano = ms * 1000000U;
  tain_add_g(deadline, deadline);
}

static void on_alarm_before(int sig)
{
  (void)sig;
}

/* It comes back when the time is up, and leaves signal and timer as they should be. */
TEST(until_a_deadline)
{
  int dirfd = open_dir();
  struct sigaction before = {.sa_handler = &on_alarm_before}, after;
  sigset_t mask;
  struct itimerval timer;
  holder h;
  tain deadline;
  int fd;
  CHECK(!sigaction(SIGALRM, &before, 0));
  sigemptyset(&mask);
  sigaddset(&mask, SIGALRM);
  CHECK(!sigprocmask(SIG_BLOCK, &mask, 0));
  start(&h, dirfd, S6RC_LOCK_EXCLUSIVE);
  for (unsigned int ms = 0; ms <= 100; ms += 50) {
    in_ms(&deadline, ms);
    CHECK_INT(s6rc_lockat_until(dirfd, "lock", S6RC_LOCK_SHARED, &deadline), -1);
    CHECK_ERRNO(EBUSY);
    CHECK(tain_now_g());
    CHECK(!tain_future(&deadline));
  }
  CHECK(!sigaction(SIGALRM, 0, &after));
  CHECK(after.sa_handler == &on_alarm_before);
  CHECK(!sigprocmask(SIG_BLOCK, 0, &mask));
  CHECK_INT(sigismember(&mask, SIGALRM), 1);
  CHECK(!getitimer(ITIMER_REAL, &timer));
  CHECK_INT(timer.it_value.tv_sec + timer.it_value.tv_usec + timer.it_interval.tv_usec, 0);
  CHECK(!sigpending(&mask));
  CHECK_INT(sigismember(&mask, SIGALRM), 0);
  end(&h);
  /* what is free can be had after the deadline too */
  fd = s6rc_lockat_until(dirfd, "lock", S6RC_LOCK_SHARED, &deadline);
  CHECK(fd >= 0);
  close(fd);
}

/* A process that waits until a deadline gets the lock when it is free. */
TEST(before_a_deadline)
{
  int dirfd = open_dir();
  int wstat;
  holder h;
  tain deadline;
  pid_t pid;
  start(&h, dirfd, S6RC_LOCK_EXCLUSIVE);
  pid = fork();
  CHECK(pid >= 0);
  if (!pid) {
    close(h.hold);
    if (!tain_now_g()) _exit(1);
    tain_addsec_g(&deadline, 3600);
    _exit(s6rc_lockat_until(dirfd, "lock", S6RC_LOCK_EXCLUSIVE, &deadline) < 0);
  }
  end(&h);
  CHECK_INT(waitpid(pid, &wstat, 0), pid);
  CHECK_INT(wstat, 0);
}

TEST(what_cannot_be_locked)
{
  int dirfd = open_dir();
  CHECK_INT(s6rc_lockat(dirfd, "absent", S6RC_LOCK_SHARED, 0), -1);
  CHECK_ERRNO(ENOENT);
  CHECK_INT(s6rc_lock_holder(dirfd, "absent", S6RC_LOCK_SHARED), 0);
  CHECK(!symlinkat("lock", dirfd, "link"));
  CHECK_INT(s6rc_lockat(dirfd, "link", S6RC_LOCK_SHARED, 0), -1);
}

/* What a database needs of its lock. */
TEST(databases)
{
  s6rc_db db = S6RC_DB_ZERO;
  holder h;
  int fd;
  db.fd = open_dir();
  fd = s6rc_db_lock(&db, 0);
  CHECK(fd >= 0);
  close(fd);
  start(&h, db.fd, S6RC_LOCK_SHARED);
  fd = s6rc_db_lock(&db, 0);
  CHECK(fd >= 0);
  close(fd);
  end(&h);
  start(&h, db.fd, S6RC_LOCK_EXCLUSIVE);
  CHECK_INT(s6rc_db_lock(&db, 0), -1);
  CHECK_ERRNO(EBUSY);
  CHECK(tain_now_g());
  CHECK_INT(s6rc_db_lock_until(&db, &STAMP), -1);
  CHECK_ERRNO(EBUSY);
  end(&h);
  CHECK(!unlinkat(db.fd, "lock", 0));
  CHECK_INT(s6rc_db_lock(&db, 0), -2);
  CHECK_ERRNO(ENOENT);
  CHECK(!mkdirat(db.fd, "lock", 0755));
  fd = s6rc_db_lock(&db, 0);
  CHECK(fd >= 0 || fd == -2);
}
