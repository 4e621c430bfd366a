/* ISC license. */

/* A longrun's transition: listen, look, send, wait. Listening comes before
   looking and looking before sending, so that no event is missed. What decides
   is the status file; events only say when to look. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/statvfs.h>

#include <skalibs/iopause.h>

#include <s6/s6.h>

#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/supervisor.h>

#include "engine-internal.h"

#define NOTIFICATION "notification-fd"
#define DOWNFILE     "down"

/* Some things have no event: that a supervisor has obeyed a command which
   changes nothing but its mind, and that it has ended, after it said that it
   does. Both take it no more than a moment. */
enum { AGAIN_FIRST_MS = 5, AGAIN_LAST_MS = 1000 };

/* s6-svscan starts a supervisor that has died again, but none more often than
   once a second. */
enum { SUPERVISOR_MS = 3000 };

/* to read a command */
enum { OBEY_MS = 1000 };

char const *engine_job_name(uint32_t job, void *data)
{
  engine *e = data;
  return JOB(e, job)->name;
}

/* servicedir/file in e->path. 1; 0 and ENOMEM. */
static int make_path(engine *e, engine_job const *job, char const *file)
{
  e->path.len = 0;
  return s6rc_path_push(&e->path, job->name) && s6rc_path_push(&e->path, file);
}

/* 1, 0; -1 and errno */
static int exists(engine *e, engine_job const *job, char const *file)
{
  if (!make_path(e, job, file)) return -1;
  if (!faccessat(e->dirfd, e->path.s, F_OK, 0)) return 1;
  return errno == ENOENT ? 0 : -1;
}

/* 1 read, 0 never supervised, -1 error */
static int read_status(engine *e, engine_job const *job, s6_svstatus_t *st)
{
  return s6rc_supervisor_status(e->dirfd, job->name, st, &e->path);
}

static int same(tain const *a, tain const *b)
{
  return !tain_less(a, b) && !tain_less(b, a);
}

/* NOT_OBEYED: it is where we want it, but its supervisor has not read our
   command yet and may still do something else. */
enum look_e { NOT_YET, NOT_OBEYED, THERE, OVER };

static enum look_e judge(engine const *e, engine_job const *job, s6_svstatus_t const *st, unsigned int events)
{
  int up = e->plan->dir == S6RC_UP;
  int running = st->pid && !st->flagfinishing;
  int changed = !same(&st->stamp, &job->stamp);
  if (up ? running && (!job->notifies || st->flagready) : !st->pid) {
    if (st->flagwantup == up) return THERE;
    return job->sent ? NOT_OBEYED : NOT_YET;
  }
  if (!up) return NOT_YET;
  /* it came up and died before we looked: up is what was asked for, and
     s6-supervise is at it again */
  if (changed && events & S6RC_EVENT_UP && !job->notifies && st->flagwantup) return THERE;
  /* not wanting it up any more is final. That it gave up is said before D, so
     wait for D to know; and if it was still going down when we began, our
     command may not have been read yet. If it was at rest then, it has come up
     since, and has been told otherwise before we looked */
  if (changed && !st->pid && !st->flagwantup &&
      (job->gaveup || ((job->wanted || job->atrest) && events & S6RC_EVENT_FINISHED)))
    return OVER;
  return NOT_YET;
}

static void set_down_file(engine *e, engine_job const *job, int present)
{
  int ok = make_path(e, job, DOWNFILE);
  if (ok && present)
    ok = s6rc_writefileat(e->dirfd, e->path.s, "", 0, S6RC_MODE_FILE) || errno == EEXIST;
  else if (ok)
    ok = !unlinkat(e->dirfd, e->path.s, 0) || errno == ENOENT;
  if (!ok) e->options->say(ENGINE_NODOWNFILE, job, e->options->data);
}

static void arrived(engine *e, uint32_t i)
{
  set_down_file(e, JOB(e, i), e->plan->dir == S6RC_DOWN);
  engine_done(e, i);
}

void engine_longrun_bring_down(engine *e, uint32_t i)
{
  JOB(e, i)->told = 1;
  /* alone: nobody looks whether it has arrived. The other way is for when there
     is no memory. */
  if (!engine_command_add(e, i, 'd', 0, 1)) s6_svc_writectl(JOB(e, i)->name, S6_SUPERVISE_CTLDIR, "d", 1);
}

void engine_longrun_end(engine *e, uint32_t i)
{
  engine_job *job = JOB(e, i);
  if (e->options->dryrun) return;
  s6rc_listener_remove(&e->listener, job->name, i);
  if (job->status != ENGINE_FAILED || e->plan->dir != S6RC_UP || job->failure == ENGINE_FAIL_UNSUPERVISED ||
      job->failure == ENGINE_FAIL_NOEXEC || job->failure == ENGINE_FAIL_INTERPRETER)
    return;
  set_down_file(e, job, 1);
  if (job->ncommands && !job->asked && !job->wanted) return; /* its supervisor knows nothing of it */
  if (job->ncommands)
    job->bringdown = 1;
  else
    engine_longrun_bring_down(e, i);
}

static int has_obeyed(engine *e, uint32_t i)
{
  s6_svstatus_t st = S6_SVSTATUS_ZERO;
  return !JOB(e, i)->told || read_status(e, JOB(e, i), &st) <= 0 || !st.flagwantup ||
         s6_svc_ok(JOB(e, i)->name) <= 0;
}

/* Else the next run would find it up and wanted, and leave it at that. */
void engine_longrun_settle(engine *e)
{
  tain limit, next;
  if (!tain_now_g()) return;
  engine_after(&limit, OBEY_MS);
  for (uint32_t i = 0; i < e->plan->n; i++)
    while (!has_obeyed(e, i)) {
      if (!tain_future(&limit)) return;
      engine_after(&next, AGAIN_FIRST_MS);
      if (iopause_g(0, 0, &next) < 0) return;
    }
}

/* Is there something that s6-supervise could not execute? */
static int check_scripts(engine *e, uint32_t i)
{
  static char const *const scripts[] = {S6RC_RUN, S6RC_RUN_USER};
  engine_job const *job = JOB(e, i);
  for (unsigned int k = 0; k < sizeof scripts / sizeof *scripts; k++) {
    int r = engine_executable(e, job->name, scripts[k]);
    if (r > 0 || (!r && errno == ENOENT && k)) continue; /* few have a run.user */
    if (r)
      engine_fail(e, i, ENGINE_FAIL_INTERPRETER, errno, e->interpreter.s);
    else
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

/* st: what we start from */
static void command(engine *e, uint32_t i, s6_svstatus_t const *st)
{
  engine_job *job = JOB(e, i);
  int up = e->plan->dir == S6RC_UP;
  job->stamp = st->stamp;
  job->wanted = st->flagwantup == up;
  job->atrest = !st->pid;
  job->asked = job->sent = job->doubtful = 0;
  if (!engine_command_add(e, i, up ? 'u' : 'd', 1, 0))
    engine_fail(e, i, ENGINE_FAIL_SYSTEM, errno, "queue a command");
}

void engine_longrun_start(engine *e, uint32_t i)
{
  engine_job *job = JOB(e, i);
  s6_svstatus_t st = S6_SVSTATUS_ZERO;
  int up = e->plan->dir == S6RC_UP, notifies;
  if (up && !check_scripts(e, i)) return;
  notifies = exists(e, job, NOTIFICATION);
  if (notifies < 0) {
    system_failure(e, i, "look for its " NOTIFICATION);
    return;
  }
  job->notifies = !!notifies;
  if (!s6rc_listener_add(&e->listener, job->name, i, &engine_job_name, e)) {
    system_failure(e, i, "listen to its events");
    return;
  }
  if (read_status(e, job, &st) <= 0) {
    system_failure(e, i, "read its supervise/status");
    return;
  }
  /* without a supervisor, what the status says of a process is not to be trusted;
     and an s6-svc of the run that left it halfway may have outlived that */
  if (!e->plan->insist && !(job->before & ENGINE_STATE_HALFWAY) && judge(e, job, &st, 0) == THERE &&
      (!up || s6_svc_ok(job->name) > 0))
    arrived(e, i);
  else
    command(e, i, &st);
}

static void again(engine *e, engine_job *job, int gone)
{
  job->gone = !!gone;
  if (job->again) return;
  job->again = 1;
  if (e->nagain++) return;
  if (!e->againms) e->againms = AGAIN_FIRST_MS;
  engine_after(&e->again, e->againms);
}

void engine_longrun_unheard(engine *e, uint32_t i)
{
  engine_job *job = JOB(e, i);
  if (!job->alone) {
    engine_after(&job->patience, SUPERVISOR_MS);
    job->alone = 1;
  } else if (!tain_future(&job->patience)) {
    engine_fail(e, i, ENGINE_FAIL_UNSUPERVISED, 0, 0);
    return;
  }
  again(e, job, 1);
}

void engine_longrun_sent(engine *e, uint32_t i, int several)
{
  engine_job *job = JOB(e, i);
  job->sent = 1;
  /* with `alone`, `patience` says how long to wait for another supervisor, which
     will be told anew */
  job->doubtful = several && !job->alone;
  if (job->doubtful) engine_after(&job->patience, OBEY_MS);
  engine_longrun_look(e, i, 0);
}

/* Its supervisor may not have been told: an s6-svc before 2.14 takes the first
   directory, and only warns that there are others. But it may have been. */
static void doubt(engine *e, uint32_t i)
{
  engine_job *job = JOB(e, i);
  if (tain_future(&job->patience)) {
    again(e, job, job->again && job->gone);
    return;
  }
  job->doubtful = 0;
  if (!engine_command_add(e, i, e->plan->dir == S6RC_UP ? 'u' : 'd', 1, 1))
    engine_fail(e, i, ENGINE_FAIL_SYSTEM, errno, "queue a command");
}

void engine_longrun_look_again(engine *e)
{
  if (!e->nagain || tain_future(&e->again)) return;
  e->nagain = 0;
  e->againms = e->againms * 2 < AGAIN_LAST_MS ? e->againms * 2 : AGAIN_LAST_MS;
  for (uint32_t i = 0; i < e->plan->n; i++) {
    if (!JOB(e, i)->again) continue;
    JOB(e, i)->again = 0;
    engine_longrun_look(e, i, JOB(e, i)->gone ? S6RC_EVENT_GONE : 0);
  }
  if (!e->nagain) e->againms = 0;
}

/* what happens to a service while its supervisor does as it should */
static unsigned int const ordinary = S6RC_EVENT_UP | S6RC_EVENT_READY | S6RC_EVENT_DOWN | S6RC_EVENT_FINISHED;

void engine_longrun_look(engine *e, uint32_t i, unsigned int events)
{
  engine_job *job = JOB(e, i);
  s6_svstatus_t st = S6_SVSTATUS_ZERO;
  int up = e->plan->dir == S6RC_UP;
  if (job->status != ENGINE_RUNNING) return;
  /* with its command still in the queue, most likely a neighbour in its group
     has moved; and if not, there will be a look at it after the command */
  if (!job->asked && !(events & ~ordinary)) return;
  if (events & S6RC_EVENT_GIVENUP) job->gaveup = 1;
  /* a start alone says nothing to those who wait for readiness or death */
  if (events == S6RC_EVENT_UP && (!up || (job->notifies && job->wanted))) return;
  if (read_status(e, job, &st) <= 0) {
    system_failure(e, i, "read its supervise/status");
    return;
  }
  /* what the status of a dead supervisor says is not to be trusted */
  if (job->alone && s6_svc_ok(job->name) <= 0) {
    engine_longrun_unheard(e, i);
    return;
  }
  /* a new s6-supervise knows nothing of what the old one was told */
  if (job->alone || (events & S6RC_EVENT_SUPERVISED && st.flagwantup != up)) {
    job->alone = 0;
    command(e, i, &st);
    return;
  }
  if (st.flagwantup == up) job->wanted = 1;
  enum look_e seen = judge(e, job, &st, events);
  if (seen != THERE && events & S6RC_EVENT_GONE) {
    int supervised = s6_svc_ok(job->name);
    if (supervised < 0) system_failure(e, i, "look for its supervisor");
    if (!supervised) engine_longrun_unheard(e, i);
    if (supervised <= 0) return;
    /* it may have been another one of its group */
    if (e->againms < AGAIN_LAST_MS) again(e, job, 1);
  }
  switch (seen) {
    case THERE: arrived(e, i); break;
    case OVER: engine_fail(e, i, job->gaveup ? ENGINE_FAIL_GIVENUP : ENGINE_FAIL_UNWANTED, 0, 0); break;
    case NOT_OBEYED:
      if (job->doubtful)
        doubt(e, i);
      else
        again(e, job, job->again && job->gone);
      break;
    case NOT_YET:
      if (job->doubtful && !job->wanted)
        doubt(e, i);
      else if (job->before & ENGINE_STATE_HALFWAY && job->sent)
        /* it may be there already, and its supervisor, which could not write that
           down then, is going to, but has no event for it */
        again(e, job, job->again && job->gone);
  }
}

/* What keeps supervisors from writing their status files: the errno of it */
static int unwritable(engine const *e, char const **why)
{
  struct statvfs fs;
  if (fstatvfs(e->dirfd, &fs) < 0) return 0;
  *why =
      "learn from its s6-supervise what becomes of it (the file system of the live directory is read-only)";
  if (fs.f_flag & ST_RDONLY) return EROFS;
  *why = "learn from its s6-supervise what becomes of it (the file system of the live directory is full)";
  /* those without limits count neither blocks nor files */
  if (fs.f_blocks && !(geteuid() ? fs.f_bavail : fs.f_bfree)) return ENOSPC;
  return fs.f_files && !fs.f_ffree ? ENOSPC : 0;
}

/* A supervisor that cannot write does as it is told, and waiting for it would
   have no end. One whose status shows that it has been told may be slow. */
void engine_longrun_give_up_mute(engine *e)
{
  char const *why;
  int err = unwritable(e, &why);
  for (uint32_t i = 0; err && i < e->plan->n; i++) {
    if (JOB(e, i)->type != S6RC_LONGRUN || !JOB(e, i)->sent) continue;
    engine_longrun_look(e, i, 0);
    if (JOB(e, i)->status == ENGINE_RUNNING && JOB(e, i)->sent && !JOB(e, i)->wanted)
      engine_fail(e, i, ENGINE_FAIL_SYSTEM, err, why);
  }
}
