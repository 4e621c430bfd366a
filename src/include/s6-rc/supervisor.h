/* ISC license. */

/* What there is to know of a service's s6-supervise: dir is the name of the
   service directory in directory dirfd. Unlike the functions of libs6, these
   do not depend on the working directory. path: room for them to work in. */

#ifndef S6RC_SUPERVISOR_H
#define S6RC_SUPERVISOR_H

#include <skalibs/stralloc.h>

#include <s6/s6.h>

/* 1 read; 0: it has never been supervised; -1 and errno (EPROTO: the file is
   too short). */
extern int s6rc_supervisor_status(int dirfd, char const *dir, s6_svstatus_t *, stralloc *path);

/* Does one run? 1, 0; -1 and errno. */
extern int s6rc_supervisor_runs(int dirfd, char const *dir, stralloc *path);

#endif
