/* ISC license. */

#include <errno.h>
#include <stdlib.h>

#include <s6-rc/types.h>

#include "consistency.h"

/* A queue of services whose neighbours are to be looked at. Nobody is in it
   twice at a time, and who comes back has moved: at most REPO_NRXS - 1 times. */
typedef struct mover_s mover;
struct mover_s {
  repo_services const *g;
  repo_change const *change;
  repo_move *moves;
  uint32_t *queue; /* a ring of n + 1 */
  uint32_t head;
  uint32_t tail;
  unsigned char *queued;
};

static void put(mover *m, uint32_t i)
{
  if (m->queued[i]) return;
  m->queued[i] = 1;
  m->queue[m->tail] = i;
  m->tail = m->tail == m->g->n ? 0 : m->tail + 1;
}

static uint32_t get(mover *m)
{
  uint32_t i = m->queue[m->head];
  m->head = m->head == m->g->n ? 0 : m->head + 1;
  m->queued[i] = 0;
  return i;
}

static void move(mover *m, uint32_t i, unsigned char rx, repo_why why, uint32_t because)
{
  m->moves[i] = (repo_move){.rx = rx, .why = (unsigned char)why, .because = because};
  put(m, i);
}

/* What depends on a service only if it is not masked, as it may have become:
   they need it higher. Where a change is to be as small as can be, that is left
   to be reported: it could go beyond what has been asked for. */
static void raise_for_optional(mover *m, uint32_t i)
{
  s6rc_graph const *g = &m->g->roptional;
  if (m->change->mode != REPO_FIX_UP || m->moves[i].rx == REPO_MASKED) return;
  for (uint32_t e = g->first[i]; e < g->first[i + 1]; e++)
    if (m->moves[g->to[e]].rx > m->moves[i].rx) move(m, i, m->moves[g->to[e]].rx, REPO_NEEDED, g->to[e]);
}

/* Raises whatever those in the queue need. */
static void raise_all(mover *m)
{
  repo_services const *g = m->g;
  while (m->head != m->tail) {
    uint32_t i = get(m);
    unsigned char rx;
    raise_for_optional(m, i);
    rx = m->moves[i].rx;
    for (uint32_t e = g->optional.first[i]; e < g->optional.first[i + 1]; e++) {
      uint32_t to = g->optional.to[e];
      if (m->moves[to].rx != REPO_MASKED && m->moves[to].rx < rx) move(m, to, rx, REPO_NEEDED, i);
    }
    for (uint32_t e = g->deps.first[i]; e < g->deps.first[i + 1]; e++)
      if (m->moves[g->deps.to[e]].rx < rx) move(m, g->deps.to[e], rx, REPO_NEEDED, i);
    if (rx == REPO_MASKED) continue;
    for (uint32_t e = g->producers.first[i]; e < g->producers.first[i + 1]; e++)
      if (m->moves[g->producers.to[e]].rx == REPO_MASKED)
        move(m, g->producers.to[e], REPO_USABLE, REPO_PRODUCES, i);
  }
}

/* Masks whatever cannot be without the masked ones in the queue. */
static void mask_all(mover *m)
{
  repo_services const *g = m->g;
  while (m->head != m->tail) {
    uint32_t i = get(m), consumer = g->consumer[i];
    if (m->moves[i].rx != REPO_MASKED) continue;
    for (uint32_t e = g->rdeps.first[i]; e < g->rdeps.first[i + 1]; e++)
      if (m->moves[g->rdeps.to[e]].rx != REPO_MASKED) move(m, g->rdeps.to[e], REPO_MASKED, REPO_NEEDS, i);
    if (consumer != S6RC_NONE && m->moves[consumer].rx != REPO_MASKED)
      move(m, consumer, REPO_MASKED, REPO_READS, i);
  }
}

/* Lowers whatever needs those in the queue, of which mask_all has had its
   part: an optional dependency on what will be masked counts no more. */
static void lower_all(mover *m)
{
  repo_services const *g = m->g;
  while (m->head != m->tail) {
    uint32_t i = get(m);
    unsigned char rx = m->moves[i].rx;
    if (rx == REPO_MASKED) continue;
    for (uint32_t e = g->rdeps.first[i]; e < g->rdeps.first[i + 1]; e++)
      if (m->moves[g->rdeps.to[e]].rx > rx) move(m, g->rdeps.to[e], rx, REPO_NEEDS, i);
    for (uint32_t e = g->roptional.first[i]; e < g->roptional.first[i + 1]; e++)
      if (m->moves[g->roptional.to[e]].rx > rx) move(m, g->roptional.to[e], rx, REPO_NEEDS, i);
  }
}

static void run(mover *m, unsigned char const *rx)
{
  uint32_t n = m->g->n;
  repo_change const *change = m->change;
  switch (change->mode) {
    case REPO_ALONE: break;
    case REPO_PULL:
      for (uint32_t i = 0; i < n; i++)
        if (change->asked && change->asked[i] && rx[i] <= change->to) put(m, i);
      raise_all(m);
      for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < n; i++)
          if (change->asked && change->asked[i] && rx[i] >= change->to) put(m, i);
        (pass ? lower_all : mask_all)(m);
      }
      break;
    case REPO_FIX_UP:
      for (uint32_t i = 0; i < n; i++) put(m, i);
      raise_all(m);
      break;
    case REPO_FIX_DOWN:
      for (uint32_t i = 0; i < n; i++) put(m, i);
      mask_all(m);
      for (uint32_t i = 0; i < n; i++) put(m, i);
      lower_all(m);
      break;
  }
}

/* Is it the change's doing? */
static int concerns(repo_change const *change, repo_move const *moves, uint32_t a, uint32_t b)
{
  if (!change->asked) return 1;
  return change->asked[a] || change->asked[b] || moves[a].why != REPO_STAYS || moves[b].why != REPO_STAYS;
}

static int find_conflicts(repo_services const *g, repo_change const *change, repo_move const *moves,
                          genalloc *conflicts)
{
  for (uint32_t i = 0; i < g->n; i++) {
    for (uint32_t e = g->deps.first[i]; e < g->deps.first[i + 1]; e++) {
      repo_conflict c = {.service = i, .other = g->deps.to[e], .tie = REPO_DEPENDS};
      if (moves[i].rx > moves[c.other].rx && concerns(change, moves, i, c.other) &&
          !genalloc_append(repo_conflict, conflicts, &c))
        return 0;
    }
    for (uint32_t e = g->optional.first[i]; e < g->optional.first[i + 1]; e++) {
      repo_conflict c = {.service = i, .other = g->optional.to[e], .tie = REPO_DEPENDS};
      if (moves[i].rx > moves[c.other].rx && moves[c.other].rx != REPO_MASKED &&
          concerns(change, moves, i, c.other) && !genalloc_append(repo_conflict, conflicts, &c))
        return 0;
    }
    for (uint32_t e = g->producers.first[i]; e < g->producers.first[i + 1]; e++) {
      repo_conflict c = {.service = i, .other = g->producers.to[e], .tie = REPO_CONSUMES};
      if (moves[i].rx != REPO_MASKED && moves[c.other].rx == REPO_MASKED &&
          concerns(change, moves, i, c.other) && !genalloc_append(repo_conflict, conflicts, &c))
        return 0;
    }
  }
  return 1;
}

int repo_consistency(repo_services const *g, unsigned char const *rx, repo_change const *change,
                     repo_move *moves, genalloc *conflicts)
{
  mover m = {.g = g, .change = change, .moves = moves};
  int r = 0, e;
  m.queue = malloc(((size_t)g->n + 1) * sizeof(uint32_t));
  m.queued = calloc((size_t)g->n + 1, 1);
  if (m.queue && m.queued) {
    for (uint32_t i = 0; i < g->n; i++) {
      int changes = change->asked && change->asked[i] && rx[i] != change->to;
      moves[i] = (repo_move){.rx = changes ? (unsigned char)change->to : rx[i],
                             .why = changes ? REPO_ASKED : REPO_STAYS,
                             .because = S6RC_NONE};
    }
    run(&m, rx);
    r = find_conflicts(g, change, moves, conflicts);
  }
  e = errno;
  free(m.queue);
  free(m.queued);
  errno = e;
  return r;
}
