/* ISC license. */

#include <string.h>
#include <unistd.h>

#include <s6-rc/path.h>

int s6rc_path_set(stralloc *p, char const *s)
{
  p->len = 0;
  return s6rc_path_push(p, s);
}

int s6rc_path_pushb(stralloc *p, char const *component, size_t len)
{
  if (!stralloc_readyplus(p, len + 2)) return 0;
  if (p->len && p->s[p->len - 1] != '/') p->s[p->len++] = '/';
  if (len) memcpy(p->s + p->len, component, len);
  p->len += len;
  p->s[p->len] = 0;
  return 1;
}

int s6rc_path_push(stralloc *p, char const *component)
{
  return s6rc_path_pushb(p, component, strlen(component));
}

int s6rc_path_readlinkat(stralloc *p, int dirfd, char const *name)
{
  enum { FIRST_ROOM = 64 };
  for (size_t room = FIRST_ROOM;; room *= 2) {
    ssize_t r;
    if (!stralloc_ready(p, room)) return 0;
    r = readlinkat(dirfd, name, p->s, room);
    if (r < 0) return 0;
    if ((size_t)r == room) continue;
    p->len = (size_t)r;
    p->s[p->len] = 0;
    return 1;
  }
}

void s6rc_path_pop(stralloc *p, size_t len)
{
  p->len = len;
  p->s[len] = 0;
}
