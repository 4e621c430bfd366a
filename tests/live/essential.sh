#!/bin/sh
# ISC license.
# Essential services: -d leaves them up, and what they need; -D does not.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# vital needs base, user needs vital, base2 is like base, other is alone.
# Numbers: 2 base, 3 other, 4 base2, 5 user, 6 vital
services() {
  longrun base run="$(run_script base)"
  longrun other run="$(run_script other)"
  oneshot base2 down="$(says base2)"
  oneshot vital flag-essential= down="$(says vital)"
  oneshot user down="$(says user)"
  depends vital base base2
  depends user vital
}
WARNING='s6-rc: warning: service vital is essential: it stays up (only -D stops it)'

test_spared() {
  services
  start_live
  rc change user other
  assert_exit 0 rc -d change vital
  assert_eq "$STDERR" "$WARNING"
  assert_logged user
  assert_not_logged vital
  assert_up vital base base2 other
  assert_down user
}

test_what_it_needs_stays_too() {
  services
  start_live
  rc change user other
  wait_log 'base runs' 'other runs'
  assert_exit 0 rc -d change base base2 other
  assert_eq "$STDERR" "$WARNING"
  assert_state '1 0 1 0 1 0 1'
  assert_not_logged vital base2 'base ends'
  assert_logged user 'other ends'
  assert_exit 0 rc -v0 -d change base
  assert_eq "$STDERR" ''
  assert_exit 0 rc stop vital
  assert_eq "$STDERR" "$WARNING"
}

test_all_down() {
  services
  start_live
  rc change user other
  assert_exit 0 rc -da change
  assert_eq "$STDERR" "$WARNING"
  assert_state '1 0 1 0 1 0 1'
  assert_exit 0 rc -Da change
  assert_eq "$STDERR" ''
  assert_order vital base2
  assert_state '0 0 0 0 0 0 0'
  is_down s6rc-oneshot-runner
}

test_force() {
  services
  start_live
  rc change user other
  assert_exit 0 rc -D change vital
  assert_eq "$STDERR" ''
  assert_order user vital
  assert_up base base2 other
  rc change vital
  rc -D stop vital
  assert_down vital
  # the last one of them counts
  rc change vital
  rc -Dd change vital
  assert_up vital
  rc --down --all-down change vital
  assert_down vital
}

# One that is down needs no protection.
test_down_already() {
  services
  start_live
  rc change base base2
  assert_exit 0 rc -d change base
  assert_eq "$STDERR" ''
  assert_down base
  assert_up base2
}

test_flag_on_a_bundle() {
  oneshot a
  oneshot b
  bundle both a b flag-essential=
  start_live
  rc change both
  assert_exit 0 rc -d change a
  assert_contains "$STDERR" 'service a is essential'
  assert_up a b
}

# The generated two go without saying.
test_generated_ones() {
  oneshot a down="$(says a)"
  start_live
  rc change a s6rc-fdholder
  assert_exit 0 rc -d change s6rc-oneshot-runner s6rc-fdholder
  assert_eq "$STDERR" ''
  assert_state '1 3 0'
  assert_exit 0 rc -da change
  assert_eq "$STDERR" ''
  assert_state '1 3 0'
  rc change a
  rc -D change s6rc-oneshot-runner
  assert_state '0 3 0'
  assert_eq "$(count_log a)" 2
}

test_prune() {
  services
  start_live
  rc change user other
  assert_exit 0 rc -up change other
  assert_eq "$STDERR" "$WARNING"
  assert_state '1 0 1 3 1 0 1'
}

run_tests "$@"
