/* ISC license. */

/* The checks of test.h that hold. That the others are noticed is tested in
   tests/build/runner.sh. */

#include <fcntl.h>

#include "test.h"

TEST(checks_that_hold)
{
  CHECK(1 + 1 == 2);
  CHECK_INT(-1, -1L);
  CHECK_INT(UINT32_MAX, 4294967295);
  CHECK_STR("", "");
  CHECK_MEM("a\0b", "a\0c", 2);
  errno = ENOENT;
  CHECK_ERRNO(ENOENT);
}

TEST(a_check_evaluates_once)
{
  int n = 0;
  CHECK_INT(++n, 1);
  CHECK(++n == 2);
  CHECK_INT(n, 2);
}

TEST(directory)
{
  char const *dir = test_dir();
  int fd = open(dir, O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  CHECK_STR(test_dir(), dir);
}
