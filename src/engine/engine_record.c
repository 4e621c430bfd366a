/* ISC license. */

/* What the live directory's records say of the transitions, see
   s6-rc/record.h. A record that cannot be written is no reason not to bring a
   service up. */

#include <errno.h>

#include <s6-rc/record.h>

#include "engine-internal.h"

static s6rc_result const results[] = {[ENGINE_FAIL_EXITED] = S6RC_RESULT_EXITED,
                                      [ENGINE_FAIL_SIGNALED] = S6RC_RESULT_SIGNALED,
                                      [ENGINE_FAIL_TIMEDOUT] = S6RC_RESULT_TIMEDOUT,
                                      [ENGINE_FAIL_GIVENUP] = S6RC_RESULT_GIVENUP,
                                      [ENGINE_FAIL_UNWANTED] = S6RC_RESULT_UNWANTED,
                                      [ENGINE_FAIL_NOEXEC] = S6RC_RESULT_NOEXEC,
                                      [ENGINE_FAIL_INTERPRETER] = S6RC_RESULT_INTERPRETER,
                                      [ENGINE_FAIL_UNSUPERVISED] = S6RC_RESULT_UNSUPERVISED,
                                      [ENGINE_FAIL_COMMAND] = S6RC_RESULT_COMMAND,
                                      [ENGINE_FAIL_INTERRUPTED] = S6RC_RESULT_INTERRUPTED,
                                      [ENGINE_FAIL_RUNNER] = S6RC_RESULT_RUNNER,
                                      [ENGINE_FAIL_SYSTEM] = S6RC_RESULT_SYSTEM};
_Static_assert(sizeof results / sizeof *results == ENGINE_NFAILURES, "a failure without a result");

/* The clocks are read here, and not taken from the loop's time: the wall clock
   may be set while we run, as it is when a machine starts. */
static void read_clocks(tain *wall, uint64_t *mono)
{
  if (!tain_wallclock_read(wall)) *wall = tain_zero;
  *mono = s6rc_monotonic();
}

static void write_record(engine *e, uint32_t i, s6rc_record *r)
{
  engine_job const *job = JOB(e, i);
  r->direction = e->plan->dir == S6RC_UP ? S6RC_RECORD_UP : S6RC_RECORD_DOWN;
  r->run = e->options->run;
  r->begin = job->wallbegun;
  r->monobegin = job->monobegun;
  if (s6rc_record_set(e->options->recordsfd, job->number, r) || e->unrecorded) return;
  e->unrecorded = 1;
  e->options->say(ENGINE_NORECORD, job, e->options->data);
}

void engine_record_begin(engine *e, uint32_t i)
{
  engine_job *job = JOB(e, i);
  s6rc_record r = {.result = S6RC_RESULT_UNDERWAY};
  if (e->options->recordsfd < 0) return;
  read_clocks(&job->wallbegun, &job->monobegun);
  write_record(e, i, &r);
}

void engine_record_end(engine *e, uint32_t i)
{
  engine_job const *job = JOB(e, i);
  s6rc_record r = {.result = S6RC_RESULT_DONE};
  if (e->options->recordsfd < 0) return;
  if (job->status == ENGINE_FAILED) {
    r.result = results[job->failure];
    r.value = (uint32_t)job->value;
  }
  read_clocks(&r.end, &r.monoend);
  write_record(e, i, &r);
}

void engine_record_rest(engine *e, engine_result result)
{
  s6rc_record r = {.result = S6RC_RESULT_UNDERWAY};
  s6rc_runend why = result == ENGINE_INTERRUPTED ? S6RC_RUNEND_INTERRUPTED
                    : result == ENGINE_TIMEOUT   ? S6RC_RUNEND_TIMEDOUT
                                                 : S6RC_RUNEND_SYSTEM;
  if (e->options->recordsfd < 0 || result == ENGINE_OK) return;
  read_clocks(&r.end, &r.monoend);
  for (uint32_t i = 0; i < e->plan->n; i++) {
    engine_job const *job = JOB(e, i);
    switch (job->status) {
      case ENGINE_DONE:
      case ENGINE_FAILED: continue;
      case ENGINE_RUNNING:
        r.result = S6RC_RESULT_LEFT;
        r.value = why;
        break;
      case ENGINE_WAITING:
        if (job->before & ENGINE_STATE_HALFWAY) continue; /* the next run has to know */
        r.result = S6RC_RESULT_SKIPPED;
        r.value = why;
        break;
      case ENGINE_BLOCKED:
        if (job->before & ENGINE_STATE_HALFWAY) continue;
        r.result = S6RC_RESULT_BLOCKED;
        r.value = JOB(e, job->culprit)->number;
        break;
    }
    write_record(e, i, &r);
  }
}
