#!/bin/sh
# ISC license.
# Transitions that fail: what is said, what is blocked, exit codes.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# The summary: what follows the warnings that came while it ran.
summary() { printf '%s\n' "$STDERR" | grep 's6-rc: fatal: '; }

test_exit_code_of_a_script() {
  oneshot a up='sh -c "exit 3"'
  oneshot b up='sh -c "exit 127"'
  oneshot c up='sh -c "exit 255"'
  start_live
  assert_exit 1 rc change a b c
  assert_eq "$(summary)" 's6-rc: fatal: service a failed to start: its script exited with code 3
s6-rc: fatal: service b failed to start: its script exited with code 127
s6-rc: fatal: service c failed to start: its script exited with code 255
s6-rc: fatal: 3 services failed'
  assert_eq "$STDOUT" ''
}

test_signals() {
  oneshot a down='sh -c "kill -KILL $$"'
  oneshot b down='sh -c "kill -TERM $$"'
  oneshot c down='sh -c "kill -HUP $$"'
  start_live
  rc change a b c
  assert_exit 1 rc -d change a b c
  assert_eq "$(summary)" 's6-rc: fatal: service a failed to stop: its script was killed by SIGKILL
s6-rc: fatal: service b failed to stop: its script was killed by SIGTERM
s6-rc: fatal: service c failed to stop: its script was killed by SIGHUP
s6-rc: fatal: 3 services failed'
}

test_program_that_cannot_be_executed() {
  : >"$T/not-executable"
  printf 'echo no first line\n' >"$T/no-interpreter"
  chmod 755 "$T/no-interpreter"
  printf '#!/nowhere/sh\n' >"$T/missing-interpreter"
  chmod 755 "$T/missing-interpreter"
  oneshot a up=no-such-program
  oneshot b up="$T/not-executable with words"
  oneshot c up=/nowhere/program
  oneshot d up="$T/no-interpreter"
  oneshot e up="$T/missing-interpreter"
  oneshot f up="$T"
  start_live
  assert_exit 1 rc change a b c d e f
  assert_eq "$(summary)" "s6-rc: fatal: service a failed to start: unable to execute no-such-program: No such file or directory
s6-rc: fatal: service b failed to start: unable to execute $T/not-executable: Permission denied
s6-rc: fatal: service c failed to start: unable to execute /nowhere/program: No such file or directory
s6-rc: fatal: service d failed to start: unable to execute $T/no-interpreter: Exec format error
s6-rc: fatal: service e failed to start: unable to execute $T/missing-interpreter: No such file or directory (it is there: what its first line names is not)
s6-rc: fatal: service f failed to start: unable to execute $T: Permission denied
s6-rc: fatal: 6 services failed"
}

test_only_what_depends_on_it_is_blocked() {
  oneshot bad up=false
  longrun next run="$(run_script next)"
  oneshot last up="$(says last)"
  oneshot side up="$(says side)"
  oneshot good up="$(says good)"
  oneshot after-good up="$(says after-good)"
  depends next bad
  depends last next good
  depends side bad
  depends after-good good
  bundle all last side after-good
  start_live
  assert_exit 1 rc change all
  assert_eq "$(summary)" 's6-rc: fatal: service bad failed to start: its script exited with code 1
s6-rc: fatal: 3 services not attempted because of bad: next, last, side
s6-rc: fatal: 1 service failed, 3 not attempted'
  assert_logged good after-good
  assert_not_logged last side 'next runs'
  assert_state '1 0 0 3 0 1 0 0'
}

test_on_the_way_down() {
  oneshot bottom down="$(says bottom)"
  oneshot middle down="$(says middle)"
  oneshot bad down=false
  oneshot side down="$(says side)"
  depends middle bottom
  depends bad middle
  depends side bottom
  start_live
  rc change bad side
  assert_exit 1 rc -d change bottom
  assert_eq "$(summary)" 's6-rc: fatal: service bad failed to stop: its script exited with code 1
s6-rc: fatal: 2 services not attempted because of bad: bottom, middle
s6-rc: fatal: 1 service failed, 2 not attempted'
  assert_logged side
  assert_not_logged bottom middle
  assert_up bottom middle bad
  assert_down side
}

test_several_culprits() {
  for i in 1 2; do
    oneshot "bad$i" up=false
    oneshot "after$i"
    depends "after$i" "bad$i"
  done
  # one that has two is counted once
  oneshot both
  depends both after1 after2
  start_live
  assert_exit 1 rc change both
  assert_contains "$(summary)" 'service bad1 failed to start: '
  assert_contains "$(summary)" 'service bad2 failed to start: '
  assert_contains "$(summary)" 'not attempted because of bad1: '
  assert_contains "$(summary)" 'not attempted because of bad2: '
  assert_contains "$(summary)" '2 services failed, 3 not attempted'
  assert_eq "$(printf '%s' "$(summary)" | grep -c both)" 1
}

test_many_are_counted() {
  oneshot bad up=false
  names=''
  for i in 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do
    oneshot "s$i"
    depends "s$i" bad
    names="$names s$i"
  done
  start_live
  # shellcheck disable=SC2086
  assert_exit 1 rc change $names
  assert_contains "$STDERR" '15 services not attempted because of bad: s10, s11,'
  assert_contains "$STDERR" 's19, 5 more (-v2 names all)'
  # shellcheck disable=SC2086
  assert_exit 1 rc -v2 change $names
  assert_contains "$STDERR" 's19, s20, s21, s22, s23, s24'
  # shellcheck disable=SC2086
  assert_exit 1 rc -v0 change $names
  assert_contains "$STDERR" '15 services not attempted because of bad'
}

test_unknown_names() {
  oneshot good up="$(says good)"
  start_live
  for words in 'change good god' '-d change god' 'list god' 'listall god' 'reload god' 'start god' 'stop god'; do
    # shellcheck disable=SC2086
    assert_exit 3 rc $words
    assert_contains "$STDERR" "s6-rc: fatal: no service or bundle named god in $LIVE: did you mean good?"
    assert_eq "$STDOUT" ''
  done
  assert_exit 3 rc change ''
  assert_absent "$T/log"
  assert_state '0 0 0'
}

test_usage() {
  for words in '' '-x list' 'frobnicate' '-t' '-t x list' '-v -1 list' '-n 1.5 change' 'diff a' 'help a' 'reload' '--no-such list' \
    '--up=1 list' '--timeout'; do
    # shellcheck disable=SC2086
    assert_exit 100 rc $words
    assert_contains "$STDERR" 's6-rc: usage: s6-rc '
    assert_eq "$STDOUT" ''
  done
  # usage comes before the live directory
  assert_output "$(rc help)" "$S6RC_BIN/s6-rc" --help
  assert_contains "$(rc help)" 'usage: s6-rc '
}

test_no_supervisor() {
  longrun l
  oneshot after
  depends after l
  start_live
  # its own, with nobody who starts another one
  rm "$SCAN/l"
  s6-svscanctl -an "$SCAN"
  gone() { ! s6-svok "$LIVE/servicedirs/l"; }
  wait_for 10 gone
  assert_exit 1 rc change after
  assert_contains "$(summary)" 'service l failed to start: no s6-supervise is running in its service directory'
  assert_contains "$(summary)" '1 service not attempted because of l: after'
  assert_state '1 0 0 0'
  ln -s "$LIVE/servicedirs/l" "$SCAN/l"
  s6-svscanctl -a "$SCAN"
  wait_for 10 s6-svok "$LIVE/servicedirs/l"
  rc change after
  assert_output '' rc diff
}

test_tree_is_gone() {
  longrun l
  oneshot o
  start_live
  rc change o
  stop_scan
  assert_exit 1 rc change l o
  assert_contains "$(summary)" 'no s6-supervise is running in its service directory'
  # what needs no process can still be listed
  assert_contains "$(rc -a list)" o
}

# A transition that is under way when its supervisor goes for good.
test_tree_goes() {
  longrun l run="$(ready_run l)" notification-fd=3
  start_live
  rc_begin change l
  wait_log 'l runs'
  stop_scan
  rc_end 1
  assert_contains "$(summary)" 'service l failed to start: '
  assert_state '0 0 0'
}

test_supervisor_without_a_process_goes() {
  # it cannot be executed, but nothing shows it before
  longrun l
  start_live
  printf '#!/bin/sh\nexec sleep 86400\n' >"$LIVE/servicedirs/l/run.new"
  printf '\177ELF\0\0\0\0' >"$LIVE/servicedirs/l/run.new"
  chmod 755 "$LIVE/servicedirs/l/run.new"
  mv "$LIVE/servicedirs/l/run.new" "$LIVE/servicedirs/l/run"
  rc_begin change l
  tried() { [ "$(s6-svstat -o wantedup "$LIVE/servicedirs/l")" = true ]; }
  wait_for 10 tried
  stop_scan
  rc_end 1
  assert_contains "$(summary)" 'service l failed to start: no s6-supervise is running in its service directory'
}

# At the limit of processes, one that ends makes room.
test_no_process_for_s6_svc() {
  need strace
  [ -z "${S6RC_SANITIZED:-}" ] || skip 'strace and LeakSanitizer do not go together'
  longrun a
  longrun b
  longrun c
  start_live
  calls=clone,clone3,vfork,fork
  strace -qq -o trace -e trace=none "$S6RC_BIN/s6-rc" -l "$LIVE" help >help 2>strace.err ||
    skip "strace cannot trace here: $(cat strace.err)"
  for direction in -u -d; do
    for dry in '-n 0' ''; do
      # shellcheck disable=SC2086 # words
      assert_exit 0 strace -qq -o trace -e "trace=$calls" -e "inject=$calls:error=EAGAIN:when=2" \
        "$S6RC_BIN/s6-rc" -l "$LIVE" $dry $direction change a b c
      # where s6-svc takes several directories there is only one
      if [ -n "$dry" ] || ! grep -q '^#define S6RC_SVC_MANY 1' "$S6RC_BUILD/src/include/s6-rc/config.h"; then
        assert_contains "$(cat trace)" EAGAIN
      fi
    done
  done
}

test_system_error() {
  need_root
  longrun l
  start_live
  mkdir "$T/empty"
  mv "$LIVE/servicedirs" "$LIVE/other"
  assert_exit 111 rc change l
  assert_contains "$STDERR" "s6-rc: fatal: unable to open servicedirs in live directory $LIVE: No such file or directory"
  assert_exit 111 rc diff
  mv "$LIVE/other" "$LIVE/servicedirs"
  rm "$LIVE/servicedirs/l/supervise/status"
  assert_exit 1 rc change l
  assert_contains "$STDERR" 'service l failed to start: no s6-supervise is running'
}

# Supervisors go on when they cannot write their status, but nobody learns of
# it. This test takes 10 s and more.
test_full_file_system() {
  need_root
  need unshare
  unshare -m true 2>/dev/null || skip 'no private mounts here'
  mkdir "$T/small"
  # everything in a mount namespace of its own, the tree too
  export DB SCAN
  longrun below
  longrun l
  depends l below
  longrun new
  oneshot o
  compile
  cat >"$T/script" <<'END_OF_SCRIPT'
mount -t tmpfs -o size=1m,mode=755 tmpfs "$T/small" || exit 77
mkdir "$SCAN"
s6-svscan "$SCAN" >"$SCANLOG" 2>&1 </dev/null &
until s6-svscanctl -z "$SCAN" 2>/dev/null; do sleep 0.05; done
"$S6RC_BIN/s6-rc-init" -c "$DB" -l "$T/small/live" "$SCAN"
"$S6RC_BIN/s6-rc" -l "$T/small/live" change l o
cat /dev/zero >"$T/small/fill" 2>/dev/null
"$S6RC_BIN/s6-rc" -l "$T/small/live" -Da change >out 2>&1
echo $? >code
"$S6RC_BIN/s6-rc" -l "$T/small/live" start new >out.new 2>&1
echo $? >code.new
rm "$T/small/fill"
"$S6RC_BIN/s6-rc" -l "$T/small/live" -Da change
"$S6RC_BIN/s6-rc" -l "$T/small/live" -a list >left
s6-svscanctl -t "$SCAN"
wait
umount "$T/small"
END_OF_SCRIPT
  assert_exit 0 timeout 300 unshare -m sh "$T/script"
  assert_file code 1
  assert_contains "$(cat out)" 'service l failed to stop: unable to learn from its s6-supervise what becomes of it (the file system of the live directory is full): No space left on device'
  assert_contains "$(cat out)" 'not attempted because of l: below'
  assert_file code.new 1
  assert_contains "$(cat out.new)" 'service new failed to start: unable to learn'
  assert_file left ''
}

# Its supervisor is to bring it down, and nobody can tell it to.
BREAKS='#!/bin/sh
mv supervise/control supervise/kept
mkdir supervise/control
exec sleep 86400'
NOT_TOLD='its supervisor may not have been told what is wanted: s6-svc exited with code'

test_not_brought_down() {
  longrun l "run=$BREAKS" notification-fd=3 timeout-up=500
  start_live
  assert_exit 1 rc change l
  assert_contains "$STDERR" "s6-rc: warning: service l: $NOT_TOLD"
  assert_exit 1 rc -v0 change l
  assert_lacks "$STDERR" "$NOT_TOLD"
}

# The same when the time for all is up a moment later.
test_not_brought_down_at_the_end() {
  longrun l "run=$BREAKS" notification-fd=3 timeout-up=1000
  longrun slow notification-fd=3
  start_live
  assert_exit 2 rc -t 1001 change l slow
  assert_contains "$STDERR" 'service l failed to start: timed out'
  assert_contains "$STDERR" "s6-rc: warning: service l: $NOT_TOLD"
}

run_tests "$@"
