/* ISC license. */

/* Commands to supervisors are sent by s6-svc; a dry run's by s6-rc-dryrun. */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <skalibs/stddjb.h>
#include <skalibs/types.h>

#include <s6/config.h>
#include <s6/s6.h>

#include <s6-rc/config.h>

#include "engine-internal.h"

#define SVC     "s6-svc"
#define DRYRUN  "s6-rc-dryrun"
#define ONESHOT "s6-rc-oneshot-run"

extern char **environ;

#define COMMAND(e, i) (genalloc_s(engine_command, &(e)->commands) + (i))

int engine_command_add(engine *e, uint32_t job, char letter, int matters, int alone)
{
  engine_command c = {.job = job, .letter = letter, .matters = !!matters, .alone = !!alone};
  if (!genalloc_append(engine_command, &e->commands, &c)) return 0;
  JOB(e, job)->ncommands++;
  return 1;
}

/* A command is no longer on its way. Only then may a contrary one be sent:
   two s6-svc at once would reach the supervisor in any order. */
static void left_queue(engine *e, uint32_t i)
{
  engine_job *job = JOB(e, i);
  if (--job->ncommands || !job->bringdown) return;
  job->bringdown = 0;
  engine_longrun_bring_down(e, i);
}

static int spawn(engine *e, char const *prog, char const *const *argv, uint32_t first, uint32_t n)
{
  engine_child child = {.first = first, .n = n};
  if (!genalloc_readyplus(engine_child, &e->children, 1)) return 0;
  child.pid = child_spawn0(prog, argv, (char const *const *)environ);
  if (!child.pid) return 0;
  genalloc_append(engine_child, &e->children, &child);
  return 1;
}

static int nobody_listens(int ended)
{
  return ended == 100 /* s6 before 2.13 */ || ended == 102;
}

/* What is not reported as a failed transition. Where there is no supervisor,
   there is nobody to be told. */
static void not_told(engine *e, uint32_t i, int ended)
{
  if (nobody_listens(ended) && !s6_svc_ok(JOB(e, i)->name)) return;
  JOB(e, i)->svc = ended;
  e->options->say(ENGINE_NOTTOLD, JOB(e, i), e->options->data);
}

/* n: how many it was sent to at once; ended: the exit code as wait_status gives it */
static void command_ended(engine *e, engine_command const *c, uint32_t n, int ended)
{
  if (!c->matters && ended) not_told(e, c->job, ended);
  if (!c->matters || JOB(e, c->job)->status != ENGINE_RUNNING) return;
  if (!ended) {
    if (e->plan->reload)
      engine_done(e, c->job);
    else
      engine_longrun_sent(e, c->job, n > 1);
    return;
  }
  if (nobody_listens(ended) && !e->plan->reload)
    engine_longrun_unheard(e, c->job);
  else if (nobody_listens(ended))
    engine_fail(e, c->job, ENGINE_FAIL_UNSUPERVISED, 0, 0);
  else
    engine_fail(e, c->job, ENGINE_FAIL_COMMAND, ended, SVC);
}

/* Its job has ended, or the time for all of them, before it was sent. */
static int is_moot(engine const *e, engine_command const *c)
{
  return c->matters && (e->ranout || JOB(e, c->job)->status != ENGINE_RUNNING);
}

/* As many of the queue's next commands as have the same letter and fit. */
static uint32_t batch(engine const *e)
{
  uint32_t n = 1, max = (uint32_t)genalloc_len(engine_command, &e->commands) - e->nextcommand;
  if (max > ENGINE_MAXBATCH) max = ENGINE_MAXBATCH;
  engine_command const *c = COMMAND(e, e->nextcommand);
  if (c->alone) return 1;
  while (n < max && c[n].letter == c->letter && !c[n].alone && !is_moot(e, c + n)) n++;
  return n;
}

/* At the limit of processes, is there one of ours that makes room when it ends? */
static int try_later(engine const *e, int err)
{
  return (err == EAGAIN || err == ENOMEM) && genalloc_len(engine_child, &e->children);
}

/* 0: later */
static int send_batch(engine *e, uint32_t first, uint32_t n)
{
  char option[3] = {'-', COMMAND(e, first)->letter, 0};
  char const *argv[ENGINE_MAXBATCH + 4] = {SVC, option, "--"};
  for (uint32_t i = 0; i < n; i++) argv[3 + i] = JOB(e, COMMAND(e, first + i)->job)->name;
  argv[3 + n] = 0;
  if (spawn(e, S6_EXTBINPREFIX SVC, argv, first, n)) {
    for (uint32_t i = 0; i < n; i++) JOB(e, COMMAND(e, first + i)->job)->asked = 1;
    return 1;
  }
  int err = errno;
  if (try_later(e, err)) return 0;
  for (uint32_t i = 0; i < n; i++) {
    engine_command c = *COMMAND(e, first + i);
    if (!c.matters)
      s6_svc_writectl(JOB(e, c.job)->name, S6_SUPERVISE_CTLDIR, &c.letter, 1);
    else if (JOB(e, c.job)->status == ENGINE_RUNNING)
      engine_fail(e, c.job, ENGINE_FAIL_SYSTEM, err, "run " S6_EXTBINPREFIX SVC);
    left_queue(e, c.job);
  }
  return 1;
}

/* A dry run's command, as it would be typed. 0: later */
static int send_dryrun(engine *e, uint32_t i)
{
  engine_job const *job = JOB(e, COMMAND(e, i)->job);
  char verbosity[UINT_FMT], throttle[UINT_FMT], number[UINT32_FMT];
  static char const *const scripts[S6RC_NSCRIPTS] = {
      [S6RC_SCRIPT_UP] = "up", [S6RC_SCRIPT_DOWN] = "down", [S6RC_SCRIPT_RELOAD] = "reload"};
  char option[3] = {'-', e->plan->reload ? job->letter : e->plan->dir == S6RC_UP ? 'u' : 'd', 0};
  char const *argv[] = {DRYRUN, "-v", verbosity, "-t", throttle, "--", 0, 0, 0, 0, 0, 0};
  verbosity[uint_fmt(verbosity, e->options->verbosity)] = 0;
  throttle[uint_fmt(throttle, e->options->throttle)] = 0;
  number[uint32_fmt(number, job->number)] = 0;
  e->path.len = 0;
  if (job->type == S6RC_LONGRUN) {
    if (!stralloc_cats(&e->path, e->options->live) || !stralloc_cats(&e->path, "/" S6RC_SERVICEDIRS "/") ||
        !stralloc_cats(&e->path, job->name) || !stralloc_0(&e->path))
      goto err;
    argv[6] = S6_EXTBINPREFIX SVC;
    argv[7] = option;
    argv[8] = "--";
    argv[9] = e->path.s;
  } else {
    argv[6] = S6RC_LIBEXECPREFIX ONESHOT;
    argv[7] = "-l";
    argv[8] = e->options->live;
    argv[9] = scripts[e->plan->reload ? S6RC_SCRIPT_RELOAD : (unsigned int)e->plan->dir];
    argv[10] = number;
  }
  if (spawn(e, S6RC_EXTBINPREFIX DRYRUN, argv, i, 1)) {
    JOB(e, COMMAND(e, i)->job)->asked = 1;
    return 1;
  }
err:
  if (try_later(e, errno)) return 0;
  engine_fail(e, COMMAND(e, i)->job, ENGINE_FAIL_SYSTEM, errno, "run " S6RC_EXTBINPREFIX DRYRUN);
  return 1;
}

void engine_command_flush(engine *e)
{
  size_t most = e->options->dryrun ? ENGINE_MAXDRYRUNS : ENGINE_MAXCOMMANDS;
  while (e->nextcommand < genalloc_len(engine_command, &e->commands) &&
         genalloc_len(engine_child, &e->children) < most) {
    uint32_t first = e->nextcommand;
    if (is_moot(e, COMMAND(e, first))) {
      e->nextcommand++;
      left_queue(e, COMMAND(e, first)->job);
      continue;
    }
    uint32_t n = e->options->dryrun ? 1 : batch(e);
    if (!(e->options->dryrun ? send_dryrun(e, first) : send_batch(e, first, n))) return;
    e->nextcommand += n;
  }
}

static void child_ended(engine *e, engine_child const *child, int wstat)
{
  int ended = wait_status(wstat);
  if (e->options->dryrun) {
    uint32_t job = COMMAND(e, child->first)->job;
    if (JOB(e, job)->status != ENGINE_RUNNING) return;
    if (ended)
      engine_fail(e, job, ENGINE_FAIL_COMMAND, ended, DRYRUN);
    else
      engine_done(e, job);
    return;
  }
  for (uint32_t i = 0; i < child->n; i++) {
    engine_command c = *COMMAND(e, child->first + i);
    /* of several, which one failed? ask again, one by one */
    if (!ended || child->n == 1 || !engine_command_add(e, c.job, c.letter, c.matters, 1))
      command_ended(e, &c, child->n, ended);
    left_queue(e, c.job);
  }
}

void engine_command_reap(engine *e)
{
  size_t i = 0;
  while (i < genalloc_len(engine_child, &e->children)) {
    engine_child *children = genalloc_s(engine_child, &e->children);
    size_t last = genalloc_len(engine_child, &e->children) - 1;
    int wstat;
    engine_child child = children[i];
    pid_t r;
    do r = waitpid(child.pid, &wstat, WNOHANG);
    while (r < 0 && errno == EINTR);
    if (!r) {
      i++;
      continue;
    }
    children[i] = children[last];
    genalloc_setlen(engine_child, &e->children, last);
    child_ended(e, &child, r < 0 ? 0 : wstat);
  }
}

void engine_dryrun_start(engine *e, uint32_t job)
{
  if (!engine_command_add(e, job, 0, 1, 1)) engine_fail(e, job, ENGINE_FAIL_SYSTEM, errno, "queue a command");
}

/* The same when the run is over, and no outcome changes any more. */
static void child_left(engine *e, engine_child const *child, int wstat)
{
  int ended = e->options->dryrun ? 0 : wait_status(wstat);
  for (uint32_t i = 0; i < child->n; i++) {
    engine_command c = *COMMAND(e, child->first + i);
    int again = ended && !c.matters && child->n > 1 && engine_command_add(e, c.job, c.letter, 0, 1);
    if (ended && !again && (!c.matters || JOB(e, c.job)->status == ENGINE_RUNNING)) not_told(e, c.job, ended);
    left_queue(e, c.job);
  }
}

/* No command is forgotten: what is under way stays under way, what has failed
   is brought down. */
void engine_command_free(engine *e)
{
  for (;;) {
    size_t n;
    int wstat;
    if (!e->options->dryrun) engine_command_flush(e);
    n = genalloc_len(engine_child, &e->children);
    if (!n) break;
    engine_child child = genalloc_s(engine_child, &e->children)[n - 1];
    genalloc_setlen(engine_child, &e->children, n - 1);
    if (e->options->dryrun) kill(child.pid, SIGTERM);
    child_left(e, &child, wait_pid(child.pid, &wstat) < 0 ? 0 : wstat);
  }
  genalloc_free(engine_command, &e->commands);
  genalloc_free(engine_child, &e->children);
}
