/* ISC license. */

/* A chart of transitions as one SVG document that needs nothing else: no
   script, no font, no style sheet. A row a service in the order in which they
   began; behind each, to be seen when the pointer is on it, lines to the
   services that it had to wait for. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/types.h>

#include "../report/report-text.h"
#include "../status/status.h"
#include "times.h"

/* The page in pixels. Widths of text are guesses: what it is drawn with is
   not known here. */
enum {
  MARGIN = 16,
  WIDTH = 1168, /* between the margins */
  HEAD = 92,    /* above the first row */
  FOOT = 30,
  ROW = 20,
  ROWS = 50, /* so many, then the labels of the axis once more */
  BAR = 12,  /* height of a bar, in the middle of its row */
  BASELINE = 14,
  GAP = 6,      /* between a bar and its text */
  CHARWIDTH = 7 /* of the text in a row */
};

enum { NS_PER_MS = 1000000, NS_PER_US = 1000, MS_PER_S = 1000, TICKS = 10 };

typedef struct plot_s plot;
struct plot_s {
  times const *t;
  uint32_t *rows;         /* items, from top to bottom */
  uint32_t *row;          /* item -> row; S6RC_NONE */
  unsigned char *inchain; /* a byte an item */
  uint32_t n;             /* rows */
  uint32_t attempted;     /* of these, with a bar */
  uint64_t first;         /* ns, where the axis begins */
  uint64_t span;          /* us, its length, not 0 */
};

#define STYLE_LIGHT                                                                                          \
  ".page{fill:#fff}.label{stroke:#fff}text{fill:#1f2328}.faint{fill:#656d76}.grid{stroke:#d8dee4}.hit{fill:" \
  "#000;opacity:0}"                                                                                          \
  ".longrun{fill:#4c8ed9}.oneshot{fill:#2fa58c}.failed{fill:#d1343f}.chain{stroke:#b35900}"                  \
  ".needs{stroke:#8250df}"
#define STYLE_DARK                                                                                        \
  ".page{fill:#14171a}.label{stroke:#14171a}text{fill:#e6edf3}.faint{fill:#9198a1}.grid{stroke:#30363d}." \
  "hit{fill:#fff}"                                                                                        \
  ".longrun{fill:#3f7fc6}.oneshot{fill:#25907a}.failed{fill:#e5484d}.chain{stroke:#f0a030}"               \
  ".needs{stroke:#b083f0}"
static char const style[] = "<style>" STYLE_LIGHT ".chain{stroke-width:2}.grid{stroke-width:1}"
                            ".label{stroke-width:3;paint-order:stroke}tspan{paint-order:stroke}.critical{"
                            "font-weight:bold}.underway{opacity:.55}"
                            ".needs{fill:none;stroke-width:1.5;visibility:hidden}"
                            "g:hover>.needs,g:focus>.needs{visibility:visible}"
                            "g:hover>.hit,g:focus>.hit{opacity:.08}g:focus{outline:none}"
                            "@media (prefers-color-scheme:dark){" STYLE_DARK "}</style>\n";

static int put(char const *s)
{
  return buffer_puts(buffer_1, s) >= 0;
}

static int put_number(char const *before, uint64_t u, char const *after)
{
  char fmt[UINT64_FMT];
  return put(before) && buffer_put(buffer_1, fmt, uint64_fmt(fmt, u)) >= 0 && put(after);
}

/* A place or length in tenths of pixels. */
static int put_pixels(char const *before, uint64_t tenths, char const *after)
{
  return put_number(before, tenths / 10, "") && put_number(".", tenths % 10, after);
}

static char const *escape(char c)
{
  switch (c) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '"': return "&quot;";
    default: return 0;
  }
}

static int put_text(char const *s, size_t len)
{
  return report_put_text(s, len, &escape, "\\x");
}

/* "250 ms", "1.5 s", "12.34 s", rounded down */
static int put_duration(uint64_t ms)
{
  uint64_t hundredths = ms % MS_PER_S / 10;
  if (ms < MS_PER_S) return put_number("", ms, " ms");
  if (!put_number("", ms / MS_PER_S, "")) return 0;
  if (hundredths && !put_number(".", hundredths / 10, "")) return 0;
  if (hundredths % 10 && !put_number("", hundredths % 10, "")) return 0;
  return put(" s");
}

/* tenths of pixels from the left edge */
static uint64_t x_of(plot const *p, uint64_t ns)
{
  uint64_t us = ns > p->first ? (ns - p->first) / NS_PER_US : 0;
  return MARGIN * 10 + us * (WIDTH * 10) / p->span;
}

/* top of row k, also of the one that is not there any more */
static uint64_t y_of(uint32_t k)
{
  return HEAD + ((uint64_t)k + k / ROWS) * ROW;
}

/* --- what is where */

static times const *sorted;

/* What was not attempted comes last. */
static int by_begin(void const *a, void const *b)
{
  times_item const *x = sorted->items + *(uint32_t const *)a, *y = sorted->items + *(uint32_t const *)b;
  if (!x->begin != !y->begin) return x->begin ? -1 : 1;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return x->number < y->number ? -1 : x->number > y->number;
}

static int arrange(plot *p, times const *t)
{
  size_t size = ((size_t)t->n + 1) * sizeof(uint32_t);
  uint64_t end = 0;
  int64_t nlinks;
  *p = (plot){.t = t, .rows = malloc(size), .row = malloc(size), .inchain = calloc((size_t)t->n + 1, 1)};
  if (!p->rows || !p->row || !p->inchain) return 0;
  nlinks = times_find_chain(t, p->rows);
  if (nlinks < 0) return 0;
  for (int64_t i = 0; i < nlinks; i++) p->inchain[p->rows[i]] = 1;
  p->first = UINT64_MAX;
  for (uint32_t i = 0; i < t->n; i++) {
    p->row[i] = S6RC_NONE;
    if (!t->items[i].chosen) continue;
    p->rows[p->n++] = i;
    if (!t->items[i].begin) continue;
    p->attempted++;
    if (t->items[i].begin < p->first) p->first = t->items[i].begin;
    if (t->items[i].end > end) end = t->items[i].end;
  }
  p->span = p->attempted ? (end - p->first) / NS_PER_US : 0;
  if (p->span < NS_PER_MS / NS_PER_US) p->span = NS_PER_MS / NS_PER_US;
  sorted = t;
  if (p->n) qsort(p->rows, p->n, sizeof(uint32_t), &by_begin);
  for (uint32_t k = 0; k < p->n; k++) p->row[p->rows[k]] = k;
  return 1;
}

static void forget(plot *p)
{
  int e = errno;
  free(p->rows);
  free(p->row);
  free(p->inchain);
  errno = e;
}

/* --- the frame */

/* ms between two lines of the grid: 1, 2 or 5 and zeros */
static uint64_t step_of(plot const *p)
{
  uint64_t step = 1, ms = p->span * NS_PER_US / NS_PER_MS;
  while (step * TICKS < ms) {
    if (step * 2 * TICKS >= ms) return step * 2;
    if (step * 5 * TICKS >= ms) return step * 5;
    step *= 10;
  }
  return step;
}

static int put_tick(uint64_t x, uint64_t y, uint64_t ms)
{
  return put_pixels("<text class=\"faint\" x=\"", x, ms ? "\" text-anchor=\"middle\"" : "\"") &&
         put_number(" y=\"", y, "\">") && (ms ? put_duration(ms) : put("0")) && put("</text>");
}

static int put_grid(plot const *p)
{
  uint64_t step = step_of(p), bottom = y_of(p->n);
  for (uint64_t ms = 0; ms * NS_PER_MS / NS_PER_US <= p->span; ms += step) {
    uint64_t x = x_of(p, p->first + ms * NS_PER_MS);
    if (!put_pixels("<line class=\"grid\" x1=\"", x, "\"") || !put_pixels(" x2=\"", x, "\"") ||
        !put_number(" y1=\"", HEAD - 4, "\"") || !put_number(" y2=\"", bottom + 4, "\"/>"))
      return 0;
    if (!put_tick(x, HEAD - 10, ms) || !put_tick(x, bottom + 18, ms)) return 0;
    for (uint32_t k = ROWS; k < p->n; k += ROWS)
      if (!put_tick(x, y_of(k) - ROW + BASELINE, ms)) return 0;
    if (!put("\n")) return 0;
  }
  return 1;
}

static int put_key(uint64_t x, char const *class, char const *text)
{
  return put_number("<rect x=\"", x, "\" y=\"46\" width=\"18\" height=\"12\" rx=\"2\" class=\"") &&
         put(class) && put_number("\"/><text x=\"", x + 24, "\" y=\"56\">") && put(text) && put("</text>\n");
}

static int put_title(plot const *p)
{
  stralloc when = STRALLOC_ZERO;
  times const *t = p->t;
  int ok = !p->attempted || status_cat_time(&when, &t->items[p->rows[0]].record.begin);
  ok = ok && put_number("<text x=\"", MARGIN, "\" y=\"28\" font-size=\"16\" font-weight=\"bold\">s6-rc");
  if (ok && t->run) ok = put_number(": run ", t->run, "");
  ok = ok && put("</text><text x=\"160\" y=\"28\">") &&
       (!when.len || (put_text(when.s, when.len) && put(", "))) &&
       put_number("", p->attempted, p->attempted == 1 ? " transition in " : " transitions in ") &&
       put_duration(p->attempted ? p->span * NS_PER_US / NS_PER_MS : 0);
  if (ok && p->n > p->attempted) ok = put_number(", ", p->n - p->attempted, " not attempted");
  ok = ok && put("</text>\n");
  stralloc_free(&when);
  return ok;
}

static int put_head(plot const *p)
{
  uint64_t height = y_of(p->n) + FOOT, width = WIDTH + 2 * MARGIN;
  return put("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<svg xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\" font-size=\"12\"") &&
         put_number(" width=\"", width, "\"") && put_number(" height=\"", height, "\"") &&
         put_number(" viewBox=\"0 0 ", width, "") && put_number(" ", height, "\">\n") && put(style) &&
         put("<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n") && put_title(p) &&
         put_key(MARGIN, "longrun", "longrun") && put_key(MARGIN + 100, "oneshot", "oneshot") &&
         put_key(MARGIN + 200, "failed", "not done") &&
         put_key(MARGIN + 300, "longrun chain", "what the end had to wait for") && put_grid(p);
}

/* --- the rows */

/* What a tooltip says: all about it, and what it had to wait for. */
static int put_tooltip(plot const *p, times_item const *item, s6rc_list const *deps)
{
  stralloc sa = STRALLOC_ZERO;
  uint32_t n = 0;
  int ok = times_cat_result(&sa, item) && put("<title>") && put_text(item->name, item->namelen) &&
           put(" (") && put(s6rc_type_names[item->type]) && put("): ") && put_text(sa.s, sa.len);
  stralloc_free(&sa);
  if (ok && item->begin)
    ok = put("\nbegan at ") && put_duration((item->begin - p->first) / NS_PER_MS) && put(", ended at ") &&
         put_duration((item->end - p->first) / NS_PER_MS);
  for (uint32_t k = 0; ok && k < deps->n; k++) {
    uint32_t d = p->t->place[s6rc_list_get(deps, k)];
    if (d == S6RC_NONE || p->row[d] == S6RC_NONE) continue;
    ok = put(n++ ? ", " : "\nafter: ") && put_text(p->t->items[d].name, p->t->items[d].namelen);
  }
  return ok && put("</title>");
}

/* Where text stands: behind the bar if there is room, or before it, or on it. */
static int put_label(plot const *p, uint32_t k, uint64_t from, uint64_t to)
{
  uint32_t i = p->rows[k];
  times_item const *item = p->t->items + i;
  uint64_t right = (MARGIN + WIDTH) * 10, width = 10;
  int before = 0, ok;
  for (uint32_t c = 0; c < item->namelen; c++) width += (item->name[c] & 0xc0) != 0x80;
  width *= CHARWIDTH * 10;
  if (to + GAP * 10 + width <= right)
    from = to + GAP * 10;
  else if (from >= width + (MARGIN + GAP) * 10) {
    before = 1;
    from -= GAP * 10;
  } else
    from += GAP * 10;
  ok = put(p->inchain[i] ? "<text class=\"label critical\"" : "<text class=\"label\"") &&
       put_pixels(" x=\"", from, "\"") &&
       put_number(" y=\"", y_of(k) + BASELINE, before ? "\" text-anchor=\"end\">" : "\">") &&
       put_text(item->name, item->namelen) && put(" <tspan class=\"faint\">");
  if (ok && item->begin)
    ok = put_duration((item->end - item->begin) / NS_PER_MS);
  else if (ok) {
    stralloc sa = STRALLOC_ZERO;
    ok = times_cat_result(&sa, item) && put_text(sa.s, sa.len);
    stralloc_free(&sa);
  }
  return ok && put("</tspan></text>");
}

static int put_bar(plot const *p, uint32_t k, uint64_t from, uint64_t to)
{
  uint32_t i = p->rows[k];
  times_item const *item = p->t->items + i;
  int underway = item->record.result == S6RC_RESULT_UNDERWAY && !item->killed;
  return put_pixels("<rect x=\"", from, "\"") && put_number(" y=\"", y_of(k) + (ROW - BAR) / 2, "\"") &&
         put_pixels(" width=\"", to - from, "\"") && put_number(" height=\"", BAR, "\" rx=\"2\" class=\"") &&
         put(underway || times_is_done(item) ? s6rc_type_names[item->type] : "failed") &&
         (!underway || put(" underway")) && (!p->inchain[i] || put(" chain")) && put("\"/>");
}

/* From the end of each service that it had to wait for to its own begin. */
static int put_lines(plot const *p, uint32_t k, uint64_t from, s6rc_list const *deps)
{
  uint64_t y = y_of(k) + ROW / 2;
  uint32_t n = 0;
  for (uint32_t j = 0; j < deps->n; j++) {
    uint32_t d = p->t->place[s6rc_list_get(deps, j)];
    if (d == S6RC_NONE || p->row[d] == S6RC_NONE || !p->t->items[d].begin) continue;
    if (!put(n++ ? "" : "<path class=\"needs\" d=\"") || !put_pixels("M", x_of(p, p->t->items[d].end), "") ||
        !put_number(" ", y_of(p->row[d]) + ROW / 2, "") || !put_number("V", y, "") ||
        !put_pixels("H", from, ""))
      return 0;
  }
  return !n || put("\"/>");
}

static int put_row(plot const *p, uint32_t k)
{
  times_item const *item = p->t->items + p->rows[k];
  s6rc_dir dir = item->record.direction == S6RC_RECORD_UP ? S6RC_UP : S6RC_DOWN;
  uint64_t from = MARGIN * 10, to = from;
  s6rc_service sv;
  s6rc_list deps;
  if (!s6rc_db_service(p->t->db, item->number, &sv) || !s6rc_db_deps(p->t->db, &sv, dir, &deps)) return 0;
  if (item->begin) {
    from = x_of(p, item->begin);
    to = x_of(p, item->end);
    if (to < from + 10) to = from + 10; /* to be seen at all */
  }
  return put("<g tabindex=\"0\">") && put_tooltip(p, item, &deps) &&
         put_number("<rect class=\"hit\" x=\"0\" y=\"", y_of(k), "\"") &&
         put_number(" width=\"", WIDTH + 2 * MARGIN, "\"") && put_number(" height=\"", ROW, "\"/>") &&
         (!item->begin || (put_bar(p, k, from, to) && put_lines(p, k, from, &deps))) &&
         put_label(p, k, from, to) && put("</g>\n");
}

int times_plot(times const *t)
{
  plot p;
  int ok = arrange(&p, t) && put_head(&p);
  for (uint32_t k = 0; ok && k < p.n; k++) ok = put_row(&p, k);
  ok = ok && put("</svg>\n");
  forget(&p);
  return ok;
}
