#!/bin/sh
# ISC license.
# Reading while something changes: it neither waits nor fails.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/readers.sh"

readers() {
  begin_reader read.list s6-rc -l "$LIVE" -a list
  begin_reader read.listall s6-rc -l "$LIVE" -d listall all
  begin_reader read.diff s6-rc -l "$LIVE" diff
  begin_reader read.db s6-rc-db -l "$LIVE" all-dependencies all
}

test_during_changes() {
  set --
  for i in 1 2 3 4 5 6 7 8; do
    longrun l$i
    oneshot o$i
    depends o$i l$i
    set -- "$@" l$i o$i
  done
  bundle all "$@"
  start_live
  readers
  for round in 1 2 3 4 5 6; do
    rc change all
    rc -d change all
  done
  end_readers
}

# Who reads does not wait for who changes.
test_while_locked() {
  longrun a
  oneshot slow up="sh -c \"touch $T/begun; until test -e $T/go; do sleep 0.05; done\""
  bundle all a slow
  start_live
  "$S6RC_BIN/s6-rc" -l "$LIVE" change all &
  pid=$!
  wait_for 10 test -e begun
  assert_exit 0 rc -a list
  assert_exit 0 rc -da list
  assert_exit 0 rc listall all
  capture rc diff
  [ "$status" -le 1 ] || fail "diff: exit code $status" "$STDERR"
  assert_exit 0 s6-rc-db -l "$LIVE" list all
  assert_exit 0 s6-rc-db -l "$LIVE" check
  kill -0 $pid || fail 'the change is over already'
  : >go
  wait $pid
  assert_up a slow
}

# The same with both locks held by somebody who never gives them back.
test_while_everything_is_locked() {
  longrun a
  start_live
  for lock in "$LIVE/lock" "$DB/lock"; do
    rm -f fifo
    mkfifo fifo
    s6-setlock -n "$lock" sh -c 'echo locked >fifo; exec sleep 86400' &
    pid=$!
    read -r _line <fifo
    assert_exit 0 timeout 10 s6-rc -l "$LIVE" -da list
    assert_exit 0 timeout 10 s6-rc -l "$LIVE" diff
    assert_exit 0 timeout 10 s6-rc-db -l "$LIVE" list all
    assert_exit 0 timeout 10 s6-rc-db -l "$LIVE" check
    assert_exit 111 rc change a
    assert_contains "$STDERR" "(pid $pid)"
    kill $pid
    wait $pid || :
  done
}

# The public name leads somewhere else all the time, as it does when databases
# are switched, and what it led to before goes away.
test_while_the_link_moves() {
  longrun a
  bundle all a
  start_live
  rc change a
  real=$(readlink "$LIVE")
  readers
  for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    next="$T/live:s6-rc-update:0000$((round + 10))"
    mkdir "$next"
    for entry in compiled scandir prefix state lock; do cp -P "$T/$real/$entry" "$next"; done
    ln -s "../$real/servicedirs" "$next/servicedirs"
    ln -s "${next##*/}" "$T/new"
    mv -T "$T/new" "$LIVE"
    [ -z "${last:-}" ] || rm -rf "$last"
    last=$next
  done
  ln -s "$real" "$T/new"
  mv -T "$T/new" "$LIVE"
  rm -rf "$last"
  end_readers
}

run_tests "$@"
