/* ISC license. */

/* engine_plan_make, engine_plan_reload */

#include <s6-rc/db.h>

#include "engine/engine.h"
#include "report/report-graph.h"

#include "test.h"
#include "dbmaker.h"

#define BIT   2U
#define OTHER 1U

/* A diamond with a tail, over both kinds: end <- bottom <- left, right <- top;
   alone. */
enum { RUNNER, HOLDER, BOTTOM, LEFT, ALONE, END, RIGHT, TOP, N, NLONGRUNS = ALONE };

static uint32_t const of_bottom[] = {END, S6RC_NONE};
static uint32_t const of_left[] = {BOTTOM, S6RC_NONE};
static uint32_t const of_right[] = {RUNNER, BOTTOM, S6RC_NONE};
static uint32_t const of_top[] = {RUNNER, LEFT, RIGHT, S6RC_NONE};
static uint32_t const of_runner[] = {RUNNER, S6RC_NONE};
static dbmaker_service const services[N] = {
    [RUNNER] = {.name = S6RC_ONESHOT_RUNNER, .flags = S6RC_FLAG_ESSENTIAL},
    [HOLDER] = {.name = S6RC_FDHOLDER, .flags = S6RC_FLAG_ESSENTIAL},
    [BOTTOM] = {.name = "bottom", .deps = of_bottom, .timeout = {11, 12}},
    [LEFT] = {.name = "left", .deps = of_left, .timeout = {UINT32_MAX, 0}},
    [ALONE] = {.name = "alone", .deps = of_runner},
    [END] = {.name = "end", .deps = of_runner, .timeout = {21, 22}},
    [RIGHT] = {.name = "right", .deps = of_right},
    [TOP] = {.name = "top", .deps = of_top, .script = {DBMAKER_SCRIPT("true", 1)}}};

static unsigned char const all_down[N];
static unsigned char const all_up[N] = {1, 3, 1, 1, 1, 3, 1, 1};
static unsigned char const all[N] = {BIT, BIT, BIT, BIT, BIT, BIT, BIT, BIT};

static void open_db(s6rc_db *db)
{
  dbmaker m;
  dbmaker_make(&m, services, NLONGRUNS, N - NLONGRUNS);
  dbmaker_put(test_dir(), &m, services, 0, 0);
  dbmaker_free(&m);
  CHECK(s6rc_db_open(db, test_dir()));
}

static uint32_t job(engine_plan const *p, uint32_t number)
{
  for (uint32_t i = 0; i < p->n; i++)
    if (p->jobs[i].number == number) return i;
  FAIL("no such job");
  return 0;
}

static int waits_for(engine_plan const *p, uint32_t number, uint32_t before)
{
  uint32_t i = job(p, before);
  int n = 0;
  for (uint32_t k = p->firstnext[i]; k < p->firstnext[i + 1]; k++) n += p->next[k] == job(p, number);
  return n;
}

/* Every edge is in the counts and in the lists. */
static void check_consistent(engine_plan const *p)
{
  uint32_t pending = 0;
  CHECK_INT(p->firstnext[0], 0);
  for (uint32_t i = 0; i < p->n; i++) {
    pending += p->jobs[i].pending;
    CHECK(p->firstnext[i] <= p->firstnext[i + 1]);
    CHECK(!i || p->jobs[i - 1].number < p->jobs[i].number);
    CHECK_INT(p->jobs[i].status, ENGINE_WAITING);
    CHECK_INT(p->jobs[i].culprit, S6RC_NONE);
    for (uint32_t k = p->firstnext[i]; k < p->firstnext[i + 1]; k++) CHECK(p->next[k] < p->n);
  }
  CHECK_INT(p->firstnext[p->n], pending);
}

TEST(up)
{
  static uint32_t const pending[N] = {0, 0, 1, 1, 1, 1, 2, 3};
  s6rc_db db;
  engine_plan p;
  open_db(&db);
  CHECK(engine_plan_make(&p, &db, all_down, all, BIT, S6RC_UP));
  CHECK_INT(p.n, N);
  CHECK_INT(p.dir, S6RC_UP);
  CHECK(!p.reload);
  check_consistent(&p);
  for (uint32_t i = 0; i < N; i++) CHECK_INT(p.jobs[i].pending, pending[i]);
  CHECK_INT(waits_for(&p, TOP, LEFT), 1);
  CHECK_INT(waits_for(&p, TOP, RIGHT), 1);
  CHECK_INT(waits_for(&p, TOP, BOTTOM), 0);
  CHECK_INT(waits_for(&p, BOTTOM, TOP), 0);
  CHECK_INT(waits_for(&p, LEFT, BOTTOM), 1);
  CHECK_STR(p.jobs[TOP].name, "top");
  CHECK_INT(p.jobs[TOP].namelen, 3);
  CHECK_INT(p.jobs[TOP].type, S6RC_ONESHOT);
  CHECK_INT(p.jobs[LEFT].type, S6RC_LONGRUN);
  CHECK_INT(p.jobs[BOTTOM].timeout, 11);
  CHECK_INT(p.jobs[END].timeout, 21);
  CHECK_INT(p.jobs[LEFT].timeout, UINT32_MAX);
  CHECK_INT(p.jobs[TOP].timeout, 0);
  engine_plan_free(&p);
  CHECK_INT(p.n, 0);
  engine_plan_free(&p);
  s6rc_db_close(&db);
}

TEST(down)
{
  static uint32_t const pending[N] = {4, 0, 2, 1, 0, 1, 1, 0};
  s6rc_db db;
  engine_plan p;
  open_db(&db);
  CHECK(engine_plan_make(&p, &db, all_up, all, BIT, S6RC_DOWN));
  CHECK_INT(p.n, N);
  CHECK_INT(p.dir, S6RC_DOWN);
  check_consistent(&p);
  for (uint32_t i = 0; i < N; i++) CHECK_INT(p.jobs[i].pending, pending[i]);
  CHECK_INT(waits_for(&p, LEFT, TOP), 1);
  CHECK_INT(waits_for(&p, BOTTOM, LEFT), 1);
  CHECK_INT(waits_for(&p, BOTTOM, TOP), 0);
  CHECK_INT(p.jobs[BOTTOM].timeout, 12);
  CHECK_INT(p.jobs[LEFT].timeout, 0);
  engine_plan_free(&p);
  s6rc_db_close(&db);
}

/* What is there already is no job, and nothing waits for it. */
TEST(what_is_there)
{
  s6rc_db db;
  engine_plan p;
  unsigned char state[N] = {[RUNNER] = 1, [END] = 3, [BOTTOM] = 1, [RIGHT] = 1};
  open_db(&db);
  CHECK(engine_plan_make(&p, &db, state, all, BIT, S6RC_UP));
  CHECK_INT(p.n, 4); /* holder, left, alone, top */
  check_consistent(&p);
  CHECK_INT(p.jobs[job(&p, LEFT)].pending, 0);
  CHECK_INT(p.jobs[job(&p, TOP)].pending, 1);
  CHECK_INT(waits_for(&p, TOP, LEFT), 1);
  engine_plan_free(&p);
  CHECK(engine_plan_make(&p, &db, state, all, BIT, S6RC_DOWN));
  CHECK_INT(p.n, 4); /* runner, bottom, end, right */
  check_consistent(&p);
  CHECK_INT(p.jobs[job(&p, RIGHT)].pending, 0);
  CHECK_INT(p.jobs[job(&p, BOTTOM)].pending, 1);
  CHECK_INT(p.jobs[job(&p, RUNNER)].pending, 2);
  engine_plan_free(&p);
  s6rc_db_close(&db);
}

/* Bottom is up, though end is not: left need not wait for end. */
TEST(no_edge_goes_over_what_is_there)
{
  s6rc_db db;
  engine_plan p;
  unsigned char state[N] = {[RUNNER] = 1, [BOTTOM] = 1};
  unsigned char mark[N] = {[END] = BIT, [BOTTOM] = BIT, [LEFT] = BIT};
  open_db(&db);
  CHECK(engine_plan_make(&p, &db, state, mark, BIT, S6RC_UP));
  CHECK_INT(p.n, 2);
  CHECK_INT(p.jobs[0].pending + p.jobs[1].pending, 0);
  engine_plan_free(&p);
  s6rc_db_close(&db);
}

TEST(only_the_bit_counts)
{
  s6rc_db db;
  engine_plan p;
  unsigned char mark[N] = {[RUNNER] = OTHER, [END] = BIT | OTHER, [ALONE] = OTHER, [TOP] = BIT};
  open_db(&db);
  CHECK(engine_plan_make(&p, &db, all_down, mark, BIT, S6RC_UP));
  CHECK_INT(p.n, 2);
  CHECK_INT(p.jobs[0].number, END);
  CHECK_INT(p.jobs[1].number, TOP);
  CHECK_INT(p.firstnext[2], 0);
  engine_plan_free(&p);
  s6rc_db_close(&db);
}

TEST(nothing_to_do)
{
  s6rc_db db;
  engine_plan p;
  open_db(&db);
  CHECK(engine_plan_make(&p, &db, all_up, all, BIT, S6RC_UP));
  CHECK_INT(p.n, 0);
  CHECK_INT(p.firstnext[0], 0);
  engine_plan_free(&p);
  CHECK(engine_plan_make(&p, &db, all_down, all_down, BIT, S6RC_UP));
  CHECK_INT(p.n, 0);
  engine_plan_free(&p);
  s6rc_db_close(&db);
}

/* Whatever state they are in, all at once, without limits. */
TEST(reload)
{
  s6rc_db db;
  engine_plan p;
  open_db(&db);
  CHECK(engine_plan_reload(&p, &db, all, BIT));
  CHECK(p.reload);
  CHECK_INT(p.n, N);
  check_consistent(&p);
  CHECK_INT(p.firstnext[N], 0);
  for (uint32_t i = 0; i < N; i++) CHECK_INT(p.jobs[i].timeout, 0);
  engine_plan_free(&p);
  s6rc_db_close(&db);
}

/* Changes a byte of the image at `at`, then plans in direction dir. */
static void check_refused(size_t at, s6rc_dir dir)
{
  s6rc_db db;
  engine_plan p;
  dbmaker m;
  dbmaker_make(&m, services, NLONGRUNS, N - NLONGRUNS);
  m.s[at] ^= 1;
  dbmaker_put(test_dir(), &m, services, 0, 0);
  dbmaker_free(&m);
  CHECK(s6rc_db_open(&db, test_dir()));
  errno = 0;
  CHECK(!engine_plan_make(&p, &db, dir == S6RC_UP ? all_down : all_up, all, BIT, dir));
  CHECK_ERRNO(EPROTO);
  CHECK_INT(p.n, 0);
  CHECK(!p.jobs && !p.next && !p.firstnext);
  s6rc_db_close(&db);
}

TEST(damaged_records)
{
  dbmaker m;
  dbmaker_make(&m, services, NLONGRUNS, N - NLONGRUNS);
  for (uint32_t i = 0; i < N; i++) check_refused((size_t)(dbmaker_record(&m, i) - m.s), S6RC_UP);
  dbmaker_free(&m);
}

TEST(damaged_dependencies)
{
  dbmaker m;
  s6rc_servicerec rec;
  size_t edges;
  dbmaker_make(&m, services, NLONGRUNS, N - NLONGRUNS);
  edges = m.section[S6RC_SECTION_EDGES];
  s6rc_servicerec_unpack(dbmaker_record(&m, TOP), &rec);
  check_refused(edges + 4 * (size_t)rec.deps, S6RC_UP);
  s6rc_servicerec_unpack(dbmaker_record(&m, BOTTOM), &rec);
  check_refused(edges + 4 * (size_t)rec.rdeps, S6RC_DOWN);
  dbmaker_free(&m);
}

/* All checksums are right, and yet nothing could be started. */
TEST(dependencies_in_a_cycle)
{
  static uint32_t const of_first[] = {3, S6RC_NONE}, of_second[] = {2, S6RC_NONE};
  static dbmaker_service const cycle[] = {{.name = S6RC_ONESHOT_RUNNER},
                                          {.name = S6RC_FDHOLDER},
                                          {.name = "first", .deps = of_first},
                                          {.name = "second", .deps = of_second},
                                          {.name = "third"}};
  engine_plan p;
  dbmaker m;
  s6rc_db db;
  dbmaker_make(&m, cycle, 5, 0);
  dbmaker_put(test_dir(), &m, cycle, 0, 0);
  dbmaker_free(&m);
  CHECK(s6rc_db_open(&db, test_dir()));
  CHECK(!engine_plan_make(&p, &db, all_down, all, BIT, S6RC_UP));
  CHECK_ERRNO(EPROTO);
  CHECK(!engine_plan_make(&p, &db, all_up, all, BIT, S6RC_DOWN));
  CHECK_ERRNO(EPROTO);
  /* what is half there can go on */
  static unsigned char const half[N] = {0, 0, 1};
  CHECK(engine_plan_make(&p, &db, half, all, BIT, S6RC_UP));
  CHECK_INT(p.n, 4);
  engine_plan_free(&p);
  s6rc_db_close(&db);
}

/* Lists that share edges could be more than 32 bits count. */
TEST(dependencies_that_overlap)
{
  static uint32_t const sharing[] = {HOLDER, ALONE};
  unsigned char state[N];
  dbmaker m;
  s6rc_db db;
  engine_plan p;
  report_part part = REPORT_PART_ZERO;
  memset(state, S6RC_STATE_UP, N);
  dbmaker_make(&m, services, NLONGRUNS, N - NLONGRUNS);
  for (unsigned int i = 0; i < 2; i++) {
    s6rc_servicerec r;
    s6rc_servicerec_unpack(dbmaker_record(&m, sharing[i]), &r);
    /* the first edge is the only one to either of them */
    r.deps = 1;
    r.ndeps = (uint32_t)(m.sectionlen[S6RC_SECTION_EDGES] / 4) - 1;
    s6rc_servicerec_pack(dbmaker_record(&m, sharing[i]), &r);
    state[sharing[i]] = 0;
  }
  dbmaker_seal(&m);
  dbmaker_put(test_dir(), &m, services, 0, 0);
  dbmaker_free(&m);
  CHECK(s6rc_db_open(&db, test_dir()));
  CHECK(!engine_plan_make(&p, &db, state, all, BIT, S6RC_UP));
  CHECK_ERRNO(EPROTO);
  memset(state, 1, N);
  CHECK(!report_part_read(&part, &db, S6RC_UP, state, 0));
  CHECK_ERRNO(EPROTO);
  report_part_free(&part);
  s6rc_db_close(&db);
}
