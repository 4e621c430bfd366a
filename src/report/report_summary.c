/* ISC license. */

#include <stdlib.h>
#include <string.h>

#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "report.h"

/* names in one line of the summary; more are counted */
enum { MAXNAMES = 10 };

static void print(stralloc *sa)
{
  if (stralloc_0(sa)) strerr_warn(PROG, ": fatal: ", sa->s);
  sa->len = 0;
}

static int cat_count(stralloc *sa, uint32_t n, char const *one, char const *many)
{
  char fmt[UINT32_FMT];
  return stralloc_catb(sa, fmt, uint32_fmt(fmt, n)) && stralloc_cats(sa, " ") &&
         stralloc_cats(sa, n == 1 ? one : many);
}

/* "N services WHAT: a, b, c", as one line */
static void say_names(engine_plan const *p, uint32_t const *jobs, uint32_t n, char const *what, int all)
{
  stralloc sa = STRALLOC_ZERO;
  int ok = cat_count(&sa, n, "service ", "services ") && stralloc_cats(&sa, what);
  for (uint32_t i = 0; ok && i < n; i++) {
    ok = stralloc_cats(&sa, i ? ", " : ": ");
    if (i == MAXNAMES && n > MAXNAMES + 1 && !all) {
      ok = ok && cat_count(&sa, n - i, "more", "more (-v2 names all)");
      break;
    }
    ok = ok && stralloc_cats(&sa, p->jobs[jobs[i]].name);
  }
  if (ok) print(&sa);
  stralloc_free(&sa);
}

/* The jobs in one status, by number. */
static uint32_t collect(engine_plan const *p, engine_status status, uint32_t *jobs)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->n; i++)
    if (p->jobs[i].status == status) jobs[n++] = i;
  return n;
}

static engine_plan const *sorted_plan;

static int by_culprit(void const *a, void const *b)
{
  uint32_t x = *(uint32_t const *)a, y = *(uint32_t const *)b;
  uint32_t cx = sorted_plan->jobs[x].culprit, cy = sorted_plan->jobs[y].culprit;
  if (cx != cy) return cx < cy ? -1 : 1;
  return x < y ? -1 : x > y;
}

static void say_failed(engine_plan const *p, uint32_t const *jobs, uint32_t n)
{
  stralloc sa = STRALLOC_ZERO;
  char const *what = p->reload             ? " failed to reload: "
                     : p->dir == S6RC_DOWN ? " failed to stop: "
                                           : " failed to start: ";
  for (uint32_t i = 0; i < n; i++) {
    engine_job const *job = p->jobs + jobs[i];
    if (stralloc_cats(&sa, "service ") && stralloc_cats(&sa, job->name) && stralloc_cats(&sa, what) &&
        report_failure(&sa, job, p->dir))
      print(&sa);
  }
  stralloc_free(&sa);
}

/* One line for each that blocks others. */
static uint32_t say_blocked(engine_plan const *p, uint32_t *jobs, int all)
{
  uint32_t n = collect(p, ENGINE_BLOCKED, jobs);
  stralloc what = STRALLOC_ZERO;
  sorted_plan = p;
  qsort(jobs, n, sizeof(uint32_t), &by_culprit);
  for (uint32_t i = 0, end; i < n; i = end) {
    uint32_t culprit = p->jobs[jobs[i]].culprit;
    for (end = i + 1; end < n && p->jobs[jobs[end]].culprit == culprit;) end++;
    what.len = 0;
    if (stralloc_cats(&what, "not attempted because of ") && stralloc_cats(&what, p->jobs[culprit].name) &&
        stralloc_0(&what))
      say_names(p, jobs + i, end - i, what.s, all);
  }
  stralloc_free(&what);
  return n;
}

void report_summary(engine_plan const *p, engine_result result, unsigned int timeout, unsigned int verbosity)
{
  uint32_t *jobs = malloc(((size_t)p->n + 1) * sizeof(uint32_t));
  uint32_t nfailed, nrunning, nblocked, nwaiting;
  stralloc sa = STRALLOC_ZERO;
  int ok;
  if (!jobs) {
    strerr_warnwusys("list what failed");
    return;
  }
  nfailed = collect(p, ENGINE_FAILED, jobs);
  say_failed(p, jobs, nfailed);
  nrunning = collect(p, ENGINE_RUNNING, jobs);
  if (nrunning)
    say_names(p, jobs, nrunning,
              p->reload             ? "still reloading"
              : p->dir == S6RC_DOWN ? "still stopping"
                                    : "still starting",
              1);
  nblocked = say_blocked(p, jobs, verbosity >= 2);
  nwaiting = collect(p, ENGINE_WAITING, jobs);
  if (nwaiting) say_names(p, jobs, nwaiting, "not attempted", verbosity >= 2);
  free(jobs);

  ok = result != ENGINE_INTERRUPTED || stralloc_cats(&sa, "interrupted by a signal: ");
  if (result == ENGINE_TIMEOUT) {
    char fmt[UINT_FMT];
    ok = stralloc_cats(&sa, "timed out after ") && stralloc_catb(&sa, fmt, uint_fmt(fmt, timeout)) &&
         stralloc_cats(&sa, " ms (-t): ");
  }
  ok = ok && cat_count(&sa, nfailed, "service failed", "services failed");
  if (ok && nrunning)
    ok = stralloc_cats(&sa, ", ") && cat_count(&sa, nrunning, "still under way", "still under way");
  if (ok && nblocked + nwaiting)
    ok = stralloc_cats(&sa, ", ") && cat_count(&sa, nblocked + nwaiting, "not attempted", "not attempted");
  if (ok) print(&sa);
  stralloc_free(&sa);
}

void report_not_again(engine_plan const *p, unsigned int verbosity)
{
  uint32_t *jobs = malloc(((size_t)p->n + 1) * sizeof(uint32_t));
  if (!jobs)
    strerr_warnwusys("list what is not started again");
  else if (p->n)
    say_names(p, jobs, collect(p, ENGINE_WAITING, jobs), "not started again", verbosity >= 2);
  free(jobs);
}
