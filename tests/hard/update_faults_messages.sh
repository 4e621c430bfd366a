#!/bin/sh
# ISC license.
# System calls of s6-rc-update that make others do something fail, one at a
# time, and some that fail and fail again: it says so, and the old state is
# whole, or the new one.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/update.sh"

test_messages() { sweep_failing 'sendmsg|kill|clone.*|vfork|fork' 15; }

# Where a call fails again and again after the switch, the update cannot be
# completed: it says so, and the next tool does it when it can.
test_failing_for_good() {
  begin_sweep 'symlink|renameat2|fchmodat|unlink'
  while next_call; do
    echo "$CALL fails from $N on, on the way to $TO"
    _from=$(live_now)
    capture strace -qq -o "$T/trace" -e trace="$CALL" -e inject="$CALL:error=ENOSPC:when=$N+" \
      "$S6RC_BIN/s6-rc-update" -l "$LIVE" -f "$CONV" "$T/$TO"
    echo "exit code $status" "$STDERR"
    _code=$status
    [ "$status" != 0 ] || { assert_is $TO; continue; }
    SWEPT=$((SWEPT + 1))
    assert_contains "$STDERR" 'No space left on device'
    assert_readable
    _now=$(live_now)
    if [ "$_code" = 111 ] && [ "$_now" = $TO ]; then
      assert_exit 0 rc change
      assert_contains "$STDERR" 'interrupted: completing it first'
    else
      assert_exit 0 rc -v0 change
    fi
    # what could not be started it has named
    case $_code in 1 | 9) rc change all ;; esac
    assert_is "$_now"
    assert_exit 0 rc change
    assert_eq "$STDERR" ''
  done
  end_sweep 6
}

run_tests "$@"
