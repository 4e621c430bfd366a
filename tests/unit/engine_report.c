/* ISC license. */

/* The words for how a transition failed. */

#include <skalibs/stralloc.h>

#include "report/report.h"

#include "test.h"

static char const *words(s6rc_type type, s6rc_dir dir, engine_failure failure, int value, char const *detail)
{
  static stralloc sa = STRALLOC_ZERO;
  engine_job job = {
      .name = "x", .type = type, .timeout = 1, .failure = failure, .value = value, .detail = (char *)detail};
  sa.len = 0;
  CHECK(report_failure(&sa, &job, dir));
  CHECK(stralloc_0(&sa));
  return sa.s;
}

#define LONGRUN(...) words(S6RC_LONGRUN, S6RC_UP, __VA_ARGS__)
#define ONESHOT(...) words(S6RC_ONESHOT, S6RC_UP, __VA_ARGS__)

TEST(scripts)
{
  CHECK_STR(ONESHOT(ENGINE_FAIL_EXITED, 1, 0), "its script exited with code 1");
  CHECK_STR(ONESHOT(ENGINE_FAIL_EXITED, 255, 0), "its script exited with code 255");
  CHECK_STR(ONESHOT(ENGINE_FAIL_SIGNALED, SIGKILL, 0), "its script was killed by SIGKILL");
  CHECK_STR(ONESHOT(ENGINE_FAIL_SIGNALED, SIGTERM, 0), "its script was killed by SIGTERM");
  CHECK_STR(ONESHOT(ENGINE_FAIL_NOEXEC, ENOENT, "prog"), "unable to execute prog: No such file or directory");
  CHECK_STR(ONESHOT(ENGINE_FAIL_NOEXEC, EACCES, "prog"), "unable to execute prog: Permission denied");
  CHECK_STR(ONESHOT(ENGINE_FAIL_NOEXEC, ENOEXEC, 0), "unable to execute it: Exec format error");
}

TEST(run_files)
{
  CHECK_STR(LONGRUN(ENGINE_FAIL_NOEXEC, ENOENT, "run"), "unable to execute run: No such file or directory");
  CHECK_STR(LONGRUN(ENGINE_FAIL_NOEXEC, ENOEXEC, "run.user"),
            "unable to execute run.user: Exec format error (its first line must be #! and an interpreter)");
  CHECK_STR(LONGRUN(ENGINE_FAIL_NOEXEC, EACCES, "run"),
            "unable to execute run: Permission denied (is the live directory on a file system that is "
            "mounted noexec?)");
  CHECK_STR(LONGRUN(ENGINE_FAIL_INTERPRETER, ENOENT, "/x"),
            "unable to execute the interpreter of its run script, /x: No such file or directory");
  CHECK_STR(LONGRUN(ENGINE_FAIL_INTERPRETER, ENOENT, "/x\r"),
            "unable to execute the interpreter of its run script, /x with a carriage return behind it: "
            "No such file or directory");
}

TEST(limits)
{
  CHECK_STR(words(S6RC_LONGRUN, S6RC_UP, ENGINE_FAIL_TIMEDOUT, 1500, 0),
            "timed out after 1500 ms (its timeout-up)");
  CHECK_STR(words(S6RC_ONESHOT, S6RC_DOWN, ENGINE_FAIL_TIMEDOUT, 1, 0),
            "timed out after 1 ms (its timeout-down)");
  /* the largest that a definition can have */
  CHECK_STR(words(S6RC_ONESHOT, S6RC_UP, ENGINE_FAIL_TIMEDOUT, (int)UINT32_MAX, 0),
            "timed out after 4294967295 ms (its timeout-up)");
}

TEST(supervisors)
{
  CHECK_STR(LONGRUN(ENGINE_FAIL_GIVENUP, 0, 0),
            "it gave up for good (its finish script exited with code 125)");
  CHECK_STR(LONGRUN(ENGINE_FAIL_UNWANTED, 0, 0),
            "its s6-supervise was told to bring it down (by hand, or because s6-svscan ends)");
  CHECK_STR(LONGRUN(ENGINE_FAIL_UNSUPERVISED, 0, 0),
            "no s6-supervise is running in its service directory (was s6-svscan stopped, or its "
            "link removed from the scan directory?)");
  CHECK_STR(LONGRUN(ENGINE_FAIL_COMMAND, 111, "s6-svc"), "s6-svc exited with code 111");
  CHECK_STR(LONGRUN(ENGINE_FAIL_COMMAND, 256 + SIGSEGV, "s6-svc"), "s6-svc was killed by SIGSEGV");
}

TEST(the_rest)
{
  CHECK_STR(LONGRUN(ENGINE_FAIL_INTERRUPTED, 0, 0), "interrupted by a signal");
  CHECK_STR(ONESHOT(ENGINE_FAIL_RUNNER, ECONNREFUSED, "connect to it"),
            "trouble with the oneshot runner: connect to it: Connection refused");
  CHECK_STR(ONESHOT(ENGINE_FAIL_RUNNER, 0, "it hung up"), "trouble with the oneshot runner: it hung up");
  CHECK_STR(LONGRUN(ENGINE_FAIL_SYSTEM, ENOSPC, "write live/state"),
            "unable to write live/state: No space left on device");
}

/* None is without words, and none needs its detail. */
TEST(all)
{
  for (int i = 0; i < ENGINE_NFAILURES; i++) {
    CHECK(*LONGRUN((engine_failure)i, 1, 0));
    CHECK(*words(S6RC_ONESHOT, S6RC_DOWN, (engine_failure)i, 1, 0));
  }
}
