/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>

#include <s6-rc/file.h>
#include <s6-rc/livedir.h>
#include <s6-rc/lock.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/trust.h>

#include "install-internal.h"

int repo_install_lock(char const *path)
{
  stralloc sa = STRALLOC_ZERO;
  int fd = -1, ok = s6rc_path_set(&sa, path) && s6rc_path_push(&sa, REPO_INSTALL_LOCK);
  if (ok) {
    fd = open(sa.s, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, S6RC_MODE_LOCK);
    ok = fd >= 0 && !fchmod(fd, S6RC_MODE_LOCK) && fd_lock(fd, 1, 0) > 0;
  }
  int e = errno;
  if (!ok && fd >= 0) close(fd);
  stralloc_free(&sa);
  errno = e;
  return ok;
}

/* Is directory path the same as above, or somewhere below it? 1, 0; -1 and
   errno. */
static int is_within(char const *path, char const *above)
{
  stralloc a = STRALLOC_ZERO, b = STRALLOC_ZERO;
  int r =
      sarealpath(&a, path) < 0 || sarealpath(&b, above) < 0 || !stralloc_0(&a) || !stralloc_0(&b) ? -1 : 0;
  int e = errno;
  if (!r) {
    size_t len = strlen(b.s);
    r = !strncmp(a.s, b.s, len) && (len == 1 || !a.s[len] || a.s[len] == '/');
  }
  stralloc_free(&a);
  stralloc_free(&b);
  errno = e;
  return r;
}

/* --- the boot link */

/* Puts the directory part of a path, with its slash. */
static int put_directory(stralloc *sa, char const *path)
{
  size_t len = strlen(path);
  while (len > 1 && path[len - 1] == '/') len--;
  while (len && path[len - 1] != '/') len--;
  return stralloc_catb(sa, path, len);
}

/* Where what the boot link says is. */
static int resolve(repo_install const *x, char const *text, stralloc *path)
{
  path->len = 0;
  return (*text == '/' || put_directory(path, x->boot)) && stralloc_cats(path, text) && stralloc_0(path);
}

static int read_link(repo *r, repo_install *x)
{
  struct stat st;
  int trusted = s6rc_trusts_path(x->boot);
  x->target.len = 0;
  if (!trusted) return (errno = EPERM, repo_failed_untrusted(r, x->boot));
  if (!s6rc_path_readlinkat(&x->target, AT_FDCWD, x->boot)) return 0;
  if (!resolve(x, x->target.s, &x->old)) return repo_failed(r, "read the boot link", 0, 0);
  return !stat(x->boot, &st) && (S_ISDIR(st.st_mode) || (errno = ENOTDIR, 0));
}

/* Is the directory that path is in the same as above, or below it? */
static int is_in(char const *path, char const *above)
{
  stralloc dir = STRALLOC_ZERO;
  int r = put_directory(&dir, path) && stralloc_cats(&dir, ".") && stralloc_0(&dir) ? is_within(dir.s, above)
                                                                                    : -1;
  int e = errno;
  stralloc_free(&dir);
  errno = e;
  return r;
}

/* 1, 0; -1 and errno */
static int is_database(char const *path)
{
  int r = -1, fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    r = repo_install_has_shape(fd, REPO_WHOLE);
    int e = errno;
    close(fd);
    errno = e;
  }
  return r;
}

/* Where the boot link leads, a new database is put beside it, and in the end it
   is removed: neither the link nor the new one must be in it, nor it in the
   repository. */
static int check_target(repo *r, repo_install *x)
{
  int around = is_in(x->boot, x->old.s);
  int inside = around >= 0 ? is_within(x->old.s, r->path) : -1;
  int fresh = inside >= 0 ? is_in(x->fresh.s, x->old.s) : -1;
  int removable = fresh >= 0 ? is_database(x->old.s) : -1;
  if (removable < 0) return repo_cannot(r, "look where boot database ", x->boot, " leads");
  x->stays = !removable;
  if (!around && !inside && !fresh) return 1;
  errno = EPERM;
  return repo_cannot(r, "replace ", x->old.s, ", to which boot database ", x->boot, " leads: ",
                     around   ? "the link is in it"
                     : inside ? "it is in the repository"
                              : "the new one would be in it");
}

/* Beside the target, SET:XXXXXX. */
static int choose(repo_install *x, char const *set)
{
  stralloc prefix = STRALLOC_ZERO;
  int ok = (!x->target.len || put_directory(&prefix, x->target.s)) && stralloc_cats(&prefix, set) &&
           stralloc_cats(&prefix, ":") && stralloc_0(&prefix) && repo_unique(&x->text, prefix.s) &&
           resolve(x, x->text.s, &x->fresh);
  stralloc_free(&prefix);
  return ok;
}

int repo_install_look(repo *r, repo_install *x, char const *set, int first)
{
  if (!read_link(r, x)) {
    if (errno != ENOENT || !first || x->target.len) return 0;
    x->old.len = 0;
  }
  if (!choose(x, set)) return repo_failed(r, "choose a name for", REPO_COMPILED, set);
  return !x->old.len || check_target(r, x);
}

/* Syncs the directory that a path is in. */
static int sync_parent(char const *path)
{
  stralloc sa = STRALLOC_ZERO;
  int fd = -1, ok;
  if (put_directory(&sa, path) && stralloc_cats(&sa, ".") && stralloc_0(&sa))
    fd = open(sa.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ok = fd >= 0 && s6rc_sync_directory(fd);
  int e = errno;
  if (fd >= 0) close(fd);
  stralloc_free(&sa);
  errno = e;
  return ok;
}

/* The directory that the link will be in. */
static int make_directory(repo_install const *x)
{
  stralloc sa = STRALLOC_ZERO;
  int ok = put_directory(&sa, x->boot) && stralloc_0(&sa);
  if (ok && access(sa.s, F_OK) < 0)
    ok = errno == ENOENT && (sa.s[sa.len - 2] = 0, repo_make_directory(sa.s) || errno == EEXIST);
  int e = errno;
  stralloc_free(&sa);
  errno = e;
  return ok;
}

static int copy(repo *r, repo_install *x, char const *set, stralloc *where)
{
  stralloc path = STRALLOC_ZERO;
  int fd = -1, copied = -1;
  int ok = s6rc_path_set(&path, REPO_COMMITTED) && s6rc_path_push(&path, set) &&
           (fd = openat(r->current, path.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0 &&
           s6rc_treecopyat(fd, REPO_COMMITTED_DB, AT_FDCWD, x->fresh.s, 0, 1, where) &&
           (copied = open(x->fresh.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0 && s6rc_sync_files(copied);
  int e = errno;
  if (fd >= 0) close(fd);
  if (copied >= 0) close(copied);
  stralloc_free(&path);
  errno = e;
  return ok;
}

int repo_install_copy(repo *r, repo_install *x, char const *set, int remove_old, s6rc_damage *damage)
{
  stralloc text = STRALLOC_ZERO, where = STRALLOC_ZERO;
  s6rc_db db;
  int ok;
  damage->what = 0;
  if (!stralloc_copy(&text, &x->leftovers) || !repo_install_put_group(&text, x->boot, x->live) ||
      !repo_install_put_db(&text, REPO_COPIED, x->fresh.s) ||
      (remove_old && x->old.len && !x->stays && !repo_install_put_db(&text, REPO_REMOVED, x->old.s)))
    return repo_failed(r, "write", REPO_INSTALLING, 0);
  if (!repo_install_note(r, &text)) return 0;
  ok = make_directory(x) && copy(r, x, set, &where);
  if (!ok) {
    repo_cannot(r, "copy the database of the set to ", x->fresh.s, where.len ? ": " : "",
                where.len ? where.s : "");
  } else if (!s6rc_db_open(&db, x->fresh.s)) {
    ok = 0;
    if (errno == EPROTO || errno == EPROTOTYPE || errno == ENOENT)
      damage->what = "it cannot be opened";
    else
      repo_cannot(r, "open ", x->fresh.s);
  } else {
    ok = s6rc_db_check(&db, damage);
    if (!ok && errno != EPROTO) {
      damage->what = 0;
      repo_cannot(r, "check ", x->fresh.s);
    }
    s6rc_db_close(&db);
  }
  int e = errno;
  stralloc_free(&text);
  stralloc_free(&where);
  errno = e;
  return ok;
}

int repo_install_swap(repo_install *x)
{
  stralloc name = STRALLOC_ZERO;
  /* one that is there is nobody's that we wait for: we hold the lock */
  int ok = repo_install_link_name(&name, x->boot) && (!unlink(name.s) || errno == ENOENT) &&
           !symlink(x->text.s, name.s);
  if (ok) {
    ok = !rename(name.s, x->boot);
    int e = errno;
    if (!ok) unlink(name.s);
    errno = e;
    if (ok && !sync_parent(x->boot)) ok = -1;
  }
  int e = errno;
  stralloc_free(&name);
  errno = e;
  return ok;
}

void repo_install_undo(repo *r, repo_install *x)
{
  int e = errno;
  if (repo_install_remove(x->fresh.s, REPO_COPIED) > 0) repo_install_forget(r, x);
  errno = e;
}

int repo_install_finish(repo *r, repo_install *x, repo_old what)
{
  if (what != REPO_OLD_STAYS && x->old.len && !x->stays &&
      (!repo_install_put_group(&x->leftovers, x->boot, x->live) ||
       !repo_install_put_db(&x->leftovers, REPO_REMOVED, x->old.s)))
    return repo_failed(r, "write", REPO_INSTALLING, 0);
  /* so far, all of these may be in use */
  x->error = EBUSY;
  return repo_install_forget(r, x) && (what == REPO_OLD_LATER || repo_install_sweep(r, x));
}
