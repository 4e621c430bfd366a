#!/bin/sh
# ISC license.
# The test runner itself: what fails is said to fail, what is left behind is
# found, what hangs is stopped.
. "$(dirname "$0")/../lib/test.sh"

# A tests directory with one more file, whose functions are on stdin, indented
# by two blanks so that they are not taken for this file's own.
suite() { # DIR/FILE
  mkdir -p "tests/${1%/*}"
  ln -sfn "$S6RC_TOP/tests/lib" tests/lib
  {
    # shellcheck disable=SC2016
    echo '. "$S6RC_TOP/tests/lib/test.sh"'
    sed 's/^  //'
    # shellcheck disable=SC2016
    echo 'run_tests "$@"'
  } >"tests/$1.sh"
}

run() { "$S6RC_TOP/tests/run" -d "$T/tests" "$@"; }

# Does a process of the suite still run `sleep NUMBER`? (Somebody else may run
# these tests, too.)
sleeps() { # NUMBER
  processes_of "${S6RC_TEST_ID##*,}" "$S6RC_SCRATCH" | describe_processes | grep -q "[s]leep $1"
}

test_outcomes() {
  suite a/file <<'END'
  test_passes() { true; }
  test_fails_in_the_middle() { echo before; false; echo after; }
  test_unset_variable() { echo "$no_such_variable"; }
  test_claim() { assert_eq 1 2; }
  test_skipped() { skip 'no reason'; fail 'not reached'; }
  test_exits() { exit 3; }
END
  assert_exit 1 run
  assert_contains "$STDOUT" 'not ok a/file/fails_in_the_middle
# before
# exit code 1'
  assert_contains "$STDOUT" 'not ok a/file/unset_variable'
  assert_contains "$STDOUT" 'not ok a/file/claim
# not equal:
#   got:    1
#   wanted: 2'
  assert_contains "$STDOUT" 'skipped a/file/skipped: no reason'
  assert_contains "$STDOUT" 'not ok a/file/exits
# exit code 3'
  assert_eq "$(printf '%s\n' "$STDOUT" | tail -n 1)" '1 passed, 4 failed'
}

test_all_pass() {
  suite a/file <<'END'
  test_one() { [ "$(pwd)" = "$T" ]; [ -z "$(ls -A)" ]; echo >file; }
  test_two() { [ -z "$(ls -A)" ]; }
END
  assert_exit 0 run
  assert_eq "$(printf '%s\n' "$STDOUT" | tail -n 1)" '2 passed, 0 failed'
}

test_filters() {
  suite a/one <<'END'
  test_x() { true; }
  test_y() { true; }
END
  suite b/two <<'END'
  test_z() { true; }
END
  assert_output 'b/two' run -l b
  assert_output 'a/one
b/two' run -l
  assert_exit 0 run a/one/y
  assert_contains "$STDOUT" '1 passed, 0 failed'
  assert_exit 0 run 'a/*' b
  assert_contains "$STDOUT" '3 passed, 0 failed'
  assert_exit 1 run a/one/none
  assert_contains "$STDOUT" 'not ok a/one/none'
  assert_exit 100 run none
}

# What takes minutes runs where it is asked for.
test_hard() {
  suite a/one <<'END'
  test_x() { true; }
END
  suite hard/two <<'END'
  test_y() { true; }
END
  assert_output a/one run -l
  assert_output hard/two run -l hard
  assert_output 'hard/two
a/one' run -l -a
}

test_file_that_is_none() {
  suite a/broken <<'END'
  test_x() { true; }
  if
END
  suite a/empty </dev/null
  assert_exit 1 run
  assert_contains "$STDOUT" 'not ok a/broken: ran no test, exit code 2'
  assert_contains "$STDOUT" 'not ok a/empty: ran no test'
  assert_contains "$STDOUT" '0 passed, 2 failed'
}

# By its environment, and by its working directory where it has dropped that.
test_process_left_behind() {
  suite a/file <<'END'
  test_environment() { (cd / && exec setsid sleep 4001 >/dev/null 2>&1) & }
  test_directory() { env -i setsid sleep 4002 >/dev/null 2>&1 & }
END
  assert_exit 1 run
  assert_contains "$STDOUT" 'not ok a/file: left processes behind'
  assert_contains "$STDOUT" 'sleep 4001'
  assert_contains "$STDOUT" 'sleep 4002'
  assert_contains "$STDOUT" '2 passed, 1 failed'
  assert_exit 1 sleeps '400[12]'
}

test_file_left_behind() {
  suite a/file <<'END'
  test_x() { mkdir "$TMPDIR/d"; echo >"$TMPDIR/d/left"; }
END
  assert_exit 1 run
  assert_contains "$STDOUT" 'not ok a/file: left files behind'
  assert_contains "$STDOUT" './d/left'
}

test_time_limit() {
  suite a/file <<'END'
  test_fast() { true; }
  test_hangs() {
    # one that does not care, in a session of its own
    setsid sh -c 'trap "" TERM; sleep 4003; sleep 4003' &
    echo 'came this far'
    sleep 4003
  }
  test_never() { true; }
END
  assert_exit 1 run -t 8
  assert_contains "$STDOUT" 'not ok a/file: stopped after 8 s'
  assert_contains "$STDOUT" 'not ok a/file/hangs
# came this far'
  assert_lacks "$STDOUT" never
  assert_contains "$STDOUT" '1 passed, 2 failed'
  assert_exit 1 sleeps 4003
}

test_interrupted() {
  suite a/file <<'END'
  test_hangs() { echo >"$MARK"; sleep 4004; }
END
  MARK=$T/mark
  export MARK
  "$S6RC_TOP/tests/run" -d "$T/tests" >/dev/null 2>&1 &
  runner=$!
  wait_for 30 test -e mark
  kill -TERM $runner
  code=0
  wait $runner || code=$?
  assert_eq $code 1 'exit code'
  assert_exit 1 sleeps 4004
}

# What a file has said before that is not taken for all of it.
test_runner_that_dies() {
  suite a/file <<'END'
  test_x() { true; }
  # the file is run by timeout, and that by the runner
  test_y() { kill -KILL "$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$PPID/status")"; }
END
  assert_exit 1 run
  assert_contains "$STDOUT" 'not ok a/file: the runner did not come to its end'
  assert_lacks "$STDOUT" ' 0 failed'
  # nobody sweeps after it
  no_file_runs() { ! processes_of "${S6RC_TEST_ID##*,}" "$S6RC_SCRATCH" | describe_processes | grep -q '[a]/file.sh'; }
  wait_for 30 no_file_runs
  rm -rf "$S6RC_SCRATCH"/s6rc-*
}

# A supervision tree of a test ends with it, also when the test fails.
test_supervision_tree() {
  suite a/file <<'END'
  service() {
    start_scan
    mkdir "$T/svc"
    printf '#!/bin/sh\n%s\nexec sleep 4005\n' "${1:-}" >"$T/svc/run"
    chmod +x "$T/svc/run"
    ln -s "$T/svc" "$SCAN/svc"
    s6-svscanctl -a "$SCAN"
    wait_for 10 up
  }
  up() { [ "$(s6-svstat -o up "$T/svc")" = true ]; }
  test_passes() { service; }
  test_fails() { service; false; }
  test_is_stopped_by_the_test() {
    service
    stop_scan
    processes_of "${S6RC_TEST_ID##*,}" "$T" | describe_processes >left
    assert_exit 1 grep 'sleep 4005' left
  }
  test_does_not_care() { service 'trap "" TERM'; kill_scan; }
END
  assert_exit 1 run
  assert_contains "$STDOUT" 'not ok a/file/fails'
  assert_contains "$STDOUT" '3 passed, 1 failed'
  assert_exit 1 sleeps 4005
}

test_unit_programs() {
  need cc
  mkdir -p tests/unit build/build/unit
  cat >tests/unit/demo.c <<'END'
#include "test.h"
TEST(passes) { CHECK(1); }
TEST(cond) { CHECK(0 == 1); }
TEST(integer) { CHECK_INT(3, 4); }
TEST(string) { CHECK_STR("a", "b"); }
TEST(null) { CHECK_STR((char const *)0, "b"); }
TEST(memory) { CHECK_MEM("abc", "abd", 3); }
TEST(error) { errno = ENOENT; CHECK_ERRNO(EPERM); }
TEST(crashes) { test_dir(); raise(SIGSEGV); }
TEST(exits) { _exit(9); }
TEST(text) { FAIL("some text"); }
END
  cc -std=c11 -D_POSIX_C_SOURCE=200809L -I"$S6RC_TOP/tests/unit" -o build/build/unit/demo tests/unit/demo.c
  echo '#include "test.h"' >tests/unit/unbuilt.c
  S6RC_BUILD=$T/build assert_exit 1 run
  assert_contains "$STDOUT" 'not ok unit/demo/cond: tests/unit/demo.c:3: 0 == 1'
  assert_contains "$STDOUT" 'not ok unit/demo/integer: tests/unit/demo.c:4: 3 is 3, not 4'
  assert_contains "$STDOUT" 'is "a", not "b"'
  assert_contains "$STDOUT" 'is null'
  assert_contains "$STDOUT" 'byte 2 is 0x63, not 0x64'
  assert_contains "$STDOUT" 'not EPERM'
  assert_contains "$STDOUT" 'not ok unit/demo/crashes: killed by signal 11'
  assert_contains "$STDOUT" 'not ok unit/demo/exits: exit code 9'
  assert_contains "$STDOUT" 'some text'
  assert_contains "$STDOUT" 'not ok unit/unbuilt: ran no test'
  assert_contains "$STDOUT" '1 passed, 10 failed'
  S6RC_BUILD=$T/build assert_exit 0 run unit/demo/passes
}

test_helpers_for_sources() {
  longrun a timeout-up=5 'run=#!/bin/sh
exec true' env/X=1
  oneshot b up='echo hi' flag-essential=
  bundle c a b flag-essential=
  depends a b
  assert_file src/a/type longrun
  assert_file src/a/run '#!/bin/sh
exec true'
  assert_file src/a/env/X 1
  assert_file src/a/dependencies.d/b ''
  assert_file src/b/up 'echo hi'
  [ ! -s src/b/flag-essential ]
  assert_eq "$(ls src/c/contents.d)" 'a
b'
  assert_file src/c/flag-essential ''
}

run_tests "$@"
