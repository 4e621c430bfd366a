/* ISC license. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/bytestr.h>

#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

#include "repo.h"

/* The last component of what a link of the current generation says, "" if
   there is no such link, null if there is no way to know. */
static char const *target(int dirfd, char const *name, stralloc *sa)
{
  char const *slash;
  if (dirfd < 0) return "";
  if (!s6rc_path_readlinkat(sa, dirfd, name)) return errno == ENOENT ? "" : 0;
  slash = strrchr(sa->s, '/');
  return slash ? slash + 1 : sa->s;
}

static void sweep_top(repo *r, repo_names *names)
{
  stralloc sa = STRALLOC_ZERO;
  char const *reference = target(r->current, REPO_REFERENCE, &sa);
  char const *current = r->current >= 0 ? r->name.s : "";
  for (size_t i = 0; reference && i < repo_names_n(names); i++) {
    char const *name = repo_names_get(names, i);
    if ((str_start(name, REPO_GENERATION) && strcmp(name, current)) ||
        (str_start(name, REPO_REFERENCES) && strcmp(name, reference)) || str_start(name, REPO_NEW))
      s6rc_treeremoveat(r->fd, name);
  }
  stralloc_free(&sa);
}

/* Databases, SET:XXXXXX, that the link of their set does not lead to. */
static void sweep_compiled(repo *r, repo_names *names)
{
  stralloc sa = STRALLOC_ZERO, link = STRALLOC_ZERO;
  for (size_t i = 0; i < repo_names_n(names); i++) {
    char const *name = repo_names_get(names, i);
    size_t len = str_rchr(name, ':');
    char const *committed;
    if (!name[len]) continue;
    if (!stralloc_copys(&link, REPO_COMMITTED "/") || !stralloc_catb(&link, name, len) || !stralloc_0(&link))
      break;
    committed = target(r->current, link.s, &sa);
    if (committed && strcmp(committed, name) && stralloc_copys(&link, REPO_COMPILED "/") &&
        stralloc_cats(&link, name) && stralloc_0(&link))
      s6rc_treeremoveat(r->fd, link.s);
  }
  stralloc_free(&sa);
  stralloc_free(&link);
}

void repo_sweep(repo *r)
{
  int e = errno;
  repo_names names = {STRALLOC_ZERO, GENALLOC_ZERO};
  if (repo_names_read(&names, r->fd, ".")) sweep_top(r, &names);
  if (repo_names_read(&names, r->fd, REPO_COMPILED)) sweep_compiled(r, &names);
  repo_names_free(&names);
  errno = e;
}
