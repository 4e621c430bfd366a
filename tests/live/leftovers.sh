#!/bin/sh
# ISC license.
# What runs of s6-rc leave in the live directory: nothing, and after one that
# was killed nothing once the next one has passed.
. "$(dirname "$0")/../lib/test.sh"

# it cannot be traced itself
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS

start_some() {
  longrun a
  longrun b
  ready_longrun c
  longrun never notification-fd=3 timeout-up=300
  longrun patient notification-fd=3
  oneshot o up=true
  oneshot fails up=false
  depends c a
  start_live
}

assert_clean() {
  assert_eq "$(find "$LIVE/" -name '*ftrig1:*' -o -name .fifo)" '' 'FIFOs'
  assert_eq "$(ls -A "$LIVE/")" "$(printf '%s\n' compiled lock prefix records scandir servicedirs state)" 'entries'
  assert_eq "$(ls -A "$LIVE/servicedirs")" "$(printf '%s\n' a b c never patient s6rc-fdholder s6rc-oneshot-runner)" 'service directories'
  assert_eq "$(cd "$T" && echo live*)" "live $(readlink "$LIVE")" 'beside the live name'
  # nobody holds it
  s6-setlock -n "$LIVE/lock" true
}

test_nothing_is_left() {
  start_some
  assert_clean
  rc change a b c o
  assert_clean
  rc reload a
  assert_clean
  assert_exit 1 rc change never fails
  assert_clean
  assert_exit 2 rc -t 100 change never
  assert_clean
  rc -d change a b
  assert_clean
  assert_exit 3 rc change unknown
  rc -n 0 change a >/dev/null
  rc -a list >/dev/null
  capture rc diff
  assert_clean
}

test_interrupted() {
  start_some
  "$S6RC_BIN/s6-rc" -l "$LIVE" change patient >out 2>&1 &
  pid=$!
  wait_for 10 supervised_up patient
  kill -TERM $pid
  code=0
  wait $pid || code=$?
  assert_eq "$code" 1 'exit code'
  assert_clean
}

test_killed() {
  need strace
  start_some
  rc change s6rc-oneshot-runner
  strace -o trace "$S6RC_BIN/s6-rc" -l "$LIVE" change a b c
  rc -d change a b c
  sed -n 's/^\(mknod\|mknodat\|openat\|linkat\|rename\|renameat\|unlinkat\|fchmodat\|pwrite64\|ppoll\|poll\)(.*/\1/p' trace |
    sort | uniq -c | while read -r count call; do
    # of those that are many: the last ones
    n=$count
    while [ "$n" -gt 0 ] && [ "$n" -gt $((count - 4)) ]; do
      echo "$call $n"
      n=$((n - 1))
    done
  done >list
  [ "$(wc -l <list)" -ge 15 ] || fail 'too few calls found' "$(cat list)"
  while read -r call n; do
    capture strace -o trace.killed -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" \
      "$S6RC_BIN/s6-rc" -l "$LIVE" change a b c
    # it takes up what was under way
    capture rc -t 20000 change a b c
    [ "$status" = 0 ] || fail "killed at $call $n, then exit code $status" "$STDERR"
    assert_up a b c
    rc -d change a b c
    (assert_clean) || fail "after it was killed at $call $n"
  done <list
}

# Beside the state file, and where FIFOs are made.
test_leftovers_of_a_killed_run() {
  start_some
  echo rubbish >"$LIVE/state.new"
  mkfifo "$LIVE/servicedirs/.fifo"
  mkfifo "$LIVE/servicedirs/a/event/ftrig1:@400000006b0500b22c062239:TpLHWy"
  rc change b
  rc change a b # writes the whole state
  assert_up a b
  # a supervisor can be up before it has told everybody
  gone() { [ ! -e "$LIVE/servicedirs/a/event/ftrig1:@400000006b0500b22c062239:TpLHWy" ]; }
  wait_for 10 gone
  assert_clean
}

run_tests "$@"
