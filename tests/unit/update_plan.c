/* ISC license. */

/* update_plan_make, update_plan_print: what stops, is renamed, is held and
   starts, and why. */

#include <s6-rc/db.h>

#include "update/update.h"

#include "test.h"
#include "dbtext.h"

/* up: what is up in the old database besides the generated services; *NAME is
   also wanted; -NAME is down, also if it is a generated one. plan: the text,
   then "wanted: NAMES" if any, "refused: NAME" if there is one. */
typedef struct plancase_s plancase;
struct plancase_s {
  char const *what;
  char const *olds;
  char const *news;
  char const *up;
  char const *conversions;
  char const *plan;
};

static void read_state(unsigned char *state, s6rc_db const *db, char const *up)
{
  char word[64];
  memset(state, 0, s6rc_db_n(db));
  state[S6RC_NUMBER_ONESHOT_RUNNER] = state[S6RC_NUMBER_FDHOLDER] = S6RC_STATE_UP;
  while (*up) {
    s6rc_identifier id;
    size_t len = strcspn(up, " ");
    char const *name;
    CHECK(len < sizeof word);
    memcpy(word, up, len);
    word[len] = 0;
    name = word + (*word == '*' || *word == '-');
    CHECK_INT(s6rc_db_resolve(db, name, strlen(name), &id), 1);
    state[s6rc_list_get(&id.contents, 0)] = *word == '-'   ? 0
                                            : *word == '*' ? S6RC_STATE_UP | S6RC_STATE_WANTED
                                                           : S6RC_STATE_UP;
    up += len + (up[len] == ' ');
  }
}

static void print_rest(stralloc *sa, update_plan const *p, s6rc_db const *olddb, s6rc_db const *newdb)
{
  s6rc_service sv;
  int any = 0;
  for (uint32_t j = 0; j < p->nnew; j++) {
    if (!p->news[j].wanted) continue;
    CHECK(s6rc_db_service(newdb, j, &sv));
    CHECK(stralloc_cats(sa, any ? " " : "wanted: ") && stralloc_cats(sa, sv.name));
    any = 1;
  }
  if (any) CHECK(stralloc_cats(sa, "\n"));
  if (p->refused == S6RC_NONE) return;
  CHECK(s6rc_db_service(olddb, p->refused, &sv));
  CHECK(stralloc_cats(sa, "refused: ") && stralloc_cats(sa, sv.name) && stralloc_cats(sa, "\n"));
}

/* What holds for every plan that is not refused: what stops is closed in the
   old database; what is up afterwards has all its dependencies, unless held. */
static void check_sound(update_plan const *p, s6rc_db const *olddb, s6rc_db const *newdb, char const *what)
{
  s6rc_service sv;
  s6rc_list deps;
  for (uint32_t i = 0; i < p->nold; i++) {
    if (!p->olds[i].stops) continue;
    CHECK(s6rc_db_service(olddb, i, &sv) && s6rc_db_deps(olddb, &sv, S6RC_DOWN, &deps));
    for (uint32_t k = 0; k < deps.n; k++) {
      update_old const *o = p->olds + s6rc_list_get(&deps, k);
      if (o->up && !o->stops) test_failed("%s: something stays up without %s", what, sv.name);
    }
  }
  for (uint32_t j = 0; j < p->nnew; j++) {
    update_new const *n = p->news + j;
    if (!n->up && n->start == UPDATE_LEFT) continue;
    CHECK(s6rc_db_service(newdb, j, &sv) && s6rc_db_deps(newdb, &sv, S6RC_UP, &deps));
    for (uint32_t k = 0; k < deps.n; k++) {
      update_new const *d = p->news + s6rc_list_get(&deps, k);
      if (!d->up && d->start == UPDATE_LEFT) test_failed("%s: a dependency of %s stays down", what, sv.name);
      if (n->up && !d->up && n->from != S6RC_NONE && !p->olds[n->from].held)
        test_failed("%s: %s is not restarted", what, sv.name);
    }
  }
}

static void check_case(plancase const *c, int force, unsigned int number)
{
  char dir[256];
  unsigned char state[DBTEXT_MAX];
  s6rc_db olddb, newdb;
  update_conversions conv = UPDATE_CONVERSIONS_ZERO;
  update_plan plan;
  stralloc got = STRALLOC_ZERO;
  snprintf(dir, sizeof dir, "%s/old%u", test_dir(), number);
  dbtext_open(&olddb, dir, c->olds);
  snprintf(dir, sizeof dir, "%s/new%u", test_dir(), number);
  dbtext_open(&newdb, dir, c->news);
  read_state(state, &olddb, c->up);
  CHECK(update_conversions_read(&conv, c->conversions, &olddb, &newdb));
  if (genalloc_len(update_mistake, &conv.mistakes)) test_failed("%s: %s", c->what, conv.texts.s);
  CHECK(update_plan_make(&plan, &olddb, &newdb, state, &conv, force));
  CHECK(update_plan_print(&got, &plan, &olddb, &newdb));
  print_rest(&got, &plan, &olddb, &newdb);
  CHECK(stralloc_0(&got));
  if (strcmp(got.s, c->plan)) test_failed("%s\n# got:\n%s# wanted:\n%s", c->what, got.s, c->plan);
  if (plan.refused == S6RC_NONE) check_sound(&plan, &olddb, &newdb, c->what);
  stralloc_free(&got);
  update_plan_free(&plan);
  update_conversions_free(&conv);
  s6rc_db_close(&olddb);
  s6rc_db_close(&newdb);
}

static void check_cases(plancase const *c, size_t n, int force)
{
  for (size_t i = 0; i < n; i++) check_case(c + i, force, (unsigned int)i);
}
#define check(cases, force) check_cases((cases), sizeof(cases) / sizeof *(cases), (force))

TEST(untouched)
{
  static plancase const cases[] = {
      {"identical", "l a; l b : a; o s : b; b all a b s", "l a; l b : a; o s : b; b all a b s", "*a b *s", 0,
       "wanted: a s\n"},
      {"identical, all down", "l a; l b : a", "l a; l b : a", "", 0, ""},
      {"other numbers", "l a; l b; o s", "l b; o s; l a; l before", "*a b s", 0, "wanted: a\n"},
      {"added", "l a", "l a; l b; o s : b", "a", 0, ""},
      {"removed, was down", "l a; l b", "l a", "a", 0, ""},
      {"lost dependency", "l a; l b : a", "l a; l b", "a b", 0, ""},
      {"lost dependency, which is down", "l a; l b : a", "l a; l b", "b", 0, ""},
      {"dependency that is up", "l a; l b", "l a; l b : a", "a b", 0, ""},
      {"dependency of what is down", "l a; l b", "l a; l b : a; l c", "", 0, ""},
      {"type changes, was down", "l a", "o a", "", 0, ""},
      {"dependency turns around", "l a : b; l b", "l a; l b : a", "a b", 0, ""},
      {"bundle comes and goes", "l a; b x a", "l a; b y a", "a", 0, ""},
      {"told to restart, is down", "l a", "l a", "", "a restart", ""},
      {"fd-holder is down", "l a", "l a", "-s6rc-fdholder a", 0, ""},
  };
  check(cases, 0);
}

TEST(renamed)
{
  static plancase const cases[] = {
      {"renamed", "l a", "l b", "*a", "a -> b", "a: rename: now b\nwanted: b\n"},
      {"renamed, down", "l a", "l b", "", "a -> b", "a: rename: now b\n"},
      {"renamed and restarted", "l a", "l b", "a", "a -> b restart",
       "a: restart: the conversion file says so\na: rename: now b\n"},
      {"swapped", "l a; l b", "l a; l b", "*a b", "a -> b\nb -> a",
       "a: rename: now b\nb: rename: now a\nwanted: b\n"},
      {"swapped, one down", "l a; l b : a", "l b; l a : b", "a", "a -> b\nb -> a",
       "a: rename: now b\nb: rename: now a\n"},
      {"dependency renamed", "l a; l b : a", "l x; l b : x", "a b", "a -> x", "a: rename: now x\n"},
      {"a name that is a beginning", "l a", "l ab", "a", "a -> ab", "a: rename: now ab\n"},
      {"oneshot renamed", "o a", "o b", "a", "a -> b", "a: rename: now b\n"},
      {"name is taken by a new one", "l a", "l a; l b", "a", "a -> b", "a: rename: now b\n"},
  };
  check(cases, 0);
}

TEST(gone_and_other_types)
{
  static plancase const cases[] = {
      {"gone", "l a; l b", "l b", "*a b", 0, "a: stop: not in the new database\n"},
      {"gone oneshot", "o a", "l b", "a", 0, "a: stop: not in the new database\n"},
      {"longrun to oneshot", "l a", "o a", "*a", 0,
       "a: stop: its type has changed\na: start: it replaces a\nwanted: a\n"},
      {"oneshot to longrun", "o a", "l a", "a", 0,
       "a: stop: its type has changed\na: start: it replaces a\n"},
      {"longrun to oneshot, by another name", "l a", "o b", "a", "a -> b",
       "a: stop: its type has changed\nb: start: it replaces a\n"},
      {"longrun to bundle", "l a", "l x; o y; b a x y", "*a", 0,
       "a: stop: it is a bundle in the new database\nx: start: it replaces a\ny: start: it replaces a\n"
       "wanted: x y\n"},
      {"oneshot to bundle", "o a", "l x; b a x", "a", 0,
       "a: stop: it is a bundle in the new database\nx: start: it replaces a\n"},
      {"to an empty bundle", "l a", "l x; b a", "*a", 0, "a: stop: it is a bundle in the new database\n"},
      {"to a bundle whose members are up", "l a; l x; l y", "l x; l y; b a x y", "*a x", 0,
       "a: stop: it is a bundle in the new database\ny: start: it replaces a\nwanted: x y\n"},
      {"converted to a bundle", "l a", "l x; b all x", "a", "a -> all",
       "a: stop: it is a bundle in the new database\nx: start: it replaces a\n"},
      {"bundle to longrun", "l x; b a x", "l x; l a", "x", 0, ""},
      {"bundle to longrun, its member is gone", "l x; b a x", "l a", "x", 0,
       "x: stop: not in the new database\n"},
      {"told to restart, but gone", "l a", "l b", "a", "a restart", "a: stop: not in the new database\n"},
      {"what stands for it needs others", "l a", "l y; o a : y", "a", 0,
       "a: stop: its type has changed\ny: start: needed by a\na: start: it replaces a\n"},
      {"what depended on it stops", "l a; l b : a; l c : b", "l b; l c : b", "a b c", 0,
       "a: stop: not in the new database\nb: restart: it depends on a, which stops\n"
       "c: restart: it depends on b, which stops\n"},
      {"two become one's members", "l a; l b", "l x; b a x; b b x", "a *b", 0,
       "a: stop: it is a bundle in the new database\nb: stop: it is a bundle in the new database\n"
       "x: start: it replaces a\nwanted: x\n"},
  };
  check(cases, 0);
}

TEST(dependencies)
{
  static plancase const cases[] = {
      {"new one is down", "l a; l b", "l a; l b : a", "*b", 0,
       "b: restart: new dependency a is down\na: start: needed by b\nwanted: b\n"},
      {"new one is new", "l b", "l a; l b : a", "b", 0,
       "b: restart: new dependency a is down\na: start: needed by b\n"},
      {"new one, two steps away", "l b", "l a; l m : a; l b : m", "b", 0,
       "b: restart: new dependency m is down\na: start: needed by m\nm: start: needed by b\n"},
      {"told to restart", "l a; l b", "l a; l b", "a b", "a restart",
       "a: restart: the conversion file says so\n"},
      {"it restarts", "l a; l b : a", "l a; l b : a", "a b", "a restart",
       "a: restart: the conversion file says so\nb: restart: it depends on a, which stops\n"},
      {"a new one restarts", "l a; l b", "l a; l b : a", "a b", "a restart",
       "a: restart: the conversion file says so\nb: restart: dependency a restarts\n"},
      {"an old one restarts", "l a; l b : a", "l a; l b", "a b", "a restart",
       "a: restart: the conversion file says so\nb: restart: it depends on a, which stops\n"},
      {"chain", "l a; l b : a; o c : b; l d : c", "l a; l b : a; o c : b; l d : c", "a b c *d", "b restart",
       "b: restart: the conversion file says so\nd: restart: it depends on c, which stops\n"
       "c: restart: it depends on b, which stops\nwanted: d\n"},
      {"chain that ends with what is down", "l a; l b : a; l c : b", "l a; l b : a; l c : b", "a b",
       "a restart", "a: restart: the conversion file says so\nb: restart: it depends on a, which stops\n"},
      {"chain of new ones", "l a; l b; l c", "l x; l a : x; l b : a; l c : b", "a b c", 0,
       "a: restart: new dependency x is down\nb: restart: dependency a restarts\n"
       "c: restart: dependency b restarts\nx: start: needed by a\n"},
      {"diamond", "l a; l b; l c; l d", "l x; l a : x; l b : a; l c : a; l d : b c; l e", "a b d", 0, 0},
      {"first oneshot-like dependency, its runner is down", "o s", "o s", "-s6rc-oneshot-runner s", 0, 0},
      {"dependency renamed and restarted", "l a; l b : a", "l x; l b : x", "a b", "a -> x restart",
       "a: restart: the conversion file says so\na: rename: now x\nb: restart: it depends on a, which "
       "stops\n"},
      {"dependency of another type now", "l a; l b : a", "o a; l b : a", "a b", 0, 0},
  };
  plancase rest[sizeof cases / sizeof *cases];
  memcpy(rest, cases, sizeof cases);
  rest[10].plan = "a: restart: new dependency x is down\nb: restart: dependency a restarts\n"
                  "d: restart: new dependency c is down\nx: start: needed by a\nc: start: needed by d\n";
  rest[11].plan =
      "s: restart: new dependency s6rc-oneshot-runner is down\ns6rc-oneshot-runner: start: needed by s\n";
  rest[13].plan =
      "a: stop: its type has changed\nb: restart: new dependency a is down\na: start: it replaces a\n";
  check(rest, 0);
}

TEST(essential_held)
{
  static plancase const cases[] = {
      {"identical", "l a !", "l a !", "*a", 0, "wanted: a\n"},
      {"told to restart", "l a !", "l a !", "a", "a restart",
       "a: essential, left running: the conversion file says so\n"},
      {"not any more", "l a !", "l a", "a", "a restart", 0},
      {"only now", "l a", "l a !", "a", "a restart", "a: restart: the conversion file says so\n"},
      {"new dependency is down", "l a !", "l a ! : b; l b", "a", 0,
       "a: essential, left running: new dependency b is down\nb: start: needed by a\n"},
      {"new dependency restarts", "l a !; l b", "l a ! : b; l b", "a b", "b restart",
       "a: essential, left running: dependency b restarts\nb: restart: the conversion file says so\n"},
      {"what it needs is told to restart", "l a; l b ! : a", "l a; l b ! : a", "a b", "a restart",
       "a: essential, left running: the conversion file says so\n"},
      {"what needs it restarts", "l a !; l b : a", "l a !; l b : a; l c", "a b", "b restart",
       "b: restart: the conversion file says so\n"},
      {"down", "l a !", "l b", "", 0, ""},
      {"gone", "l a !", "l b", "a", 0, "a: essential, left running: not in the new database\nrefused: a\n"},
      {"other type", "l a !", "o a", "a", 0, 0},
      {"bundle", "l a !", "l x; b a x", "a", 0, 0},
      {"renamed", "l a !", "l b !", "a", "a -> b", "a: rename: now b\n"},
      {"what it needs is gone", "l a; l b ! : a", "l b !", "a b", 0, 0},
  };
  plancase rest[sizeof cases / sizeof *cases];
  memcpy(rest, cases, sizeof cases);
  rest[2].plan = "a: essential, left running: the conversion file says so\n";
  rest[10].plan = "a: essential, left running: its type has changed\na: start: it replaces a\nrefused: a\n";
  rest[11].plan = "a: essential, left running: it is a bundle in the new database\nx: start: it replaces a\n"
                  "refused: a\n";
  rest[13].plan = "a: essential, left running: not in the new database\nrefused: a\n";
  check(rest, 0);
}

TEST(essential_forced)
{
  static plancase const cases[] = {
      {"told to restart", "l a !; l b : a", "l a !; l b : a", "a b", "a restart",
       "a: restart: the conversion file says so\nb: restart: it depends on a, which stops\n"},
      {"new dependency", "l a !", "l a ! : b; l b", "a", 0,
       "a: restart: new dependency b is down\nb: start: needed by a\n"},
      {"gone", "l a !", "l b", "a", 0, "a: stop: not in the new database\n"},
      {"other type", "l a !", "o a", "a", 0, "a: stop: its type has changed\na: start: it replaces a\n"},
      {"what it needs is gone", "l a; l b ! : a", "l b !", "a b", 0,
       "a: stop: not in the new database\nb: restart: it depends on a, which stops\n"},
  };
  check(cases, 1);
}

TEST(pipelines)
{
  static plancase const cases[] = {
      {"identical", "l p > c; l c", "l p > c; l c", "p c", 0, ""},
      {"another producer", "l p > c; l c", "l p > c; l q > c; l c", "p c", 0, ""},
      {"producer renamed", "l p > c; l c", "l q > c; l c", "p c", "p -> q", "p: rename: now q\n"},
      {"consumer renamed", "l p > c; l c", "l p > d; l d", "p c", "c -> d",
       "c: rename: now d\nc: rename pipe: now d\n"},
      {"consumer renamed, all down", "l p > c; l c", "l p > d; l d", "", "c -> d",
       "c: rename: now d\nc: rename pipe: now d\n"},
      {"consumers swapped", "l p > c; l c; l q > d; l d", "l p > d; l c; l q > c; l d", "p c q d",
       "c -> d\nd -> c",
       "c: rename: now d\nd: rename: now c\nc: rename pipe: now d\nd: rename pipe: now c\n"},
      {"producer goes to the other consumer", "l p > c; l q > d; l c; l d", "l p > d; l q > c; l c; l d",
       "p q c d", 0, ""},
      {"a second consumer", "l p > c; l c; l q; l d", "l p > c; l c; l q > d; l d", "p c q d", 0,
       "d: create pipe: it is a consumer in the new database\n"},
      {"consumer changes", "l p > c; l c; l d", "l p > d; l c; l d", "p c d", 0,
       "c: delete pipe: it is no consumer in the new database\n"
       "d: create pipe: it is a consumer in the new database\n"},
      {"consumer changes to one that is down", "l p > c; l c; l d", "l p > d; l c; l d", "p c", 0,
       "p: restart: new dependency d is down\nd: start: needed by p\n"
       "c: delete pipe: it is no consumer in the new database\n"
       "d: create pipe: it is a consumer in the new database\n"},
      {"consumer has a new name, and its old one is another consumer's", "l p > c; l c; l q",
       "l p > d; l d; l q > c; l c", "p c q", "c -> d",
       "c: rename: now d\nq: restart: new dependency c is down\nc: start: needed by q\n"
       "c: rename pipe: now d\nc: create pipe: it is a consumer in the new database\n"},
      {"new service in between", "l p > c; l c", "l p > f; l f > c; l c", "p c", 0,
       "p: restart: new dependency f is down\nf: start: needed by p\n"
       "f: create pipe: it is a consumer in the new database\n"},
      {"pipeline gone", "l p > c; l c; l a", "l a", "p c a", 0,
       "p: stop: not in the new database\nc: stop: not in the new database\n"
       "c: delete pipe: it is no consumer in the new database\n"},
      {"the first pipeline, fd-holder down", "l p; l c", "l p > c; l c", "-s6rc-fdholder p c", 0,
       "p: restart: new dependency s6rc-fdholder is down\nc: restart: new dependency s6rc-fdholder is down\n"
       "s6rc-fdholder: start: needed by c\nc: create pipe: it is a consumer in the new database\n"},
      {"consumer restarts", "l p > c; l c", "l p > c; l c", "p c", "c restart",
       "p: restart: it depends on c, which stops\nc: restart: the conversion file says so\n"},
      {"producer restarts", "l p > c; l c", "l p > c; l c", "p c", "p restart",
       "p: restart: the conversion file says so\n"},
      {"producer gone", "l p > c; l c", "l c", "p c", 0,
       "p: stop: not in the new database\nc: delete pipe: it is no consumer in the new database\n"},
      {"consumer becomes a oneshot", "l p > c; l c", "l p; o c", "p c", 0,
       "p: restart: it depends on c, which stops\nc: stop: its type has changed\nc: start: it replaces c\n"
       "c: delete pipe: it is no consumer in the new database\n"},
  };
  check(cases, 0);
}

/* Whose old name nobody else's pipe gets: only those may be dropped. */
TEST(names_of_pipes)
{
  char dir[256];
  unsigned char state[DBTEXT_MAX];
  s6rc_db olddb, newdb;
  update_conversions conv = UPDATE_CONVERSIONS_ZERO;
  update_plan plan;
  s6rc_service sv;
  static char const *const free_names[] = {"c1", "c4"};
  size_t n = 0;
  snprintf(dir, sizeof dir, "%s/old", test_dir());
  dbtext_open(&olddb, dir, "l p > c1; l c1; l q > c2; l c2; l r > c3; l c3; l s > c4; l c4");
  snprintf(dir, sizeof dir, "%s/new", test_dir());
  /* c1 -> c2 -> c3, which is none any more, nor c4, whose name another one gets */
  dbtext_open(&newdb, dir, "l p > c2; l c2; l q > c3; l c3; l s > c4; l c4; l x; l y");
  read_state(state, &olddb, "");
  CHECK(update_conversions_read(&conv, "c1 -> c2\nc2 -> c3\nc3 -> x\nc4 -> y", &olddb, &newdb));
  CHECK_INT(genalloc_len(update_mistake, &conv.mistakes), 0);
  CHECK(update_plan_make(&plan, &olddb, &newdb, state, &conv, 0));
  for (uint32_t k = 0; k < plan.npipes; k++) {
    if (plan.pipes[k].from == S6RC_NONE || !plan.pipes[k].name_free) continue;
    CHECK(s6rc_db_service(&olddb, plan.pipes[k].from, &sv));
    CHECK(n < sizeof free_names / sizeof *free_names);
    CHECK_STR(sv.name, free_names[n++]);
  }
  CHECK_INT(n, sizeof free_names / sizeof *free_names);
  update_plan_free(&plan);
  update_conversions_free(&conv);
  s6rc_db_close(&olddb);
  s6rc_db_close(&newdb);
}
