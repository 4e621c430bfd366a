#!/bin/sh
# ISC license.
# s6-rc-init is killed at any instant and fails at any system call: what is
# there then, and what the next run makes of it.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/leftovers.sh"

ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # it cannot be traced itself
export ASAN_OPTIONS

# All there, all supervised, all down, and nothing else. It has been said in
# tests/live/init.sh what is in it.
assert_complete() {
  assert_eq "$(cd "$T" && echo live*)" "live $(readlink "$LIVE")" 'beside the live name'
  assert_eq "$(ls -A "$LIVE/")" "$(printf '%s\n' compiled lock prefix scandir servicedirs state)" 'entries'
  assert_eq "$(ls -A "$LIVE/servicedirs")" "$NAMES" 'service directories'
  assert_eq "$(ls "$SCAN")" "$NAMES" 'scan directory'
  wait_for 10 four_supervisors || fail 'supervisors:' "$(live_processes)"
  diff -r -x down -x event -x supervise "$DB/servicedirs" "$LIVE/servicedirs"
  for name in $NAMES; do
    assert_output 'false false' s6-svstat -o up,wantedup "$LIVE/servicedirs/$name"
    assert_file "$LIVE/servicedirs/$name/down"
    assert_mode "$LIVE/servicedirs/$name/event" 3730
  done
}

four_supervisors() { [ "$(live_processes | wc -l)" = 4 ]; }

# A run that was killed while it listened leaves FIFOs: nobody has to clear
# them away, the next event does.
assert_no_fifos() {
  rc change a b s6rc-oneshot-runner s6rc-fdholder
  assert_eq "$(find "$LIVE/" -name '*ftrig1:*' -o -name .fifo)" '' 'FIFOs'
}

begin() {
  need strace
  longrun a data/file=x
  longrun b
  compile
  start_scan
  NAMES=$(printf '%s\n' a b s6rc-fdholder s6rc-oneshot-runner)
  strace -o trace "$S6RC_BIN/s6-rc-init" -c "$DB" -l "$LIVE" "$SCAN"
  assert_complete
  take_away
}

# Calls that change something, and openat as the one that comes between others.
CHANGING='mkdir|mkdirat|mknod|mknodat|openat|open|write|pwrite64|link|linkat|symlink|symlinkat|rename|renameat|renameat2|unlink|unlinkat|chmod|fchmod|fchmodat|chown|fchown|fchownat|fcntl|exit_group'

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

# shellcheck disable=SC2013 # names without blanks
test_killed_at_every_call() {
  begin
  stops 6 .s6-svscan <trace | grep -E "^($CHANGING) " >list
  [ "$(wc -l <list)" -gt 40 ] || fail 'too few calls found' "$(cat list)"
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

errors() { # CALL: what it may fail with
  case $1 in
    open*) echo EMFILE ;;
    link*) echo EMLINK ;;
    fcntl) echo ENOLCK ;;
    rename* | *ch*) echo EIO ;;
    *) echo ENOSPC ;;
  esac
}

check_failed_at() { # CALL N
  capture strace -o trace.failed -e "trace=$1" -e "inject=$1:error=$(errors "$1"):when=$2" \
    "$S6RC_BIN/s6-rc-init" -t 20000 -c "$DB" -l "$LIVE" "$SCAN"
  grep -q INJECTED trace.failed || missed=$((missed + 1))
  case $status in
    0) (assert_complete) || fail "after $1 $2 failed, which did not matter" "$(grep INJECTED trace.failed)" ;;
    111)
      assert_contains "$STDERR" 's6-rc-init: fatal: unable to '
      (assert_nothing_left) || fail "after $1 $2 failed:" "$(grep INJECTED trace.failed)" "$STDERR"
      ;;
    *) fail "$1 $2 failed: exit code $status" "$(grep INJECTED trace.failed)" "$STDERR" ;;
  esac
}

test_failing_calls_leave_nothing() {
  begin
  stops 8 .s6-svscan <trace | grep -E "^($CHANGING|getdents64|fchdir|ppoll|poll) " | grep -v '^exit_group ' >list
  [ "$(wc -l <list)" -gt 60 ] || fail 'too few calls found' "$(cat list)"
  failed=0 missed=0
  while read -r call n; do
    check_failed_at "$call" "$n"
    if [ "$status" = 0 ]; then take_away; else failed=$((failed + 1)); fi
  done <list
  [ $missed -lt 10 ] || fail "$missed calls were not made"
  [ $failed -gt 40 ] || fail "only $failed calls mattered"
}

# One descriptor more each time, until it is enough.
test_few_descriptors() {
  begin
  for n in 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
    capture sh -c "ulimit -n $n; exec s6-rc-init -c '$DB' -l '$LIVE' '$SCAN'"
    case $status in
      0) break ;;
      111) assert_contains "$STDERR" 'Too many open files' ;;
      127) continue ;; # the dynamic linker needs some, too
      *) fail "with $n descriptors exit code $status" "$STDERR" ;;
    esac
    (assert_nothing_left) || fail "with $n descriptors" "$STDERR"
  done
  [ "$status" = 0 ] || fail "not even with $n descriptors"
  assert_complete
}

run_tests "$@"
