#!/bin/sh
# ISC license.
# s6-rc-update is killed, and whoever undoes or completes it is killed, too,
# again and again.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/update.sh"

# The next tool, killed before the Nth call; succeeds if it was not there.
recover() { # CALL N TOOL...
  _call=$1 _n=$2
  shift 2
  capture strace -qq -o "$T/trace" -e trace="$_call" -e inject="$_call:signal=KILL:when=$_n" "$@"
  case $status in
    0) ;;
    137) return 1 ;;
    *) fail "exit code $status, killed at $_call $_n" "$STDERR" ;;
  esac
}

test_recovery_is_killed() {
  begin_sweep 'rename|pwrite64|renameat2|sendmsg|unlink'
  killed=0
  while next_call; do
    echo "killed at $CALL $N, on the way to $TO"
    killed_update || { assert_is $TO; continue; }
    SWEPT=$((SWEPT + 1))
    now=$(live_now)
    # from one time to the next it gets further, or does the same once more
    for call in clone3 sendmsg renameat unlinkat symlinkat pwrite64 mkdirat fchmod; do
      recover $call $((SWEPT % 3 + 1)) "$S6RC_BIN/s6-rc" -l "$LIVE" -v0 change && break
      killed=$((killed + 1))
      assert_readable
      assert_eq "$(live_now)" "$now" 'the live database'
    done
    rc -v0 change
    assert_is "$now"
  done
  [ $killed -ge $SWEPT ] || fail "killed only $killed times while recovering from $SWEPT"
  end_sweep 20
}

# A supervisor that was told to stop its service, and has not read it yet when
# the update is undone: the service must be up in the end.
test_command_on_its_way() {
  need strace
  start_old
  pid=$(service_pid again)
  read -r _ _ _ supervisor _ <"/proc/$pid/stat"
  kill -STOP "$supervisor"
  forks=clone,clone3,vfork,fork
  capture strace -qq -o trace -e trace=$forks -e inject=$forks:signal=KILL:when=1 \
    "$S6RC_BIN/s6-rc-update" -l "$LIVE" -f forth "$T/new"
  assert_eq "$status" 137 'exit code'
  s6-svc -d "$LIVE/servicedirs/again"
  rc -v0 change
  kill -CONT "$supervisor"
  restarted() { [ "$(service_pid again)" != "$pid" ] && supervised_up again; }
  wait_for 20 restarted
  assert_is old
}

run_tests "$@"
