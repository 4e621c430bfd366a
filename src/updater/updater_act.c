/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/tai.h>

#include <s6-rc/livedir.h>
#include <s6-rc/servicedir.h>

#include "../cli/cli.h"
#include "updater.h"

/* Completing can be done again: so what fails once, and then does not, need
   not leave it to the next tool. */
enum { COMPLETION_ATTEMPTS = 2 };

static char const unfinished[] = "complete the update (the live directory has the new database)";

static void die_step(update_context const *c, char const *what) gccattr_noreturn;
static void die_step(update_context const *c, char const *what)
{
  if (errno == EPROTO)
    strerr_dief(S6RC_EXIT_DAMAGED, "unable to ", what, c->where.len ? ": " : "",
                c->where.len ? c->where.s : "",
                ": the new database, or the live directory or its database, is damaged");
  strerr_diefusys(S6RC_EXIT_SYSTEM, what, c->where.len ? ": " : "", c->where.len ? c->where.s : "");
}

static void forget(updater const *u)
{
  int e = errno;
  if (!update_forget(u->rc.live.fd))
    strerr_warnwusys("remove the record of the update in ", u->rc.livepath, " (the next s6-rc will do it)");
  errno = e;
}

/* The old database's part. untouched: set, by number, for those that were not
   even attempted. */
static engine_result stop_services(updater *u, unsigned char *untouched)
{
  engine_plan plan;
  engine_result r;
  unsigned char *mark = u->rc.mark;
  for (uint32_t i = 0; i < u->plan.nold; i++) mark[i] = u->plan.olds[i].stops ? RC_CLOSURE : 0;
  if (!engine_plan_make(&plan, &u->rc.live.db, u->rc.live.state, mark, RC_CLOSURE, S6RC_DOWN))
    return ENGINE_SYSTEM;
  r = rc_carry_out_update(&plan, &u->rc.live.db, u->rc.live.fd, u->rc.live.state, &u->rc);
  for (uint32_t i = 0; i < plan.n; i++)
    if (plan.jobs[i].status == ENGINE_BLOCKED || plan.jobs[i].status == ENGINE_WAITING)
      untouched[plan.jobs[i].number] = 1;
  int e = errno;
  engine_plan_free(&plan);
  errno = e;
  return r;
}

/* Everything is as it was before: the new generation goes, what was stopped
   starts again. */
static void undo(updater *u, update_context *c, unsigned char const *untouched)
{
  engine_result r;
  int e = errno;
  c->untouched = untouched;
  if (!update_recover(c, UPDATE_BEFORE_SWITCH, u->rc.live.fd, &u->rc.live.db, &r))
    strerr_warnwusys("undo what was done (the next s6-rc will do it)", c->where.len ? ": " : "",
                     c->where.len ? c->where.s : "");
  else if (r != ENGINE_OK)
    strerr_warnw("not all services that were stopped for the update are up again");
  c->where.len = 0;
  errno = e;
}

/* There is no time left to start anything again. */
static void abandon(updater const *u, char const *path)
{
  if (!s6rc_treeremoveat(AT_FDCWD, path)) strerr_warnwusys("remove ", path, " (the next s6-rc will do it)");
  forget(u);
}

/* Everything up to the switch: what fails here is as if it had never been. */
static void prepare(updater *u, update_context *c, stralloc *path, unsigned char *untouched)
{
  int lockfd; /* goes with the process */
  if (!update_announce(c, &u->plan, u->rc.live.fd, u->rc.live.state)) {
    forget(u);
    die_step(c, "note in the live directory that an update begins");
  }
  if (!update_build(c, &u->plan, u->rc.live.fd, &u->rc.live.db, &u->newdb, u->newpath, path, &lockfd)) {
    forget(u);
    die_step(c, "build a live directory for the new database");
  }
  switch (stop_services(u, untouched)) {
    case ENGINE_OK: return;
    case ENGINE_SYSTEM:
      undo(u, c, untouched);
      if (errno == EPROTO) rc_die_damaged(&u->rc);
      die_step(c, "stop services");
    case ENGINE_FAILURES: undo(u, c, untouched); break;
    case ENGINE_INTERRUPTED: abandon(u, path->s); break;
    case ENGINE_TIMEOUT:
      abandon(u, path->s);
      strerr_dief(S6RC_EXIT_STOPTIMEOUT, "not switched: the live database is still the old one");
  }
  strerr_dief(S6RC_EXIT_NOTSTOPPED, "not switched: the live database is still the old one");
}

/* *r stays what it is if there is nothing left to start. */
static int try_to_complete(updater *u, update_context *c, int fd, engine_result *r)
{
  if (update_find(fd) != UPDATE_NONE) return update_recover(c, UPDATE_AFTER_SWITCH, fd, &u->newdb, r);
  /* only the rest of the record is still there */
  return update_forget(fd);
}

/* From here on it is only forward, by us or by the next one. */
static engine_result complete(updater *u, update_context *c, int fd)
{
  engine_result r = ENGINE_OK;
  for (int i = 1; !try_to_complete(u, c, fd, &r); i++) {
    if (errno == ETIMEDOUT && !tain_future(&c->deadline)) {
      rc_say_late_update(c, "the live directory has the new database", 0);
      r = ENGINE_TIMEOUT;
      break;
    }
    if (i == COMPLETION_ATTEMPTS) {
      strerr_warnw("the next s6-rc change or s6-rc-update goes on with the update");
      die_step(c, unfinished);
    }
    strerr_warnwusys(unfinished, c->where.len ? ": " : "", c->where.len ? c->where.s : "");
    strerr_warnw("trying again");
  }
  rc_warn_holder(&u->rc, c);
  return r;
}

int updater_act(updater *u)
{
  stralloc path = STRALLOC_ZERO;
  unsigned char *untouched;
  update_context c;
  int fd;
  rc_start_clock(&u->rc);
  c = rc_update_context(&u->rc);
  untouched = calloc(u->plan.nold, 1);
  if (!untouched) strerr_diefusys(S6RC_EXIT_SYSTEM, "remember which services have been stopped");
  prepare(u, &c, &path, untouched);
  fd = open2(path.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd >= 0 && !update_records(&u->plan, u->rc.live.fd, fd) && u->rc.verbosity)
    strerr_warnwusys("keep the records of transitions");
  /* the point of no return; what failed may have happened nevertheless */
  if (fd < 0 ||
      (!s6rc_livedir_publish(u->rc.livepath, path.s) && !s6rc_livedir_published(u->rc.livepath, path.s))) {
    undo(u, &c, untouched);
    die_step(&c, "switch the live directory to the new database");
  }
  return rc_exit_code(complete(u, &c, fd));
}
