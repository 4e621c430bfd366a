#!/bin/sh
# ISC license.
# Many oneshots, side by side and in one chain, with an ordinary stack.
. "$(dirname "$0")/../lib/test.sh"

MANY=20000

# Small files by the ten thousand are for a file system in memory, where there
# is one.
in_memory() {
  if [ -d /dev/shm ] && memory=$(mktemp -d /dev/shm/s6rc-XXXXXX 2>/dev/null); then
    trap 'code=$?; rm -rf "$memory"; leave_test $code' EXIT
    SRC=$memory/src
  fi
}

# Oneshots n1 to nMANY, with nothing to do, in the bundle "all".
many_oneshots() {
  in_memory
  mkdir -p "$SRC/all"
  echo bundle >"$SRC/all/type"
  seq -f 'n%.0f' $MANY >"$SRC/all/contents"
  seq -f "$SRC/n%.0f" $MANY | xargs mkdir
  i=0
  while [ $i -lt $MANY ]; do
    i=$((i + 1))
    echo oneshot >"$SRC/n$i/type"
    : >"$SRC/n$i/up"
  done
}

check_up_and_down() { # FIRST LAST: to be brought up, to be stopped
  # shellcheck disable=SC3045 # every shell that is supported has it
  ulimit -s 8192
  compile
  start_scan
  live_init
  rc change "$1"
  rc -a list >up
  assert_eq "$(grep -c '^n' up)" $MANY 'oneshots that are up'
  assert_eq "$(rc listall "$1" | grep -c '^n')" $MANY 'oneshots in the closure'
  assert_eq "$(rc -da list | grep -c '^n' || :)" 0 'oneshots that are down'
  rc -d change "$2"
  assert_eq "$(rc -a list | grep -c '^n' || :)" 0 'oneshots that are up'
  assert_eq "$(rc -d listall "$2" | grep -c '^n')" $MANY 'oneshots in the closure downward'
}

test_side_by_side() {
  many_oneshots
  check_up_and_down all all
}

test_in_a_chain() {
  many_oneshots
  i=1
  while [ $i -lt $MANY ]; do
    echo "n$i" >"$SRC/n$((i + 1))/dependencies"
    i=$((i + 1))
  done
  check_up_and_down n$MANY n1
}

run_tests "$@"
