/* ISC license. */

/* What earlier runs made for the same public name. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <s6-rc/file.h>
#include <s6-rc/live.h>
#include <s6-rc/livedir.h>
#include <s6-rc/lock.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/state.h>
#include <s6-rc/trust.h>

#include "../cli/cli.h"
#include "init.h"

/* Is what the live directory says what we were asked for, perhaps in other
   words? */
static int has_link(char const *path, char const *name, char const *wanted)
{
  stralloc file = STRALLOC_ZERO;
  struct stat there, here;
  int r = s6rc_path_set(&file, path) && s6rc_path_push(&file, name) && !stat(file.s, &there) &&
          !stat(wanted, &here) && s6rc_same_file(&there, &here);
  stralloc_free(&file);
  return r;
}

static int has_prefix(char const *path, char const *wanted)
{
  stralloc file = STRALLOC_ZERO, there = STRALLOC_ZERO;
  int r = s6rc_path_set(&file, path) && s6rc_path_push(&file, S6RC_LIVE_PREFIX) &&
          openslurpclose(&there, file.s) && stralloc_0(&there) && !strcmp(there.s, wanted);
  stralloc_free(&file);
  stralloc_free(&there);
  return r;
}

static void check_same(init_run const *o, char const *path)
{
  char const *what = !has_link(path, S6RC_LIVE_SCANDIR, o->scandir)   ? "scan directory"
                     : !has_prefix(path, o->prefix)                   ? "prefix"
                     : !has_link(path, S6RC_LIVE_COMPILED, o->bootdb) ? "database"
                                                                      : 0;
  if (what)
    strerr_dief(S6RC_EXIT_DIFFERS, "live directory ", o->live, " is in use (", path, ") with another ", what);
}

/* Has no service of live directory fd ever been brought up? */
static int is_unused(init_run const *o, int fd)
{
  uint32_t n = s6rc_db_n(&o->db);
  unsigned char *state = malloc(n);
  int r = state && s6rc_state_read(fd, state, n);
  for (uint32_t i = 0; r && i < n; i++) r = !state[i];
  free(state);
  return r;
}

/* Waits until nobody works on live directory fd, or dies. A descriptor that
   holds its lock; -1 if the directory has vanished. */
static int take_lock(init_run const *o, int fd, char const *path)
{
  struct stat st;
  int lockfd = s6rc_lockat(fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, o->block);
  if (lockfd < 0 && errno == EBUSY) cli_diebusy(o->live, fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE);
  if (lockfd < 0 && errno != ENOENT) strerr_diefusys(S6RC_EXIT_SYSTEM, "lock ", path);
  if (lockfd >= 0 && lstat(path, &st) < 0) {
    close(lockfd);
    lockfd = -1;
  }
  return lockfd;
}

/* A lock file that somebody has removed is made again. 1; 0 if the directory
   has vanished, too. */
static int mend_lock(int fd, char const *path)
{
  if (!faccessat(fd, S6RC_LOCK_FILE, F_OK, AT_SYMLINK_NOFOLLOW)) return 1;
  if (errno == ENOENT && (s6rc_writefileat(fd, S6RC_LOCK_FILE, "", 0, S6RC_MODE_LOCK) || errno == EEXIST))
    return 1;
  if (errno != ENOENT) strerr_diefusys(S6RC_EXIT_SYSTEM, "make ", path, "/" S6RC_LOCK_FILE);
  return 0;
}

/* A supervised live directory made for our name: finish what may have been
   left undone, and be content. Returns if it is not that any more. */
static void adopt(init_run *o, char const *path, int fd)
{
  stralloc where = STRALLOC_ZERO;
  struct stat st;
  int lockfd;
  check_same(o, path);
  if (!mend_lock(fd, path)) return;
  lockfd = take_lock(o, fd, path);
  if (lockfd < 0) return;
  if (!s6rc_livedir_published(o->live, path)) {
    if (!stat(o->live, &st)) {
      close(lockfd);
      return;
    }
    if (!s6rc_livedir_publish(o->live, path)) strerr_diefusys(S6RC_EXIT_SYSTEM, "make link ", o->live);
  }
  init_warn_dangling(o);
  if (!init_supervise(o, path, &where)) {
    int e = errno;
    int unused = is_unused(o, fd);
    errno = e;
    if (unused) init_undo(o, path);
    init_die_supervise(o, path, where.s);
  }
  strerr_warni("live directory ", o->live, " is in use already");
  _exit(0);
}

/* A directory that we cannot use nor remove: that does not matter unless the
   public name leads to it. */
static void warn_or_die(init_run const *o, char const *what, char const *path)
{
  int e = errno;
  int published = s6rc_livedir_published(o->live, path);
  errno = e;
  if (published) strerr_diefusys(S6RC_EXIT_SYSTEM, what, " ", path, ", left by an earlier run");
  strerr_warnwusys(what, " ", path, ", left by an earlier run");
}

/* Removes a live directory that nothing is supervised in. 0 if somebody is at
   work there after all: look again. */
static int sweep(init_run *o, char const *path, int fd)
{
  tain limit;
  int r, published;
  int lockfd = s6rc_lockat(fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, 0);
  if (lockfd < 0 && errno == EBUSY) {
    fd_close(take_lock(o, fd, path));
    return 0;
  }
  if (lockfd < 0 && errno != ENOENT) {
    warn_or_die(o, "lock", path);
    return 1;
  }
  if (s6rc_livedir_supervised(fd, 0)) {
    fd_close(lockfd);
    return 0;
  }
  published = s6rc_livedir_published(o->live, path);
  if (published) init_sweep_links(o);
  tain_addsec_g(&limit, INIT_UNDO_SECONDS);
  for (;;) {
    r = s6rc_livedir_sweep(path);
    /* a supervisor that was just starting: it has been told to end */
    if (!r && published && s6rc_livedir_supervised(fd, 0) > 0) r = (errno = EBUSY, -1);
    if (r >= 0 || !init_try_again(&limit)) break;
  }
  if (r < 0) warn_or_die(o, "remove", path);
  fd_close(lockfd);
  return !!r;
}

/* A directory that was made for our name: adopts it if it is supervised,
   sweeps it if it is not. 0: look again. */
static int examine(init_run *o, char const *path)
{
  int fd = open2(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  /* one without a state is not live any more: it is the home of services of
     a later generation */
  int live = fd >= 0 && !faccessat(fd, S6RC_STATE_FILE, F_OK, 0);
  int supervised = fd < 0 ? -1 : s6rc_livedir_supervised(fd, live), r = 1;
  if (fd < 0 && errno == ENOENT) return 1;
  if (supervised < 0)
    warn_or_die(o, "look into", path);
  else if (supervised && live) {
    adopt(o, path, fd);
    r = 0;
  } else if (supervised && s6rc_livedir_published(o->live, path))
    strerr_dief(S6RC_EXIT_SYSTEM, "live directory ", o->live, " is in use (", path,
                "), but it has no file " S6RC_STATE_FILE);
  else if (!supervised)
    r = sweep(o, path, fd);
  if (fd >= 0) close(fd);
  return r;
}

static void die_exists(init_run const *o, char const *what) gccattr_noreturn;
static void die_exists(init_run const *o, char const *what)
{
  strerr_dief(S6RC_EXIT_SYSTEM, o->live, " exists and is no ", what,
              ": the live directory is a link to a directory beside it, so it cannot be a directory, a mount "
              "point least of all (try a name below it)");
}

/* What is beside the live name. What that leads to comes first. 1; 0: look
   again. */
static int look_around_once(init_run *o, stralloc *paths)
{
  struct stat st;
  int n, known = 0;
  char const *s;
  if (!s6rc_trusts_path(o->live)) cli_dieuntrusted("", o->live);
  if (!lstat(o->live, &st) && !S_ISLNK(st.st_mode)) die_exists(o, "symbolic link");
  paths->len = 0;
  n = s6rc_livedir_list(o->live, paths);
  if (n < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "read the directory of ", o->live);
  s = paths->s;
  for (int i = 0; i < n; i++, s += strlen(s) + 1) {
    if (!s6rc_livedir_published(o->live, s)) continue;
    known = 1;
    if (!examine(o, s)) return 0;
  }
  if (!known && !stat(o->live, &st)) die_exists(o, "link to a live directory");
  s = paths->s;
  for (int i = 0; i < n; i++, s += strlen(s) + 1)
    if (!examine(o, s)) return 0;
  return 1;
}

void init_look_around(init_run *o)
{
  stralloc paths = STRALLOC_ZERO;
  while (!look_around_once(o, &paths))
    ;
  stralloc_free(&paths);
}
