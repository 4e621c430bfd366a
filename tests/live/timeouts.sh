#!/bin/sh
# ISC license.
# Limits: the services' own, and that of the whole run. Those within which
# something must have come about leave it seconds.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# A script that logs the signals that it gets. CONT comes last.
stubborn() { # NAME
  cat >"$T/$1" <<END_OF_SCRIPT
#!/bin/sh
trap 'echo $1 TERM >>$T/log' TERM
trap 'echo $1 CONT >>$T/log' CONT
echo $1 >>$T/log
$(until_exists "go.$1")
echo $1 ends >>$T/log
END_OF_SCRIPT
  chmod 755 "$T/$1"
}

test_longrun_up() {
  longrun l run="$(ready_run l)" notification-fd=3 timeout-up=3000
  oneshot after up="$(says after)"
  oneshot other up="$(says other)"
  depends after l
  start_live
  assert_exit 1 rc change after other
  assert_contains "$STDERR" 'service l failed to start: timed out after 3000 ms (its timeout-up)'
  assert_contains "$STDERR" '1 service not attempted because of l: after'
  assert_logged other
  assert_not_logged after
  wait_log 'l ends'
  wait_for 10 is_down l
  assert_file "$LIVE/servicedirs/l/down"
  assert_state '1 0 0 0 3'
  assert_output '' rc diff
  # it may get all the time it wants the next time
  release l
  rc change after
}

# So short that the command to start and the one to stop are on their way at
# nearly the same time: whatever overtakes what, all are down in the end.
test_shortest_limit() {
  names='' i=100
  while [ $i -lt 160 ]; do
    longrun "l$i" notification-fd=3 timeout-up=1
    names="$names l$i"
    i=$((i + 1))
  done
  # shellcheck disable=SC2086
  bundle all $names
  start_live
  for i in 1 2 3 4; do
    assert_exit 1 rc -v0 change all
    assert_contains "$STDERR" '60 services failed'
    for name in $names; do wait_for 10 is_down "$name"; done
    assert_output '' rc diff
  done
}

test_longrun_down() {
  stubborn l
  longrun l run="#!/bin/sh
exec $T/l" timeout-down=400
  oneshot below down="$(says below)"
  depends l below
  start_live
  rc change l
  wait_log l
  assert_exit 1 rc -d change below
  assert_contains "$STDERR" 'service l failed to stop: timed out after 400 ms (its timeout-down)'
  assert_contains "$STDERR" '1 service not attempted because of l: below'
  assert_not_logged below
  assert_up l below
  assert_absent "$LIVE/servicedirs/l/down"
  # so that the next time needs none
  release l
  s6-svwait -t 10000 -D "$LIVE/servicedirs/l"
  rc -d change below
  assert_logged below
  assert_file "$LIVE/servicedirs/l/down"
}

test_oneshot_up() {
  stubborn slow
  oneshot slow up="$T/slow" timeout-up=3000
  oneshot after up="$(says after)"
  depends after slow
  start_live
  assert_exit 1 rc change after
  assert_contains "$STDERR" 'service slow failed to start: timed out after 3000 ms (its timeout-up)'
  wait_log 'slow CONT'
  assert_order slow 'slow TERM' 'slow CONT'
  assert_not_logged after
  assert_down slow after
  release slow
  wait_log 'slow ends'
  # an end after the time is no success
  assert_down slow
}

test_oneshot_down() {
  stubborn slow
  oneshot slow down="$T/slow" timeout-down=3000
  start_live
  rc change slow
  assert_exit 1 rc -d change slow
  assert_contains "$STDERR" 'service slow failed to stop: timed out after 3000 ms (its timeout-down)'
  wait_log 'slow TERM' 'slow CONT'
  assert_up slow
  release slow
}

test_script_that_obeys() {
  oneshot slow up='sleep 86400' timeout-up=300
  start_live
  assert_exit 1 rc change slow
  assert_contains "$STDERR" 'timed out after 300 ms'
  gone() { ! processes_of "$S6RC_TEST_ID" "$T" | describe_processes | grep -q '[s]leep 86400'; }
  wait_for 10 gone
}

test_stopped_script() {
  oneshot slow timeout-up=3000 up="sh -c \"trap 'echo TERM >>$T/log; exit 0' TERM; kill -STOP \$\$; $(until_exists never)\""
  start_live
  assert_exit 1 rc change slow
  wait_log TERM
}

# One among many: only it gets the signal, and the rest goes on.
test_only_the_slow_one_is_told() {
  stubborn slow
  stubborn other
  oneshot slow up="$T/slow" timeout-up=3000
  oneshot other up="$T/other"
  start_live
  rc_begin change slow other
  wait_log other 'slow CONT'
  release other
  rc_end 1
  assert_not_logged 'other TERM' 'other CONT'
  assert_up other
  assert_down slow
  release slow
}

test_no_limit() {
  longrun l run="$(ready_run l)" notification-fd=3 timeout-up=0
  oneshot o up="$(held o)" timeout-up=0
  oneshot bounded timeout-up=300 up='sleep 86400'
  start_live
  rc_begin change l o bounded
  wait_log o 'l runs'
  # time has passed for a third one
  wait_for 10 grep -q 'service bounded: failed' "$T/rc.err"
  release o l
  rc_end 1
  assert_up l o
  assert_lacks "$STDERR" 'service l'
}

test_whole_run() {
  longrun l run="$(ready_run l)" notification-fd=3
  oneshot o up="$(held o)"
  oneshot after up="$(says after)"
  depends after o
  oneshot quick up="$(says quick)"
  start_live
  assert_exit 2 rc -t 4000 change l after quick
  assert_contains "$STDERR" 'timed out after 4000 ms (-t)'
  assert_contains "$STDERR" '2 services still starting: l, o'
  assert_contains "$STDERR" '1 service not attempted'
  assert_contains "$STDERR" after
  assert_lacks "$STDERR" 'failed to start'
  # left under way
  wait_log o 'l runs'
  wait_for 10 supervised_up l
  assert_eq "$(s6-svstat -o wantedup "$LIVE/servicedirs/l")" true
  assert_state '1 0 0 0 0 3'
  assert_not_logged 'o TERM'
  # it may still get ready, the next run takes it up
  pid=$(service_pid l)
  release l o
  wait_log 'l ready' 'o ends'
  rc change l after
  assert_eq "$(service_pid l)" "$pid"
  assert_up l after
  assert_eq "$(count_log 'l runs')" 1
}

# Of more services than can be told at once, those that have not been told yet
# are not under way, and the end does not wait for them.
test_whole_run_of_many() {
  names=''
  i=100
  while [ $i -lt 220 ]; do
    longrun "l$i"
    names="$names l$i"
    i=$((i + 1))
  done
  # shellcheck disable=SC2086
  bundle all $names
  start_live
  assert_exit 2 rc -v2 -t 1 change all
  lines=$(printf '%s\n' "$STDERR" | grep fatal)
  printf '%s\n' "$lines" | grep ' still starting: ' | tr -s ' ,' '\n\n' >starting || :
  printf '%s\n' "$lines" | grep ' not attempted: ' | tr -s ' ,' '\n\n' >waiting || :
  if ! grep -q '^#define S6RC_SVC_MANY 1' "$S6RC_BUILD/src/include/s6-rc/config.h"; then
    [ "$(wc -l <waiting)" -gt 80 ] || fail "$lines"
  fi
  up=$(rc -a list)
  for name in $names; do
    wanted=$(s6-svstat -o wantedup "$LIVE/servicedirs/$name")
    if grep -qx "$name" waiting; then
      assert_eq "$wanted" false "wanted: $name"
    elif ! grep -qx "$name" starting; then
      assert_contains "
$up
" "
$name
"
    fi
  done
  # in the queue nothing is left of it
  rc change all
  assert_output '' rc diff
}

test_whole_run_down() {
  stubborn l
  longrun l run="#!/bin/sh
exec $T/l"
  oneshot o down="$(held o)"
  oneshot below down="$(says below)"
  depends o below
  start_live
  rc change l o
  wait_log l
  assert_exit 2 rc -t 3000 -d change l below
  assert_contains "$STDERR" '2 services still stopping: l, o'
  assert_contains "$STDERR" '1 service not attempted'
  assert_contains "$STDERR" below
  assert_up l o below
  wait_log 'l TERM' o
  release l o
  rc -d change l below
  assert_down l o below
}

# Its own limit is the shorter one.
test_own_limit_within_that_of_the_run() {
  oneshot o up='sleep 86400' timeout-up=300
  start_live
  assert_exit 1 rc -t 60000 change o
  assert_contains "$STDERR" 'timed out after 300 ms (its timeout-up)'
  assert_lacks "$STDERR" 60000
}

test_run_limit_is_the_shorter_one() {
  stubborn o
  oneshot o up="$T/o" timeout-up=60000
  start_live
  assert_exit 2 rc -t 3000 change o
  assert_contains "$STDERR" 'timed out after 3000 ms (-t)'
  wait_log o
  assert_not_logged 'o TERM'
  release o
}

# The limits begin when the transition does, not while it waits for its turn.
test_limits_begin_with_the_transition() {
  oneshot first up="$(held first)"
  oneshot second up="$(says second)" timeout-up=5000
  longrun third run="$(run_script third)" timeout-up=5000
  oneshot clock timeout-up=5500 up='sleep 86400'
  depends second first
  depends third first
  start_live
  rc_begin change third second clock
  wait_for 20 grep -q 'service clock: failed' "$T/rc.err"
  release first
  rc_end 1
  assert_up first second third
}

# Nor while another s6-rc has the lock.
test_limits_begin_after_waiting_for_the_lock() {
  oneshot first up="$(held first)"
  oneshot second up="$(says second)" timeout-up=3000
  longrun third run="$(run_script third)" timeout-up=3000
  start_live
  rc_begin change first
  wait_log first
  "$S6RC_BIN/s6-rc" -l "$LIVE" -b -t 3000 change second third >"$T/waits" 2>&1 &
  waits=$!
  blocked() { grep -q -e "-> POSIX .* $waits " /proc/locks; }
  wait_for 10 blocked
  # longer than each limit, by a clock that has nothing to do with either
  sleep 3.2
  release first
  rc_end 0
  status=0
  wait $waits || status=$?
  assert_eq "$status" 0 "$(cat "$T/waits")"
}

test_zero_is_no_limit() {
  oneshot o up="$(held o)"
  start_live
  rc_begin -t 0 change o
  wait_log o
  release o
  rc_end 0
}

# Nothing is ever under way for long here, and the run ends all the same. (700
# writes of state and records take more than a millisecond.)
test_limit_of_the_run_among_short_ones() {
  names=''
  i=0
  while [ $i -lt 700 ]; do
    oneshot "s$i"
    names="$names s$i"
    i=$((i + 1))
  done
  # shellcheck disable=SC2086
  bundle all $names
  start_live
  rc change s6rc-oneshot-runner
  assert_exit 2 rc -t 1 change all
  assert_contains "$STDERR" 'not attempted'
  rc change all
  assert_output '' rc diff
}

run_tests "$@"
