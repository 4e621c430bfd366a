/* ISC license. */

#ifndef S6RC_RUNNER_INTERNAL_H
#define S6RC_RUNNER_INTERNAL_H

#include <stdint.h>
#include <sys/types.h>

#include <skalibs/genalloc.h>
#include <skalibs/unixmessage.h>

#include <s6-rc/db.h>
#include <s6-rc/runner.h>

/* A child: a script, or what is going to execute it. */
typedef struct runner_kid_s runner_kid;
struct runner_kid_s {
  pid_t pid;
  uint32_t number;
  unsigned char script;
  int err; /* of what kept the script from being executed; 0: none is known */
};

/* What a child says when it cannot execute its script, in one write to a pipe. */
typedef struct runner_failure_s runner_failure;
struct runner_failure_s {
  pid_t pid;
  int err;
};

typedef struct runner_request_s runner_request;
struct runner_request_s {
  uint32_t number;
  unsigned char script;
};

typedef struct runner_s runner;
struct runner_s {
  char const *live;
  s6rc_db db;
  int lockfd; /* of the file and the directory that runner_serve is given */
  int notesfd;
  int failures[2];           /* the pipe from all children */
  int lifeline[2];           /* the pipe that nothing is written to: it ends with the client, or with us */
  int fds[S6RC_RUNNER_NFDS]; /* the client's, -1 before hello */
  int greeted;
  int stopped;    /* nothing more is started */
  int gone;       /* the client is */
  genalloc kids;  /* of runner_kid */
  genalloc queue; /* of runner_request, from `head` on */
  size_t head;
  unixmessage_sender out;
  unixmessage_receiver in;
  char inbuf[UNIXMESSAGE_BUFSIZE];
  char auxbuf[UNIXMESSAGE_AUXBUFSIZE];
};

/* runner_script.c. Starts what is queued, as far as the system lets us. */
extern void runner_start_queued(runner *);
/* Looks after children that have ended. */
extern void runner_reap(runner *);
/* SIGTERM and SIGCONT to a service's script. */
extern void runner_kill(runner *, uint32_t number);
/* Nothing more is started: children that wait for their turn end, what is
   queued is reported. */
extern void runner_stop(runner *);

/* runner_turn.c. In the process that is going to be the script of service
   name: waits until no other process is. From then on it is noted, until
   runner_turn_end(), or until it ends. 1; 0 and errno: it must not run, with
   ECANCELED because nobody waits for it any more. */
extern int runner_turn_take(runner const *, char const *name);
/* Process pid, which may have been a script of service name, has ended. */
extern void runner_turn_end(runner const *, char const *name, pid_t pid);

/* runner_serve.c. Tells the client. */
extern void runner_report(runner *, uint32_t number, enum s6rc_runner_end_e, int value);

#endif
