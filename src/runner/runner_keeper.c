/* ISC license. */

/* A keeper: the parent of one script. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>
#include <sys/wait.h>

#include <skalibs/allreadwrite.h>

#include "runner-internal.h"

/* A service's byte in the lock file is its keeper's while its script runs.
   Which byte comes from the name: another process may serve another database,
   after an update, where the number is another service's. Two names that share
   a byte only take turns. */
static int lock(runner const *r, s6rc_service const *sv)
{
  struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
  int e;
  fl.l_start = (off_t)(s6rc_hash_bytes(S6RC_HASH_INIT, sv->name, sv->namelen) & INT32_MAX);
  do e = fcntl(r->lockfd, F_SETLKW, &fl);
  while (e < 0 && errno == EINTR);
  return e >= 0;
}

/* 0, or errno */
static int spawn(runner const *r, char const *const *argv, char *const *env, pid_t *pid)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attr;
  sigset_t none;
  int e = posix_spawnattr_init(&attr);
  if (e) return e;
  e = posix_spawn_file_actions_init(&actions);
  if (e) goto attr;
  sigemptyset(&none);
  e = posix_spawnattr_setsigmask(&attr, &none);
  if (!e) e = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
  for (int i = 0; !e && i < S6RC_RUNNER_NFDS; i++)
    e = posix_spawn_file_actions_adddup2(&actions, r->fds[i], i);
  if (!e) e = posix_spawnp(pid, argv[0], &actions, &attr, (char *const *)argv, env);
  posix_spawn_file_actions_destroy(&actions);
attr:
  posix_spawnattr_destroy(&attr);
  return e;
}

/* Until the script has ended; SIGTERM is passed on. */
static int wait_for_script(pid_t pid, sigset_t const *set)
{
  int wstat, sig;
  for (;;) {
    pid_t r = waitpid(pid, &wstat, WNOHANG);
    if (r == pid) return wstat;
    if (r < 0 && errno != EINTR) return SIGKILL; /* somebody else has reaped it */
    if (sigwait(set, &sig) || sig != SIGTERM) continue;
    kill(pid, SIGTERM);
    kill(pid, SIGCONT);
  }
}

void runner_keep(runner const *r, s6rc_service const *sv, char const *const *argv, char *const *env)
{
  struct sigaction usual = {.sa_handler = SIG_DFL}, inherited;
  runner_result result = {.keeper = getpid(), .how = S6RC_END_NOTRUN};
  sigset_t hangup, set;
  pid_t pid;
  /* the end of our parent must be seen at the other end */
  close(0);
  close(1);
  close(r->results[0]);
  sigemptyset(&usual.sa_mask);
  sigemptyset(&hangup);
  sigaddset(&hangup, RUNNER_HANGUP);
  set = hangup;
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGCHLD);
  /* another connection's script of this service may still run, its s6-rc or
     its handler gone: until it has ended, both signals end us */
  sigaction(RUNNER_HANGUP, &usual, &inherited);
  sigprocmask(SIG_UNBLOCK, &hangup, 0);
  int locked = lock(r, sv);
  result.value = errno;
  sigprocmask(SIG_BLOCK, &set, 0);
  sigaction(RUNNER_HANGUP, &inherited, 0);
  if (locked) result.value = spawn(r, argv, env, &pid);
  if (locked && !result.value) {
    int wstat = wait_for_script(pid, &set);
    result.how = WIFSIGNALED(wstat) ? S6RC_END_SIGNALED : S6RC_END_EXITED;
    result.value = WIFSIGNALED(wstat) ? WTERMSIG(wstat) : WEXITSTATUS(wstat);
  }
  fd_write(r->results[1], (char const *)&result, sizeof result);
  _exit(0);
}
