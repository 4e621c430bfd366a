#!/bin/sh
# ISC license.
# s6-rc-format-upgrade: what it accepts, what it refuses, what a kill leaves.
. "$(dirname "$0")/../lib/test.sh"

upgrade() { "$S6RC_BIN/s6-rc-format-upgrade" -l "$LIVE" "$@"; }
again() { "$S6RC_BIN/s6-rc-compile" "$T/$1" "$SRC"; }

start() {
  longrun a
  longrun b
  oneshot c up="touch $T/c" down="rm $T/c"
  start_live
  rc change a
}

test_points_to_it() {
  start
  again new
  pid=$(service_pid a) live=$(readlink "$LIVE")
  assert_output '' upgrade "$T/new"
  assert_eq "$STDERR" ''
  assert_eq "$(readlink "$LIVE/compiled") $(service_pid a) $(readlink "$LIVE")" "$T/new $pid $live"
  assert_up a
  rm -r "$DB"
  rc change b c
  assert_file c
  rc -da change
  assert_absent c
  assert_exit 0 upgrade -v 2 -t 1000 -b "$T/new"
  assert_contains "$STDERR" "$T/new"
}

test_other_sources() {
  start
  refused() { # PART
    again "$1"
    assert_exit 4 upgrade "$T/$1"
    assert_contains "$STDERR" 'not compiled from the source of the live database'
    assert_contains "$STDERR" "$2"
    assert_eq "$(readlink "$LIVE/compiled")" "$DB"
  }
  longrun d
  refused more '6 services, the live state 5'
  rm -r "$SRC/d" "$SRC/b"
  refused fewer '4 services, the live state 5'
  oneshot b
  refused kinds 'the number of longruns'
  rm -r "$SRC/b"
  longrun bb
  refused names 'bb where the live one has b'
  rm -r "$SRC/bb"
  longrun b
  # bundles and files are no matter
  bundle all a b c
  again bundles
  cp "$LIVE/records" before
  upgrade "$T/bundles"
  cmp "$LIVE/records" before
  rc change all
  assert_up a b c
}

# Nothing to compare with but the number of services.
test_old_database_is_gone() {
  start
  again new
  rm -r "$DB"
  assert_exit 0 upgrade "$T/new"
  assert_contains "$STDERR" 'warning: '
  assert_up a
  assert_exit 0 upgrade "$T/new"
  assert_eq "$STDERR" ''
}

test_refusals() {
  start
  again new
  assert_exit 100 upgrade
  assert_exit 100 upgrade "$T/new" "$T/new"
  assert_exit 100 upgrade new
  assert_exit 100 upgrade -x "$T/new"
  assert_exit 111 upgrade "$T/none"
  assert_exit 111 "$S6RC_BIN/s6-rc-format-upgrade" -l "$T/none" "$T/new"
  : >new/db
  assert_exit 4 upgrade "$T/new"
  assert_eq "$(readlink "$LIVE/compiled")" "$DB"
}

# An interrupted update comes first.
test_interrupted_update() {
  need strace
  start
  again new
  strace -qq -o trace -e trace=rename,renameat -e inject=rename,renameat:signal=KILL:when=1 \
    "$S6RC_BIN/s6-rc-update" -l "$LIVE" "$T/new" >out 2>&1 || :
  [ -e "$LIVE/update" ] || fail 'the update was not interrupted' "$(cat out)"
  assert_exit 111 upgrade "$T/new"
  assert_contains "$STDERR" interrupted
  rc -v0 change
  assert_exit 0 upgrade "$T/new"
}

test_killed() {
  need strace
  start
  again new
  total=0
  for call in symlinkat renameat unlinkat; do
    n=0 end=no
    while [ $end = no ] && [ $n -lt 10 ]; do
      n=$((n + 1)) code=0
      upgrade "$DB"
      strace -qq -o trace -e trace=$call -e inject=$call:signal=KILL:when=$n \
        "$S6RC_BIN/s6-rc-format-upgrade" -l "$LIVE" "$T/new" 2>err || code=$?
      case $code in
        0) end=yes ;;
        137) total=$((total + 1)) ;;
        *) fail "exit code $code: $call $n" "$(cat err)" ;;
      esac
      case $(readlink "$LIVE/compiled") in "$DB") [ $end = no ] ;; "$T/new") ;; *) fail "$(ls -l "$LIVE/")" ;; esac
      assert_up a
      rc change a
      assert_absent "$LIVE/compiled.new"
    done
  done
  [ $total -ge 2 ] || fail "killed only $total times"
}

run_tests "$@"
