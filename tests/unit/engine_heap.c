/* ISC license. */

/* The engine's heap of jobs by their deadlines. */

#include "engine/engine-internal.h"

#include "test.h"

enum { N = 1000 };

static engine_job jobs[N];
static uint32_t heap[N];
static engine_plan plan = {.n = N, .jobs = jobs};
static engine e = {.plan = &plan, .heap = heap};

static void add(uint32_t job, unsigned int seconds)
{
  tain_uint(&jobs[job].deadline, seconds);
  jobs[job].status = ENGINE_RUNNING;
  engine_heap_add(&e, job);
}

/* A fixed row of numbers that looks like none. */
static unsigned int scattered(unsigned int i)
{
  return i * 7919U % 1009U;
}

TEST(empty)
{
  CHECK_INT(engine_heap_first(&e), S6RC_NONE);
  add(0, 1);
  CHECK_INT(engine_heap_first(&e), 0);
  CHECK_INT(engine_heap_first(&e), 0);
  jobs[0].status = ENGINE_DONE;
  CHECK_INT(engine_heap_first(&e), S6RC_NONE);
  CHECK_INT(e.nheap, 0);
}

TEST(earliest_first)
{
  unsigned int before = 0, n = 0;
  uint32_t job;
  for (uint32_t i = 0; i < N; i++) add(i, scattered(i));
  while ((job = engine_heap_first(&e)) != S6RC_NONE) {
    unsigned int now = scattered(job);
    CHECK(now >= before);
    before = now;
    jobs[job].status = n++ % 2 ? ENGINE_DONE : ENGINE_FAILED;
  }
  CHECK_INT(n, N);
}

/* Those that have ended, wherever they are, do not show up. */
TEST(ended_jobs_are_passed_over)
{
  unsigned int before = 0, n = 0;
  uint32_t job;
  for (uint32_t i = 0; i < N; i++) add(i, scattered(i));
  for (uint32_t i = 0; i < N; i += 3) jobs[i].status = ENGINE_DONE;
  while ((job = engine_heap_first(&e)) != S6RC_NONE) {
    CHECK(job % 3);
    CHECK(scattered(job) >= before);
    before = scattered(job);
    jobs[job].status = ENGINE_DONE;
    n++;
  }
  CHECK_INT(n, N - (N + 2) / 3);
}

/* Adding and taking in turn, as the engine does. */
TEST(mixed)
{
  uint32_t added = 0;
  for (unsigned int round = 0; added < N; round++) {
    unsigned int least = UINT32_MAX;
    uint32_t job;
    for (unsigned int k = 0; k <= round % 5 && added < N; k++, added++) add(added, scattered(added));
    for (uint32_t i = 0; i < added; i++)
      if (jobs[i].status == ENGINE_RUNNING && scattered(i) < least) least = scattered(i);
    job = engine_heap_first(&e);
    CHECK_INT(scattered(job), least);
    jobs[job].status = ENGINE_FAILED;
  }
}

TEST(equal_deadlines)
{
  unsigned int n = 0;
  uint32_t job;
  for (uint32_t i = 0; i < N; i++) add(i, 5);
  while ((job = engine_heap_first(&e)) != S6RC_NONE) {
    CHECK_INT(jobs[job].status, ENGINE_RUNNING);
    jobs[job].status = ENGINE_DONE;
    n++;
  }
  CHECK_INT(n, N);
}
