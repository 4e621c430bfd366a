/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>

#include <s6-rc/file.h>
#include <s6-rc/live.h>
#include <s6-rc/path.h>
#include <s6-rc/record.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/state.h>
#include <s6-rc/trust.h>

#define COMPILED_NEW S6RC_LIVE_COMPILED ".new"

void s6rc_live_close(s6rc_live *live)
{
  int e = errno;
  s6rc_db_close(&live->db);
  free(live->state);
  if (live->fd >= 0) close(live->fd);
  *live = (s6rc_live)S6RC_LIVE_ZERO;
  errno = e;
}

int s6rc_live_reread(s6rc_live *live)
{
  return s6rc_state_read(live->fd, live->state, s6rc_db_n(&live->db));
}

static int open_db(s6rc_live *live, char const *path, s6rc_livepart *part)
{
  *live = (s6rc_live)S6RC_LIVE_ZERO;
  *part = S6RC_PART_LIVE;
  live->fd = s6rc_open_trusted(path);
  if (live->fd < 0) return 0;
  *part = S6RC_PART_DB;
  return s6rc_db_openat(&live->db, live->fd, S6RC_LIVE_COMPILED);
}

static int open_all(s6rc_live *live, char const *path, s6rc_livepart *part)
{
  if (!open_db(live, path, part)) return 0;
  *part = S6RC_PART_STATE;
  live->state = malloc(s6rc_db_n(&live->db));
  return live->state && s6rc_live_reread(live);
}

/* stat, of what a link leads to that others may make lead elsewhere, and then
   remove what it led to, between its being read and being followed. */
static int stat_current(char const *path, struct stat *st)
{
  for (;;) {
    char before[PATH_MAX], after[PATH_MAX];
    ssize_t n = readlink(path, before, sizeof before), m;
    if (!stat(path, st)) return 1;
    if (errno != ENOENT || n < 0) return 0;
    m = readlink(path, after, sizeof after);
    if (m == n && !memcmp(before, after, (size_t)n)) return (errno = ENOENT, 0);
  }
}

int s6rc_live_moved(s6rc_live const *live, char const *path)
{
  struct stat now, then;
  return !fstat(live->fd, &then) && stat_current(path, &now) && !s6rc_same_file(&now, &then);
}

/* Does what could not be opened have another place by now, or a place at all? */
static int has_moved(s6rc_live const *live, char const *path)
{
  struct stat now;
  if (live->fd < 0) return errno == ENOENT && stat_current(path, &now);
  return s6rc_live_moved(live, path);
}

typedef int open_func(s6rc_live *, char const *, s6rc_livepart *);

static int open_current(s6rc_live *live, char const *path, s6rc_livepart *part, open_func *open_it)
{
  while (!(*open_it)(live, path, part)) {
    int e = errno;
    int again = has_moved(live, path);
    s6rc_live_close(live);
    errno = e;
    if (!again) return 0;
  }
  return 1;
}

int s6rc_live_open(s6rc_live *live, char const *path, s6rc_livepart *part)
{
  return open_current(live, path, part, &open_all);
}

int s6rc_live_opendb(s6rc_db *db, char const *path, s6rc_livepart *part)
{
  s6rc_live live;
  if (!open_current(&live, path, part, &open_db)) return 0;
  fd_close(live.fd);
  *db = live.db;
  return 1;
}

int s6rc_live_point(int fd, char const *dbpath)
{
  if (unlinkat(fd, COMPILED_NEW, 0) < 0 && errno != ENOENT) return 0;
  if (symlinkat(dbpath, fd, COMPILED_NEW) < 0) return 0;
  if (!renameat(fd, COMPILED_NEW, fd, S6RC_LIVE_COMPILED)) return 1;
  int e = errno;
  unlinkat(fd, COMPILED_NEW, 0);
  errno = e;
  return 0;
}

/* Root may use somebody's live directory: the file must stay that user's. */
static int keep_owner(int fd, char const *name)
{
  struct stat st;
  return geteuid() || (!fstat(fd, &st) && !fchownat(fd, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW));
}

int s6rc_live_replace(int fd, char const *name, char const *beside, unsigned char const *s, size_t len)
{
  /* left by a run that was killed: our caller holds the lock, so nobody writes it */
  if (unlinkat(fd, beside, 0) < 0 && errno != ENOENT) return 0;
  if (!s6rc_writefileat(fd, beside, (char const *)s, len, S6RC_MODE_FILE)) return 0;
  if (keep_owner(fd, beside) && !renameat(fd, beside, fd, name)) return 1;
  int e = errno;
  unlinkat(fd, beside, 0);
  errno = e;
  return 0;
}

int s6rc_live_tidy(int fd)
{
  static char const *const leftovers[] = {COMPILED_NEW, S6RC_STATE_NEW, S6RC_RECORDS_NEW};
  for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++)
    if (unlinkat(fd, leftovers[i], 0) < 0 && errno != ENOENT) return 0;
  return 1;
}

int s6rc_live_realpath(stralloc *sa, char const *path)
{
  size_t start = sa->len;
  stralloc link = STRALLOC_ZERO;
  char const *slash = strrchr(path, '/');
  int r = 0;
  if (sareadlink(&link, path) < 0 || !stralloc_0(&link)) goto end;
  if (link.s[0] != '/' && slash && !stralloc_catb(sa, path, (size_t)(slash - path) + 1)) goto end;
  r = stralloc_cats(sa, link.s) && stralloc_0(sa);
  if (r) sa->len--;
end:
  if (!r) sa->len = start;
  stralloc_free(&link);
  return r;
}
