#!/bin/sh
# ISC license.
# Pipelines whose processes are killed: what gets through all the same.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/pipelines.sh"

# As long as the fd-holder lives, the pipe does: nothing in it is lost.
test_producer_killed() {
  start_pipeline
  for round in 1 2; do
    kill_service producer
    wait_for 20 grep -q "^producer $((round + 1)) " stored.logger
    wait_more stored.logger 10
  done
  drain logger
  assert_arrived logger producer 0
  assert_eq "$(starts logger)" 1 'starts of the logger'
}

test_consumer_killed() {
  start_pipeline
  for round in 1 2; do
    kill_service logger
    wait_more stored.logger 30
  done
  drain logger
  # the line that it had read and not stored yet
  assert_arrived logger producer 2
  assert_eq "$(starts producer)" 1 'starts of the producer'
}

# s6-log stores what it has read when it is told to end.
test_s6_log_restarted() {
  define producer longrun "run=$(producer_script producer)" producer-for=logger
  define logger longrun consumer-for=producer "run=#!/bin/sh
exec s6-log n0 s1000000 $T/log"
  start_live
  rc change producer
  ln -s log/current stored.logger
  wait_more stored.logger 10
  for round in 1 2; do
    kill_service logger TERM
    wait_more stored.logger 30
  done
  drain logger
  assert_arrived logger producer 0
}

# In an order that nobody thought of, always the same one.
test_killed_in_any_order() {
  start_pipeline
  seed=12345
  for round in 1 2 3 4 5 6 7 8 9; do
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    case $((seed / 65536 % 3)) in
      0) name=producer ;;
      1) name='logger' ;;
      *) name=s6rc-fdholder ;;
    esac
    # it may be just about to start again
    signal_service KILL $name || :
    sleep "0.$((seed / 64 % 10))"
  done
  s6-svwait -U -t 10000 "$LIVE/servicedirs/s6rc-fdholder"
  wait_for 20 connected producer logger
  wait_more stored.logger 20
  drain logger
  # in order, and none twice; what was in a pipe that broke is lost
  assert_arrived logger producer 1000000
  assert_up producer logger s6rc-fdholder
}

test_everything_killed_at_once() {
  start_pipeline
  for name in producer logger s6rc-fdholder; do signal_service KILL $name; done
  wait_for 20 has_lines starts.producer 2
  wait_for 20 connected producer logger
  wait_for 20 grep -q "^producer 2 " stored.logger
}

test_finish() {
  start_finishing
  pipe=$(pipe_of producer 1)
  kill_service producer
  check_finish producer '256 9 producer'
  kill_service logger USR1
  check_finish logger '256 10 logger'
  sed -n 2p finish.logger >stdin
  assert_eq "$(cat stdin)" "$pipe" 'stdin of finish of the logger'
}

run_tests "$@"
