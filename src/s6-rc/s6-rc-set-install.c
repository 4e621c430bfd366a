/* ISC license. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#include "../sets/sets_install.h"

enum { NO_UPDATE = 1 };

static cli_option const options[] = {
    SETS_OPTIONS,
    {.letter = 'c',
     .name = "bootdb",
     .arg = "BOOTDB",
     .help = "the link to the database that boots (default " S6RC_BOOTDB ")"},
    CLI_OPTION_LIVEDIR,
    {.letter = 'f',
     .name = "conversion-file",
     .arg = "FILE",
     .help = "for s6-rc-update: what becomes of renamed services"},
    {.letter = 'b', .name = "block", .help = "wait for the lock of the live directory"},
    {.letter = 'K', .name = "keep-old", .help = "keep the previous database, print its path"},
    {.letter = 'e',
     .name = "force-essentials",
     .help = "stop and restart essential services like others (default)"},
    {.letter = 'E', .name = "no-force-essentials", .help = "never stop an essential service"},
    {.letter = NO_UPDATE, .name = "no-update", .help = "there is no live system yet: only make the link"},
    {.name = 0}};

static char const *const synopses[] = {
    "[ -v verbosity ] [ -r repodir ] [ -c bootdb ] [ -l live ] [ -f convfile ] [ -b ] [ -K ] [ -e | -E ] "
    "[ --no-update ] set",
    0};

static cli_tool const tool = {.name = "s6-rc-set-install",
                              .summary = "switch the machine to a committed set",
                              .synopses = synopses,
                              .options = options};

int main(int argc, char const *const *argv)
{
  sets_install m = {.o = SETS_OPTIONS_DEFAULT, .force = 1, .x = REPO_INSTALL_ZERO};
  int code = 0, swapped;
  cli_parser p;
  char c;
  (void)argc;
  m.x.boot = S6RC_BOOTDB;
  m.x.live = S6RC_LIVEDIR;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'c': m.x.boot = p.arg; break;
      case 'l': m.x.live = p.arg; break;
      case 'f': m.convfile = p.arg; break;
      case 'b': m.block = 1; break;
      case 'K': m.keep = 1; break;
      case 'e':
      case 'E': m.force = c == 'e'; break;
      case NO_UPDATE: m.noupdate = 1; break;
      default: sets_option(&m.o, &p, c);
    }
  if (!p.argv[0] || p.argv[1]) cli_dieusage("exactly one set is wanted", 0);
  m.set = p.argv[0];
  if (m.x.boot[0] != '/' || strchr(m.x.boot, '\n')) cli_dieusage("not an absolute path: ", m.x.boot);
  if (m.x.live[0] != '/' || strchr(m.x.live, '\n')) cli_dieusage("not an absolute path: ", m.x.live);

  if (!repo_install_lock(m.o.path) && errno != ENOENT && errno != ENOTDIR)
    strerr_diefusys(S6RC_EXIT_SYSTEM, "lock ", m.o.path, "/" REPO_INSTALL_LOCK);
  sets_open(&m.r, &m.o, S6RC_LOCK_SHARED);
  sets_install_check(&m);
  sets_install_look(&m);
  if (m.noupdate) sets_install_check_offline(&m);
  sets_install_sweep(&m);
  sets_install_copy(&m);
  /* from here on others may change the repository */
  close(m.r.lock);
  m.r.lock = -1;
  if (!m.noupdate) {
    code = sets_install_update(&m);
    if (!repo_is_live(&m.x, m.x.fresh.s)) sets_install_die(&m, code);
  }
  swapped = repo_install_swap(&m.x);
  if (swapped < 0)
    strerr_warnwusys("sync the directory of ", m.x.boot,
                     " (the link is made, but a loss of power may take it back)");
  if (!swapped) {
    int e = errno;
    if (m.noupdate) repo_install_undo(&m.r, &m.x);
    errno = e;
    strerr_diefusys(S6RC_EXIT_SYSTEM, "make link ", m.x.boot, " to ", m.x.fresh.s,
                    m.noupdate ? "" : ", which is live already (the next s6-rc-set-install does it)");
  }
  sets_install_finish(&m, code);
  return code;
}
