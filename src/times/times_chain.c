/* ISC license. */

/* Each link is what ended last of all that the next one had to wait for. What
   comes up in a run that also stops services waits for the last of these, too:
   see rc_change. */

#include <errno.h>
#include <stdlib.h>

#include "times.h"

/* The later end of two items, of which best may be none. */
static uint32_t later(times const *t, uint32_t best, uint32_t i)
{
  return best == S6RC_NONE || t->items[i].end > t->items[best].end ? i : best;
}

/* 1, *before may be S6RC_NONE; 0 and errno */
static int find_dependency(times const *t, uint32_t i, uint32_t *before)
{
  times_item const *item = t->items + i;
  s6rc_dir dir = item->record.direction == S6RC_RECORD_UP ? S6RC_UP : S6RC_DOWN;
  s6rc_service sv;
  s6rc_list deps;
  *before = S6RC_NONE;
  if (!s6rc_db_service(t->db, item->number, &sv) || !s6rc_db_deps(t->db, &sv, dir, &deps)) return 0;
  for (uint32_t k = 0; k < deps.n; k++) {
    uint32_t d = t->place[s6rc_list_get(&deps, k)];
    if (d != S6RC_NONE && t->items[d].record.direction == item->record.direction && t->items[d].begin &&
        t->items[d].end <= item->begin)
      *before = later(t, *before, d);
  }
  return 1;
}

/* The last that had been stopped when item i began to start */
static uint32_t find_stopped(times const *t, uint32_t i)
{
  uint32_t before = S6RC_NONE;
  for (uint32_t k = 0; k < t->n; k++)
    if (t->items[k].record.direction == S6RC_RECORD_DOWN && t->items[k].begin &&
        t->items[k].end <= t->items[i].begin)
      before = later(t, before, k);
  return before;
}

static void reverse(uint32_t *s, uint32_t n)
{
  for (uint32_t i = 0; i < n / 2; i++) {
    uint32_t x = s[i];
    s[i] = s[n - 1 - i];
    s[n - 1 - i] = x;
  }
}

int64_t times_find_chain(times const *t, uint32_t *links)
{
  uint32_t n = 0, at = S6RC_NONE;
  for (uint32_t i = 0; i < t->n; i++)
    if (t->items[i].chosen && t->items[i].begin) at = later(t, at, i);
  /* dependencies have no cycles, and there is one way from up to down */
  while (at != S6RC_NONE && n < t->n) {
    uint32_t before;
    links[n++] = at;
    if (!find_dependency(t, at, &before)) return -1;
    if (before == S6RC_NONE && t->items[at].record.direction == S6RC_RECORD_UP) before = find_stopped(t, at);
    at = before;
  }
  reverse(links, n);
  return n;
}
