/* ISC license. */

/* Filling the fd-holder: the list of names. What is stored is tested with a
   real fd-holder in tests/tools/fdholder-filler.sh. */

#include <fcntl.h>

#include <skalibs/buffer.h>

#include "fdholder/fdholder.h"

#include <s6-rc/types.h>

#include "test.h"

static stralloc names = STRALLOC_ZERO;
static size_t n, line;

/* Reads a list from a file. 1; 0 and errno, as the function does. */
static int read_list(char const *s, size_t len)
{
  char path[64], buf[16]; /* lines are longer than that */
  buffer b;
  int fd, r;
  snprintf(path, sizeof path, "%s/list", test_dir());
  fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  CHECK(fd >= 0);
  CHECK_INT(write(fd, s, len), len);
  CHECK(!lseek(fd, 0, SEEK_SET));
  buffer_init(&b, &buffer_read, fd, buf, sizeof buf);
  names.len = 0;
  r = fdholder_read_names(&b, &names, &n, &line);
  int e = errno;
  close(fd);
  errno = e;
  return r;
}
#define READ(s) read_list(s, sizeof(s) - 1)

static void check_names(char const *const *wanted)
{
  char const *s = names.s;
  size_t i = 0;
  for (; wanted[i]; i++, s += strlen(s) + 1) {
    CHECK(i < n);
    CHECK_STR(s, wanted[i]);
  }
  CHECK_INT(n, i);
  CHECK_INT(names.len, i ? s - names.s : 0);
}
#define NAMES(...) check_names((char const *const[]){__VA_ARGS__, 0})

TEST(plain_lines)
{
  CHECK(READ(""));
  NAMES(0);
  CHECK(READ("a\nb c \n\t d\n"));
  NAMES("a", "b c ", "d");
  CHECK(READ("\n\n  \n\t\n# comment\n  # another\na#b\nlast"));
  NAMES("a#b", "last");
  CHECK(READ("\n"));
  NAMES(0);
  CHECK(READ("a\r\n"));
  NAMES("a\r");
}

TEST(lines_with_a_slash)
{
  CHECK(READ("/a\n/ b \n/#c\n/\303\251\n/\\\n/last"));
  NAMES("a", " b ", "#c", "\303\251", "\\", "last");
  /* only at the very start */
  CHECK(READ(" /a\n"));
  NAMES("/a");
}

TEST(what_is_no_name)
{
  CHECK(!READ("a\n/\nb\n"));
  CHECK_ERRNO(EINVAL);
  CHECK_INT(line, 2);
  CHECK_INT(n, 1);
  CHECK(!READ("a\n\nb\0c\n"));
  CHECK_ERRNO(EINVAL);
  CHECK_INT(line, 3);
  CHECK(!READ("/a\0\n"));
  CHECK_ERRNO(EINVAL);
  CHECK_INT(line, 1);
}

TEST(long_names)
{
  char s[S6RC_PIPE_NAME_MAX + 3];
  memset(s, 'x', sizeof s);
  s[0] = '/';
  s[S6RC_PIPE_NAME_MAX + 1] = '\n';
  CHECK(read_list(s, S6RC_PIPE_NAME_MAX + 2));
  CHECK_INT(n, 1);
  CHECK_INT(names.len, S6RC_PIPE_NAME_MAX + 1);
  s[S6RC_PIPE_NAME_MAX + 1] = 'x';
  s[S6RC_PIPE_NAME_MAX + 2] = '\n';
  CHECK(!read_list(s, S6RC_PIPE_NAME_MAX + 3));
  CHECK_ERRNO(ENAMETOOLONG);
  CHECK_INT(line, 1);
  CHECK_INT(n, 0);
  CHECK_INT(strlen(names.s), S6RC_PIPE_NAME_MAX + 1);
}

TEST(read_errors)
{
  char buf[64];
  buffer b;
  int fd = open(test_dir(), O_RDONLY);
  CHECK(fd >= 0);
  buffer_init(&b, &buffer_read, fd, buf, sizeof buf);
  CHECK(!fdholder_read_names(&b, &names, &n, &line));
  CHECK_ERRNO(EISDIR);
  CHECK_INT(line, 0);
}

/* Nothing to do needs no fd-holder; what cannot be stored is named. */
TEST(filling)
{
  static s6_fdholder_t a = S6_FDHOLDER_ZERO;
  tain deadline;
  char const *failed;
  char list[S6RC_PIPE_NAME_MAX + 8] = "ab";
  tain_now_set_stopwatch_g();
  tain_addsec_g(&deadline, 10);
  s6_fdholder_init(&a, open("/dev/null", O_RDWR | O_NONBLOCK));
  CHECK(fdholder_fill(&a, "", 0, &deadline, &failed));
  memset(list + 3, 'x', S6RC_PIPE_NAME_MAX + 1);
  CHECK(!fdholder_fill(&a, list + 3, 1, &deadline, &failed));
  CHECK_ERRNO(ENAMETOOLONG);
  CHECK(failed == list + 3);
  CHECK(!fdholder_fill(&a, list, 1, &deadline, &failed));
  CHECK_ERRNO(ENOTSOCK);
  CHECK_STR(failed, "ab");
  s6_fdholder_free(&a);
}
