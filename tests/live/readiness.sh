#!/bin/sh
# ISC license.
# When a longrun is up, and when it is down.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

DAY='exec sleep 86400'

test_start_is_enough_without_notification() {
  longrun l run="#!/bin/sh
echo runs >>$T/log
$DAY"
  start_live
  assert_file "$LIVE/servicedirs/l/down"
  rc change l
  supervised_up l
  assert_absent "$LIVE/servicedirs/l/down"
  assert_up l
}

test_readiness_is_waited_for() {
  longrun l run="$(ready_run l)" notification-fd=3
  start_live
  rc_begin change l
  # the supervisor may still be writing that it runs
  wait_log 'l runs'
  wait_for 10 supervised_up l
  assert_down l
  assert_file "$LIVE/servicedirs/l/down"
  release l
  rc_end 0
  assert_up l
  assert_absent "$LIVE/servicedirs/l/down"
  assert_eq "$(s6-svstat -o ready "$LIVE/servicedirs/l")" true
}

test_other_descriptor() {
  longrun l notification-fd=736 run="#!/bin/sh
exec /usr/bin/env bash -c 'echo >&736; exec sleep 86400'"
  need bash
  start_live
  rc change l
  assert_up l
}

# Closing without a newline says nothing; then only the limit ends the wait.
test_never_ready() {
  longrun l notification-fd=3 timeout-up=3000 run="#!/bin/sh
echo runs >>$T/log
printf 'no newline' >&3
exec 3>&-
$DAY"
  start_live
  assert_exit 1 rc change l
  assert_contains "$STDERR" 'service l'
  assert_contains "$STDERR" 'timed out after 3000 ms (its timeout-up)'
  assert_logged runs
  assert_down l
  # not left half way
  wait_for 10 is_down l
  assert_file "$LIVE/servicedirs/l/down"
}

# It dies before it is ready: s6-supervise tries again, and so it may still
# become ready.
test_ready_at_the_second_try() {
  longrun l notification-fd=3 run="#!/bin/sh
echo runs >>$T/log
if test -e $T/once; then echo >&3; $DAY; fi
touch $T/once"
  start_live
  rc change l
  assert_eq "$(count_log runs)" 2
}

test_never_ready_because_it_dies() {
  longrun l notification-fd=3 timeout-up=1500 run="#!/bin/sh
exit 1"
  start_live
  assert_exit 1 rc change l
  assert_contains "$STDERR" 'timed out after 1500 ms'
  wait_for 10 is_down l
}

# Without notification, having started is all that can be asked for.
test_dies_right_after_its_start() {
  longrun l run="#!/bin/sh
exit 1"
  start_live
  rc change l
  assert_up l
  assert_output '' rc diff
  rc -d change l
  is_down l
}

test_gives_up() {
  longrun l notification-fd=3 run="#!/bin/sh
echo runs >>$T/log" finish="#!/bin/sh
exit 125"
  oneshot needs-it up="$(says needs-it)"
  depends needs-it l
  start_live
  # no limit: it would wait for ever
  assert_exit 1 rc change needs-it
  assert_contains "$STDERR" 'service l failed to start: it gave up for good (its finish script exited with code 125)'
  assert_contains "$STDERR" '1 service not attempted because of l: needs-it'
  assert_eq "$(count_log runs)" 1
  is_down l
  assert_file "$LIVE/servicedirs/l/down"
  assert_down l needs-it
  # and again
  assert_exit 1 rc change l
  assert_eq "$(count_log runs)" 2
}

test_gives_up_later() {
  longrun l notification-fd=3 run="#!/bin/sh
echo runs >>$T/log
exit 1" finish="#!/bin/sh
test -e $T/once && exit 125
touch $T/once"
  start_live
  assert_exit 1 rc change l
  assert_contains "$STDERR" 'it gave up for good'
  assert_eq "$(count_log runs)" 2
}

# A run that exits with 125 means nothing.
test_run_may_exit_125() {
  longrun l notification-fd=3 timeout-up=1500 run="#!/bin/sh
exit 125"
  start_live
  assert_exit 1 rc change l
  assert_contains "$STDERR" 'timed out after 1500 ms'
}

test_told_to_stop_by_hand_while_it_starts() {
  longrun l notification-fd=3 run="$(run_script l)"
  start_live
  rc_begin change l
  wait_log 'l runs'
  s6-svc -d "$LIVE/servicedirs/l"
  rc_end 1
  assert_contains "$STDERR" 'service l failed to start: '
  assert_lacks "$STDERR" '125'
  assert_down l
  is_down l
}

# The same, and s6-rc has not looked yet.
test_told_to_stop_before_it_is_looked_at() {
  need strace
  [ -z "${S6RC_SANITIZED:-}" ] || skip 'strace and LeakSanitizer do not go together'
  longrun l notification-fd=3 run="$(run_script l)"
  start_live
  strace -qq -o trace -e trace=poll,ppoll -e inject=poll,ppoll:delay_exit=1500000 \
    "$S6RC_BIN/s6-rc" -l "$LIVE" -t 60000 change l >"$T/rc.out" 2>"$T/rc.err" &
  rc_pid=$!
  wait_log 'l runs'
  s6-svc -wD -d "$LIVE/servicedirs/l"
  rc_end 1
  assert_contains "$STDERR" 'service l failed to start: '
  assert_down l
  is_down l
}

test_up_already() {
  ready_longrun ready
  longrun plain
  oneshot after up="$(says after)"
  depends after ready plain
  start_live
  s6-svc -wU -u "$LIVE/servicedirs/ready"
  s6-svc -wu -u "$LIVE/servicedirs/plain"
  ready=$(service_pid ready) plain=$(service_pid plain)
  assert_exit 1 rc diff
  assert_eq "$STDOUT" '+plain
+ready'
  rc change after
  assert_eq "$(service_pid ready) $(service_pid plain)" "$ready $plain"
  assert_output '' rc diff
  assert_absent "$LIVE/servicedirs/ready/down" "$LIVE/servicedirs/plain/down"
}

test_running_already_but_not_ready() {
  longrun l run="$(ready_run l)" notification-fd=3
  start_live
  s6-svc -wu -u "$LIVE/servicedirs/l"
  wait_log 'l runs'
  rc_begin -v2 change l
  wait_for 10 grep -q 'service l: starting' "$T/rc.err"
  assert_down l
  release l
  rc_end 0
  assert_eq "$(count_log 'l runs')" 1
}

# Started once by hand: it runs, but would not be started again.
test_up_once() {
  longrun l
  ready_longrun r
  start_live
  for name in l r; do s6-svc -wu -o "$LIVE/servicedirs/$name"; done
  pid=$(service_pid l)
  rc change l r
  assert_eq "$(service_pid l)" "$pid"
  wanted() { [ "$(s6-svstat -o wantedup "$LIVE/servicedirs/l")" = true ]; }
  wait_for 10 wanted
  assert_output '' rc diff
  s6-svc -wr -r "$LIVE/servicedirs/l"
  supervised_up l
}

test_down_already() {
  longrun l
  start_live
  rc change l
  s6-svc -wD -d "$LIVE/servicedirs/l"
  assert_exit 1 rc diff
  assert_eq "$STDOUT" -l
  rc -d change l
  assert_file "$LIVE/servicedirs/l/down"
  assert_output '' rc diff
}

# At any point of its cycle: down is down, it is not started once more.
test_stop_of_one_that_crashes_again_and_again() {
  for name in 1 2 3 4 5 6 7 8; do
    longrun "l$name" run="#!/bin/sh
echo runs >>$T/log.$name
sleep 0.$((name * 3 % 8))"
  done
  start_live
  runs() { [ "$(wc -l <"$T/log.$1")" -ge "$2" ]; }
  for times in 1 2 3; do
    rc change l1 l2 l3 l4 l5 l6 l7 l8
    for name in 1 2 3 4 5 6 7 8; do
      wait_for 10 runs $name $times
      rc -d change l$name
      is_down l$name || fail "$(s6-svstat "$LIVE/servicedirs/l$name")"
    done
  done
}

test_finish_is_part_of_the_stop() {
  longrun l run="$(run_script l)" timeout-finish=0 finish="#!/bin/sh
echo finish \$1 \$2 >>$T/log
$(until_exists go.finish)"
  start_live
  rc change l
  wait_log 'l runs'
  rc_begin -d change l
  wait_log 'finish 0 0'
  assert_up l
  assert_absent "$LIVE/servicedirs/l/down"
  release finish
  rc_end 0
  assert_down l
  assert_file "$LIVE/servicedirs/l/down"
}

test_stop_while_finish_runs() {
  longrun l timeout-finish=0 run="#!/bin/sh
exit 0" finish="#!/bin/sh
echo finish >>$T/log
$(until_exists go.finish)"
  start_live
  rc change l
  wait_log finish
  rc_begin -d -v2 change l
  wait_for 10 grep -q 'service l: stopping' "$T/rc.err"
  assert_up l
  release finish
  rc_end 0
  is_down l
  assert_eq "$(count_log finish)" 1
}

# Asked for again while it still stops: that end is not the end of the start.
test_start_while_it_still_stops() {
  longrun l notification-fd=3 run="#!/bin/sh
test -e $T/second || trap '' TERM
echo runs >>$T/log
if test -e $T/second; then echo >&3; exec sleep 86400; fi
$(until_exists second)
exit 0"
  start_live
  rc_begin -t 1 change l
  rc_end 2
  wait_log runs
  s6-svc -d "$LIVE/servicedirs/l"
  rc_begin -v2 change l
  wait_for 10 grep -q 'service l: starting' "$T/rc.err"
  : >"$T/second"
  rc_end 0
  assert_up l
  assert_eq "$(count_log runs)" 2
  assert_output '' rc diff
}

run_tests "$@"
