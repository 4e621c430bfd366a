#!/bin/sh
# ISC license.
# SIGTERM and SIGINT to s6-rc.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

services() {
  longrun l run="$(ready_run l)" notification-fd=3
  oneshot o up="$(held o)" down="$(held o-down)"
  oneshot after-l up="$(says after-l)"
  oneshot after-o up="$(says after-o)" down="$(says after-o-down)"
  depends after-l l
  depends after-o o
}

up_interrupted_by() { # SIGNAL
  services
  start_live
  rc_begin change after-l after-o
  wait_log 'l runs' o
  kill -s "$1" "$rc_pid"
  # longruns are given up, oneshots are left to finish
  wait_log 'l ends'
  kill -0 "$rc_pid"
  assert_down o
  release o
  rc_end 1
  assert_contains "$STDERR" 'service l failed to start: interrupted by a signal'
  assert_contains "$STDERR" '1 service not attempted because of l: after-l'
  assert_contains "$STDERR" after-o
  assert_lacks "$STDERR" 'service o failed'
  # nothing new starts
  assert_not_logged after-l after-o
  assert_state '1 0 0 0 0 1'
  wait_for 10 is_down l
  assert_output '' rc diff
  release l
  rc change after-l after-o
}

test_up_term() { up_interrupted_by TERM; }
test_up_int() { up_interrupted_by INT; }

down_interrupted_by() { # SIGNAL
  longrun l run="#!/bin/sh
trap 'echo l is told >>$T/log' TERM
echo l runs >>$T/log
$(until_exists go.l)"
  oneshot o down="$(held o-down)"
  oneshot below-l down="$(says below-l)"
  oneshot below-o down="$(says below-o)"
  depends l below-l
  depends o below-o
  start_live
  rc change l o
  wait_log 'l runs'
  rc_begin -d change below-l below-o
  wait_log o-down 'l is told'
  kill -s "$1" "$rc_pid"
  wait_for 10 grep -q 'service l: failed to stop: interrupted by a signal' "$T/rc.err"
  kill -0 "$rc_pid"
  release o-down
  rc_end 1
  assert_contains "$STDERR" 'service l failed to stop: interrupted by a signal'
  assert_lacks "$STDERR" 'service o failed'
  assert_not_logged below-l below-o
  assert_state '1 0 3 1 1 0'
  release l
  rc -d change below-l below-o
  assert_output '' rc diff
}

test_down_term() { down_interrupted_by TERM; }
test_down_int() { down_interrupted_by INT; }

# The second phase of -p is something new.
test_second_phase_does_not_start() {
  oneshot old down="$(held old-down)"
  oneshot new up="$(says new)"
  start_live
  rc change old
  rc_begin -p change new
  wait_log old-down
  kill -TERM "$rc_pid"
  # the signal must have arrived before the script ends
  wait_for 10 signals_are_taken
  release old-down
  rc_end 1
  assert_not_logged new
  assert_state '1 0 0 0'
}

test_nothing_failed_but_it_was_interrupted() {
  oneshot o up="$(held o)"
  oneshot after up="$(says after)"
  depends after o
  start_live
  rc_begin change after
  wait_log o
  kill -INT "$rc_pid"
  wait_for 10 signals_are_taken
  kill -TERM "$rc_pid"
  wait_for 10 signals_are_taken
  release o
  rc_end 1
  assert_contains "$STDERR" 'interrupted'
  assert_contains "$STDERR" '1 service not attempted: after'
  assert_not_logged after
  assert_up o
}

# Whatever the caller ignored or blocked.
test_inherited_dispositions() {
  longrun l run="$(ready_run l)" notification-fd=3
  oneshot o
  depends l o
  start_live
  env --ignore-signal=TERM true || skip 'env has no --ignore-signal'
  env --ignore-signal=TERM --ignore-signal=CHLD --block-signal=CHLD --block-signal=INT \
    "$S6RC_BIN/s6-rc" -l "$LIVE" change l >"$T/rc.out" 2>"$T/rc.err" &
  rc_pid=$!
  wait_log 'l runs'
  release l
  rc_end 0
  rc -d change o
  rm "$T/go.l"
  env --ignore-signal=TERM --ignore-signal=CHLD --block-signal=CHLD --block-signal=INT \
    "$S6RC_BIN/s6-rc" -l "$LIVE" change l >"$T/rc.out" 2>"$T/rc.err" &
  rc_pid=$!
  runs_again() { [ "$(count_log 'l runs')" = 2 ]; }
  wait_for 10 runs_again
  kill -TERM "$rc_pid"
  rc_end 1
}

# A script that waits until another one of its service has ended has not begun.
test_waiting_script_does_not_start() {
  cat >"$T/slow" <<END_OF_SCRIPT
#!/bin/sh
echo slow >>$T/log
$(until_exists go.slow)
echo slow ends >>$T/log
END_OF_SCRIPT
  chmod 755 "$T/slow"
  oneshot slow up="$T/slow"
  oneshot other up="$(held other)"
  oneshot after up="$(says after)"
  depends after other
  start_live
  rc_begin change slow
  wait_log slow
  kill -KILL "$rc_pid"
  rc_end 137
  rc_begin change slow after
  wait_log other
  kill -TERM "$rc_pid"
  # at once, though the other one still runs
  wait_for 10 grep -q 'service slow: failed to start: interrupted' "$T/rc.err"
  assert_not_logged 'slow ends'
  release slow
  wait_log 'slow ends'
  release other
  rc_end 1
  assert_eq "$(count_log slow)" 1
  assert_not_logged after
  assert_up other
}

# Many at once: all that was started is brought down again, in whatever state
# the signal found it.
test_many_longruns() {
  names=''
  i=100
  while [ $i -lt 200 ]; do
    ready_longrun "l$i" run="#!/bin/sh
exec sleep 86400"
    names="$names l$i"
    i=$((i + 1))
  done
  # shellcheck disable=SC2086
  bundle all $names
  start_live
  all_down() { ! s6-svstat -o up,wantedup "$LIVE"/servicedirs/l* | grep -q true; }
  for moment in 100 110 130 160 199; do
    rc_begin -v2 change all
    wait_for 10 grep -q "service l$moment: starting" "$T/rc.err"
    kill -TERM "$rc_pid"
    rc_end 1
    for name in $names; do
      wait_for 10 is_down "$name"
    done
    assert_state "0 0$(i=0; while [ $i -lt 100 ]; do printf ' 0'; i=$((i + 1)); done)"
    assert_output '' rc diff
  done
}

run_tests "$@"
