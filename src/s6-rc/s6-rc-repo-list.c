/* ISC license. */

#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/strerr.h>

#include "../sets/sets.h"

static cli_option const options[] = {
    SETS_OPTIONS,
    {.letter = 'x', .name = "exclude", .arg = "SET", .help = "leave this one out"},
    {.name = 0}};

static char const *const synopses[] = {"[ -v verbosity ] [ -r repodir ] [ -x set ]", 0};

static cli_tool const tool = {.name = "s6-rc-repo-list",
                              .summary = "list the sets of a repository",
                              .synopses = synopses,
                              .options = options};

int main(int argc, char const *const *argv)
{
  sets_options o = SETS_OPTIONS_DEFAULT;
  char const *exclude = 0;
  repo_names sets = {STRALLOC_ZERO, GENALLOC_ZERO};
  repo r;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'x': exclude = p.arg; break;
      default: sets_option(&o, &p, c);
    }
  if (p.argv[0]) cli_dieusage("no operand is wanted: ", p.argv[0]);

  sets_open(&r, &o, S6RC_LOCK_SHARED);
  if (!repo_sets(&r, &sets)) sets_die(&r);
  sets_check_read(&r);
  for (size_t i = 0; i < repo_names_n(&sets); i++) {
    char const *name = repo_names_get(&sets, i);
    if (exclude && !strcmp(name, exclude)) continue;
    if (buffer_puts(buffer_1, name) < 0 || buffer_put(buffer_1, "\n", 1) < 0)
      strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
  }
  cli_flush();
  return 0;
}
