/* ISC license. */

#include <stdlib.h>
#include <string.h>

#include <skalibs/strerr.h>

#include "../sets/sets.h"

static cli_option const options[] = {SETS_OPTIONS, {.name = 0}};

static char const *const synopses[] = {"[ -v verbosity ] [ -r repodir ] set...", 0};

static cli_tool const tool = {.name = "s6-rc-set-new",
                              .summary = "make new sets of services",
                              .synopses = synopses,
                              .options = options};

static void check(repo *r, char const *const *sets)
{
  for (char const *const *s = sets; *s; s++) {
    if (sets_exists(r, *s)) strerr_dief(S6RC_EXIT_FAILED, "set ", *s, " exists already: nothing changed");
    for (char const *const *t = sets; t < s; t++)
      if (!strcmp(*s, *t)) cli_dieusage("a set is given twice: ", *s);
  }
}

/* What every service gets, by its flags. */
static unsigned char *defaults(repo *r, s6rc_db const *db)
{
  uint32_t n = s6rc_db_n(db);
  unsigned char *rx = malloc(n);
  if (!rx) sets_die(r);
  for (uint32_t i = 0; i < n; i++) {
    s6rc_service sv;
    if (!s6rc_db_service(db, i, &sv)) sets_die_reference(r);
    rx[i] = (unsigned char)repo_rx_default(sv.flags);
  }
  return rx;
}

int main(int argc, char const *const *argv)
{
  sets_options o = SETS_OPTIONS_DEFAULT;
  repo r;
  repo_draft d;
  s6rc_db db;
  repo_services g;
  unsigned char *rx;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) sets_option(&o, &p, c);
  if (!p.argv[0]) cli_dieusage("a set is missing", 0);
  for (char const *const *s = p.argv; *s; s++) sets_check_name(*s);

  sets_open(&r, &o, S6RC_LOCK_EXCLUSIVE);
  check(&r, p.argv);
  sets_reference(&r, &db);
  sets_services(&r, &db, &g);
  rx = defaults(&r, &db);
  sets_begin(&r, &d, 0);
  for (char const *const *s = p.argv; *s; s++) sets_write(&r, &d, &db, *s, rx);
  sets_publish(&r, &d);
  if (o.verbosity >= SETS_WARNINGS)
    for (char const *const *s = p.argv; *s; s++)
      sets_warn_conflicts(&(sets_context){&r, *s, &sets_name_of_db, &db}, &g, rx);
  return 0;
}
