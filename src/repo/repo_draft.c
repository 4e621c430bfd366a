/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/random.h>
#include <skalibs/unix-transactional.h>

#include <s6-rc/file.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

#include "repo.h"

/* characters in the unique part of a name; tries at one that nobody has */
enum { UNIQUE_LEN = 6, ATTEMPTS = 100 };

int repo_unique(stralloc *name, char const *prefix)
{
  if (!stralloc_copys(name, prefix) || !stralloc_readyplus(name, UNIQUE_LEN + 1)) return 0;
  random_name(name->s + name->len, UNIQUE_LEN);
  name->len += UNIQUE_LEN;
  return stralloc_0(name);
}

int repo_write(int dirfd, char const *name, char const *s, size_t len)
{
  int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S6RC_MODE_FILE);
  if (fd < 0) return 0;
  int ok = (!len || allwrite(fd, s, len) == len) && !fchmod(fd, S6RC_MODE_FILE) && !fsync(fd);
  if (ok)
    ok = !close(fd);
  else
    fd_close(fd);
  return ok;
}

int repo_slurp(int dirfd, char const *name, stralloc *text)
{
  text->len = 0;
  return openslurpclose_at(dirfd, name, text) && stralloc_readyplus(text, 1);
}

static int make_link(int dirfd, char const *target, char const *name)
{
  return !symlinkat(target, dirfd, name);
}

/* The unchanging files of a directory of the current generation, once more:
   regular ones by a hard link, symlinks by another one. */
static int repeat_all(int from, int to, repo_names const *names, int symlinks)
{
  stralloc target = STRALLOC_ZERO;
  int ok = 1;
  for (size_t i = 0; ok && i < repo_names_n(names); i++) {
    char const *name = repo_names_get(names, i);
    ok = symlinks ? s6rc_path_readlinkat(&target, from, name) && make_link(to, target.s, name)
                  : !linkat(from, name, to, name, 0);
  }
  int e = errno;
  stralloc_free(&target);
  errno = e;
  return ok;
}

static int repeat_dir(repo *r, int to, char const *dir, int symlinks)
{
  repo_names names = {STRALLOC_ZERO, GENALLOC_ZERO};
  int from = openat(r->current, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int ok = from >= 0 && repo_names_read(&names, from, ".") && repeat_all(from, to, &names, symlinks);
  int e = errno;
  if (from >= 0) close(from);
  repo_names_free(&names);
  errno = e;
  return ok;
}

static int repeat_files(repo *r, repo_draft *d)
{
  static char const *const files[] = {REPO_STORES, REPO_SYNCED, REPO_OPTIONAL};
  stralloc target = STRALLOC_ZERO;
  int ok = 1;
  for (size_t i = 0; ok && i < sizeof files / sizeof *files; i++)
    ok = !linkat(r->current, files[i], d->fd, files[i], 0) || errno == ENOENT;
  if (ok && s6rc_path_readlinkat(&target, r->current, REPO_REFERENCE))
    ok = make_link(d->fd, target.s, REPO_REFERENCE);
  else
    ok = ok && errno == ENOENT;
  int e = errno;
  stralloc_free(&target);
  errno = e;
  return ok && repeat_dir(r, d->sets, REPO_SETS, 0) && repeat_dir(r, d->committed, REPO_COMMITTED, 1);
}

static int make_dir(int dirfd, char const *name, int *fd)
{
  if (!s6rc_mkdirat(dirfd, name, S6RC_MODE_DIR)) return 0;
  *fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  return *fd >= 0;
}

int repo_draft_begin(repo *r, repo_draft *d, int blank)
{
  int ok = 0;
  *d = (repo_draft)REPO_DRAFT_ZERO;
  for (int i = 0; !ok && i < ATTEMPTS; i++) {
    if (!repo_unique(&d->name, REPO_GENERATION)) break;
    ok = make_dir(r->fd, d->name.s, &d->fd);
    if (!ok && errno != EEXIST) break;
  }
  ok = ok && make_dir(d->fd, REPO_SETS, &d->sets) && make_dir(d->fd, REPO_COMMITTED, &d->committed) &&
       (blank || repeat_files(r, d));
  if (ok) return 1;
  repo_failed(r, "create", d->name.len ? d->name.s : REPO_GENERATION, 0);
  repo_draft_abandon(r, d);
  return 0;
}

static int replace(repo *r, repo_draft *d, int dirfd, char const *dir, char const *name, char const *s,
                   size_t len)
{
  stralloc path = STRALLOC_ZERO;
  if ((!unlinkat(dirfd, name, 0) || errno == ENOENT) && repo_write(dirfd, name, s, len)) return 1;
  int e = errno;
  if (!s6rc_path_set(&path, d->name.s) || (dir && !s6rc_path_push(&path, dir))) path.len = 0;
  errno = e;
  repo_failed(r, "write", path.len ? path.s : REPO_GENERATION, name);
  stralloc_free(&path);
  return 0;
}

int repo_draft_file(repo *r, repo_draft *d, char const *name, char const *s, size_t len)
{
  return replace(r, d, d->fd, 0, name, s, len);
}

int repo_draft_set(repo *r, repo_draft *d, char const *set, char const *s, size_t len)
{
  return replace(r, d, d->sets, REPO_SETS, set, s, len);
}

int repo_draft_unset(repo *r, repo_draft *d, char const *set)
{
  return (!unlinkat(d->sets, set, 0) && (!unlinkat(d->committed, set, 0) || errno == ENOENT)) ||
         repo_failed(r, "remove", d->name.s, set);
}

static int relink(repo *r, repo_draft *d, int dirfd, char const *up, char const *target, char const *name)
{
  stralloc text = STRALLOC_ZERO;
  int ok = stralloc_cats(&text, up) && stralloc_cats(&text, target) && stralloc_0(&text) &&
           (!unlinkat(dirfd, name, 0) || errno == ENOENT) && make_link(dirfd, text.s, name);
  int e = errno;
  stralloc_free(&text);
  errno = e;
  return ok || repo_failed(r, "write", d->name.s, name);
}

int repo_draft_reference(repo *r, repo_draft *d, char const *target)
{
  return relink(r, d, d->fd, "../", target, REPO_REFERENCE);
}

int repo_draft_committed(repo *r, repo_draft *d, char const *set, char const *target)
{
  return relink(r, d, d->committed, "../../" REPO_COMPILED "/", target, set);
}

static void forget(repo_draft *d)
{
  int e = errno;
  if (d->fd >= 0) close(d->fd);
  if (d->sets >= 0) close(d->sets);
  if (d->committed >= 0) close(d->committed);
  stralloc_free(&d->name);
  *d = (repo_draft)REPO_DRAFT_ZERO;
  errno = e;
}

void repo_draft_abandon(repo *r, repo_draft *d)
{
  int e = errno;
  if (d->fd >= 0) s6rc_treeremoveat(r->fd, d->name.s);
  errno = e;
  forget(d);
}

/* current:XXXXXX, renamed to current. */
static int swap(repo *r, repo_draft const *d)
{
  stralloc name = STRALLOC_ZERO;
  int ok = repo_unique(&name, REPO_NEW) && make_link(r->fd, d->name.s, name.s);
  if (ok) {
    ok = !renameat(r->fd, name.s, r->fd, REPO_CURRENT);
    int e = errno;
    if (!ok) unlinkat(r->fd, name.s, 0);
    errno = e;
  }
  int e = errno;
  stralloc_free(&name);
  errno = e;
  return ok;
}

int repo_draft_publish(repo *r, repo_draft *d)
{
  int fd = -1;
  int ok = s6rc_sync_directory(d->sets) && s6rc_sync_directory(d->committed) && s6rc_sync_directory(d->fd) &&
           (fd = fcntl(d->fd, F_DUPFD_CLOEXEC, 0)) >= 0 && stralloc_ready(&r->name, d->name.len) &&
           swap(r, d);
  if (!ok) {
    repo_failed(r, "make current", d->name.s, 0);
    if (fd >= 0) fd_close(fd);
    repo_draft_abandon(r, d);
    return 0;
  }
  int synced = s6rc_sync_directory(r->fd), e = errno;
  if (r->current >= 0) close(r->current);
  r->current = fd;
  stralloc_copy(&r->name, &d->name);
  forget(d);
  errno = e;
  if (synced) return 1;
  repo_failed(r, "sync", 0, 0);
  return -1;
}
