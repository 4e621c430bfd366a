/* ISC license. */

/* Lines for people, and for scripts that split at blanks: names come last, as
   they are in s6-rc-status. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/types.h>

#include "../status/status.h"
#include "times.h"

enum { NS_PER_MS = 1000000 };

/* width of a column of milliseconds */
enum { MSWIDTH = 9 };

static char const *direction(times_item const *item)
{
  return item->record.direction == S6RC_RECORD_UP ? "up" : "down";
}

static int pad(stralloc *sa, size_t len, size_t width)
{
  static char const blanks[] = "                ";
  return len >= width || stralloc_catb(sa, blanks, width - len);
}

static int cat_right(stralloc *sa, uint64_t u, size_t width)
{
  char fmt[UINT64_FMT];
  size_t len = uint64_fmt(fmt, u);
  return pad(sa, len, width) && stralloc_catb(sa, fmt, len);
}

static int cat_left(stralloc *sa, char const *s, size_t width)
{
  return stralloc_cats(sa, s) && pad(sa, strlen(s), width);
}

static int cat_ms(stralloc *sa, uint64_t ns)
{
  return cat_right(sa, ns / NS_PER_MS, MSWIDTH) && stralloc_cats(sa, " ms");
}

/* The end of a line: name, and what became of it if that is not what was
   wanted. Prints the line. */
static int put_item(stralloc *sa, times_item const *item)
{
  int ok = status_cat_name(sa, item->name, item->namelen) &&
           (times_is_done(item) || (stralloc_cats(sa, ": ") && times_cat_result(sa, item))) &&
           stralloc_cats(sa, "\n") && buffer_put(buffer_1, sa->s, sa->len) >= 0;
  sa->len = 0;
  return ok;
}

static times_item const *sorted;

static int by_duration(void const *a, void const *b)
{
  times_item const *x = sorted + *(uint32_t const *)a, *y = sorted + *(uint32_t const *)b;
  uint64_t dx = x->end - x->begin, dy = y->end - y->begin;
  if (dx != dy) return dx > dy ? -1 : 1;
  return x->number < y->number ? -1 : x->number > y->number;
}

int times_blame(times const *t)
{
  uint32_t *order = malloc(((size_t)t->n + 1) * sizeof(uint32_t)), n = 0;
  stralloc sa = STRALLOC_ZERO;
  int ok = !!order;
  for (uint32_t i = 0; ok && i < t->n; i++)
    if (t->items[i].chosen && t->items[i].begin) order[n++] = i;
  sorted = t->items;
  if (n) qsort(order, n, sizeof(uint32_t), &by_duration);
  for (uint32_t i = 0; ok && i < n; i++) {
    times_item const *item = t->items + order[i];
    ok = cat_ms(&sa, item->end - item->begin) && stralloc_cats(&sa, "  ") &&
         cat_left(&sa, direction(item), sizeof "down") && stralloc_cats(&sa, " ") && put_item(&sa, item);
  }
  int e = errno;
  free(order);
  stralloc_free(&sa);
  errno = e;
  return ok;
}

/* When the first of all transitions began */
static uint64_t origin(times const *t)
{
  uint64_t first = UINT64_MAX;
  for (uint32_t i = 0; i < t->n; i++)
    if (t->items[i].begin && t->items[i].begin < first) first = t->items[i].begin;
  return first;
}

int times_chain(times const *t)
{
  uint32_t *links = malloc(((size_t)t->n + 1) * sizeof(uint32_t));
  int64_t n = links ? times_find_chain(t, links) : -1;
  uint64_t first = origin(t), before = first;
  stralloc sa = STRALLOC_ZERO;
  int ok = n >= 0;
  for (int64_t i = 0; ok && i < n; i++) {
    times_item const *item = t->items + links[i];
    ok = cat_ms(&sa, item->end - first) && stralloc_cats(&sa, " ") && cat_ms(&sa, item->end - before) &&
         stralloc_cats(&sa, "  ") && cat_left(&sa, direction(item), sizeof "down") &&
         stralloc_cats(&sa, " ") && put_item(&sa, item);
    before = item->end;
  }
  int e = errno;
  free(links);
  stralloc_free(&sa);
  errno = e;
  return ok;
}

/* What the transitions of a run have in common. */
typedef struct run_s run;
struct run_s {
  uint32_t number;
  uint32_t n;
  uint32_t notdone;
  uint64_t begin;
  uint64_t end;
  tain wall;
};

static int by_run(void const *a, void const *b)
{
  uint32_t x = sorted[*(uint32_t const *)a].record.run, y = sorted[*(uint32_t const *)b].record.run;
  return x < y ? -1 : x > y;
}

static int put_run(stralloc *sa, run const *r)
{
  int ok = cat_right(sa, r->number, 6) && stralloc_cats(sa, "  ") && status_cat_time(sa, &r->wall) &&
           cat_ms(sa, r->end - r->begin) && cat_right(sa, r->n, 7) &&
           stralloc_cats(sa, r->n == 1 ? " transition" : " transitions");
  if (ok && r->notdone)
    ok = stralloc_cats(sa, ", ") && cat_right(sa, r->notdone, 0) && stralloc_cats(sa, " of them not done");
  ok = ok && stralloc_cats(sa, "\n") && buffer_put(buffer_1, sa->s, sa->len) >= 0;
  sa->len = 0;
  return ok;
}

int times_runs(times const *t)
{
  uint32_t *order = malloc(((size_t)t->n + 1) * sizeof(uint32_t)), n = 0;
  stralloc sa = STRALLOC_ZERO;
  run r = {.n = 0};
  int ok = !!order;
  for (uint32_t i = 0; ok && i < t->n; i++)
    if (t->items[i].chosen) order[n++] = i;
  sorted = t->items;
  if (n) qsort(order, n, sizeof(uint32_t), &by_run);
  for (uint32_t i = 0; ok && i < n; i++) {
    times_item const *item = t->items + order[i];
    if (r.n && r.number != item->record.run) {
      ok = put_run(&sa, &r);
      r.n = 0;
    }
    if (!r.n) r = (run){.number = item->record.run, .begin = 0, .end = 0, .wall = TAIN_ZERO};
    r.n++;
    r.notdone += !times_is_done(item);
    if (!item->begin) continue;
    if (!r.begin || item->begin < r.begin) {
      r.begin = item->begin;
      r.wall = item->record.begin;
    }
    if (item->end > r.end) r.end = item->end;
  }
  if (ok && r.n) ok = put_run(&sa, &r);
  int e = errno;
  free(order);
  stralloc_free(&sa);
  errno = e;
  return ok;
}
