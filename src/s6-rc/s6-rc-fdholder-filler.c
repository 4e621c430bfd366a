/* ISC license. */

#include <errno.h>
#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "../cli/cli.h"
#include "../fdholder/fdholder.h"

/* where s6-ipcclient puts the connection */
enum { CONNECTION = 6 };

static cli_option const options[] = {
    {.letter = '1', .name = "notify", .help = "print a newline when everything is stored"},
    {.letter = 't',
     .name = "timeout",
     .arg = "MS",
     .help = "fail when it takes longer than MS milliseconds (default 0: never)"},
    {.name = 0}};

static char const *const synopses[] = {"[ -1 ] [ -t timeout ] < names", 0};

static cli_tool const tool = {.name = "s6-rc-fdholder-filler",
                              .summary =
                                  "make pipes and store them in the fd-holder connected to descriptor 6",
                              .synopses = synopses,
                              .options = options};

static void read_names(stralloc *names, size_t *n)
{
  size_t line;
  char at[SIZE_FMT], max[SIZE_FMT];
  char const *last;
  if (fdholder_read_names(buffer_0, names, n, &line)) return;
  if (!line) strerr_diefusys(S6RC_EXIT_SYSTEM, "read names from stdin");
  at[size_fmt(at, line)] = 0;
  if (errno == EINVAL)
    strerr_dief(S6RC_EXIT_SYSTEM, "line ", at, " of stdin: a name cannot be empty or hold a NUL byte");
  if (errno != ENAMETOOLONG) strerr_diefusys(S6RC_EXIT_SYSTEM, "read line ", at, " of stdin");
  last = names->s;
  for (size_t i = 0; i < *n; i++) last += strlen(last) + 1;
  max[size_fmt(max, S6RC_PIPE_NAME_MAX)] = 0;
  strerr_dief(S6RC_EXIT_SYSTEM, "line ", at, " of stdin: name ", last, " is too long for a pipe: at most ",
              max, " bytes fit");
}

int main(int argc, char const *const *argv)
{
  static s6_fdholder_t a = S6_FDHOLDER_ZERO;
  stralloc names = STRALLOC_ZERO;
  size_t n;
  char const *failed;
  tain tto = tain_infinite_relative, deadline;
  int notify = 0;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case '1': notify = 1; break;
      case 't': cli_ms(&p, &tto); break;
    }
  if (p.argv[0]) cli_dieusage("no operands are wanted: ", p.argv[0]);
  tain_add_g(&deadline, &tto);

  read_names(&names, &n);
  if (n) {
    if (ndelay_on(CONNECTION) < 0)
      strerr_diefusys(S6RC_EXIT_SYSTEM, "use descriptor 6 (is this run by s6-ipcclient?)");
    s6_fdholder_init(&a, CONNECTION);
    if (!fdholder_fill(&a, names.s, n, &deadline, &failed)) {
      int full = errno == ENFILE || errno == EMFILE;
      strerr_diefusys(S6RC_EXIT_SYSTEM, "store the pipe of ", failed, " in the fd-holder",
                      full ? " (is its hard limit on open files high enough? each pipe takes two)" : "");
    }
    s6_fdholder_free(&a);
  }
  stralloc_free(&names);
  if (notify) {
    if (buffer_put(buffer_1, "\n", 1) < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
    cli_flush();
  }
  return 0;
}
