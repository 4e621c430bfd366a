/* ISC license. */

#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>
#include <skalibs/unix-transactional.h>

#include <s6-rc/live.h>
#include <s6-rc/mark.h>
#include <s6-rc/record.h>
#include <s6-rc/state.h>

#include "../report/report.h"
#include "rc.h"

/* Without records services come up as well. */
static int open_records(rc *o, int livefd, uint32_t n)
{
  s6rc_records_found found;
  int fd = s6rc_records_open(livefd, n, &o->run, &found);
  if (fd < 0 && o->verbosity)
    strerr_warnwusys("record transitions in ", o->livepath, "/" S6RC_RECORDS_FILE);
  else if (found == S6RC_RECORDS_DAMAGED && o->verbosity)
    strerr_warnw(o->livepath, "/" S6RC_RECORDS_FILE,
                 " was damaged, or not made for its database: made anew, what was recorded is lost");
  return fd;
}

/* what: set to what failed if the system did, with errno */
static engine_result carry_out(rc *o, engine_plan *plan, s6rc_db const *db, int livefd,
                               unsigned char const *wanted, unsigned char wantedbit, char const **what)
{
  report_verbosity v = {.verbosity = o->verbosity, .dir = plan->dir, .reload = plan->reload};
  engine_options eo = {.deadline = o->deadline,
                       .statefd = -1,
                       .recordsfd = -1,
                       .wanted = wanted,
                       .wantedbit = wantedbit,
                       .dryrun = o->dryrun,
                       .throttle = o->throttle,
                       .verbosity = o->verbosity,
                       .live = o->livepath,
                       .say = &report_notice,
                       .data = &v};
  engine_result r;
  int fd = open2_at(livefd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  *what = "open " S6RC_SERVICEDIRS;
  if (fd < 0) return ENGINE_SYSTEM;
  if (!o->dryrun && !plan->reload) {
    *what = "open the state file";
    eo.statefd = s6rc_state_open(livefd);
    if (eo.statefd < 0) {
      fd_close(fd);
      return ENGINE_SYSTEM;
    }
    if (plan->n) eo.recordsfd = open_records(o, livefd, s6rc_db_n(db));
    eo.run = o->run;
  }
  *what = "carry out transitions";
  r = engine_run(plan, db, fd, &eo);
  if (eo.statefd >= 0) fd_close(eo.statefd);
  if (eo.recordsfd >= 0) fd_close(eo.recordsfd);
  fd_close(fd);
  if (r != ENGINE_OK && r != ENGINE_SYSTEM) report_summary(plan, r, o->timeout, o->verbosity);
  return r;
}

engine_result rc_carry_out_update(engine_plan *plan, s6rc_db const *db, int livefd,
                                  unsigned char const *wanted, void *data)
{
  char const *what;
  return carry_out(data, plan, db, livefd, wanted, S6RC_STATE_WANTED, &what);
}

static engine_result carry_out_or_die(rc *o, engine_plan *plan, unsigned char const *wanted,
                                      unsigned char wantedbit)
{
  char const *what;
  engine_result r = carry_out(o, plan, &o->live.db, o->live.fd, wanted, wantedbit, &what);
  if (r == ENGINE_SYSTEM) strerr_diefusys(S6RC_EXIT_SYSTEM, what, " in live directory ", o->livepath);
  return r;
}

engine_result rc_carry_out(rc *o, engine_plan *plan)
{
  return carry_out_or_die(o, plan, o->mark, RC_NAMED);
}

engine_result rc_phase(rc *o, unsigned char bit, s6rc_dir dir, unsigned char const *wanted,
                       unsigned char wantedbit)
{
  engine_plan plan;
  engine_result r;
  if (!engine_plan_make(&plan, &o->live.db, o->state, o->mark, bit, dir)) rc_die_damaged(o);
  r = carry_out_or_die(o, &plan, wanted, wantedbit);
  for (uint32_t i = 0; o->dryrun && i < plan.n; i++)
    if (plan.jobs[i].status == ENGINE_DONE)
      o->state[plan.jobs[i].number] = o->live.state[plan.jobs[i].number] = dir == S6RC_UP ? S6RC_STATE_UP : 0;
  engine_plan_free(&plan);
  return r;
}

/* What is up already and now asked for by name is from now on wanted. */
static void remember_wanted(rc *o)
{
  uint32_t n = s6rc_db_n(&o->live.db);
  int changed = 0;
  for (uint32_t i = 0; (i = s6rc_mark_next(o->mark, i, n, RC_NAMED)) < n; i++) {
    if (o->live.state[i] != S6RC_STATE_UP) continue;
    o->live.state[i] |= S6RC_STATE_WANTED;
    changed = 1;
  }
  if (!changed) return;
  if (!s6rc_state_write(o->live.fd, o->live.state, n))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "write the state file of live directory ", o->livepath);
}

int rc_exit_code(engine_result r)
{
  return r == ENGINE_OK ? S6RC_EXIT_OK : r == ENGINE_TIMEOUT ? S6RC_EXIT_TIMEDOUT : S6RC_EXIT_FAILED;
}

/* Who asks for all that is up to stop wants no process left. */
static void add_halfway(rc *o)
{
  uint32_t n = s6rc_db_n(&o->live.db);
  for (uint32_t i = 0; (i = s6rc_mark_next(o->state, i, n, ENGINE_STATE_HALFWAY)) < n; i++)
    o->mark[i] |= RC_SELECTED | RC_CLOSURE;
}

int rc_change(rc *o)
{
  int down = o->dir == S6RC_DOWN;
  unsigned char downset = down ? RC_CLOSURE : RC_OTHERS, upset = down ? RC_OTHERS : RC_CLOSURE;
  engine_result r = ENGINE_OK, r2;
  rc_start_clock(o);
  if (down && o->addup) add_halfway(o);
  rc_close_marks(o, o->dir, RC_CLOSURE);
  for (uint32_t i = 0; o->prune && i < s6rc_db_n(&o->live.db); i++)
    if (!(o->mark[i] & RC_CLOSURE)) o->mark[i] |= RC_OTHERS;
  if (!o->force) rc_spare_essentials(o, downset);
  if (!down && !o->dryrun) remember_wanted(o);
  if (down || o->prune) r = rc_phase(o, downset, S6RC_DOWN, o->mark, RC_NAMED);
  if (down && !o->prune) return rc_exit_code(r);
  if (r == ENGINE_TIMEOUT || r == ENGINE_INTERRUPTED) return rc_exit_code(r);
  if (o->prune && !o->dryrun) rc_reread(o);
  r2 = rc_phase(o, upset, S6RC_UP, o->mark, RC_NAMED);
  return rc_exit_code(r2 == ENGINE_OK ? r : r2);
}
