/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/strerr.h>

#include "../sets/sets.h"

static cli_option const options[] = {
    SETS_OPTIONS,
    {.letter = 'D',
     .name = "default-bundle",
     .arg = "BUNDLE",
     .help = "the bundle of what is active or always (default " S6RC_DEFAULT_BUNDLE ")"},
    SETS_FDHOLDER,
    {.letter = 'K', .name = "keep-old", .help = "keep the previous database, print its path"},
    {.letter = 'f', .name = "force", .help = "compile it even if nothing has changed"},
    {.name = 0}};

static char const *const synopses[] = {
    "[ -v verbosity ] [ -r repodir ] [ -D bundle ] [ -h fdhuser ] [ -K ] [ -f ] set", 0};

static cli_tool const tool = {.name = "s6-rc-set-commit",
                              .summary = "compile a set of services into a database",
                              .synopses = synopses,
                              .options = options};

typedef struct committer_s committer;
struct committer_s {
  sets_options o;
  char const *set;
  repo r;
  stralloc text; /* of the set */
  repo_reading x;
};

/* What the set says, by the numbers of the stores as they are now. Both must
   have the same services. */
static unsigned char *prescriptions(committer *m)
{
  compiled const *db = &m->x.db;
  uint32_t n = compiled_n(db), nnames = source_nnames(&m->x.src);
  stralloc text = STRALLOC_ZERO;
  genalloc entries = GENALLOC_ZERO; /* of repo_entry */
  unsigned char *rx = malloc(n);
  int stale = 0;
  if (!rx || !stralloc_copy(&text, &m->text) || !repo_set_parse(&m->r, m->set, &text, &entries))
    sets_die(&m->r);
  for (uint32_t i = 0; i < n; i++) rx[i] = repo_prescribed(i) ? REPO_NRXS : REPO_ALWAYS;
  for (size_t i = 0; i < genalloc_len(repo_entry, &entries); i++) {
    repo_entry const *e = genalloc_s(repo_entry, &entries) + i;
    uint32_t id = source_intern(&m->x.src, e->name, e->len);
    uint32_t number = id < nnames ? db->atomic[id] : S6RC_NONE;
    if (number == S6RC_NONE) {
      strerr_warn(PROG, ": fatal: service ", e->name, " has vanished from the stores");
      stale = 1;
    } else
      rx[number] = (unsigned char)e->rx;
  }
  for (uint32_t i = 0; i < n; i++) {
    if (rx[i] != REPO_NRXS) continue;
    strerr_warn(PROG, ": fatal: service ", compiled_name(db, i), " is new in the stores");
    stale = 1;
  }
  if (stale)
    strerr_dief(SETS_EXIT_REPOSITORY, "nothing changed: run s6-rc-repo-sync, which brings ", m->r.path,
                " in line with its stores");
  stralloc_free(&text);
  genalloc_free(repo_entry, &entries);
  return rx;
}

static void check_consistency(committer *m, unsigned char const *rx)
{
  repo_change nothing = {.asked = 0, .mode = REPO_ALONE};
  sets_context c = {&m->r, m->set, &sets_name_of_compiled, &m->x.db};
  genalloc conflicts = GENALLOC_ZERO; /* of repo_conflict */
  repo_services g;
  repo_move *moves = malloc(compiled_n(&m->x.db) * sizeof *moves);
  if (!moves || !repo_services_of_compiled(&g, &m->x.db) ||
      !repo_consistency(&g, rx, &nothing, moves, &conflicts))
    sets_die(&m->r);
  sets_print_conflicts(&c, moves, &conflicts, 1);
  if (genalloc_len(repo_conflict, &conflicts))
    strerr_dief(S6RC_EXIT_FAILED, "set ", m->set,
                " is inconsistent: nothing changed (s6-rc-set-fix mends it)");
  repo_services_free(&g);
  free(moves);
}

static void mask(committer *m, unsigned char const *rx, char const *bundle)
{
  if (!repo_mask(&m->x, rx, bundle)) {
    if (errno == EEXIST)
      strerr_dief(
          S6RC_EXIT_FAILED, "the stores define ", bundle,
          ", which is to be the bundle of what starts at boot: nothing changed (-D gives it another name)");
    sets_die(&m->r);
  }
  if (!compile_resolve(&m->x.db, &m->x.src)) sets_die(&m->r);
  if (!source_nerrors(&m->x.src)) return;
  source_print_complaints(&m->x.src, SOURCE_ERROR);
  strerr_dief(S6RC_EXIT_FAILED, "set ", m->set, " cannot be compiled on its own: nothing changed");
}

int main(int argc, char const *const *argv)
{
  committer m = {.o = SETS_OPTIONS_DEFAULT, .x = REPO_READING_ZERO};
  repo_from from = {.bundle = S6RC_DEFAULT_BUNDLE, .fdhuser = 0};
  compile_options how = {.fdhuser = 0};
  repo_names stores = {STRALLOC_ZERO, GENALLOC_ZERO};
  stralloc old = STRALLOC_ZERO;
  int keep = 0, force = 0;
  unsigned char *rx;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'D': from.bundle = p.arg; break;
      case 'h': from.fdhuser = p.arg; break;
      case 'K': keep = 1; break;
      case 'f': force = 1; break;
      default: sets_option(&m.o, &p, c);
    }
  if (!s6rc_name_legal(from.bundle)) cli_dieusage("not a name for a bundle: ", from.bundle);
  if (from.fdhuser && strchr(from.fdhuser, '\n')) cli_dieusage("not a user: ", from.fdhuser);
  if (!p.argv[0] || p.argv[1]) cli_dieusage("exactly one set is wanted", 0);
  m.set = p.argv[0];

  sets_open(&m.r, &m.o, S6RC_LOCK_EXCLUSIVE);
  sets_need(&m.r, m.set);
  if (!repo_set_slurp(&m.r, m.set, &m.text) || !repo_stores(&m.r, &stores)) sets_die(&m.r);
  sets_read_stores(&m.r, &m.o, &stores, &m.x, SETS_STEPS);
  memcpy(from.sources, m.x.fingerprint, S6RC_DIGEST_SIZE);
  if (!repo_last_sync(&m.r, from.synced)) sets_die(&m.r);
  rx = prescriptions(&m);
  check_consistency(&m, rx);
  if (!force) {
    int same = repo_committed(&m.r, m.set, &m.text, &from);
    if (same < 0) sets_die(&m.r);
    if (same && m.o.verbosity >= SETS_STEPS)
      strerr_warni("set ", m.set, ": nothing has changed since the last commit");
    if (same) return 0;
  }
  mask(&m, rx, from.bundle);
  how.fdhuser = from.fdhuser;
  sets_check_published(&m.r, repo_commit(&m.r, m.set, &m.text, &m.x.db, &from, &how, keep, &old));
  repo_sweep(&m.r);
  if (old.len && (buffer_puts(buffer_1, old.s) < 0 || buffer_put(buffer_1, "\n", 1) < 0))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
  cli_flush();
  return 0;
}
