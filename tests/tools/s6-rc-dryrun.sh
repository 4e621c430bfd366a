#!/bin/sh
# ISC license.
# s6-rc-dryrun: what it prints, how it ends.
. "$(dirname "$0")/../lib/test.sh"

test_prints_the_command() {
  assert_output 's6-rc-dryrun: s6-svc -u -- a  b' s6-rc-dryrun -t 0 s6-svc -u -- 'a  b'
  assert_eq "$STDERR" ''
  assert_output 's6-rc-dryrun: -v' s6-rc-dryrun -t0 -- -v
  assert_output 's6-rc-dryrun: ' s6-rc-dryrun -t0 ''
  assert_output 's6-rc-dryrun: x' s6-rc-dryrun -v 3 -t 1 x
}

test_verbosity_0_prints_nothing() {
  assert_output '' s6-rc-dryrun -v0 -t0 x
  assert_eq "$STDERR" ''
}

test_long_options() {
  assert_output 's6-rc-dryrun: x' s6-rc-dryrun --verbosity=1 --timeout=0 x
  assert_output '' s6-rc-dryrun --verbosity 0 --timeout 0 x
  assert_exit 0 s6-rc-dryrun --help
  assert_contains "$STDOUT" 'usage: s6-rc-dryrun [ -v verbosity ] [ -t timeout ] cmd...'
}

# A long command line is one line, whole.
test_long_commands() {
  # shellcheck disable=SC2046
  set -- $(awk 'BEGIN { for (i = 0; i < 20000; i++) print i }')
  assert_output "s6-rc-dryrun: $*" s6-rc-dryrun -t 0 "$@"
}

# It is printed before the sleep; the default is to sleep.
test_sleeps() {
  s6-rc-dryrun -t 600000 x >out &
  wait_for 10 test -s out
  kill "$!"
  # for a second: another one has begun then
  seconds() { cut -d. -f1 /proc/uptime; }
  began=$(seconds)
  s6-rc-dryrun x >out2
  [ "$(seconds)" != "$began" ] || fail 'it did not sleep'
  assert_file out 's6-rc-dryrun: x'
  assert_file out2 's6-rc-dryrun: x'
}

test_usage() {
  assert_exit 100 s6-rc-dryrun
  assert_contains "$STDERR" 's6-rc-dryrun: fatal: a command is missing'
  assert_exit 100 s6-rc-dryrun -t
  assert_exit 100 s6-rc-dryrun -t x cmd
  assert_exit 100 s6-rc-dryrun -v -1 cmd
  assert_exit 100 s6-rc-dryrun -x cmd
  assert_contains "$STDERR" 's6-rc-dryrun: usage: s6-rc-dryrun '
  assert_eq "$STDOUT" ''
}

to_full() { s6-rc-dryrun -t 0 x >/dev/full; }

test_output_that_cannot_be_written() {
  assert_exit 111 to_full
  assert_contains "$STDERR" 'No space left on device'
}

run_tests "$@"
