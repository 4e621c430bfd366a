#!/bin/sh
# ISC license.
# s6-rc-db graph, tree and order with many services, under the usual stack.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/scale.sh"

MANY=20000

# Each depends on the next, all on s6rc-oneshot-runner.
test_chain() {
  in_memory
  mkdir -p "$SRC"
  seq -f "$SRC/n%.0f" $MANY | xargs mkdir
  i=0
  while [ $i -lt $MANY ]; do
    i=$((i + 1))
    echo oneshot >"$SRC/n$i/type"
    echo true >"$SRC/n$i/up"
    echo "n$((i + 1))" >"$SRC/n$i/dependencies"
  done
  rm "$SRC/n$MANY/dependencies"
  # shellcheck disable=SC3045 # every shell that is supported has it
  ulimit -s 8192
  compile
  { echo s6rc-oneshot-runner; seq -f 'n%.0f' $MANY -1 1; } >upwards
  db order n1 | cmp - upwards
  db -d order "n$MANY" >down
  seq -f 'n%.0f' $MANY | cmp - down
  # a line for each service and each dependency, none longer for being deep down
  db tree n1 >tree
  assert_eq "$(wc -l <tree)" $((2 * MANY))
  [ "$(wc -L <tree)" -lt 110 ] || fail 'lines grow with the depth'
  assert_eq "$(db -e tree n1 | sed -n '1p;33p;34p;20000p' | tr -s ' ')" "n1
 n33
 (level 33) n34
 (level 19999) n20000"
  db graph >all.dot
  assert_eq "$(grep -c -e '->' all.dot)" $((2 * MANY - 1))
  assert_eq "$(grep -c '^s[0-9]* \[' all.dot)" $((MANY + 2))
}

run_tests "$@"
