/* ISC license. */

#include <errno.h>
#include <string.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <s6-rc/config.h>
#include <s6-rc/livedir.h>
#include <s6-rc/trust.h>

#include "../cli/cli.h"
#include "../updater/updater.h"

static cli_option const options[] = {
    {.letter = 'n', .name = "dry-run", .help = "print what would be run, change nothing"},
    {.letter = 'v',
     .name = "verbosity",
     .arg = "N",
     .help = "0 errors, 1 warnings, 2 each step and reason (default 1)"},
    {.letter = 't',
     .name = "timeout",
     .arg = "MS",
     .help = "stop waiting after MS milliseconds (default 0: never)"},
    CLI_OPTION_LIVEDIR,
    {.letter = 'f',
     .name = "conversion-file",
     .arg = "FILE",
     .help = "what becomes of renamed or restarting services"},
    {.letter = 'E', .name = "no-force-essentials", .help = "never stop an essential service (default)"},
    {.letter = 'e', .name = "force-essentials", .help = "stop and restart essential services like others"},
    CLI_OPTION_BLOCK,
    {.name = 0}};

static char const *const synopses[] = {
    "[ -n ] [ -v verbosity ] [ -t timeout ] [ -l live ] [ -f convfile ] [ -E | -e ] [ -b ] newdb", 0};

static cli_tool const tool = {.name = "s6-rc-update",
                              .summary = "switch a live directory to another compiled database",
                              .synopses = synopses,
                              .options = options};

/* Generations are named after the public name: no slash may follow it. */
static void strip_slashes(char const **path)
{
  static stralloc sa = STRALLOC_ZERO;
  size_t len = strlen(*path);
  while (len > 1 && (*path)[len - 1] == '/') len--;
  if (!(*path)[len]) return;
  if (!stralloc_catb(&sa, *path, len) || !stralloc_0(&sa)) strerr_diefusys(S6RC_EXIT_SYSTEM, "copy a path");
  *path = sa.s;
}

/* A live directory that no link leads to is said by whoever needs the link. */
static void refuse_other_names(char const *live)
{
  stralloc other = STRALLOC_ZERO;
  int r, fd = s6rc_open_trusted(live);
  if (fd < 0) cli_dieopenlive(live);
  fd_close(fd);
  r = s6rc_livedir_is_public(live, &other);
  if (r < 0 && errno != EINVAL) cli_dieopenlive(live);
  if (!r)
    strerr_dief(S6RC_EXIT_SYSTEM, live, " is only another name of live directory ", other.s,
                ": nothing changed (use -l ", other.s, ")");
  stralloc_free(&other);
}

/* What an earlier update has left comes first, and -t counts for both. */
static void open_locked(updater *u)
{
  engine_result r = rc_open_locked(&u->rc);
  if (r != ENGINE_OK)
    strerr_dief(r == ENGINE_TIMEOUT ? S6RC_EXIT_STOPTIMEOUT : S6RC_EXIT_NOTSTOPPED, u->newpath,
                ": this update has not begun, an earlier one had to come first");
}

int main(int argc, char const *const *argv)
{
  updater u = {.rc = {.livepath = S6RC_LIVEDIR,
                      .verbosity = 1,
                      .limit = tain_infinite_relative,
                      .live = S6RC_LIVE_ZERO},
               .newdb = S6RC_DB_ZERO,
               .conversions = UPDATE_CONVERSIONS_ZERO,
               .plan = UPDATE_PLAN_ZERO};
  int dryrun = 0;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'n': dryrun = 1; break;
      case 'v': u.rc.verbosity = cli_uint(&p); break;
      case 't':
        u.rc.timeout = cli_uint(&p);
        cli_ms(&p, &u.rc.limit);
        break;
      case 'l': u.rc.livepath = p.arg; break;
      case 'f': u.convfile = p.arg; break;
      case 'e':
      case 'E': u.force = c == 'e'; break;
      case 'b': u.rc.wait.block = 1; break;
    }
  if (!p.argv[0] || p.argv[1]) cli_dieusage("exactly one database is wanted", 0);
  u.newpath = p.argv[0];
  if (u.newpath[0] != '/') cli_dieusage("not an absolute path: ", u.newpath);
  if (u.rc.livepath[0] != '/') cli_dieusage("not an absolute path: ", u.rc.livepath);

  strip_slashes(&u.rc.livepath);
  refuse_other_names(u.rc.livepath);
  if (dryrun)
    rc_open(&u.rc);
  else
    open_locked(&u);
  rc_make_marks(&u.rc);
  cli_opendb(&u.newdb, u.newpath);
  if (!dryrun) cli_lock_db(&u.newdb, u.newpath, &u.rc.wait);
  updater_read_conversions(&u);
  updater_make_plan(&u);
  updater_check_scandir(&u, dryrun);
  if (!dryrun) return updater_act(&u);
  updater_print_commands(&u);
  return 0;
}
