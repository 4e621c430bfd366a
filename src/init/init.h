/* ISC license. */

/* What s6-rc-init does, over libs6rc. Like the mains, this room prints and
   exits: a function that returns has succeeded, unless it says otherwise. */

#ifndef S6RC_INIT_H
#define S6RC_INIT_H

#include <skalibs/gccattributes.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

#include <s6-rc/db.h>

/* A run of s6-rc-init: what was asked for, and what it works on. */
typedef struct init_run_s init_run;
struct init_run_s {
  char const *live;
  char const *bootdb; /* as the live directory will name it */
  char const *scandir;
  char const *prefix;
  int block;
  tain deadline;
  s6rc_db db;
  char const **names; /* of the longruns */
};

/* Dies with 100 if no s6-svscan runs on the scan directory. */
extern void init_check_scandir(init_run const *);

/* Warns of entries of the scan directory that lead nowhere: they keep newer
   s6-svscan from scanning at all. */
extern void init_warn_dangling(init_run const *);

/* Removes links to our live directory from the scan directory: nothing of it
   is supervised, so they are leftovers. */
extern void init_sweep_links(init_run const *);

/* What is beside the live name: adopts what is supervised, and exits 0 then,
   or 102 if it is not what was asked for; removes what is not. */
extern void init_look_around(init_run *);

/* Looks around, then makes a live directory and has its services supervised. */
extern void init_make(init_run *);

/* Puts all longruns of live directory path under supervision. 1; 0 and errno,
   where says what it was at. */
extern int init_supervise(init_run *, char const *path, stralloc *where);

/* Takes live directory path, its supervisors and its public name away again:
   before its services have been used, that is. errno stays. */
extern void init_undo(init_run const *, char const *path);

/* Is there time until limit to try once more to remove a live directory? errno
   says why the last time failed: because a supervisor that ends was still
   there, then waits a little and returns 1. Otherwise 0. */
extern int init_try_again(tain const *limit);
/* for that limit, in s */
#define INIT_UNDO_SECONDS 5

/* Dies because init_supervise failed. */
extern void init_die_supervise(init_run const *, char const *path, char const *where) gccattr_noreturn;

#endif
