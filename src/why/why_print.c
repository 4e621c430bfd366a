/* ISC license. */

#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/types.h>

#include "../report/report-record.h"
#include "why.h"

/* names in one line; more are counted */
enum { MAXNAMES = 10 };

typedef struct printer_s printer;
struct printer_s {
  why *w;
  stralloc line;
};

static int cat(printer *p, char const *s)
{
  return stralloc_cats(&p->line, s);
}

static int cat_number(printer *p, uint32_t u)
{
  char fmt[UINT32_FMT];
  return stralloc_catb(&p->line, fmt, uint32_fmt(fmt, u));
}

static int cat_name(printer *p, uint32_t i)
{
  return status_cat_name(&p->line, p->w->nodes[i].name, p->w->nodes[i].namelen);
}

static int end_line(printer *p)
{
  int ok = cat(p, "\n") && buffer_put(buffer_1, p->line.s, p->line.len) >= 0;
  p->line.len = 0;
  return ok;
}

/* Below the first line of a service: about i */
static int begin_line(printer *p, uint32_t i)
{
  return cat(p, "  ") && cat_name(p, i) && cat(p, ": ");
}

/* " (run 3, 12m 5s ago)" */
static int cat_when(printer *p, s6rc_record const *r)
{
  tain const *then = r->end.sec.x ? &r->end : &r->begin, *now = &p->w->status.now;
  tain age;
  if (!cat(p, " (run ") || !cat_number(p, r->run)) return 0;
  if (then->sec.x && !tain_less(now, then)) {
    tain_sub(&age, now, then);
    if (!cat(p, ", ") || !status_cat_seconds(&p->line, age.sec.x) || !cat(p, " ago")) return 0;
  }
  return cat(p, ")");
}

/* What became of the last transition of i, and when. */
static int cat_record(printer *p, uint32_t i)
{
  why_node const *node = p->w->nodes + i;
  char const *culprit = 0;
  if (node->record.result == S6RC_RESULT_BLOCKED && node->record.value < s6rc_db_n(p->w->db))
    culprit = p->w->nodes[node->record.value].name;
  return report_record(&p->line, &node->record, node->killed, culprit) && cat_when(p, &node->record);
}

static int failed(s6rc_record const *r)
{
  return r->direction != S6RC_RECORD_NONE && r->result != S6RC_RESULT_DONE;
}

/* Those that i blocks. */
static int put_victims(printer *p, uint32_t i)
{
  s6rc_graph const *g = &p->w->blocked;
  uint32_t n = g->first[i + 1] - g->first[i];
  if (!n) return 1;
  if (!begin_line(p, i) || !cat(p, "blocks ") || !cat_number(p, n) ||
      !cat(p, n == 1 ? " service: " : " services: "))
    return 0;
  for (uint32_t k = 0; k < n; k++) {
    if (k == MAXNAMES && n > MAXNAMES + 1)
      return cat(p, " and ") && cat_number(p, n - k) && cat(p, " more (s6-rc-status -f shows all)") &&
             end_line(p);
    if ((k && !cat(p, ", ")) || !cat_name(p, g->to[g->first[i] + k])) return 0;
  }
  return end_line(p);
}

/* The culprit at the end of a way. */
static int put_culprit(printer *p, uint32_t i)
{
  why_node *node = p->w->nodes + i;
  int ok = begin_line(p, i);
  if (node->said & WHY_SAID_FAILURE) return ok && cat(p, "see above") && end_line(p);
  node->said |= WHY_SAID_FAILURE;
  if (failed(&node->record))
    ok = ok && cat_record(p, i);
  else
    ok =
        ok && cat(p, node->up ? "is up now" : "is down now") && cat(p, ": what it blocks can be tried again");
  return ok && end_line(p) && put_victims(p, i);
}

/* From what is blocked to what blocks it. */
static int put_way_to_culprit(printer *p, uint32_t i)
{
  why_node *nodes = p->w->nodes;
  uint32_t culprit = nodes[i].record.value;
  int up = nodes[i].record.direction == S6RC_RECORD_UP;
  for (; i != culprit; i = nodes[i].hurdle) {
    /* an update may have removed what was between them */
    if (nodes[i].hurdle == S6RC_NONE) break;
    if (!begin_line(p, i) || !cat(p, up ? "needs " : "is needed by ") || !cat_name(p, nodes[i].hurdle))
      return 0;
    if (nodes[i].said & WHY_SAID_HURDLE) return cat(p, ", see above") && end_line(p);
    nodes[i].said |= WHY_SAID_HURDLE;
    if (!end_line(p)) return 0;
  }
  return culprit >= s6rc_db_n(p->w->db) || put_culprit(p, culprit);
}

/* From what is up to what was asked for. */
static int put_way_to_wanter(printer *p, uint32_t i)
{
  why_node *nodes = p->w->nodes;
  while ((i = nodes[i].wanter) != S6RC_NONE) {
    if (!begin_line(p, i)) return 0;
    if (nodes[i].said & WHY_SAID_WANTER) return cat(p, "see above") && end_line(p);
    nodes[i].said |= WHY_SAID_WANTER;
    if (nodes[i].asked ? !cat(p, "asked for by name")
                       : !(cat(p, "needed by ") && cat_name(p, nodes[i].wanter)))
      return 0;
    if (!end_line(p)) return 0;
  }
  return 1;
}

static int cat_age(printer *p, status_service const *sv)
{
  status const *st = &p->w->status;
  return !status_has_age(st, sv) || (cat(p, " for ") && status_cat_seconds(&p->line, status_age(st, sv)));
}

static int put_up(printer *p, status_service const *sv)
{
  why_node *node = p->w->nodes + sv->number;
  int ok = cat(p, "up") && (sv->real != STATUS_UP || cat_age(p, sv)) && cat(p, ", ");
  if (node->asked)
    ok = ok && cat(p, "asked for by name");
  else if (node->wanter != S6RC_NONE)
    ok = ok && cat(p, "needed by ") && cat_name(p, node->wanter);
  else
    ok = ok && cat(p, "although it was not asked for by name, and nothing that was needs it");
  return ok && end_line(p) && (node->asked || put_way_to_wanter(p, sv->number));
}

static int put_down(printer *p, status_service const *sv)
{
  why_node const *node = p->w->nodes + sv->number;
  int ok = cat(p, "down: ");
  if (p->w->status.recordserror || sv->damaged)
    ok = ok && cat(p, "why is not known, there is no record of it");
  else if (node->record.direction == S6RC_RECORD_NONE)
    ok = ok && cat(p, "never asked for");
  else if (node->record.direction == S6RC_RECORD_DOWN && node->record.result == S6RC_RESULT_DONE)
    ok = ok && cat(p, "stopped") &&
         (node->mover == S6RC_NONE ||
          (cat(p, " with ") && cat_name(p, node->mover) && cat(p, ", which it needs"))) &&
         cat_when(p, &node->record);
  else
    ok = ok && cat_record(p, sv->number);
  return ok && end_line(p);
}

/* What its supervisor says, where s6-rc thinks otherwise. */
static int put_supervisor(printer *p, status_service const *sv)
{
  char const *what;
  switch (sv->problem) {
    case STATUS_NOSUPERVISOR: what = "no s6-supervise runs for it"; break;
    case STATUS_DRIFTED:
      what = sv->supervisorwants == sv->wanted ? "its process still runs"
             : sv->wanted                      ? "its supervisor was told to bring it down, not by s6-rc"
                                               : "its supervisor was told to bring it up, not by s6-rc";
      break;
    case STATUS_DEAD: what = "its process has died and is not running at the moment"; break;
    case STATUS_UNREADY: what = "it has not said that it is ready"; break;
    default: return 1;
  }
  return begin_line(p, sv->number) && cat(p, what) && end_line(p);
}

static int put_service(printer *p, status_service const *sv)
{
  why_node *node = p->w->nodes + sv->number;
  s6rc_record const *r = &node->record;
  int otherway = r->direction != (node->up ? S6RC_RECORD_UP : S6RC_RECORD_DOWN) && failed(r);
  if (!cat_name(p, sv->number) || !cat(p, ": ") || !(node->up ? put_up(p, sv) : put_down(p, sv))) return 0;
  /* it was to stop, and is still up */
  if (node->up && otherway && (!begin_line(p, sv->number) || !cat_record(p, sv->number) || !end_line(p)))
    return 0;
  if (!put_supervisor(p, sv)) return 0;
  if (!otherway) return 1;
  if (r->result == S6RC_RESULT_BLOCKED) return put_way_to_culprit(p, sv->number);
  if (node->said & WHY_SAID_FAILURE) return 1;
  node->said |= WHY_SAID_FAILURE;
  return put_victims(p, sv->number);
}

int why_print(why *w)
{
  printer p = {.w = w, .line = STRALLOC_ZERO};
  int ok = 1;
  for (uint32_t i = 0; ok && i < w->status.n; i++) ok = put_service(&p, w->status.services + i);
  stralloc_free(&p.line);
  return ok;
}
