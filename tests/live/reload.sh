#!/bin/sh
# ISC license.
# reload
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# A run that logs which signals it gets.
listening_run() { # NAME
  printf '#!/bin/sh\n'
  for _signal in HUP USR1 USR2 ALRM; do
    printf 'trap "echo %s %s >>%s/log" %s\n' "$1" "$_signal" "$T" "$_signal"
  done
  printf 'echo %s runs >>%s/log\n%s\n' "$1" "$T" "$(until_exists never)"
}

test_longruns() {
  longrun l run="$(listening_run l)"
  longrun m run="$(listening_run m)" reload-signal=SIGUSR1
  longrun n run="$(listening_run n)" reload-signal=12
  longrun o run="$(listening_run o)" reload-signal=alrm
  start_live
  rc change l m n o
  wait_log 'l runs' 'm runs' 'n runs' 'o runs'
  assert_output '' rc reload l m n o
  wait_log 'l HUP' 'm USR1' 'n USR2' 'o ALRM'
  assert_eq "$(wc -l <"$T/log")" 8
}

# An older s6-svc cannot send every signal.
test_signal_that_cannot_be_sent() {
  longrun l reload-signal=SIGRTMIN
  longrun m reload-signal=nonsense
  start_live
  rc change l m
  case $(s6-svc -? 2>&1) in *' -l '* | *'[ -l'*) skip 's6-svc sends it by itself' ;; esac
  for name in l m; do
    assert_exit 1 rc reload $name
    assert_contains "$STDERR" "service $name: the signal in its reload-signal"
  done
}

test_oneshots() {
  oneshot a reload="$(says a-reload)" up="$(says a)"
  oneshot b
  oneshot c reload='sh -c "exit 7"'
  start_live
  rc change a b c
  rc reload a
  assert_order a a-reload
  # none is needed
  rc reload b
  assert_exit 1 rc reload c
  assert_contains "$STDERR" 'service c failed to reload: its script exited with code 7'
}

test_nothing_else_is_touched() {
  longrun dependency run="$(listening_run dependency)"
  oneshot a reload="$(says a-reload)" down="$(says a-down)"
  longrun dependent run="$(listening_run dependent)"
  depends a dependency
  depends dependent a
  start_live
  rc change dependent
  wait_log 'dependency runs' 'dependent runs'
  before="$(state) $(service_pid dependency) $(service_pid dependent)"
  rc reload a
  assert_eq "$(state) $(service_pid dependency) $(service_pid dependent)" "$before"
  assert_eq "$(wc -l <"$T/log")" 3
}

test_not_up() {
  oneshot up reload="$(says up-reload)"
  oneshot down reload="$(says down-reload)"
  longrun l
  bundle both up down
  start_live
  rc change up
  for names in down l both 'up l' 'up down'; do
    # shellcheck disable=SC2086
    assert_exit 1 rc reload $names
    assert_contains "$STDERR" ' is not up: it cannot be reloaded'
  done
  assert_absent "$T/log"
  assert_state '1 0 0 0 3'
}

# All at once, whatever depends on what.
test_all_at_once() {
  for i in 1 2 3; do
    oneshot "s$i" reload="sh -c \"touch $T/here.$i; $(until_exists here.1); $(until_exists here.2); $(until_exists here.3)\""
  done
  depends s2 s1
  depends s3 s2
  bundle all s1 s2 s3
  start_live
  rc change all
  rc -t 60000 reload all
}

test_limit() {
  oneshot a reload="$(held a)" up='' timeout-up=300 timeout-down=300
  start_live
  # the limits of transitions are not meant
  rc change a
  assert_exit 2 rc -t 3000 reload a
  assert_contains "$STDERR" '1 service still reloading: a'
  release a
  wait_log 'a ends'
}

test_longrun_that_does_not_run() {
  longrun l
  start_live
  rc change l
  rm "$SCAN/l"
  s6-svscanctl -an "$SCAN"
  gone() { ! s6-svok "$LIVE/servicedirs/l"; }
  wait_for 10 gone
  assert_exit 1 rc reload l
  assert_contains "$STDERR" 'service l failed to reload: no s6-supervise is running in its service directory'
  assert_up l
}

test_during_a_change() {
  oneshot a reload="$(says a-reload)"
  oneshot slow up="$(held slow)"
  start_live
  rc change a
  rc_begin change slow
  wait_log slow
  rc reload a
  release slow
  rc_end 0
  assert_logged a-reload
}

run_tests "$@"
