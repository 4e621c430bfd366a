#!/bin/sh
# ISC license.
# s6-rc-init while system calls fail: it says so, and nothing of it is left.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/leftovers.sh"

# it cannot be traced itself
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS

errors() { # CALL: what it may fail with
  case $1 in
    open*) echo EMFILE ENOSPC ;;
    link*) echo EMLINK EIO ;;
    fcntl) echo ENOLCK ;;
    *) echo ENOSPC EIO ;;
  esac
}
text_of() { # ERROR
  case $1 in
    EMFILE) echo 'Too many open files' ;;
    EMLINK) echo 'Too many links' ;;
    ENOLCK) echo 'No locks available' ;;
    EIO) echo 'Input/output error' ;;
    *) echo 'No space left on device' ;;
  esac
}

check_failed_at() { # CALL N ERROR
  capture strace -o trace.failed -e "trace=$1" -e "inject=$1:error=$3:when=$2" \
    "$S6RC_BIN/s6-rc-init" -t 20000 -c "$DB" -l "$LIVE" "$SCAN"
  grep -q INJECTED trace.failed || missed=$((missed + 1))
  case $status in
    0) (assert_complete) || fail "after $1 $2 failed, which did not matter" "$(grep INJECTED trace.failed)" ;;
    111)
      assert_contains "$STDERR" 's6-rc-init: fatal: unable to '
      assert_contains "$STDERR" "$(text_of "$3")"
      (assert_nothing_left) || fail "after $1 $2 failed:" "$(grep INJECTED trace.failed)" "$STDERR"
      ;;
    *) fail "$1 $2 failed: exit code $status" "$(grep INJECTED trace.failed)" "$STDERR" ;;
  esac
}

test_failing_calls_leave_nothing() {
  begin
  stops_of_run 3 2 | grep -v '^exit_group ' >list
  stops 4 .s6-svscan <trace | grep -E '^(getdents64|fchdir|ppoll|poll) ' >>list
  [ "$(wc -l <list)" -gt 30 ] || fail 'too few calls found' "$(cat list)"
  failed=0 missed=0
  while read -r call n; do
    for error in $(errors "$call"); do
      check_failed_at "$call" "$n" "$error"
      if [ "$status" = 0 ]; then take_away; else failed=$((failed + 1)); fi
    done
  done <list
  [ $missed -lt 20 ] || fail "$missed calls were not made"
  [ $failed -gt 20 ] || fail "only $failed calls mattered"
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
