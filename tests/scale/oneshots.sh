#!/bin/sh
# ISC license.
# Many oneshots, side by side and in one chain, with an ordinary stack.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/scale.sh"

MANY=20000

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
  assert_eq "$(s6-rc-why -l "$LIVE" all | grep -c '^n[0-9]*: up for ')" $MANY 'oneshots with a reason'
  assert_eq "$(s6-rc-times -l "$LIVE" blame all | wc -l)" $MANY 'oneshots that took a time'
  assert_eq "$(s6-rc-times -l "$LIVE" plot all | grep -c '^<g ')" $MANY 'rows of the chart'
  s6-rc-times -l "$LIVE" chain | sed 's/.* //' >chain
  assert_eq "$(tail -n 1 chain | sed 's/[0-9]*$//')" n 'end of the chain'
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
  { echo s6rc-oneshot-runner; seq -f 'n%.0f' $MANY; } | cmp - chain
}

run_tests "$@"
