/* ISC license. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/sig.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/tai.h>
#include <skalibs/types.h>

#include "report-record.h"
#include "report.h"

static int cat_uint(stralloc *sa, char const *before, unsigned int u, char const *after)
{
  char fmt[UINT_FMT];
  return stralloc_cats(sa, before) && stralloc_catb(sa, fmt, uint_fmt(fmt, u)) && stralloc_cats(sa, after);
}

/* what: null if there was no memory to keep it */
static int cat_error(stralloc *sa, char const *what, int e)
{
  char const *why = strerror(e); /* once: stralloc_cats is a macro */
  if (!what) what = "go on";
  if (!e) return stralloc_cats(sa, what);
  return stralloc_cats(sa, what) && stralloc_cats(sa, ": ") && stralloc_cats(sa, why);
}

/* The kernel says the same of a script without its interpreter. */
static int cat_missing(stralloc *sa, engine_job const *job)
{
  return job->value != ENOENT || !job->detail || job->detail[0] != '/' || access(job->detail, F_OK) < 0 ||
         stralloc_cats(sa, " (it is there: what its first line names is not)");
}

static int cat_noexec(stralloc *sa, engine_job const *job)
{
  if (!stralloc_cats(sa, "unable to execute ") ||
      !cat_error(sa, job->detail ? job->detail : "it", job->value))
    return 0;
  if (job->type == S6RC_ONESHOT) return cat_missing(sa, job);
  switch (job->value) {
    case ENOEXEC: return stralloc_cats(sa, " (its first line must be #! and an interpreter)");
    case EACCES:
      return stralloc_cats(sa, " (is the live directory on a file system that is mounted noexec?)");
    default: return 1;
  }
}

/* A file with the line ends of another system names an interpreter that looks
   right. */
static int cat_interpreter(stralloc *sa, engine_job const *job)
{
  char const *name = job->detail ? job->detail : "";
  size_t len = strcspn(name, "\r");
  return stralloc_cats(sa, "unable to execute the interpreter of its run script, ") &&
         stralloc_catb(sa, name, len) &&
         cat_error(sa, name[len] ? " with a carriage return behind it" : "", job->value);
}

static int cat_command(stralloc *sa, char const *name, int ended)
{
  if (!stralloc_cats(sa, name)) return 0;
  if (ended < 256) return cat_uint(sa, " exited with code ", (unsigned int)ended, "");
  return stralloc_cats(sa, " was killed by SIG") && stralloc_cats(sa, sig_name(ended - 256));
}

/* Those that have no more to say than a record has. */
static int cat_plain(stralloc *sa, s6rc_result result, engine_job const *job, s6rc_dir dir)
{
  return report_how(sa, result, (uint32_t)job->value, dir == S6RC_UP ? S6RC_RECORD_UP : S6RC_RECORD_DOWN);
}

int report_failure(stralloc *sa, engine_job const *job, s6rc_dir dir)
{
  switch (job->failure) {
    case ENGINE_FAIL_EXITED: return cat_plain(sa, S6RC_RESULT_EXITED, job, dir);
    case ENGINE_FAIL_SIGNALED: return cat_plain(sa, S6RC_RESULT_SIGNALED, job, dir);
    case ENGINE_FAIL_TIMEDOUT: return cat_plain(sa, S6RC_RESULT_TIMEDOUT, job, dir);
    case ENGINE_FAIL_GIVENUP: return cat_plain(sa, S6RC_RESULT_GIVENUP, job, dir);
    case ENGINE_FAIL_UNWANTED: return cat_plain(sa, S6RC_RESULT_UNWANTED, job, dir);
    case ENGINE_FAIL_UNSUPERVISED: return cat_plain(sa, S6RC_RESULT_UNSUPERVISED, job, dir);
    case ENGINE_FAIL_INTERRUPTED: return cat_plain(sa, S6RC_RESULT_INTERRUPTED, job, dir);
    case ENGINE_FAIL_NOEXEC: return cat_noexec(sa, job);
    case ENGINE_FAIL_INTERPRETER: return cat_interpreter(sa, job);
    case ENGINE_FAIL_COMMAND: return cat_command(sa, job->detail ? job->detail : "command", job->value);
    case ENGINE_FAIL_RUNNER:
      return stralloc_cats(sa, "trouble with the oneshot runner: ") && cat_error(sa, job->detail, job->value);
    case ENGINE_FAIL_SYSTEM: return stralloc_cats(sa, "unable to ") && cat_error(sa, job->detail, job->value);
    case ENGINE_NFAILURES: break;
  }
  return 1;
}

static char const *verb(report_verbosity const *v, char const *up, char const *down, char const *reload)
{
  return v->reload ? reload : v->dir == S6RC_UP ? up : down;
}

static void ms_between(char *fmt, tain const *from, tain const *to)
{
  tain d;
  tain_sub(&d, to, from);
  fmt[uint_fmt(fmt, (unsigned int)tain_to_millisecs(&d))] = 0;
}

static void say_failure(report_verbosity const *v, engine_job const *job)
{
  stralloc sa = STRALLOC_ZERO;
  if (report_failure(&sa, job, v->dir) && stralloc_0(&sa))
    strerr_warnw("service ", job->name, ": failed to ", verb(v, "start", "stop", "reload"), ": ", sa.s);
  stralloc_free(&sa);
}

static void say_not_told(engine_job const *job)
{
  stralloc sa = STRALLOC_ZERO;
  if (cat_command(&sa, "s6-svc", job->svc) && stralloc_0(&sa))
    strerr_warnw("service ", job->name, ": its supervisor may not have been told what is wanted: ", sa.s);
  stralloc_free(&sa);
}

void report_notice(engine_notice what, engine_job const *job, void *data)
{
  report_verbosity const *v = data;
  char ms[UINT_FMT], limit[UINT_FMT];
  switch (what) {
    case ENGINE_BEGINS:
      if (v->verbosity >= 2)
        strerr_warni("service ", job->name, ": ", verb(v, "starting", "stopping", "reloading"));
      break;
    case ENGINE_ENDS:
      if (job->status == ENGINE_FAILED) {
        if (v->verbosity) say_failure(v, job);
      } else if (v->verbosity >= 2) {
        ms_between(ms, &job->begun, &job->ended);
        strerr_warni("service ", job->name, ": ", verb(v, "up", "down", "reloaded"), " after ", ms, " ms");
      }
      break;
    case ENGINE_WAITS:
      if (v->verbosity < 2) break;
      ms_between(ms, &job->begun, &STAMP);
      limit[uint_fmt(limit, job->timeout)] = 0;
      strerr_warni("service ", job->name, ": still ", verb(v, "starting", "stopping", "reloading"), " after ",
                   ms, " ms", job->timeout ? ", its limit is " : "", job->timeout ? limit : "",
                   job->timeout ? " ms" : "");
      break;
    case ENGINE_NODOWNFILE:
      if (v->verbosity)
        strerr_warnwusys(v->dir == S6RC_UP ? "remove" : "make", " the file `down` of service ", job->name,
                         " (it matters when its s6-supervise starts again)");
      break;
    case ENGINE_NOTTOLD:
      if (v->verbosity) say_not_told(job);
      break;
    case ENGINE_NORECORD:
      if (v->verbosity)
        strerr_warnwusys("record what becomes of service ", job->name, ", and perhaps of others");
      break;
  }
}
