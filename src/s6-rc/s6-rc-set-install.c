/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/buffer.h>
#include <skalibs/sig.h>
#include <skalibs/stddjb.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "../repo/install.h"
#include "../sets/sets.h"

enum { NO_UPDATE = 1 };

static cli_option const options[] = {
    SETS_OPTIONS,
    {.letter = 'c',
     .name = "bootdb",
     .arg = "BOOTDB",
     .help = "the link to the database that boots (default " S6RC_BOOTDB ")"},
    {.letter = 'l',
     .name = "livedir",
     .arg = "LIVE",
     .help = "the live directory (default " S6RC_LIVEDIR ")"},
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

typedef struct installer_s installer;
struct installer_s {
  sets_options o;
  char const *set;
  char const *convfile;
  int block;
  int force;
  int noupdate;
  repo r;
  repo_install x;
};

/* s6-rc-update, while it runs: it is told what we are told, and it alone
   decides what to do about it. */
static volatile sig_atomic_t child;

static void pass_on(int sig)
{
  int e = errno;
  if (child > 0) kill((pid_t)child, sig);
  errno = e;
}

static void pass_signals_on(void)
{
  static int const signals[] = {SIGTERM, SIGINT, SIGHUP};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction old;
    if (!sigaction(signals[i], 0, &old) && old.sa_handler == SIG_IGN) continue;
    if (!sig_catch(signals[i], &pass_on)) strerr_diefusys(S6RC_EXIT_SYSTEM, "catch signals");
  }
}

static void check_committed(installer *m)
{
  stralloc text = STRALLOC_ZERO;
  int ok;
  sets_need(&m->r, m->set);
  if (!repo_set_slurp(&m->r, m->set, &text)) sets_die(&m->r);
  ok = repo_committed(&m->r, m->set, &text, 0);
  if (ok < 0) sets_die(&m->r);
  if (!ok)
    strerr_dief(SETS_EXIT_STALE, "set ", m->set, " is not up to date: ", m->r.what.s,
                " (s6-rc-set-commit first)");
  stralloc_free(&text);
}

static void look(installer *m)
{
  repo_install *x = &m->x;
  if (repo_install_look(&m->r, x, m->set, m->noupdate)) return;
  if (errno == ENOENT && x->target.len)
    strerr_dief(S6RC_EXIT_SYSTEM, "boot database ", x->boot, " leads nowhere: there is no ", x->old.s,
                " (make it lead to a database, or remove it)");
  if (errno == ENOENT)
    strerr_dief(S6RC_EXIT_SYSTEM, "there is no boot database ", x->boot,
                " (--no-update makes the link, for a first installation)");
  if (errno == EINVAL)
    strerr_dief(S6RC_EXIT_SYSTEM, "boot database ", x->boot,
                " is not a symbolic link: it cannot be switched (move the database elsewhere, and make ",
                x->boot, " a link to it)");
  if (errno == ENOTDIR)
    strerr_dief(S6RC_EXIT_SYSTEM, "boot database ", x->boot, " does not lead to a directory");
  strerr_diefusys(S6RC_EXIT_SYSTEM, m->r.what.len ? m->r.what.s : "read boot database ",
                  m->r.what.len ? "" : x->boot);
}

/* A live directory that goes through the boot link would change its database
   under the feet of its services. */
static void check_not_live(installer const *m)
{
  stralloc path = STRALLOC_ZERO, target = STRALLOC_ZERO;
  if (!stralloc_cats(&path, m->x.live) || !stralloc_cats(&path, "/compiled") || !stralloc_0(&path))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "copy a path");
  if (repo_readlink(AT_FDCWD, path.s, &target) && !strcmp(target.s, m->x.boot))
    strerr_dief(S6RC_EXIT_FAILED, "live directory ", m->x.live, " uses ", m->x.boot,
                ": nothing changed (without --no-update it is updated, -l names another one)");
  stralloc_free(&path);
  stralloc_free(&target);
}

static void copy(installer *m, int keep)
{
  s6rc_damage damage;
  if (repo_install_copy(&m->r, &m->x, m->set, !keep, &damage)) return;
  int e = errno;
  repo_install_undo(&m->r, &m->x);
  if (damage.what)
    strerr_dief(S6RC_EXIT_DAMAGED, "the committed database of set ", m->set, " is damaged: ", damage.what,
                " (s6-rc-set-commit -f compiles it again)");
  errno = e;
  sets_die(&m->r);
}

/* Its exit code. */
static int update(installer *m)
{
  static char const program[] = S6RC_EXTBINPREFIX "s6-rc-update";
  char verbosity[UINT_FMT];
  char const *argv[16];
  int wstat;
  size_t n = 0;
  pid_t pid;
  verbosity[uint_fmt(verbosity, m->o.verbosity)] = 0;
  argv[n++] = program;
  argv[n++] = "-v";
  argv[n++] = verbosity;
  argv[n++] = m->force ? "-e" : "-E";
  argv[n++] = "-l";
  argv[n++] = m->x.live;
  if (m->convfile) {
    argv[n++] = "-f";
    argv[n++] = m->convfile;
  }
  if (m->block) argv[n++] = "-b";
  argv[n++] = "--";
  argv[n++] = m->x.fresh.s;
  argv[n] = 0;
  pass_signals_on();
  pid = child_spawn0(program, argv, (char const *const *)environ);
  if (!pid) {
    strerr_warnwusys("run ", program);
    return errno == ENOENT ? S6RC_EXIT_NOTFOUND : S6RC_EXIT_NOTEXECUTABLE;
  }
  child = (sig_atomic_t)pid;
  if (wait_pid(pid, &wstat) < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "wait for ", program);
  child = 0;
  return wait_estatus(wstat);
}

static void die_not_switched(installer *m, int code)
{
  char fmt[UINT_FMT];
  fmt[uint_fmt(fmt, (unsigned int)code)] = 0;
  repo_install_undo(&m->r, &m->x);
  if (code)
    strerr_dief(code, "set ", m->set, " is not installed: s6-rc-update failed (exit code ", fmt,
                "), nothing has changed");
  strerr_dief(S6RC_EXIT_SYSTEM, "set ", m->set, " is not installed: s6-rc-update has not switched ",
              m->x.live);
}

static void finish(installer *m, int code, int keep)
{
  int complete = code == S6RC_EXIT_OK || code == S6RC_EXIT_FAILED || code == S6RC_EXIT_TIMEDOUT;
  repo_old what = keep ? REPO_OLD_STAYS : complete ? REPO_OLD_GOES : REPO_OLD_LATER;
  struct stat st;
  if (!repo_install_finish(&m->r, &m->x, what))
    strerr_warnwusys(m->r.what.len ? m->r.what.s : "tidy up",
                     " (the set is installed, the next s6-rc-set-install tidies up)");
  if (!m->x.old.len) return;
  if (keep) {
    if (buffer_puts(buffer_1, m->x.old.s) < 0 || buffer_put(buffer_1, "\n", 1) < 0)
      strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
    cli_flush();
  } else if (m->o.verbosity >= SETS_WARNINGS && !lstat(m->x.old.s, &st))
    strerr_warnw("the old database ", m->x.old.s,
                 m->x.leftovers.len ? " is still in use: the next s6-rc-set-install removes it"
                                    : " stays: it is not a directory with a database");
}

int main(int argc, char const *const *argv)
{
  installer m = {.o = SETS_OPTIONS_DEFAULT, .force = 1, .x = REPO_INSTALL_ZERO};
  int keep = 0, code = 0;
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
      case 'K': keep = 1; break;
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
  check_committed(&m);
  look(&m);
  if (m.noupdate) check_not_live(&m);
  if (!repo_install_sweep(&m.r, &m.x)) sets_die(&m.r);
  copy(&m, keep);
  /* from here on others may change the repository */
  close(m.r.lock);
  m.r.lock = -1;
  if (!m.noupdate) {
    code = update(&m);
    if (!repo_is_live(&m.x, m.x.fresh.s)) die_not_switched(&m, code);
  }
  if (!repo_install_swap(&m.x)) {
    int e = errno;
    if (m.noupdate) repo_install_undo(&m.r, &m.x);
    errno = e;
    strerr_diefusys(S6RC_EXIT_SYSTEM, "make link ", m.x.boot, " to ", m.x.fresh.s,
                    m.noupdate ? "" : ", which is live already (the next s6-rc-set-install does it)");
  }
  finish(&m, code, keep);
  return code;
}
