/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <s6-rc/lock.h>
#include <s6-rc/servicedir.h>

#include "install-internal.h"

/* In the order of their removal: without the first two it can still be opened,
   and after those there is only one state that is neither whole nor nothing. */
static char const *const parts[] = {S6RC_SERVICEDIRS, S6RC_LOCK_FILE, S6RC_DB_FILE, S6RC_RESOLVE_FILE};
enum { NPARTS = sizeof parts / sizeof *parts, LAST = NPARTS - 1 };

/* Is there nothing but parts of a database? 1, and *rest: no more than the last
   of them; 0; -1 and errno. */
static int has_only_parts(int fd, int *rest)
{
  repo_names names = {STRALLOC_ZERO, GENALLOC_ZERO};
  int r = repo_names_read_all(&names, fd, ".") ? 1 : -1, e = errno;
  *rest = 1;
  for (size_t i = 0; r > 0 && i < repo_names_n(&names); i++) {
    size_t k = 0;
    while (k < NPARTS && strcmp(repo_names_get(&names, i), parts[k])) k++;
    if (k == NPARTS) r = 0;
    if (k != LAST) *rest = 0;
  }
  repo_names_free(&names);
  errno = e;
  return r;
}

int repo_install_has_shape(int fd, repo_shape shape)
{
  s6rc_db db;
  int rest, r = has_only_parts(fd, &rest);
  if (r <= 0 || shape == REPO_COPIED || (rest && shape == REPO_REMOVED)) return r;
  if (!s6rc_db_openat(&db, fd, ".")) return errno == EPROTO || errno == EPROTOTYPE ? 0 : -1;
  s6rc_db_close(&db);
  return 1;
}

/* 1; 0: somebody has put something there meanwhile; -1 and errno. */
static int remove_all(int fd, char const *path)
{
  for (size_t i = 0; i < NPARTS; i++)
    if (!s6rc_treeremoveat(fd, parts[i])) return -1;
  if (!rmdir(path) || errno == ENOENT) return 1;
  return errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR ? 0 : -1;
}

int repo_install_remove(char const *path, repo_shape shape)
{
  int r, lock, e, fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return errno == ENOENT ? 1 : errno == ENOTDIR || errno == ELOOP ? 0 : -1;
  lock = s6rc_lockat(fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, 0);
  r = lock >= 0 || errno == ENOENT ? repo_install_has_shape(fd, shape) : -1;
  if (r > 0) r = remove_all(fd, path);
  e = errno;
  if (lock >= 0) close(lock);
  close(fd);
  errno = e;
  return r;
}
