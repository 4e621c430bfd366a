/* ISC license. */

#include <errno.h>
#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/skamisc.h>
#include <skalibs/stralloc.h>

#include <s6-rc/types.h>

#include "fdholder.h"

/* Appends the name in a line, if there is one. 1, 0 none, -1 and errno. */
static int add_name(stralloc *names, char const *s, size_t len)
{
  if (len && *s == '/') {
    s++;
    len--;
  } else {
    while (len && (*s == ' ' || *s == '\t')) s++, len--;
    if (!len || *s == '#') return 0;
  }
  if (!stralloc_readyplus(names, len + 1) || (len && !stralloc_catb(names, s, len)) || !stralloc_0(names))
    return -1;
  if (!len || memchr(s, 0, len)) return (errno = EINVAL, -1);
  return len > S6RC_PIPE_NAME_MAX ? (errno = ENAMETOOLONG, -1) : 1;
}

int fdholder_read_names(buffer *b, stralloc *names, size_t *n, size_t *line)
{
  stralloc sa = STRALLOC_ZERO;
  int r, e;
  *n = 0;
  for (*line = 1;; ++*line) {
    sa.len = 0;
    r = skagetln(b, &sa, '\n');
    if (r > 0)
      sa.len--;
    else if (r < 0 && errno == EPIPE && sa.len) /* the last line lacks its newline */
      r = 1;
    if (r <= 0) {
      *line = 0;
      break;
    }
    r = add_name(names, sa.s, sa.len);
    if (r < 0) break;
    *n += (size_t)r;
  }
  e = errno;
  stralloc_free(&sa);
  errno = e;
  return !r;
}
