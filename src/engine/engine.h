/* ISC license. */

/* The transitions: a plan says what has to change and what waits for what;
   running it starts whatever can start, and ends with an outcome for each. */

#ifndef S6RC_ENGINE_H
#define S6RC_ENGINE_H

#include <stdint.h>
#include <sys/types.h>

#include <skalibs/genalloc.h>
#include <skalibs/iopause.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>
#include <skalibs/unixmessage.h>

#include <s6-rc/db.h>
#include <s6-rc/listen.h>

typedef enum engine_status_e engine_status;
enum engine_status_e {
  ENGINE_WAITING, /* for dependencies; if the run is over: not attempted, or not yet, nothing blocked it */
  ENGINE_RUNNING, /* if the run is over: still under way */
  ENGINE_DONE,
  ENGINE_FAILED,
  ENGINE_BLOCKED /* not attempted, because of culprit */
};

/* How a transition failed, and what value and detail then say. */
typedef enum engine_failure_e engine_failure;
enum engine_failure_e {
  ENGINE_FAIL_EXITED,       /* a script: exit code */
  ENGINE_FAIL_SIGNALED,     /* a script: signal */
  ENGINE_FAIL_TIMEDOUT,     /* milliseconds of its own limit */
  ENGINE_FAIL_GIVENUP,      /* its finish script said: permanent failure */
  ENGINE_FAIL_UNWANTED,     /* its supervisor was told by others to bring it down */
  ENGINE_FAIL_NOEXEC,       /* errno; detail: the file that cannot be executed */
  ENGINE_FAIL_INTERPRETER,  /* errno; detail: the interpreter that cannot be, as its run names it */
  ENGINE_FAIL_UNSUPERVISED, /* no s6-supervise there */
  ENGINE_FAIL_COMMAND,      /* exit code (or 256 + signal) of the program named in detail */
  ENGINE_FAIL_INTERRUPTED,  /* by a signal to us */
  ENGINE_FAIL_RUNNER,       /* errno or 0; detail: what went wrong with the oneshot runner */
  ENGINE_FAIL_SYSTEM,       /* errno; detail: what we tried */
  ENGINE_NFAILURES
};

/* One transition. */
typedef struct engine_job_s engine_job;
struct engine_job_s {
  uint32_t number;
  uint32_t namelen;
  char const *name; /* in the database's map */
  s6rc_type type;
  unsigned char before; /* the byte of the state that the plan was made from */
  uint32_t timeout;     /* ms, 0 = none */
  uint32_t pending;     /* jobs that have to be done before */
  engine_status status;
  engine_failure failure;
  int value;
  char *detail;     /* owned, or null */
  uint32_t culprit; /* job, if blocked */
  tain begun;
  tain ended;
  tain wallbegun; /* begun, as it is recorded */
  uint64_t monobegun;
  tain deadline;              /* of this transition */
  tain stamp;                 /* longruns: of the last change before we began */
  char letter;                /* longruns in a reload: what s6-svc is to send */
  int svc;                    /* longruns: how that s6-svc ended, as in ENGINE_FAIL_COMMAND */
  tain patience;              /* longruns: until when a supervisor that is not there may come back, or obey */
  uint32_t ncommands;         /* longruns: queued for its supervisor, or being sent */
  unsigned int notifies : 1;  /* longruns: has a notification-fd */
  unsigned int asked : 1;     /* longruns, and all in a dry run: the command is being sent, or has been */
  unsigned int sent : 1;      /* longruns: the command has been sent */
  unsigned int wanted : 1;    /* longruns: its supervisor has been seen to want what we want */
  unsigned int atrest : 1;    /* longruns: had no process when the command was queued */
  unsigned int gaveup : 1;    /* longruns: said that it gave up (or a neighbour in its group did) */
  unsigned int again : 1;     /* longruns: to be looked at again soon */
  unsigned int gone : 1;      /* the same, because its supervisor says that it ends, or is not there */
  unsigned int alone : 1;     /* longruns: had no supervisor when we looked last; `patience` is set */
  unsigned int bringdown : 1; /* longruns: to be brought down when ncommands is 0 */
  unsigned int doubtful : 1;  /* longruns: one s6-svc has told several, if it could; `patience` is set */
  unsigned int told : 1;      /* longruns: has failed, and been told to come down */
};

/* jobs by service number; then, for each, the jobs that wait for it. */
typedef struct engine_plan_s engine_plan;
struct engine_plan_s {
  s6rc_dir dir;
  int reload; /* no transitions: reload scripts and signals */
  int insist; /* longruns are told also if they seem to be there: others may have told them otherwise */
  uint32_t n;
  engine_job *jobs;
  uint32_t *firstnext; /* n + 1 */
  uint32_t *next;
};
#define ENGINE_PLAN_ZERO                                                                   \
  {                                                                                        \
    .dir = S6RC_UP, .reload = 0, .insist = 0, .n = 0, .jobs = 0, .firstnext = 0, .next = 0 \
  }

/* In a byte of the state that a plan is made from, beside S6RC_STATE_ALL: the
   service is on its way to the other state, or may be. */
#define ENGINE_STATE_HALFWAY (1U << 7)

/* Plans to bring all services whose mark has `bit` set (a closure in
   direction dir) to that state, as far as state says that they are not there,
   or only halfway. 1; 0 and errno (EPROTO, also for dependencies in a cycle; ENOMEM). O(V+E) of
   the closure. */
extern int engine_plan_make(engine_plan *, s6rc_db const *, unsigned char const *state,
                            unsigned char const *mark, unsigned char bit, s6rc_dir dir);
/* Plans to reload all services whose mark has `bit` set, at once. The letters
   of longruns (options of s6-svc) are the caller's to set. 1; 0 and errno. */
extern int engine_plan_reload(engine_plan *, s6rc_db const *, unsigned char const *mark, unsigned char bit);
extern void engine_plan_free(engine_plan *);

/* What the caller is told while the engine runs. */
typedef enum engine_notice_e engine_notice;
enum engine_notice_e {
  ENGINE_BEGINS,     /* a job starts */
  ENGINE_ENDS,       /* a job is done or has failed: see its status */
  ENGINE_WAITS,      /* still under way, said of each such job every ENGINE_PATIENCE_MS */
  ENGINE_NODOWNFILE, /* its `down` file could not be made or removed: errno */
  ENGINE_NOTTOLD,    /* an s6-svc that was to tell its supervisor, and perhaps others, has failed: job->svc */
  ENGINE_NORECORD    /* a record could not be written: errno; said once */
};
#define ENGINE_PATIENCE_MS 10000
typedef void engine_say_func(engine_notice, engine_job const *, void *data);

typedef struct engine_options_s engine_options;
struct engine_options_s {
  tain deadline; /* of the whole run, absolute */
  int statefd;   /* for s6rc_state_set; -1: don't */
  int recordsfd; /* for s6rc_record_set; -1: don't */
  uint32_t run;  /* the number for the records */
  unsigned char const
      *wanted; /* mark bytes: a service that comes up is explicitly wanted if `wantedbit` is set */
  unsigned char wantedbit;
  int dryrun;             /* run ENGINE_DRYRUN instead of every command */
  unsigned int throttle;  /* ms, for dry runs */
  unsigned int verbosity; /* for dry runs */
  char const *live;       /* public name, for dry runs */
  engine_say_func *say;
  void *data;
};

typedef enum engine_result_e engine_result;
enum engine_result_e {
  ENGINE_OK,
  ENGINE_FAILURES,
  ENGINE_TIMEOUT,     /* of the whole run */
  ENGINE_INTERRUPTED, /* by SIGTERM or SIGINT */
  ENGINE_SYSTEM       /* errno is set */
};

/* Carries the plan out, until nothing more can be done. servicedirsfd:
   live/servicedirs; the process's working directory is changed to it. Traps
   SIGCHLD, SIGTERM, SIGINT for as long as it runs, whatever they were set to.
   Leaves no child, no FIFO and no open descriptor behind. */
extern engine_result engine_run(engine_plan *, s6rc_db const *, int servicedirsfd, engine_options const *);

#endif
