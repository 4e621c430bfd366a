/* ISC license. */

/* A growable path, for walking trees and for messages: components are pushed
   and popped, nothing is counted by hand. It is a stralloc that always ends
   in a NUL that len does not count. */

#ifndef S6RC_PATH_H
#define S6RC_PATH_H

#include <stddef.h>

#include <skalibs/stralloc.h>

/* Makes p the path s. 1; 0 and ENOMEM. */
extern int s6rc_path_set(stralloc *p, char const *s);

/* Appends "/" (unless p is empty or ends in one) and the component. 1; 0 and
   ENOMEM, p then as before. Where to go back to: p->len before the call. */
extern int s6rc_path_push(stralloc *p, char const *component);
extern int s6rc_path_pushb(stralloc *p, char const *component, size_t len);

/* Makes p what the symbolic link dirfd/name leads to, as it stands there. 1; 0
   and errno (EINVAL: it is no link), p then undefined. */
extern int s6rc_path_readlinkat(stralloc *p, int dirfd, char const *name);

/* Back to length len. */
extern void s6rc_path_pop(stralloc *p, size_t len);

#endif
