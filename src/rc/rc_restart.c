/* ISC license. */

#include <stdlib.h>
#include <string.h>

#include <skalibs/strerr.h>

#include <s6-rc/mark.h>
#include <s6-rc/state.h>

#include "../report/report.h"
#include "rc.h"

static char const *name_of(rc const *o, uint32_t i)
{
  s6rc_service sv;
  if (!s6rc_db_service(&o->live.db, i, &sv)) rc_die_damaged(o);
  return sv.name;
}

/* What is down stays down, and nothing is stopped because of it. */
static void leave_what_is_down(rc *o)
{
  uint32_t n = s6rc_db_n(&o->live.db);
  for (uint32_t i = 0; (i = s6rc_mark_next(o->mark, i, n, RC_SELECTED)) < n; i++) {
    if (o->live.state[i] & S6RC_STATE_UP) continue;
    o->mark[i] &= (unsigned char)~RC_CLOSURE;
    if (o->verbosity) strerr_warnw("service ", name_of(o, i), " is not up: it stays down");
  }
}

/* RC_CLOSURE: what goes down. RC_AGAIN: what then comes up. With -p, what the
   selection does not need goes down too, and does not come up. */
static void mark_phases(rc *o)
{
  uint32_t n = s6rc_db_n(&o->live.db);
  rc_close_marks(o, S6RC_DOWN, RC_CLOSURE);
  for (uint32_t i = 0; o->prune && (i = s6rc_mark_next(o->mark, i, n, RC_SELECTED)) < n; i++)
    o->mark[i] |= RC_NEEDED;
  rc_close_marks(o, S6RC_UP, RC_NEEDED);
  for (uint32_t i = 0; i < n; i++) {
    if (o->prune && !(o->mark[i] & RC_NEEDED))
      o->mark[i] |= RC_CLOSURE;
    else if (o->mark[i] & RC_CLOSURE && o->live.state[i] & S6RC_STATE_UP)
      o->mark[i] |= RC_AGAIN;
  }
  /* nothing comes up without what it needs, wherever that has got lost */
  rc_close_marks(o, S6RC_UP, RC_AGAIN);
}

/* Who asks for a service's restart by its name does not want it left alone. */
static void die_if_spared(rc const *o)
{
  uint32_t n = s6rc_db_n(&o->live.db);
  for (uint32_t i = 0; (i = s6rc_mark_next(o->mark, i, n, RC_ALONE)) < n; i++)
    if (o->live.state[i] & S6RC_STATE_UP && !(o->mark[i] & RC_CLOSURE))
      strerr_dief(S6RC_EXIT_FAILED, "service ", name_of(o, i),
                  " cannot be restarted without -D: it, or a service that needs it, is essential");
}

static void say_left_down(rc *o)
{
  engine_plan plan;
  if (!o->dryrun) rc_reread(o);
  if (!engine_plan_make(&plan, &o->live.db, o->state, o->mark, RC_AGAIN, S6RC_UP)) rc_die_damaged(o);
  report_not_again(&plan, o->verbosity);
  engine_plan_free(&plan);
}

int rc_restart(rc *o)
{
  uint32_t n = s6rc_db_n(&o->live.db);
  unsigned char *before = malloc(n);
  engine_result r, r2 = ENGINE_OK;
  if (!before) strerr_diefusys(S6RC_EXIT_SYSTEM, "remember the live state");
  memcpy(before, o->live.state, n);
  rc_start_clock(o);
  leave_what_is_down(o);
  mark_phases(o);
  if (!o->force) rc_spare_essentials(o, RC_CLOSURE);
  die_if_spared(o);
  r = rc_phase(o, RC_CLOSURE, S6RC_DOWN, before, S6RC_STATE_WANTED);
  if (r == ENGINE_TIMEOUT || r == ENGINE_INTERRUPTED)
    say_left_down(o);
  else {
    if (!o->dryrun) rc_reread(o);
    r2 = rc_phase(o, RC_AGAIN, S6RC_UP, before, S6RC_STATE_WANTED);
  }
  free(before);
  return rc_exit_code(r2 == ENGINE_OK ? r : r2);
}
