#!/bin/sh
# ISC license.
# s6-rc restart: what goes down, and what comes up again, in one run.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# b needs a, c needs b, d needs a; l is a longrun that needs a; e is alone.
# Numbers: 2 l, 3 a to 7 e
services() {
  for name in a b c d e; do oneshot $name up="$(says $name-up)" down="$(says $name-down)"; done
  longrun l run="$(run_script l)"
  depends b a
  depends c b
  depends d a
  depends l a
  bundle some b e
}

clear_log() { : >"$T/log"; }

test_with_what_needs_it() {
  services
  start_live
  rc change c l e
  wait_log 'l runs'
  before=$(state)
  pid=$(service_pid l)
  clear_log
  assert_exit 0 rc restart a
  assert_eq "$STDERR" ''
  wait_log 'l runs'
  assert_order c-down b-down a-down a-up b-up c-up
  assert_order 'l ends' a-down a-up 'l runs'
  # d was down, e does not need it
  assert_not_logged d-up d-down e-up e-down
  assert_eq "$(state)" "$before"
  [ "$(service_pid l)" != "$pid" ]
  assert_output '' rc diff
}

test_what_it_needs_stays() {
  services
  start_live
  rc change c l e
  wait_log 'l runs'
  clear_log
  rc restart b
  assert_order c-down b-down b-up c-up
  assert_not_logged a-down a-up 'l ends' e-down
  rc restart l
  wait_log 'l runs'
  assert_not_logged a-down a-up
}

# Wanted is who was wanted, not who is restarted.
test_wanted_as_before() {
  services
  start_live
  rc change c
  assert_state '1 0 0 1 1 3 0 0'
  rc restart b
  assert_state '1 0 0 1 1 3 0 0'
  rc change a
  rc restart a b
  assert_state '1 0 0 3 1 3 0 0'
}

test_what_is_down_stays_down() {
  services
  start_live
  rc change b
  clear_log
  assert_exit 0 rc restart d some
  assert_eq "$STDERR" 's6-rc: warning: service d is not up: it stays down
s6-rc: warning: service e is not up: it stays down'
  assert_order b-down b-up
  assert_not_logged a-down d-up e-up
  assert_exit 0 rc -v0 restart d e
  assert_eq "$STDERR" ''
  assert_state '1 0 0 1 3 0 0 0'
}

test_everything() {
  services
  start_live
  rc change c e
  clear_log
  assert_exit 0 rc -a restart
  assert_eq "$STDERR" ''
  assert_order c-down b-down a-down a-up b-up c-up
  assert_order e-down e-up
  # the oneshot runner is essential
  assert_state '1 0 0 1 1 3 0 3'
}

test_names_are_wanted() {
  services
  start_live
  assert_exit 100 rc restart
  assert_contains "$STDERR" 'restart what?'
  assert_exit 3 rc restart nobody
}

# -p: like -p change, but with a restart of what stays.
test_prune() {
  services
  start_live
  rc change c d e
  clear_log
  rc -p restart b
  assert_order c-down b-down b-up
  assert_logged d-down e-down
  assert_not_logged a-down a-up c-up d-up e-up
  assert_state '1 0 0 1 1 0 0 0'
}

test_prune_does_not_start() {
  services
  start_live
  rc change e
  assert_exit 0 rc -p restart c
  assert_contains "$STDERR" 'service c is not up: it stays down'
  assert_state '1 0 0 0 0 0 0 0'
}

test_directions_mean_nothing() {
  services
  start_live
  rc change e
  for option in -u -d; do
    clear_log
    rc $option restart e
    assert_order e-down e-up
  done
}

test_failure_on_the_way_up() {
  oneshot bad up="sh -c \"test ! -e $T/fail\""
  oneshot user up="$(says user-up)" down="$(says user-down)"
  oneshot other up="$(says other-up)"
  depends user bad
  bundle both bad other
  start_live
  rc change user other
  : >"$T/fail"
  clear_log
  assert_exit 1 rc restart both
  assert_eq "$STDERR" 's6-rc: warning: service bad: failed to start: its script exited with code 1
s6-rc: fatal: service bad failed to start: its script exited with code 1
s6-rc: fatal: 1 service not attempted because of bad: user
s6-rc: fatal: 1 service failed, 1 not attempted'
  assert_logged user-down other-up
  assert_not_logged user-up
  # bad, other, user
  assert_state '1 0 0 3 0'
}

# What does not stop keeps what it needs up; the rest is restarted.
test_failure_on_the_way_down() {
  services
  oneshot stays down=false
  depends stays b
  start_live
  rc change c stays l
  wait_log 'l runs'
  clear_log
  assert_exit 1 rc restart a
  assert_contains "$STDERR" 'service stays failed to stop'
  assert_order c-down c-up
  wait_log 'l runs'
  assert_order 'l ends' 'l runs'
  assert_not_logged b-down a-down
  # l, a, b, c, d, e, stays
  assert_state '1 0 3 1 1 3 0 0 3'
}

test_timeout_is_for_both_phases() {
  services
  oneshot slow up="$(says slow)" down="$(held slow-down)"
  depends slow a
  start_live
  rc change slow c
  clear_log
  assert_exit 2 rc -t 4000 restart a
  assert_contains "$STDERR" '1 service still stopping: slow'
  assert_contains "$STDERR" '2 services not started again: b, c'
  assert_not_logged b-up c-up a-down
  release slow-down
}

test_timeout_on_the_way_up() {
  services
  oneshot slow up="sh -c \"test ! -e $T/hang || $(until_exists go.hang)\"" down="$(says slow-down)"
  depends slow a
  depends c slow
  start_live
  rc change c
  : >"$T/hang"
  assert_exit 2 rc -t 4000 restart slow
  assert_contains "$STDERR" '1 service still starting: slow'
  release hang
}

test_interrupted() {
  services
  oneshot slow down="$(held slow-down)"
  depends slow a
  start_live
  rc change slow b
  clear_log
  rc_begin restart a
  wait_log slow-down b-down
  kill -TERM "$rc_pid"
  wait_for 10 signals_are_taken
  release slow-down
  rc_end 1
  assert_contains "$STDERR" 'interrupted by a signal'
  assert_contains "$STDERR" '2 services not started again: b, slow'
  assert_not_logged b-up a-down
}

# The lock is kept from the first stop to the last start.
test_one_lock() {
  services
  oneshot slow up="sh -c \"test ! -e $T/hang || { echo slow-up >>$T/log; $(until_exists go.hang); }\""
  start_live
  rc change slow
  : >"$T/hang"
  rc_begin restart slow
  wait_log slow-up
  assert_exit 111 rc change e
  assert_contains "$STDERR" "(pid $rc_pid)"
  release hang
  rc_end 0
}

printed() { printf '%s\n' "$STDOUT" | sed 's|: .*/\(s6-svc\)|: \1|; s|: .*/\(s6-rc-oneshot-run\)|: \1|'; }

test_dry_run() {
  services
  start_live
  rc change c e
  clear_log
  before=$(state)
  assert_exit 0 rc -n 0 restart b
  assert_eq "$(printed)" "s6-rc-dryrun: s6-rc-oneshot-run -l $LIVE down 5
s6-rc-dryrun: s6-rc-oneshot-run -l $LIVE down 4
s6-rc-dryrun: s6-rc-oneshot-run -l $LIVE up 4
s6-rc-dryrun: s6-rc-oneshot-run -l $LIVE up 5"
  assert_eq "$(state)" "$before"
  assert_file "$T/log" ''
}

# vital needs a, and user needs vital. Numbers: 2 l, 3 a to 7 e, 8 user, 9 vital
essentials() {
  services
  oneshot vital flag-essential= up="$(says vital-up)" down="$(says vital-down)"
  oneshot user up="$(says user-up)" down="$(says user-down)"
  depends vital a
  depends user vital
}

test_essential_by_name() {
  essentials
  start_live
  rc change user b
  clear_log
  for name in vital a; do
    assert_exit 1 rc restart $name
    assert_eq "$STDERR" "s6-rc: warning: service vital is essential: it stays up (only -D stops it)
s6-rc: fatal: service $name cannot be restarted without -D: it, or a service that needs it, is essential"
  done
  assert_file "$T/log" ''
  assert_exit 0 rc -D restart vital
  assert_eq "$STDERR" ''
  assert_order user-down vital-down vital-up user-up
  assert_exit 0 rc -D restart a
  assert_order b-down a-down a-up b-up
}

test_essential_among_others() {
  essentials
  bundle mixed vital b
  start_live
  rc change user b
  clear_log
  for words in 'restart mixed' '-a restart'; do
    clear_log
    # shellcheck disable=SC2086
    assert_exit 0 rc $words
    assert_eq "$STDERR" 's6-rc: warning: service vital is essential: it stays up (only -D stops it)'
    assert_order user-down user-up
    assert_order b-down b-up
    assert_not_logged vital-down a-down
  done
  clear_log
  rc -p restart b
  assert_order b-down b-up
  assert_not_logged vital-down user-up
  rc change user
  clear_log
  rc -Da restart
  assert_order user-down vital-down a-down a-up vital-up
  assert_up vital
}

test_pipeline() {
  longrun producer producer-for=consumer run="$(run_script producer)"
  longrun consumer consumer-for=producer pipeline-name=both run="$(run_script consumer)"
  start_live
  rc change both
  wait_log 'producer runs' 'consumer runs'
  clear_log
  rc restart producer
  wait_log 'producer ends' 'producer runs'
  assert_not_logged 'consumer ends'
  rc restart consumer
  wait_log 'consumer ends' 'consumer runs'
  assert_state '0 1 3 3'
  assert_output '' rc diff
}

run_tests "$@"
