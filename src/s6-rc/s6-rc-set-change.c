/* ISC license. */

#include <stdlib.h>
#include <string.h>

#include <skalibs/strerr.h>

#include "../sets/sets.h"

static cli_option const options[] = {
    SETS_OPTIONS,
    {.letter = 'E',
     .name = "no-force-essential",
     .help = "refuse to move services to or from always (default)"},
    {.letter = 'e', .name = "force-essential", .help = "move services to and from always, too"},
    {.letter = 'n', .name = "dry-run", .help = "print what would be moved, change nothing"},
    {.letter = 'I',
     .name = "ignore-dependencies",
     .help = "do it whatever does not fit then, and warn (default)"},
    {.letter = 'i', .name = "fail-on-dependencies", .help = "fail if something does not fit then"},
    {.letter = 'P', .name = "no-pull-dependencies", .help = "move these services only (default)"},
    {.letter = 'p', .name = "pull-dependencies", .help = "move along what has to move with them"},
    {.name = 0}};

static char const *const synopses[] = {
    "[ -v verbosity ] [ -r repodir ] [ -E | -e ] [ -n ] [ -I | -i ] [ -P | -p ] "
    "set rx service...",
    0};

static cli_tool const tool = {.name = "s6-rc-set-change",
                              .summary = "change what a set prescribes for services",
                              .synopses = synopses,
                              .options = options};

/* Any move is a change. */
static int take_over(unsigned char *rx, repo_move const *moves, uint32_t n)
{
  int changed = 0;
  for (uint32_t i = 0; i < n; i++) {
    changed |= rx[i] != moves[i].rx;
    rx[i] = moves[i].rx;
  }
  return changed;
}

int main(int argc, char const *const *argv)
{
  sets_options o = SETS_OPTIONS_DEFAULT;
  int force = 0, dryrun = 0, strict = 0;
  repo_change change = {.mode = REPO_ALONE};
  genalloc conflicts = GENALLOC_ZERO; /* of repo_conflict */
  sets_context context = {.name = &sets_name_of_db};
  unsigned char *rx;
  repo_move *moves;
  repo r;
  repo_draft d;
  s6rc_db db;
  repo_services g;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'E':
      case 'e': force = c == 'e'; break;
      case 'n': dryrun = 1; break;
      case 'I':
      case 'i': strict = c == 'i'; break;
      case 'P':
      case 'p': change.mode = c == 'p' ? REPO_PULL : REPO_ALONE; break;
      default: sets_option(&o, &p, c);
    }
  if (!p.argv[0] || !p.argv[1] || !p.argv[2])
    cli_dieusage("a set, a prescription and a service are wanted", 0);
  if (!repo_rx_scan(p.argv[1], strlen(p.argv[1]), 1, &change.to))
    cli_dieusage("not a prescription (masked, usable, active, always): ", p.argv[1]);

  sets_open(&r, &o, dryrun ? S6RC_LOCK_SHARED : S6RC_LOCK_EXCLUSIVE);
  context.r = &r;
  context.set = p.argv[0];
  context.data = &db;
  sets_need(&r, context.set);
  sets_reference(&r, &db);
  rx = sets_read(&r, &db, context.set);
  change.asked = sets_select(&r, &db, p.argv + 2);
  sets_services(&r, &db, &g);
  sets_check_read(&r);
  moves = malloc(g.n * sizeof *moves);
  if (!moves || !repo_consistency(&g, rx, &change, moves, &conflicts)) sets_die(&r);

  if (!force) sets_spare_essentials(&context, rx, moves, g.n);
  if (strict || o.verbosity >= SETS_WARNINGS) sets_print_conflicts(&context, moves, &conflicts, strict);
  if (strict && genalloc_len(repo_conflict, &conflicts))
    strerr_dief(S6RC_EXIT_FAILED, "set ", context.set,
                " would be inconsistent: nothing changed (-p moves along what has to)");
  if (dryrun)
    sets_print_moves(&context, rx, moves, g.n, SETS_MOVES_STDOUT);
  else if (o.verbosity >= SETS_WARNINGS)
    sets_print_moves(&context, rx, moves, g.n,
                     o.verbosity >= SETS_STEPS ? SETS_MOVES_ALL : SETS_MOVES_PULLED);
  cli_flush();
  if (dryrun || !take_over(rx, moves, g.n)) return 0;
  sets_begin(&r, &d, 0);
  sets_write(&r, &d, &db, context.set, rx);
  sets_publish(&r, &d);
  return 0;
}
