/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <s6-rc/file.h>

#include "test.h"

static int open_dir(void)
{
  int fd = open(test_dir(), O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  return fd;
}

TEST(dots)
{
  static char const *const no[] = {"", "a", ".a", "..a", "...", "a."};
  CHECK(s6rc_is_dots("."));
  CHECK(s6rc_is_dots(".."));
  for (size_t i = 0; i < sizeof no / sizeof *no; i++) CHECK(!s6rc_is_dots(no[i]));
}

TEST(same_file)
{
  struct stat a, b, link;
  int fd = open_dir();
  CHECK(!mkdirat(fd, "a", 0700) && !mkdirat(fd, "b", 0700) && !symlinkat("a", fd, "link"));
  CHECK(!fstatat(fd, "a", &a, 0) && !fstatat(fd, "b", &b, 0) && !fstatat(fd, "link", &link, 0));
  CHECK(s6rc_same_file(&a, &link));
  CHECK(!s6rc_same_file(&a, &b));
}

TEST(rename_new)
{
  struct stat st;
  int fd = open_dir();
  CHECK(!mkdirat(fd, "a", 0700) && !mkdirat(fd, "empty", 0700) && !symlinkat("nowhere", fd, "link"));
  CHECK(!s6rc_rename_new(fd, "a", "empty"));
  CHECK_INT(errno, EEXIST);
  CHECK(!s6rc_rename_new(fd, "a", "link"));
  CHECK_INT(errno, EEXIST);
  CHECK(!s6rc_rename_new(fd, "absent", "b"));
  CHECK_INT(errno, ENOENT);
  CHECK(s6rc_rename_new(fd, "a", "b"));
  CHECK(!fstatat(fd, "b", &st, 0) && fstatat(fd, "a", &st, 0) < 0);
}

TEST(rename_exchange)
{
  struct stat st;
  int fd = open_dir(), r;
  CHECK(!mkdirat(fd, "a", 0700) && !mkdirat(fd, "a/in", 0700) && !symlinkat("nowhere", fd, "b"));
  r = s6rc_rename_exchange(fd, "a", fd, "b");
  if (r < 0) return; /* not on this kernel or file system */
  CHECK_INT(r, 1);
  CHECK(!fstatat(fd, "b/in", &st, 0) && !fstatat(fd, "a", &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode));
  CHECK_INT(s6rc_rename_exchange(fd, "a", fd, "absent"), 0);
  CHECK_INT(errno, ENOENT);
}

TEST(sync)
{
  int fd = open_dir();
  CHECK(s6rc_sync_directory(fd));
  CHECK(s6rc_sync_files(fd));
  CHECK(!s6rc_sync_directory(-1));
  CHECK_INT(errno, EBADF);
}
