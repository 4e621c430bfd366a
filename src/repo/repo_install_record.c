/* ISC license. */

/* The record of what installations have to remove: groups of lines boot, live,
   and databases. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/bytestr.h>

#include <s6-rc/file.h>
#include <s6-rc/live.h>
#include <s6-rc/path.h>

#include "install-internal.h"

#define INSTALLING_NEW REPO_INSTALLING ".new"

static char const boot_word[] = "boot ", live_word[] = "live ";
/* one that a live directory may use, or has used; one in the making */
static char const old_word[] = "old ", new_word[] = "db ";

/* Do both lead to the same directory? 1, 0; -1: there is no way to know */
static int same(char const *a, char const *b)
{
  struct stat x, y;
  if (stat(a, &x) < 0 || stat(b, &y) < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
  return s6rc_same_file(&x, &y);
}

/* 1, 0; -1: there is no way to know */
static int uses(char const *live, char const *db)
{
  stralloc path = STRALLOC_ZERO;
  int r = s6rc_path_set(&path, live) && s6rc_path_push(&path, S6RC_LIVE_COMPILED) ? same(path.s, db) : -1;
  stralloc_free(&path);
  return r;
}

int repo_is_live(repo_install const *x, char const *db)
{
  return uses(x->live, db) != 0;
}

static int put(stralloc *sa, char const *word, char const *path)
{
  return stralloc_cats(sa, word) && stralloc_cats(sa, path) && stralloc_cats(sa, "\n");
}

int repo_install_put_group(stralloc *sa, char const *boot, char const *live)
{
  return put(sa, boot_word, boot) && put(sa, live_word, live);
}

int repo_install_put_db(stralloc *sa, repo_shape shape, char const *db)
{
  return put(sa, shape == REPO_COPIED ? new_word : old_word, db);
}

int repo_install_note(repo *r, stralloc const *text)
{
  if ((!unlinkat(r->fd, INSTALLING_NEW, 0) || errno == ENOENT) &&
      repo_write(r->fd, INSTALLING_NEW, text->s, text->len) &&
      !renameat(r->fd, INSTALLING_NEW, r->fd, REPO_INSTALLING) && s6rc_sync_directory(r->fd))
    return 1;
  repo_failed(r, "write", REPO_INSTALLING, 0);
  int e = errno;
  unlinkat(r->fd, INSTALLING_NEW, 0);
  errno = e;
  return 0;
}

int repo_install_forget(repo *r, repo_install const *x)
{
  if (x->leftovers.len) return repo_install_note(r, &x->leftovers);
  if (!unlinkat(r->fd, REPO_INSTALLING, 0) || errno == ENOENT) return 1;
  return repo_failed(r, "remove", REPO_INSTALLING, 0);
}

int repo_install_link_name(stralloc *sa, char const *boot)
{
  return stralloc_copys(sa, boot) && stralloc_cats(sa, ":s6-rc-set-install") && stralloc_0(sa);
}

/* Removes a database of the record, unless it boots, so that it was not in
   vain; one that is in use stays in the record. What a live directory uses had
   been copied to its end. */
static int sweep_one(repo_install *x, char const *boot, char const *live, char const *db, repo_shape shape)
{
  int theirs = same(boot, db), ours = same(x->boot, db), used, other;
  x->error = EBUSY;
  if (theirs > 0 || ours > 0) return 1;
  used = uses(live, db);
  other = uses(x->live, db);
  if (used > 0 || other > 0)
    shape = REPO_REMOVED;
  else if (!theirs && !ours && !used && !other) {
    int r = repo_install_remove(db, shape);
    if (!r) return stralloc_catb(&x->foreign, db, strlen(db) + 1);
    if (r > 0) return 1;
    x->error = errno;
  }
  return repo_install_put_group(&x->leftovers, boot, live) && repo_install_put_db(&x->leftovers, shape, db);
}

static int sweep_link(char const *boot)
{
  stralloc sa = STRALLOC_ZERO;
  int ok = repo_install_link_name(&sa, boot) && (!unlink(sa.s) || errno == ENOENT || errno == ENOTDIR);
  stralloc_free(&sa);
  return ok;
}

int repo_install_sweep(repo *r, repo_install *x)
{
  stralloc text = STRALLOC_ZERO;
  char const *boot = "", *live = "";
  int ok = 1;
  x->leftovers.len = x->foreign.len = 0;
  if (!repo_slurp(r->fd, REPO_INSTALLING, &text))
    return errno == ENOENT || repo_failed(r, "read", REPO_INSTALLING, 0);
  for (size_t at = 0; ok && at < text.len;) {
    char *s = text.s + at, *newline = memchr(s, '\n', text.len - at);
    if (!newline) break;
    *newline = 0;
    at = (size_t)(newline - text.s) + 1;
    if (str_start(s, boot_word)) {
      boot = s + sizeof boot_word - 1;
      ok = sweep_link(boot);
    } else if (str_start(s, live_word))
      live = s + sizeof live_word - 1;
    else if (str_start(s, old_word))
      ok = sweep_one(x, boot, live, s + sizeof old_word - 1, REPO_REMOVED);
    else if (str_start(s, new_word))
      ok = sweep_one(x, boot, live, s + sizeof new_word - 1, REPO_COPIED);
  }
  ok = ok ? repo_install_forget(r, x) : repo_failed(r, "read", REPO_INSTALLING, 0);
  int e = errno;
  stralloc_free(&text);
  errno = e;
  return ok;
}
