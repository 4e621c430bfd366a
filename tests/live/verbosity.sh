#!/bin/sh
# ISC license.
# What is said at which verbosity.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# Numbers for milliseconds are whatever they were.
without_ms() { printf '%s\n' "$STDERR" | sed 's/after [0-9]* ms$/after N ms/' | sort; }

services() {
  oneshot good
  oneshot bad up=false down=false
  oneshot vital flag-essential=
  longrun l
  depends l good
}

test_quiet() {
  services
  start_live
  assert_exit 0 rc -v0 change good l vital
  assert_eq "$STDOUT$STDERR" ''
  assert_exit 1 rc -v0 change bad
  assert_eq "$STDERR" 's6-rc: fatal: service bad failed to start: its script exited with code 1
s6-rc: fatal: 1 service failed'
  assert_exit 0 rc -v0 -d change vital
  assert_eq "$STDERR" ''
}

test_usual() {
  services
  start_live
  assert_exit 0 rc change good l vital
  assert_eq "$STDOUT$STDERR" ''
  # at once, and again at the end
  for v in '' -v1 --verbosity=1; do
    # shellcheck disable=SC2086
    assert_exit 1 rc $v change bad
    assert_eq "$STDERR" 's6-rc: warning: service bad: failed to start: its script exited with code 1
s6-rc: fatal: service bad failed to start: its script exited with code 1
s6-rc: fatal: 1 service failed'
  done
}

test_each_transition() {
  services
  start_live
  assert_exit 0 rc -v2 change l
  assert_eq "$STDOUT" ''
  assert_eq "$(without_ms)" 's6-rc: info: service good: starting
s6-rc: info: service good: up after N ms
s6-rc: info: service l: starting
s6-rc: info: service l: up after N ms
s6-rc: info: service s6rc-oneshot-runner: starting
s6-rc: info: service s6rc-oneshot-runner: up after N ms'
  assert_exit 0 rc -v2 reload l good
  assert_eq "$(without_ms)" 's6-rc: info: service good: reloaded after N ms
s6-rc: info: service good: reloading
s6-rc: info: service l: reloaded after N ms
s6-rc: info: service l: reloading'
  assert_exit 0 rc -v2 -d change good
  assert_eq "$(without_ms)" 's6-rc: info: service good: down after N ms
s6-rc: info: service good: stopping
s6-rc: info: service l: down after N ms
s6-rc: info: service l: stopping'
  assert_exit 0 rc -v3 change good
  assert_contains "$STDERR" 'service good: starting'
}

test_order_of_the_lines() {
  services
  start_live
  assert_exit 0 rc -v2 change l
  printf '%s\n' "$STDERR" | sed 's/^s6-rc: info: service //; s/ after .*//' >"$T/log"
  assert_order 's6rc-oneshot-runner: starting' 's6rc-oneshot-runner: up' 'good: starting' 'good: up' 'l: starting' 'l: up'
}

# Every 10 s, what is still under way; this test takes 11 s.
test_patience() {
  longrun l run="$(ready_run l)" notification-fd=3 timeout-up=60000
  oneshot o up="$(held o)"
  oneshot after
  depends after o
  start_live
  # another live directory, a moment earlier, only warnings
  mkdir "$T/scan2"
  s6-svscan "$T/scan2" >"$T/scan2.log" 2>&1 </dev/null &
  svscan=$!
  wait_for 10 s6-svscanctl -z "$T/scan2"
  "$S6RC_BIN/s6-rc-init" -c "$DB" -l "$T/live2" "$T/scan2"
  "$S6RC_BIN/s6-rc" -l "$T/live2" change after >quiet 2>&1 &
  quiet=$!
  wait_log o
  rc_begin -v2 change l after
  wait_for 20 grep -q 'service o: still starting after ' "$T/rc.err"
  wait_for 20 grep -q 'service l: still starting after ' "$T/rc.err"
  release l o
  rc_end 0
  wait $quiet
  assert_file quiet ''
  s6-svscanctl -t "$T/scan2"
  wait $svscan || :
  assert_eq "$(printf '%s\n' "$STDERR" | grep still | sed 's/after [0-9]* ms/after N ms/' | sort)" \
    's6-rc: info: service l: still starting after N ms, its limit is 60000 ms
s6-rc: info: service o: still starting after N ms'
}

test_down_file_that_cannot_be_removed() {
  longrun l
  start_live
  rm "$LIVE/servicedirs/l/down"
  mkdir "$LIVE/servicedirs/l/down"
  assert_exit 0 rc change l
  assert_contains "$STDERR" 's6-rc: warning: unable to remove the file `down` of service l'
  rc -d change l
  assert_exit 0 rc -v0 change l
  assert_eq "$STDERR" ''
}

run_tests "$@"
