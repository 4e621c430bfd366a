/* ISC license. */

/* Deadlines. A binary heap of job numbers, the earliest deadline on top. Jobs that have
   ended stay in it until they come up. */

#include "engine-internal.h"

static int earlier(engine const *e, uint32_t a, uint32_t b)
{
  return tain_less(&JOB(e, a)->deadline, &JOB(e, b)->deadline);
}

void engine_heap_add(engine *e, uint32_t job)
{
  uint32_t i = e->nheap++;
  while (i && earlier(e, job, e->heap[(i - 1) / 2])) {
    e->heap[i] = e->heap[(i - 1) / 2];
    i = (i - 1) / 2;
  }
  e->heap[i] = job;
}

static void drop_top(engine *e)
{
  uint32_t last = e->heap[--e->nheap], i = 0;
  for (;;) {
    uint32_t child = 2 * i + 1;
    if (child >= e->nheap) break;
    if (child + 1 < e->nheap && earlier(e, e->heap[child + 1], e->heap[child])) child++;
    if (!earlier(e, e->heap[child], last)) break;
    e->heap[i] = e->heap[child];
    i = child;
  }
  e->heap[i] = last;
}

uint32_t engine_heap_first(engine *e)
{
  while (e->nheap && JOB(e, e->heap[0])->status != ENGINE_RUNNING) drop_top(e);
  return e->nheap ? e->heap[0] : S6RC_NONE;
}

void engine_after(tain *t, unsigned int ms)
{
  tain wait;
  tain_from_millisecs(&wait, (int)ms);
  tain_add_g(t, &wait);
}
