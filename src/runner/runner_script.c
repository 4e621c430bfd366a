/* ISC license. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/exec.h>

#include <s6-rc/db.h>

#include "runner.h"
#include "runner-internal.h"

/* A script could not be started. 0: later, when a child ends; 1: reported */
static int not_started(runner *r, uint32_t number, int err)
{
  if ((err == EAGAIN || err == ENOMEM) && r->kids.len) return 0;
  runner_report(r, number, S6RC_END_NOTRUN, err);
  return 1;
}

/* In a child. Until it is its turn it has nothing of the client's, who is to see
   when our parent ends. */
static _Noreturn void be_script(runner const *r, char const *name, char const *const *argv, char **env)
{
  runner_failure failure = {.pid = getpid()};
  sigset_t none;
  int ok = 1;
  close(0);
  close(1);
  close(r->lifeline[1]);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  if (runner_turn_take(r, name)) {
    for (int i = 0; ok && i < S6RC_RUNNER_NFDS; i++) ok = dup2(r->fds[i], i) >= 0;
    if (ok) exec_ae(argv[0], argv, (char const *const *)env);
  }
  failure.err = errno;
  fd_write(r->failures[1], (char const *)&failure, sizeof failure);
  _exit(S6RC_EXIT_SYSTEM);
}

static pid_t start_script(runner *r, s6rc_service const *sv, s6rc_script const *script)
{
  char **env = runner_environment(sv->name);
  char const **argv = runner_argv(script);
  pid_t pid = -1;
  int e = ENOMEM;
  if (env && argv) {
    pid = fork();
    if (!pid) be_script(r, sv->name, argv, env);
    e = errno;
  }
  free(argv);
  errno = e;
  return pid;
}

/* 1 started, or reported; 0: later, when a child ends */
static int start(runner *r, runner_request const *q)
{
  runner_kid kid = {.number = q->number, .script = q->script};
  s6rc_service sv;
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
  kid.pid = start_script(r, &sv, &sv.script[q->script]);
  if (kid.pid < 0) return not_started(r, q->number, errno);
  return genalloc_append(runner_kid, &r->kids, &kid);
}

void runner_start_queued(runner *r)
{
  size_t n = genalloc_len(runner_request, &r->queue);
  while (!r->gone && r->head < n) {
    runner_request q = genalloc_s(runner_request, &r->queue)[r->head];
    if (r->stopped)
      runner_report(r, q.number, S6RC_END_NOTRUN, ECANCELED);
    else if (!start(r, &q))
      return;
    r->head++;
  }
  genalloc_setlen(runner_request, &r->queue, 0);
  r->head = 0;
}

static runner_kid *find_kid(runner *r, pid_t pid)
{
  for (size_t i = 0; i < genalloc_len(runner_kid, &r->kids); i++)
    if (genalloc_s(runner_kid, &r->kids)[i].pid == pid) return genalloc_s(runner_kid, &r->kids) + i;
  return 0;
}

/* Children say what is wrong before they end. */
static void read_failures(runner *r)
{
  runner_failure failure;
  while (fd_read(r->failures[0], (char *)&failure, sizeof failure) == sizeof failure) {
    runner_kid *kid = find_kid(r, failure.pid);
    if (kid) kid->err = failure.err;
  }
}

/* 0: it is to be tried again, when another one ends */
static int kid_ended(runner *r, runner_kid const *kid, int wstat)
{
  runner_request again = {.number = kid->number, .script = kid->script};
  s6rc_service sv;
  if (s6rc_db_service(&r->db, kid->number, &sv)) runner_turn_end(r, sv.name, kid->pid);
  if (!kid->err && WIFSIGNALED(wstat))
    runner_report(r, kid->number, S6RC_END_SIGNALED, WTERMSIG(wstat));
  else if (!kid->err)
    runner_report(r, kid->number, S6RC_END_EXITED, WEXITSTATUS(wstat));
  else if (!not_started(r, kid->number, kid->err)) {
    if (genalloc_append(runner_request, &r->queue, &again)) return 0;
    runner_report(r, kid->number, S6RC_END_NOTRUN, ENOMEM);
  }
  return 1;
}

void runner_reap(runner *r)
{
  int room = !r->kids.len;
  for (;;) {
    int wstat;
    pid_t pid = waitpid(-1, &wstat, WNOHANG);
    if (!pid || (pid < 0 && errno != EINTR)) break;
    if (pid < 0) continue;
    read_failures(r);
    /* a look through all of them costs less than a process */
    runner_kid *kid = find_kid(r, pid);
    if (!kid) continue;
    runner_kid ended = *kid;
    size_t last = genalloc_len(runner_kid, &r->kids) - 1;
    *kid = genalloc_s(runner_kid, &r->kids)[last];
    genalloc_setlen(runner_kid, &r->kids, last);
    room |= kid_ended(r, &ended, wstat);
  }
  if (room) runner_start_queued(r);
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

void runner_stop(runner *r)
{
  if (r->stopped) return;
  r->stopped = 1;
  close(r->lifeline[1]);
  r->lifeline[1] = -1;
  runner_start_queued(r);
}
