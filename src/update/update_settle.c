/* ISC license. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/types.h>
#include <skalibs/unix-transactional.h>

#include <s6-rc/file.h>
#include <s6-rc/live.h>
#include <s6-rc/livedir.h>
#include <s6-rc/path.h>
#include <s6-rc/record.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/state.h>

#include "update.h"

typedef struct settler_s settler;
struct settler_s {
  int services;   /* servicedirs of the live directory */
  int home;       /* servicedirs of the first generation */
  stralloc first; /* ../../FIRST/servicedirs: the way from one to the other */
  stralloc path;
  stralloc link;
};

/* Can name be used at home? A link to what would be its own place is one that
   we made before we were killed. 1 free, 0 taken, -1 errno. */
static int is_free(settler *x, char const *name)
{
  if (!s6rc_path_readlinkat(&x->link, x->home, name)) return errno == ENOENT ? 1 : errno == EINVAL ? 0 : -1;
  return !strcmp(x->link.s, x->path.s) && unlinkat(x->home, name, 0) >= 0;
}

/* A name at home for service `name` that is free there: its own, or that with a
   colon and a number; in x->path the way there. Where it begins in there, 0 if
   none. */
static size_t find_name(settler *x, char const *name)
{
  for (uint32_t i = 0; i < UINT32_MAX; i++) {
    char fmt[UINT32_FMT + 1] = ":";
    size_t start = x->first.len + 1;
    int r;
    fmt[1 + uint32_fmt(fmt + 1, i)] = 0;
    if (!s6rc_path_set(&x->path, x->first.s) || !s6rc_path_push(&x->path, name)) return 0;
    if (i && (!stralloc_cats(&x->path, fmt) || !stralloc_0(&x->path))) return 0;
    r = is_free(x, x->path.s + start);
    if (r < 0) return 0;
    if (r) return start;
  }
  return 0;
}

/* The link takes the place of the directory, and the directory that of the
   link, at once where the kernel can do that. */
static int exchange(settler *x, char const *there, char const *name)
{
  int r = s6rc_rename_exchange(x->home, there, x->services, name);
  if (r >= 0) return r;
  return !unlinkat(x->home, there, 0) && !renameat(x->services, name, x->home, there) &&
         !symlinkat(x->path.s, x->services, name);
}

static int move_home(settler *x, char const *name)
{
  struct stat st;
  size_t start;
  if (fstatat(x->services, name, &st, AT_SYMLINK_NOFOLLOW) < 0) return 0;
  if (S_ISLNK(st.st_mode)) return 1;
  start = find_name(x, name);
  return start && !symlinkat(x->path.s, x->home, x->path.s + start) && exchange(x, x->path.s + start, name);
}

/* Scripts find their neighbours as ../NAME: a service that does not live under
   its own name gets a link with it, if the name is free. */
static int name_neighbour(settler *x, char const *name)
{
  struct stat st;
  char const *own;
  if (!s6rc_path_readlinkat(&x->path, x->services, name)) return 0;
  own = strrchr(x->path.s, '/');
  own = own ? own + 1 : x->path.s;
  if (!strcmp(own, name)) return 1;
  if (!fstatat(x->home, name, &st, AT_SYMLINK_NOFOLLOW)) return 1;
  return errno == ENOENT && !symlinkat(own, x->home, name);
}

static int remove_links(int fd)
{
  struct dirent *d;
  int ok = 1, e;
  int copy = open2_at(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = copy < 0 ? 0 : fdopendir(copy);
  if (!dir) {
    if (copy >= 0) fd_close(copy);
    return 0;
  }
  while (ok) {
    struct stat st;
    errno = 0;
    d = readdir(dir);
    if (!d) break;
    ok = fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) >= 0 &&
         (!S_ISLNK(st.st_mode) || unlinkat(fd, d->d_name, 0) >= 0);
  }
  e = errno;
  if (e) ok = 0;
  closedir(dir);
  errno = e;
  return ok;
}

static int fail_at(update_context *c, char const *what)
{
  int e = errno;
  s6rc_path_set(&c->where, what);
  errno = e;
  return 0;
}

static int all(update_context *c, settler *x, s6rc_db const *db, int (*f)(settler *, char const *))
{
  for (uint32_t j = 0; j < db->nlongruns; j++) {
    s6rc_service sv;
    if (!s6rc_db_service(db, j, &sv)) return 0;
    if (!(*f)(x, sv.name)) return fail_at(c, sv.name);
  }
  return 1;
}

/* What makes the first generation a live directory. */
static int strip(update_context *c, int fd)
{
  static char const *const frame[] = {UPDATE_RECORD,     UPDATE_STATE_BEFORE, UPDATE_STATE_AFTER,
                                      S6RC_STATE_FILE,   S6RC_STATE_NEW,      UPDATE_PIPES,
                                      S6RC_LIVE_SCANDIR, S6RC_LIVE_PREFIX,    S6RC_LOCK_FILE,
                                      S6RC_RECORDS_FILE, S6RC_RECORDS_NEW};
  for (size_t i = 0; i < sizeof frame / sizeof *frame; i++)
    if (!s6rc_treeremoveat(fd, frame[i])) return fail_at(c, frame[i]);
  return 1;
}

static int remove_others(update_context *c, int fd, int first)
{
  stralloc paths = STRALLOC_ZERO;
  struct stat here, there, st;
  int n = s6rc_livedir_list(c->live, &paths), e;
  int ok = n >= 0 && !fstat(fd, &here) && !fstat(first, &there);
  char const *s = paths.s;
  for (int i = 0; ok && i < n; i++, s += strlen(s) + 1) {
    ok = !lstat(s, &st);
    if (ok && !s6rc_same_file(&st, &here) && !s6rc_same_file(&st, &there))
      ok = s6rc_treeremoveat(AT_FDCWD, s) || fail_at(c, s);
  }
  e = errno;
  stralloc_free(&paths);
  errno = e;
  return ok;
}

/* The first generation is where the oneshot runner lives, which every database
   has and no update moves. */
static int open_first(settler *x)
{
  char const *own;
  if (!s6rc_path_readlinkat(&x->first, x->services, S6RC_ONESHOT_RUNNER)) return -1;
  own = strrchr(x->first.s, '/');
  if (!own) return (errno = EPROTO, -1);
  s6rc_path_pop(&x->first, (size_t)(own - x->first.s));
  x->home = open2_at(x->services, x->first.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return x->home < 0 ? -1 : open2_at(x->home, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int update_settle(update_context *c, int fd, s6rc_db const *db)
{
  settler x = {.home = -1};
  int first = -1, ok = 0, e;
  x.services = open2_at(fd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (x.services >= 0) first = open_first(&x);
  ok = first >= 0 && all(c, &x, db, &move_home) && remove_links(x.home) && all(c, &x, db, &name_neighbour) &&
       strip(c, first) && remove_others(c, fd, first);
  e = errno;
  if (x.services >= 0) close(x.services);
  if (x.home >= 0) close(x.home);
  if (first >= 0) close(first);
  stralloc_free(&x.first);
  stralloc_free(&x.path);
  stralloc_free(&x.link);
  errno = e;
  return ok;
}

int update_clean(update_context *c, int fd)
{
  stralloc paths = STRALLOC_ZERO;
  struct stat here, st;
  int n = s6rc_livedir_list(c->live, &paths), ok = n >= 0 && !fstat(fd, &here), e;
  char const *s = paths.s;
  for (int i = 0; ok && i < n; i++, s += strlen(s) + 1) {
    if (lstat(s, &st) < 0 || s6rc_same_file(&st, &here)) continue;
    s6rc_path_set(&c->where, s);
    ok = s6rc_livedir_sweep(s) >= 0;
  }
  e = errno;
  stralloc_free(&paths);
  errno = e;
  return ok;
}
