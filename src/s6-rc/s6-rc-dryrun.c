/* ISC license. */

#include <skalibs/buffer.h>
#include <skalibs/iopause.h>
#include <skalibs/strerr.h>
#include <skalibs/tai.h>

#include "../cli/cli.h"

static cli_option const options[] = {
    {.letter = 'v', .name = "verbosity", .arg = "N", .help = "0: do not print the command (default 1)"},
    {.letter = 't', .name = "timeout", .arg = "MS", .help = "sleep for MS milliseconds (default 1000)"},
    {.name = 0}};

static char const *const synopses[] = {"[ -v verbosity ] [ -t timeout ] cmd...", 0};

static cli_tool const tool = {.name = "s6-rc-dryrun",
                              .summary = "print a command instead of running it, sleep, succeed",
                              .synopses = synopses,
                              .options = options};

static void put(char const *s)
{
  if (buffer_puts(buffer_1, s) < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
}

int main(int argc, char const *const *argv)
{
  unsigned int verbosity = 1;
  int sleeps = 1;
  tain tto, deadline;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  tain_uint(&tto, 1);
  while ((c = cli_next(&p))) switch (c) {
      case 'v': verbosity = cli_uint(&p); break;
      case 't':
        sleeps = !!cli_uint(&p);
        cli_ms(&p, &tto);
        break;
    }
  if (!p.argv[0]) cli_dieusage("a command is missing", 0);
  if (verbosity) {
    put(tool.name);
    put(":");
    for (char const *const *s = p.argv; *s; s++) {
      put(" ");
      put(*s);
    }
    put("\n");
    cli_flush();
  }
  tain_add_g(&deadline, &tto);
  while (sleeps && tain_future(&deadline))
    if (iopause_g(0, 0, &deadline) < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "sleep");
  return 0;
}
