/* ISC license. */

/* Making, publishing, finding and sweeping live directories. */

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/mman.h>

#include <skalibs/stralloc.h>

#include <s6-rc/db.h>
#include <s6-rc/livedir.h>
#include <s6-rc/lock.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/trust.h>

#include "test.h"

#include "dbmaker.h"

enum { RUNNER, HOLDER, A, ONE, N };
static dbmaker_service const services[N] = {[RUNNER] = {.name = S6RC_ONESHOT_RUNNER},
                                            [HOLDER] = {.name = S6RC_FDHOLDER},
                                            [A] = {.name = "a a", .deps = (uint32_t const[]){S6RC_NONE}},
                                            [ONE] = {.name = "one",
                                                     .deps = (uint32_t const[]){RUNNER, S6RC_NONE}}};

static void enter_dir(void)
{
  CHECK(!chdir(test_dir()));
}

static void write_file(char const *name, char const *s)
{
  FILE *f = fopen(name, "w");
  CHECK(f);
  CHECK(fputs(s, f) >= 0 && !fclose(f));
}

static void check_file(char const *name, char const *wanted, size_t len)
{
  char buf[256];
  FILE *f = fopen(name, "r");
  if (!f) test_failed("%s: %s", name, strerror(errno));
  CHECK_INT(fread(buf, 1, sizeof buf, f), len);
  CHECK_MEM(buf, wanted, len);
  fclose(f);
}

static void check_mode(char const *name, mode_t wanted)
{
  struct stat st;
  if (lstat(name, &st) < 0) test_failed("%s: %s", name, strerror(errno));
  CHECK_INT(st.st_mode & 07777, wanted);
}

static void check_link(char const *name, char const *wanted)
{
  char buf[256];
  ssize_t r = readlink(name, buf, sizeof buf - 1);
  if (r < 0) test_failed("%s: %s", name, strerror(errno));
  buf[r] = 0;
  CHECK_STR(buf, wanted);
}

static void check_absent(char const *name)
{
  struct stat st;
  if (!lstat(name, &st)) test_failed("%s exists", name);
}

/* Another process that holds a write lock on the file, until it is let go. */
typedef struct other_s other;
struct other_s {
  pid_t pid;
  int fd;
};

static other lock_elsewhere(char const *name)
{
  int ready[2], go[2];
  char c = 0;
  other o;
  CHECK(!pipe(ready) && !pipe(go));
  o.pid = fork();
  CHECK(o.pid >= 0);
  if (!o.pid) {
    struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(name, O_RDWR | O_CREAT, 0600);
    close(go[1]);
    if (fd < 0 || fcntl(fd, F_SETLK, &fl) < 0 || write(ready[1], &c, 1) < 1) _exit(1);
    _exit(read(go[0], &c, 1) > 0);
  }
  close(go[0]);
  close(ready[1]);
  CHECK_INT(read(ready[0], &c, 1), 1);
  close(ready[0]);
  o.fd = go[1];
  return o;
}

static void let_go(other *o)
{
  int wstat;
  close(o->fd);
  CHECK_INT(waitpid(o->pid, &wstat, 0), o->pid);
  CHECK(WIFEXITED(wstat) && !WEXITSTATUS(wstat));
}

static int can_be_locked_elsewhere(char const *dir)
{
  int wstat;
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (!pid) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    _exit(fd < 0 ? 2 : s6rc_lockat(fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, 0) >= 0);
  }
  CHECK_INT(waitpid(pid, &wstat, 0), pid);
  CHECK(WIFEXITED(wstat) && WEXITSTATUS(wstat) < 2);
  return WEXITSTATUS(wstat);
}

TEST(create)
{
  stralloc path = STRALLOC_ZERO;
  mode_t const masks[] = {0, 022, 077, 0777};
  enter_dir();
  for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
    int lockfd = -1, r;
    /* root needs no permission */
    if (masks[i] == 0777 && geteuid()) continue;
    umask(masks[i]);
    r = s6rc_livedir_create("./live", S6RC_LIVE_TAG_INIT, &path, &lockfd);
    umask(022);
    CHECK(r);
    CHECK(!strncmp(path.s, "./live:s6-rc-init:", 18));
    CHECK_INT(strlen(path.s), 24);
    CHECK_INT(path.len, 24);
    check_mode(path.s, 0755);
    CHECK(!can_be_locked_elsewhere(path.s));
    CHECK(s6rc_path_push(&path, S6RC_LOCK_FILE));
    check_mode(path.s, 0600);
    s6rc_path_pop(&path, 24);
    close(lockfd);
    CHECK(can_be_locked_elsewhere(path.s));
  }
  stralloc_free(&path);
}

TEST(create_without_parent)
{
  stralloc path = STRALLOC_ZERO;
  int lockfd;
  enter_dir();
  CHECK(!s6rc_livedir_create("no/live", S6RC_LIVE_TAG_INIT, &path, &lockfd));
  CHECK_ERRNO(ENOENT);
  stralloc_free(&path);
}

/* A database with a service directory for each longrun. */
static void make_db(s6rc_db *db, char const *dir)
{
  dbmaker m;
  dbmaker_make(&m, services, ONE, N - ONE);
  dbmaker_put(dir, &m, services, 0, 0);
  dbmaker_free(&m);
  CHECK(s6rc_db_open(db, dir));
  for (uint32_t i = 0; i < ONE; i++) {
    char name[256];
    snprintf(name, sizeof name, "%s/%s/%s", dir, S6RC_SERVICEDIRS, services[i].name);
    CHECK(!mkdir(name, 0755));
    strcat(name, "/run");
    write_file(name, "#!/bin/sh\n");
    CHECK(!chmod(name, 0777));
  }
}

TEST(fill)
{
  static char const zeros[N];
  stralloc where = STRALLOC_ZERO;
  s6rc_db db;
  int fd, r;
  enter_dir();
  make_db(&db, "db");
  CHECK(!mkdir("l", 0755));
  fd = open("l", O_RDONLY | O_DIRECTORY);
  umask(077);
  r = s6rc_livedir_fill(fd, &db, "/a/db", "/the scandir", "pre:", &where);
  umask(022);
  CHECK(r);
  check_link("l/compiled", "/a/db");
  check_link("l/scandir", "/the scandir");
  check_file("l/prefix", "pre:", 4);
  check_file("l/state", zeros, N);
  check_mode("l/prefix", 0644);
  check_mode("l/state", 0644);
  check_mode("l/servicedirs", 0755);
  check_mode("l/servicedirs/a a", 0755);
  check_file("l/servicedirs/a a/down", "", 0);
  check_mode("l/servicedirs/a a/down", 0644);
  check_file("l/servicedirs/a a/run", "#!/bin/sh\n", 10);
  check_mode("l/servicedirs/a a/run", 0775); /* never writable for others */
  check_file("l/servicedirs/" S6RC_FDHOLDER "/down", "", 0);
  check_absent("l/servicedirs/one");
  check_absent("l/state.new");
  s6rc_db_close(&db);
  stralloc_free(&where);
}

TEST(fill_says_where_it_failed)
{
  stralloc where = STRALLOC_ZERO;
  s6rc_db db;
  int fd;
  enter_dir();
  make_db(&db, "db");
  CHECK(!unlink("db/servicedirs/a a/run") && !rmdir("db/servicedirs/a a"));
  CHECK(!mkdir("l", 0755));
  fd = open("l", O_RDONLY | O_DIRECTORY);
  CHECK(!s6rc_livedir_fill(fd, &db, "/db", "/scan", "", &where));
  CHECK_ERRNO(ENOENT);
  CHECK_STR(where.s, "servicedirs/a a");
  /* what is in the way is named, too */
  CHECK(!s6rc_livedir_fill(fd, &db, "/db", "/scan", "", &where));
  CHECK_ERRNO(EEXIST);
  CHECK_STR(where.s, "compiled");
  s6rc_db_close(&db);
  stralloc_free(&where);
}

TEST(publish)
{
  enter_dir();
  CHECK(!mkdir("live:s6-rc-init:aaaaaa", 0755));
  CHECK(!mkdir("live:s6-rc-init:bbbbbb", 0755));
  CHECK(!s6rc_livedir_published("./live", "./live:s6-rc-init:aaaaaa"));
  CHECK(s6rc_livedir_publish("./live", "./live:s6-rc-init:aaaaaa"));
  check_link("live", "live:s6-rc-init:aaaaaa");
  CHECK(s6rc_livedir_published("./live", "./live:s6-rc-init:aaaaaa"));
  CHECK(!s6rc_livedir_published("./live", "./live:s6-rc-init:bbbbbb"));
  /* a link that a killed run did not get to its place is no obstacle */
  CHECK(!symlink("nowhere", "live:s6-rc-init:bbbbbb/link.new"));
  CHECK(s6rc_livedir_publish("live", "live:s6-rc-init:bbbbbb"));
  check_link("live", "live:s6-rc-init:bbbbbb");
  CHECK(!rmdir("live:s6-rc-init:aaaaaa"));
  CHECK(!rmdir("live:s6-rc-init:bbbbbb")); /* nothing is left in it */
  CHECK(!s6rc_livedir_published("live", "live:s6-rc-init:bbbbbb"));
}

TEST(publish_fails)
{
  enter_dir();
  CHECK(!mkdir("live", 0755) && !mkdir("live/x", 0755));
  CHECK(!mkdir("live:s6-rc-init:aaaaaa", 0755));
  CHECK(!s6rc_livedir_publish("live", "live:s6-rc-init:aaaaaa"));
  CHECK_ERRNO(EISDIR);
  CHECK(!rmdir("live:s6-rc-init:aaaaaa"));
  CHECK(!s6rc_livedir_published("live", "live"));
}

static void make_supervise(char const *live, char const *name, char *lock)
{
  sprintf(lock, "%s/servicedirs", live);
  CHECK(!mkdir(lock, 0755) || errno == EEXIST);
  sprintf(lock, "%s/servicedirs/%s", live, name);
  CHECK(!mkdir(lock, 0755));
  strcat(lock, "/supervise");
  CHECK(!mkdir(lock, 0700));
  strcat(lock, "/lock");
  write_file(lock, "");
}

TEST(supervised)
{
  char lock[256], lock2[256];
  other o;
  int fd;
  enter_dir();
  CHECK(!mkdir("l", 0755));
  fd = open("l", O_RDONLY | O_DIRECTORY);
  CHECK_INT(s6rc_livedir_supervised(fd, 1), 0);
  make_supervise("l", "a", lock2);
  make_supervise("l", "b b", lock);
  CHECK(!mkdir("l/servicedirs/never", 0755));
  write_file("l/servicedirs/file", "");
  CHECK_INT(s6rc_livedir_supervised(fd, 1), 0);
  o = lock_elsewhere(lock);
  CHECK_INT(s6rc_livedir_supervised(fd, 0), 1);
  CHECK_INT(s6rc_livedir_supervised(fd, 1), 1);
  /* of another generation: only when they are followed */
  CHECK(!rename("l/servicedirs/b b", "b b"));
  CHECK(!symlink("../../b b", "l/servicedirs/b b"));
  CHECK_INT(s6rc_livedir_supervised(fd, 0), 0);
  CHECK_INT(s6rc_livedir_supervised(fd, 1), 1);
  let_go(&o);
  CHECK_INT(s6rc_livedir_supervised(fd, 1), 0);
}

static int has(stralloc const *paths, int n, char const *path)
{
  char const *s = paths->s;
  for (int i = 0; i < n; i++, s += strlen(s) + 1)
    if (!strcmp(s, path)) return 1;
  return 0;
}

TEST(list)
{
  static char const *const others[] = {"sub/live",
                                       "sub/live:s6-rc-init:",
                                       "sub/live:s6-rc-init:aaaaa",
                                       "sub/live:s6-rc-init:aaaaaaa",
                                       "sub/live:other:aaaaaa",
                                       "sub/live2:s6-rc-init:aaaaaa",
                                       "sub/xlive:s6-rc-init:aaaaaa"};
  stralloc paths = STRALLOC_ZERO;
  int n;
  enter_dir();
  CHECK(!mkdir("sub", 0755));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) CHECK(!mkdir(others[i], 0755));
  CHECK_INT(s6rc_livedir_list("sub/live", &paths), 0);
  CHECK(!mkdir("sub/live:s6-rc-init:aaaaaa", 0755) && !mkdir("sub/live:s6-rc-update:bbbbbb", 0755));
  n = s6rc_livedir_list("sub/live", &paths);
  CHECK_INT(n, 2);
  CHECK(has(&paths, n, "sub/live:s6-rc-init:aaaaaa") && has(&paths, n, "sub/live:s6-rc-update:bbbbbb"));
  CHECK(!chdir("sub"));
  paths.len = 0;
  n = s6rc_livedir_list("live", &paths);
  CHECK_INT(n, 2);
  CHECK(has(&paths, n, "live:s6-rc-init:aaaaaa"));
  CHECK_INT(s6rc_livedir_list("none/live", &paths), -1);
  CHECK_ERRNO(ENOENT);
  stralloc_free(&paths);
}

/* Where everybody may write, what others have made does not count. */
TEST(list_of_what_is_trusted)
{
  static char const own[] = "sub/live:s6-rc-init:aaaaaa", his[] = "sub/live:s6-rc-init:bbbbbb",
                    link[] = "sub/live:s6-rc-update:cccccc";
  static mode_t const modes[] = {01777, 0777, 01770, 0755, 0775};
  stralloc paths = STRALLOC_ZERO;
  if (geteuid()) SKIP("needs root");
  enter_dir();
  CHECK(!mkdir("sub", 0755) && !mkdir(own, 0755) && !mkdir(his, 0755) && !symlink(own, link));
  CHECK(!chown(his, 12345, 12345) && !lchown(link, 12345, 12345));
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    int all = !(modes[i] & 01002);
    CHECK(!chmod("sub", modes[i]));
    paths.len = 0;
    CHECK_INT(s6rc_livedir_list("sub/live", &paths), all ? 3 : 1);
    CHECK(has(&paths, all ? 3 : 1, own));
    CHECK_INT(s6rc_trusts_path(own), 1);
    CHECK_INT(s6rc_trusts_path(his), all);
    CHECK_INT(s6rc_trusts_path("sub/live:s6-rc-init:bbbbbb//"), all);
    CHECK_INT(s6rc_trusts_path(link), all);
    int fd = s6rc_open_trusted(his);
    CHECK_INT(fd >= 0, all);
    if (!all) CHECK_ERRNO(EPERM);
    if (fd >= 0) close(fd);
  }
  /* his is the whole directory */
  CHECK(!chmod("sub", 01777) && !chown("sub", 12345, 12345));
  paths.len = 0;
  CHECK_INT(s6rc_livedir_list("sub/live", &paths), 3);
  /* ours is the link, his what it leads to */
  CHECK(!chown("sub", 0, 0) && !symlink("live:s6-rc-init:bbbbbb", "sub/live"));
  CHECK_INT(s6rc_trusts_path("sub/live"), 1);
  CHECK_INT(s6rc_open_trusted("sub/live"), -1);
  CHECK_ERRNO(EPERM);
  CHECK_INT(s6rc_open_trusted("sub/none"), -1);
  CHECK_ERRNO(ENOENT);
  CHECK(!chdir("sub"));
  CHECK_INT(s6rc_trusts_path("live:s6-rc-init:bbbbbb"), 0);
  stralloc_free(&paths);
}

TEST(sweep)
{
  char lock[256];
  other o;
  enter_dir();
  CHECK_INT(s6rc_livedir_sweep("l"), 0); /* nothing there */
  CHECK(!mkdir("l", 0755));
  CHECK_INT(s6rc_livedir_sweep("l"), 1); /* without a lock */
  check_absent("l");
  CHECK(!mkdir("l", 0755));
  make_supervise("l", "a", lock);
  write_file("l/lock", "");
  CHECK(!chmod("l/servicedirs/a", 0500));
  o = lock_elsewhere("l/lock");
  CHECK_INT(s6rc_livedir_sweep("l"), 0); /* somebody is at work */
  check_file("l/lock", "", 0);
  let_go(&o);
  o = lock_elsewhere(lock);
  CHECK_INT(s6rc_livedir_sweep("l"), 0); /* something is supervised */
  check_file(lock, "", 0);
  let_go(&o);
  CHECK_INT(s6rc_livedir_sweep("l"), 1);
  check_absent("l");
}

/* Whoever makes one and whoever sweeps can meet at any moment: the maker gets
   a directory that stays, or an error, but never one that is taken away. */
TEST(sweep_against_create)
{
  enum { ROUNDS = 300 };
  stralloc path = STRALLOC_ZERO, paths = STRALLOC_ZERO;
  int wstat;
  pid_t pid;
  enter_dir();
  pid = fork();
  CHECK(pid >= 0);
  if (!pid)
    for (;;) {
      char const *s;
      int n;
      paths.len = 0;
      n = s6rc_livedir_list("./live", &paths);
      s = paths.s;
      for (int i = 0; i < n; i++, s += strlen(s) + 1) s6rc_livedir_sweep(s);
    }
  for (int i = 0; i < ROUNDS; i++) {
    int lockfd;
    struct stat st;
    if (!s6rc_livedir_create("./live", S6RC_LIVE_TAG_INIT, &path, &lockfd)) continue;
    poll(0, 0, 1);
    if (stat(path.s, &st) < 0 || !s6rc_path_push(&path, S6RC_LOCK_FILE) || stat(path.s, &st) < 0) {
      kill(pid, SIGKILL);
      FAIL("a directory was swept away from under its maker");
    }
    close(lockfd);
  }
  kill(pid, SIGKILL);
  CHECK_INT(waitpid(pid, &wstat, 0), pid);
  stralloc_free(&path);
}
