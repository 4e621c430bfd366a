/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>

#include <s6-rc/db.h>

#include "runner.h"
#include "runner-internal.h"

/* A service's byte in the lock file is this process's while its script runs.
   Which byte comes from the name: another process may serve another database,
   after an update, where the number is another service's. Two names that share
   a byte only take turns. */
static int lock_byte(runner const *r, uint32_t number, short type, int command)
{
  struct flock fl = {.l_type = type, .l_whence = SEEK_SET, .l_len = 1};
  s6rc_service sv;
  if (!s6rc_db_service(&r->db, number, &sv)) return -1;
  fl.l_start = (off_t)(s6rc_hash_bytes(S6RC_HASH_INIT, sv.name, sv.namelen) & INT32_MAX);
  return fcntl(r->lockfd, command, &fl);
}

static int spawn(runner *r, s6rc_service const *sv, s6rc_script const *script, pid_t *pid)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attr;
  sigset_t none;
  char **env = runner_environment(sv->name);
  char const **argv = runner_argv(script);
  int e = ENOMEM;
  if (!env || !argv) goto end;
  e = posix_spawnattr_init(&attr);
  if (e) goto end;
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
end:
  free(argv);
  errno = e;
  return !e;
}

static int add_kid(runner *r, pid_t pid, runner_request const *q, int waits)
{
  runner_kid kid = {.pid = pid, .number = q->number, .script = q->script, .waits = (unsigned char)waits};
  return genalloc_append(runner_kid, &r->kids, &kid);
}

/* A script could not be started. 0: later, when a child ends; 1: reported */
static int not_started(runner *r, uint32_t number, int err)
{
  if ((err == EAGAIN || err == ENOMEM) && r->kids.len) return 0;
  runner_report(r, number, S6RC_END_NOTRUN, err);
  return 1;
}

/* Another connection's script of this service still runs, its s6-rc has
   gone. A child waits for the lock, its end tells us to try again. */
static int wait_for_other(runner *r, runner_request const *q)
{
  pid_t pid = fork();
  if (pid < 0) return not_started(r, q->number, errno);
  if (!pid) {
    int e;
    do e = lock_byte(r, q->number, F_WRLCK, F_SETLKW);
    while (e < 0 && errno == EINTR);
    _exit(0);
  }
  return add_kid(r, pid, q, 1);
}

/* 1 started, or reported; 0: later, when a child ends */
static int start(runner *r, runner_request const *q)
{
  s6rc_service sv;
  pid_t pid;
  if (!s6rc_db_service(&r->db, q->number, &sv) || sv.type != S6RC_ONESHOT) {
    runner_report(r, q->number, S6RC_END_NOTRUN, EINVAL);
    return 1;
  }
  if (!sv.script[q->script].argc) {
    runner_report(r, q->number, S6RC_END_EXITED, 0);
    return 1;
  }
  /* room first, so that no child is started that we could not remember */
  if (!genalloc_readyplus(runner_kid, &r->kids, 1)) return not_started(r, q->number, ENOMEM);
  if (lock_byte(r, q->number, F_WRLCK, F_SETLK) < 0)
    return errno == EAGAIN || errno == EACCES ? wait_for_other(r, q) : not_started(r, q->number, errno);
  if (spawn(r, &sv, &sv.script[q->script], &pid)) return add_kid(r, pid, q, 0);
  int e = errno;
  lock_byte(r, q->number, F_UNLCK, F_SETLK);
  return not_started(r, q->number, e);
}

void runner_start_queued(runner *r)
{
  size_t n = genalloc_len(runner_request, &r->queue);
  while (!r->gone && r->head < n) {
    runner_request q = genalloc_s(runner_request, &r->queue)[r->head];
    if (!start(r, &q)) return;
    r->head++;
  }
  genalloc_setlen(runner_request, &r->queue, 0);
  r->head = 0;
}

static void kid_ended(runner *r, runner_kid const *kid, int wstat)
{
  runner_request again = {.number = kid->number, .script = kid->script};
  if (!kid->waits) {
    lock_byte(r, kid->number, F_UNLCK, F_SETLK);
    if (WIFSIGNALED(wstat))
      runner_report(r, kid->number, S6RC_END_SIGNALED, WTERMSIG(wstat));
    else
      runner_report(r, kid->number, S6RC_END_EXITED, WEXITSTATUS(wstat));
  } else if (WIFSIGNALED(wstat))
    runner_report(r, kid->number, S6RC_END_SIGNALED, WTERMSIG(wstat));
  else if (!genalloc_append(runner_request, &r->queue, &again))
    runner_report(r, kid->number, S6RC_END_NOTRUN, ENOMEM);
}

/* Which child it was: a look through all of them costs less than a process. */
static void find_ended(runner *r, pid_t pid, int wstat)
{
  runner_kid *kids = genalloc_s(runner_kid, &r->kids);
  size_t n = genalloc_len(runner_kid, &r->kids);
  for (size_t i = 0; i < n; i++) {
    if (kids[i].pid != pid) continue;
    runner_kid kid = kids[i];
    kids[i] = kids[n - 1];
    genalloc_setlen(runner_kid, &r->kids, n - 1);
    kid_ended(r, &kid, wstat);
    return;
  }
}

void runner_reap(runner *r)
{
  for (;;) {
    int wstat;
    pid_t pid = waitpid(-1, &wstat, WNOHANG);
    if (!pid || (pid < 0 && errno != EINTR)) break;
    if (pid > 0) find_ended(r, pid, wstat);
  }
  runner_start_queued(r);
}

void runner_kill(runner *r, uint32_t number)
{
  runner_request *queue = genalloc_s(runner_request, &r->queue);
  for (size_t i = 0; i < genalloc_len(runner_kid, &r->kids); i++) {
    runner_kid const *kid = genalloc_s(runner_kid, &r->kids) + i;
    if (kid->number != number) continue;
    kill(kid->pid, SIGTERM);
    kill(kid->pid, SIGCONT);
  }
  for (size_t i = r->head; i < genalloc_len(runner_request, &r->queue); i++) {
    if (queue[i].number != number) continue;
    queue[i] = queue[r->head++];
    runner_report(r, number, S6RC_END_SIGNALED, SIGTERM);
    return;
  }
}
