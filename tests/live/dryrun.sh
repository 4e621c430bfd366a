#!/bin/sh
# ISC license.
# -n: every command is printed instead of run.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

services() {
  oneshot a up="$(says a)" down="$(says a-down)" reload="$(says a-reload)"
  longrun l run="$(run_script l)"
  oneshot b up="$(says b)"
  depends l a
  depends b l
}

# What was printed, without the path of programs.
printed() { printf '%s\n' "$STDOUT" | sed 's|: .*/\(s6-svc\)|: \1|; s|: .*/\(s6-rc-oneshot-run\)|: \1|'; }

test_up() {
  services
  start_live
  assert_exit 0 rc -n 0 change b
  assert_eq "$(printed)" "s6-rc-dryrun: s6-svc -u -- $LIVE/servicedirs/s6rc-oneshot-runner
s6-rc-dryrun: s6-rc-oneshot-run -l $LIVE up 3
s6-rc-dryrun: s6-svc -u -- $LIVE/servicedirs/l
s6-rc-dryrun: s6-rc-oneshot-run -l $LIVE up 4"
  assert_eq "$STDERR" ''
  assert_state '0 0 0 0 0'
  is_down l
  is_down s6rc-oneshot-runner
  assert_absent "$T/log"
  assert_file "$LIVE/servicedirs/l/down"
}

test_down() {
  services
  start_live
  rc change b
  wait_log 'l runs'
  before=$(state)
  assert_exit 0 rc -n 0 -d change a
  assert_eq "$(printed)" "s6-rc-dryrun: s6-rc-oneshot-run -l $LIVE down 4
s6-rc-dryrun: s6-svc -d -- $LIVE/servicedirs/l
s6-rc-dryrun: s6-rc-oneshot-run -l $LIVE down 3"
  assert_eq "$(state)" "$before"
  assert_not_logged 'l ends' a-down
  assert_absent "$LIVE/servicedirs/l/down"
}

test_prune() {
  services
  start_live
  rc change b
  assert_exit 0 rc --dry-run=0 -p change a
  assert_eq "$(printed)" "s6-rc-dryrun: s6-rc-oneshot-run -l $LIVE down 4
s6-rc-dryrun: s6-svc -d -- $LIVE/servicedirs/l"
  assert_state '1 0 1 1 3'
}

test_reload() {
  services
  start_live
  rc change b
  wait_log 'l runs'
  assert_exit 0 rc -n 0 reload a
  assert_eq "$(printed)" "s6-rc-dryrun: s6-rc-oneshot-run -l $LIVE reload 3"
  assert_exit 0 rc -n 0 reload l
  assert_contains "$(printed)" "$LIVE/servicedirs/l"
  assert_not_logged a-reload
}

test_silence() {
  services
  start_live
  assert_output '' rc -n 0 -v 0 change b
  assert_state '0 0 0 0 0'
}

# It needs no lock, and disturbs nobody.
test_while_something_changes() {
  oneshot slow up="$(held slow)"
  oneshot other
  start_live
  rc_begin change slow
  wait_log slow
  assert_exit 0 rc -n 0 change other slow
  assert_contains "$STDOUT" ' up 2'
  release slow
  rc_end 0
  assert_down other
}

test_throttle() {
  services
  start_live
  assert_exit 2 rc -n 60000 -t 300 change a
  assert_contains "$STDERR" 'timed out after 300 ms (-t)'
  assert_contains "$STDERR" '1 service still starting: s6rc-oneshot-runner'
  gone() { ! processes_of "$S6RC_TEST_ID" "$T" | describe_processes | grep -q '[s]6-rc-dryrun'; }
  gone
}

test_interrupted() {
  services
  start_live
  rc_begin -n 60000 change b
  wait_for 10 grep -q s6-rc-dryrun "$T/rc.out"
  kill -TERM "$rc_pid"
  rc_end 1
  assert_contains "$STDERR" 'interrupted by a signal'
}

test_errors_are_the_same() {
  services
  start_live
  assert_exit 3 rc -n 0 change nobody
  assert_exit 1 rc -n 0 reload a
  assert_exit 111 "$S6RC_BIN/s6-rc" -l "$T/nowhere" -n 0 change a
}

run_tests "$@"
