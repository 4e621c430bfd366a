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

#include <s6-rc/file.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

/* What is not in place yet, or not any more; no service file has such a name. */
#define TEMPORARY ".s6-rc-update:"

static char const *const extra[] = {S6RC_RUN_USER, S6RC_FINISH_USER};
enum { NEXTRA = sizeof extra / sizeof *extra };

/* A directory cannot be renamed over another that is not empty. Where the
   kernel can exchange the two, nobody sees the name missing. */
static int put_in_place(int fd, char const *temporary, char const *name)
{
  if (!renameat(fd, temporary, fd, name)) return 1;
  if (errno != ENOTEMPTY && errno != EEXIST && errno != EISDIR && errno != ENOTDIR) return 0;
  int r = s6rc_rename_exchange(fd, temporary, fd, name);
  if (r >= 0) return r && s6rc_treeremoveat(fd, temporary);
  return s6rc_treeremoveat(fd, name) && !renameat(fd, temporary, fd, name);
}

/* Is this an entry that comes from the database? */
static int is_ours(char const *name)
{
  for (size_t i = 0; i < NEXTRA; i++)
    if (!strcmp(name, extra[i])) return 1;
  return !!s6rc_sdfile_find(name, strlen(name));
}

static int replace(int src, int dst, char const *name, stralloc *temporary)
{
  int r = s6rc_treesameat(src, name, dst, name, S_IWOTH, 1);
  if (r) return r > 0;
  return s6rc_path_set(temporary, TEMPORARY) && stralloc_cats(temporary, name) && stralloc_0(temporary) &&
         s6rc_treeremoveat(dst, temporary->s) &&
         s6rc_treecopyat(src, name, dst, temporary->s, S_IWOTH, 1, 0) &&
         put_in_place(dst, temporary->s, name);
}

/* Calls f for each entry of directory fd; where: set to the one that it fails
   for. */
static int each(int fd, int other, int (*f)(int, int, char const *, stralloc *), stralloc *temporary,
                stralloc *where)
{
  struct dirent *d;
  int ok = 1, e;
  int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = copy < 0 ? 0 : fdopendir(copy);
  if (!dir) {
    if (copy >= 0) fd_close(copy);
    return 0;
  }
  while (errno = 0, (d = readdir(dir))) {
    ok = (*f)(fd, other, d->d_name, temporary);
    if (ok) continue;
    e = errno;
    if (where) s6rc_path_set(where, d->d_name);
    errno = e;
    break;
  }
  if (errno) ok = 0;
  e = errno;
  closedir(dir);
  errno = e;
  return ok;
}

static int bring(int src, int dst, char const *name, stralloc *temporary)
{
  return !is_ours(name) || replace(src, dst, name, temporary);
}

static int bring_extra(int src, int dst, stralloc *temporary, stralloc *where)
{
  for (size_t i = 0; i < NEXTRA; i++) {
    if (faccessat(src, extra[i], F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
      if (errno == ENOENT) continue;
    } else if (replace(src, dst, extra[i], temporary))
      continue;
    int e = errno;
    if (where) s6rc_path_set(where, extra[i]);
    errno = e;
    return 0;
  }
  return 1;
}

/* What an interrupted run has left, and what the database does not have. */
static int take_away(int dst, int src, char const *name, stralloc *temporary)
{
  (void)temporary;
  if (!strncmp(name, TEMPORARY, sizeof TEMPORARY - 1)) return s6rc_treeremoveat(dst, name);
  if (!is_ours(name) || !faccessat(src, name, F_OK, AT_SYMLINK_NOFOLLOW)) return 1;
  return errno == ENOENT && s6rc_treeremoveat(dst, name);
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
  /* the user's script before the wrapper that runs it, and its end after that one's */
  int ok = bring_extra(src, dst, &temporary, where) && each(src, dst, &bring, &temporary, where) &&
           each(dst, src, &take_away, &temporary, where);
  stralloc_free(&temporary);
  return ok && make_instances(src, dst);
}
