#!/bin/sh
# ISC license.
# Many longruns at once, with as few descriptors as an ordinary process has.
. "$(dirname "$0")/../lib/test.sh"

MANY=1500

# longruns n1 to nMANY in the bundle "all"; each is a shell that waits.
many_longruns() {
  mkdir -p "$SRC/all/contents.d"
  echo bundle >"$SRC/all/type"
  i=0
  while [ $i -lt $MANY ]; do
    i=$((i + 1))
    mkdir "$SRC/n$i"
    echo longrun >"$SRC/n$i/type"
    echo "$RUN" >"$SRC/n$i/run"
    : >"$SRC/all/contents.d/n$i"
  done
}

# All supervisors are children of s6-svscan, which needs some descriptors for
# each: it is started before the limit is set.
test_1500_longruns_under_1024() {
  many_longruns
  compile
  start_scan
  # shellcheck disable=SC3045 # every shell that is supported has it
  ulimit -n 1024
  live_init
  assert_eq "$(find "$SCAN" -type l | wc -l)" $((MANY + 2)) 'links in the scan directory'
  assert_eq "$(rc -da list | wc -l)" $((MANY + 2)) 'services that are down'
  rc change all
  assert_eq "$(rc -a list | wc -l)" $MANY 'services that are up'
  assert_exit 0 rc diff
  assert_eq "$(find "$LIVE/servicedirs/" -name down | wc -l)" 2 'down files'
  rc -d change all
  assert_output '' rc -a list
  assert_eq "$(find "$LIVE/servicedirs/" -name down | wc -l)" $((MANY + 2)) 'down files'
  assert_eq "$(find "$LIVE/servicedirs/" -name '*ftrig1:*' -o -name .fifo)" '' 'FIFOs'
  # what is there already is found with as few descriptors
  assert_exit 0 live_init
  assert_contains "$STDERR" 'in use already'
}

run_tests "$@"
