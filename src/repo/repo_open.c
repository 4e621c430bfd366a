/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>

#include <s6-rc/livedir.h>
#include <s6-rc/lock.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/trust.h>

#include "repo.h"

int repo_path(repo const *r, char const *dir, char const *name, stralloc *sa)
{
  return s6rc_path_set(sa, r->path) && (!dir || s6rc_path_push(sa, dir)) &&
         (!name || s6rc_path_push(sa, name));
}

int repo_failed(repo *r, char const *verb, char const *dir, char const *name)
{
  int e = errno;
  stralloc path = STRALLOC_ZERO;
  r->what.len = 0;
  if (repo_path(r, dir, name, &path)) repo_cannot(r, verb, " ", path.s);
  stralloc_free(&path);
  errno = e == EPROTO ? EIO : e;
  return 0;
}

static int set_what(repo *r, char const *const *texts)
{
  r->what.len = 0;
  while (*texts && stralloc_cats(&r->what, *texts)) texts++;
  if (!*texts && stralloc_0(&r->what)) return 1;
  r->what.len = 0;
  return 0;
}

int repo_failed_untrusted(repo *r, char const *path)
{
  int e = errno;
  set_what(r, (char const *const[]){
                  "use ", path,
                  ", which belongs to somebody else, in a directory that everybody may write to", 0});
  errno = e;
  return 0;
}

int repo_cannot_array(repo *r, char const *const *texts)
{
  int e = errno;
  set_what(r, texts);
  errno = e == EPROTO ? EIO : e;
  return 0;
}

int repo_wrong_array(repo *r, char const *const *texts)
{
  if (set_what(r, texts)) errno = EPROTO;
  return 0;
}

/* Opens the generation that the link leads to, if there is one. Without a lock
   it may go before it is opened: then the link leads to another one. */
static int open_current(repo *r)
{
  stralloc before = STRALLOC_ZERO;
  int ok = 0, e;
  for (;;) {
    if (!s6rc_path_readlinkat(&r->name, r->fd, REPO_CURRENT)) {
      ok = errno == ENOENT;
      break;
    }
    r->current = openat(r->fd, r->name.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    ok = r->current >= 0;
    if (ok || errno != ENOENT) break;
    if (before.len == r->name.len && !memcmp(before.s, r->name.s, before.len)) break;
    ok = stralloc_copy(&before, &r->name);
    if (!ok) break;
  }
  e = errno;
  stralloc_free(&before);
  errno = e;
  return ok;
}

int repo_unchanged(repo const *r)
{
  stralloc now = STRALLOC_ZERO;
  int same = r->fd < 0 || r->lock >= 0 ||
             (s6rc_path_readlinkat(&now, r->fd, REPO_CURRENT) && !strcmp(now.s, r->name.s));
  stralloc_free(&now);
  return same;
}

/* Everything but the directory itself: lock, generation. */
static int open_inside(repo *r, s6rc_lockmode mode)
{
  r->mode = mode;
  r->lock = s6rc_lockat(r->fd, REPO_LOCK, mode, 1);
  if (r->lock < 0 && errno == ENOENT)
    return repo_wrong(r, r->path, " is not a repository: there is no file " REPO_LOCK " in it");
  if (r->lock < 0 && (mode == S6RC_LOCK_EXCLUSIVE || errno != EACCES))
    return repo_failed(r, "lock", REPO_LOCK, 0);
  return open_current(r) || repo_failed(r, "open", REPO_CURRENT, 0);
}

static int open_dir(repo *r)
{
  r->fd = s6rc_open_trusted(r->path);
  return r->fd >= 0;
}

static int cannot_open(repo *r, char const *verb)
{
  return errno == EPERM ? repo_failed_untrusted(r, r->path) : repo_failed(r, verb, 0, 0);
}

int repo_open(repo *r, char const *path, s6rc_lockmode mode)
{
  *r = (repo)REPO_ZERO;
  r->path = path;
  if (!open_dir(r)) return cannot_open(r, "open");
  if (open_inside(r, mode) &&
      (r->current >= 0 ||
       repo_wrong(r, path, " is not a repository: s6-rc-repo-init has not come to its end in it"))) {
    if (mode == S6RC_LOCK_EXCLUSIVE) repo_sweep(r);
    return 1;
  }
  int e = errno;
  repo_close(r);
  errno = e;
  return 0;
}

/* The directories above the last component, as far as they are missing. */
static int make_parents(char const *path)
{
  stralloc sa = STRALLOC_ZERO;
  int ok = s6rc_path_set(&sa, path);
  for (size_t i = 1; ok && i < sa.len; i++) {
    struct stat st;
    if (sa.s[i] != '/' || sa.s[i - 1] == '/' || strspn(sa.s + i, "/") == sa.len - i) continue;
    sa.s[i] = 0;
    if (stat(sa.s, &st) < 0)
      ok = errno == ENOENT && (s6rc_mkdirat(AT_FDCWD, sa.s, S6RC_MODE_DIR) || errno == EEXIST);
    sa.s[i] = '/';
  }
  int e = errno;
  stralloc_free(&sa);
  errno = e;
  return ok;
}

int repo_make_directory(char const *path)
{
  return make_parents(path) && s6rc_mkdirat(AT_FDCWD, path, S6RC_MODE_DIR);
}

/* Is there nothing in it but what a run that was killed may have left? */
static int is_ours(repo *r)
{
  static char const *const prefixes[] = {REPO_LOCK, REPO_CURRENT, REPO_GENERATION, REPO_REFERENCES};
  repo_names names = {STRALLOC_ZERO, GENALLOC_ZERO};
  int ok = repo_names_read(&names, r->fd, ".") || repo_failed(r, "read", 0, 0);
  for (size_t i = 0; ok && i < repo_names_n(&names); i++) {
    char const *name = repo_names_get(&names, i);
    size_t k = 0, n = sizeof prefixes / sizeof *prefixes;
    while (k < n && strncmp(name, prefixes[k], strlen(prefixes[k]))) k++;
    if (k == n) ok = repo_wrong(r, r->path, " exists, and is not a repository: ", name, " is in it");
  }
  repo_names_free(&names);
  return ok;
}

static int create_inside(repo *r)
{
  struct stat st;
  if (fstatat(r->fd, REPO_LOCK, &st, AT_SYMLINK_NOFOLLOW) < 0) {
    if (errno != ENOENT) return repo_failed(r, "open", REPO_LOCK, 0);
    if (!is_ours(r)) return 0;
    if (!s6rc_writefileat(r->fd, REPO_LOCK, "", 0, S6RC_MODE_LOCK) && errno != EEXIST)
      return repo_failed(r, "create", REPO_LOCK, 0);
  }
  return open_inside(r, S6RC_LOCK_EXCLUSIVE);
}

int repo_create(repo *r, char const *path)
{
  *r = (repo)REPO_ZERO;
  r->path = path;
  if (!open_dir(r)) {
    if (errno != ENOENT) return cannot_open(r, "open");
    r->made = repo_make_directory(path);
    if ((!r->made && errno != EEXIST) || !open_dir(r)) return cannot_open(r, "create");
  }
  if (create_inside(r)) {
    repo_sweep(r);
    return 1;
  }
  int e = errno;
  repo_tidy(r);
  repo_close(r);
  errno = e;
  return 0;
}

void repo_tidy(repo *r)
{
  int e = errno;
  if (r->lock >= 0 && r->mode == S6RC_LOCK_EXCLUSIVE) {
    repo_sweep(r);
    if (r->current < 0) {
      unlinkat(r->fd, REPO_LOCK, 0);
      if (r->made) rmdir(r->path);
    }
  }
  errno = e;
}

void repo_close(repo *r)
{
  if (r->current >= 0) close(r->current);
  if (r->lock >= 0) close(r->lock);
  if (r->fd >= 0) close(r->fd);
  r->fd = r->lock = r->current = -1;
  stralloc_free(&r->name);
}
