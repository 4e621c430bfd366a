/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/gccattributes.h>
#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <s6-rc/dbformat.h>
#include <s6-rc/file.h>
#include <s6-rc/live.h>
#include <s6-rc/lock.h>
#include <s6-rc/state.h>
#include <s6-rc/trust.h>

#include "cli.h"

void cli_dieopenlive(char const *live)
{
  if (errno == ENOENT) strerr_dief(S6RC_EXIT_SYSTEM, "no live state in ", live, ": run s6-rc-init first");
  if (errno == EPERM) cli_dieuntrusted("live directory ", live);
  strerr_diefusys(S6RC_EXIT_SYSTEM, "open live directory ", live);
}

void cli_dielive(char const *live, s6rc_livepart part)
{
  if (part == S6RC_PART_LIVE) cli_dieopenlive(live);
  if (part == S6RC_PART_DB) cli_dieopendb(cli_livedb_path(live));
  if (part == S6RC_PART_STATE && errno == EPROTO)
    strerr_dief(S6RC_EXIT_DAMAGED, "the state file of live directory ", live, " does not match its database");
  strerr_diefusys(S6RC_EXIT_SYSTEM, "read ", live, "/" S6RC_STATE_FILE);
}

void cli_openlive(s6rc_live *l, char const *live)
{
  s6rc_livepart part;
  if (!s6rc_live_open(l, live, &part)) cli_dielive(live, part);
}

void cli_say_missing(uint32_t n, char const *name, char const *scandir)
{
  char fmt[UINT32_FMT];
  fmt[uint32_fmt(fmt, n)] = 0;
  strerr_warnw("still waiting for ", fmt, " supervisors, one of them that of ", name,
               CLI_SVSCAN_LIMIT(scandir));
}

/* Does live still lead to the directory that is open? */
static int is_current(char const *live, int fd)
{
  struct stat ours, now;
  return !fstat(fd, &ours) && !stat(live, &now) && s6rc_same_file(&ours, &now);
}

void cli_diebusy_after(char const *what, int fd, char const *file, s6rc_lockmode mode, unsigned int ms)
{
  char holder[PID_FMT], waited[UINT_FMT];
  pid_t pid = s6rc_lock_holder(fd, file, mode);
  holder[pid_fmt(holder, pid)] = 0;
  waited[uint_fmt(waited, ms)] = 0;
  strerr_dief(S6RC_EXIT_SYSTEM, what, ms ? " is still locked" : " is locked", " by another process",
              pid ? " (pid " : "", pid ? holder : "", pid ? ")" : "", ms ? " after " : "", ms ? waited : "",
              ms ? " ms (-w)" : "", ": try again later, or use -b to wait", ms ? " as long as it takes" : "");
}

void cli_diebusy(char const *what, int fd, char const *file, s6rc_lockmode mode)
{
  cli_diebusy_after(what, fd, file, mode, 0);
}

void cli_wait(cli_parser const *p, cli_patience *patience)
{
  tain limit;
  patience->block = 1;
  patience->ms = cli_uint(p);
  cli_ms(p, &limit);
  tain_add_g(&patience->deadline, &limit);
}

static int limited(cli_patience const *p)
{
  return p->block && p->ms;
}

static void die_unlockable(char const *live, int fd) gccattr_noreturn;
static void die_unlockable(char const *live, int fd)
{
  int e = errno;
  char const *hint = e != ENOENT ? ""
                     : faccessat(fd, S6RC_STATE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0
                         ? " (it is no live directory)"
                         : " (its file " S6RC_LOCK_FILE " is missing: run s6-rc-init again, which makes it)";
  errno = e;
  strerr_diefusys(S6RC_EXIT_SYSTEM, "lock live directory ", live, hint);
}

int cli_lock_live(char const *live, cli_patience const *p)
{
  for (;;) {
    int lockfd, fd = s6rc_open_trusted(live);
    if (fd < 0) cli_dieopenlive(live);
    lockfd = limited(p) ? s6rc_lockat_until(fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, &p->deadline)
                        : s6rc_lockat(fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, p->block);
    if (lockfd < 0 && errno == EBUSY) cli_diebusy_after(live, fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, p->ms);
    if (lockfd < 0 && (errno != ENOENT || is_current(live, fd))) die_unlockable(live, fd);
    if (lockfd >= 0 && is_current(live, fd)) return fd;
    /* while we waited, the name got another directory */
    if (lockfd >= 0) fd_close(lockfd);
    fd_close(fd);
  }
}

void cli_lock_db(s6rc_db const *db, char const *path, cli_patience const *p)
{
  int r = limited(p) ? s6rc_db_lock_until(db, &p->deadline) : s6rc_db_lock(db, p->block);
  if (r == -1 && errno == EBUSY) cli_diebusy_after(path, db->fd, S6RC_LOCK_FILE, S6RC_LOCK_SHARED, p->ms);
  if (r == -1) strerr_diefusys(S6RC_EXIT_SYSTEM, "lock database ", path);
}

int cli_read_live(s6rc_live *l, char const *live, char const *const *names, cli_read_func *read,
                  cli_forget_func *forget, void *data)
{
  for (;;) {
    cli_openlive(l, live);
    unsigned char *mark = cli_select(&l->db, live, names);
    int ok = (*read)(data, l, mark), e = errno;
    free(mark);
    if (!s6rc_live_moved(l, live)) {
      errno = e;
      return ok;
    }
    (*forget)(data);
    s6rc_live_close(l);
  }
}
