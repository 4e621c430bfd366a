/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>

#include <s6-rc/dbformat.h>
#include <s6-rc/live.h>
#include <s6-rc/lock.h>

#include "cli.h"

void cli_dieopenlive(char const *live)
{
  if (errno == ENOENT) strerr_dief(S6RC_EXIT_SYSTEM, "no live state in ", live, ": run s6-rc-init first");
  strerr_diefusys(S6RC_EXIT_SYSTEM, "open live directory ", live);
}

void cli_dielive(char const *live, s6rc_livepart part)
{
  if (part == S6RC_PART_LIVE) cli_dieopenlive(live);
  if (part == S6RC_PART_DB) cli_dieopendb(live);
  if (part == S6RC_PART_STATE && errno == EPROTO)
    strerr_dief(S6RC_EXIT_DAMAGED, "the state file of live directory ", live, " does not match its database");
  strerr_diefusys(S6RC_EXIT_SYSTEM, "read live directory ", live);
}

void cli_openlive(s6rc_live *l, char const *live)
{
  s6rc_livepart part;
  if (!s6rc_live_open(l, live, &part)) cli_dielive(live, part);
}

/* Does live still lead to the directory that is open? */
static int is_current(char const *live, int fd)
{
  struct stat ours, now;
  return !fstat(fd, &ours) && !stat(live, &now) && ours.st_ino == now.st_ino && ours.st_dev == now.st_dev;
}

int cli_lock_live(char const *live, int block)
{
  for (;;) {
    int lockfd, fd = openat(AT_FDCWD, live, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) cli_dieopenlive(live);
    lockfd = s6rc_lockat(fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, block);
    if (lockfd < 0 && errno == EBUSY) cli_diebusy(live, fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE);
    if (lockfd < 0 && (errno != ENOENT || is_current(live, fd)))
      strerr_diefusys(S6RC_EXIT_SYSTEM, "lock live directory ", live);
    if (lockfd >= 0 && is_current(live, fd)) return fd;
    /* while we waited, the name got another directory */
    if (lockfd >= 0) fd_close(lockfd);
    fd_close(fd);
  }
}
