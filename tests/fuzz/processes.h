/* ISC license. */

/* For fuzz/runner.c: src/runner/runner_script.c with children that are made up.
   Nothing is executed. What is started goes on until end_kid. */

#ifndef S6RC_FUZZ_PROCESSES_H
#define S6RC_FUZZ_PROCESSES_H

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <s6-rc/runner.h>

static pid_t sim_fork(void);
static pid_t sim_wait(pid_t, int *, int);
static int sim_kill(pid_t, int);

#define fork    sim_fork
#define waitpid sim_wait
#define kill    sim_kill
#include "runner/runner_script.c"
#undef fork
#undef waitpid
#undef kill

enum { KIDS_MAX = 64 };

static struct {
  pid_t pid;
  int ended; /* not waited for yet */
  int wstat;
} kids[KIDS_MAX];
static unsigned int nkids;
static pid_t lastpid;
static int failure, held;
static int failures = -1; /* where children say what is wrong */

static void start_kid(pid_t *pid)
{
  *pid = ++lastpid;
  kids[nkids].pid = *pid;
  kids[nkids].ended = 0;
  nkids++;
}

static int fails(void)
{
  int e = nkids == KIDS_MAX ? EAGAIN : failure;
  failure = 0;
  return e;
}

static pid_t sim_fork(void)
{
  pid_t pid;
  int e = fails();
  if (e) return (errno = e, -1);
  start_kid(&pid);
  return pid;
}

static pid_t sim_wait(pid_t pid, int *wstat, int options)
{
  CHECK(pid == -1 && options == WNOHANG);
  for (unsigned int i = 0; i < nkids; i++) {
    if (!kids[i].ended) continue;
    pid = kids[i].pid;
    *wstat = kids[i].wstat;
    kids[i] = kids[--nkids];
    return pid;
  }
  return nkids ? 0 : (errno = ECHILD, -1);
}

/* Who waits for its turn, because others run, ends at the signal. */
static int sim_kill(pid_t pid, int sig)
{
  unsigned int i = 0;
  while (i < nkids && kids[i].pid != pid) i++;
  CHECK(i < nkids && (sig == SIGTERM || sig == SIGCONT));
  if (held & 1 && sig == SIGTERM) {
    kids[i].ended = 1;
    kids[i].wstat = sig;
  }
  return 0;
}

/* Nobody else runs scripts here. */
void runner_turn_end(runner const *r, char const *name, pid_t pid)
{
  CHECK(r && *name && pid > 0 && pid <= lastpid);
}

int runner_turn_take(runner const *r, char const *name)
{
  (void)r;
  (void)name;
  FAIL("nothing is executed here");
}

static void end(unsigned int which, int wstat)
{
  kids[which].ended = 1;
  kids[which].wstat = wstat;
}

/* The low byte of what: a signal, or, from 128 on, the script was not run */
static void end_kid(unsigned int which, unsigned int what)
{
  unsigned int value = what >> 8 & 0xff;
  if (!nkids) return;
  which %= nkids;
  if (kids[which].ended) return;
  if (held & 1) {
    end(which, SIGKILL);
  } else if (what & 0x80) {
    runner_failure failure_ = {.pid = kids[which].pid, .err = (int)value};
    if (failures >= 0) CHECK(write(failures, &failure_, sizeof failure_) == sizeof failure_);
    end(which, (int)(S6RC_EXIT_SYSTEM << 8));
  } else
    end(which, what & 0x7f ? (int)(what & 0x7f) : (int)(value << 8));
}

#endif
