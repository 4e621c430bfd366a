/* ISC license. */

#include <string.h>

#include <skalibs/strerr.h>

#include "../sets/sets.h"

static cli_option const options[] = {SETS_OPTIONS,
                                     {.letter = 'f', .name = "force", .help = "replace a set that exists"},
                                     {.name = 0}};

static char const *const synopses[] = {"[ -v verbosity ] [ -r repodir ] [ -f ] src dst", 0};

static cli_tool const tool = {.name = "s6-rc-set-copy",
                              .summary = "copy a set of services",
                              .synopses = synopses,
                              .options = options};

int main(int argc, char const *const *argv)
{
  sets_options o = SETS_OPTIONS_DEFAULT;
  int force = 0;
  stralloc text = STRALLOC_ZERO;
  char const *src, *dst;
  repo r;
  repo_draft d;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'f': force = 1; break;
      default: sets_option(&o, &p, c);
    }
  if (!p.argv[0] || !p.argv[1] || p.argv[2]) cli_dieusage("exactly two sets are wanted", 0);
  src = p.argv[0];
  dst = p.argv[1];
  sets_check_name(dst);

  sets_open(&r, &o, S6RC_LOCK_EXCLUSIVE);
  sets_need(&r, src);
  if (!force && sets_exists(&r, dst))
    strerr_dief(S6RC_EXIT_FAILED, "set ", dst, " exists already: nothing changed (-f replaces it)");
  if (!strcmp(src, dst)) return 0;
  if (!repo_set_slurp(&r, src, &text)) sets_die(&r);
  sets_begin(&r, &d, 0);
  if (!repo_draft_set(&r, &d, dst, text.s, text.len)) sets_die(&r);
  sets_publish(&r, &d);
  return 0;
}
