/* ISC license. */

/* Comparing trees, and giving a service directory the files of another one. */

#include <fcntl.h>
#include <sys/stat.h>

#include <skalibs/stralloc.h>

#include <s6-rc/servicedir.h>

#include "test.h"

static int open_dir(void)
{
  int fd = open(test_dir(), O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  umask(022);
  return fd;
}

static int make_dir(int dirfd, char const *name)
{
  int fd;
  CHECK(s6rc_mkdirat(dirfd, name, 0755));
  fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  return fd;
}

static void make_file(int dirfd, char const *name, char const *s, mode_t mode)
{
  CHECK(s6rc_writefileat(dirfd, name, s, strlen(s), mode));
}

static void check_file(int dirfd, char const *name, char const *s, mode_t mode)
{
  char got[100];
  struct stat st;
  int fd = openat(dirfd, name, O_RDONLY);
  ssize_t r;
  if (fd < 0) FAIL(name);
  r = read(fd, got, sizeof got - 1);
  CHECK(r >= 0 && !fstat(fd, &st));
  got[r] = 0;
  CHECK_STR(got, s);
  CHECK_INT(st.st_mode & 07777, mode);
  close(fd);
}

static ino_t inode(int dirfd, char const *name)
{
  struct stat st;
  CHECK(!fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW));
  return st.st_ino;
}

static int absent(int dirfd, char const *name)
{
  struct stat st;
  return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

/* Something of everything, some of it below. */
static void make_tree(int fd, char const *name)
{
  int top = make_dir(fd, name), sub = make_dir(top, "sub");
  make_file(sub, "file", "content\n", 0644);
  make_file(top, "empty", "", 0600);
  CHECK(!symlinkat("sub/file", top, "link"));
  CHECK(!mkfifoat(top, "fifo", 0644));
  close(sub);
  close(top);
}

static int same(int fd)
{
  return s6rc_treesameat(fd, "a", fd, "b", 0, 1);
}

TEST(equal_trees)
{
  int fd = open_dir();
  make_tree(fd, "a");
  make_tree(fd, "b");
  CHECK_INT(same(fd), 1);
  CHECK(s6rc_treecopyat(fd, "a", fd, "c", 0, 1, 0));
  CHECK_INT(s6rc_treesameat(fd, "a", fd, "c", 0, 1), 1);
  CHECK_INT(s6rc_treesameat(fd, "a/sub/file", fd, "b/sub/file", 0, 1), 1);
  CHECK_INT(s6rc_treesameat(fd, "a/link", fd, "b/link", 0, 1), 1);
}

TEST(every_difference_counts)
{
  int fd = open_dir(), b;
  make_tree(fd, "a");
  for (int i = 0; i < 9; i++) {
    make_tree(fd, "b");
    b = openat(fd, "b", O_RDONLY | O_DIRECTORY);
    CHECK(b >= 0);
    switch (i) {
      case 0: CHECK(!unlinkat(b, "empty", 0)); break;
      case 1: make_file(b, "more", "", 0644); break;
      case 2: CHECK(!fchmodat(b, "sub/file", 0600, 0)); break;
      case 3: CHECK(!fchmodat(b, "sub", 0700, 0)); break;
      case 4:
        CHECK(!unlinkat(b, "sub/file", 0));
        make_file(b, "sub/file", "kontent\n", 0644);
        break;
      case 5:
        CHECK(!unlinkat(b, "link", 0));
        CHECK(!symlinkat("sub/filf", b, "link"));
        break;
      case 6:
        CHECK(!unlinkat(b, "fifo", 0));
        make_file(b, "fifo", "", 0644);
        break;
      case 7:
        CHECK(!unlinkat(b, "sub/file", 0));
        make_file(b, "sub/file", "content\nmore", 0644);
        break;
      default: CHECK(!renameat(b, "empty", b, "other"));
    }
    close(b);
    if (same(fd)) test_failed("difference %d is not seen", i);
    CHECK(s6rc_treeremoveat(fd, "b"));
  }
  CHECK_INT(same(fd), 0);
}

/* A source that others may write to is copied without that. */
TEST(modes_that_are_masked)
{
  int fd = open_dir();
  make_file(fd, "a", "x", 0666);
  make_file(fd, "b", "x", 0664);
  CHECK_INT(same(fd), 0);
  CHECK_INT(s6rc_treesameat(fd, "a", fd, "b", S_IWOTH, 1), 1);
}

TEST(owners)
{
  int fd = open_dir();
  if (geteuid()) SKIP("only root can give files away");
  make_tree(fd, "a");
  make_tree(fd, "b");
  CHECK(!fchownat(fd, "b/link", 1, 1, AT_SYMLINK_NOFOLLOW));
  CHECK_INT(same(fd), 0);
  CHECK_INT(s6rc_treesameat(fd, "a", fd, "b", 0, 0), 1);
}

TEST(refreshed)
{
  int fd = open_dir(), src = make_dir(fd, "src"), dst = make_dir(fd, "dst"), data;
  ino_t finish, env;
  make_file(src, "run", "new\n", 0755);
  make_file(src, "finish", "same\n", 0755);
  make_file(src, "run.user", "user\n", 0755);
  CHECK(s6rc_mkdirat(src, "data", 0755) && s6rc_mkdirat(src, "env", 0755));
  make_file(src, "data/a", "new\n", 0644);
  CHECK(!fchmodat(src, "data/a", 0666, 0));
  make_file(src, "env/X", "1\n", 0644);
  make_file(dst, "run", "old\n", 0755);
  make_file(dst, "finish", "same\n", 0755);
  make_file(dst, "finish.user", "old\n", 0755);
  make_file(dst, "timeout-kill", "7\n", 0644);
  CHECK(s6rc_mkdirat(dst, "data", 0755) && s6rc_mkdirat(dst, "env", 0755));
  make_file(dst, "data/old", "old\n", 0644);
  make_file(dst, "env/X", "1\n", 0644);
  /* the service's own, the supervisor's, and what a run that was killed left */
  make_file(dst, "cache", "mine\n", 0644);
  make_file(dst, "down", "", 0644);
  CHECK(s6rc_mkdirat(dst, "supervise", 0700));
  make_file(dst, "supervise/status", "s", 0644);
  CHECK(s6rc_mkdirat(dst, ".s6-rc-update:data", 0700));
  make_file(dst, ".s6-rc-update:finish", "half", 0600);
  finish = inode(dst, "finish");
  env = inode(dst, "env");
  data = openat(dst, "data", O_RDONLY | O_DIRECTORY);
  CHECK(data >= 0);

  for (int i = 0; i < 2; i++) {
    CHECK(s6rc_servicedir_refresh(src, dst, 0));
    check_file(dst, "run", "new\n", 0755);
    check_file(dst, "run.user", "user\n", 0755);
    check_file(dst, "data/a", "new\n", 0664);
    CHECK(absent(dst, "data/old") && absent(dst, "finish.user") && absent(dst, "timeout-kill"));
    CHECK(absent(dst, ".s6-rc-update:data") && absent(dst, ".s6-rc-update:finish"));
    check_file(dst, "cache", "mine\n", 0644);
    check_file(dst, "down", "", 0644);
    check_file(dst, "supervise/status", "s", 0644);
    /* what is equal is not touched */
    CHECK(inode(dst, "finish") == finish && inode(dst, "env") == env);
  }
  close(data);
}

TEST(not_refreshed)
{
  int fd = open_dir(), src = make_dir(fd, "src"), dst = make_dir(fd, "dst");
  stralloc where = STRALLOC_ZERO;
  make_file(src, "run", "new\n", 0755);
  make_file(dst, "run", "old\n", 0755);
  close(dst);
  dst = openat(fd, "dst", O_RDONLY | O_DIRECTORY);
  CHECK(!unlinkat(dst, "run", 0) && !unlinkat(fd, "dst", AT_REMOVEDIR));
  CHECK(!s6rc_servicedir_refresh(src, dst, &where));
  CHECK_ERRNO(ENOENT);
  CHECK_STR(where.s, "run");
  stralloc_free(&where);
}
