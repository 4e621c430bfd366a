#!/bin/sh
# ISC license.
# Longruns that an earlier s6-rc has left on their way to the other state: the
# next one does not take the state file's word for it.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# Ends when it is told to, but only once it is released.
slow_to_stop() { # NAME
  printf '#!/bin/sh\ntrap "%s; exit 0" TERM\necho %s runs >>%s/log\n%s\n' \
    "$(until_exists "go.$1")" "$1" "$T" "$(until_exists never)"
}
runs_again() { [ "$(count_log "$1 runs")" -ge 2 ]; }
assert_drift() { assert_output "$1" rc diff; }

# a is what l needs, b needs l
services() { # RUN of l [ FILE=CONTENT... ]
  longrun a
  _run=$1
  shift
  longrun l run="$_run" "$@"
  longrun b
  depends l a
  depends b l
}

left_starting() {
  services "$(ready_run l)" notification-fd=3 "$@"
  start_live
  assert_exit 2 rc -t 300 change b
  assert_contains "$STDERR" '1 service still starting: l'
  supervised_up l
}

left_stopping() {
  services "$(slow_to_stop l)"
  start_live
  rc change b l
  wait_log 'l runs'
  assert_exit 2 rc -t 300 -d change l
  assert_contains "$STDERR" '1 service still stopping: l'
}

test_start_is_stopped() {
  left_starting
  rc stop l
  is_down l
  assert_drift ''
  # b has never been told anything
  assert_state '0 0 1 0 0'
}

test_start_is_stopped_before_what_it_needs() {
  left_starting
  assert_exit 0 rc -v2 stop a
  printf '%s\n' "$STDERR" | sed 's/ after .*//' >"$T/log"
  assert_order 's6-rc: info: service l: down' 's6-rc: info: service a: stopping'
  is_down l
}

test_start_of_a_killed_run() {
  services "$(ready_run l)" notification-fd=3
  start_live
  rc_begin change b
  wait_log 'l runs'
  kill -9 "$rc_pid"
  wait "$rc_pid" || :
  rc stop l
  is_down l
}

test_start_is_stopped_with_everything() {
  services "$(ready_run l)" notification-fd=3
  rm "$SRC/l/dependencies.d/a"
  start_live
  assert_exit 2 rc -t 300 change l
  rc -Da change
  is_down l
  assert_drift ''
}

test_start_is_pruned() {
  left_starting
  rc -p change a
  is_down l
}

test_start_in_a_dry_run() {
  left_starting
  assert_exit 0 rc -n 0 -d change l
  assert_contains "$STDOUT" "s6-svc -d -- $LIVE/servicedirs/l"
  supervised_up l
}

test_essential() {
  left_starting flag-essential=
  assert_exit 0 rc -d change a
  assert_contains "$STDERR" 'service l is essential'
  supervised_up l
  rc -D change a
  is_down l
}

test_stop_is_undone() {
  left_stopping
  rc change b
  release l
  wait_for 10 runs_again l
  supervised_up l
  assert_drift ''
  # asked for by name before, and needed now
  assert_state '0 0 1 3 3'
}

test_stop_is_finished() {
  left_stopping
  release l
  rc stop l
  assert_down l
  assert_drift ''
}

test_stop_that_failed_is_undone() {
  services "$(slow_to_stop l)" timeout-down=300
  start_live
  rc change l
  wait_log 'l runs'
  assert_exit 1 rc stop l
  rc start l
  release l
  wait_for 10 runs_again l
  supervised_up l
}

test_stop_that_failed_in_a_restart() {
  services "$(slow_to_stop l)" timeout-down=300
  start_live
  rc change b
  wait_log 'l runs'
  assert_exit 1 rc restart l
  assert_contains "$STDERR" 'service l failed to stop'
  release l
  wait_for 10 runs_again l
  supervised_up l
  assert_up l b
}

test_stop_of_a_restart_that_ran_out() {
  services "$(slow_to_stop l)"
  start_live
  rc change b
  wait_log 'l runs'
  assert_exit 2 rc -t 300 restart l
  assert_contains "$STDERR" '2 services not started again: b, l'
  rc change b
  release l
  wait_for 10 runs_again l
}

# Then it is neither: it has been told to stop, and will not start.
test_stop_cannot_be_undone() {
  left_stopping
  chmod 644 "$LIVE/servicedirs/l/run"
  assert_exit 1 rc start l
  assert_down l
  release l
  wait_for 10 is_down l
}

# What one run could not get to, the next one still knows.
test_stop_is_not_forgotten() {
  left_stopping
  chmod 644 "$LIVE/servicedirs/a/run"
  s6-svc -wD -d "$LIVE/servicedirs/a"
  printf '\0' | dd of="$LIVE/state" bs=1 seek=2 conv=notrunc 2>/dev/null
  assert_exit 1 rc start l
  assert_contains "$STDERR" 'not attempted because of a: l'
  chmod 755 "$LIVE/servicedirs/a/run"
  release l
  wait_for 10 is_down l
  rc start l
  supervised_up l
}

# What somebody has told a supervisor by hand, stays as it is.
test_by_hand() {
  longrun l
  start_live
  rc change l
  s6-svc -wD -d "$LIVE/servicedirs/l"
  rc change l
  is_down l
}

run_tests "$@"
