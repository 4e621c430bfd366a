/* ISC license. */

/* The live directory: names of what is in it, opening it. */

#ifndef S6RC_LIVE_H
#define S6RC_LIVE_H

#include <stddef.h>

#include <skalibs/stralloc.h>

#include <s6-rc/db.h>

#define S6RC_LIVE_COMPILED "compiled"
#define S6RC_LIVE_SCANDIR  "scandir"
#define S6RC_LIVE_PREFIX   "prefix"

/* A live directory, opened once: everything is read relative to fd, so that
   it is one generation's, whatever happens to the public name. */
typedef struct s6rc_live_s s6rc_live;
struct s6rc_live_s {
  int fd;
  s6rc_db db;
  unsigned char *state; /* s6rc_db_n(&db) bytes, as read when opened */
};
#define S6RC_LIVE_ZERO                       \
  {                                          \
    .fd = -1, .db = S6RC_DB_ZERO, .state = 0 \
  }

/* What s6rc_live_open stumbled over */
typedef enum s6rc_livepart_e s6rc_livepart;
enum s6rc_livepart_e { S6RC_PART_LIVE, S6RC_PART_DB, S6RC_PART_STATE };

/* Opens the live directory behind path, its database and its state. If an
   update removes the generation while we read it, starts again with the new
   one. 1; 0, errno and *part: EPROTO where the database or the state is
   damaged, EPROTOTYPE where the database's format is another one's. */
extern int s6rc_live_open(s6rc_live *, char const *path, s6rc_livepart *part);

/* Does path lead to another directory than the one that is open? What was
   read through its descriptor may then have been half removed. */
extern int s6rc_live_moved(s6rc_live const *, char const *path);

/* Opens only the database of the live directory behind path, likewise. */
extern int s6rc_live_opendb(s6rc_db *, char const *path, s6rc_livepart *part);

/* Reads the state again. 1; 0 and errno. */
extern int s6rc_live_reread(s6rc_live *);
extern void s6rc_live_close(s6rc_live *);

/* Makes live directory fd lead to database dbpath, with one rename. 1; 0 and
   errno. */
extern int s6rc_live_point(int fd, char const *dbpath);

/* Replaces file name of live directory fd, which the caller has locked:
   written beside, under that name, with the directory's owner, and renamed.
   Not synced: it lives as long as the machine runs. 1; 0 and errno, the old
   file is then whole. */
extern int s6rc_live_replace(int fd, char const *name, char const *beside, unsigned char const *s,
                             size_t len);

/* Removes what a killed run may have left in live directory fd, which the
   caller has locked. 1; 0 and errno. */
extern int s6rc_live_tidy(int fd);

/* Appends the real path of the live directory behind path: without
   following links above the last component. 1; 0 and errno: EINVAL if path is
   no symlink. Always ends in a NUL that len does not count. */
extern int s6rc_live_realpath(stralloc *, char const *path);

#endif
