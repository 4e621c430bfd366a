/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/tai.h>

#include <s6-rc/live.h>
#include <s6-rc/record.h>
#include <s6-rc/state.h>
#include <s6-rc/types.h>

#include "../update/update.h"
#include "rc.h"

void rc_die_damaged(rc const *o)
{
  if (errno == EPROTO) cli_diedamaged(cli_livedb_path(o->livepath), "a record is damaged");
  strerr_diefusys(S6RC_EXIT_SYSTEM, "read ", cli_livedb_path(o->livepath));
}

void rc_open(rc *o)
{
  cli_openlive(&o->live, o->livepath);
}

/* Did a run tell its supervisor to leave this state, and has not seen it arrive?
   A start that fails is undone, a stop that fails is not. */
static int is_halfway(s6rc_record const *r, unsigned char state)
{
  if (r->direction == S6RC_RECORD_NONE) return 0;
  if (r->result == S6RC_RESULT_UNDERWAY) return 1; /* when it was killed */
  if (r->direction == (state & S6RC_STATE_UP ? S6RC_RECORD_UP : S6RC_RECORD_DOWN)) return 0;
  switch (r->result) {
    case S6RC_RESULT_LEFT: return 1;
    case S6RC_RESULT_DONE:
    case S6RC_RESULT_BLOCKED:
    case S6RC_RESULT_SKIPPED: return 0;
    default: return r->direction == S6RC_RECORD_DOWN;
  }
}

/* Without records, or with one that is damaged, which open_records tells, the
   state is all there is to know. Of oneshots it always is: a script that was
   left has an end. */
void rc_find_halfway(rc *o)
{
  uint32_t n = s6rc_db_n(&o->live.db);
  s6rc_records records;
  free(o->state); /* perhaps of another database */
  o->state = malloc(n);
  if (!o->state) strerr_diefusys(S6RC_EXIT_SYSTEM, "make a plan");
  memcpy(o->state, o->live.state, n);
  /* not s6rc_records_read: what looks at our own lock, loses it */
  if (!s6rc_records_load(&records, o->live.fd, n, o->live.db.nlongruns)) {
    if (errno != ENOENT && errno != EPROTO && o->verbosity)
      strerr_warnwusys("read ", o->livepath, "/" S6RC_RECORDS_FILE,
                       " (longruns that an earlier run left halfway are taken for what they count as)");
    return;
  }
  for (uint32_t i = 0; i < o->live.db.nlongruns; i++) {
    s6rc_record r;
    if (s6rc_records_get(&records, i, &r) && is_halfway(&r, o->state[i])) o->state[i] |= ENGINE_STATE_HALFWAY;
  }
  s6rc_records_free(&records);
}

void rc_reread(rc *o)
{
  if (!s6rc_live_reread(&o->live)) cli_dielive(o->livepath, S6RC_PART_STATE);
  rc_find_halfway(o);
}

void rc_start_clock(rc *o)
{
  if (o->started) return;
  o->started = 1;
  if (!tain_now_g()) strerr_diefusys(S6RC_EXIT_SYSTEM, "read the clock");
  tain_add_g(&o->deadline, &o->limit);
}

/* The locks go with the process. */
void rc_close(rc *o)
{
  s6rc_live_close(&o->live);
  free(o->mark);
  free(o->state);
  o->mark = o->state = 0;
}

static void lock_db(rc const *o)
{
  cli_lock_db(&o->live.db, cli_livedb_path(o->livepath), &o->wait);
}

void rc_warn_holder(rc const *o, update_context const *c)
{
  if (!c->holder_error || !o->verbosity) return;
  strerr_warnw(S6RC_FDHOLDER " did not do as it was told (", strerror(c->holder_error),
               "): it starts again, with new pipes; running pipelines keep theirs");
}

void rc_say_late_update(update_context const *c, char const *what, int fatal)
{
  char const *kind = fatal ? ": fatal: " : ": warning: ";
  char const *then = "; the next s6-rc change or s6-rc-update goes on with the update";
  if (c->unserved.len)
    strerr_warn(PROG, kind, "timed out: ", what, then, ": longrun ", c->where.s, " has no supervisor",
                CLI_SVSCAN_LIMIT(c->unserved.s));
  else
    strerr_warn(PROG, kind, "timed out: ", what, then, c->where.len ? ": " : "",
                c->where.len ? c->where.s : "");
}

update_context rc_update_context(rc *o)
{
  return (update_context){.live = o->livepath,
                          .deadline = o->deadline,
                          .carry_out = &rc_carry_out_update,
                          .data = o,
                          .missing = o->verbosity ? &cli_say_missing : 0};
}

/* Not completed, or not undone, by errno. */
static engine_result cannot_recover(rc const *o, update_phase phase, update_context const *c)
{
  char const *verb = phase == UPDATE_BEFORE_SWITCH ? "undo" : "complete";
  char const *where = c->where.len ? c->where.s : "", *colon = c->where.len ? ": " : "";
  if (errno == ETIMEDOUT && !tain_future(&c->deadline)) {
    rc_say_late_update(c, "an interrupted update is not complete", 1);
    return ENGINE_TIMEOUT;
  }
  if (errno == EPROTO)
    strerr_dief(S6RC_EXIT_DAMAGED, "unable to ", verb, " an interrupted update", colon, where,
                ": live directory ", o->livepath, ", or its database, is damaged");
  strerr_diefusys(S6RC_EXIT_SYSTEM, verb, " an interrupted update", colon, where);
}

/* An update that was killed is somebody's business before anything else is
   done: ours, now that we have the lock. */
static engine_result recover(rc *o)
{
  update_context c;
  engine_result r = ENGINE_OK;
  update_phase phase = update_find(o->live.fd);
  if (phase == UPDATE_NONE) {
    /* what was there before the record may be there without it */
    if (!update_forget(o->live.fd)) strerr_diefusys(S6RC_EXIT_SYSTEM, "tidy live directory ", o->livepath);
    return r;
  }
  if (phase == UPDATE_UNREADABLE)
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read the record of an update in live directory ", o->livepath);
  if (o->verbosity)
    strerr_warnw("an update of live directory ", o->livepath,
                 " was interrupted: ", phase == UPDATE_BEFORE_SWITCH ? "undoing" : "completing", " it first");
  rc_start_clock(o);
  c = rc_update_context(o);
  if (!update_recover(&c, phase, o->live.fd, &o->live.db, &r)) return cannot_recover(o, phase, &c);
  stralloc_free(&c.where);
  rc_warn_holder(o, &c);
  if (r == ENGINE_TIMEOUT || r == ENGINE_INTERRUPTED) return r;
  if (r != ENGINE_OK && o->verbosity) strerr_warnw("going on, although services failed to start");
  return ENGINE_OK;
}

engine_result rc_open_locked(rc *o)
{
  engine_result r;
  close(cli_lock_live(o->livepath, &o->wait));
  rc_open(o);
  lock_db(o);
  if (!s6rc_live_tidy(o->live.fd)) strerr_diefusys(S6RC_EXIT_SYSTEM, "tidy live directory ", o->livepath);
  r = recover(o);
  rc_reread(o);
  return r;
}
