/* ISC license. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/random.h>
#include <skalibs/stralloc.h>
#include <skalibs/unix-transactional.h>

#include <s6-rc/file.h>
#include <s6-rc/live.h>
#include <s6-rc/livedir.h>
#include <s6-rc/lock.h>
#include <s6-rc/path.h>
#include <s6-rc/record.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/state.h>
#include <s6-rc/supervisor.h>
#include <s6-rc/trust.h>

/* in a live directory: the public name before it is there */
#define LINK_NEW "link.new"

/* characters in the unique part of a live directory's name */
enum { UNIQUE_LEN = 6 };

/* tries at a name that nobody has */
enum { ATTEMPTS = 100 };

/* LIVE:TAG: in path, the unique part is the caller's. */
static int path_stem(stralloc *path, char const *live, char const *tag)
{
  return s6rc_path_set(path, live) && stralloc_cats(path, ":") && stralloc_cats(path, tag) &&
         stralloc_cats(path, ":");
}

/* A directory's lock is made and taken: by whoever makes the directory, at
   once, and by whoever finds one without. Only one of them gets it. A
   directory whose lock is free is a leftover: between making and taking it may
   be swept away, then this is ENOENT. */
static int make_lock(int dirfd)
{
  struct stat st;
  int fd;
  if (!s6rc_writefileat(dirfd, S6RC_LOCK_FILE, "", 0, S6RC_MODE_LOCK)) return -1;
  fd = s6rc_lockat(dirfd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, 0);
  if (fd < 0 || (!fstat(fd, &st) && st.st_nlink)) return fd;
  fd_close(fd);
  return (errno = ENOENT, -1);
}

/* Has nobody put a directory of his own in the place of ours? */
static int is_still_ours(int dirfd)
{
  int r = s6rc_trusts_fd(dirfd);
  if (!r) errno = EEXIST;
  return r > 0;
}

int s6rc_livedir_create(char const *live, char const *tag, stralloc *path, int *lockfd)
{
  size_t len;
  if (!path_stem(path, live, tag)) return 0;
  len = path->len;
  for (int i = 0; i < ATTEMPTS; i++) {
    path->len = len;
    if (!stralloc_readyplus(path, UNIQUE_LEN + 1)) return 0;
    random_name_early(path->s + len, UNIQUE_LEN);
    path->s[len + UNIQUE_LEN] = 0;
    path->len += UNIQUE_LEN;
    if (mkdir(path->s, S6RC_MODE_DIR) < 0) {
      if (errno == EEXIST) continue;
      return 0;
    }
    /* the umask may have taken our own right to open it */
    int dirfd = s6rc_chmodat(AT_FDCWD, path->s, S6RC_MODE_DIR)
                    ? open2(path->s, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
                    : -1;
    *lockfd = dirfd < 0 || !is_still_ours(dirfd) ? -1 : make_lock(dirfd);
    if (dirfd >= 0) fd_close(dirfd);
    if (*lockfd >= 0) return 1;
    int e = errno;
    s6rc_treeremoveat(AT_FDCWD, path->s);
    errno = e;
    /* swept away between mkdir and lock by a run that cleans up */
    if (e != ENOENT && e != EEXIST && e != EBUSY) return 0;
  }
  return 0;
}

static int fill_servicedirs(int fd, s6rc_db const *db, stralloc *where)
{
  stralloc below = STRALLOC_ZERO;
  size_t len = where->len;
  int ok = 0, e;
  int from = open2_at(db->fd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int to = open2_at(fd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (from < 0 || to < 0) goto end;
  for (uint32_t i = 0; i < db->nlongruns; i++) {
    s6rc_service sv;
    if (!s6rc_db_service(db, i, &sv)) goto end;
    if (!s6rc_treecopyat(from, sv.name, to, sv.name, S_IWOTH, 1, &below)) {
      s6rc_path_pushb(where, below.s, below.len);
      goto end;
    }
    if (!s6rc_path_push(where, sv.name) || !s6rc_path_push(where, "down")) goto end;
    if (!s6rc_writefileat(to, where->s + len + !!len, "", 0, S6RC_MODE_FILE)) goto end;
    s6rc_path_pop(where, len);
  }
  ok = 1;
end:
  e = errno;
  if (from >= 0) close(from);
  if (to >= 0) close(to);
  stralloc_free(&below);
  errno = e;
  return ok;
}

int s6rc_livedir_fill(int fd, s6rc_db const *db, char const *dbpath, char const *scandir, char const *prefix,
                      stralloc *where)
{
  s6rc_records const none = {.s = 0, .n = s6rc_db_n(db), .lastrun = 0};
  unsigned char *state;
  int ok;
  if (!s6rc_path_set(where, S6RC_LIVE_COMPILED) || symlinkat(dbpath, fd, S6RC_LIVE_COMPILED) < 0) return 0;
  if (!s6rc_path_set(where, S6RC_LIVE_SCANDIR) || symlinkat(scandir, fd, S6RC_LIVE_SCANDIR) < 0) return 0;
  if (!s6rc_path_set(where, S6RC_LIVE_PREFIX) ||
      !s6rc_writefileat(fd, S6RC_LIVE_PREFIX, prefix, strlen(prefix), S6RC_MODE_FILE))
    return 0;
  if (!s6rc_path_set(where, S6RC_STATE_FILE)) return 0;
  state = calloc(s6rc_db_n(db), 1);
  ok = state && s6rc_state_write(fd, state, s6rc_db_n(db));
  free(state);
  if (!ok || !s6rc_path_set(where, S6RC_RECORDS_FILE) || !s6rc_records_write(fd, &none)) return 0;
  if (!s6rc_path_set(where, S6RC_SERVICEDIRS)) return 0;
  return s6rc_mkdirat(fd, S6RC_SERVICEDIRS, S6RC_MODE_DIR) && fill_servicedirs(fd, db, where);
}

int s6rc_livedir_published(char const *live, char const *path)
{
  struct stat link, there, ours;
  return !lstat(live, &link) && S_ISLNK(link.st_mode) && !stat(live, &there) && !stat(path, &ours) &&
         s6rc_same_file(&there, &ours);
}

/* The link is made inside of the directory: if we are killed before it gets
   its place, it is swept away with the rest. */
int s6rc_livedir_publish(char const *live, char const *path)
{
  char const *slash = strrchr(path, '/');
  stralloc link = STRALLOC_ZERO;
  int ok = 0, e;
  if (!s6rc_path_set(&link, path) || !s6rc_path_push(&link, LINK_NEW)) goto end;
  if (unlink(link.s) < 0 && errno != ENOENT) goto end;
  if (symlink(slash ? slash + 1 : path, link.s) < 0) goto end;
  ok = !rename(link.s, live);
  if (!ok) unlink_void(link.s);
end:
  e = errno;
  stralloc_free(&link);
  errno = e;
  return ok;
}

static int is_supervised(int servicedirsfd, char const *name, int follow, stralloc *path)
{
  struct stat st;
  if (!follow) {
    if (fstatat(servicedirsfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT ? 0 : -1;
    if (!S_ISDIR(st.st_mode)) return 0;
  }
  return s6rc_supervisor_runs(servicedirsfd, name, path);
}

int s6rc_livedir_supervised(int fd, int follow)
{
  stralloc path = STRALLOC_ZERO;
  int r = 0, e;
  DIR *dir;
  int sdfd = openat(fd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (sdfd < 0) return errno == ENOENT ? 0 : -1;
  dir = fdopendir(sdfd);
  if (!dir) {
    fd_close(sdfd);
    return -1;
  }
  while (!r) {
    errno = 0;
    struct dirent *d = readdir(dir);
    if (!d) {
      if (errno) r = -1;
      break;
    }
    if (s6rc_is_dots(d->d_name)) continue;
    r = is_supervised(sdfd, d->d_name, follow, &path);
  }
  e = errno;
  closedir(dir);
  stralloc_free(&path);
  errno = e;
  return r;
}

static int is_trusted(int dirfd, struct stat const *dir, char const *name)
{
  struct stat st;
  return !fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) && s6rc_trusts(dir, &st);
}

static char const *const tags[] = {":" S6RC_LIVE_TAG_INIT ":", ":" S6RC_LIVE_TAG_UPDATE ":"};

/* Does name end like that of a live directory? Where its public name ends; 0
   if not. */
static size_t stem_of(char const *name)
{
  size_t len = strlen(name);
  for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
    size_t taglen = strlen(tags[i]);
    if (len > taglen + UNIQUE_LEN && !strncmp(name + len - UNIQUE_LEN - taglen, tags[i], taglen))
      return len - UNIQUE_LEN - taglen;
  }
  return 0;
}

int s6rc_livedir_is_public(char const *live, stralloc *other)
{
  stralloc target = STRALLOC_ZERO;
  char const *slash = strrchr(live, '/');
  char const *base = slash ? slash + 1 : live;
  int r = -1, e;
  if (!s6rc_path_readlinkat(&target, AT_FDCWD, live)) goto end;
  r = *base && stem_of(target.s) == strlen(base) && !strncmp(target.s, base, strlen(base));
  if (r) goto end;
  r = -1;
  do {
    other->len = 0;
    e = sarealpath(other, live) < 0;
    /* an update may remove what the name has just led to */
  } while (e && errno == ENOENT && !access(live, F_OK));
  if (e || !stralloc_0(other)) goto end;
  if (stem_of(other->s)) other->s[stem_of(other->s)] = 0;
  r = 0;
end:
  e = errno;
  stralloc_free(&target);
  errno = e;
  return r;
}

int s6rc_livedir_list(char const *live, stralloc *paths)
{
  stralloc parent = STRALLOC_ZERO;
  char const *slash = strrchr(live, '/');
  char const *base = slash ? slash + 1 : live;
  size_t baselen = strlen(base);
  struct stat here;
  int n = -1;
  DIR *dir = 0;
  if (!s6rc_path_set(&parent, "") || (slash && !s6rc_path_pushb(&parent, live, (size_t)(slash - live) + 1)))
    goto end;
  dir = opendir(slash ? parent.s : ".");
  if (!dir || fstat(dirfd(dir), &here) < 0) goto end;
  for (n = 0;;) {
    size_t len = parent.len;
    errno = 0;
    struct dirent *d = readdir(dir);
    if (!d) {
      if (errno) n = -1;
      break;
    }
    if (strncmp(d->d_name, base, baselen)) continue;
    if (!baselen || stem_of(d->d_name) != baselen) continue;
    /* what others put there is none, whatever it looks like */
    if (!is_trusted(dirfd(dir), &here, d->d_name)) continue;
    if (!s6rc_path_push(&parent, d->d_name) || !stralloc_catb(paths, parent.s, parent.len) ||
        !stralloc_0(paths)) {
      n = -1;
      goto end;
    }
    s6rc_path_pop(&parent, len);
    n++;
  }
end:;
  int e = errno;
  if (dir) closedir(dir);
  stralloc_free(&parent);
  errno = e;
  return n;
}

int s6rc_livedir_sweep(char const *path)
{
  int r, lockfd;
  int fd = open2(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
  lockfd = s6rc_lockat(fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, 0);
  if (lockfd < 0 && errno == ENOENT) lockfd = make_lock(fd);
  if (lockfd < 0) {
    r = errno == EBUSY || errno == EEXIST || errno == ENOENT ? 0 : -1;
    goto end;
  }
  r = s6rc_livedir_supervised(fd, 0);
  if (!r)
    r = s6rc_treeremoveat(AT_FDCWD, path) ? 1 : -1;
  else if (r > 0)
    r = 0;
  fd_close(lockfd);
end:
  fd_close(fd);
  return r;
}
