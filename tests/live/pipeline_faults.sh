#!/bin/sh
# ISC license.
# Pipelines whose processes are killed: what gets through all the same, and
# that they come together again.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/pipelines.sh"

start_pipeline() {
  pipeline producer logger
  start_live
  rc change producer
  wait_more stored.logger 10
}

pipe_of() { readlink "/proc/$(service_pid "$1")/fd/$2"; } # SERVICE DESCRIPTOR
connected() { # PRODUCER CONSUMER
  [ "$(pipe_of "$1" 1)" = "$(pipe_of "$2" 0)" ]
}

# As long as the fd-holder lives, the pipe does: nothing in it is lost.
test_producer_killed() {
  start_pipeline
  for round in 1 2 3; do
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
  for round in 1 2 3; do
    kill_service logger
    wait_more stored.logger 30
  done
  drain logger
  # the line that it had read and not stored yet
  assert_arrived logger producer 3
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
  for round in 1 2 3; do
    kill_service logger TERM
    wait_more stored.logger 30
  done
  drain logger
  assert_arrived logger producer 0
}

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
  # shellcheck disable=SC2012
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

# In an order that nobody thought of, always the same one.
test_killed_in_any_order() {
  start_pipeline
  seed=12345
  for round in 1 2 3 4 5 6 7 8 9 10 11 12; do
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    case $((seed / 65536 % 3)) in
      0) name=producer ;;
      1) name=logger ;;
      *) name=s6rc-fdholder ;;
    esac
    pid=$(service_pid $name)
    # it may be just about to start again
    [ "$pid" -le 0 ] || kill -KILL "$pid"
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
  kill -KILL "$(service_pid producer)" "$(service_pid logger)" "$(service_pid s6rc-fdholder)"
  wait_for 20 has_lines starts.producer 2
  wait_for 20 connected producer logger
  wait_for 20 grep -q "^producer 2 " stored.logger
}

# Without the fd-holder a producer cannot start: it does when the fd-holder is back.
test_restart_waits_for_fdholder() {
  start_pipeline
  s6-svc -wD -d "$LIVE/servicedirs/s6rc-fdholder"
  kill -KILL "$(service_pid producer)"
  wait_for 20 has_lines starts.logger 1
  s6-svc -wU -T 10000 -u "$LIVE/servicedirs/s6rc-fdholder"
  wait_for 20 grep -q "^producer 2 " stored.logger
  drain logger
  assert_arrived logger producer 0
}

finish_script() { # NAME
  printf '#!/bin/sh
{ echo "$# $1 $2 $3"; readlink /proc/self/fd/0; readlink /proc/self/fd/1; } >"%s/finish.%s.new" 2>&1 </proc/self/fd/0
mv "%s/finish.%s.new" "%s/finish.%s"\n' "$T" "$1" "$T" "$1" "$T" "$1"
}

check_finish() { # NAME ARGUMENTS
  wait_for 10 test -e "finish.$1" || fail "no finish of $1"
  read -r n args <"finish.$1"
  [ "$n" -ge 3 ] || fail "arguments of finish of $1: $n $args"
  assert_eq "$args" "$2" "arguments of finish of $1"
}

start_finishing() {
  pipeline producer logger
  define producer longrun "finish=$(finish_script producer)"
  define logger longrun "finish=$(finish_script logger)"
  start_live
  rc change producer
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

# With the fd-holder dead, finish runs all the same; with one that does not
# answer, after a while.
test_finish_without_fdholder() {
  start_finishing
  s6-svc -wD -d "$LIVE/servicedirs/s6rc-fdholder"
  kill -TERM "$(service_pid producer)"
  check_finish producer '256 15 producer'
  check_finish logger '0 0 logger'
}

test_finish_with_hanging_fdholder() {
  start_finishing
  kill -STOP "$(service_pid s6rc-fdholder)"
  kill -HUP "$(service_pid producer)"
  check_finish producer '256 1 producer'
  kill -CONT "$(service_pid s6rc-fdholder)"
}

run_tests "$@"
