/* ISC license. */

#include <string.h>

#include <skalibs/djbtime.h>
#include <skalibs/gccattributes.h>
#include <skalibs/types.h>

#include <s6-rc/types.h>

#include "../report/report-record.h"
#include "status.h"

/* Words that scripts compare with. */
static char const *const reals[STATUS_NREALS] = {
    [STATUS_UNKNOWN] = "unknown", [STATUS_UNSUPERVISED] = "unsupervised",
    [STATUS_DOWN] = "down",       [STATUS_UP] = "up",
    [STATUS_PAUSED] = "paused",   [STATUS_FINISHING] = "finishing"};
static char const *const problems[STATUS_NPROBLEMS] = {[STATUS_FINE] = "",
                                                       [STATUS_NOSUPERVISOR] = "unsupervised",
                                                       [STATUS_FAILED] = "failed",
                                                       [STATUS_BLOCKED] = "blocked",
                                                       [STATUS_UNFINISHED] = "unfinished",
                                                       [STATUS_DRIFTED] = "drifted",
                                                       [STATUS_DEAD] = "dead",
                                                       [STATUS_UNREADY] = "unready"};

#define FIELD(id) static int cat_##id(stralloc *sa, status const *st gccattr_unused, status_service const *sv)

static int cat_number(stralloc *sa, uint64_t u)
{
  char fmt[UINT64_FMT];
  return stralloc_catb(sa, fmt, uint64_fmt(fmt, u));
}

/* With zeros in front; of what is longer only the first digits. */
static int cat_digits(stralloc *sa, int n, size_t width, char const *after)
{
  char fmt[UINT64_FMT];
  uint640_fmt(fmt, n < 0 ? 0 : (uint64_t)n, width);
  return stralloc_catb(sa, fmt, width) && stralloc_cats(sa, after);
}

int status_cat_time(stralloc *sa, tain const *t)
{
  localtmn l;
  if (!tain_secp(t)->x || !localtmn_from_tain(&l, t, 0)) return 1;
  return cat_digits(sa, l.tm.tm_year + 1900, 4, "-") && cat_digits(sa, l.tm.tm_mon + 1, 2, "-") &&
         cat_digits(sa, l.tm.tm_mday, 2, "T") && cat_digits(sa, l.tm.tm_hour, 2, ":") &&
         cat_digits(sa, l.tm.tm_min, 2, ":") && cat_digits(sa, l.tm.tm_sec, 2, ".") &&
         cat_digits(sa, (int)(l.nano / 1000000), 3, "Z");
}

static int cat_truth(stralloc *sa, int yes)
{
  return stralloc_cats(sa, yes ? "yes" : "no");
}

static int cat_direction(stralloc *sa, int up)
{
  return stralloc_cats(sa, up ? "up" : "down");
}

int status_has_age(status const *st, status_service const *sv)
{
  return st->now.sec.x && sv->since.sec.x;
}

uint64_t status_age(status const *st, status_service const *sv)
{
  tain age;
  if (tain_less(&st->now, &sv->since)) return 0;
  tain_sub(&age, &st->now, &sv->since);
  return age.sec.x;
}

FIELD(name)
{
  return stralloc_catb(sa, sv->name, sv->namelen);
}

FIELD(type)
{
  return stralloc_cats(sa, s6rc_type_names[sv->type]);
}

FIELD(wanted)
{
  return cat_direction(sa, sv->wanted);
}

FIELD(explicit)
{
  return cat_truth(sa, sv->explicitly);
}

FIELD(state)
{
  return stralloc_cats(sa, reals[sv->real]);
}

/* Is there a supervisor whose word we have? */
static int is_told(status_service const *sv)
{
  return sv->type == S6RC_LONGRUN && sv->real != STATUS_UNKNOWN && sv->real != STATUS_UNSUPERVISED;
}

FIELD(supervisor)
{
  return !is_told(sv) || cat_direction(sa, sv->supervisorwants);
}

FIELD(pid)
{
  return !sv->pid || cat_number(sa, (uint64_t)sv->pid);
}

FIELD(ready)
{
  return !sv->notifies || cat_truth(sa, sv->ready);
}

FIELD(since)
{
  return status_cat_time(sa, &sv->since);
}

FIELD(age)
{
  return !status_has_age(st, sv) || cat_number(sa, status_age(st, sv));
}

FIELD(restarts)
{
  return !sv->tallied || cat_number(sa, sv->restarts);
}

FIELD(direction_tried)
{
  return !sv->record.direction || cat_direction(sa, sv->record.direction == S6RC_RECORD_UP);
}

FIELD(result)
{
  if (sv->damaged) return stralloc_cats(sa, "damaged");
  if (!sv->record.direction) return 1;
  return stralloc_cats(sa, sv->killed ? "killed" : s6rc_result_names[sv->record.result]);
}

/* what a value is the number of, is said by the page */
FIELD(value)
{
  s6rc_record const *r = &sv->record;
  switch (r->result) {
    case S6RC_RESULT_UNDERWAY:
    case S6RC_RESULT_DONE:
    case S6RC_RESULT_GIVENUP:
    case S6RC_RESULT_UNWANTED:
    case S6RC_RESULT_UNSUPERVISED:
    case S6RC_RESULT_INTERRUPTED:
    case S6RC_RESULT_BLOCKED: return 1;
    default: return cat_number(sa, r->value);
  }
}

FIELD(culprit)
{
  return !sv->culprit || stralloc_cats(sa, sv->culprit);
}

FIELD(run)
{
  return !sv->record.direction || cat_number(sa, sv->record.run);
}

FIELD(begin)
{
  return status_cat_time(sa, &sv->record.begin);
}

FIELD(end)
{
  return status_cat_time(sa, &sv->record.end);
}

FIELD(took)
{
  s6rc_record const *r = &sv->record;
  if (!r->monobegin || (sv->killed && !r->monoend)) return 1;
  return cat_number(sa, report_took(r, st->monotonic));
}

FIELD(problem)
{
  return stralloc_cats(sa, problems[sv->problem]);
}

status_field const status_fields[] = {
    {"name", STATUS_NAME, &cat_name},           {"type", STATUS_TEXT, &cat_type},
    {"wanted", STATUS_TEXT, &cat_wanted},       {"explicit", STATUS_TRUTH, &cat_explicit},
    {"state", STATUS_TEXT, &cat_state},         {"supervisor", STATUS_TEXT, &cat_supervisor},
    {"pid", STATUS_NUMBER, &cat_pid},           {"ready", STATUS_TRUTH, &cat_ready},
    {"since", STATUS_TEXT, &cat_since},         {"age", STATUS_NUMBER, &cat_age},
    {"restarts", STATUS_NUMBER, &cat_restarts}, {"direction", STATUS_TEXT, &cat_direction_tried},
    {"result", STATUS_TEXT, &cat_result},       {"value", STATUS_NUMBER, &cat_value},
    {"culprit", STATUS_NAME, &cat_culprit},     {"run", STATUS_NUMBER, &cat_run},
    {"begin", STATUS_TEXT, &cat_begin},         {"end", STATUS_TEXT, &cat_end},
    {"took", STATUS_NUMBER, &cat_took},         {"problem", STATUS_TEXT, &cat_problem}};
size_t const status_nfields = sizeof status_fields / sizeof *status_fields;

static status_field const *find(char const *s, size_t len)
{
  for (size_t i = 0; i < status_nfields; i++)
    if (!strncmp(status_fields[i].name, s, len) && !status_fields[i].name[len]) return status_fields + i;
  return 0;
}

size_t status_find_fields(char const *s, status_field const **list, size_t max, char const **wrong,
                          size_t *wronglen)
{
  for (size_t n = 0;; s++) {
    size_t len = strcspn(s, ",");
    *wrong = s;
    *wronglen = len;
    if (n == max || !(list[n++] = find(s, len))) return 0;
    s += len;
    if (!*s) return n;
  }
}

int status_cat_name(stralloc *sa, char const *name, size_t len)
{
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)name[i];
    char const octal[5] = {'\\', '0', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)),
                           (char)('0' + (c & 7))};
    int ok = c == '\\'              ? stralloc_cats(sa, "\\\\")
             : c < ' ' || c == 0x7f ? stralloc_catb(sa, octal, sizeof octal)
                                    : stralloc_catb(sa, name + i, 1);
    if (!ok) return 0;
  }
  return 1;
}

int status_cat_fields(stralloc *sa, status const *st, status_field const *const *fields, size_t n)
{
  stralloc text = STRALLOC_ZERO;
  int ok = 1;
  for (uint32_t i = 0; ok && i < st->n; i++)
    for (size_t k = 0; ok && k < n; k++) {
      text.len = 0;
      ok = (*fields[k]->cat)(&text, st, st->services + i) &&
           (text.len ? status_cat_name(sa, text.s, text.len) : stralloc_cats(sa, "-")) &&
           stralloc_cats(sa, k + 1 < n ? "\t" : "\n");
    }
  stralloc_free(&text);
  return ok;
}
