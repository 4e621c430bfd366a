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

#include <s6-rc/file.h>
#include <s6-rc/live.h>
#include <s6-rc/path.h>

#include "sets_install.h"

/* s6-rc-update, while it runs: it is told what we are told, and it alone
   decides what to do about it. */
static volatile sig_atomic_t child;

static int const signals[] = {SIGTERM, SIGINT, SIGHUP};
enum { NSIGNALS = sizeof signals / sizeof *signals };
/* one that came before there was a child */
static volatile sig_atomic_t came[NSIGNALS];

static void pass_on(int sig)
{
  int e = errno;
  if (child > 0)
    kill((pid_t)child, sig);
  else
    for (size_t i = 0; i < NSIGNALS; i++)
      if (signals[i] == sig) came[i] = 1;
  errno = e;
}

static void pass_signals_on(void)
{
  for (size_t i = 0; i < NSIGNALS; i++) {
    struct sigaction old;
    if (!sigaction(signals[i], 0, &old) && old.sa_handler == SIG_IGN) continue;
    if (!sig_catch(signals[i], &pass_on)) strerr_diefusys(S6RC_EXIT_SYSTEM, "catch signals");
  }
}

static void pass_signals_to(pid_t pid)
{
  child = (sig_atomic_t)pid;
  for (size_t i = 0; i < NSIGNALS; i++)
    if (came[i]) kill(pid, signals[i]);
}

void sets_install_check(sets_install *m)
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

void sets_install_look(sets_install *m)
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

/* What lstat would follow, if it was a link: trailing slashes, and dots between
   them. */
static void strip(stralloc *path)
{
  while (path->len > 1 &&
         (path->s[path->len - 1] == '/' || (path->s[path->len - 1] == '.' && path->s[path->len - 2] == '/')))
    s6rc_path_pop(path, path->len - 1);
}

/* Does path lead through the boot link, by whatever names and other links? */
static int leads_through(char const *path, char const *boot)
{
  enum { MOST = 40 }; /* links, as for the kernel */
  stralloc now = STRALLOC_ZERO, text = STRALLOC_ZERO;
  struct stat st, link;
  int r = 0, ok = !lstat(boot, &link) && s6rc_path_set(&now, path);
  for (int i = 0; ok && !r && i < MOST && !lstat(now.s, &st) && S_ISLNK(st.st_mode); i++) {
    char const *slash = strrchr(now.s, '/');
    r = s6rc_same_file(&st, &link);
    ok = s6rc_path_readlinkat(&text, AT_FDCWD, now.s);
    if (ok && text.s[0] != '/' && slash) {
      s6rc_path_pop(&now, (size_t)(slash - now.s));
      ok = s6rc_path_push(&now, text.s);
    } else if (ok)
      ok = s6rc_path_set(&now, text.s);
    if (ok) strip(&now);
  }
  stralloc_free(&now);
  stralloc_free(&text);
  return r;
}

void sets_install_check_offline(sets_install const *m)
{
  stralloc path = STRALLOC_ZERO;
  if (!s6rc_path_set(&path, m->x.live) || !s6rc_path_push(&path, S6RC_LIVE_COMPILED))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "copy a path");
  if (leads_through(path.s, m->x.boot))
    strerr_dief(S6RC_EXIT_FAILED, "live directory ", m->x.live, " uses ", m->x.boot,
                ": nothing changed (without --no-update it is updated, -l names another one)");
  stralloc_free(&path);
}

void sets_install_copy(sets_install *m)
{
  s6rc_damage damage;
  if (repo_install_copy(&m->r, &m->x, m->set, !m->keep, &damage)) return;
  int e = errno;
  repo_install_undo(&m->r, &m->x);
  if (damage.what)
    strerr_dief(S6RC_EXIT_DAMAGED, "the committed database of set ", m->set, " is damaged: ", damage.what,
                " (s6-rc-set-commit -f compiles it again)");
  errno = e;
  sets_die(&m->r);
}

int sets_install_update(sets_install *m)
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
  pass_signals_to(pid);
  if (wait_pid(pid, &wstat) < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "wait for ", program);
  child = 0;
  return wait_estatus(wstat);
}

void sets_install_die(sets_install *m, int code)
{
  char fmt[UINT_FMT];
  fmt[uint_fmt(fmt, (unsigned int)code)] = 0;
  repo_install_undo(&m->r, &m->x);
  if (code)
    strerr_dief(code, "set ", m->set, " is not installed: s6-rc-update failed (exit code ", fmt,
                "), the databases have not changed",
                code == S6RC_EXIT_NOTSTOPPED || code == S6RC_EXIT_STOPTIMEOUT
                    ? "; services that it has stopped may be down: s6-rc change brings them up"
                    : "");
  strerr_dief(S6RC_EXIT_SYSTEM, "set ", m->set, " is not installed: s6-rc-update has not switched ",
              m->x.live);
}

/* They are in no record any more: this is said once. Was one of them at path? */
static int say_foreign(sets_install const *m, char const *path)
{
  stralloc const *x = &m->x.foreign;
  int found = 0;
  for (size_t at = 0; at < x->len; at += strlen(x->s + at) + 1) {
    if (m->o.verbosity >= SETS_WARNINGS)
      strerr_warnw("the old database ", x->s + at, " stays: it is not a directory with a database any more");
    if (!strcmp(x->s + at, path)) found = 1;
  }
  return found;
}

void sets_install_sweep(sets_install *m)
{
  if (!repo_install_sweep(&m->r, &m->x)) sets_die(&m->r);
  say_foreign(m, "");
}

void sets_install_finish(sets_install *m, int code)
{
  int complete = code == S6RC_EXIT_OK || code == S6RC_EXIT_FAILED;
  repo_old what = m->keep ? REPO_OLD_STAYS : complete ? REPO_OLD_GOES : REPO_OLD_LATER;
  struct stat st;
  if (!repo_install_finish(&m->r, &m->x, what))
    strerr_warnwusys(m->r.what.len ? m->r.what.s : "tidy up",
                     " (the set is installed, the next s6-rc-set-install tidies up)");
  if (say_foreign(m, m->x.old.len ? m->x.old.s : "") || !m->x.old.len) return;
  if (m->keep) {
    if (buffer_puts(buffer_1, m->x.old.s) < 0 || buffer_put(buffer_1, "\n", 1) < 0)
      strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
    cli_flush();
  } else if (m->o.verbosity < SETS_WARNINGS || lstat(m->x.old.s, &st) < 0)
    return;
  else if (m->x.stays || !m->x.leftovers.len)
    strerr_warnw("the old database ", m->x.old.s, " stays: it is not a directory with a database");
  else if (m->x.error == EBUSY)
    strerr_warnw("the old database ", m->x.old.s, " is still in use: the next s6-rc-set-install removes it");
  else
    strerr_warnw("the old database ", m->x.old.s, " cannot be removed: ", strerror(m->x.error),
                 ": the next s6-rc-set-install tries again");
}
