/* ISC license. */

#include <errno.h>
#include <stdlib.h>

#include <s6-rc/mark.h>

#include "engine.h"

static int needs_change(unsigned char state, s6rc_dir dir)
{
  return state & ENGINE_STATE_HALFWAY || !(state & S6RC_STATE_UP) == (dir == S6RC_UP);
}

void engine_plan_free(engine_plan *p)
{
  int e = errno;
  for (uint32_t i = 0; i < p->n; i++) free(p->jobs[i].detail);
  free(p->jobs);
  free(p->firstnext);
  free(p->next);
  *p = (engine_plan)ENGINE_PLAN_ZERO;
  errno = e;
}

/* job_of: by number, zero at first: the service's job + 1. Most of it is never
   touched. */
static int make_jobs(engine_plan *p, s6rc_db const *db, unsigned char const *state, unsigned char const *mark,
                     unsigned char bit, uint32_t *job_of)
{
  uint32_t n = s6rc_db_n(db), k = 0;
  for (uint32_t i = 0; (i = s6rc_mark_next(mark, i, n, bit)) < n; i++)
    if (!state || needs_change(state[i], p->dir)) job_of[i] = ++p->n;
  p->jobs = calloc((size_t)p->n + 1, sizeof(engine_job));
  p->firstnext = calloc((size_t)p->n + 2, sizeof(uint32_t));
  if (!p->jobs || !p->firstnext) {
    p->n = 0;
    return 0;
  }
  for (uint32_t i = 0; (i = s6rc_mark_next(mark, i, n, bit)) < n; i++) {
    s6rc_service sv;
    if (!job_of[i]) continue;
    if (!s6rc_db_service(db, i, &sv)) return 0;
    p->jobs[k++] = (engine_job){.number = i,
                                .name = sv.name,
                                .namelen = sv.namelen,
                                .type = sv.type,
                                .timeout = p->reload ? 0 : sv.timeout[p->dir],
                                .status = ENGINE_WAITING,
                                .before = state ? state[i] : 0,
                                .culprit = S6RC_NONE};
  }
  return 1;
}

/* A list of dependencies belongs to one service: all together are not more
   than the database has edges, and 32 bits count them. */
static int few_enough(s6rc_db const *db, size_t n)
{
  return n <= db->sectionlen[S6RC_SECTION_EDGES] / 4 || (errno = EPROTO, 0);
}

/* Counts in firstnext[i + 2] what waits for job i, so that filling moves
   firstnext[i + 1] from the start to the end of i's part. */
static int make_edges(engine_plan *p, s6rc_db const *db, uint32_t const *job_of)
{
  for (int fill = 0; fill <= 1; fill++) {
    size_t n = 0;
    for (uint32_t i = 0; i < p->n; i++) {
      s6rc_service sv;
      s6rc_list deps;
      if (!s6rc_db_service(db, p->jobs[i].number, &sv) || !s6rc_db_deps(db, &sv, p->dir, &deps)) return 0;
      if (!few_enough(db, n += deps.n)) return 0;
      for (uint32_t k = 0; k < deps.n; k++) {
        uint32_t before = job_of[s6rc_list_get(&deps, k)];
        if (!before--) continue;
        if (fill) {
          p->next[p->firstnext[before + 1]++] = i;
          p->jobs[i].pending++;
        } else
          p->firstnext[before + 2]++;
      }
    }
    if (fill) break;
    for (uint32_t i = 2; i <= p->n + 1; i++) p->firstnext[i] += p->firstnext[i - 1];
    p->next = malloc(((size_t)p->firstnext[p->n + 1] + 1) * sizeof(uint32_t));
    if (!p->next) return 0;
  }
  return 1;
}

/* Can every job be started some time? In a cycle each would wait for itself,
   and the run would end at once, as if there were nothing to do. */
static int check_order(engine_plan const *p)
{
  uint32_t *pending = malloc(2 * ((size_t)p->n + 1) * sizeof(uint32_t)), *queue, tail = 0;
  if (!pending) return 0;
  queue = pending + p->n;
  for (uint32_t i = 0; i < p->n; i++)
    if (!(pending[i] = p->jobs[i].pending)) queue[tail++] = i;
  for (uint32_t head = 0; head < tail; head++)
    for (uint32_t k = p->firstnext[queue[head]]; k < p->firstnext[queue[head] + 1]; k++)
      if (!--pending[p->next[k]]) queue[tail++] = p->next[k];
  free(pending);
  return tail == p->n || (errno = EPROTO, 0);
}

static int make(engine_plan *p, s6rc_db const *db, unsigned char const *state, unsigned char const *mark,
                unsigned char bit)
{
  uint32_t *job_of = calloc(s6rc_db_n(db), sizeof(uint32_t));
  if (!job_of) return 0;
  int r = make_jobs(p, db, state, mark, bit, job_of) &&
          (p->reload || (make_edges(p, db, job_of) && check_order(p)));
  if (!r) engine_plan_free(p);
  int e = errno;
  free(job_of);
  errno = e;
  return r;
}

int engine_plan_make(engine_plan *p, s6rc_db const *db, unsigned char const *state, unsigned char const *mark,
                     unsigned char bit, s6rc_dir dir)
{
  *p = (engine_plan)ENGINE_PLAN_ZERO;
  p->dir = dir;
  return make(p, db, state, mark, bit);
}

int engine_plan_reload(engine_plan *p, s6rc_db const *db, unsigned char const *mark, unsigned char bit)
{
  *p = (engine_plan)ENGINE_PLAN_ZERO;
  p->reload = 1;
  return make(p, db, 0, mark, bit);
}
