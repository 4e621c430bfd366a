/* ISC license. */

/* Installing a committed set: the boot link, the databases beside its target,
   and a record of those that may have to go. As in repo.h, functions return
   1, or 0 and errno with repo.what. */

#ifndef S6RC_REPO_INSTALL_H
#define S6RC_REPO_INSTALL_H

#include "repo.h"

/* in the repository */
#define REPO_INSTALL_LOCK "install.lock"
#define REPO_INSTALLING   "installing"

/* boot, live: the link that boots and the live directory, absolute paths.
   target: what the link says; empty if there is none. old: the path of that
   database; stays: it is none, or more than one, and is not removed. fresh,
   text: path of the new one, and what the link will say. All of these end in a
   NUL. leftovers: what is still in use by an update that nobody waits for, or
   is live. foreign: paths, each with a NUL, of what had to be removed and has
   not been, because something else is there by now, or is in it. */
typedef struct repo_install_s repo_install;
struct repo_install_s {
  char const *boot;
  char const *live;
  stralloc target;
  stralloc old;
  stralloc fresh;
  stralloc text;
  stralloc leftovers; /* lines of the record */
  stralloc foreign;
  int stays;
  int error; /* why the last of them could not be removed; EBUSY: it is in use */
};
#define REPO_INSTALL_ZERO                                                                               \
  {                                                                                                     \
    .boot = 0, .live = 0, .target = STRALLOC_ZERO, .old = STRALLOC_ZERO, .fresh = STRALLOC_ZERO,        \
    .text = STRALLOC_ZERO, .leftovers = STRALLOC_ZERO, .foreign = STRALLOC_ZERO, .stays = 0, .error = 0 \
  }

/* Takes the lock of installations, waiting; it lasts as long as the process.
   1; 0 and errno (ENOENT: no repository). */
extern int repo_install_lock(char const *path);

/* Removes what earlier installations have left, unless something uses it, or it
   is not a database any more: that is forgotten, see foreign. */
extern int repo_install_sweep(repo *, repo_install *);

/* Reads the boot link, and chooses a name for the new database of the set.
   0: ENOENT (there is no link), EINVAL (it is no link), ENOTDIR (it leads to
   no directory); with first, ENOENT is no error. */
extern int repo_install_look(repo *, repo_install *, char const *set, int first);

/* Notes that it begins, copies the committed set's database, and checks the
   copy; *damage tells if it is damaged (EPROTO). remove_old: the old database
   is to go in the end. */
extern int repo_install_copy(repo *, repo_install *, char const *set, int remove_old, s6rc_damage *damage);

/* Is the directory the database of the live directory? */
extern int repo_is_live(repo_install const *, char const *db);

/* Makes the boot link lead to the new database: one rename, synced. 1; 0 and
   errno; -1 and errno: it does, but the directory that it is in could not be
   synced, so a loss of power may take that back. */
extern int repo_install_swap(repo_install *);

/* Removes the new database, and the note. Keeps errno. */
extern void repo_install_undo(repo *, repo_install *);

/* The end: removes the note, and what is in use no more: earlier leftovers,
   and the old database, if it is to go now; later: the next installation
   removes it. */
typedef enum repo_old_e repo_old;
enum repo_old_e { REPO_OLD_GOES, REPO_OLD_LATER, REPO_OLD_STAYS };
extern int repo_install_finish(repo *, repo_install *, repo_old);

#endif
