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
    CLI_OPTION_LIVEDIR,
    CLI_OPTION_BLOCK,
    {.name = 0}};

static char const *const synopses[] = {"[ -v verbosity ] [ -t timeout ] [ -l live ] [ -b ] newdb", 0};

static cli_tool const tool = {.name = "s6-rc-format-upgrade",
                              .summary =
                                  "point a live directory at its database, compiled again in another format",
                              .synopses = synopses,
                              .options = options};

/* that are said; more of them say nothing new */
enum { MAX_DIFFERENCES = 10 };

static void refuse(char const *newpath) gccattr_noreturn;
static void refuse(char const *newpath)
{
  strerr_dief(S6RC_EXIT_DAMAGED, newpath,
              " is not compiled from the source of the live database: nothing changed");
}

/* "it has N WHAT, the live one M", if that is so. */
static int numbers_differ(char const *newpath, char const *what, uint64_t new, uint64_t old)
{
  char a[UINT64_FMT], b[UINT64_FMT];
  if (new == old) return 0;
  a[uint64_fmt(a, new)] = 0;
  b[uint64_fmt(b, old)] = 0;
  strerr_warn(PROG, ": fatal: ", newpath, " has ", a, " ", what, ", the live one ", b);
  return 1;
}

/* The state file has a byte a service in every format. */
static void check_state(int fd, char const *live, s6rc_db const *newdb, char const *newpath)
{
  struct stat st;
  if (fstatat(fd, S6RC_STATE_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0)
    strerr_diefusys(S6RC_EXIT_SYSTEM, "look at the state file of live directory ", live);
  if (numbers_differ(newpath, "services", s6rc_db_n(newdb), (uint64_t)st.st_size)) refuse(newpath);
}

static int same_list(s6rc_list const *a, s6rc_list const *b)
{
  for (uint32_t k = 0; a->n == b->n && k < a->n; k++)
    if (s6rc_list_get(a, k) != s6rc_list_get(b, k)) return 0;
  return a->n == b->n;
}

/* What differs between the services of one number, that a source would say. 1;
   0: nothing; -1: the old one cannot be read. */
static int service_differs(char const *newpath, s6rc_db const *old, s6rc_db const *new, uint32_t i)
{
  s6rc_service a, b;
  s6rc_list adeps, bdeps;
  char const *what = 0;
  if (!s6rc_db_service(new, i, &b) || !s6rc_db_deps(new, &b, S6RC_UP, &bdeps))
    cli_diedamaged(newpath, "a record is damaged");
  if (!s6rc_db_service(old, i, &a) || !s6rc_db_deps(old, &a, S6RC_UP, &adeps)) return -1;
  if (a.namelen != b.namelen || memcmp(a.name, b.name, a.namelen)) {
    strerr_warn(PROG, ": fatal: ", newpath, " has ", b.name, " where the live one has ", a.name);
    return 1;
  }
  if (!same_list(&adeps, &bdeps))
    what = "other dependencies";
  else if (i < new->nlongruns && !same_list(&a.producers, &b.producers))
    what = "other producers";
  if (what) strerr_warn(PROG, ": fatal: ", newpath, " has ", what, " for ", b.name);
  return !!what;
}

/* 1; 0: a record of the live database cannot be read. */
static int check_databases(s6rc_db const *old, s6rc_db const *new, char const *newpath)
{
  unsigned int differences = 0;
  differences += (unsigned int)numbers_differ(newpath, "longruns", new->nlongruns, old->nlongruns);
  differences += (unsigned int)numbers_differ(newpath, "oneshots", new->noneshots, old->noneshots);
  if (differences) refuse(newpath);
  for (uint32_t i = 0; i < s6rc_db_n(new); i++) {
    int r = service_differs(newpath, old, new, i);
    if (r < 0) return 0;
    if (r && ++differences == MAX_DIFFERENCES) break;
  }
  if (differences) refuse(newpath);
  return 1;
}

/* Is this why a database of another version, or that is gone, cannot be read? */
static int is_gone(int e)
{
  return e == ENOENT || e == ENOTDIR || e == EPROTO || e == EPROTOTYPE;
}

int main(int argc, char const *const *argv)
{
  char const *live = S6RC_LIVEDIR, *newpath;
  unsigned int verbosity = 1;
  s6rc_db old, new;
  cli_patience patience = {.block = 0};
  update_phase phase;
  int fd, readable;
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
  phase = update_find(fd);
  if (phase == UPDATE_UNREADABLE)
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read the record of an update in live directory ", live);
  if (phase != UPDATE_NONE)
    strerr_dief(S6RC_EXIT_SYSTEM, "an update of live directory ", live,
                " was interrupted: any `s6-rc change` ",
                "completes or undoes it, with the tools that began it");
  check_state(fd, live, &new, newpath);
  readable = s6rc_db_openat(&old, fd, S6RC_LIVE_COMPILED);
  if (!readable && !is_gone(errno))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "open compiled database ", cli_livedb_path(live));
  if (!(readable && check_databases(&old, &new, newpath)) && verbosity)
    strerr_warnwu("read the live database: only the number of services has been compared");
  if (!s6rc_live_tidy(fd) || !s6rc_live_point(fd, newpath))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "point live directory ", live, " at ", newpath);
  if (verbosity >= 2) strerr_warni("live directory ", live, " has database ", newpath);
  return 0;
}
