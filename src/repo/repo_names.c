/* ISC license. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include <s6-rc/file.h>
#include <s6-rc/path.h>

#include "repo.h"

void repo_names_free(repo_names *x)
{
  stralloc_free(&x->text);
  genalloc_free(char const *, &x->s);
}

static int compare(void const *a, void const *b)
{
  return strcmp(*(char const *const *)a, *(char const *const *)b);
}

static int gather(DIR *dir, stralloc *text, int all)
{
  for (;;) {
    errno = 0;
    struct dirent const *d = readdir(dir);
    if (!d) return !errno;
    if (all ? s6rc_is_dots(d->d_name) : d->d_name[0] == '.') continue;
    if (!stralloc_catb(text, d->d_name, strlen(d->d_name) + 1)) return 0;
  }
}

/* Pointers to the strings of the text, which must not move any more. */
static int point(repo_names *x)
{
  for (size_t i = 0; i < x->text.len; i += strlen(x->text.s + i) + 1) {
    char const *s = x->text.s + i;
    if (!genalloc_append(char const *, &x->s, &s)) return 0;
  }
  return 1;
}

static int read_names(repo_names *x, int dirfd, char const *name, int all)
{
  int ok, e;
  int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd < 0 ? 0 : fdopendir(fd);
  x->text.len = 0;
  genalloc_setlen(char const *, &x->s, 0);
  if (!dir) {
    if (fd >= 0) fd_close(fd);
    return 0;
  }
  ok = gather(dir, &x->text, all) && point(x);
  e = errno;
  closedir(dir);
  errno = e;
  if (ok && repo_names_n(x) > 1)
    qsort(genalloc_s(char const *, &x->s), repo_names_n(x), sizeof(char const *), &compare);
  return ok;
}

int repo_names_read(repo_names *x, int dirfd, char const *name)
{
  return read_names(x, dirfd, name, 0);
}

int repo_names_read_all(repo_names *x, int dirfd, char const *name)
{
  return read_names(x, dirfd, name, 1);
}

/* One path a line. */
int repo_stores(repo *r, repo_names *x)
{
  x->text.len = 0;
  genalloc_setlen(char const *, &x->s, 0);
  if (!repo_slurp(r->current, REPO_STORES, &x->text))
    return repo_failed(r, "read", REPO_CURRENT, REPO_STORES);
  for (size_t i = 0; i < x->text.len; i++)
    if (x->text.s[i] == '\n') x->text.s[i] = 0;
  if (!x->text.len || x->text.s[x->text.len - 1])
    return repo_wrong(r, "the list of stores in ", r->path, "/" REPO_CURRENT "/" REPO_STORES " is damaged");
  return point(x) || repo_failed(r, "read", REPO_CURRENT, REPO_STORES);
}

int repo_sets(repo *r, repo_names *x)
{
  return repo_names_read(x, r->current, REPO_SETS) || repo_failed(r, "read", REPO_CURRENT, REPO_SETS);
}

int repo_setname_legal(char const *s)
{
  return *s && *s != '.' && !s[strcspn(s, "/\n")] && strlen(s) <= REPO_SETNAME_MAX;
}

int repo_set_exists(repo *r, char const *set)
{
  stralloc path = STRALLOC_ZERO;
  int found;
  if (!repo_setname_legal(set)) return 0;
  found = s6rc_path_set(&path, REPO_SETS) && s6rc_path_push(&path, set) &&
          !faccessat(r->current, path.s, F_OK, 0);
  if (!found && errno != ENOENT) {
    repo_failed(r, "look for", REPO_CURRENT "/" REPO_SETS, set);
    found = -1;
  }
  stralloc_free(&path);
  return found;
}
