#!/bin/sh
# ISC license.
# Pipelines whose fd-holder dies, and what becomes of them then.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/pipelines.sh"

# The running processes do not notice.
test_fdholder_killed() {
  start_pipeline
  pids="$(service_pid producer) $(service_pid logger)"
  for round in 1 2; do
    kill_fdholder
    wait_more stored.logger 20
  done
  assert_eq "$(service_pid producer) $(service_pid logger)" "$pids" 'processes'
  drain logger
  assert_arrived logger producer 0
}

# The old pipe breaks, and both fetch the new one.
test_fdholder_and_producer_killed() {
  start_pipeline
  old=$(pipe_of producer 1)
  kill_fdholder
  wait_more stored.logger 10
  kill_service producer
  wait_for 20 connected producer logger
  [ "$(pipe_of producer 1)" != "$old" ] || fail 'the old pipe is used'
  wait_for 20 grep -q "^producer 2 " stored.logger
  drain logger
  # at the end of the old pipe nothing was left in it
  assert_arrived logger producer 0
  assert_eq "$(starts logger)" 2 'starts of the logger'
}

test_fdholder_and_consumer_killed() {
  start_pipeline
  old=$(pipe_of producer 1)
  kill_fdholder
  kill_service logger
  wait_for 20 connected producer logger
  [ "$(pipe_of producer 1)" != "$old" ] || fail 'the old pipe is used'
  wait_for 20 grep -q "^producer 2 " stored.logger
  [ "$(starts producer)" -ge 2 ] || fail 'the producer has not started again'
}

test_three_stages_fetch_new_pipes() {
  define first longrun "run=$(producer_script first)" producer-for=second
  define second longrun "run=$(filter_script second)" consumer-for=first producer-for=third
  define third longrun "run=$(consumer_script third)" consumer-for=second pipeline-name=all
  start_live
  rc change all
  wait_more stored.third 10
  for name in second first third; do
    kill_fdholder
    kill_service $name
    wait_for 20 connected first second
    wait_for 20 connected second third
    wait_for 20 connected_to_new first second
    wait_for 20 connected_to_new second third
    wait_more stored.third 10
  done
}
# The fd-holder has the same pipe: both are on its present one.
connected_to_new() { # PRODUCER CONSUMER
  connected "$1" "$2" && held "$(pipe_of "$1" 1)"
}
held() {
  # shellcheck disable=SC2010,SC2012
  ls -l "/proc/$(service_pid s6rc-fdholder)/fd" | grep -Fq -e "$1"
}

# One producer on the new pipe, while the other one keeps the old one open:
# its lines wait until the logger gets there.
test_several_producers_lose_nothing() {
  for name in one two; do define $name longrun "run=$(producer_script $name)" producer-for=logger; done
  define logger longrun "run=$(consumer_script logger)" "consumer-for=one
two" pipeline-name=all
  start_live
  rc change all
  for name in one two; do wait_for 20 grep -q "^$name " stored.logger; done
  kill_fdholder
  kill_service one
  wait_for 20 has_lines starts.one 2
  wait_more stored.logger 10
  kill_service two
  wait_for 20 connected one logger
  wait_for 20 connected two logger
  for name in one two; do wait_for 20 grep -q "^$name 2 " stored.logger; done
  drain logger
  for name in one two; do assert_arrived logger $name 0; done
}

# Without the fd-holder a producer cannot start: it does when the fd-holder is back.
test_restart_waits_for_fdholder() {
  start_pipeline
  s6-svc -wD -d "$LIVE/servicedirs/s6rc-fdholder"
  signal_service KILL producer
  # it has been tried again: the fd-holder was asked for in vain
  tried_again() { [ "$(s6-svdt "$LIVE/servicedirs/producer" | wc -l)" -ge 2 ]; }
  wait_for 20 tried_again
  assert_eq "$(starts producer)" 1 'starts of the producer'
  s6-svc -wU -T 10000 -u "$LIVE/servicedirs/s6rc-fdholder"
  wait_for 20 grep -q "^producer 2 " stored.logger
  drain logger
  assert_arrived logger producer 0
}

# With the fd-holder dead, finish runs all the same; with one that does not
# answer, after a while.
test_finish_without_fdholder() {
  start_finishing
  s6-svc -wD -d "$LIVE/servicedirs/s6rc-fdholder"
  signal_service TERM producer
  check_finish producer '256 15 producer'
  check_finish logger '0 0 logger'
}

test_finish_with_hanging_fdholder() {
  start_finishing
  signal_service STOP s6rc-fdholder
  signal_service HUP producer
  check_finish producer '256 1 producer'
  signal_service CONT s6rc-fdholder
}

run_tests "$@"
