#!/bin/sh
# ISC license.
# -p, -a, start, stop: what is brought where.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# b needs a, d needs c, e is alone. Numbers: 2 a to 6 e
services() {
  for name in a b c d e; do oneshot $name up="$(says "$name-up")" down="$(says "$name-down")"; done
  depends b a
  depends d c
}

test_prune_up() {
  services
  start_live
  rc change d e
  rc -p change b
  assert_state '1 0 1 3 0 0 0'
  # two phases, first down, then up
  for down in c-down d-down e-down; do assert_order $down a-up b-up; done
  # what stays is left alone
  rc -up change a
  assert_state '1 0 3 0 0 0 0'
  assert_eq "$(count_log a-up)" 1
  assert_not_logged a-down
}

test_prune_down() {
  services
  start_live
  rc change b
  rc -dp change a
  assert_state '1 1 0 0 1 1 1'
  for up in c-up d-up e-up; do assert_order b-down a-down $up; done
}

test_prune_to_nothing() {
  services
  start_live
  rc change b d e
  rc -p change
  assert_state '1 0 0 0 0 0 0'
  rc -dp change
  assert_state '1 1 1 1 1 1 1'
}

test_prune_with_add() {
  services
  start_live
  rc change b e
  rc -pa change c
  assert_state '1 0 1 3 3 0 3'
  assert_not_logged a-down b-down e-down
  # stop all that is up, start all that is not
  rc -dpa change
  assert_state '1 1 0 0 0 0 0'
}

test_force_and_prune() {
  services
  start_live
  rc change b
  rc -Dp change a
  assert_state '1 1 0 0 1 1 1'
}

test_add() {
  services
  start_live
  rc change b
  rc -a change c
  assert_state '1 0 1 3 3 0 0'
  rc -ad change d
  assert_state '1 0 0 0 0 0 0'
}

test_start_and_stop() {
  services
  start_live
  assert_exit 0 rc -p start b
  assert_state '1 0 1 3 0 0 0'
  rc start d
  rc -pd start e
  assert_state '1 0 1 3 1 3 3'
  rc -pu stop c
  assert_state '1 0 1 3 0 0 3'
  rc -a stop
  assert_state '1 0 0 0 0 0 0'
  rc -p stop
  assert_state '1 0 0 0 0 0 0'
}

# What fails going down is no reason not to bring the rest up.
test_failed_first_phase() {
  services
  oneshot bad down=false
  start_live
  rc change bad e
  assert_exit 1 rc -p change b
  assert_contains "$STDERR" 'service bad failed to stop'
  assert_up bad a b
  assert_down e
}

test_failed_second_phase() {
  services
  oneshot bad up=false
  start_live
  rc change e
  assert_exit 1 rc -p change bad b
  assert_down e bad
  assert_up a b
}

test_limit_of_the_first_phase_ends_all() {
  services
  oneshot slow down="$(held slow)"
  start_live
  rc change slow
  assert_exit 2 rc -t 400 -p change b
  assert_contains "$STDERR" '1 service still stopping: slow'
  assert_not_logged a-up
  release slow
}

# A pipeline as a whole.
test_pipeline() {
  [ -x "$S6RC_LIBEXEC/s6-rc-fdholder-filler" ] || skip 'there is no s6-rc-fdholder-filler yet'
  longrun producer producer-for=consumer run="#!/bin/sh
echo from the producer
exec sleep 86400"
  longrun consumer consumer-for=producer pipeline-name=both run="#!/bin/sh
read line
echo got \$line >>$T/log
exec sleep 86400"
  start_live
  rc change both
  wait_log 'got from the producer'
  assert_state '0 1 3 3'
  rc -d change consumer
  assert_state '0 1 0 0'
  rc change producer
  assert_state '0 1 1 3'
  rc -p change consumer
  assert_state '0 1 3 0'
  assert_output '' rc diff
}

run_tests "$@"
