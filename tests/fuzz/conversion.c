/* ISC license. */

/* The conversion file of s6-rc-update, and the plan that it leads to. The
   first two bytes are a bit for each old service that is up. */

#include "fuzz.h"

#include <skalibs/skamisc.h>
#include <skalibs/stralloc.h>

#include <s6-rc/db.h>
#include <s6-rc/types.h>

#include "update/update.h"

#include "../unit/dbtext.h"

static char const olds[] = "l a; l b : a; l c; l log; l in > log; l restart; l ->; o s : a; o t : s c; "
                           "l keep ! : c; b both a b";
static char const news[] =
    "l a; l x; l b : a x; l c : x; l log; l in > log; l more > log; l restart; o y : a; "
    "o s : y; o keep; b all a b x; b c-s s";

/* Writes down what was read, a line for each service that was mentioned. */
static void write_again(stralloc *sa, update_conversions const *c, s6rc_db const *olddb)
{
  for (uint32_t i = 0; i < s6rc_db_n(olddb); i++) {
    update_conversion const *conv = c->by_old + i;
    s6rc_service sv;
    CHECK(s6rc_db_service(olddb, i, &sv));
    if (!conv->line) continue;
    CHECK(string_quote(sa, sv.name, sv.namelen));
    if (conv->newlen)
      CHECK(stralloc_cats(sa, " -> ") && string_quote(sa, c->words.s + conv->newname, conv->newlen));
    CHECK(stralloc_cats(sa, conv->restart ? " restart\n" : "\n"));
  }
  CHECK(stralloc_0(sa));
}

static void check_same(update_conversions const *c, s6rc_db const *olddb, s6rc_db const *newdb)
{
  update_conversions again = UPDATE_CONVERSIONS_ZERO;
  stralloc text = STRALLOC_ZERO, twice = STRALLOC_ZERO;
  write_again(&text, c, olddb);
  CHECK(update_conversions_read(&again, text.s, olddb, newdb));
  CHECK(!again.mistakes.len);
  write_again(&twice, &again, olddb);
  CHECK(!strcmp(text.s, twice.s));
  update_conversions_free(&again);
  stralloc_free(&text);
  stralloc_free(&twice);
}

static void check_plan(update_conversions const *c, s6rc_db const *olddb, s6rc_db const *newdb,
                       unsigned int up)
{
  unsigned char state[DBTEXT_MAX];
  for (uint32_t i = 0; i < s6rc_db_n(olddb); i++)
    state[i] = i < S6RC_NGENERATED || up >> (i - S6RC_NGENERATED) & 1 ? S6RC_STATE_UP : 0;
  for (int force = 0; force < 2; force++) {
    update_plan plan = UPDATE_PLAN_ZERO;
    stralloc text = STRALLOC_ZERO;
    CHECK(update_plan_make(&plan, olddb, newdb, state, c, force));
    for (uint32_t i = 0; i < plan.nold; i++)
      if (plan.olds[i].to != S6RC_NONE) CHECK(plan.news[plan.olds[i].to].from == i);
    CHECK(update_plan_print(&text, &plan, olddb, newdb));
    fuzz_touch(text.s, text.len);
    stralloc_free(&text);
    update_plan_free(&plan);
  }
}

int LLVMFuzzerTestOneInput(uint8_t const *s, size_t len)
{
  static s6rc_db olddb = S6RC_DB_ZERO, newdb;
  fuzz_input in = {s, len};
  unsigned int up = fuzz_word(&in);
  update_conversions c = UPDATE_CONVERSIONS_ZERO;
  update_mistake const *m;
  char *text = malloc(in.len + 1);
  CHECK(text);
  if (!olddb.map) {
    dbtext_open(&olddb, fuzz_path("old"), olds);
    dbtext_open(&newdb, fuzz_path("new"), news);
  }
  memcpy(text, in.s, in.len);
  text[in.len] = 0;
  CHECK(update_conversions_read(&c, text, &olddb, &newdb));
  m = genalloc_s(update_mistake, &c.mistakes);
  for (size_t i = 0; i < genalloc_len(update_mistake, &c.mistakes); i++) {
    CHECK(m[i].line && m[i].text < c.texts.len);
    fuzz_touch(c.texts.s + m[i].text, strlen(c.texts.s + m[i].text));
  }
  if (!c.mistakes.len) {
    check_same(&c, &olddb, &newdb);
    check_plan(&c, &olddb, &newdb, up);
  }
  update_conversions_free(&c);
  free(text);
  return 0;
}
