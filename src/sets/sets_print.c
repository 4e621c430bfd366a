/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/strerr.h>

#include "sets.h"

static void die_memory(void)
{
  strerr_diefusys(S6RC_EXIT_SYSTEM, "make a message");
}

char const *sets_name_of_db(void const *data, uint32_t number)
{
  s6rc_service sv;
  /* every record has been read before */
  return s6rc_db_service(data, number, &sv) ? sv.name : "?";
}

char const *sets_name_of_compiled(void const *data, uint32_t number)
{
  return compiled_name(data, number);
}

/* The command that raises a service as far as another one needs it. */
static int put_command(sets_context const *c, stralloc *sa, char const *name, repo_rx rx)
{
  if (!stralloc_cats(sa, "s6-rc-set-change")) return 0;
  if (strcmp(c->r->path, S6RC_REPODIR) && (!stralloc_cats(sa, " -r") || !cli_quote(sa, c->r->path))) return 0;
  return stralloc_cats(sa, rx == REPO_ALWAYS ? " -e -p" : " -p") &&
         stralloc_cats(sa, *c->set == '-' ? " --" : "") && cli_quote(sa, c->set) && stralloc_cats(sa, " ") &&
         stralloc_cats(sa, repo_rx_names[rx]) && cli_quote(sa, name);
}

static int put_conflict(sets_context const *c, stralloc *sa, repo_move const *moves, repo_conflict const *x)
{
  char const *service = (*c->name)(c->data, x->service), *other = (*c->name)(c->data, x->other);
  repo_rx wanted = x->tie == REPO_DEPENDS ? (repo_rx)moves[x->service].rx : REPO_USABLE;
  sa->len = 0;
  return stralloc_cats(sa, "set ") && stralloc_cats(sa, c->set) && stralloc_cats(sa, ": ") &&
         stralloc_cats(sa, service) && stralloc_cats(sa, " is ") &&
         stralloc_cats(sa, repo_rx_names[moves[x->service].rx]) && stralloc_cats(sa, ", ") &&
         stralloc_cats(sa, other) &&
         stralloc_cats(sa, x->tie == REPO_DEPENDS ? ", on which it depends, is "
                                                  : ", its producer in a pipeline, is ") &&
         stralloc_cats(sa, repo_rx_names[moves[x->other].rx]) && stralloc_cats(sa, ": ") &&
         put_command(c, sa, other, wanted) && stralloc_0(sa);
}

void sets_print_conflicts(sets_context const *c, repo_move const *moves, genalloc const *conflicts, int fatal)
{
  stralloc sa = STRALLOC_ZERO;
  for (size_t i = 0; i < genalloc_len(repo_conflict, conflicts); i++) {
    if (!put_conflict(c, &sa, moves, genalloc_s(repo_conflict, conflicts) + i)) die_memory();
    strerr_warn(PROG, fatal ? ": fatal: " : ": warning: ", sa.s);
  }
  stralloc_free(&sa);
}

size_t sets_warn_conflicts(sets_context const *c, repo_services const *g, unsigned char const *rx)
{
  repo_change nothing = {.asked = 0, .mode = REPO_ALONE};
  repo_move *moves = malloc(((size_t)g->n + 1) * sizeof *moves);
  genalloc conflicts = GENALLOC_ZERO; /* of repo_conflict */
  size_t n;
  if (!moves || !repo_consistency(g, rx, &nothing, moves, &conflicts)) die_memory();
  sets_print_conflicts(c, moves, &conflicts, 0);
  n = genalloc_len(repo_conflict, &conflicts);
  genalloc_free(repo_conflict, &conflicts);
  free(moves);
  return n;
}

static int put_move(sets_context const *c, stralloc *sa, uint32_t i, unsigned char before,
                    repo_move const *move)
{
  static char const *const why[] = {[REPO_STAYS] = "",
                                    [REPO_ASKED] = "",
                                    [REPO_NEEDED] = " depends on it",
                                    [REPO_NEEDS] = ": it depends on ",
                                    [REPO_PRODUCES] = ": it is a producer for ",
                                    [REPO_READS] = ": it is a consumer for "};
  char const *because = move->because == S6RC_NONE ? "" : (*c->name)(c->data, move->because);
  int before_why = move->why == REPO_NEEDED;
  sa->len = 0;
  return stralloc_cats(sa, "set ") && stralloc_cats(sa, c->set) && stralloc_cats(sa, ": ") &&
         stralloc_cats(sa, (*c->name)(c->data, i)) && stralloc_cats(sa, ": ") &&
         stralloc_cats(sa, repo_rx_names[before]) && stralloc_cats(sa, " -> ") &&
         stralloc_cats(sa, repo_rx_names[move->rx]) && stralloc_cats(sa, before_why ? ": " : "") &&
         (!before_why || stralloc_cats(sa, because)) && stralloc_cats(sa, why[move->why]) &&
         (before_why || stralloc_cats(sa, because));
}

void sets_print_moves(sets_context const *c, unsigned char const *before, repo_move const *moves, uint32_t n,
                      sets_moves which)
{
  stralloc sa = STRALLOC_ZERO;
  for (uint32_t i = 0; i < n; i++) {
    if (moves[i].rx == before[i] || (which == SETS_MOVES_PULLED && moves[i].why == REPO_ASKED)) continue;
    if (!put_move(c, &sa, i, before[i], moves + i)) die_memory();
    if (which == SETS_MOVES_STDOUT) {
      if (!stralloc_cats(&sa, "\n")) die_memory();
      if (buffer_put(buffer_1, sa.s, sa.len) < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
    } else {
      if (!stralloc_0(&sa)) die_memory();
      strerr_warni(sa.s);
    }
  }
  stralloc_free(&sa);
}

void sets_spare_essentials(sets_context const *c, unsigned char const *before, repo_move const *moves,
                           uint32_t n)
{
  stralloc sa = STRALLOC_ZERO;
  int found = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (moves[i].rx == before[i] || (moves[i].rx != REPO_ALWAYS && before[i] != REPO_ALWAYS)) continue;
    if (!put_move(c, &sa, i, before[i], moves + i) || !stralloc_0(&sa)) die_memory();
    strerr_warn(PROG, ": fatal: ", sa.s);
    found = 1;
  }
  stralloc_free(&sa);
  if (found)
    strerr_dief(S6RC_EXIT_FAILED, "nothing changed: to and from always only with -e (--force-essential)");
}
