/* ISC license. */

#include <string.h>

#include <skalibs/types.h>

#include "../report/report-record.h"
#include "status.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* between two columns */
enum { GAP = 2 };

static int cat_unit(stralloc *sa, uint64_t u, char const *unit)
{
  char fmt[UINT64_FMT];
  return stralloc_catb(sa, fmt, uint64_fmt(fmt, u)) && stralloc_cats(sa, unit);
}

int status_cat_seconds(stralloc *sa, uint64_t s)
{
  if (s < MINUTE) return cat_unit(sa, s, "s");
  if (s < HOUR) return cat_unit(sa, s / MINUTE, "m ") && cat_unit(sa, s % MINUTE, "s");
  if (s < DAY) return cat_unit(sa, s / HOUR, "h ") && cat_unit(sa, s % HOUR / MINUTE, "m");
  return cat_unit(sa, s / DAY, "d ") && cat_unit(sa, s % DAY / HOUR, "h");
}

static int cat_age(stralloc *sa, status const *st, status_service const *sv)
{
  return !status_has_age(st, sv) || status_cat_seconds(sa, status_age(st, sv));
}

static int cat_last(stralloc *sa, status const *st, status_service const *sv)
{
  (void)st;
  if (sv->damaged) return stralloc_cats(sa, "unknown: its record is damaged");
  return report_record(sa, &sv->record, sv->killed, sv->culprit);
}

/* A column: its title, and the field that is in it, or what makes its text. */
typedef struct column_s column;
struct column_s {
  char const *title;
  char const *field;
  status_cat_func *cat;
};
static column const columns[] = {
    {"NAME", "name", 0},    {"TYPE", "type", 0},         {"WANTED", "wanted", 0},
    {"STATE", "state", 0},  {"PID", "pid", 0},           {"READY", "ready", 0},
    {"SINCE", 0, &cat_age}, {"RESTARTS", "restarts", 0}, {"LAST RESULT", 0, &cat_last}};
enum { NCOLUMNS = sizeof columns / sizeof *columns };

/* Places on a terminal: every character of UTF-8 is taken to have one. */
static size_t width_of(char const *s)
{
  size_t n = 0;
  for (; *s; s++) n += (*s & 0xc0) != 0x80;
  return n;
}

static status_cat_func *cat_of(column const *c)
{
  status_field const *f = 0;
  char const *wrong;
  size_t len;
  if (c->cat || !status_find_fields(c->field, &f, 1, &wrong, &len)) return c->cat;
  return f->cat;
}

/* All cells, row after row, each with a NUL; the first row is the titles. */
static int fill(stralloc *cells, status const *st)
{
  stralloc text = STRALLOC_ZERO;
  int ok = 1;
  for (size_t k = 0; ok && k < NCOLUMNS; k++)
    ok = stralloc_cats(cells, columns[k].title) && stralloc_0(cells);
  for (uint32_t i = 0; ok && i < st->n; i++)
    for (size_t k = 0; ok && k < NCOLUMNS; k++) {
      text.len = 0;
      ok = (*cat_of(columns + k))(&text, st, st->services + i) &&
           (text.len ? status_cat_name(cells, text.s, text.len) : stralloc_cats(cells, "-")) &&
           stralloc_0(cells);
    }
  stralloc_free(&text);
  return ok;
}

static int pad(stralloc *sa, size_t n)
{
  if (!stralloc_readyplus(sa, n)) return 0;
  memset(sa->s + sa->len, ' ', n);
  sa->len += n;
  return 1;
}

int status_cat_table(stralloc *sa, status const *st)
{
  size_t width[NCOLUMNS] = {0}, k = 0;
  stralloc cells = STRALLOC_ZERO;
  int ok;
  if (!st->n) return 1;
  ok = fill(&cells, st);
  for (char const *s = cells.s; ok && s < cells.s + cells.len; s += strlen(s) + 1, k = (k + 1) % NCOLUMNS) {
    size_t w = width_of(s);
    if (w > width[k]) width[k] = w;
  }
  for (char const *s = cells.s; ok && s < cells.s + cells.len; s += strlen(s) + 1, k = (k + 1) % NCOLUMNS)
    ok = stralloc_cats(sa, s) &&
         (k + 1 < NCOLUMNS ? pad(sa, width[k] - width_of(s) + GAP) : stralloc_cats(sa, "\n"));
  stralloc_free(&cells);
  return ok;
}
