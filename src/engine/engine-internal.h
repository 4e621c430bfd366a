/* ISC license. */

/* Between the files of this room. */

#ifndef S6RC_ENGINE_INTERNAL_H
#define S6RC_ENGINE_INTERNAL_H

#include <s6-rc/config.h>

#include "engine.h"

/* directories that one s6-svc gets: far below any limit on arguments */
#define ENGINE_MAXBATCH (S6RC_SVC_MANY ? 256 : 1)
/* s6-svc processes at work at a time: enough to keep the machine busy */
#define ENGINE_MAXCOMMANDS 16
/* the same for s6-rc-dryrun, which only sleeps */
#define ENGINE_MAXDRYRUNS 512
/* jobs that are started before what has happened meanwhile is looked at */
#define ENGINE_MAXSTARTS (S6RC_SVC_MANY ? ENGINE_MAXBATCH : ENGINE_MAXCOMMANDS)

/* A program that we started, for one job or, with s6-svc, for some. */
typedef struct engine_child_s engine_child;
struct engine_child_s {
  pid_t pid;
  uint32_t first; /* in the list of commands: first .. first + n - 1 */
  uint32_t n;
};

/* Something to be sent to a supervisor. */
typedef struct engine_command_s engine_command;
struct engine_command_s {
  uint32_t job;
  char letter;
  unsigned char matters : 1; /* if it fails, so does the job */
  unsigned char alone : 1;   /* to be sent by an s6-svc of its own */
};

/* The connection to the oneshot runner. */
typedef struct engine_runner_s engine_runner;
struct engine_runner_s {
  int fd; /* -1: none yet */
  int welcome;
  int hungup;    /* before it said welcome; once may be chance */
  int waiting;   /* it does not answer at the moment */
  tain next;     /* then: when to try again, */
  tain patience; /* and until when */
  unixmessage_sender out;
  unixmessage_receiver in;
  char inbuf[UNIXMESSAGE_BUFSIZE];
  char auxbuf[UNIXMESSAGE_AUXBUFSIZE];
};

typedef struct engine_s engine;
struct engine_s {
  engine_plan *plan;
  s6rc_db const *db;
  engine_options const *options;
  int dirfd;
  int selfpipe;
  s6rc_listener listener;
  uint32_t *ready; /* queue of jobs that can start: ready[head .. tail - 1] */
  uint32_t head;
  uint32_t tail;
  uint32_t nrunning;
  uint32_t nfailed;
  int interrupted;
  int unrecorded; /* said that a record could not be written */
  int ranout;     /* the time of the whole run is up */
  uint32_t *heap; /* running jobs with a limit, by deadline; may hold ended ones */
  uint32_t nheap;
  uint32_t nagain;      /* longruns to be looked at again */
  unsigned int againms; /* after so many ms; 0: there is none */
  tain again;           /* that is when */
  genalloc commands;    /* of engine_command */
  uint32_t nextcommand; /* first one not given to a process yet */
  genalloc children;    /* of engine_child */
  genalloc pollfds;     /* of iopause_fd */
  genalloc ids;         /* of uint32_t */
  stralloc interpreter; /* the last one that was looked at, or empty */
  stralloc path;        /* scratch */
  engine_runner runner;
};

#define JOB(e, i) ((e)->plan->jobs + (i))

/* engine_run.c: the end of a job. detail is copied. */
extern void engine_done(engine *, uint32_t job);
extern void engine_fail(engine *, uint32_t job, engine_failure, int value, char const *detail);

/* engine_record.c: nothing, if there is nowhere to write to */
extern void engine_record_begin(engine *, uint32_t job);
extern void engine_record_end(engine *, uint32_t job);
/* The run is over: what has not ended. */
extern void engine_record_rest(engine *, engine_result);

/* engine_heap.c. Sets *t to so many ms from now. */
extern void engine_after(tain *t, unsigned int ms);

/* engine_longrun.c */
extern void engine_longrun_start(engine *, uint32_t job);
extern void engine_longrun_look(engine *, uint32_t job, unsigned int events);
/* s6-svc has sent its command; several: and those of others. */
extern void engine_longrun_sent(engine *, uint32_t job, int several);
/* Forgets a job that has ended: no more events, and on a failed start the
   supervisor is told to bring it down. */
extern void engine_longrun_end(engine *, uint32_t job);
/* Tells the supervisor just that. */
extern void engine_longrun_bring_down(engine *, uint32_t job);
/* Nobody supervises it at this moment; somebody may soon. */
extern void engine_longrun_unheard(engine *, uint32_t job);
/* The run is over, all commands have been sent: waits a moment until the
   supervisors of what failed have read them. */
extern void engine_longrun_settle(engine *);
/* Looks at those again that are to be, if it is time. */
extern void engine_longrun_look_again(engine *);
/* Gives up those of which nothing will be heard. */
extern void engine_longrun_give_up_mute(engine *);
extern char const *engine_job_name(uint32_t job, void *e);

/* engine_executable.c: 1 if file in service directory name can be executed
   as far as can be seen; 0 and errno; -1 and errno if it is its interpreter
   that cannot be: e->interpreter, a string. */
extern int engine_executable(engine *, char const *name, char const *file);

/* engine_oneshot.c */
extern void engine_oneshot_start(engine *, uint32_t job);
/* Nothing that the runner has not begun is to be begun. */
extern void engine_oneshot_stop(engine *);
extern void engine_oneshot_kill(engine *, uint32_t job);
extern void engine_runner_fds(engine const *, iopause_fd *);
/* Tries again to connect to the runner, if it is time. */
extern void engine_runner_try(engine *);
/* Is there something to be told to the runner? */
extern int engine_runner_busy(engine const *);
extern void engine_runner_handle(engine *, iopause_fd const *);
extern void engine_runner_free(engine *);

/* engine_command.c */
/* Queues a command; alone as in engine_command. 1; 0 and ENOMEM. */
extern int engine_command_add(engine *, uint32_t job, char letter, int matters, int alone);
extern void engine_command_flush(engine *);
extern void engine_command_reap(engine *);
extern void engine_dryrun_start(engine *, uint32_t job);
/* Sends what is queued, waits for the s6-svc that run, ends dry runs, frees. */
extern void engine_command_free(engine *);
#define engine_command_busy(e)                   \
  (genalloc_len(engine_child, &(e)->children) || \
   (e)->nextcommand < genalloc_len(engine_command, &(e)->commands))

/* engine_heap.c: the jobs' own limits */
extern void engine_heap_add(engine *, uint32_t job);
/* The job whose limit comes first; S6RC_NONE if there is none. */
extern uint32_t engine_heap_first(engine *);

#endif
