/* ISC license. */

#include <errno.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/tai.h>

#include <s6-rc/live.h>
#include <s6-rc/lock.h>
#include <s6-rc/path.h>
#include <s6-rc/state.h>

#include "../cli/cli.h"
#include "rc.h"

static void die_live(rc const *o, s6rc_livepart part)
{
  int e = errno;
  if (part == S6RC_PART_LIVE && e == ENOENT)
    strerr_dief(S6RC_EXIT_SYSTEM, "no live state in ", o->livepath, ": run s6-rc-init first");
  if (part == S6RC_PART_DB) cli_dieopendb(o->livepath);
  if (part == S6RC_PART_STATE && e == EPROTO)
    strerr_dief(S6RC_EXIT_DAMAGED, "the state file of live directory ", o->livepath,
                " does not match its database");
  strerr_diefusys(S6RC_EXIT_SYSTEM, "read live directory ", o->livepath);
}

void rc_die_damaged(rc const *o)
{
  if (errno == EPROTO) cli_diedamaged(o->livepath, "a record of its database is damaged");
  strerr_diefusys(S6RC_EXIT_SYSTEM, "read the database of ", o->livepath);
}

void rc_open(rc *o)
{
  s6rc_livepart part;
  if (!s6rc_live_open(&o->live, o->livepath, &part)) die_live(o, part);
}

void rc_reread(rc *o)
{
  if (!s6rc_live_reread(&o->live)) die_live(o, S6RC_PART_STATE);
}

void rc_start_clock(rc *o)
{
  if (!tain_now_g()) strerr_diefusys(S6RC_EXIT_SYSTEM, "read the clock");
  tain_add_g(&o->deadline, &o->limit);
}

static void die_busy_db(rc const *o)
{
  stralloc path = STRALLOC_ZERO;
  int ok = s6rc_path_set(&path, o->livepath) && s6rc_path_push(&path, S6RC_LIVE_COMPILED);
  cli_diebusy(ok ? path.s : o->livepath, o->live.db.fd, S6RC_LOCK_FILE, S6RC_LOCK_SHARED);
}

/* Locks what we are about to change. While we waited, the live directory may
   have become another one: then again. */
void rc_open_locked(rc *o)
{
  for (;;) {
    struct stat ours, now;
    int lockfd;
    rc_open(o);
    lockfd = s6rc_lockat(o->live.fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, o->block);
    if (lockfd < 0 && errno == EBUSY)
      cli_diebusy(o->livepath, o->live.fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE);
    if (lockfd < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "lock live directory ", o->livepath);
    if (!fstat(o->live.fd, &ours) && !stat(o->livepath, &now) && ours.st_ino == now.st_ino &&
        ours.st_dev == now.st_dev)
      break;
    close(lockfd);
    s6rc_live_close(&o->live);
  }
  if (s6rc_db_lock(&o->live.db, o->block) == -1) die_busy_db(o);
  rc_reread(o);
  o->statefd = s6rc_state_open(o->live.fd);
  if (o->statefd < 0)
    strerr_diefusys(S6RC_EXIT_SYSTEM, "open the state file of live directory ", o->livepath);
}
