/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "update.h"

typedef struct planner_s planner;
struct planner_s {
  update_plan *p;
  s6rc_db const *olddb;
  s6rc_db const *newdb;
  update_conversions const *conversions;
  uint32_t *todo; /* old services that stop, whose followers have not been looked at */
  uint32_t ntodo;
};

void update_plan_free(update_plan *p)
{
  free(p->olds);
  free(p->news);
  free(p->pipes);
  *p = (update_plan)UPDATE_PLAN_ZERO;
}

/* What old service i is in the new database, in *id. As s6rc_db_resolve: 1, 0
   (nothing), -1 and errno. */
static int find_new(planner *x, uint32_t i, s6rc_identifier *id)
{
  s6rc_service sv;
  update_conversion const *conv = x->conversions->by_old + i;
  if (!s6rc_db_service(x->olddb, i, &sv)) return -1;
  if (conv->newlen)
    return s6rc_db_resolve(x->newdb, x->conversions->words.s + conv->newname, conv->newlen, id);
  return s6rc_db_resolve(x->newdb, sv.name, sv.namelen, id);
}

static int identify(planner *x, unsigned char const *state)
{
  update_plan *p = x->p;
  for (uint32_t j = 0; j < p->nnew; j++) p->news[j] = (update_new){.from = S6RC_NONE, .because = S6RC_NONE};
  for (uint32_t i = 0; i < p->nold; i++) {
    s6rc_identifier id;
    update_old *o = p->olds + i;
    s6rc_type type = i < x->olddb->nlongruns ? S6RC_LONGRUN : S6RC_ONESHOT;
    int r = find_new(x, i, &id);
    if (r < 0) return 0;
    *o = (update_old){.to = S6RC_NONE, .because = S6RC_NONE, .up = state[i] & S6RC_STATE_UP};
    if (!r)
      o->fate = UPDATE_GONE;
    else if (id.type == S6RC_BUNDLE)
      o->fate = UPDATE_BUNDLED;
    else if (id.type != type)
      o->fate = UPDATE_RETYPED;
    else {
      o->to = s6rc_list_get(&id.contents, 0);
      p->news[o->to].from = i;
      p->news[o->to].wanted = !!(state[i] & S6RC_STATE_WANTED);
    }
  }
  return 1;
}

/* Essential services that are up are held, with all that they need. */
static int hold_essentials(planner *x)
{
  update_plan *p = x->p;
  unsigned char *mark = calloc(p->nold, 1);
  int r = !!mark, e;
  for (uint32_t i = 0; r && i < p->nold; i++) {
    s6rc_service sv;
    if (!p->olds[i].up) continue;
    r = s6rc_db_service(x->olddb, i, &sv);
    if (r && sv.flags & S6RC_FLAG_ESSENTIAL) mark[i] = 1;
  }
  r = r && s6rc_db_closure(x->olddb, S6RC_UP, mark, 1);
  for (uint32_t i = 0; r && i < p->nold; i++) p->olds[i].held = p->olds[i].up && mark[i];
  e = errno;
  free(mark);
  errno = e;
  return r;
}

static void stop(planner *x, uint32_t i, update_fate fate, uint32_t because)
{
  update_old *o = x->p->olds + i;
  if (!o->up || o->stops || (o->held && o->fate != UPDATE_STAYS && o->to != S6RC_NONE)) return;
  o->fate = fate;
  o->because = because;
  if (o->held) {
    /* left running; but what does not exist any more cannot be */
    if (o->to == S6RC_NONE && x->p->refused == S6RC_NONE) x->p->refused = i;
    return;
  }
  o->stops = 1;
  x->todo[x->ntodo++] = i;
}

static int stays_up(update_plan const *p, uint32_t j)
{
  uint32_t i = p->news[j].from;
  return i != S6RC_NONE && p->olds[i].up && !p->olds[i].stops;
}

static int stop_first(planner *x)
{
  update_plan *p = x->p;
  for (uint32_t i = 0; i < p->nold; i++) {
    update_old const *o = p->olds + i;
    if (o->to == S6RC_NONE)
      stop(x, i, o->fate, S6RC_NONE);
    else if (x->conversions->by_old[i].restart)
      stop(x, i, UPDATE_TOLD, S6RC_NONE);
  }
  for (uint32_t i = 0; i < p->nold; i++) {
    update_old const *o = p->olds + i;
    s6rc_service sv;
    s6rc_list deps;
    if (!o->up || o->to == S6RC_NONE || o->stops) continue;
    if (!s6rc_db_service(x->newdb, o->to, &sv) || !s6rc_db_deps(x->newdb, &sv, S6RC_UP, &deps)) return 0;
    for (uint32_t k = 0; k < deps.n; k++) {
      uint32_t d = s6rc_list_get(&deps, k), from = p->news[d].from;
      if (from == S6RC_NONE || !p->olds[from].up) {
        stop(x, i, UPDATE_NEEDS_DOWN, d);
        break;
      }
    }
  }
  return 1;
}

/* All that has to stop because i does: what was started on top of it, and
   what will depend on it. */
static int stop_followers(planner *x, uint32_t i)
{
  update_plan *p = x->p;
  s6rc_service sv;
  s6rc_list deps;
  uint32_t to = p->olds[i].to;
  if (!s6rc_db_service(x->olddb, i, &sv) || !s6rc_db_deps(x->olddb, &sv, S6RC_DOWN, &deps)) return 0;
  for (uint32_t k = 0; k < deps.n; k++) stop(x, s6rc_list_get(&deps, k), UPDATE_NEEDED_STOPPED, i);
  if (to == S6RC_NONE) return 1;
  if (!s6rc_db_service(x->newdb, to, &sv) || !s6rc_db_deps(x->newdb, &sv, S6RC_DOWN, &deps)) return 0;
  for (uint32_t k = 0; k < deps.n; k++) {
    uint32_t from = p->news[s6rc_list_get(&deps, k)].from;
    if (from != S6RC_NONE) stop(x, from, UPDATE_NEEDS_RESTARTED, to);
  }
  return 1;
}

static void want(planner *x, uint32_t j, update_why why, uint32_t because)
{
  update_new *n = x->p->news + j;
  if (n->up || n->start != UPDATE_LEFT) return;
  n->start = why;
  n->because = because;
  x->todo[x->ntodo++] = j;
}

/* What stands for an old service that has no successor of its own kind. */
static int want_replacement(planner *x, uint32_t i, unsigned char wanted)
{
  s6rc_identifier id;
  int r = find_new(x, i, &id);
  if (r <= 0) return !r;
  for (uint32_t k = 0; k < id.contents.n; k++) {
    uint32_t j = s6rc_list_get(&id.contents, k);
    if (wanted) x->p->news[j].wanted = 1;
    want(x, j, UPDATE_REPLACES, i);
  }
  return 1;
}

static int plan_starts(planner *x, unsigned char const *state)
{
  update_plan *p = x->p;
  for (uint32_t j = 0; j < p->nnew; j++) p->news[j].up = (unsigned char)stays_up(p, j);
  for (uint32_t i = 0; i < p->nold; i++) {
    update_old const *o = p->olds + i;
    if (!o->up) continue;
    if (o->to != S6RC_NONE)
      want(x, o->to, UPDATE_RESTARTS, i);
    else if (!want_replacement(x, i, state[i] & S6RC_STATE_WANTED))
      return 0;
  }
  /* and whatever services that are or will be up depend on */
  for (uint32_t j = 0; j < p->nnew; j++)
    if (p->news[j].up) x->todo[x->ntodo++] = j;
  while (x->ntodo) {
    s6rc_service sv;
    s6rc_list deps;
    uint32_t j = x->todo[--x->ntodo];
    if (!s6rc_db_service(x->newdb, j, &sv) || !s6rc_db_deps(x->newdb, &sv, S6RC_UP, &deps)) return 0;
    for (uint32_t k = 0; k < deps.n; k++) want(x, s6rc_list_get(&deps, k), UPDATE_NEEDED, j);
  }
  return 1;
}

int update_plan_make(update_plan *p, s6rc_db const *olddb, s6rc_db const *newdb, unsigned char const *state,
                     update_conversions const *conversions, int force)
{
  planner x = {.p = p, .olddb = olddb, .newdb = newdb, .conversions = conversions};
  int r, e;
  *p = (update_plan)UPDATE_PLAN_ZERO;
  p->nold = s6rc_db_n(olddb);
  p->nnew = s6rc_db_n(newdb);
  p->olds = malloc(p->nold * sizeof(update_old));
  p->news = malloc(p->nnew * sizeof(update_new));
  x.todo = malloc(((size_t)p->nold + p->nnew) * sizeof(uint32_t));
  r = p->olds && p->news && x.todo && identify(&x, state) && (force || hold_essentials(&x)) && stop_first(&x);
  while (r && x.ntodo) r = stop_followers(&x, x.todo[--x.ntodo]);
  r = r && plan_starts(&x, state) && update_plan_pipes(p, olddb, newdb);
  e = errno;
  free(x.todo);
  if (!r) update_plan_free(p);
  errno = e;
  return r;
}
