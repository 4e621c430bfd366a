#!/bin/sh
# ISC license.
# Every call of s6-rc fails, one at a time, while it changes something: it says
# so, what it says is up is up, and the next run does the rest.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/faults.sh"

live() {
  faults_begin
  longrun a
  ready_longrun b
  depends b a
  longrun source producer-for=drain
  longrun drain consumer-for=source pipeline-name=pipe
  oneshot o up="echo up" down="echo down" reload="echo reload"
  depends o b
  bundle all pipe o
  start_live
  rc change all
  up=$(rc -a list)
  before=all
}

# What is selected as "down" is down before, all else is up.
fault_before() {
  case $before in
    none) rc -v0 -Da change ;;
    all) rc -v0 change all ;;
  esac
}

# s6-rc and the supervisors say the same; what is to be up is.
as_wanted() { # up|down
  assert_output '' rc diff
  case $1 in
    up) assert_eq "$(rc -a list)" "$up" 'what is up' ;;
    down) assert_eq "$(rc -a list)" '' 'what is up' ;;
  esac
  assert_eq "$(find "$LIVE/" -name .fifo -o -name '*.new')" '' 'files'
}

sweep() { # LEAST up|down ARGUMENT...
  _least=$1 wanted=$2
  shift 2
  arguments=$*
  fault_same() { as_wanted "$wanted"; }
  fault_failed() {
    "$S6RC_BIN/s6-rc-db" -l "$LIVE" check || fail "the database is damaged"
    # shellcheck disable=SC2086
    rc -v0 $arguments || fail 'fails again'
    # what a restart had stopped when it failed it does not start any more
    [ "$wanted" = down ] || rc -v0 change all
    as_wanted "$wanted"
  }
  FAULT_CODES='1 111'
  FAULT_DB=$LIVE/compiled
  faults_sweep "$_least" s6-rc -l "$LIVE" "$@"
}

test_up() {
  live
  before=none
  sweep 100 up -v2 change all
}

test_down() {
  live
  FAULT_BRIEF=yes
  sweep 50 down -Da change
}

test_prune() {
  live
  before=none
  FAULT_BRIEF=yes
  sweep 50 up -p change all
}

test_restart() {
  live
  FAULT_BRIEF=yes
  sweep 50 up restart b
}

test_reload() {
  live
  sweep 50 up reload o b
}

test_start_stop() {
  live
  sweep 50 up start a
  rc -v0 -Da change
  before=none
  sweep 50 down stop a
}

run_tests "$@"
