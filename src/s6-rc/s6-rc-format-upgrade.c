/* ISC license. */

#include <errno.h>
#include <string.h>

#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <s6-rc/config.h>
#include <s6-rc/live.h>
#include <s6-rc/lock.h>
#include <s6-rc/state.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "../cli/cli.h"
#include "../update/update.h"

static cli_option const options[] = {
    {.letter = 'v',
     .name = "verbosity",
     .arg = "N",
     .help = "0 errors, 1 warnings, 2 what is done (default 1)"},
    {.letter = 't', .name = "timeout", .arg = "MS", .help = "accepted; there is nothing to wait for"},
    {.letter = 'l',
     .name = "livedir",
     .arg = "LIVE",
     .help = "the live directory (default " S6RC_LIVEDIR ")"},
    {.letter = 'b', .name = "block", .help = "wait for a lock that another process holds"},
    {.name = 0}};

static char const *const synopses[] = {"[ -v verbosity ] [ -t timeout ] [ -l live ] [ -b ] newdb", 0};

static cli_tool const tool = {.name = "s6-rc-format-upgrade",
                              .summary =
                                  "point a live directory at its database, compiled again in another format",
                              .synopses = synopses,
                              .options = options};

static void differs(char const *newpath, char const *what, char const *a, char const *b) gccattr_noreturn;
static void differs(char const *newpath, char const *what, char const *a, char const *b)
{
  strerr_dief(S6RC_EXIT_DAMAGED, newpath, " is not compiled from the source of the live database: ", what, a,
              b);
}

/* The state file has a byte a service in every format. */
static void check_state(int fd, char const *live, s6rc_db const *newdb, char const *newpath)
{
  struct stat st;
  char have[UINT64_FMT], want[UINT32_FMT];
  if (fstatat(fd, S6RC_STATE_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0)
    strerr_diefusys(S6RC_EXIT_SYSTEM, "look at the state file of live directory ", live);
  if (st.st_size == (off_t)s6rc_db_n(newdb)) return;
  have[uint64_fmt(have, (uint64_t)st.st_size)] = 0;
  want[uint32_fmt(want, s6rc_db_n(newdb))] = 0;
  strerr_dief(S6RC_EXIT_DAMAGED, newpath, " is not compiled from the source of the live database: it has ",
              want, " services, the live state ", have);
}

static void check_databases(s6rc_db const *old, s6rc_db const *new, char const *newpath)
{
  if (old->nlongruns != new->nlongruns) differs(newpath, "the number of longruns differs", "", "");
  if (old->noneshots != new->noneshots) differs(newpath, "the number of oneshots differs", "", "");
  for (uint32_t i = 0; i < s6rc_db_n(new); i++) {
    s6rc_service a, b;
    if (!s6rc_db_service(new, i, &b)) cli_diedamaged(newpath, "a record is damaged");
    if (!s6rc_db_service(old, i, &a)) return; /* cannot be read: nothing to compare with */
    if (a.namelen == b.namelen && !memcmp(a.name, b.name, a.namelen)) continue;
    strerr_dief(S6RC_EXIT_DAMAGED, newpath, " is not compiled from the source of the live database: it has ",
                b.name, " where the live one has ", a.name);
  }
}

int main(int argc, char const *const *argv)
{
  char const *live = S6RC_LIVEDIR, *newpath;
  unsigned int verbosity = 1;
  s6rc_db old, new;
  cli_patience patience = {.block = 0};
  int fd;
  tain tto;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'v': verbosity = cli_uint(&p); break;
      case 't': cli_ms(&p, &tto); break;
      case 'l': live = p.arg; break;
      case 'b': patience.block = 1; break;
    }
  if (!p.argv[0] || p.argv[1]) cli_dieusage("exactly one database is wanted", 0);
  newpath = p.argv[0];
  if (newpath[0] != '/') cli_dieusage("not an absolute path: ", newpath);

  cli_opendb(&new, newpath);
  fd = cli_lock_live(live, &patience);
  cli_lock_db(&new, newpath, &patience);
  if (update_find(fd) != UPDATE_NONE)
    strerr_dief(S6RC_EXIT_SYSTEM, "an update of live directory ", live,
                " was interrupted: any `s6-rc change` ",
                "completes or undoes it, with the tools that began it");
  check_state(fd, live, &new, newpath);
  if (s6rc_db_openat(&old, fd, S6RC_LIVE_COMPILED))
    check_databases(&old, &new, newpath);
  else if (verbosity)
    strerr_warnwu("read the live database: only the number of services has been compared");
  if (!s6rc_live_tidy(fd) || !s6rc_live_point(fd, newpath))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "point live directory ", live, " at ", newpath);
  if (verbosity >= 2) strerr_warni("live directory ", live, " has database ", newpath);
  return 0;
}
