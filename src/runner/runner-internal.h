/* ISC license. */

#ifndef S6RC_RUNNER_INTERNAL_H
#define S6RC_RUNNER_INTERNAL_H

#include <stdint.h>
#include <sys/types.h>

#include <skalibs/genalloc.h>
#include <skalibs/unixmessage.h>

#include <s6-rc/db.h>
#include <s6-rc/runner.h>

/* A child: a script, or one that waits until another process's script of
   the same number has ended. */
typedef struct runner_kid_s runner_kid;
struct runner_kid_s {
  pid_t pid;
  uint32_t number;
  unsigned char script;
  unsigned char waits;
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
  int lockfd;
  int fds[S6RC_RUNNER_NFDS]; /* the client's, -1 before hello */
  int greeted;
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

/* runner_serve.c. Tells the client. */
extern void runner_report(runner *, uint32_t number, enum s6rc_runner_end_e, int value);

#endif
