#!/bin/sh
# ISC license.
# run files that s6-supervise could not execute: it would only try again and
# again, so it is said at once. No test here has a limit.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# A longrun l, supervised, whose run in the live directory then becomes FILE.
live_with_run() { # FILE
  longrun l notification-fd=3
  oneshot after
  depends after l
  start_live
  cp "$1" "$LIVE/servicedirs/l/run.new"
  mv "$LIVE/servicedirs/l/run.new" "$LIVE/servicedirs/l/run"
}

refused() { # WHAT
  assert_exit 1 rc change after
  assert_contains "$STDERR" "service l failed to start: unable to execute $1
"
  assert_contains "$STDERR" '1 service not attempted because of l: after'
  # s6-supervise has not been asked for anything
  is_down l
  assert_file "$LIVE/servicedirs/l/down"
  assert_state '1 0 0 0'
}

script() { # LINE...
  printf '%s\n' "$@" >"$T/run"
  chmod 755 "$T/run"
}

test_not_executable() {
  script "$RUN"
  chmod 644 "$T/run"
  live_with_run "$T/run"
  refused 'run: Permission denied (is the live directory on a file system that is mounted noexec?)'
  chmod 755 "$LIVE/servicedirs/l/run"
  printf '%s\n' "$RUN_READY" >"$LIVE/servicedirs/l/run"
  rc change after
}

test_missing() {
  script "$RUN"
  live_with_run "$T/run"
  rm "$LIVE/servicedirs/l/run"
  refused 'run: No such file or directory'
}

test_missing_interpreter() {
  script '#!/nowhere/interpreter' 'exec sleep 86400'
  live_with_run "$T/run"
  refused 'the interpreter of its run script, /nowhere/interpreter: No such file or directory'
}

test_interpreter_with_an_argument() {
  script '#! 	/nowhere/interpreter -P -x' 'exec sleep 86400'
  live_with_run "$T/run"
  refused 'the interpreter of its run script, /nowhere/interpreter: No such file or directory'
  script '#! 	/bin/sh -e' 'echo >&3' 'exec sleep 86400'
  cp "$T/run" "$LIVE/servicedirs/l/run"
  rc change after
}

test_interpreter_that_cannot_be_executed() {
  : >"$T/interpreter"
  script "#!$T/interpreter" 'exec sleep 86400'
  live_with_run "$T/run"
  refused "the interpreter of its run script, $T/interpreter: Permission denied"
}

test_line_ends_of_another_system() {
  printf '#!/bin/sh\r\nexec sleep 86400\r\n' >"$T/run"
  chmod 755 "$T/run"
  live_with_run "$T/run"
  refused 'the interpreter of its run script, /bin/sh with a carriage return behind it: No such file or directory'
}

test_no_first_line() {
  script 'exec sleep 86400'
  live_with_run "$T/run"
  refused 'run: Exec format error (its first line must be #! and an interpreter)'
}

test_empty() {
  : >"$T/run"
  chmod 755 "$T/run"
  live_with_run "$T/run"
  refused 'run: Exec format error (its first line must be #! and an interpreter)'
}

test_directory() {
  script "$RUN"
  live_with_run "$T/run"
  rm "$LIVE/servicedirs/l/run"
  mkdir "$LIVE/servicedirs/l/run"
  refused 'run: Is a directory'
}

# Compiled programs have no first line.
test_binary() {
  need cc
  cat >"$T/run.c" <<'END_OF_C'
#include <unistd.h>
int main(void)
{
  if (write(3, "\n", 1) < 1) return 1;
  pause();
  return 0;
}
END_OF_C
  cc -o "$T/run" "$T/run.c"
  live_with_run "$T/run"
  rc change after
  assert_up l after
}

test_noexec_file_system() {
  need_root
  need unshare
  unshare -m true 2>/dev/null || skip 'no private mounts here'
  mkdir "$T/noexec"
  # everything in a mount namespace of its own, the tree too
  export DB SCAN
  longrun l
  compile
  cat >"$T/script" <<'END_OF_SCRIPT'
mount -t tmpfs -o noexec,mode=755 tmpfs "$T/noexec" || exit 77
mkdir "$SCAN"
s6-svscan "$SCAN" >"$SCANLOG" 2>&1 </dev/null &
until s6-svscanctl -z "$SCAN" 2>/dev/null; do sleep 0.05; done
"$S6RC_BIN/s6-rc-init" -c "$DB" -l "$T/noexec/live" "$SCAN"
"$S6RC_BIN/s6-rc" -l "$T/noexec/live" change l
code=$?
s6-svscanctl -t "$SCAN"
wait
umount "$T/noexec"
exit $code
END_OF_SCRIPT
  assert_exit 1 unshare -m sh "$T/script"
  assert_contains "$STDERR" 'service l failed to start: unable to execute run: Permission denied (is the live directory on a file system that is mounted noexec?)'
}

# In a pipeline, run is ours and run.user the user's.
test_wrapped() {
  [ -x "$S6RC_LIBEXEC/s6-rc-fdholder-filler" ] || skip 'there is no s6-rc-fdholder-filler yet'
  longrun p producer-for=c
  longrun c consumer-for=p
  start_live
  printf 'exec sleep 86400\n' >"$LIVE/servicedirs/p/run.user"
  assert_exit 1 rc change p
  assert_contains "$STDERR" 'service p failed to start: unable to execute run.user: Exec format error'
  assert_up c
  assert_down p
}

run_tests "$@"
