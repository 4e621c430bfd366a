#!/bin/sh
# ISC license.
# Readers go through the public name while one update follows another: they
# never find anything missing, half-written or mixed.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/update.sh"

UPDATES=200

# Two databases of 4 and 6 services: a state of another size than its database
# would be refused, with exit code 4.
begin() {
  longrun stays
  compile
  longrun more
  oneshot script
  "$S6RC_BIN/s6-rc-compile" "$T/db2" "$SRC"
  start_scan
  live_init
  rc change stays
}

# Runs COMMAND over and over until the updates are over; what it says when it
# fails is in $T/seen.NAME. At least once.
watch() { # NAME COMMAND...
  _name=$1
  shift
  (
    : >"$T/seen.$_name"
    while [ ! -e "$T/over" ] && [ -d "$T" ]; do
      "$@" >"$T/out.$_name" 2>&1 || { echo "failed: $*"; cat "$T/out.$_name"; } >>"$T/seen.$_name"
      echo >>"$T/count.$_name"
    done
  ) &
  watchers="${watchers:-} $!"
}

all_there() {
  [ -L "$LIVE" ] && [ -e "$LIVE/compiled/db" ] && [ -s "$LIVE/state" ] && [ -e "$LIVE/scandir/stays/run" ] &&
    [ -x "$LIVE/servicedirs/stays/run" ] && [ -p "$LIVE/servicedirs/stays/supervise/control" ] &&
    [ -x "$LIVE/servicedirs/s6rc-fdholder/run" ]
}

# One process, many looks a second. The kernel may follow the link, and then let
# others run for a whole update before it looks up the rest of the path: that
# once is nobody's fault, twice running it is.
look() {
  _n=0
  while [ $_n -lt 300 ]; do
    _n=$((_n + 1))
    all_there || all_there || return 1
  done
}

up_list() { [ "$(rc -a list)" = stays ]; }

test_watched() {
  begin
  pid=$(service_pid stays)
  watch paths look
  watch list up_list
  watch status s6-svok "$LIVE/servicedirs/stays"
  watch db "$S6RC_BIN/s6-rc-db" -l "$LIVE" list all
  n=0
  while [ $n -lt $UPDATES ]; do
    n=$((n + 2))
    update "$T/db2"
    update "$DB"
  done
  : >over
  # shellcheck disable=SC2086
  wait $watchers
  for name in paths list status db; do
    assert_file "seen.$name" ''
    [ -s "count.$name" ] || fail "nothing watched: $name"
  done
  assert_eq "$(service_pid stays)" "$pid"
}

run_tests "$@"
