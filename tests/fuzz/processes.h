/* ISC license. */

/* For fuzz/runner.c: src/runner/runner_script.c with processes and locks that
   are made up. Nothing is executed. What is started goes on until end_kid. */

#ifndef S6RC_FUZZ_PROCESSES_H
#define S6RC_FUZZ_PROCESSES_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <s6-rc/runner.h>

static pid_t sim_fork(void);
static int sim_spawn(pid_t *, char const *, posix_spawn_file_actions_t const *, posix_spawnattr_t const *,
                     char *const *, char *const *);
static pid_t sim_wait(pid_t, int *, int);
static int sim_kill(pid_t, int);
static int sim_lock(int, int, struct flock *);

#define fork         sim_fork
#define posix_spawnp sim_spawn
#define waitpid      sim_wait
#define kill         sim_kill
#define fcntl        sim_lock
#include "runner/runner_script.c"
#undef fork
#undef posix_spawnp
#undef waitpid
#undef kill
#undef fcntl

enum { KIDS_MAX = 64 };

static struct {
  pid_t pid;
  int ended; /* not waited for yet */
  int wstat;
} kids[KIDS_MAX];
static unsigned int nkids;
static pid_t lastpid;
static int failure, held;

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

static int sim_spawn(pid_t *pid, char const *file, posix_spawn_file_actions_t const *actions,
                     posix_spawnattr_t const *attr, char *const *argv, char *const *envp)
{
  int e = fails(), named = 0;
  (void)actions;
  (void)attr;
  CHECK(file == argv[0]);
  for (; *argv; argv++) fuzz_touch(*argv, strlen(*argv));
  for (; *envp; envp++) named += !strncmp(*envp, S6RC_RC_NAME "=", sizeof S6RC_RC_NAME);
  CHECK(named == 1);
  if (!e) start_kid(pid);
  return e;
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

static int sim_kill(pid_t pid, int sig)
{
  unsigned int i = 0;
  while (i < nkids && kids[i].pid != pid) i++;
  CHECK(i < nkids);
  if (sig == SIGKILL) {
    kids[i].ended = 1;
    kids[i].wstat = SIGKILL;
  }
  return 0;
}

static int sim_lock(int fd, int command, struct flock *fl)
{
  (void)fd;
  CHECK(command == F_SETLK && fl->l_len == 1 && fl->l_start >= 0);
  return held & 1 && fl->l_type == F_WRLCK ? (errno = EAGAIN, -1) : 0;
}

static void end_kid(unsigned int which, int wstat)
{
  if (!nkids) return;
  which %= nkids;
  kids[which].ended = 1;
  /* as it can be: a code, or a signal from 1 to 126, perhaps with a core */
  kids[which].wstat = wstat & 0x7f && (wstat & 0x7f) != 0x7f ? wstat & 0xff : wstat & 0xff00;
}

#endif
