/* ISC license. */

#include <errno.h>
#include <stdlib.h>

#include <skalibs/buffer.h>
#include <skalibs/types.h>

#include "report-graph.h"

/* Blanks for each level, and the deepest level that gets them: a chain of
   services would else take space in the square of its length. */
enum { INDENT = 2, MAXLEVEL = 32 };

typedef struct frame_s frame;
struct frame_s {
  uint32_t node;
  uint32_t edge; /* next one to follow */
};

typedef struct walk_s walk;
struct walk_s {
  report_part const *part;
  frame *stack;
  unsigned char *printed; /* a byte a service */
  uint32_t base;          /* level of the walk's root */
};

static int put_line(uint32_t level, char const *name, size_t len, int again)
{
  static char const blanks[INDENT * MAXLEVEL + 1] =
      "                                                                ";
  char fmt[UINT32_FMT];
  if (buffer_put(buffer_1, blanks, INDENT * (level < MAXLEVEL ? level : MAXLEVEL)) < 0) return 0;
  if (level > MAXLEVEL &&
      (buffer_puts(buffer_1, "(level ") < 0 || buffer_put(buffer_1, fmt, uint32_fmt(fmt, level)) < 0 ||
       buffer_puts(buffer_1, ") ") < 0))
    return 0;
  return buffer_put(buffer_1, name, len) >= 0 && buffer_puts(buffer_1, again ? " (above)\n" : "\n") >= 0;
}

/* Prints a service at a level. 1 it is new; 0 it was there; -1 and errno */
static int put_service(walk *w, uint32_t node, uint32_t level)
{
  report_node const *s = w->part->nodes + node;
  int again = w->printed[node];
  if (!put_line(level, s->name, s->namelen, again)) return -1;
  w->printed[node] = 1;
  return !again;
}

static int put_below(walk *w, uint32_t root)
{
  s6rc_graph const *g = &w->part->graph;
  size_t sp = 0;
  int r = put_service(w, root, w->base);
  if (r > 0) w->stack[sp++] = (frame){.node = root, .edge = g->first[root]};
  while (r >= 0 && sp) {
    frame *f = w->stack + sp - 1;
    uint32_t next;
    if (f->edge == g->first[f->node + 1]) {
      sp--;
      continue;
    }
    next = g->to[f->edge++];
    if (!w->part->nodes[next].shown) continue;
    r = put_service(w, next, w->base + (uint32_t)sp);
    if (r > 0) w->stack[sp++] = (frame){.node = next, .edge = g->first[next]};
  }
  return r >= 0;
}

static int put_named(walk *w, report_named const *named)
{
  int r = 1;
  w->base = named->id.type == S6RC_BUNDLE;
  if (w->base) r = put_line(0, named->name, named->len, 0);
  for (uint32_t i = 0; r && i < named->id.contents.n; i++) {
    uint32_t number = s6rc_list_get(&named->id.contents, i);
    if (w->part->nodes[number].shown) r = put_below(w, number);
  }
  w->base = 0;
  return r;
}

/* Marks what a shown service leads to. */
static void mark_inner(report_part const *part, unsigned char *inner)
{
  for (uint32_t i = 0; i < part->graph.n; i++)
    if (part->nodes[i].shown)
      for (uint32_t e = part->graph.first[i]; e < part->graph.first[i + 1]; e++) inner[part->graph.to[e]] = 1;
}

int report_tree(report_part const *part, report_named const *named, size_t n)
{
  size_t size = (size_t)part->graph.n + 1;
  walk w = {.part = part, .stack = malloc(size * sizeof(frame)), .printed = calloc(size, 1)};
  unsigned char *inner = calloc(size, 1);
  int r = w.stack && w.printed && inner;
  if (r) mark_inner(part, inner);
  for (size_t i = 0; r && i < n; i++) r = put_named(&w, named + i);
  for (uint32_t i = 0; r && i < part->graph.n; i++)
    if (part->nodes[i].shown && !inner[i] && !w.printed[i]) r = put_below(&w, i);
  /* what no root leads to is in a cycle */
  for (uint32_t i = 0; r && i < part->graph.n; i++)
    if (part->nodes[i].shown && !w.printed[i]) r = (errno = EPROTO, 0);
  int e = errno;
  free(w.stack);
  free(w.printed);
  free(inner);
  errno = e;
  return r;
}
