/* ISC license. */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "reader.h"

static int compare(void const *a, void const *b)
{
  return strcmp(*(char const *const *)a, *(char const *const *)b);
}

/* Names first, pointers when the text no longer moves. */
static int read_names(entries *e, size_t *n)
{
  e->text.len = 0;
  *n = 0;
  for (;;) {
    errno = 0;
    struct dirent const *d = readdir(e->dir);
    if (!d) return !errno;
    if (d->d_name[0] == '.') continue;
    if (!stralloc_catb(&e->text, d->d_name, strlen(d->d_name) + 1)) return 0;
    ++*n;
  }
}

int entries_open(entries *e, int fd)
{
  size_t n;
  char const *s;
  genalloc_setlen(char const *, &e->names, 0);
  e->dir = fdopendir(fd);
  if (!e->dir) {
    fd_close(fd);
    return 0;
  }
  if (!read_names(e, &n) || !genalloc_ready(char const *, &e->names, n + 1)) {
    entries_close(e);
    return 0;
  }
  s = e->text.s;
  for (size_t i = 0; i < n; i++) {
    genalloc_s(char const *, &e->names)[i] = s;
    s += strlen(s) + 1;
  }
  genalloc_setlen(char const *, &e->names, n);
  qsort(e->names.s, n, sizeof(char const *), &compare);
  return 1;
}

void entries_close(entries *e)
{
  int err = errno;
  closedir(e->dir);
  errno = err;
}

void entries_free(entries *e)
{
  stralloc_free(&e->text);
  genalloc_free(char const *, &e->names);
}
