/* ISC license. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>

#include <s6-rc/file.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

enum {
  COMPAREBUF = 4096,
  MAXDEPTH = 2048 /* as deep as the longest path that a program can name */
};

typedef struct comparer_s comparer;
struct comparer_s {
  mode_t maskout;
  int owners;
  unsigned int depth;
  stralloc alink;
  stralloc blink;
};

static int same_content(int x, int y, off_t left)
{
  char abuf[COMPAREBUF], bbuf[COMPAREBUF];
  while (left) {
    size_t n = left < (off_t)sizeof abuf ? (size_t)left : sizeof abuf;
    errno = 0;
    if (allread(x, abuf, n) < n || allread(y, bbuf, n) < n) return errno ? -1 : 0;
    if (memcmp(abuf, bbuf, n)) return 0;
    left -= (off_t)n;
  }
  return 1;
}

static int same_file(int afd, char const *a, int bfd, char const *b, off_t size)
{
  int r = -1;
  int x = openat(afd, a, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  int y = x < 0 ? -1 : openat(bfd, b, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (y >= 0) r = same_content(x, y, size);
  if (x >= 0) fd_close(x);
  if (y >= 0) fd_close(y);
  return r;
}

static int same_link(comparer *c, int afd, char const *a, int bfd, char const *b)
{
  if (!s6rc_path_readlinkat(&c->alink, afd, a) || !s6rc_path_readlinkat(&c->blink, bfd, b)) return -1;
  return !strcmp(c->alink.s, c->blink.s);
}

static int same_any(comparer *, int, char const *, int, char const *);

/* The next entry but . and .., or null: at the end errno is 0. */
static char const *next_entry(DIR *dir)
{
  struct dirent *d;
  do {
    errno = 0;
    d = readdir(dir);
  } while (d && s6rc_is_dots(d->d_name));
  return d ? d->d_name : 0;
}

/* All that is in a is in b, too, and b has no more. */
static int same_entries(comparer *c, DIR *a, DIR *b)
{
  char const *name;
  size_t more = 0;
  int r;
  while ((name = next_entry(a))) {
    r = same_any(c, dirfd(a), name, dirfd(b), name);
    if (r <= 0) return r;
    more++;
  }
  while (!errno && next_entry(b)) more--;
  return errno ? -1 : !more;
}

static DIR *open_dir(int fd, char const *name)
{
  int d = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  DIR *dir = d < 0 ? 0 : fdopendir(d);
  if (d >= 0 && !dir) fd_close(d);
  return dir;
}

/* Calls itself through same_any, a level each, down to MAXDEPTH. */
static int same_dir(comparer *c, int afd, char const *a, int bfd, char const *b)
{
  DIR *x, *y;
  int r = -1, e;
  if (c->depth >= MAXDEPTH) return (errno = ENAMETOOLONG, -1);
  x = open_dir(afd, a);
  if (!x) return -1;
  y = open_dir(bfd, b);
  c->depth++;
  if (y) r = same_entries(c, x, y);
  c->depth--;
  e = errno;
  closedir(x);
  if (y) closedir(y);
  errno = e;
  return r;
}

static int same_any(comparer *c, int afd, char const *a, int bfd, char const *b)
{
  struct stat x, y;
  mode_t type;
  if (fstatat(afd, a, &x, AT_SYMLINK_NOFOLLOW) < 0 || fstatat(bfd, b, &y, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? 0 : -1;
  type = x.st_mode & S_IFMT;
  if (type != (y.st_mode & S_IFMT)) return 0;
  if (c->owners && (x.st_uid != y.st_uid || x.st_gid != y.st_gid)) return 0;
  if (type == S_IFLNK) return x.st_size == y.st_size ? same_link(c, afd, a, bfd, b) : 0;
  if ((x.st_mode & ~c->maskout) != y.st_mode) return 0;
  if (type == S_IFDIR) return same_dir(c, afd, a, bfd, b);
  if (type == S_IFREG) return x.st_size == y.st_size ? same_file(afd, a, bfd, b, x.st_size) : 0;
  return x.st_rdev == y.st_rdev;
}

int s6rc_treesameat(int afd, char const *a, int bfd, char const *b, mode_t maskout, int keepowner)
{
  comparer c = {.maskout = maskout, .owners = keepowner && !geteuid()};
  int r = same_any(&c, afd, a, bfd, b), e = errno;
  stralloc_free(&c.alink);
  stralloc_free(&c.blink);
  errno = e;
  return r;
}
