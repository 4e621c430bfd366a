/* ISC license. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>

#include <skalibs/allreadwrite.h>

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

static pid_t start_keeper(runner *r, s6rc_service const *sv, s6rc_script const *script)
{
  char **env = runner_environment(sv->name);
  char const **argv = runner_argv(script);
  pid_t pid = -1;
  int e = ENOMEM;
  if (env && argv) {
    pid = fork();
    if (!pid) runner_keep(r, sv, argv, env);
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
  kid.pid = start_keeper(r, &sv, &sv.script[q->script]);
  if (kid.pid < 0) return not_started(r, q->number, errno);
  return genalloc_append(runner_kid, &r->kids, &kid);
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

static runner_kid *find_kid(runner *r, pid_t pid)
{
  for (size_t i = 0; i < genalloc_len(runner_kid, &r->kids); i++)
    if (genalloc_s(runner_kid, &r->kids)[i].pid == pid) return genalloc_s(runner_kid, &r->kids) + i;
  return 0;
}

/* Keepers say what came of it before they end. */
static void read_results(runner *r)
{
  runner_result result;
  while (fd_read(r->results[0], (char *)&result, sizeof result) == sizeof result) {
    runner_kid *kid = find_kid(r, result.keeper);
    if (!kid) continue;
    kid->how = result.how;
    kid->value = result.value;
    kid->told = 1;
  }
}

/* 0: it is to be tried again, when another one ends */
static int kid_ended(runner *r, runner_kid const *kid, int wstat)
{
  runner_request again = {.number = kid->number, .script = kid->script};
  if (!kid->told) /* it was killed: by us while it waited, or by others */
    runner_report(r, kid->number, S6RC_END_SIGNALED, WIFSIGNALED(wstat) ? WTERMSIG(wstat) : SIGKILL);
  else if (kid->how != S6RC_END_NOTRUN)
    runner_report(r, kid->number, kid->how, kid->value);
  else if (!not_started(r, kid->number, kid->value))
    return genalloc_append(runner_request, &r->queue, &again) ? 0 : not_started(r, kid->number, EINVAL);
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
    read_results(r);
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
    if (kid->number == number) kill(kid->pid, SIGTERM);
  }
  for (size_t i = r->head; i < genalloc_len(runner_request, &r->queue); i++) {
    if (queue[i].number != number) continue;
    queue[i] = queue[r->head++];
    runner_report(r, number, S6RC_END_SIGNALED, SIGTERM);
    return;
  }
}

void runner_hang_up(runner *r)
{
  for (size_t i = 0; i < genalloc_len(runner_kid, &r->kids); i++)
    kill(genalloc_s(runner_kid, &r->kids)[i].pid, RUNNER_HANGUP);
}
