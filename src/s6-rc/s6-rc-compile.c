/* ISC license. */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/sig.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "../cli/cli.h"
#include "../compile/compile.h"
#include "../lint/lint.h"
#include "../source/source.h"

static cli_option const options[] = {
    {.letter = 'v', .name = "verbosity", .arg = "N", .help = "how much to say: 0 errors, 1 warnings, 2 more"},
    {.letter = 'h', .name = "fdholder-user", .arg = "USER", .help = "run the fd-holder's daemon as USER"},
    {.letter = 'b', .name = "block", .help = "have the oneshot runner wait for locks"},
    {.name = 0}};

static char const *const synopses[] = {"[ -v verbosity ] [ -h fdhuser ] [ -b ] compiled source...", 0};

static cli_tool const tool = {.name = "s6-rc-compile",
                              .summary = "compile source directories into a database",
                              .synopses = synopses,
                              .options = options};

enum verbosity_e { VERBOSITY_WARNINGS = 1, VERBOSITY_STEPS = 2 };

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
  caught = sig;
}

/* What is ignored, as under nohup, stays so. */
static void catch_signals(void)
{
  static int const signals[] = {SIGTERM, SIGINT, SIGHUP};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction old;
    if (!sigaction(signals[i], 0, &old) && old.sa_handler == SIG_IGN) continue;
    if (!sig_catch(signals[i], &on_signal)) strerr_diefusys(S6RC_EXIT_SYSTEM, "catch signals");
  }
}

/* A number and its noun, in one of a few static places. */
static char const *count(uint32_t n, char const *noun)
{
  static char places[4][64];
  static unsigned int next;
  char *s = places[next++ % 4];
  size_t len = uint32_fmt(s, n);
  strcpy(s + len, " ");
  strcat(s, noun);
  if (n != 1) strcat(s, "s");
  return s;
}

static source_severity worth_saying(unsigned int verbosity)
{
  return verbosity >= VERBOSITY_STEPS      ? SOURCE_INFO
         : verbosity >= VERBOSITY_WARNINGS ? SOURCE_WARNING
                                           : SOURCE_ERROR;
}

static void check(source *src, char const *const *dirs, uint32_t ndirs)
{
  uint32_t n = source_nerrors(src);
  if (!n) return;
  strerr_dief(src->count[SOURCE_SYSERROR] ? S6RC_EXIT_SYSTEM : S6RC_EXIT_FAILED, count(n, "error"), " in ",
              ndirs == 1 ? dirs[0] : count(ndirs, "source"), ": nothing written");
}

int main(int argc, char const *const *argv)
{
  unsigned int verbosity = VERBOSITY_WARNINGS;
  compile_options how = {.fdhuser = 0, .block = 0, .stop = &caught};
  source src = SOURCE_ZERO;
  compiled db = COMPILED_ZERO;
  stralloc what = STRALLOC_ZERO;
  char const *dest, *const *dirs;
  uint32_t ndirs = 0;
  unsigned int swept;
  int written;
  struct stat st;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'v': verbosity = cli_uint(&p); break;
      case 'h':
        how.fdhuser = p.arg;
        if (!*p.arg) cli_dieusage("an empty name is no user", 0);
        break;
      case 'b': how.block = 1; break;
    }
  if (!p.argv[0] || !p.argv[1]) cli_dieusage("a destination and a source are wanted", 0);
  dest = p.argv[0];
  dirs = p.argv + 1;
  while (dirs[ndirs]) ndirs++;
  if (!lstat(dest, &st)) {
    errno = EEXIST;
    strerr_diefusys(S6RC_EXIT_SYSTEM, "create ", dest);
  }

  if (!source_read(&src, dirs, ndirs, verbosity) || !compile_resolve(&db, &src) ||
      (verbosity >= VERBOSITY_WARNINGS && !lint_run(&db, LINT_ALL, 1))) {
    int e = errno;
    source_print_complaints(&src, worth_saying(verbosity));
    errno = e;
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read ", dirs[0]);
  }
  source_print_complaints(&src, worth_saying(verbosity));
  check(&src, dirs, ndirs);

  catch_signals();
  swept = compile_sweep(dest);
  if (swept && verbosity >= VERBOSITY_STEPS)
    strerr_warni("removed what ", count(swept, "earlier run"), " left beside ", dest);
  written = compile_write(&db, dest, &how, &what);
  if (!written) {
    if (caught && errno == EINTR)
      strerr_dief(S6RC_EXIT_SYSTEM, "stopped by SIG", sig_name(caught), ": nothing written");
    strerr_diefusys(S6RC_EXIT_SYSTEM, what.len ? what.s : "create a database");
  }
  if (written < 0)
    strerr_warnwusys(what.len ? what.s : "sync", " (", dest,
                     " is there, but a loss of power may take it away)");
  if (verbosity >= VERBOSITY_STEPS)
    strerr_warni("wrote ", dest, ": ", count(db.nlongruns, "longrun"), ", ", count(db.noneshots, "oneshot"),
                 ", ", count(db.nbundles, "bundle"));
  stralloc_free(&what);
  compile_free(&db);
  source_free(&src);
  return 0;
}
