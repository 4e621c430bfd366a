/* ISC license. */

/* For unit tests: writing definitions below test_dir(), reading them back. */

#ifndef S6RC_TEST_DEFINITIONS_H
#define S6RC_TEST_DEFINITIONS_H

#include <fcntl.h>

#include "source/source.h"

#include "test.h"

/* Puts len bytes into path, making the directories on the way. */
static inline void put(char const *path, char const *s, size_t len)
{
  char file[512];
  int fd;
  snprintf(file, sizeof file, "%s/%s", test_dir(), path);
  for (char *p = strchr(file, '/'); p; p = strchr(p + 1, '/')) {
    *p = 0;
    if (mkdir(file, 0755) < 0 && errno != EEXIST) FAIL(file);
    *p = '/';
  }
  fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || write(fd, s, len) != (ssize_t)len || close(fd) < 0) FAIL(file);
}

static inline void puts_to(char const *path, char const *s)
{
  put(path, s, strlen(s));
}

/* Reads the source directory "s". */
static inline void read_definitions(source *src, unsigned int verbosity)
{
  static char dir[512];
  static char const *dirs[1];
  snprintf(dir, sizeof dir, "%s/s", test_dir());
  dirs[0] = dir;
  CHECK(source_read(src, dirs, 1, verbosity));
  source_sort_complaints(src);
}

/* Complaint number i, without the test's directory. */
static inline char const *complaint(source const *src, size_t i)
{
  CHECK(i < genalloc_len(source_complaint, &src->complaints));
  char const *s = src->complaint_text.s + genalloc_s(source_complaint, &src->complaints)[i].start;
  return strchr(s, '/') + 1;
}

#define CHECK_COMPLAINTS(src, n) CHECK_INT(genalloc_len(source_complaint, &(src)->complaints), n)

#endif
