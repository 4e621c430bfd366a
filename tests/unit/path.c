/* ISC license. */

/* The growable path. */

#include <fcntl.h>

#include <s6-rc/path.h>

#include "test.h"

static void check_path(stralloc const *p, char const *wanted)
{
  CHECK_STR(p->s, wanted);
  CHECK_INT(p->len, strlen(wanted));
}

TEST(push_and_pop)
{
  stralloc p = STRALLOC_ZERO;
  size_t len;
  CHECK(s6rc_path_set(&p, "/a"));
  check_path(&p, "/a");
  len = p.len;
  CHECK(s6rc_path_push(&p, "b c"));
  check_path(&p, "/a/b c");
  CHECK(s6rc_path_push(&p, "d"));
  check_path(&p, "/a/b c/d");
  s6rc_path_pop(&p, len);
  check_path(&p, "/a");
  CHECK(s6rc_path_set(&p, "x"));
  check_path(&p, "x");
  s6rc_path_pop(&p, 0);
  check_path(&p, "");
  stralloc_free(&p);
}

TEST(slashes)
{
  stralloc p = STRALLOC_ZERO;
  CHECK(s6rc_path_push(&p, "rel"));
  check_path(&p, "rel");
  CHECK(s6rc_path_set(&p, "/"));
  CHECK(s6rc_path_push(&p, "a"));
  check_path(&p, "/a");
  CHECK(s6rc_path_set(&p, "a/"));
  CHECK(s6rc_path_push(&p, "b"));
  check_path(&p, "a/b");
  CHECK(s6rc_path_set(&p, ""));
  check_path(&p, "");
  CHECK(s6rc_path_push(&p, "b"));
  check_path(&p, "b");
  stralloc_free(&p);
}

TEST(part_of_a_string)
{
  stralloc p = STRALLOC_ZERO;
  CHECK(s6rc_path_set(&p, "a"));
  CHECK(s6rc_path_pushb(&p, "bcd", 2));
  check_path(&p, "a/bc");
  CHECK(s6rc_path_pushb(&p, "", 0));
  check_path(&p, "a/bc/");
  CHECK(s6rc_path_pushb(&p, "d", 1));
  check_path(&p, "a/bc/d");
  stralloc_free(&p);
}

/* The NUL behind it is there however long it gets. */
TEST(growth)
{
  stralloc p = STRALLOC_ZERO;
  for (size_t i = 1; i <= 5000; i++) {
    CHECK(s6rc_path_push(&p, "x"));
    CHECK_INT(p.len, 2 * i - 1);
    CHECK_INT(strlen(p.s), p.len);
  }
  for (size_t i = 5000; i--;) {
    s6rc_path_pop(&p, i ? 2 * i - 1 : 0);
    CHECK_INT(strlen(p.s), p.len);
  }
  stralloc_free(&p);
}

TEST(links)
{
  static size_t const lengths[] = {1, 62, 63, 64, 65, 127, 128, 129, 4000};
  stralloc p = STRALLOC_ZERO;
  char text[4001];
  int fd = open(test_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CHECK(fd >= 0);
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    memset(text, 'x', lengths[i]);
    text[lengths[i]] = 0;
    CHECK(!symlinkat(text, fd, "link"));
    CHECK(s6rc_path_readlinkat(&p, fd, "link"));
    check_path(&p, text);
    CHECK(!unlinkat(fd, "link", 0));
  }
  CHECK(!s6rc_path_readlinkat(&p, fd, "link"));
  CHECK_ERRNO(ENOENT);
  CHECK(!mkdirat(fd, "link", 0700));
  CHECK(!s6rc_path_readlinkat(&p, fd, "link"));
  CHECK_ERRNO(EINVAL);
  stralloc_free(&p);
}
