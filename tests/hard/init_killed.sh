#!/bin/sh
# ISC license.
# s6-rc-init is killed at any instant: what is there then, and what the next
# run makes of it. Killed before a call is killed after the one before it that
# changes something; exit_group comes after the last one.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/leftovers.sh"

# it cannot be traced itself
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS

check_killed_at() { # CALL N
  capture strace -o trace.killed -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" \
    "$S6RC_BIN/s6-rc-init" -c "$DB" -l "$LIVE" "$SCAN"
  if ! grep -q '^+++ killed by SIGKILL' trace.killed; then
    # the last calls depend on who is how fast
    [ "$status" = 0 ] || fail "not killed at $1 $2: exit code $status" "$STDERR"
    missed=$((missed + 1))
  fi
  capture live_init -t 20000
  [ "$status" = 0 ] || fail "killed at $1 $2, then exit code $status" "$STDERR"
  (assert_complete) || fail "after it was killed at $1 $2"
}

test_killed_at_every_call() {
  begin
  stops_of_run 4 3 >list
  [ "$(wc -l <list)" -gt 30 ] || fail 'too few calls found' "$(cat list)"
  missed=0
  while read -r call n; do
    check_killed_at "$call" "$n"
    take_away
  done <list
  [ $missed -lt 10 ] || fail "not killed $missed times"
}

# The same where it is killed again while it repairs, and again.
test_killed_several_times() {
  begin
  stops 2 .s6-svscan <trace | grep -E "^(rename|symlink|symlinkat|renameat|mkdir|mkdirat|unlinkat|write) " >list
  for round in 1 2 3; do
    while read -r call n; do
      capture strace -o trace.killed -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" \
        "$S6RC_BIN/s6-rc-init" -t 20000 -c "$DB" -l "$LIVE" "$SCAN"
    done <list
  done
  live_init -t 20000
  assert_complete
  assert_no_fifos
}

# Where nobody knows when. The wait is part of the test: it is another one each time.
test_killed_at_random() {
  begin
  for ms in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    "$S6RC_BIN/s6-rc-init" -c "$DB" -l "$LIVE" "$SCAN" 2>err &
    pid=$!
    sleep "0.0$(printf %02d $ms)"
    kill -9 $pid 2>/dev/null || :
    wait $pid || :
    live_init -t 20000
    assert_complete
    [ $((ms % 5)) != 0 ] || assert_no_fifos
    take_away
  done
}

scan_pid() {
  # shellcheck disable=SC2012
  ls -l /proc/[0-9]*/cwd 2>/dev/null | awk -v to=" -> $SCAN" '
    substr($0, length($0) - length(to) + 1) == to { sub(".*/proc/", ""); sub("/.*", ""); print; exit }'
}

# s6-svscan was told to scan, and its supervisors are just starting, when the
# run is killed and the next one finds nothing supervised: they must not stay.
test_supervisors_that_start_late() {
  begin
  strace -f -o svscan.trace -e trace=chdir -e inject=chdir:delay_exit=3000000 -p "$(scan_pid)" 2>attached &
  tracer=$!
  wait_for 10 grep -q attached attached
  capture strace -o trace.killed -e trace=ppoll,poll -e inject=ppoll,poll:signal=KILL:when=1 \
    "$S6RC_BIN/s6-rc-init" -c "$DB" -l "$LIVE" "$SCAN"
  grep -q '^+++ killed by SIGKILL' trace.killed || fail "not killed: exit code $status" "$STDERR"
  late=$(readlink "$LIVE")
  # it begins to remove the directory, and they come
  strace -o trace.second -e trace=unlinkat -e inject=unlinkat:delay_enter=6000000:when=1 \
    "$S6RC_BIN/s6-rc-init" -t 20000 -c "$DB" -l "$LIVE" "$SCAN"
  [ "$(readlink "$LIVE")" != "$late" ] || fail 'the supervisors were not late'
  kill $tracer
  wait $tracer || :
  assert_complete
}

run_tests "$@"
