/* ISC license. */

/* A longrun's transition: listen, look, send, wait. Listening comes before
   looking and looking before sending, so that no event is missed. What decides
   is the status file; events only say when to look. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <skalibs/unix-transactional.h>

#include <s6/s6.h>

#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

#include "engine-internal.h"

#define NOTIFICATION "notification-fd"
#define DOWNFILE     "down"

char const *engine_job_name(uint32_t job, void *data)
{
  engine *e = data;
  return JOB(e, job)->name;
}

/* servicedir/file[/sub] in e->path. 1; 0 and ENOMEM. */
static int make_path(engine *e, engine_job const *job, char const *file, char const *sub)
{
  e->path.len = 0;
  return s6rc_path_push(&e->path, job->name) && s6rc_path_push(&e->path, file) &&
         (!sub || s6rc_path_push(&e->path, sub));
}

static int exists(engine *e, engine_job const *job, char const *file)
{
  return make_path(e, job, file, 0) && !faccessat(e->dirfd, e->path.s, F_OK, 0);
}

/* 1 read, 0 never supervised, -1 error */
static int read_status(engine *e, engine_job const *job, s6_svstatus_t *st)
{
  char buf[S6_SVSTATUS_SIZE];
  ssize_t r;
  if (!make_path(e, job, S6_SUPERVISE_CTLDIR, "status")) return -1;
  r = openreadnclose_at(e->dirfd, e->path.s, buf, sizeof buf);
  if (r < 0) return errno == ENOENT ? 0 : -1;
  if (r < (ssize_t)sizeof buf) return (errno = EPROTO, -1);
  s6_svstatus_unpack(buf, st);
  return 1;
}

static int same(tain const *a, tain const *b)
{
  return !tain_less(a, b) && !tain_less(b, a);
}

enum look_e { NOT_YET, THERE, GIVENUP };

static enum look_e judge(engine const *e, engine_job const *job, s6_svstatus_t const *st)
{
  int changed = !same(&st->stamp, &job->stamp);
  int running = st->pid && !st->flagfinishing;
  /* a command that asks for what already is sends no event: once it has been
     sent, being there is enough */
  int accepted = st->flagwantup == (e->plan->dir == S6RC_UP) || job->sent;
  if (e->plan->dir == S6RC_DOWN) return !st->pid && accepted ? THERE : NOT_YET;
  if (running && (!job->notifies || st->flagready)) return changed || accepted ? THERE : NOT_YET;
  /* it came up and died before we looked: up is what was asked for, and
     s6-supervise is at it again; but not wanting up any more is final */
  if (changed && !running && !st->flagwantup) return st->pid ? NOT_YET : GIVENUP;
  if (changed && !job->notifies && st->flagwantup) return THERE;
  return NOT_YET;
}

static void set_down_file(engine *e, engine_job const *job)
{
  int ok = make_path(e, job, DOWNFILE, 0);
  if (ok && e->plan->dir == S6RC_UP)
    ok = !unlinkat(e->dirfd, e->path.s, 0) || errno == ENOENT;
  else if (ok)
    ok = s6rc_writefileat(e->dirfd, e->path.s, "", 0, S6RC_MODE_FILE) || errno == EEXIST;
  if (!ok) e->options->say(ENGINE_NODOWNFILE, job, e->options->data);
}

static void arrived(engine *e, uint32_t job)
{
  set_down_file(e, JOB(e, job));
  engine_done(e, job);
}

void engine_longrun_end(engine *e, uint32_t i)
{
  engine_job const *job = JOB(e, i);
  if (e->options->dryrun) return;
  s6rc_listener_remove(&e->listener, job->name, i);
  if (job->status == ENGINE_FAILED && e->plan->dir == S6RC_UP && job->failure != ENGINE_FAIL_UNSUPERVISED &&
      job->failure != ENGINE_FAIL_NOEXEC && !engine_command_add(e, i, 'd', 0, 0))
    s6_svc_writectl(job->name, S6_SUPERVISE_CTLDIR, "d", 1); /* no memory for the usual way */
}

/* Is there something that s6-supervise could not execute? */
static int check_scripts(engine *e, uint32_t i)
{
  static char const *const scripts[] = {S6RC_RUN, S6RC_RUN_USER};
  engine_job const *job = JOB(e, i);
  for (unsigned int k = 0; k < sizeof scripts / sizeof *scripts; k++) {
    if (engine_executable(e, job->name, scripts[k])) continue;
    if (errno == ENOENT && k && !exists(e, job, scripts[k])) continue;
    engine_fail(e, i, ENGINE_FAIL_NOEXEC, errno, scripts[k]);
    return 0;
  }
  return 1;
}

static void system_failure(engine *e, uint32_t i, char const *what)
{
  if (errno == ENOENT)
    engine_fail(e, i, ENGINE_FAIL_UNSUPERVISED, 0, 0);
  else
    engine_fail(e, i, ENGINE_FAIL_SYSTEM, errno, what);
}

void engine_longrun_start(engine *e, uint32_t i)
{
  engine_job *job = JOB(e, i);
  s6_svstatus_t st = S6_SVSTATUS_ZERO;
  int up = e->plan->dir == S6RC_UP;
  if (up && !check_scripts(e, i)) return;
  job->notifies = exists(e, job, NOTIFICATION);
  if (!s6rc_listener_add(&e->listener, job->name, i, &engine_job_name, e)) {
    system_failure(e, i, "listen to its events");
    return;
  }
  if (read_status(e, job, &st) <= 0) {
    system_failure(e, i, "read its supervise/status");
    return;
  }
  job->stamp = st.stamp;
  if (judge(e, job, &st) == THERE) {
    arrived(e, i);
    return;
  }
  if (!engine_command_add(e, i, up ? 'u' : 'd', 1, 0))
    engine_fail(e, i, ENGINE_FAIL_SYSTEM, errno, "queue a command");
}

void engine_longrun_look(engine *e, uint32_t i, unsigned int events)
{
  engine_job const *job = JOB(e, i);
  s6_svstatus_t st = S6_SVSTATUS_ZERO;
  if (job->status != ENGINE_RUNNING) return;
  /* a start alone says nothing to those who wait for readiness or death */
  if (events == S6RC_EVENT_UP && (e->plan->dir == S6RC_DOWN || job->notifies)) return;
  /* a new s6-supervise knows nothing of what the old one was told */
  if (events & S6RC_EVENT_SUPERVISED) engine_command_add(e, i, e->plan->dir == S6RC_UP ? 'u' : 'd', 0, 0);
  if (events & S6RC_EVENT_GONE && s6_svc_ok(job->name) <= 0) {
    engine_fail(e, i, ENGINE_FAIL_UNSUPERVISED, 0, 0);
    return;
  }
  if (read_status(e, job, &st) <= 0) {
    system_failure(e, i, "read its supervise/status");
    return;
  }
  switch (judge(e, job, &st)) {
    case THERE: arrived(e, i); break;
    case GIVENUP: engine_fail(e, i, ENGINE_FAIL_GIVENUP, 0, 0); break;
    case NOT_YET: break;
  }
}
