/* ISC license. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/selfpipe.h>
#include <skalibs/sig.h>
#include <skalibs/tai.h>

#include <s6-rc/state.h>

#include "engine-internal.h"

/* What is watched beside the services */
enum { POLL_SIGNALS, POLL_RUNNER, POLL_LISTENER };

static unsigned char state_after(engine const *e, uint32_t job)
{
  engine_options const *o = e->options;
  if (e->plan->dir == S6RC_DOWN) return 0;
  return S6RC_STATE_UP | (JOB(e, job)->before & S6RC_STATE_WANTED) |
         (o->wanted && o->wanted[JOB(e, job)->number] & o->wantedbit ? S6RC_STATE_WANTED : 0);
}

static void end_job(engine *e, uint32_t i, engine_status status)
{
  engine_job *job = JOB(e, i);
  job->status = status;
  e->nrunning--;
  tain_copynow(&job->ended);
  engine_record_end(e, i);
  if (job->type == S6RC_LONGRUN && !e->plan->reload) engine_longrun_end(e, i);
  e->options->say(ENGINE_ENDS, job, e->options->data);
}

/* All that waits for job i, directly or not, will not be attempted. */
static void block_followers(engine *e, uint32_t i)
{
  engine_plan *p = e->plan;
  /* the part of the queue behind tail is free for as many jobs as have not
     been queued yet */
  uint32_t end = e->tail;
  uint32_t now = i;
  for (uint32_t done = e->tail;; now = e->ready[done++]) {
    for (uint32_t k = p->firstnext[now]; k < p->firstnext[now + 1]; k++) {
      engine_job *next = JOB(e, p->next[k]);
      if (next->status != ENGINE_WAITING) continue;
      next->status = ENGINE_BLOCKED;
      next->culprit = i;
      e->ready[end++] = p->next[k];
    }
    if (done == end) break;
  }
}

void engine_fail(engine *e, uint32_t i, engine_failure failure, int value, char const *detail)
{
  engine_job *job = JOB(e, i);
  job->failure = failure;
  job->value = value;
  job->detail = detail ? strdup(detail) : 0;
  e->nfailed++;
  /* one that an earlier run did not see stop: it is brought down, like any that
     fails to start */
  if (job->before & ENGINE_STATE_HALFWAY && e->plan->dir == S6RC_UP && e->options->statefd >= 0)
    s6rc_state_set(e->options->statefd, job->number, 0);
  end_job(e, i, ENGINE_FAILED);
  block_followers(e, i);
}

void engine_done(engine *e, uint32_t i)
{
  engine_plan *p = e->plan;
  engine_job *job = JOB(e, i);
  if (e->options->statefd >= 0 && !s6rc_state_set(e->options->statefd, job->number, state_after(e, i))) {
    engine_fail(e, i, ENGINE_FAIL_SYSTEM, errno, "write live/state");
    return;
  }
  end_job(e, i, ENGINE_DONE);
  for (uint32_t k = p->firstnext[i]; k < p->firstnext[i + 1]; k++) {
    uint32_t next = p->next[k];
    if (!--JOB(e, next)->pending && JOB(e, next)->status == ENGINE_WAITING) e->ready[e->tail++] = next;
  }
}

static void start_job(engine *e, uint32_t i)
{
  engine_job *job = JOB(e, i);
  job->status = ENGINE_RUNNING;
  e->nrunning++;
  tain_copynow(&job->begun);
  engine_record_begin(e, i);
  e->options->say(ENGINE_BEGINS, job, e->options->data);
  if (job->timeout && !e->options->dryrun) {
    tain limit;
    tain_uint(&limit, job->timeout / 1000);
    limit.nano = job->timeout % 1000 * 1000000;
    tain_add_g(&job->deadline, &limit);
    engine_heap_add(e, i);
  }
  if (e->options->dryrun)
    engine_dryrun_start(e, i);
  else if (job->type == S6RC_ONESHOT)
    engine_oneshot_start(e, i);
  else if (!e->plan->reload)
    engine_longrun_start(e, i);
  else if (!engine_command_add(e, i, job->letter, 1, 1)) /* alone: nothing shows that it has arrived */
    engine_fail(e, i, ENGINE_FAIL_SYSTEM, errno, "queue a command");
}

static int can_start(engine const *e)
{
  return e->head < e->tail && !e->interrupted;
}

/* Not all of thousands: the first ones' commands are to be under way while the
   next ones are prepared. */
static void start_some(engine *e)
{
  for (unsigned int i = 0; i < ENGINE_MAXSTARTS && can_start(e); i++) start_job(e, e->ready[e->head++]);
}

static void check_deadlines(engine *e)
{
  uint32_t i;
  while ((i = engine_heap_first(e)) != S6RC_NONE && !tain_future(&JOB(e, i)->deadline)) {
    if (JOB(e, i)->type == S6RC_ONESHOT) engine_oneshot_kill(e, i);
    engine_fail(e, i, ENGINE_FAIL_TIMEDOUT, (int)JOB(e, i)->timeout, 0);
  }
}

/* Longruns under way are given up; scripts are left to finish, if they have
   begun. */
static void interrupt(engine *e)
{
  e->interrupted = 1;
  for (uint32_t i = 0; i < e->plan->n; i++)
    if (JOB(e, i)->status == ENGINE_RUNNING &&
        (JOB(e, i)->type == S6RC_LONGRUN || e->options->dryrun || e->runner.waiting))
      engine_fail(e, i, ENGINE_FAIL_INTERRUPTED, 0, 0);
  e->runner.waiting = 0;
  engine_oneshot_stop(e);
}

static int handle_signals(engine *e)
{
  for (;;) {
    switch (selfpipe_read()) {
      case -1: return 0;
      case 0: return 1;
      case SIGCHLD: engine_command_reap(e); break;
      default: interrupt(e);
    }
  }
}

static int handle_events(engine *e, iopause_fd const *x)
{
  for (size_t i = 0; i < s6rc_listener_nfds(&e->listener); i++) {
    int events;
    if (!(x[i].revents & (IOPAUSE_READ | IOPAUSE_EXCEPT))) continue;
    e->ids.len = 0;
    events = s6rc_listener_read(&e->listener, i, &e->ids);
    if (events < 0) return 0;
    for (size_t k = 0; k < genalloc_len(uint32_t, &e->ids); k++)
      engine_longrun_look(e, genalloc_s(uint32_t, &e->ids)[k], (unsigned int)events);
  }
  return 1;
}

static void say_waiting(engine *e, tain *patience)
{
  if (tain_future(patience)) return;
  if (!e->options->dryrun) engine_longrun_give_up_mute(e);
  for (uint32_t i = 0; i < e->plan->n; i++)
    if (JOB(e, i)->status == ENGINE_RUNNING) e->options->say(ENGINE_WAITS, JOB(e, i), e->options->data);
  tain_addsec_g(patience, ENGINE_PATIENCE_MS / 1000);
}

/* The time of the whole run is up. What no supervisor has been told of yet is
   not under way, and is not going to be. */
static engine_result run_out(engine *e)
{
  e->ranout = 1;
  for (uint32_t i = 0; i < e->plan->n; i++) {
    engine_job *job = JOB(e, i);
    if (job->status != ENGINE_RUNNING || !job->ncommands || job->asked || job->wanted) continue;
    job->status = ENGINE_WAITING;
    e->nrunning--;
  }
  return ENGINE_TIMEOUT;
}

/* Is there something that the limit of the whole run is for? */
static int must_end(engine const *e)
{
  return e->nrunning || can_start(e);
}

/* With nothing under way: are there supervisors to be told to bring something
   down, or is there a script to be told that its time is up? */
static int must_say_more(engine const *e)
{
  return (!e->options->dryrun && engine_command_busy(e)) || engine_runner_busy(e);
}

static engine_result loop(engine *e)
{
  tain patience;
  /* the clock may have stood still while we waited for a lock */
  if (!tain_now_g()) return ENGINE_SYSTEM;
  tain_addsec_g(&patience, ENGINE_PATIENCE_MS / 1000);
  for (;;) {
    start_some(e);
    engine_command_flush(e);
    if (!can_start(e) && !e->nrunning && !must_say_more(e))
      return e->interrupted ? ENGINE_INTERRUPTED : e->nfailed ? ENGINE_FAILURES : ENGINE_OK;

    size_t nfds = POLL_LISTENER + s6rc_listener_nfds(&e->listener);
    if (!genalloc_ready(iopause_fd, &e->pollfds, nfds)) return ENGINE_SYSTEM;
    iopause_fd *x = genalloc_s(iopause_fd, &e->pollfds);
    uint32_t first = engine_heap_first(e);
    tain deadline = patience;
    x[POLL_SIGNALS] = (iopause_fd){.fd = e->selfpipe, .events = IOPAUSE_READ};
    engine_runner_fds(e, x + POLL_RUNNER);
    s6rc_listener_fds(&e->listener, x + POLL_LISTENER);
    if (first != S6RC_NONE && tain_less(&JOB(e, first)->deadline, &deadline))
      deadline = JOB(e, first)->deadline;
    if (e->runner.waiting && tain_less(&e->runner.next, &deadline)) deadline = e->runner.next;
    if (e->nagain && tain_less(&e->again, &deadline)) deadline = e->again;
    if (must_end(e) && tain_less(&e->options->deadline, &deadline)) deadline = e->options->deadline;
    if (can_start(e)) tain_copynow(&deadline);

    if (iopause_g(x, (unsigned int)nfds, &deadline) < 0) return ENGINE_SYSTEM;
    if (x[POLL_SIGNALS].revents && !handle_signals(e)) return ENGINE_SYSTEM;
    engine_runner_handle(e, x + POLL_RUNNER);
    if (!handle_events(e, x + POLL_LISTENER)) return ENGINE_SYSTEM;
    engine_longrun_look_again(e);
    engine_runner_try(e);
    check_deadlines(e);
    if (must_end(e) && !tain_future(&e->options->deadline)) return run_out(e);
    say_waiting(e, &patience);
  }
}

static int trap_signals(engine *e)
{
  static int const signals[] = {SIGCHLD, SIGTERM, SIGINT};
  e->selfpipe = selfpipe_init();
  if (e->selfpipe < 0) return 0;
  /* if our caller ignored it, children would end without a word */
  if (!sig_restore(SIGCHLD)) return 0;
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    if (!selfpipe_trap(signals[i])) return 0;
  return 1;
}

static int prepare(engine *e)
{
  uint32_t n = e->plan->n, nlongruns = 0;
  for (uint32_t i = 0; i < n; i++) nlongruns += JOB(e, i)->type == S6RC_LONGRUN;
  e->ready = malloc(((size_t)n + 1) * sizeof(uint32_t));
  e->heap = malloc(((size_t)n + 1) * sizeof(uint32_t));
  if (!e->ready || !e->heap || fchdir(e->dirfd) < 0) return 0;
  if (!s6rc_listener_init(&e->listener, e->dirfd, n, nlongruns) || !trap_signals(e)) return 0;
  for (uint32_t i = 0; i < n; i++)
    if (!JOB(e, i)->pending) e->ready[e->tail++] = i;
  return 1;
}

engine_result engine_run(engine_plan *plan, s6rc_db const *db, int servicedirsfd,
                         engine_options const *options)
{
  engine e = {.plan = plan,
              .db = db,
              .options = options,
              .dirfd = servicedirsfd,
              .selfpipe = -1,
              .listener = S6RC_LISTENER_ZERO,
              .runner = {.fd = -1}};
  engine_result r = ENGINE_SYSTEM;
  if (prepare(&e)) r = loop(&e);
  int err = errno;
  engine_record_rest(&e, r);
  engine_command_free(&e);
  engine_longrun_settle(&e);
  if (e.selfpipe >= 0) selfpipe_finish();
  engine_runner_free(&e);
  s6rc_listener_free(&e.listener, &engine_job_name, &e);
  free(e.ready);
  free(e.heap);
  genalloc_free(iopause_fd, &e.pollfds);
  genalloc_free(uint32_t, &e.ids);
  stralloc_free(&e.interpreter);
  stralloc_free(&e.path);
  errno = err;
  return r;
}
