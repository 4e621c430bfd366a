#!/bin/sh
# ISC license.
# Whoever is killed at whatever moment of a change: the same change once more
# converges, all is as s6-rc says it is, and nothing runs twice.
#
# S6RC_TEST_SEED and S6RC_TEST_ROUNDS in the environment: another order, or
# more of it. The order follows from the seed; how far a change has come when
# its victim is hit does not.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

SEED=${S6RC_TEST_SEED:-20240229}
ROUNDS=${S6RC_TEST_ROUNDS:-200}

# A number below N, which is less than 2^30, in $random
draw() { # N
  random=0
  for _half in 1 2; do
    SEED=$(((SEED * 1103515245 + 12345) % 2147483648))
    random=$((random * 32768 + SEED / 65536))
  done
  random=$((random % $1))
}

# How long after its start a change is hit, at most: most are over by then.
MOST_US=300000

build_victims() {
  need cc
  [ -r /proc/self/stat ] || skip 'there is no /proc'
  cc -O1 -o victims "$S6RC_TOP/tests/lib/victims.c"
}

# 100 services: 10 columns of 10, each member needs the one below it, and some
# that of a column beside it.
services() {
  mkdir did
  members=''
  column=0
  while [ $column -lt 10 ]; do
    for row in 0 1 2 3 4 5 6 7 8 9; do
      name=s$column$row
      members="$members $name"
      case $row in
        0 | 2 | 6) define $name longrun "run=#!$T/victims longrun" ;;
        4 | 8) define $name longrun "run=#!$T/victims ready" notification-fd=3 ;;
        *)
          # some are still at work when the change is made once more
          draw 8
          if [ $random = 0 ]; then random=100; else draw 12; fi
          define $name oneshot "up=$T/victims script $T/did $name up $random" \
            "down=$T/victims script $T/did $name down $random"
          ;;
      esac
      [ $row = 0 ] || depends $name s$column$((row - 1))
      [ $row != 5 ] || [ $column = 0 ] || depends $name s$((column - 1))3
    done
    column=$((column + 1))
  done
  # two pipelines, across columns
  for pair in '00 10' '20 30'; do
    define "s${pair% *}" longrun "producer-for=s${pair#* }"
    define "s${pair#* }" longrun "consumer-for=s${pair% *}"
  done
  # shellcheck disable=SC2086
  bundle all $members
}

census() { ./victims census "$LIVE" "$SCAN" | sort; }

# Who must run: of each longrun its supervisor, and if it is up a process.
expect() { # DIRECTION
  {
    echo 'svscan s6-svscan'
    echo 's6rc-fdholder s6-supervise'
    echo 's6rc-oneshot-runner s6-supervise'
    echo 's6rc-fdholder s6-fdholderd'
    echo 's6rc-oneshot-runner s6-ipcserverd'
    for name in $members; do
      [ "$(cat "$SRC/$name/type")" = longrun ] || continue
      echo "$name s6-supervise"
      [ "$1" = -d ] || echo "$name victims"
    done
  } | sort >"expected$1"
}

as_expected() { census | diff "expected$direction" -; }

# Everything is as it must be after a change.
converged() {
  wait_for 10 as_expected
  wait_for 10 rc diff
  case $direction in
    -u) assert_eq "$(cat did/s* | sort | uniq -c | tr -s ' ')" ' 50 up' 'what the scripts did' ;;
    -d) assert_eq "$(cat did/s* | sort | uniq -c | tr -s ' ')" ' 50 down' 'what the scripts did' ;;
  esac
  assert_absent did/twice
}

# Sets $victim to what is hit, and hits it, with the change under way.
strike() {
  draw $MOST_US
  us=$random
  draw 10
  case $random in
    0) victim='TERM s6-rc' ; set -- 15 "$rc_pid" ;;
    1) victim='INT s6-rc' ; set -- 2 "$rc_pid" ;;
    2 | 3) victim='s6-rc' ; set -- 9 "$rc_pid" ;;
    4) victim=runner ; set -- 9 s6rc-oneshot-runner s6-ipcserverd s6-supervise "$LIVE" "$SCAN" ;;
    5 | 6) victim=handler ; set -- 9 s6rc-oneshot-runner s6-rc-oneshot-r s6-ipcserverd "$LIVE" "$SCAN" ;;
    7 | 8)
      draw "$(wc -l <supervised)"
      supervised=$(sed -n "$((random + 1))p" supervised)
      victim="supervisor of $supervised"
      set -- 9 "$supervised" s6-supervise '' "$LIVE" "$SCAN"
      ;;
    9) victim=svscan ; set -- 9 svscan s6-svscan sh "$LIVE" "$SCAN" ;;
  esac
  if ./victims strike "$us" "$@"; then
    echo "$victim" >>hits
    case $victim in svscan) restart_scan ;; esac
  else
    victim="(nobody) $victim"
  fi 2>/dev/null
}

# What an init does when s6-svscan ends. The supervisors have stayed.
restart_scan() {
  wait_for 10 test -e "$T.scan-exit"
  start_scan 100
}

round() { # NUMBER
  direction=-u
  [ $(($1 % 2)) = 1 ] || direction=-d
  rc_begin $direction change all
  strike
  echo "round $1: $direction $us us: $victim"
  code=0
  wait "$rc_pid" || code=$?
  capture rc $direction change all
  [ "$status" = 0 ] || fail "exit code $status" "$STDERR" "first run: $code" "$(cat rc.err)"
  converged
}

test_rounds() {
  build_victims
  # a killed s6-svscan leaves supervisors that no other one can end
  trap 'code=$?; kill_scan; leave_test $code' EXIT
  services
  compile
  start_scan 100
  live_init
  rc change all s6rc-fdholder s6rc-oneshot-runner
  for direction in -u -d; do expect $direction; done
  direction=-u
  converged
  # not those of s6rc-*: the daemons that they leave are programs of s6, and
  # stay beside the next ones
  sed -n 's/^\(s[0-9]*\) s6-supervise$/\1/p' expected-u >supervised
  rc -d change all
  echo "seed $SEED"
  round=0
  while [ $round -lt "$ROUNDS" ]; do
    round=$((round + 1))
    round $round
  done
  sed 's/ of .*//' hits | sort | uniq -c
  # too few of a kind: not the test that it should be
  [ "$ROUNDS" -lt 200 ] || for victim in 'TERM s6-rc' 'INT s6-rc' s6-rc runner handler supervisor svscan; do
    [ "$(grep -c "^$victim" hits)" -ge 5 ] || fail "$victim was hardly hit"
  done
}

run_tests "$@"
