/* ISC license. */

/* What s6-rc's commands do, over libs6rc and the engine. Like the mains, this
   room prints and exits: a function that returns has succeeded. */

#ifndef S6RC_RC_H
#define S6RC_RC_H

#include <skalibs/tai.h>

#include <s6-rc/live.h>

#include "../cli/cli.h"
#include "../engine/engine.h"
#include "../update/update.h"

/* What a service is to this run, as bits of its mark. */
enum rc_mark_e {
  RC_SELECTED = 1U << 0,  /* named, or added by -a */
  RC_CLOSURE = 1U << 1,   /* to be brought to the wanted state */
  RC_OTHERS = 1U << 2,    /* -p: to be brought to the other one */
  RC_ESSENTIAL = 1U << 3, /* kept up: essential, or needed by one that is */
  RC_NAMED = 1U << 4,     /* on the command line, by itself or in a bundle */
  RC_ALONE = 1U << 5,     /* on the command line by itself */
  RC_NEEDED = 1U << 6,    /* restart -p: the selection and what it needs */
  RC_AGAIN = 1U << 7      /* restart: comes up again */
};

/* A run of s6-rc: what was asked for, and what it works on. */
typedef struct rc_s rc;
struct rc_s {
  char const *livepath;
  unsigned int verbosity;
  unsigned int timeout;  /* -t in ms, 0 = none */
  unsigned int throttle; /* -n in ms */
  int dryrun;
  cli_patience wait; /* for locks */
  s6rc_dir dir;
  int force; /* -D: essential services too */
  int prune;
  int addup;
  int withoutessentials;
  tain limit;    /* -t; infinite if there is none */
  tain deadline; /* from rc_start_clock on */
  int started;   /* the clock is */
  uint32_t run;  /* our number in the records; 0: none yet */
  s6rc_live live;
  unsigned char *mark;  /* rc_mark_e, by service number */
  unsigned char *state; /* for plans: that of live, and ENGINE_STATE_HALFWAY */
};

/* Opens the live directory for reading, without any lock. */
extern void rc_open(rc *);
/* Opens it for changing, locked, with the state as it is then. An update that
   was interrupted is completed or undone first: if that has run out of time, or
   was interrupted in turn, that is said, and the result; else ENGINE_OK. */
extern engine_result rc_open_locked(rc *);
extern void rc_reread(rc *);
/* Makes the state for plans; those that open locked, or read again, have it. */
extern void rc_find_halfway(rc *);
/* Forgets all that. */
extern void rc_close(rc *);
/* From now on counts -t, unless it does already: waiting for a lock does not. */
extern void rc_start_clock(rc *);

/* Makes the marks, with none set. */
extern void rc_make_marks(rc *);
/* The same, and sets RC_NAMED, RC_ALONE, RC_SELECTED and RC_CLOSURE for what
   names (null terminated) and -a select. */
extern void rc_select(rc *, char const *const *names);
/* Completes the marks `bit` to a closure in direction dir. */
extern void rc_close_marks(rc *, s6rc_dir, unsigned char bit);
/* Takes `bit` from what has to stay up without -D, with a warning. */
extern void rc_spare_essentials(rc *, unsigned char bit);
extern void rc_die_damaged(rc const *) gccattr_noreturn;

/* An update_carry_out_func that reports which services failed; data is the rc. */
extern engine_result rc_carry_out_update(engine_plan *, s6rc_db const *db, int livefd,
                                         unsigned char const *wanted, void *data);
/* What an update needs of us. */
extern update_context rc_update_context(rc *);
/* Warns if the fd-holder had to be restarted. */
extern void rc_warn_holder(rc const *, update_context const *);
/* Says that the time ran out before an update was completed, as an error if
   fatal, and what to do. what: which update, or what has been done. */
extern void rc_say_late_update(update_context const *, char const *what, int fatal);
/* Plans to bring all that has mark `bit` to a state, carries the plan out in
   the live directory and reports what went wrong. After a dry run, the state
   in memory is as if it had been none. Dies if the system fails. */
extern engine_result rc_phase(rc *, unsigned char bit, s6rc_dir, unsigned char const *wanted,
                              unsigned char wantedbit);
/* The same with a plan, for what is named. */
extern engine_result rc_carry_out(rc *, engine_plan *);
/* The exit code for it. */
extern int rc_exit_code(engine_result);

/* The commands: their exit code. */
extern int rc_change(rc *);
extern int rc_restart(rc *);
extern int rc_reload(rc *);

#endif
