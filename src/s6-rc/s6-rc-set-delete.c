/* ISC license. */

#include <string.h>

#include "../sets/sets.h"

static cli_option const options[] = {SETS_OPTIONS, {.name = 0}};

static char const *const synopses[] = {"[ -v verbosity ] [ -r repodir ] set...", 0};

static cli_tool const tool = {.name = "s6-rc-set-delete",
                              .summary = "delete sets of services",
                              .synopses = synopses,
                              .options = options};

/* Is it named once more, further on? */
static int again(char const *const *sets)
{
  for (char const *const *s = sets + 1; *s; s++)
    if (!strcmp(*s, *sets)) return 1;
  return 0;
}

int main(int argc, char const *const *argv)
{
  sets_options o = SETS_OPTIONS_DEFAULT;
  repo r;
  repo_draft d;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) sets_option(&o, &p, c);
  if (!p.argv[0]) cli_dieusage("a set is missing", 0);

  sets_open(&r, &o, S6RC_LOCK_EXCLUSIVE);
  for (char const *const *s = p.argv; *s; s++) sets_need(&r, *s);
  sets_begin(&r, &d, 0);
  for (char const *const *s = p.argv; *s; s++)
    if (!again(s) && !repo_draft_unset(&r, &d, *s)) sets_die(&r);
  sets_publish(&r, &d);
  return 0;
}
