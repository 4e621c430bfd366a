/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>
#include <skalibs/unix-transactional.h>

#include <s6-rc/livedir.h>
#include <s6-rc/path.h>

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
  strerr_dief(S6RC_EXIT_NOTSTOPPED, "service ", sv.name, " is essential, or needed by one that is, and ",
              u->newpath, " does not have it as what it is: nothing changed (-e stops it)");
}

void updater_check_scandir(updater const *u, int dryrun)
{
  stralloc scandir = STRALLOC_ZERO, prefix = STRALLOC_ZERO, link = STRALLOC_ZERO;
  s6rc_supervision s = {.live = u->rc.livepath};
  uint32_t taken = 0;
  s.servicedirsfd = open2_at(u->rc.live.fd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (s.servicedirsfd < 0 || !s6rc_path_readlinkat(&scandir, u->rc.live.fd, S6RC_LIVE_SCANDIR) ||
      !openslurpclose_at(u->rc.live.fd, S6RC_LIVE_PREFIX, &prefix) || !stralloc_0(&prefix))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read which scan directory live directory ", u->rc.livepath, " has");
  s.scandir = scandir.s;
  s.prefix = prefix.s;
  for (uint32_t j = 0; j < u->newdb.nlongruns; j++) {
    s6rc_service sv;
    int r;
    if (!s6rc_db_service(&u->newdb, j, &sv)) cli_diedamaged(u->newpath, "a record is damaged");
    r = s6rc_supervision_isfree(&s, sv.name, &link);
    if (r < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "look at ", link.len ? link.s : sv.name);
    if (r) continue;
    strerr_warn(PROG, ": fatal: ", link.s, " is there, and not the link to longrun ", sv.name, " of ",
                u->rc.livepath);
    taken++;
  }
  if (taken) strerr_dief(S6RC_EXIT_SYSTEM, "nothing changed (these have to leave ", scandir.s, " first)");
  if (!dryrun && !s6rc_supervision_svscan(scandir.s))
    strerr_diefsys(S6RC_EXIT_SYSTEM, "no s6-svscan is running on ", scandir.s, ", nothing changed");
  fd_close(s.servicedirsfd);
  stralloc_free(&scandir);
  stralloc_free(&prefix);
  stralloc_free(&link);
}
