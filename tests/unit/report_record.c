/* ISC license. */

/* What became of a transition, in words. */

#include <s6-rc/types.h>

#include "report/report-record.h"

#include "test.h"

static char const *words_of(s6rc_record const *r, int killed, char const *culprit)
{
  static stralloc sa = STRALLOC_ZERO;
  sa.len = 0;
  CHECK(report_record(&sa, r, killed, culprit));
  CHECK(stralloc_0(&sa));
  return sa.s;
}

static char const *up(s6rc_result result, uint32_t value)
{
  s6rc_record const r = {.direction = S6RC_RECORD_UP, .result = result, .value = value};
  return words_of(&r, 0, 0);
}

static char const *down(s6rc_result result, uint32_t value)
{
  s6rc_record const r = {.direction = S6RC_RECORD_DOWN, .result = result, .value = value};
  return words_of(&r, 0, 0);
}

TEST(nothing)
{
  s6rc_record const r = {.direction = S6RC_RECORD_NONE};
  CHECK_STR(words_of(&r, 0, 0), "");
}

TEST(done)
{
  s6rc_record r = {.direction = S6RC_RECORD_UP,
                   .result = S6RC_RESULT_DONE,
                   .monobegin = 1000000,
                   .monoend = 4700000000};
  CHECK_STR(words_of(&r, 0, 0), "up after 4699 ms");
  r.direction = S6RC_RECORD_DOWN;
  CHECK_STR(words_of(&r, 0, 0), "down after 4699 ms");
}

TEST(under_way)
{
  s6rc_record const r = {.direction = S6RC_RECORD_UP, .result = S6RC_RESULT_UNDERWAY};
  CHECK_STR(up(S6RC_RESULT_UNDERWAY, 0), "starting");
  CHECK_STR(down(S6RC_RESULT_UNDERWAY, 0), "stopping");
  CHECK_STR(words_of(&r, 1, 0), "starting when s6-rc was killed");
  CHECK_STR(up(S6RC_RESULT_LEFT, S6RC_RUNEND_TIMEDOUT), "starting when the time of s6-rc was up (-t)");
  CHECK_STR(down(S6RC_RESULT_LEFT, S6RC_RUNEND_SYSTEM), "stopping when s6-rc had trouble");
}

TEST(not_attempted)
{
  s6rc_record r = {.direction = S6RC_RECORD_UP, .result = S6RC_RESULT_BLOCKED, .value = 3};
  CHECK_STR(words_of(&r, 0, "db"), "not started because of db");
  CHECK_STR(words_of(&r, 0, 0), "not started because of a service that is gone");
  r.direction = S6RC_RECORD_DOWN;
  CHECK_STR(words_of(&r, 0, "db"), "not stopped because of db");
  CHECK_STR(up(S6RC_RESULT_SKIPPED, S6RC_RUNEND_INTERRUPTED), "not started: s6-rc was interrupted");
  CHECK_STR(down(S6RC_RESULT_SKIPPED, S6RC_RUNEND_TIMEDOUT), "not stopped: the time of s6-rc was up (-t)");
}

TEST(failed)
{
  CHECK_STR(up(S6RC_RESULT_EXITED, 3), "failed to start: its script exited with code 3");
  CHECK_STR(down(S6RC_RESULT_SIGNALED, SIGKILL), "failed to stop: its script was killed by SIGKILL");
  CHECK_STR(up(S6RC_RESULT_TIMEDOUT, UINT32_MAX),
            "failed to start: timed out after 4294967295 ms (its timeout-up)");
  CHECK_STR(down(S6RC_RESULT_TIMEDOUT, 1), "failed to stop: timed out after 1 ms (its timeout-down)");
  CHECK_STR(up(S6RC_RESULT_NOEXEC, ENOENT),
            "failed to start: unable to execute it: No such file or directory");
  CHECK_STR(up(S6RC_RESULT_INTERPRETER, EACCES),
            "failed to start: unable to execute the interpreter of its run script: Permission denied");
  CHECK_STR(up(S6RC_RESULT_COMMAND, 111), "failed to start: s6-svc exited with code 111");
  CHECK_STR(up(S6RC_RESULT_COMMAND, 256 + SIGSEGV), "failed to start: s6-svc was killed by SIGSEGV");
  CHECK_STR(up(S6RC_RESULT_RUNNER, 0), "failed to start: trouble with the oneshot runner");
  CHECK_STR(up(S6RC_RESULT_SYSTEM, ENOSPC),
            "failed to start: trouble with the system: No space left on device");
}

/* What is in a file need not be a number that means something. */
TEST(odd_values)
{
  char wanted[256];
  snprintf(wanted, sizeof wanted, "failed to start: unable to execute it: %s", strerror(12345));
  CHECK_STR(up(S6RC_RESULT_NOEXEC, 12345), wanted);
  snprintf(wanted, sizeof wanted, "failed to stop: trouble with the system: %s", strerror(-1));
  CHECK_STR(down(S6RC_RESULT_SYSTEM, UINT32_MAX), wanted);
  CHECK_STR(up(S6RC_RESULT_COMMAND, (uint32_t)INT32_MIN), "failed to start: s6-svc was killed by SIG???");
  CHECK_STR(up(S6RC_RESULT_SIGNALED, UINT32_MAX), "failed to start: its script was killed by SIG???");
}

/* There are words for every result, in both directions, and a name. */
TEST(all_results)
{
  for (uint32_t i = 0; i < S6RC_NRESULTS; i++) {
    CHECK(*up((s6rc_result)i, 1));
    CHECK(*down((s6rc_result)i, 1));
    CHECK(s6rc_result_names[i] && *s6rc_result_names[i]);
    size_t len = strlen(up((s6rc_result)i, 1));
    CHECK(strcmp(up((s6rc_result)i, 1) + len - 2, ": "));
    for (uint32_t k = 0; k < i; k++) CHECK(strcmp(s6rc_result_names[i], s6rc_result_names[k]));
  }
}

TEST(durations)
{
  s6rc_record r = {.direction = S6RC_RECORD_UP, .monobegin = 5000000, .monoend = 0};
  CHECK_INT(report_took(&r, 8999999), 3);
  r.monoend = 7000000;
  CHECK_INT(report_took(&r, 8999999), 2);
  r.monoend = 4000000; /* cannot be */
  CHECK_INT(report_took(&r, 0), 0);
  r.monobegin = 0;
  r.monoend = 4000000;
  CHECK_INT(report_took(&r, 0), 0);
}
