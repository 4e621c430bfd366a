/* ISC license. */

#include "../sets/sets.h"

static cli_option const options[] = {SETS_OPTIONS, SETS_FDHOLDER, {.name = 0}};

static char const *const synopses[] = {"[ -v verbosity ] [ -r repodir ] [ -h fdhuser ]", 0};

static cli_tool const tool = {.name = "s6-rc-repo-sync",
                              .summary = "bring a repository in line with its stores",
                              .synopses = synopses,
                              .options = options};

int main(int argc, char const *const *argv)
{
  sets_options o = SETS_OPTIONS_DEFAULT;
  char const *fdhuser = 0;
  repo_names stores = {STRALLOC_ZERO, GENALLOC_ZERO};
  repo r;
  repo_draft d;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'h': fdhuser = p.arg; break;
      default: sets_option(&o, &p, c);
    }
  if (p.argv[0]) cli_dieusage("no operand is wanted: ", p.argv[0]);

  sets_open(&r, &o, S6RC_LOCK_EXCLUSIVE);
  if (!repo_stores(&r, &stores)) sets_die(&r);
  sets_begin(&r, &d, 0);
  sets_sync(&r, &o, &d, &stores, fdhuser, 1);
  return 0;
}
