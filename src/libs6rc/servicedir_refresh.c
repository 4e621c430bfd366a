/* ISC license. */

#include <skalibs/nonposix.h> /* syscall */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>

#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

/* What is not in place yet, or not any more; no service file has such a name. */
#define TEMPORARY ".s6-rc-update:"

static char const *const extra[] = {S6RC_RUN_USER, S6RC_FINISH_USER};
enum { NEXTRA = sizeof extra / sizeof *extra };

/* Are these two regular files equal, in content and mode? */
static int same_file(int afd, char const *a, int bfd, char const *b)
{
  char abuf[4096], bbuf[4096];
  struct stat ast, bst;
  int same = 0;
  int x = openat(afd, a, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  int y = openat(bfd, b, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (x < 0 || y < 0 || fstat(x, &ast) < 0 || fstat(y, &bst) < 0) goto end;
  if (!S_ISREG(ast.st_mode) || ast.st_mode != bst.st_mode || ast.st_size != bst.st_size) goto end;
  for (off_t left = ast.st_size; left;) {
    size_t n = left < (off_t)sizeof abuf ? (size_t)left : sizeof abuf;
    if (allread(x, abuf, n) < n || allread(y, bbuf, n) < n || memcmp(abuf, bbuf, n)) goto end;
    left -= (off_t)n;
  }
  same = 1;
end:
  if (x >= 0) close(x);
  if (y >= 0) close(y);
  return same;
}

/* A directory cannot be renamed over another that is not empty. Where the
   kernel can exchange the two, nobody sees the name missing. */
static int put_in_place(int fd, char const *temporary, char const *name)
{
  if (!renameat(fd, temporary, fd, name)) return 1;
  if (errno != ENOTEMPTY && errno != EEXIST && errno != EISDIR && errno != ENOTDIR) return 0;
#ifdef SYS_renameat2
  enum { EXCHANGE = 2 };
  if (!syscall(SYS_renameat2, fd, temporary, fd, name, EXCHANGE)) return s6rc_treeremoveat(fd, temporary);
  if (errno != ENOSYS && errno != EINVAL) return 0;
#endif
  return s6rc_treeremoveat(fd, name) && !renameat(fd, temporary, fd, name);
}

static int refresh(int src, int dst, char const *name, stralloc *temporary, stralloc *where)
{
  if (faccessat(src, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
    if (errno != ENOENT) return 0;
    return !faccessat(dst, name, F_OK, AT_SYMLINK_NOFOLLOW) ? s6rc_treeremoveat(dst, name) : errno == ENOENT;
  }
  if (same_file(src, name, dst, name)) return 1;
  if (!s6rc_path_set(temporary, TEMPORARY) || !stralloc_cats(temporary, name) || !stralloc_0(temporary))
    return 0;
  return s6rc_treeremoveat(dst, temporary->s) && s6rc_treecopyat(src, name, dst, temporary->s, 0, 1, where) &&
         put_in_place(dst, temporary->s, name);
}

static int make_instances(int src, int dst)
{
  if (faccessat(src, S6RC_TEMPLATE, F_OK, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT;
  return (s6rc_mkdirat(dst, S6RC_INSTANCE, S6RC_MODE_DIR) || errno == EEXIST) &&
         (s6rc_mkdirat(dst, S6RC_INSTANCES, S6RC_MODE_DIR) || errno == EEXIST);
}

int s6rc_servicedir_refresh(int src, int dst, stralloc *where)
{
  stralloc temporary = STRALLOC_ZERO;
  int ok = 1;
  for (size_t i = 0; ok && i < s6rc_sdfiles_n; i++)
    ok = refresh(src, dst, s6rc_sdfiles[i].name, &temporary, where);
  for (size_t i = 0; ok && i < NEXTRA; i++) ok = refresh(src, dst, extra[i], &temporary, where);
  stralloc_free(&temporary);
  return ok && make_instances(src, dst);
}
