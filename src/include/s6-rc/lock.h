/* ISC license. */

/* POSIX record locks on whole lock files. Mind what they are: held by the
   process, not inherited by fork, dropped when any descriptor of the file is
   closed, kept over exec. */

#ifndef S6RC_LOCK_H
#define S6RC_LOCK_H

#include <sys/types.h>

#include <skalibs/tai.h>

#include <s6-rc/db.h>

typedef enum s6rc_lockmode_e s6rc_lockmode;
enum s6rc_lockmode_e { S6RC_LOCK_SHARED, S6RC_LOCK_EXCLUSIVE };

/* Locks file name in dirfd, which must exist. The descriptor that holds the
   lock (close-on-exec); -1 and errno: EBUSY if it is held by another process
   and block is 0, else what the system said. */
extern int s6rc_lockat(int dirfd, char const *name, s6rc_lockmode, int block);

/* The same, and waits until deadline (absolute, by skalibs' STAMP clock) at
   most: EBUSY then. Meanwhile it has SIGALRM and the timer ITIMER_REAL for
   itself; afterwards the signal is treated as before, and the timer is off. */
extern int s6rc_lockat_until(int dirfd, char const *name, s6rc_lockmode, tain const *deadline);

/* The process that keeps us from locking in this mode; 0 if the system does
   not tell, or nobody does any more. */
extern pid_t s6rc_lock_holder(int dirfd, char const *name, s6rc_lockmode);

/* Locks a database for relying on it (shared). A database whose lock cannot
   be opened, or that is on a file system without locks, is used without: -2
   and errno. Otherwise as s6rc_lockat. */
extern int s6rc_db_lock(s6rc_db const *, int block);
extern int s6rc_db_lock_until(s6rc_db const *, tain const *deadline);

#endif
