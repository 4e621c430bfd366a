/* ISC license. */

#include <errno.h>
#include <stdlib.h>

#include <s6-rc/record.h>

#include "why.h"

static int read_nodes(why *w, s6rc_live const *live, s6rc_records const *records)
{
  uint32_t n = s6rc_db_n(w->db);
  for (uint32_t i = 0; i < n; i++) {
    why_node *node = w->nodes + i;
    s6rc_service sv;
    if (!s6rc_db_service(w->db, i, &sv)) return 0;
    *node = (why_node){.name = sv.name,
                       .namelen = sv.namelen,
                       .wanter = S6RC_NONE,
                       .hurdle = S6RC_NONE,
                       .mover = S6RC_NONE,
                       .up = !!(live->state[i] & S6RC_STATE_UP)};
    node->asked = node->up && live->state[i] & S6RC_STATE_WANTED;
    /* a damaged record is as one that nobody has written */
    s6rc_records_get(records, i, &node->record);
    node->killed = (unsigned char)s6rc_record_killed(records, &node->record);
  }
  return 1;
}

static int was_stopped(s6rc_record const *r)
{
  return r->direction == S6RC_RECORD_DOWN && r->result == S6RC_RESULT_DONE;
}

/* Did it have to stop because of what it depends on? */
static int find_mover(why *w, uint32_t i)
{
  s6rc_record const *r = &w->nodes[i].record;
  s6rc_service sv;
  s6rc_list deps;
  if (!was_stopped(r)) return 1;
  if (!s6rc_db_service(w->db, i, &sv) || !s6rc_db_deps(w->db, &sv, S6RC_UP, &deps)) return 0;
  for (uint32_t k = 0; k < deps.n && w->nodes[i].mover == S6RC_NONE; k++) {
    s6rc_record const *s = &w->nodes[s6rc_list_get(&deps, k)].record;
    if (was_stopped(s) && s->run == r->run) w->nodes[i].mover = s6rc_list_get(&deps, k);
  }
  return 1;
}

/* The services that were not attempted because of each. */
static int find_blocked(why *w)
{
  s6rc_graph g = {.n = s6rc_db_n(w->db)};
  int r;
  g.first = calloc((size_t)g.n + 1, sizeof(uint32_t));
  g.to = malloc(((size_t)g.n + 1) * sizeof(uint32_t));
  r = g.first && g.to;
  for (uint32_t i = 0; r && i < g.n; i++) {
    s6rc_record const *rec = &w->nodes[i].record;
    g.first[i + 1] = g.first[i];
    if (rec->result == S6RC_RESULT_BLOCKED && rec->direction && rec->value < g.n)
      g.to[g.first[i + 1]++] = rec->value;
  }
  r = r && s6rc_graph_reverse(&g, &w->blocked);
  s6rc_graph_free(&g);
  return r;
}

/* A search in breadth. queue has room for all services twice: each is there
   at most once from the beginning, and once because it was taken. take says whether the search goes from one
   service on to another, and remembers it. */
typedef int take_func(why *, uint32_t from, uint32_t to);

static int search(why *w, uint32_t *queue, uint32_t tail, s6rc_dir dir, take_func *take)
{
  for (uint32_t head = 0; head < tail; head++) {
    s6rc_service sv;
    s6rc_list l;
    if (!s6rc_db_service(w->db, queue[head], &sv) || !s6rc_db_deps(w->db, &sv, dir, &l)) return 0;
    for (uint32_t k = 0; k < l.n; k++) {
      uint32_t to = s6rc_list_get(&l, k);
      if ((*take)(w, queue[head], to)) queue[tail++] = to;
    }
  }
  return 1;
}

static int take_needed(why *w, uint32_t from, uint32_t to)
{
  why_node *node = w->nodes + to;
  if (!node->up || node->asked || node->wanter != S6RC_NONE) return 0;
  node->wanter = from;
  return 1;
}

/* To is blocked by the same service as from, or by from. */
static int take_blocked(why *w, uint32_t from, uint32_t to)
{
  s6rc_record const *r = &w->nodes[from].record, *s = &w->nodes[to].record;
  if (w->nodes[to].hurdle != S6RC_NONE || s->result != S6RC_RESULT_BLOCKED ||
      s->direction == S6RC_RECORD_NONE)
    return 0;
  if (s->value != from &&
      (r->result != S6RC_RESULT_BLOCKED || r->direction != s->direction || r->value != s->value))
    return 0;
  w->nodes[to].hurdle = from;
  return 1;
}

static int take_blocked_up(why *w, uint32_t from, uint32_t to)
{
  return w->nodes[to].record.direction == S6RC_RECORD_UP && take_blocked(w, from, to);
}

static int take_blocked_down(why *w, uint32_t from, uint32_t to)
{
  return w->nodes[to].record.direction == S6RC_RECORD_DOWN && take_blocked(w, from, to);
}

/* From everything that was asked for to what it needs; from everything that
   blocks others to these, first in starts, then in stops. */
static int find_ways(why *w)
{
  uint32_t n = s6rc_db_n(w->db), nasked = 0, nculprits = 0;
  uint32_t *queue = malloc((2 * (size_t)n + 1) * sizeof(uint32_t));
  int r = !!queue;
  for (uint32_t i = 0; r && i < n; i++)
    if (w->nodes[i].asked) queue[nasked++] = i;
  r = r && search(w, queue, nasked, S6RC_UP, &take_needed);
  for (unsigned int up = 0; r && up < 2; up++) {
    nculprits = 0;
    for (uint32_t i = 0; i < n; i++)
      if (w->blocked.first[i] < w->blocked.first[i + 1]) queue[nculprits++] = i;
    r = up ? search(w, queue, nculprits, S6RC_DOWN, &take_blocked_up)
           : search(w, queue, nculprits, S6RC_UP, &take_blocked_down);
  }
  int e = errno;
  free(queue);
  errno = e;
  return r;
}

int why_read(why *w, s6rc_live const *live, unsigned char const *mark)
{
  s6rc_records records;
  int r, unknown;
  *w = (why)WHY_ZERO;
  w->db = &live->db;
  /* without records less is known: status.recordserror says why */
  unknown = s6rc_records_read(&records, live->fd, s6rc_db_n(w->db)) ? 0 : errno;
  w->nodes = malloc(((size_t)s6rc_db_n(w->db) + 1) * sizeof(why_node));
  r = w->nodes && status_read(&w->status, live, mark) && read_nodes(w, live, &records) && find_blocked(w) &&
      find_ways(w);
  if (r && unknown) w->status.recordserror = unknown;
  for (uint32_t i = 0; r && i < w->status.n; i++) r = find_mover(w, w->status.services[i].number);
  s6rc_records_free(&records);
  return r;
}

void why_free(why *w)
{
  int e = errno;
  free(w->nodes);
  s6rc_graph_free(&w->blocked);
  status_free(&w->status);
  *w = (why)WHY_ZERO;
  errno = e;
}
