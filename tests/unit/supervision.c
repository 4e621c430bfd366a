/* ISC license. */

/* Putting services under a real s6-svscan, and taking them away again. */

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

#include <s6/config.h>
#include <s6/s6.h>

#include <s6-rc/livedir.h>

#include "test.h"

enum { MANY = 300, NAME = 16, SECONDS = 30 };

typedef struct tree_s tree;
struct tree_s {
  s6rc_supervision s;
  char live[4096];
  char scandir[4096];
  char name[MANY][NAME];
  char const *names[MANY];
};

static tree t;
static pid_t svscan = 0;

static void stop_svscan(void)
{
  if (svscan > 0) {
    kill(svscan, SIGTERM);
    waitpid(svscan, 0, 0);
  }
  svscan = 0;
}

static void write_file(char const *name, char const *s, mode_t mode)
{
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);
  CHECK(fd >= 0);
  CHECK_INT(write(fd, s, strlen(s)), strlen(s));
  close(fd);
}

/* A live directory that is no more than n service directories. */
static void make_services(uint32_t n, char const *prefix)
{
  char path[256];
  tain_now_set_stopwatch_g();
  CHECK(!chdir(test_dir()));
  CHECK(getcwd(t.live, sizeof t.live - 16) && getcwd(t.scandir, sizeof t.scandir - 16));
  strcat(t.live, "/live");
  strcat(t.scandir, "/scan");
  CHECK(!mkdir("real", 0755) && !symlink("real", "live"));
  CHECK(!mkdir("scan", 0755) && !mkdir("real/servicedirs", 0755));
  for (uint32_t i = 0; i < n; i++) {
    snprintf(t.name[i], NAME, "s %u", (unsigned int)i);
    t.names[i] = t.name[i];
    snprintf(path, sizeof path, "real/servicedirs/%s", t.name[i]);
    CHECK(!mkdir(path, 0755));
    strcat(path, "/down");
    write_file(path, "", 0644);
    snprintf(path, sizeof path, "real/servicedirs/%s/run", t.name[i]);
    write_file(path, "#!/bin/sh\nexec sleep 86400\n", 0755);
  }
  t.s = (s6rc_supervision){.live = t.live,
                           .scandir = t.scandir,
                           .prefix = prefix,
                           .servicedirsfd = open("real/servicedirs", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  CHECK(t.s.servicedirsfd >= 0);
}

static void start_svscan(void)
{
  int r;
  fflush(0);
  svscan = fork();
  CHECK(svscan >= 0);
  if (!svscan) {
    int fd = open("svscan.log", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) _exit(111);
    execlp(S6_EXTBINPREFIX "s6-svscan", "s6-svscan", t.scandir, (char *)0);
    _exit(127);
  }
  atexit(&stop_svscan);
  for (int i = 0; i < SECONDS * 100; i++) {
    r = s6_svc_writectl(t.scandir, S6_SVSCAN_CTLDIR, "", 0);
    if (r > 0) return;
    poll(0, 0, 10);
  }
  FAIL("s6-svscan does not run");
}

static int begin_until(uint32_t n, stralloc *where, tain const *deadline)
{
  return s6rc_supervision_begin(&t.s, t.names, n, deadline, 0, 0, where);
}

static tain in_time(void)
{
  tain deadline;
  tain_addsec_g(&deadline, SECONDS);
  return deadline;
}

static int begin(uint32_t n, stralloc *where)
{
  tain deadline = in_time();
  return begin_until(n, where, &deadline);
}

static int end(uint32_t n)
{
  tain deadline = in_time();
  for (uint32_t i = 0; i < n; i++) CHECK(s6rc_supervision_unlink(&t.s, t.names[i]));
  return s6rc_supervision_end(&t.s, t.names, n, &deadline);
}

/* FIFOs in event directories, hidden or not; the working directory is that of
   the service directories. */
static unsigned int fifos(uint32_t n)
{
  unsigned int found = 0;
  for (uint32_t i = 0; i < n; i++) {
    char path[256];
    DIR *dir;
    struct dirent *d;
    snprintf(path, sizeof path, "%s/event", t.name[i]);
    dir = opendir(path);
    if (!dir) continue;
    while ((d = readdir(dir))) found += !!strstr(d->d_name, "ftrig1:");
    closedir(dir);
  }
  return found + !access(".fifo", F_OK);
}

static void check_link(uint32_t i, char const *prefix)
{
  char path[8192], wanted[8192], buf[8192];
  ssize_t r;
  snprintf(path, sizeof path, "%s/%s%s", t.scandir, prefix, t.name[i]);
  snprintf(wanted, sizeof wanted, "%s/servicedirs/%s", t.live, t.name[i]);
  r = readlink(path, buf, sizeof buf - 1);
  if (r < 0) test_failed("%s: %s", path, strerror(errno));
  buf[r] = 0;
  CHECK_STR(buf, wanted);
}

static void check_supervised(uint32_t n, char const *prefix)
{
  for (uint32_t i = 0; i < n; i++) {
    char path[256];
    struct stat st;
    check_link(i, prefix);
    CHECK_INT(s6_svc_ok(t.name[i]), 1);
    snprintf(path, sizeof path, "%s/event", t.name[i]);
    CHECK(!stat(path, &st));
    CHECK_INT(st.st_mode & 07777, 03730);
    CHECK_INT(st.st_gid, getegid());
  }
  CHECK_INT(fifos(n), 0);
}

TEST(begin_and_end)
{
  stralloc where = STRALLOC_ZERO;
  make_services(5, "p-");
  start_svscan();
  umask(077);
  CHECK(begin(5, &where));
  umask(022);
  check_supervised(5, "p-");
  /* once more changes nothing */
  CHECK(begin(5, &where));
  check_supervised(5, "p-");
  CHECK(end(5));
  for (uint32_t i = 0; i < 5; i++) CHECK_INT(s6_svc_ok(t.name[i]), 0);
  CHECK_INT(fifos(5), 0);
  CHECK(end(5)); /* nor does this */
  /* and they can come back */
  CHECK(begin(5, &where));
  check_supervised(5, "p-");
  stralloc_free(&where);
}

/* A mode that a killed run did not get to is made right. */
TEST(half_made_event_directory)
{
  stralloc where = STRALLOC_ZERO;
  make_services(1, "");
  start_svscan();
  CHECK(!mkdir("real/servicedirs/s 0/event", 0700));
  CHECK(begin(1, &where));
  check_supervised(1, "");
  stralloc_free(&where);
}

/* One that is a link is no event directory: what it leads to is left alone. */
TEST(linked_event_directory)
{
  stralloc where = STRALLOC_ZERO;
  struct stat st;
  make_services(1, "");
  start_svscan();
  CHECK(!mkdir("elsewhere", 0700) && !symlink("../../../elsewhere", "real/servicedirs/s 0/event"));
  CHECK(!begin(1, &where));
  CHECK(!stat("../../elsewhere", &st));
  CHECK_INT(st.st_mode & 07777, 0700);
  stralloc_free(&where);
}

TEST(end_brings_services_down)
{
  stralloc where = STRALLOC_ZERO;
  s6_svstatus_t st = S6_SVSTATUS_ZERO;
  make_services(2, "");
  start_svscan();
  CHECK(begin(2, &where));
  CHECK_INT(s6_svc_writectl(t.name[0], S6_SUPERVISE_CTLDIR, "u", 1), 1);
  for (int i = 0; i < SECONDS * 100 && !st.pid; i++) {
    poll(0, 0, 10);
    CHECK(s6_svstatus_read(t.name[0], &st));
  }
  CHECK(st.pid > 0);
  CHECK(end(2));
  CHECK(kill(st.pid, 0) < 0);
  CHECK_ERRNO(ESRCH);
  stralloc_free(&where);
}

TEST(without_svscan)
{
  stralloc where = STRALLOC_ZERO;
  make_services(2, "");
  CHECK(!begin(2, &where));
  CHECK_ERRNO(ENXIO);
  CHECK_STR(where.s, t.scandir);
  CHECK_INT(fifos(2), 0);
  /* what it linked stays until it is taken away */
  check_link(0, "");
  CHECK(s6rc_supervision_unlink(&t.s, t.names[0]));
  CHECK(s6rc_supervision_unlink(&t.s, t.names[0]));
  CHECK_INT(access("../../scan/s 0", F_OK), -1);
  check_link(1, "");
  stralloc_free(&where);
}

/* There is a reader of the control FIFO, but nobody who does anything. */
TEST(timed_out)
{
  stralloc where = STRALLOC_ZERO;
  tain deadline;
  int fd;
  char c;
  make_services(2, "");
  CHECK(!mkdir("scan/" S6_SVSCAN_CTLDIR, 0700) && !mkfifo("scan/" S6_SVSCAN_CTLDIR "/control", 0600));
  fd = open("scan/" S6_SVSCAN_CTLDIR "/control", O_RDONLY | O_NONBLOCK);
  CHECK(fd >= 0);
  tain_from_millisecs(&deadline, 50);
  tain_add_g(&deadline, &deadline);
  CHECK(!begin_until(2, &where, &deadline));
  CHECK_ERRNO(ETIMEDOUT);
  CHECK(!strncmp(where.s, "s ", 2));
  CHECK_INT(read(fd, &c, 1), 1);
  CHECK_INT(c, 'a');
  CHECK_INT(fifos(2), 0);
  stralloc_free(&where);
}

static void time_is_up(uint32_t missing, char const *name, void *data)
{
  CHECK_INT(missing, 2);
  CHECK_STR(name, "s 0");
  *(tain *)data = STAMP;
}

/* After a while it says what is missing, and s6-svscan is told again: there
   may have been no room the first time. */
TEST(told_again)
{
  stralloc where = STRALLOC_ZERO;
  tain deadline;
  int fd;
  char c[4];
  make_services(2, "");
  CHECK(!mkdir("scan/" S6_SVSCAN_CTLDIR, 0700) && !mkfifo("scan/" S6_SVSCAN_CTLDIR "/control", 0600));
  fd = open("scan/" S6_SVSCAN_CTLDIR "/control", O_RDONLY | O_NONBLOCK);
  CHECK(fd >= 0);
  tain_add_g(&deadline, &tain_infinite_relative);
  CHECK(!s6rc_supervision_begin(&t.s, t.names, 2, &deadline, &time_is_up, &deadline, &where));
  CHECK_ERRNO(ETIMEDOUT);
  CHECK_INT(read(fd, c, sizeof c), 2);
  CHECK_MEM(c, "aa", 2);
  stralloc_free(&where);
}

TEST(foreign_entries_stay)
{
  stralloc where = STRALLOC_ZERO;
  char wanted[8192], buf[16];
  make_services(3, "");
  start_svscan();
  CHECK(!symlink("elsewhere", "scan/s 1"));
  CHECK(!begin(3, &where));
  CHECK_ERRNO(EEXIST);
  snprintf(wanted, sizeof wanted, "%s/s 1", t.scandir);
  CHECK_STR(where.s, wanted);
  CHECK(end(3));
  CHECK_INT(readlink("../../scan/s 1", buf, sizeof buf), 9);
  CHECK_INT(access("../../scan/s 0", F_OK), -1);
  CHECK(!unlink("../../scan/s 1"));
  CHECK(begin(3, &where));
  check_supervised(3, "");
  stralloc_free(&where);
}

TEST(more_services_than_descriptors)
{
  stralloc where = STRALLOC_ZERO;
  struct rlimit rl;
  make_services(MANY, "");
  start_svscan();
  CHECK(!getrlimit(RLIMIT_NOFILE, &rl));
  rl.rlim_cur = 80;
  CHECK(!setrlimit(RLIMIT_NOFILE, &rl));
  CHECK(begin(MANY, &where));
  check_supervised(MANY, "");
  CHECK(end(MANY));
  stralloc_free(&where);
}
