/* ISC license. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "../cli/cli.h"
#include "updater.h"

void updater_read_conversions(updater *u)
{
  stralloc text = STRALLOC_ZERO;
  update_mistake const *m;
  size_t n;
  if (u->convfile && (!openslurpclose(&text, u->convfile) || !stralloc_0(&text)))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read conversion file ", u->convfile);
  if (u->convfile && strlen(text.s) + 1 != text.len)
    strerr_dief(S6RC_EXIT_USAGE, "conversion file ", u->convfile, " is not a text: it has a NUL byte");
  if (!update_conversions_read(&u->conversions, text.s, &u->rc.live.db, &u->newdb)) {
    if (errno == EPROTO) cli_diedamaged(u->newpath, "this one, or the live one");
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read conversion file ", u->convfile ? u->convfile : "");
  }
  stralloc_free(&text);
  m = genalloc_s(update_mistake, &u->conversions.mistakes);
  n = genalloc_len(update_mistake, &u->conversions.mistakes);
  for (size_t i = 0; i < n; i++) {
    char line[UINT32_FMT];
    line[uint32_fmt(line, m[i].line)] = 0;
    strerr_warn(PROG, ": fatal: ", u->convfile, ":", line, ": ", u->conversions.texts.s + m[i].text);
  }
  if (n) _exit(m[0].code);
}

void updater_make_plan(updater *u)
{
  stralloc text = STRALLOC_ZERO;
  s6rc_service sv;
  if (!update_plan_make(&u->plan, &u->rc.live.db, &u->newdb, u->rc.live.state, &u->conversions, u->force) ||
      (u->rc.verbosity >= 2 && !update_plan_print(&text, &u->plan, &u->rc.live.db, &u->newdb))) {
    if (errno == EPROTO) cli_diedamaged(u->newpath, "this one, or the live one");
    strerr_diefusys(S6RC_EXIT_SYSTEM, "make a plan");
  }
  for (size_t at = 0, end; at < text.len; at = end + 1) {
    for (end = at; text.s[end] != '\n';) end++;
    text.s[end] = 0;
    strerr_warni(text.s + at);
  }
  stralloc_free(&text);
  for (uint32_t i = 0; u->rc.verbosity && i < u->plan.nold; i++) {
    update_old const *o = u->plan.olds + i;
    if (!o->up || o->stops || o->fate == UPDATE_STAYS || o->to == S6RC_NONE) continue;
    if (s6rc_db_service(&u->rc.live.db, i, &sv))
      strerr_warnw("service ", sv.name,
                   " is essential, or needed by one that is: left running, although it would ",
                   "have to restart (-e restarts it)");
  }
  if (u->plan.refused == S6RC_NONE) return;
  if (!s6rc_db_service(&u->rc.live.db, u->plan.refused, &sv)) rc_die_damaged(&u->rc);
  strerr_dief(UPDATE_EXIT_NOTSTOPPED, "service ", sv.name, " is essential, or needed by one that is, and ",
              u->newpath, " does not have it as what it is: nothing changed (-e stops it)");
}
