/* ISC license. */

#include "status.h"

/* The last transition did not bring it to where it was to be, and nothing has
   since. */
static status_problem from_record(status_service const *sv)
{
  s6rc_record const *r = &sv->record;
  if (r->direction == S6RC_RECORD_NONE || r->direction == (sv->wanted ? S6RC_RECORD_UP : S6RC_RECORD_DOWN))
    return STATUS_FINE;
  switch (r->result) {
    case S6RC_RESULT_DONE: return STATUS_FINE;
    case S6RC_RESULT_UNDERWAY:
    case S6RC_RESULT_LEFT: return STATUS_UNFINISHED;
    case S6RC_RESULT_BLOCKED:
    case S6RC_RESULT_SKIPPED: return STATUS_BLOCKED;
    default: return STATUS_FAILED;
  }
}

/* What its supervisor says against what s6-rc says. */
static status_problem from_supervisor(status_service const *sv)
{
  int runs = sv->real == STATUS_UP || sv->real == STATUS_PAUSED;
  if (sv->type != S6RC_LONGRUN || sv->real == STATUS_UNKNOWN) return STATUS_FINE;
  if (sv->real == STATUS_UNSUPERVISED) return STATUS_NOSUPERVISOR;
  if (sv->supervisorwants != sv->wanted) return STATUS_DRIFTED;
  if (!sv->wanted) return sv->pid ? STATUS_DRIFTED : STATUS_FINE;
  if (!runs) return STATUS_DEAD;
  return sv->notifies && !sv->ready ? STATUS_UNREADY : STATUS_FINE;
}

status_problem status_judge(status_service const *sv)
{
  status_problem seen = from_supervisor(sv), recorded = from_record(sv);
  if (seen == STATUS_NOSUPERVISOR) return seen;
  /* s6-rc is at it: what its supervisor says is on the way to there */
  if (sv->record.direction && sv->record.result == S6RC_RESULT_UNDERWAY && !sv->killed) return STATUS_FINE;
  /* that nobody waited for the end is why s6-rc does not know of it */
  if (recorded == STATUS_UNFINISHED || seen == STATUS_FINE) return recorded;
  return seen;
}

uint32_t status_keep_problems(status *st)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < st->n; i++)
    if (st->services[i].problem != STATUS_FINE) st->services[n++] = st->services[i];
  return st->n = n;
}
