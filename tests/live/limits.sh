#!/bin/sh
# ISC license.
# Where limits are near: s6-svscan's number of services, lengths of names,
# descriptors.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/leftovers.sh"

many() { # NUMBER
  i=0
  while [ $i -lt "$1" ]; do
    i=$((i + 1))
    longrun "s$i"
  done
}

test_svscan_limit() {
  many 10
  compile
  start_scan 5
  assert_exit 111 live_init -t 500
  assert_contains "$STDERR" "s6-rc-init: fatal: timed out waiting for the supervisor of "
  assert_contains "$STDERR" "limit of s6-svscan on $SCAN high enough? (its options -c or -C)"
  assert_nothing_left
  # the tree is as good as before
  rm -rf "$SRC" "$DB"
  many 3
  compile
  live_init -t 20000
  rc change s1 s2 s3
  assert_up s1 s2 s3
}

# Whatever s6-svscan has done by then.
test_timeouts_leave_nothing() {
  many 20
  compile
  start_scan
  for ms in 1 2 3 4 5 6 7 8 9 10 12 14 16 18 20; do
    capture live_init -t $ms
    case $status in
      0) take_away ;;
      111) assert_contains "$STDERR" 'timed out' ;;
      *) fail "exit code $status" "$STDERR" ;;
    esac
    (assert_nothing_left) || fail "after -t $ms: $STDERR"
  done
  live_init -t 20000
  rc change s1
}

# Without -t it waits, and says what for.
test_patience() {
  many 5
  compile
  start_scan 5
  "$S6RC_BIN/s6-rc-init" -c "$DB" -l "$LIVE" "$SCAN" 2>err &
  pid=$!
  # it says so again and again, the first time of all that are not there yet
  wait_for 30 grep -q 'still waiting for 2 supervisors' err
  kill $pid
  wait $pid || :
  assert_contains "$(cat err)" 's6-rc-init: warning: still waiting for 2 supervisors, one of them that of '
  assert_contains "$(cat err)" "is the limit of s6-svscan on $SCAN high enough? (its options -c or -C)"
}

long_name() { # LENGTH CHARACTER
  printf "%0$1d" 0 | tr 0 "$2"
}

# File names end at 255 bytes, newer s6-svscan's at 251, that of a pipe in the
# fd-holder at 243 for the service.
test_long_names() {
  name243=$(long_name 243 a) name250=$(long_name 250 b) name255=$(long_name 255 c)
  longrun "$name250"
  longrun "$name243" consumer-for=producer
  longrun producer "producer-for=$name243"
  oneshot "$name255" up='touch the-oneshot-has-run'
  depends "$name255" "$name250" "$name243"
  start_live
  (cd "$T" && rc change "$name255")
  assert_up "$name243" "$name250" "$name255"
  supervised_up "$name250"
  rc -d change "$name250"
  assert_down "$name250" "$name255"
  rc -u change producer
  supervised_up "$name243"
}

test_names_of_255_bytes() {
  name=$(long_name 255 c)
  longrun "$name"
  compile
  start_scan
  capture live_init -t 20000
  assert_contains "$STDERR" "s6-rc-init: warning: service $name: its name in the scan directory is longer than 251 bytes"
  case $(s6-svscan -? 2>&1) in
    *'-C '*)
      assert_eq "$status" 111 'exit code'
      assert_nothing_left
      ;;
    *)
      assert_eq "$status" 0 "exit code; $STDERR"
      rc change "$name"
      supervised_up "$name"
      rc -d change "$name"
      ;;
  esac
  LIVE=$T/live2
  assert_exit 111 live_init -p 2
  assert_contains "$STDERR" "$SCAN/2$name: File name too long"
  LIVE=$T/live2
  assert_absent "$LIVE"
}

# Sockets' names end at 107 bytes; nothing depends on where the live directory is.
test_long_path_of_live_directory() {
  deep=$T/$(long_name 120 d)/$(long_name 200 e)
  mkdir -p "$deep"
  LIVE=$deep/$(long_name 200 f)
  longrun consumer consumer-for=producer
  longrun producer producer-for=consumer
  oneshot o up="touch $T/o-is-up"
  start_live
  rc change producer o
  assert_up producer consumer o
  assert_file "$T/o-is-up"
}

run_tests "$@"
