/* ISC license. */

/* The state file. */

#include <fcntl.h>

#include <s6-rc/state.h>
#include <s6-rc/types.h>

#include "test.h"

static int open_dir(void)
{
  int fd = open(test_dir(), O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  return fd;
}

static void put(int dirfd, char const *name, void const *s, size_t len)
{
  int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  CHECK(fd >= 0);
  CHECK_INT(write(fd, s, len), len);
  close(fd);
}

TEST(written_and_read)
{
  static unsigned char const all[] = {0, S6RC_STATE_UP, S6RC_STATE_WANTED, S6RC_STATE_ALL, 0};
  unsigned char got[sizeof all];
  int dirfd = open_dir();
  struct stat st;
  for (mode_t mask = 0; mask <= 077; mask += 077) {
    umask(mask);
    CHECK(s6rc_state_write(dirfd, all, sizeof all));
    CHECK(!fstatat(dirfd, S6RC_STATE_FILE, &st, 0));
    CHECK_INT(st.st_mode & 07777, 0644);
    CHECK(s6rc_state_read(dirfd, got, sizeof got));
    CHECK_MEM(got, all, sizeof all);
  }
}

/* Who has the old file open goes on reading it, whole. */
TEST(replaced)
{
  static unsigned char const before[] = {1, 1, 1}, after[] = {0, 0, 0};
  unsigned char got[3];
  int dirfd = open_dir();
  int fd;
  CHECK(s6rc_state_write(dirfd, before, 3));
  fd = openat(dirfd, S6RC_STATE_FILE, O_RDONLY);
  CHECK(fd >= 0);
  CHECK(s6rc_state_write(dirfd, after, 3));
  CHECK_INT(read(fd, got, 3), 3);
  CHECK_MEM(got, before, 3);
  CHECK(s6rc_state_read(dirfd, got, 3));
  CHECK_MEM(got, after, 3);
}

/* What a run that was killed has left is no obstacle. */
TEST(leftovers)
{
  static unsigned char const all[] = {1, 0};
  unsigned char got[2];
  int dirfd = open_dir();
  put(dirfd, S6RC_STATE_FILE ".new", "half", 4);
  CHECK(s6rc_state_write(dirfd, all, 2));
  CHECK(s6rc_state_read(dirfd, got, 2));
  CHECK_MEM(got, all, 2);
  CHECK_INT(faccessat(dirfd, S6RC_STATE_FILE ".new", F_OK, 0), -1);
}

TEST(one_byte)
{
  static unsigned char const all[] = {0, 0, 0, 0};
  static unsigned char const wanted[] = {0, 3, 0, 1};
  unsigned char got[4];
  int dirfd = open_dir();
  int fd;
  CHECK(s6rc_state_write(dirfd, all, 4));
  fd = s6rc_state_open(dirfd);
  CHECK(fd >= 0);
  CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  CHECK(s6rc_state_set(fd, 3, 1));
  CHECK(s6rc_state_set(fd, 1, 3));
  CHECK(s6rc_state_read(dirfd, got, 4));
  CHECK_MEM(got, wanted, 4);
  close(fd);
  CHECK(!s6rc_state_set(fd, 0, 1));
  CHECK_ERRNO(EBADF);
}

TEST(damage)
{
  unsigned char got[3];
  int dirfd = open_dir();
  CHECK(!s6rc_state_read(dirfd, got, 3));
  CHECK_ERRNO(ENOENT);
  CHECK_INT(s6rc_state_open(dirfd), -1);
  CHECK_ERRNO(ENOENT);
  put(dirfd, S6RC_STATE_FILE, "\1\1", 2);
  CHECK(!s6rc_state_read(dirfd, got, 3));
  CHECK_ERRNO(EPROTO);
  put(dirfd, S6RC_STATE_FILE, "\1\1\1\1", 4);
  CHECK(!s6rc_state_read(dirfd, got, 3));
  CHECK_ERRNO(EPROTO);
  put(dirfd, S6RC_STATE_FILE, "\1\4\1", 3);
  CHECK(!s6rc_state_read(dirfd, got, 3));
  CHECK_ERRNO(EPROTO);
  put(dirfd, S6RC_STATE_FILE, "", 0);
  CHECK(!s6rc_state_read(dirfd, got, 3));
  CHECK_ERRNO(EPROTO);
  CHECK(!unlinkat(dirfd, S6RC_STATE_FILE, 0));
  CHECK(!mkfifoat(dirfd, S6RC_STATE_FILE, 0600));
  CHECK(!s6rc_state_read(dirfd, got, 3));
  CHECK_ERRNO(EPROTO);
  CHECK_INT(s6rc_state_open(dirfd), -1);
  CHECK(!unlinkat(dirfd, S6RC_STATE_FILE, 0));
  CHECK(!mkdirat(dirfd, S6RC_STATE_FILE, 0700));
  CHECK(!s6rc_state_read(dirfd, got, 3));
  CHECK_ERRNO(EPROTO);
}

/* A write that fails leaves the old file as it was, and nothing else. */
TEST(failed_writes)
{
  static unsigned char const before[] = {1, 3}, after[] = {0, 0};
  unsigned char got[2];
  int dirfd = open_dir();
  CHECK(s6rc_state_write(dirfd, before, 2));
  CHECK(!mkdirat(dirfd, S6RC_STATE_FILE ".new", 0700));
  CHECK(!s6rc_state_write(dirfd, after, 2));
  CHECK(s6rc_state_read(dirfd, got, 2));
  CHECK_MEM(got, before, 2);
  CHECK(!unlinkat(dirfd, S6RC_STATE_FILE ".new", AT_REMOVEDIR));
  CHECK(!unlinkat(dirfd, S6RC_STATE_FILE, 0));
  CHECK(!mkdirat(dirfd, S6RC_STATE_FILE, 0700));
  CHECK(!s6rc_state_write(dirfd, after, 2));
  CHECK_INT(faccessat(dirfd, S6RC_STATE_FILE ".new", F_OK, 0), -1);
}
