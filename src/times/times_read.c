/* ISC license. */

#include <errno.h>
#include <stdlib.h>

#include "../report/report-record.h"
#include "times.h"

static uint64_t earlier(uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

/* What is said to be later than now is not believed: charts would get as long
   as that. */
static int read_item(times *t, s6rc_records const *records, uint32_t i, s6rc_record const *r, uint64_t now)
{
  s6rc_service sv, culprit;
  times_item *item = t->items + t->n;
  if (!s6rc_db_service(t->db, i, &sv)) return 0;
  *item = (times_item){.number = i,
                       .name = sv.name,
                       .namelen = sv.namelen,
                       .culprit = 0,
                       .type = sv.type,
                       .record = *r,
                       .begin = earlier(r->monobegin, now),
                       .end = earlier(r->monoend, now),
                       .killed = (unsigned char)s6rc_record_killed(records, r)};
  if (r->result == S6RC_RESULT_BLOCKED && r->value < s6rc_db_n(t->db)) {
    if (!s6rc_db_service(t->db, r->value, &culprit)) return 0;
    item->culprit = culprit.name;
  }
  /* of a run that was killed nobody knows when */
  if (!item->end) item->end = item->killed ? item->begin : now;
  if (item->end < item->begin) item->end = item->begin;
  t->place[i] = t->n++;
  return 1;
}

int times_read(times *t, s6rc_live const *live, unsigned char const *mark, uint32_t run)
{
  s6rc_records records;
  uint32_t n = s6rc_db_n(&live->db);
  uint64_t now;
  int r;
  *t = (times)TIMES_ZERO;
  if (!s6rc_records_read(&records, live->fd, n)) return 0;
  now = s6rc_monotonic();
  t->db = &live->db;
  t->run = run == TIMES_LAST ? records.lastrun : run;
  t->items = malloc(((size_t)n + 1) * sizeof(times_item));
  t->place = malloc(((size_t)n + 1) * sizeof(uint32_t));
  r = t->items && t->place;
  for (uint32_t i = 0; r && i < n; i++) {
    s6rc_record rec;
    t->place[i] = S6RC_NONE;
    /* a damaged record is as one that nobody has written */
    if (!s6rc_records_get(&records, i, &rec) || rec.direction == S6RC_RECORD_NONE) continue;
    if (run != TIMES_ALL && rec.run != t->run) continue;
    r = read_item(t, &records, i, &rec, now);
    if (r) t->items[t->n - 1].chosen = !!mark[i];
  }
  s6rc_records_free(&records);
  return r;
}

void times_free(times *t)
{
  int e = errno;
  free(t->items);
  free(t->place);
  *t = (times)TIMES_ZERO;
  errno = e;
}

int times_cat_result(stralloc *sa, times_item const *item)
{
  return report_record(sa, &item->record, item->killed, item->culprit);
}
