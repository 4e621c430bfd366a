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

# It makes nothing beside the name: any one will do.
test_other_name_of_the_live_directory() {
  start
  again new
  ln -s live alias
  mkdir other
  ln -s "$LIVE" other/live
  before=$(ls -A "$LIVE/")
  for name in alias other/live; do
    assert_exit 0 "$S6RC_BIN/s6-rc-format-upgrade" -l "$T/$name" "$T/new"
    assert_eq "$(readlink "$LIVE/compiled")" "$T/new"
    assert_exit 0 upgrade "$DB"
    assert_eq "$(ls -A "$LIVE/")" "$before"
  done
  rc change b
  assert_up a b
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
  refused more 'more has 6 services, the live one 5'
  rm -r "$SRC/d" "$SRC/b"
  refused fewer 'fewer has 4 services, the live one 5'
  oneshot b
  refused kinds 'kinds has 3 longruns, the live one 4'
  rm -r "$SRC/b"
  longrun bb
  refused names 'bb where the live one has b'
  longrun aa
  rm -r "$SRC/bb" "$SRC/a"
  longrun bc
  refused names2 'aa where the live one has a
s6-rc-format-upgrade: fatal: '"$T"'/names2 has bc where the live one has b'
  rm -r "$SRC/aa" "$SRC/bc"
  longrun a
  longrun b
  depends b a
  refused dependencies 'dependencies has other dependencies for b'
  rm -r "$SRC/b/dependencies.d"
  define a longrun producer-for=b
  define b longrun consumer-for=a
  refused pipeline 'for b'
  rm "$SRC/a/producer-for" "$SRC/b/consumer-for"
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

# The Nth call of an upgrade, or what comes before it: INJECTION is what strace
# does then. Sets status.
disturbed() { # CALL N INJECTION
  upgrade "$DB"
  capture strace -o trace -e trace="$1" -e inject="$1:$3:when=$2" \
    "$S6RC_BIN/s6-rc-format-upgrade" -l "$LIVE" "$T/new"
}

# What it must be in any case, and what the next tool makes of it.
check_whole() {
  case $(readlink "$LIVE/compiled") in "$DB" | "$T/new") ;; *) fail "$(ls -l "$LIVE/")" ;; esac
  assert_eq "$(service_pid a)" "$pid" 'process'
  assert_up a
  rc change a
  assert_absent "$LIVE/compiled.new"
  assert_eq "$(ls -d live*)" "$listing" 'beside the live directory'
}

# Killed before each call that changes something, which is after the one before,
# and before exit_group.
test_killed() {
  need strace
  start
  again new
  pid=$(service_pid a) listing=$(ls -d live*)
  total=0
  for call in symlinkat renameat unlinkat exit_group; do
    n=0
    while n=$((n + 1)) && disturbed $call $n signal=KILL && [ "$status" = 137 ]; do
      total=$((total + 1))
      check_whole
    done
    [ "$status" = 0 ] || fail "exit code $status: $call $n" "$STDERR"
    assert_eq "$(readlink "$LIVE/compiled")" "$T/new"
  done
  [ $total -ge 5 ] || fail "killed only $total times"
}

test_failing_calls() {
  need strace
  start
  again new
  pid=$(service_pid a) listing=$(ls -d live*)
  total=0
  for error in 'ENOSPC No space left on device' 'EIO Input/output error'; do
    for call in symlinkat renameat unlinkat; do
      n=0
      while n=$((n + 1)) && disturbed $call $n "error=${error%% *}" && grep -q INJECTED trace; do
        total=$((total + 1))
        [ "$status" = 111 ] || fail "exit code $status: $call $n" "$STDERR"
        assert_contains "$STDERR" 's6-rc-format-upgrade: fatal: unable to '
        assert_contains "$STDERR" "${error#* }"
        assert_contains "$STDERR" "$LIVE"
        assert_eq "$(readlink "$LIVE/compiled")" "$DB"
        check_whole
      done
      [ "$status" = 0 ] || fail "exit code $status: $call $n" "$STDERR"
    done
  done
  [ $total -ge 8 ] || fail "only $total calls failed"
}

run_tests "$@"
