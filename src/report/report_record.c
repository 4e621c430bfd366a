/* ISC license. */

#include <string.h>

#include <skalibs/sig.h>
#include <skalibs/types.h>

#include "report-record.h"

enum { NS_PER_MS = 1000000 };

static int cat_number(stralloc *sa, char const *before, uint64_t u, char const *after)
{
  char fmt[UINT64_FMT];
  return stralloc_cats(sa, before) && stralloc_catb(sa, fmt, uint64_fmt(fmt, u)) && stralloc_cats(sa, after);
}

/* stralloc_cats is a macro that would ask strerror twice; of a number that it
   does not know, the second answer may end the first. */
static int cat_errno(stralloc *sa, char const *what, uint32_t e)
{
  char const *why = strerror((int)e);
  return stralloc_cats(sa, what) && (!e || (stralloc_cats(sa, ": ") && stralloc_cats(sa, why)));
}

int report_how(stralloc *sa, s6rc_result result, uint32_t value, s6rc_recorddir dir)
{
  switch (result) {
    case S6RC_RESULT_EXITED: return cat_number(sa, "its script exited with code ", value, "");
    case S6RC_RESULT_SIGNALED:
      return stralloc_cats(sa, "its script was killed by SIG") && stralloc_cats(sa, sig_name((int)value));
    case S6RC_RESULT_TIMEDOUT:
      return cat_number(sa, "timed out after ", value,
                        dir == S6RC_RECORD_UP ? " ms (its timeout-up)" : " ms (its timeout-down)");
    case S6RC_RESULT_GIVENUP:
      return stralloc_cats(sa, "it gave up for good (its finish script exited with code 125)");
    case S6RC_RESULT_UNWANTED:
      return stralloc_cats(sa,
                           "its s6-supervise was told to bring it down (by hand, or because s6-svscan ends)");
    case S6RC_RESULT_NOEXEC: return cat_errno(sa, "unable to execute it", value);
    case S6RC_RESULT_INTERPRETER:
      return cat_errno(sa, "unable to execute the interpreter of its run script", value);
    case S6RC_RESULT_UNSUPERVISED:
      return stralloc_cats(
          sa, "no s6-supervise is running in its service directory (was s6-svscan stopped, or its "
              "link removed from the scan directory?)");
    case S6RC_RESULT_COMMAND:
      if (value < 256) return cat_number(sa, "s6-svc exited with code ", value, "");
      return stralloc_cats(sa, "s6-svc was killed by SIG") && stralloc_cats(sa, sig_name((int)(value - 256)));
    case S6RC_RESULT_INTERRUPTED: return stralloc_cats(sa, "interrupted by a signal");
    case S6RC_RESULT_RUNNER: return cat_errno(sa, "trouble with the oneshot runner", value);
    case S6RC_RESULT_SYSTEM: return cat_errno(sa, "trouble with the system", value);
    case S6RC_RESULT_UNDERWAY:
    case S6RC_RESULT_DONE:
    case S6RC_RESULT_LEFT:
    case S6RC_RESULT_BLOCKED:
    case S6RC_RESULT_SKIPPED:
    case S6RC_NRESULTS: break;
  }
  return 1;
}

uint64_t report_took(s6rc_record const *r, uint64_t now)
{
  uint64_t end = r->monoend ? r->monoend : now;
  if (!r->monobegin || end < r->monobegin) return 0;
  return (end - r->monobegin) / NS_PER_MS;
}

static char const *runend(uint32_t value)
{
  return value == S6RC_RUNEND_INTERRUPTED ? "s6-rc was interrupted"
         : value == S6RC_RUNEND_TIMEDOUT  ? "the time of s6-rc was up (-t)"
                                          : "s6-rc had trouble";
}

int report_record(stralloc *sa, s6rc_record const *r, int killed, char const *culprit)
{
  int up = r->direction == S6RC_RECORD_UP;
  if (r->direction == S6RC_RECORD_NONE) return 1;
  switch (r->result) {
    case S6RC_RESULT_UNDERWAY:
      return stralloc_cats(sa, up ? "starting" : "stopping") &&
             (!killed || stralloc_cats(sa, " when s6-rc was killed"));
    case S6RC_RESULT_DONE:
      return cat_number(sa, up ? "up after " : "down after ", report_took(r, r->monoend), " ms");
    case S6RC_RESULT_LEFT:
      return stralloc_cats(sa, up ? "starting when " : "stopping when ") &&
             stralloc_cats(sa, runend(r->value));
    case S6RC_RESULT_SKIPPED:
      return stralloc_cats(sa, up ? "not started: " : "not stopped: ") && stralloc_cats(sa, runend(r->value));
    case S6RC_RESULT_BLOCKED:
      return stralloc_cats(sa, up ? "not started because of " : "not stopped because of ") &&
             stralloc_cats(sa, culprit ? culprit : "a service that is gone");
    default:
      return stralloc_cats(sa, up ? "failed to start: " : "failed to stop: ") &&
             report_how(sa, (s6rc_result)r->result, r->value, (s6rc_recorddir)r->direction);
  }
}
