#!/bin/sh
# ISC license.
# A pipeline runs while s6-rc-update is killed, again and again, renaming its
# consumer: no line of it is lost, and who starts again gets the same pipe.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/pipelines.sh"
. "$S6RC_TOP/tests/lib/update.sh"

KEPT_OLD='source drain s6rc-fdholder'
KEPT_NEW='source newdrain s6rc-fdholder'

# The producer leaves its service directory.
assert_kept() { assert_eq "$(for _name do service_pid "$_name"; done)" "$PIDS" 'processes'; }

write_sources() {
  pipeline source drain
  bundle all source drain
  "$S6RC_BIN/s6-rc-compile" "$T/old" "$SRC"
  # the same consumer by another name: it stores where it did
  rm -r "$SRC/drain" "$SRC/all"
  define source longrun "run=$(producer_script source)" producer-for=newdrain
  define newdrain longrun "run=$(consumer_script drain)" consumer-for=source
  bundle all source newdrain
  "$S6RC_BIN/s6-rc-compile" "$T/new" "$SRC"
  printf 'drain -> newdrain\n' >"$T/forth"
  printf 'newdrain -> drain\n' >"$T/back"
}

consumer() { case $(live_now) in old) echo drain ;; new) echo newdrain ;; esac; }

# Both ends that are held for the consumer.
held() {
  for _end in r w; do
    s6-fdholder-retrieve "$LIVE/servicedirs/s6rc-fdholder/s" "pipe:s6rc-$_end-$1" readlink /proc/self/fd/0
  done
}

# Every other time the consumer stands still, so that lines are in the pipe.
stopped=no
each_time() {
  _name=$(consumer)
  _pipe=$(pipe_of source 1)
  assert_eq "$(held "$_name")" "$_pipe
$_pipe" 'held pipe'
  case $stopped in
    no) stopped=yes && signal_service STOP "$_name" ;;
    yes) stopped=no && signal_service CONT "$_name" ;;
  esac
}

test_no_line_is_lost() {
  sweep_killed 'rename.*|sendmsg|symlink.*|exit_group' 30
  signal_service CONT "$(consumer)"
  # who starts again finds the same pipe
  wait_more stored.drain 5
  kill_service source TERM
  wait_for 20 connected source "$(consumer)"
  wait_more stored.drain 5
  drain drain
  assert_eq "$(starts drain) $(starts source)" '1 2' 'starts of consumer and producer'
  assert_arrived drain source 0
}

run_tests "$@"
