/* ISC license. */

/* s6-supervise sends no event when it cannot execute `run`, it only tries
   again. So look before asking it to: what can be seen is said at once. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include <s6-rc/path.h>

#include "engine-internal.h"

/* as much of a first line as Linux looks at */
enum { HEAD = 256 };

/* head: the first bytes of a file that begins with "#!". As engine_executable. */
static int interpreter_works(engine *e, char const *head, size_t len)
{
  size_t start = 2, end;
  while (start < len && (head[start] == ' ' || head[start] == '\t')) start++;
  end = start;
  while (end < len && !strchr(" \t\n", head[end])) end++;
  if (end == start || head[start] != '/') return 1; /* for the kernel to judge */
  if (e->interpreter.len == end - start + 1 && !memcmp(e->interpreter.s, head + start, end - start)) return 1;
  e->interpreter.len = 0;
  if (!stralloc_catb(&e->interpreter, head + start, end - start) || !stralloc_0(&e->interpreter)) return 0;
  if (!access(e->interpreter.s, X_OK)) return 1;
  e->interpreter.len = 0; /* the next one asks again */
  return -1;
}

int engine_executable(engine *e, char const *name, char const *file)
{
  char head[HEAD];
  size_t len;
  int fd, err;
  e->path.len = 0;
  if (!s6rc_path_push(&e->path, name) || !s6rc_path_push(&e->path, file)) return 0;
  if (faccessat(e->dirfd, e->path.s, X_OK, 0) < 0) return 0;
  fd = openat(e->dirfd, e->path.s, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno == EACCES; /* can be executed, but not read: a binary */
  errno = 0;
  len = allread(fd, head, sizeof head);
  err = errno;
  fd_close(fd);
  if (err && err != EPIPE) return (errno = err, 0);
  if (len >= 2 && head[0] == '#' && head[1] == '!') return interpreter_works(e, head, len);
  /* all text and no "#!": nothing that a kernel would execute */
  if (len && memchr(head, 0, len)) return 1;
  return (errno = ENOEXEC, 0);
}
