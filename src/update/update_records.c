/* ISC license. */

#include <errno.h>
#include <stdlib.h>

#include <s6-rc/record.h>

#include "update.h"

/* The record of old service i, as the new database numbers. One that is
   damaged is as good as none. */
static void translate(update_plan const *plan, s6rc_records const *old, uint32_t i, s6rc_record *r)
{
  if (!s6rc_records_get(old, i, r) || r->result != S6RC_RESULT_BLOCKED) return;
  r->value = r->value < plan->nold ? plan->olds[r->value].to : S6RC_NONE;
}

int update_records(update_plan const *plan, int oldfd, int newfd)
{
  s6rc_records old, new = {.n = plan->nnew};
  int ok = 0, e;
  if (!s6rc_records_load(&old, oldfd, plan->nold, plan->nold) && errno != ENOENT && errno != EPROTO) return 0;
  new.lastrun = old.lastrun;
  new.s = calloc(plan->nnew, S6RC_RECORD_SIZE);
  if (!new.s) goto end;
  for (uint32_t j = 0; j < plan->nnew; j++) {
    s6rc_record r;
    if (plan->news[j].from == S6RC_NONE) continue;
    translate(plan, &old, plan->news[j].from, &r);
    s6rc_record_pack(new.s + (size_t)j *S6RC_RECORD_SIZE, &r);
  }
  ok = s6rc_records_write(newfd, &new);
end:
  e = errno;
  s6rc_records_free(&old);
  s6rc_records_free(&new);
  errno = e;
  return ok;
}
