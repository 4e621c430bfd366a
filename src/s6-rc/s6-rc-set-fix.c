/* ISC license. */

#include <stdlib.h>

#include <skalibs/strerr.h>

#include "../sets/sets.h"

static cli_option const options[] = {
    SETS_OPTIONS,
    {.letter = 'u', .name = "fix-up", .help = "raise what services depend on"},
    {.letter = 'd', .name = "fix-down", .help = "lower services that depend on lower ones (default)"},
    {.letter = 'E',
     .name = "no-force-essential",
     .help = "refuse to move services to or from always (default)"},
    {.letter = 'e', .name = "force-essential", .help = "move services to and from always, too"},
    {.letter = 'n', .name = "dry-run", .help = "print what would be moved, change nothing"},
    {.name = 0}};

static char const *const synopses[] = {
    "[ -v verbosity ] [ -r repodir ] [ -u | -d ] [ -E | -e ] [ -n ] [ set... ]", 0};

static cli_tool const tool = {.name = "s6-rc-set-fix",
                              .summary = "make sets of services consistent",
                              .synopses = synopses,
                              .options = options};

typedef struct fixer_s fixer;
struct fixer_s {
  sets_options o;
  repo_change change;
  int force;
  int dryrun;
  repo r;
  repo_draft d;
  s6rc_db db;
  repo_services g;
  repo_move *moves;
};

/* Nothing is written before all sets have been looked at: one that cannot be
   mended ends everything. */
static int fix(fixer *f, char const *set, int write)
{
  sets_context context = {&f->r, set, &sets_name_of_db, &f->db};
  genalloc conflicts = GENALLOC_ZERO; /* of repo_conflict */
  unsigned char *rx = sets_read(&f->r, &f->db, set);
  int changed = 0;
  sets_check_read(&f->r);
  if (!repo_consistency(&f->g, rx, &f->change, f->moves, &conflicts)) sets_die(&f->r);
  if (write) {
    for (uint32_t i = 0; i < f->g.n; i++) {
      changed |= rx[i] != f->moves[i].rx;
      rx[i] = f->moves[i].rx;
    }
    if (changed) sets_write(&f->r, &f->d, &f->db, set, rx);
  } else {
    if (!f->force) sets_spare_essentials(&context, rx, f->moves, f->g.n);
    for (uint32_t i = 0; i < f->g.n; i++) changed |= rx[i] != f->moves[i].rx;
    if (f->dryrun || f->o.verbosity >= SETS_WARNINGS)
      sets_print_moves(&context, rx, f->moves, f->g.n, f->dryrun ? SETS_MOVES_STDOUT : SETS_MOVES_ALL);
  }
  genalloc_free(repo_conflict, &conflicts);
  free(rx);
  return changed;
}

int main(int argc, char const *const *argv)
{
  fixer f = {.o = SETS_OPTIONS_DEFAULT, .change = {.asked = 0, .mode = REPO_FIX_DOWN}};
  repo_names all = {STRALLOC_ZERO, GENALLOC_ZERO};
  char const *const *sets;
  size_t n = 0;
  int changed = 0;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'u':
      case 'd': f.change.mode = c == 'u' ? REPO_FIX_UP : REPO_FIX_DOWN; break;
      case 'E':
      case 'e': f.force = c == 'e'; break;
      case 'n': f.dryrun = 1; break;
      default: sets_option(&f.o, &p, c);
    }

  sets_open(&f.r, &f.o, f.dryrun ? S6RC_LOCK_SHARED : S6RC_LOCK_EXCLUSIVE);
  sets = p.argv;
  while (sets[n]) sets_need(&f.r, sets[n++]);
  if (!n) {
    if (!repo_sets(&f.r, &all)) sets_die(&f.r);
    sets_check_read(&f.r);
    sets = genalloc_s(char const *, &all.s);
    n = repo_names_n(&all);
  }
  sets_reference(&f.r, &f.db);
  sets_services(&f.r, &f.db, &f.g);
  f.moves = malloc(f.g.n * sizeof *f.moves);
  if (!f.moves) sets_die(&f.r);
  for (size_t i = 0; i < n; i++) changed |= fix(&f, sets[i], 0);
  cli_flush();
  if (f.dryrun || !changed) return 0;
  sets_begin(&f.r, &f.d, 0);
  for (size_t i = 0; i < n; i++) fix(&f, sets[i], 1);
  sets_publish(&f.r, &f.d);
  return 0;
}
