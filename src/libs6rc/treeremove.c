/* ISC license. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include <s6-rc/servicedir.h>

/* A directory on the way down, and where its name begins in names. */
typedef struct level_s level;
struct level_s {
  DIR *dir;
  size_t name;
};

/* A walk in depth, with its stack on the heap and a descriptor a level. e: the
   first errno; the walk goes on after a failure. */
typedef struct remover_s remover;
struct remover_s {
  genalloc levels; /* of level */
  stralloc names;
  int e;
};

static void failed(remover *r)
{
  if (!r->e) r->e = errno;
}

/* Makes what is to be emptied readable and writable. */
static int open_dir(int parent, char const *name)
{
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 && errno == EACCES && s6rc_chmodat(parent, name, 0700))
    fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd >= 0 && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0) fchmod(fd, 0700);
  return fd;
}

/* Goes down into a directory. 1; 0 and errno. */
static int enter(remover *r, int parent, char const *name)
{
  level down = {.dir = 0, .name = r->names.len};
  int fd = open_dir(parent, name);
  if (fd < 0) return 0;
  down.dir = fdopendir(fd);
  if (!down.dir) {
    fd_close(fd);
    return 0;
  }
  if (stralloc_catb(&r->names, name, strlen(name) + 1) && genalloc_append(level, &r->levels, &down)) return 1;
  int e = errno;
  r->names.len = down.name;
  closedir(down.dir);
  errno = e;
  return 0;
}

/* Removes an entry, or goes down into it. */
static void remove_entry(remover *r, int parent, char const *name)
{
  if (!unlinkat(parent, name, 0) || errno == ENOENT) return;
  int e = errno;
  /* Linux says EISDIR, POSIX EPERM for a directory */
  if ((e == EISDIR || e == EPERM) && enter(r, parent, name)) return;
  if (errno == ENOENT) return;
  if (errno == ENOTDIR || errno == ELOOP) errno = e;
  failed(r);
}

/* Goes up again, and removes the directory that it was in. top: where the
   walk began. */
static void leave(remover *r, int top)
{
  size_t n = genalloc_len(level, &r->levels) - 1;
  level *up = genalloc_s(level, &r->levels) + n;
  closedir(up->dir);
  if (unlinkat(n ? dirfd(up[-1].dir) : top, r->names.s + up->name, AT_REMOVEDIR) < 0 && errno != ENOENT)
    failed(r);
  r->names.len = up->name;
  genalloc_setlen(level, &r->levels, n);
}

int s6rc_treeremoveat(int top, char const *name)
{
  remover r = {.levels = GENALLOC_ZERO, .names = STRALLOC_ZERO, .e = 0};
  remove_entry(&r, top, name);
  while (genalloc_len(level, &r.levels)) {
    DIR *dir = genalloc_s(level, &r.levels)[genalloc_len(level, &r.levels) - 1].dir;
    errno = 0;
    struct dirent *d = readdir(dir);
    if (!d) {
      if (errno) failed(&r);
      leave(&r, top);
    } else if (d->d_name[0] != '.' || (d->d_name[1] && (d->d_name[1] != '.' || d->d_name[2])))
      remove_entry(&r, dirfd(dir), d->d_name);
  }
  genalloc_free(level, &r.levels);
  stralloc_free(&r.names);
  if (r.e) errno = r.e;
  return !r.e;
}
