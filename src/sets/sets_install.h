/* ISC license. */

/* The phases of s6-rc-set-install. What cannot be done is said, and is the end
   of the program. */

#ifndef S6RC_SETS_INSTALL_H
#define S6RC_SETS_INSTALL_H

#include "../repo/install.h"
#include "sets.h"

/* What was asked for, and what it works on. */
typedef struct sets_install_s sets_install;
struct sets_install_s {
  sets_options o;
  char const *set;
  char const *convfile; /* null: none */
  int block;
  int force; /* essential services may restart */
  int keep;  /* the old database stays */
  int noupdate;
  repo r;
  repo_install x;
};

/* Dies with 7 if the set is not committed, or has changed since. */
extern void sets_install_check(sets_install *);

/* Where does the boot link lead? */
extern void sets_install_look(sets_install *);

/* Without an update: a live directory that goes through the boot link would
   change its database under the feet of its services. */
extern void sets_install_check_offline(sets_install const *);

/* Removes what earlier installations have left, and says what stays. */
extern void sets_install_sweep(sets_install *);

/* Copies the committed database beside the one that boots. */
extern void sets_install_copy(sets_install *);

/* Runs s6-rc-update. Its exit code, or 126 or 127. */
extern int sets_install_update(sets_install *);

/* s6-rc-update has ended with code and not switched: removes the copy. */
extern void sets_install_die(sets_install *, int code) gccattr_noreturn;

/* The link leads to the new database: the old one goes, or is named. */
extern void sets_install_finish(sets_install *, int code);

#endif
