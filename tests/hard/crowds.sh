#!/bin/sh
# ISC license.
# Crowds: thousands of services, hundreds of pipelines, dozens of s6-rc at once.
#
# S6RC_TEST_LOOPS in the environment: another number of times up and down.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/pipelines.sh"
. "$S6RC_TOP/tests/lib/readers.sh"
. "$S6RC_TOP/tests/lib/scale.sh"

MANY=2000
ROUNDS=${S6RC_TEST_LOOPS:-10}

# Cheap services: nothing is as small as one program without a shell.
build_victims() {
  need cc
  [ -r /proc/self/stat ] || skip 'there is no /proc'
  cc -O1 -o victims "$S6RC_TOP/tests/lib/victims.c"
}

# Longruns l1 to lMANY, oneshots o1 to oMANY, each pair with a dependency.
many_services() {
  mkdir -p "$SRC/all"
  echo bundle >"$SRC/all/type"
  i=0
  while [ $i -lt $MANY ]; do
    i=$((i + 1))
    mkdir "$SRC/l$i" "$SRC/o$i"
    echo longrun >"$SRC/l$i/type"
    printf '#!%s/victims longrun\n' "$T" >"$SRC/l$i/run"
    echo oneshot >"$SRC/o$i/type"
    echo true | tee "$SRC/o$i/up" >"$SRC/o$i/down"
    if [ $((i % 2)) = 0 ]; then echo "l$i" >"$SRC/o$i/dependencies"; else echo "o$i" >"$SRC/l$i/dependencies"; fi
    printf 'l%s\no%s\n' $i $i
  done >"$SRC/all/contents"
}

# What must not grow: "NAME DESCRIPTORS KILOBYTES" of the processes that stay
# whatever comes and goes, and all the descriptors of the supervisors.
residents() {
  for _name in s6rc-oneshot-runner s6rc-fdholder; do resident $_name "$(service_pid $_name)"; done
  resident s6-svscan "$(svscan_pid)"
  # shellcheck disable=SC2046
  echo supervisors $(for _pid in $(pgrep -P "$(svscan_pid)" -x s6-supervise); do ls "/proc/$_pid/fd"; done | wc -l) 0
}
resident() { # NAME PID
  # shellcheck disable=SC2012
  echo "$1 $(ls "/proc/$2/fd" | wc -l) $(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$2/status")"
}
svscan_pid() { sed -n 's/^PPid:[^0-9]*//p' "/proc/$(supervisor_pid s6rc-fdholder)/status"; }
supervisor_pid() { sed -n 's/^PPid:[^0-9]*//p' "/proc/$(service_pid "$1")/status"; }

# After the second round, early, all that is made once has been made. A byte lost
# for each transition since would be twice KILOBYTES.
no_growth() { # KILOBYTES
  residents >late
  paste -d ' ' early late | awk -v allowed="$1" '
    $5 > $2 { print $1 ": " $5 " descriptors, not " $2; bad = 1 }
    $6 > $3 + allowed { print $1 ": " $6 " KiB, not " $3; bad = 1 }
    END { exit bad }'
}
# Some supervisors may not have come to rest.
assert_no_growth() { # KILOBYTES
  wait_for 20 no_growth "$1" || fail "$(cat early late)"
}

up_and_down() { # NUMBER OF SERVICES THAT ARE UP
  round=0
  while [ $round -lt "$ROUNDS" ]; do
    round=$((round + 1))
    rc change all
    assert_eq "$(rc -a list | grep -vc '^s6rc-')" "$1" "services that are up, round $round"
    assert_output '' rc diff
    rc -d change all
    assert_eq "$(rc -a list | grep -vc '^s6rc-' || :)" 0 "services that are up, round $round"
    assert_output '' rc diff
    [ $round != 2 ] || residents >early
  done
  assert_eq "$(find "$LIVE/servicedirs/" -name '*ftrig1:*' -o -name .fifo)" '' 'FIFOs'
}

test_thousands_under_1024() {
  need pgrep
  build_victims
  in_memory
  many_services
  compile
  # shellcheck disable=SC3045 # every shell that is supported has it
  ulimit -n 1024
  start_scan $((2 * MANY))
  live_init
  rc change s6rc-fdholder s6rc-oneshot-runner
  up_and_down $((2 * MANY))
  assert_no_growth 64
}

test_300_pipelines_under_1024() {
  need pgrep
  # shellcheck disable=SC3045
  ulimit -n 1024
  many_pipelines 300
  start_live
  rc change s6rc-fdholder s6rc-oneshot-runner
  up_and_down 600
  assert_no_growth 64
  assert_eq "$(s6-fdholder-list "$LIVE/servicedirs/s6rc-fdholder/s" | wc -l)" 600 'descriptors in the fd-holder'
}

# One oneshot that nobody may bring up or down while somebody else does.
contended() {
  build_victims
  mkdir did
  oneshot o "up=$T/victims script $T/did o up 2" "down=sh -c \"echo down >>$T/did/log; exec $T/victims script $T/did o down 2\""
  start_live
  rc change o
}

at_once() { # OPTION of s6-rc...
  pids=''
  i=0
  while [ $i -lt 64 ]; do
    i=$((i + 1))
    "$S6RC_BIN/s6-rc" -l "$LIVE" "$@" restart o >"out.$i" 2>&1 &
    pids="$pids $!"
  done
  i=0
  for pid in $pids; do
    i=$((i + 1))
    code=0
    wait "$pid" || code=$?
    echo $code
    case $code in
      0) assert_file out.$i '' ;;
      111) assert_contains "$(cat out.$i)" "s6-rc: fatal: $LIVE is locked by another process (pid " ;;
      *) fail "exit code $code" "$(cat out.$i)" ;;
    esac
  done >codes
  succeeded=$(grep -c '^0$' codes || :)
  assert_eq "$(cat did/log | wc -l)" "$succeeded" 'restarts'
  assert_absent did/twice
  assert_file did/o up
  assert_output '' rc diff
}

test_64_at_once() {
  contended
  at_once
  [ "$succeeded" -ge 1 ] || fail 'not one of them succeeded'
  # with the lock held by another one for as long as it takes: none
  mkfifo fifo
  s6-setlock -n "$LIVE/lock" sh -c 'echo locked >fifo; exec sleep 86400' &
  holder=$!
  read -r _line <fifo
  rm did/log
  : >did/log
  at_once
  kill $holder
  assert_eq "$succeeded" 0 'successes'
}

test_64_that_wait() {
  contended
  at_once -b
  assert_eq "$succeeded" 64 'successes'
}

# Readers do not wait, and do not fail.
test_8_readers() {
  for i in 1 2 3 4 5 6 7 8; do
    longrun l$i
    ready_longrun r$i
    oneshot o$i
    depends o$i l$i r$i
  done
  longrun source producer-for=drain
  longrun drain consumer-for=source pipeline-name=pipe
  bundle all l1 l2 l3 l4 l5 l6 l7 l8 o1 o2 o3 o4 o5 o6 o7 o8 pipe
  start_live
  DB=$T/db2
  rm -rf "$SRC/l3" "$SRC/o3"
  longrun fresh
  oneshot l3
  depends r3 l3 fresh
  oneshot o3 up=true down=true
  depends o3 r3
  compile
  begin_reader read.list s6-rc -l "$LIVE" -a list
  begin_reader read.listall s6-rc -l "$LIVE" -d listall all
  begin_reader read.diff s6-rc -l "$LIVE" diff
  begin_reader read.db s6-rc-db -l "$LIVE" all-dependencies all
  begin_reader read.check s6-rc-db -l "$LIVE" check
  begin_reader read.status s6-rc-status -l "$LIVE"
  begin_reader read.why s6-rc-why -l "$LIVE" all
  begin_reader read.times s6-rc-times -l "$LIVE" blame all
  for round in 1 2 3 4 5 6 7 8 9 10; do
    rc change all
    s6-rc-update -l "$LIVE" "$T/db2"
    rc -d change r3 l5
    s6-rc-update -l "$LIVE" "$T/db"
    rc -d change all
  done
  end_readers
}

run_tests "$@"
