#!/bin/sh
# ISC license.
# The records of transitions: what is written when, and what they survive.
# The numbers of the results are in s6-rc-formats(5).
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"
. "$S6RC_TOP/tests/lib/records.sh"

DONE=1 EXITED=2 SIGNALED=3 TIMEDOUT=4 GIVENUP=5 UNWANTED=6 NOEXEC=7 INTERPRETER=8 UNSUPERVISED=9
COMMAND=10 INTERRUPTED=11 RUNNER=12 LEFT=14 BLOCKED=15 SKIPPED=16

test_made_with_the_live_directory() {
  longrun a
  oneshot b
  start_live
  assert_mode "$LIVE/records" 644
  assert_eq "$(wc -c <"$LIVE/records" | tr -d ' ')" $((64 * 5)) 'size'
  for i in 0 1 2 3; do assert_record $i '0 0 0 0 no no'; done
}

test_done() {
  longrun a
  ready_longrun r
  oneshot b
  oneshot nothing up= down=
  depends b a r
  start_live
  rc change b nothing
  for name in a r b nothing s6rc-oneshot-runner; do assert_came_up $name "$DONE 0 1 yes yes"; done
  assert_record "$(number_of s6rc-fdholder)" '0 0 0 0 no no'
  rc -d change a nothing
  for name in a b nothing; do assert_went_down $name "$DONE 0 2 yes yes"; done
  assert_came_up r "$DONE 0 1 yes yes"
}

test_scripts() {
  oneshot exits up='sh -c "exit 3"' down='sh -c "exit 255"'
  oneshot dies up='sh -c "kill -KILL $$"'
  oneshot slow up='sleep 1000' timeout-up=50
  oneshot absent up=/nowhere/program
  oneshot next
  depends next exits
  oneshot last
  depends last next
  start_live
  assert_exit 1 rc change exits dies slow absent last
  assert_came_up exits "$EXITED 3 1 yes yes"
  assert_came_up dies "$SIGNALED 9 1 yes yes"
  assert_came_up slow "$TIMEDOUT 50 1 yes yes"
  assert_came_up absent "$NOEXEC 2 1 yes yes"
  # the culprit is the one that failed, however far away
  assert_came_up next "$BLOCKED $(number_of exits) 1 no yes"
  assert_came_up last "$BLOCKED $(number_of exits) 1 no yes"
}

test_failed_stop() {
  oneshot base down='sh -c "exit 7"'
  oneshot under
  depends base under
  start_live
  rc change base
  assert_exit 1 rc -d change under
  assert_went_down base "$EXITED 7 2 yes yes"
  assert_went_down under "$BLOCKED $(number_of base) 2 no yes"
}

test_longruns() {
  longrun stuck timeout-up=50 notification-fd=3
  longrun gives-up notification-fd=3 timeout-up=20000 run='#!/bin/sh
exit 1' finish='#!/bin/sh
exit 125'
  longrun broken
  longrun foreign run='#!/nowhere/sh'
  longrun alone
  start_live
  chmod 644 "$LIVE/servicedirs/broken/run"
  rm "$SCAN/alone"
  s6-svscanctl -an "$SCAN"
  unsupervised() { ! s6-svok "$LIVE/servicedirs/alone"; }
  wait_for 10 unsupervised
  assert_exit 1 rc change stuck gives-up broken foreign alone
  assert_came_up stuck "$TIMEDOUT 50 1 yes yes"
  assert_came_up gives-up "$GIVENUP 0 1 yes yes"
  assert_came_up foreign "$INTERPRETER 2 1 yes yes"
  assert_came_up alone "$UNSUPERVISED 0 1 yes yes"
  assert_came_up broken "$NOEXEC 13 1 yes yes"
}

test_told_otherwise() {
  longrun a run="$(ready_run a)" notification-fd=3
  start_live
  rc_begin change a
  wait_log 'a runs'
  s6-svc -d "$LIVE/servicedirs/a"
  rc_end 1
  assert_came_up a "$UNWANTED 0 1 yes yes"
}

test_interrupted() {
  longrun waits run="$(ready_run waits)" notification-fd=3
  oneshot script up="$(held script)"
  oneshot next
  depends next script
  oneshot other
  depends other waits
  start_live
  rc_begin change waits next other
  wait_log 'waits runs' script
  # under way: a begin, no end
  assert_came_up waits '0 0 1 yes no'
  assert_came_up script '0 0 1 yes no'
  assert_record "$(number_of next)" '0 0 0 0 no no'
  kill -TERM "$rc_pid"
  wait_for 10 grep -q 'waits: failed' rc.err
  release script
  rc_end 1
  assert_came_up waits "$INTERRUPTED 0 1 yes yes"
  assert_came_up other "$BLOCKED $(number_of waits) 1 no yes"
  assert_came_up script "$DONE 0 1 yes yes"
  assert_came_up next "$SKIPPED 1 1 no yes"
}

test_left_by_the_limit_of_the_run() {
  oneshot slow up="$(held slow)"
  oneshot next
  depends next slow
  start_live
  assert_exit 2 rc -t 3000 change next
  assert_came_up slow "$LEFT 2 1 yes yes"
  assert_came_up next "$SKIPPED 2 1 no yes"
  release slow
}

test_trouble_with_the_runner() {
  oneshot a
  start_live
  rc change s6rc-oneshot-runner
  rm "$LIVE/servicedirs/s6rc-oneshot-runner/s"
  assert_exit 1 rc change a
  assert_came_up a "$RUNNER 2 2 yes yes"
}

test_trouble_with_s6_svc() {
  longrun a
  start_live
  rm "$LIVE/servicedirs/a/supervise/control"
  ln -s control "$LIVE/servicedirs/a/supervise/control"
  assert_exit 1 rc change a
  # its exit code is another one in another version
  case $(record "$(number_of a)") in
    "1 $COMMAND "[1-9]*' 1 yes yes') ;;
    *) fail "record: $(record "$(number_of a)")" ;;
  esac
  kill_scan # s6-supervise cannot be told to end
}

# Phases of a run share its number; a run without transitions has none.
test_run_numbers() {
  longrun a
  longrun b
  start_live
  rc change a
  rc change a
  rc -u -p change b
  assert_went_down a "$DONE 0 2 yes yes"
  assert_came_up b "$DONE 0 2 yes yes"
  rc change a
  assert_came_up a "$DONE 0 3 yes yes"
  rc restart a
  assert_came_up a "$DONE 0 4 yes yes"
}

test_a_run_that_is_killed() {
  oneshot a up="$(held a)"
  oneshot b
  start_live
  rc_begin change a
  wait_log a
  kill -KILL "$rc_pid"
  rc_end 137
  assert_came_up a '0 0 1 yes no'
  assert_eq "$(status -o result,problem a)" 'killed	unfinished'
  release a
  rc change b
  assert_came_up a '0 0 1 yes no'
  assert_came_up b "$DONE 0 2 yes yes"
  assert_eq "$(status -o result,run,problem a)" 'killed	1	unfinished'
}

test_what_writes_nothing() {
  longrun a
  oneshot b reload=true
  start_live
  cp "$LIVE/records" before
  rc -n0 change a b
  cmp "$LIVE/records" before
  rc change a b
  cp "$LIVE/records" before
  rc reload a b
  rc -n0 -d change a b
  rc -a list
  rc -da change nothing-of-that-name || :
  status
  cmp "$LIVE/records" before
}

# A live directory of a version without records.
test_absent() {
  oneshot a
  start_live
  rm "$LIVE/records"
  assert_output "a	-	fine" sh -c "'$S6RC_BIN/s6-rc-status' -l '$LIVE' -o name,result,problem a | sed 's/-\$/fine/'"
  assert_exit 0 rc change a
  assert_eq "$STDERR" ''
  assert_came_up a "$DONE 0 1 yes yes"
  assert_mode "$LIVE/records" 644
}

# Damage keeps nobody from changing anything, nor from looking.
test_damaged() {
  oneshot a
  start_live
  rc change s6rc-oneshot-runner
  cp "$LIVE/records" good
  for how in short long garbage link; do
    case $how in
      short) head -c 100 good >"$LIVE/records" ;;
      long) cat good good >"$LIVE/records" ;;
      garbage) head -c 256 /dev/urandom >"$LIVE/records" ;;
      link) ln -sf "$T/good" "$LIVE/records" ;;
    esac
    assert_exit 0 status
    assert_contains "$STDERR" 'cannot be read'
    assert_exit 0 rc change a
    assert_contains "$STDERR" "$LIVE/records was damaged"
    assert_came_up a "$DONE 0 1 yes yes"
    assert_exit 0 rc -d change a
    assert_eq "$STDERR" ''
    assert_exit 0 status
    assert_eq "$STDERR" ''
  done
  # what cannot be replaced is done without
  rm "$LIVE/records"
  mkdir "$LIVE/records"
  assert_exit 0 rc change a
  assert_contains "$STDERR" "unable to record transitions in $LIVE/records"
  assert_up a
  assert_exit 0 status
  rmdir "$LIVE/records"
  # one record: only what it says is lost
  rc -d change a
  printf X | dd of="$LIVE/records" bs=1 seek=$((64 * 3 + 20)) conv=notrunc 2>/dev/null
  assert_output 'a	damaged' status -o name,result a
  assert_exit 0 rc change a
  assert_eq "$STDERR" ''
  assert_output 'a	done' status -o name,result a
}

# A file system that is full, said once.
test_no_space() {
  need strace
  [ -z "${S6RC_SANITIZED:-}" ] || skip 'strace and LeakSanitizer do not go together'
  oneshot a
  oneshot b
  start_live
  rc change s6rc-oneshot-runner
  # 1 is the number of the run; 2 and 3 are the begins
  assert_exit 0 strace -qq -o trace -e trace=pwrite64 -e inject=pwrite64:error=ENOSPC:when=2..3 \
    "$S6RC_BIN/s6-rc" -l "$LIVE" change a b
  assert_eq "$(printf '%s\n' "$STDERR" | grep -c 'unable to record')" 1 'warnings'
  assert_came_up a "$DONE 0 2 yes yes"
}

run_tests "$@"
