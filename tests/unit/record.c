/* ISC license. */

/* The records of transitions: their bytes, reading, writing, damage. */

#include <fcntl.h>

#include <s6-rc/dbformat.h>
#include <s6-rc/lock.h>
#include <s6-rc/record.h>
#include <s6-rc/types.h>

#include "test.h"

static s6rc_record const full = {.direction = S6RC_RECORD_DOWN,
                                 .result = S6RC_RESULT_TIMEDOUT,
                                 .value = 3000,
                                 .run = 7,
                                 .begin = {.sec = {0x4000000012345678}, .nano = 999999999},
                                 .end = {.sec = {0x4000000012345679}, .nano = 1},
                                 .monobegin = 0x0102030405060708,
                                 .monoend = 0x1112131415161718};

static int open_dir(void)
{
  int fd = open(test_dir(), O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  return fd;
}

static void put_file(int dirfd, char const *name, void const *s, size_t len)
{
  int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  CHECK(fd >= 0);
  CHECK_INT(write(fd, s, len), len);
  close(fd);
}

static void put(int dirfd, void const *s, size_t len)
{
  put_file(dirfd, S6RC_RECORDS_FILE, s, len);
}

/* At most max bytes of the file; how many it has. */
static size_t get(int dirfd, unsigned char *s, size_t max)
{
  int fd = openat(dirfd, S6RC_RECORDS_FILE, O_RDONLY);
  ssize_t r;
  CHECK(fd >= 0);
  r = read(fd, s, max);
  CHECK(r >= 0);
  close(fd);
  return (size_t)r;
}

static void check_same(s6rc_record const *got, s6rc_record const *wanted)
{
  CHECK_INT(got->direction, wanted->direction);
  CHECK_INT(got->result, wanted->result);
  CHECK_INT(got->value, wanted->value);
  CHECK_INT(got->run, wanted->run);
  CHECK_INT(got->begin.sec.x, wanted->begin.sec.x);
  CHECK_INT(got->begin.nano, wanted->begin.nano);
  CHECK_INT(got->end.sec.x, wanted->end.sec.x);
  CHECK_INT(got->end.nano, wanted->end.nano);
  CHECK_INT(got->monobegin, wanted->monobegin);
  CHECK_INT(got->monoend, wanted->monoend);
}

static uint32_t open_run(int dirfd, uint32_t n, s6rc_records_found wanted)
{
  s6rc_records_found found;
  uint32_t run = 0;
  int fd = s6rc_records_open(dirfd, n, &run, &found);
  CHECK(fd >= 0);
  CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  CHECK_INT(found, wanted);
  close(fd);
  return run;
}

/* As s6-rc-formats(5) has it, but for the hash. */
TEST(bytes)
{
  static unsigned char const wanted[S6RC_RECORD_SIZE - 4] = {
      2,    0,    0,    0,    4,    0,    0,    0, 0xb8, 0x0b, 0,    0,    7,    0,    0,
      0,    0x78, 0x56, 0x34, 0x12, 0,    0,    0, 0x40, 0x79, 0x56, 0x34, 0x12, 0,    0,
      0,    0x40, 8,    7,    6,    5,    4,    3, 2,    1,    0x18, 0x17, 0x16, 0x15, 0x14,
      0x13, 0x12, 0x11, 0xff, 0xc9, 0x9a, 0x3b, 1, 0,    0,    0,    0,    0,    0,    0};
  unsigned char s[S6RC_RECORD_SIZE];
  s6rc_record r;
  s6rc_record_pack(s, &full);
  CHECK_MEM(s, wanted, sizeof wanted);
  CHECK_INT(s6rc_le32(s + 60), s6rc_hash_words(S6RC_HASH_INIT, s, 15));
  CHECK(s6rc_record_unpack(s, &r));
  check_same(&r, &full);
}

TEST(no_transition_is_zeros)
{
  static unsigned char const zero[S6RC_RECORD_SIZE];
  s6rc_record const none = {.direction = S6RC_RECORD_NONE, .result = S6RC_RESULT_DONE, .run = 3};
  unsigned char s[S6RC_RECORD_SIZE];
  s6rc_record r = full;
  s6rc_record_pack(s, &none);
  CHECK_MEM(s, zero, sizeof zero);
  CHECK(s6rc_record_unpack(s, &r));
  CHECK_INT(r.direction, S6RC_RECORD_NONE);
  CHECK_INT(r.run, 0);
}

/* Every changed bit is seen: also a record of which only a part was read. */
TEST(damaged_bytes)
{
  unsigned char s[S6RC_RECORD_SIZE];
  s6rc_record r;
  s6rc_record_pack(s, &full);
  for (size_t i = 0; i < sizeof s * 8; i++) {
    s[i / 8] ^= (unsigned char)(1U << i % 8);
    r = full;
    CHECK(!s6rc_record_unpack(s, &r));
    CHECK_ERRNO(EPROTO);
    CHECK_INT(r.direction, S6RC_RECORD_NONE);
    s[i / 8] ^= (unsigned char)(1U << i % 8);
  }
  for (size_t i = 1; i < sizeof s; i++) {
    unsigned char half[S6RC_RECORD_SIZE] = {0};
    memcpy(half, s, i);
    CHECK(!s6rc_record_unpack(half, &r));
  }
}

/* Values that this version does not know, in a record that is whole. */
TEST(unknown_values)
{
  s6rc_record bad[4] = {full, full, full, full}, r;
  bad[0].direction = S6RC_RECORD_NDIRS;
  bad[1].result = S6RC_NRESULTS;
  bad[2].begin.nano = 1000000000;
  bad[3].end.nano = 1000000000;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    unsigned char s[S6RC_RECORD_SIZE];
    s6rc_record_pack(s, bad + i);
    CHECK(!s6rc_record_unpack(s, &r));
    CHECK_ERRNO(EPROTO);
  }
}

TEST(written_and_read)
{
  s6rc_records const none = {.s = 0, .n = 3};
  s6rc_records_found found;
  s6rc_records all;
  s6rc_record r;
  struct stat st;
  uint32_t run = 0;
  int fd, dirfd = open_dir();
  for (mode_t mask = 0; mask <= 077; mask += 077) {
    umask(mask);
    CHECK(s6rc_records_write(dirfd, &none));
    CHECK(!fstatat(dirfd, S6RC_RECORDS_FILE, &st, 0));
    CHECK_INT(st.st_mode & 07777, 0644);
    CHECK_INT(st.st_size, 4 * S6RC_RECORD_SIZE);
    CHECK_INT(faccessat(dirfd, S6RC_RECORDS_NEW, F_OK, 0), -1);
  }
  fd = s6rc_records_open(dirfd, 3, &run, &found);
  CHECK(fd >= 0);
  CHECK_INT(found, S6RC_RECORDS_WHOLE);
  CHECK_INT(run, 1);
  CHECK(s6rc_record_set(fd, 2, &full));
  close(fd);
  CHECK(s6rc_records_read(&all, dirfd, 3));
  CHECK_INT(all.n, 3);
  CHECK_INT(all.lastrun, 1);
  CHECK(s6rc_records_get(&all, 2, &r));
  check_same(&r, &full);
  for (uint32_t i = 0; i < 5; i++) { /* numbers that no service has, too */
    if (i == 2) continue;
    r = full;
    CHECK(s6rc_records_get(&all, i, &r));
    CHECK_INT(r.direction, S6RC_RECORD_NONE);
  }
  /* a copy of it is the same file */
  unsigned char before[4 * S6RC_RECORD_SIZE + 1], after[sizeof before];
  CHECK_INT(get(dirfd, before, sizeof before), 4 * S6RC_RECORD_SIZE);
  CHECK(s6rc_records_write(dirfd, &all));
  CHECK_INT(get(dirfd, after, sizeof after), 4 * S6RC_RECORD_SIZE);
  CHECK_MEM(after, before, 4 * S6RC_RECORD_SIZE);
  s6rc_records_free(&all);
  /* of the first ones only */
  for (uint32_t wanted = 0; wanted <= 3; wanted++) {
    CHECK(s6rc_records_load(&all, dirfd, 3, wanted));
    CHECK_INT(all.n, wanted);
    CHECK(s6rc_records_get(&all, 2, &r));
    CHECK_INT(r.direction == S6RC_RECORD_NONE, wanted < 3);
    s6rc_records_free(&all);
  }
}

TEST(runs_are_counted)
{
  s6rc_records none = {.s = 0, .n = 2};
  s6rc_records_found found;
  s6rc_records all;
  uint32_t run = 9;
  int fd, dirfd = open_dir();
  CHECK(s6rc_records_write(dirfd, &none));
  CHECK_INT(open_run(dirfd, 2, S6RC_RECORDS_WHOLE), 1);
  CHECK_INT(open_run(dirfd, 2, S6RC_RECORDS_WHOLE), 2);
  /* one that goes on keeps its number, in another generation too */
  for (int i = 0; i < 2; i++) {
    fd = s6rc_records_open(dirfd, 2, &run, &found);
    CHECK(fd >= 0);
    close(fd);
    CHECK_INT(run, 9);
  }
  CHECK_INT(open_run(dirfd, 2, S6RC_RECORDS_WHOLE), 10);
  CHECK(s6rc_records_read(&all, dirfd, 2));
  CHECK_INT(all.lastrun, 10);
  s6rc_records_free(&all);
  none.lastrun = UINT32_MAX;
  CHECK(s6rc_records_write(dirfd, &none));
  CHECK_INT(open_run(dirfd, 2, S6RC_RECORDS_WHOLE), 1);
}

/* A live directory of an older version. */
TEST(absent)
{
  s6rc_records all = {.s = (unsigned char *)"", .n = 3};
  s6rc_record r = full;
  int dirfd = open_dir();
  CHECK(!s6rc_records_read(&all, dirfd, 2));
  CHECK_ERRNO(ENOENT);
  CHECK(s6rc_records_get(&all, 0, &r));
  CHECK_INT(r.direction, S6RC_RECORD_NONE);
  s6rc_records_free(&all);
  CHECK_INT(open_run(dirfd, 2, S6RC_RECORDS_ABSENT), 1);
  CHECK_INT(open_run(dirfd, 2, S6RC_RECORDS_WHOLE), 2);
}

/* One record that is damaged is not known; the others are. */
TEST(damaged_record)
{
  s6rc_records const none = {.s = 0, .n = 3};
  s6rc_records_found found;
  s6rc_records all;
  s6rc_record r;
  uint32_t run = 0;
  int fd, dirfd = open_dir();
  CHECK(s6rc_records_write(dirfd, &none));
  fd = s6rc_records_open(dirfd, 3, &run, &found);
  for (uint32_t i = 0; i < 3; i++) CHECK(s6rc_record_set(fd, i, &full));
  CHECK_INT(pwrite(fd, "x", 1, 2 * S6RC_RECORD_SIZE + 9), 1);
  close(fd);
  CHECK(s6rc_records_read(&all, dirfd, 3));
  CHECK(s6rc_records_get(&all, 0, &r));
  check_same(&r, &full);
  CHECK(!s6rc_records_get(&all, 1, &r));
  CHECK_ERRNO(EPROTO);
  CHECK_INT(r.direction, S6RC_RECORD_NONE);
  CHECK(s6rc_records_get(&all, 2, &r));
  check_same(&r, &full);
  s6rc_records_free(&all);
  CHECK_INT(open_run(dirfd, 3, S6RC_RECORDS_WHOLE), 2);
}

static void check_damaged(int dirfd)
{
  s6rc_records all;
  CHECK(!s6rc_records_read(&all, dirfd, 2));
  CHECK_ERRNO(EPROTO);
  CHECK(!all.s);
  CHECK_INT(open_run(dirfd, 2, S6RC_RECORDS_DAMAGED), 1);
  CHECK(s6rc_records_read(&all, dirfd, 2));
  s6rc_records_free(&all);
}

/* A file that cannot be ours is made anew. */
TEST(damaged_file)
{
  unsigned char whole[3 * S6RC_RECORD_SIZE + 1] = {0};
  s6rc_records none = {.s = 0, .n = 2};
  int dirfd = open_dir();
  CHECK(s6rc_records_write(dirfd, &none));
  CHECK_INT(get(dirfd, whole, sizeof whole), 3 * S6RC_RECORD_SIZE);
  for (size_t len = 0; len <= sizeof whole; len++) {
    if (len == 3 * S6RC_RECORD_SIZE) continue;
    put(dirfd, whole, len);
    check_damaged(dirfd);
  }
  for (size_t i = 0; i < S6RC_RECORD_SIZE; i++) {
    whole[i] ^= 0x10;
    put(dirfd, whole, sizeof whole - 1);
    check_damaged(dirfd);
    whole[i] ^= 0x10;
  }
  none.n = 3; /* whole, but for another database */
  CHECK(s6rc_records_write(dirfd, &none));
  check_damaged(dirfd);
}

TEST(not_a_file)
{
  s6rc_records_found found;
  s6rc_records all;
  uint32_t run = 0;
  int dirfd = open_dir();
  CHECK(!mkfifoat(dirfd, S6RC_RECORDS_FILE, 0600));
  check_damaged(dirfd);
  CHECK(!unlinkat(dirfd, S6RC_RECORDS_FILE, 0));
  CHECK(!symlinkat("elsewhere", dirfd, S6RC_RECORDS_FILE));
  CHECK(!s6rc_records_read(&all, dirfd, 2));
  CHECK_INT(open_run(dirfd, 2, S6RC_RECORDS_DAMAGED), 1);
  CHECK_INT(faccessat(dirfd, "elsewhere", F_OK, 0), -1);
  CHECK(!unlinkat(dirfd, S6RC_RECORDS_FILE, 0));
  CHECK(!mkdirat(dirfd, S6RC_RECORDS_FILE, 0700));
  CHECK(!s6rc_records_read(&all, dirfd, 2));
  CHECK_INT(s6rc_records_open(dirfd, 2, &run, &found), -1);
  CHECK_INT(faccessat(dirfd, S6RC_RECORDS_NEW, F_OK, 0), -1);
}

/* Another process that holds the live directory's lock, until it is let go. */
static pid_t hold_lock(int dirfd, int *go)
{
  int ready[2], end[2];
  char c;
  CHECK(!pipe(ready) && !pipe(end));
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (!pid) {
    close(end[1]);
    if (s6rc_lockat(dirfd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, 0) < 0 || write(ready[1], "", 1) < 1)
      _exit(1);
    _exit(read(end[0], &c, 1) != 0);
  }
  close(end[0]);
  close(ready[1]);
  CHECK_INT(read(ready[0], &c, 1), 1);
  *go = end[1];
  return pid;
}

static void check_over(int dirfd, uint32_t wanted)
{
  s6rc_record r = full;
  s6rc_records all;
  CHECK(s6rc_records_read(&all, dirfd, 1));
  CHECK_INT(all.over, wanted);
  r.result = S6RC_RESULT_UNDERWAY;
  for (r.run = 1; r.run <= 4; r.run++) CHECK_INT(s6rc_record_killed(&all, &r), r.run <= wanted);
  r.result = S6RC_RESULT_DONE;
  r.run = 1;
  CHECK(!s6rc_record_killed(&all, &r));
  s6rc_records_free(&all);
}

/* Which runs are over: all before the last one, and that too if nobody has the lock. */
TEST(runs_that_are_over)
{
  s6rc_records const three = {.s = 0, .n = 1, .lastrun = 3}, none = {.s = 0, .n = 1};
  s6rc_records all;
  int go, dirfd = open_dir();
  CHECK(s6rc_records_write(dirfd, &three));
  check_over(dirfd, 3); /* there is no lock to have */
  put_file(dirfd, S6RC_LOCK_FILE, "", 0);
  check_over(dirfd, 3);
  pid_t pid = hold_lock(dirfd, &go);
  check_over(dirfd, 2);
  close(go);
  CHECK_INT(waitpid(pid, 0, 0), pid);
  check_over(dirfd, 3);
  /* who has the lock itself does not look, and keeps it */
  CHECK(s6rc_lockat(dirfd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, 0) >= 0);
  CHECK(s6rc_records_load(&all, dirfd, 1, 1));
  CHECK_INT(all.over, 2);
  s6rc_records_free(&all);
  pid = fork();
  if (!pid) _exit(s6rc_lockat(dirfd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, 0) >= 0);
  int status;
  CHECK_INT(waitpid(pid, &status, 0), pid);
  CHECK_INT(status, 0);
  CHECK(s6rc_records_write(dirfd, &none));
  CHECK(s6rc_records_load(&all, dirfd, 1, 1));
  CHECK_INT(all.over, 0);
  s6rc_records_free(&all);
}

TEST(failed_writes)
{
  CHECK(!s6rc_record_set(-1, 0, &full));
  CHECK_ERRNO(EBADF);
}

TEST(clock)
{
  uint64_t first = s6rc_monotonic();
  CHECK(first);
  CHECK(s6rc_monotonic() >= first);
}
