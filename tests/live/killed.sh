#!/bin/sh
# ISC license.
# Processes that are killed in the middle: s6-rc, what serves it, supervisors.
# Whatever is said then, one more run converges.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# The process that serves the s6-rc which runs, and its scripts' processes.
children() { # PID
  cat "/proc/$1/task/$1/children" | tr ' ' '\n' | grep .
}
handler() { children "$(service_pid s6rc-oneshot-runner)" | tail -n 1; }

# A script of its own process only: no shell around it, no child.
script() { # NAME
  cat >"$T/$1" <<END_OF_SCRIPT
#!/bin/sh
echo $1 >>$T/log
if test -e $T/running.$1; then echo $1 runs twice >>$T/log; fi
echo \$\$ >$T/running.$1
$(until_exists "go.$1")
rm $T/running.$1
echo $1 ends >>$T/log
END_OF_SCRIPT
  chmod 755 "$T/$1"
}

test_scripts_of_a_killed_s6_rc_finish() {
  script a
  script b
  oneshot a up="$T/a"
  oneshot b up="$T/b"
  oneshot after-a up="$(says after-a)"
  oneshot after-b up="$(says after-b)"
  depends after-a a
  depends after-b b
  start_live
  rc_begin change after-a after-b
  wait_log a b
  runner=$(handler)
  kill -KILL "$rc_pid"
  rc_end 137
  release a b
  wait_log 'a ends' 'b ends'
  gone() { ! kill -0 "$runner" 2>/dev/null; }
  wait_for 10 gone
  # no further one starts
  assert_not_logged after-a after-b
  assert_state '1 0 0 0 0 0'
  rc change after-a after-b
  assert_eq "$(count_log a)$(count_log b)" 22
  assert_output '' rc diff
}

# Many more than can have been started when it died.
test_queued_scripts_do_not_start() {
  names=''
  i=100
  while [ $i -lt 400 ]; do
    oneshot "s$i" up="sh -c \"echo x >>$T/log; $(until_exists go 0.5)\""
    names="$names s$i"
    i=$((i + 1))
  done
  # shellcheck disable=SC2086
  bundle all $names
  start_live
  rc_begin change all
  wait_log x
  kill -KILL "$rc_pid"
  rc_end 137
  : >"$T/go"
  gone() { [ -z "$(children "$(service_pid s6rc-oneshot-runner)")" ]; }
  wait_for 20 gone
  before=$(count_log x)
  rc change all
  assert_eq "$(count_log x)" $((before + 300))
}

# Nor does one that was asked for with the last breath: what serves it reads
# that and the end at once.
test_last_request_is_not_carried_out() {
  oneshot a up="$(held a)"
  longrun l run="$(ready_run l)" notification-fd=3
  oneshot b up="$(says b)"
  depends b l
  start_live
  rc_begin change a b
  wait_log a 'l runs'
  runner=$(handler)
  kill -STOP "$runner"
  release l
  wait_for 10 is_listed l
  kill -KILL "$rc_pid"
  rc_end 137
  kill -CONT "$runner"
  release a
  gone() { ! kill -0 "$runner" 2>/dev/null; }
  wait_for 10 gone
  assert_logged 'a ends'
  assert_not_logged b
}

# The script of a killed s6-rc still runs when the next one comes: it waits,
# and then runs it; never twice at a time.
test_next_run_waits_for_the_script() {
  script slow
  oneshot slow up="$T/slow" down="$T/slow"
  oneshot other up="$(says other)"
  start_live
  rc_begin change slow
  wait_log slow
  kill -KILL "$rc_pid"
  rc_end 137
  rc_begin change slow other
  # it is there and works
  wait_log other
  assert_eq "$(count_log slow)" 1
  assert_down slow
  release slow
  rc_end 0
  assert_eq "$(count_log slow)$(count_log 'slow ends')" 22
  assert_not_logged 'slow runs twice'
  assert_up slow
  # the other direction
  rm "$T/go.slow"
  rc_begin -d change slow
  runs() { [ "$(count_log slow)" = "$1" ]; }
  wait_for 10 runs 3
  kill -KILL "$rc_pid"
  rc_end 137
  rc_begin -d change slow
  release slow
  rc_end 0
  assert_eq "$(count_log slow)" 4
  assert_not_logged 'slow runs twice'
}

test_several_killed_runs_wait_in_turn() {
  script slow
  oneshot slow up="$T/slow"
  oneshot other up="sh -c \"echo other >>$T/log; exit 1\""
  start_live
  for i in 1 2 3 4; do
    rc_begin change slow other
    runs() { [ "$(count_log other)" = "$i" ]; }
    wait_for 10 runs
    wait_log slow
    kill -KILL "$rc_pid"
    rc_end 137
  done
  assert_eq "$(count_log slow)" 1
  # those that waited have nobody to wait for
  one_handler() { [ "$(children "$(service_pid s6rc-oneshot-runner)" | wc -l)" = 1 ]; }
  wait_for 10 one_handler
  rc_begin change slow
  release slow
  rc_end 0
  # those that were killed while they waited are forgotten
  assert_eq "$(count_log slow)" 2
  assert_not_logged 'slow runs twice'
}

# The limit ends the wait, too; and what was waited for is left alone.
test_wait_is_part_of_the_transition() {
  script slow
  oneshot slow up="$T/slow" timeout-up=4000
  start_live
  rc_begin change slow
  wait_log slow
  kill -KILL "$rc_pid"
  rc_end 137
  assert_exit 1 rc change slow
  assert_contains "$STDERR" 'service slow failed to start: timed out after 4000 ms'
  assert_not_logged 'slow ends'
  release slow
  wait_log 'slow ends'
  rc change slow
  assert_eq "$(count_log slow)" 2
}

test_handler() {
  script a
  oneshot a up="$T/a"
  oneshot after up="$(says after)"
  oneshot quick up="$(says quick)"
  longrun l run="$(ready_run l)" notification-fd=3
  depends after a
  start_live
  rc_begin change after quick l
  wait_log a 'l runs'
  wait_for 10 is_listed quick
  kill -KILL "$(handler)"
  wait_for 10 grep -q 'service a: failed to start: trouble with the oneshot runner: it hung up' "$T/rc.err"
  # the rest goes on
  release l
  rc_end 1
  assert_contains "$STDERR" 'service a failed to start: trouble with the oneshot runner: it hung up'
  assert_contains "$STDERR" '1 service not attempted because of a: after'
  assert_up l quick
  assert_down a after
  release a
  wait_log 'a ends'
  rc change after
  assert_output '' rc diff
}

# Until slow has ended, while OTHER is run at once.
assert_next_run_waits() { # OTHER
  rc_begin change slow "$1"
  wait_log "$1"
  assert_eq "$(count_log slow)" 1
  release slow
  rc_end 0
  assert_eq "$(count_log slow)$(count_log 'slow ends')" 22
  assert_not_logged 'slow runs twice'
}

# The script has noted itself, and whoever serves the next one finds that.
test_next_run_waits_for_the_script_of_a_killed_handler() {
  script slow
  oneshot slow up="$T/slow"
  oneshot other up="$(says other)"
  start_live
  rc_begin change slow
  wait_log slow
  kill -KILL "$(handler)"
  rc_end 1
  assert_next_run_waits other
  assert_output '' rc diff
}

# All that the runner has, but for the scripts.
test_next_run_waits_when_all_that_serve_were_killed() {
  script slow
  oneshot slow up="$T/slow"
  oneshot other up="$(says other)"
  start_live
  rc_begin change slow
  wait_log slow
  kill -KILL "$(service_pid s6rc-oneshot-runner)"
  for pid in $(pgrep -x s6-rc-oneshot-r); do
    # it may be the one that was killed above, and gone by now
    case $(readlink "/proc/$pid/cwd") in "$T"/*) kill -KILL "$pid" || : ;; esac
  done
  rc_end 1
  assert_file running.slow "$(readlink "$LIVE/servicedirs/s6rc-oneshot-runner/running/slow" | cut -d: -f1)"
  assert_next_run_waits other
  assert_eq "$(ls "$LIVE/servicedirs/s6rc-oneshot-runner/running")" '' 'notes that are left'
}

# The number of the service is another one then.
test_next_run_waits_after_an_update() {
  script slow
  oneshot slow up="$T/slow"
  start_live
  rc_begin change slow
  wait_log slow
  kill -KILL "$(handler)"
  rc_end 1
  oneshot another up="$(says another)"
  DB=$T/db2
  compile
  s6-rc-update -l "$LIVE" "$DB"
  assert_next_run_waits another
}

# Its supervisor starts it again, but not twice in a second.
test_runner_comes_back() {
  oneshot a
  oneshot b
  depends b a
  start_live
  rc change s6rc-oneshot-runner
  # it can be at work before its supervisor has written down that it runs
  another() { pid=$(service_pid s6rc-oneshot-runner) && [ -n "$pid" ] && [ "$pid" != "$before" ]; }
  before=''
  for round in 1 2 3; do
    wait_for 10 another
    before=$pid
    kill -KILL "$pid"
    rc change b
    rc -d change a
  done
}

test_runner() {
  script a
  oneshot a up="$T/a"
  oneshot after up="$(says after)"
  depends after a
  start_live
  rc_begin change after
  wait_log a
  kill -KILL "$(service_pid s6rc-oneshot-runner)"
  # whoever is connected is served on
  release a
  wait_log 'a ends'
  rc_end 0
  assert_up a after
  assert_output '' rc diff
}

# Before anybody is connected: the socket is there, nobody answers.
test_runner_does_not_answer() {
  oneshot a reload=true
  oneshot b
  longrun l
  depends b a
  start_live
  rc change l a
  # down without s6-rc's knowledge
  s6-svc -wD -d "$LIVE/servicedirs/s6rc-oneshot-runner"
  assert_exit 1 rc change b
  assert_contains "$STDERR" 'service b failed to start: trouble with the oneshot runner: connect to it: '
  assert_exit 1 rc diff
  assert_eq "$STDOUT" '-s6rc-oneshot-runner'
  assert_exit 1 rc reload a
  assert_contains "$STDERR" 'trouble with the oneshot runner'
  s6-svc -wU -u "$LIVE/servicedirs/s6rc-oneshot-runner"
  rc change b
  assert_output '' rc diff
}

supervisor() { # LONGRUN
  sed -n 's/^PPid:[[:space:]]*//p' "/proc/$(service_pid "$1")/status"
}

test_supervisor_while_it_starts() {
  longrun l run="#!/bin/sh
echo l runs >>$T/log
exec 4>$T/l.lock
$(until_exists go.l)
echo >&3
exec sleep 86400" notification-fd=3
  oneshot after up="$(says after)"
  depends after l
  start_live
  rc_begin change after
  wait_log 'l runs'
  wait_for 10 supervised_up l
  orphan=$(service_pid l)
  kill -KILL "$(supervisor l)"
  # s6-svscan starts another one, which finds `down` and is told again
  restarted() { [ "$(count_log 'l runs')" = 2 ]; }
  wait_for 10 restarted
  kill -KILL "$orphan"
  release l
  rc_end 0
  assert_up l after
  assert_output '' rc diff
  assert_absent "$LIVE/servicedirs/l/down"
}

test_supervisor_while_it_stops() {
  longrun l run="#!/bin/sh
trap 'echo l is told >>$T/log' TERM
echo l runs >>$T/log
$(until_exists go.l)"
  start_live
  rc change l
  wait_log 'l runs'
  rc_begin -d change l
  wait_log 'l is told'
  pid=$(supervisor l)
  kill -KILL "$pid"
  # s6-svscan starts another one, which starts another l, and is told again
  other() { s6-svok "$LIVE/servicedirs/l"; }
  wait_for 10 other
  release l
  rc_end 0
  is_down l
  assert_file "$LIVE/servicedirs/l/down"
  assert_output '' rc diff
}

# Killed, and asked for before s6-svscan has started another one, which it
# does within a second.
test_supervisor_before_it_starts() {
  longrun l
  start_live
  s6-svc -wu -u "$LIVE/servicedirs/l"
  pid=$(supervisor l)
  s6-svc -wD -d "$LIVE/servicedirs/l"
  kill -KILL "$pid"
  rc change l
  supervised_up l
  assert_output '' rc diff
}

# What the status file of a killed supervisor says is not believed.
test_status_of_a_killed_supervisor() {
  longrun l
  start_live
  s6-svc -wu -u "$LIVE/servicedirs/l"
  orphan=$(service_pid l)
  rm "$SCAN/l"
  kill -KILL "$(supervisor l)"
  gone() { ! s6-svok "$LIVE/servicedirs/l"; }
  wait_for 10 gone
  assert_exit 1 rc change l
  assert_contains "$STDERR" 'service l failed to start: no s6-supervise is running'
  assert_down l
  kill -KILL "$orphan"
}

# At any moment: a run is killed, the next one brings all up; at the end
# everything is what s6-rc says it is.
test_at_any_moment() {
  names=''
  for i in 1 2 3 4 5 6 7 8; do
    longrun "l$i"
    ready_longrun "r$i"
    oneshot "o$i" up="$(says "o$i-up")" down="$(says "o$i-down")"
    depends "o$i" "l$i" "r$i"
    [ $i = 1 ] || depends "l$i" "o$((i - 1))"
    names="$names l$i r$i o$i"
  done
  # shellcheck disable=SC2086
  bundle all $names
  start_live
  # at the Nth line of what it says: as good as any moment
  for line in 1 3 6 10 15 21 28 36; do
    for direction in -u -d; do
      rc_begin -v2 $direction change all
      reached() { [ "$(grep -c . "$T/rc.err")" -ge "$line" ] || ! kill -0 "$rc_pid" 2>/dev/null; }
      wait_for 20 reached
      kill -KILL "$rc_pid" 2>/dev/null || :
      wait "$rc_pid" 2>/dev/null || :
      rc $direction change all
      assert_output '' rc diff
      case $direction in
        -u) assert_up o1 o8 l8 r8 ;;
        -d) assert_down o1 o8 l1 l8 r1 r8 ;;
      esac
    done
  done
}

run_tests "$@"
