/* ISC license. */

/* What s6-rc-update does, over the rooms update and rc. Like the mains, this
   room prints and exits: a function that returns has succeeded, unless it says
   otherwise. */

#ifndef S6RC_UPDATER_H
#define S6RC_UPDATER_H

#include <s6-rc/db.h>

#include "../rc/rc.h"
#include "../update/update.h"

/* A run of s6-rc-update: what was asked for, and what it works on. */
typedef struct updater_s updater;
struct updater_s {
  rc rc; /* the live directory as it is */
  char const *newpath;
  char const *convfile; /* null: none */
  int force;            /* -e: essential services may stop */
  s6rc_db newdb;
  update_conversions conversions;
  update_plan plan;
};

/* Reads the conversion file; all its mistakes are reported, then it dies with
   the first one's code. */
extern void updater_read_conversions(updater *);

/* Makes the plan; says it, and what is held, as verbosely as was asked for.
   Dies with 9 if an essential service would have to stop for good. */
extern void updater_make_plan(updater *);

/* Dies if what comes after the switch would fail at the scan directory: where
   names of new services are taken or, but for a dry run, no s6-svscan runs. */
extern void updater_check_scandir(updater const *, int dryrun);

/* Prints the two s6-rc command lines that the plan amounts to. */
extern void updater_print_commands(updater *);

/* Carries the plan out. The exit code; dies if the system fails. */
extern int updater_act(updater *);

#endif
