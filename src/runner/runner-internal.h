/* ISC license. */

#ifndef S6RC_RUNNER_INTERNAL_H
#define S6RC_RUNNER_INTERNAL_H

#include <stdint.h>
#include <sys/types.h>

#include <skalibs/genalloc.h>
#include <skalibs/unixmessage.h>

#include <s6-rc/db.h>
#include <s6-rc/runner.h>

/* A child: the keeper of a script. It has the lock that keeps the script from
   running twice, which so outlives this process, whatever happens to it. */
typedef struct runner_kid_s runner_kid;
struct runner_kid_s {
  pid_t pid;
  uint32_t number;
  unsigned char script;
  unsigned char told; /* what follows is known */
  enum s6rc_runner_end_e how;
  int value;
};

/* What a keeper says before it ends, in one write to a pipe. */
typedef struct runner_result_s runner_result;
struct runner_result_s {
  pid_t keeper;
  enum s6rc_runner_end_e how;
  int value;
};

/* To keepers: nobody waits for what has not begun. Blocked in this process. */
#define RUNNER_HANGUP SIGHUP

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
  int results[2];            /* the pipe from all keepers */
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
/* The client has gone: ends the keepers that wait for their turn. */
extern void runner_hang_up(runner *);

/* runner_keeper.c. In a child: waits until no other process's script of this
   service runs, runs it, and tells its parent. Does not return. */
extern void runner_keep(runner const *, s6rc_service const *, char const *const *argv, char *const *env);

/* runner_serve.c. Tells the client. */
extern void runner_report(runner *, uint32_t number, enum s6rc_runner_end_e, int value);

#endif
