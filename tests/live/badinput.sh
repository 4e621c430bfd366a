#!/bin/sh
# ISC license.
# Live directories and databases that are damaged: exit code 4 and a message,
# never a crash, and nothing is changed.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/leftovers.sh"

start_small() {
  longrun a
  longrun consumer consumer-for=producer
  longrun producer producer-for=consumer
  oneshot o up='echo up' down='echo down' reload='echo again'
  depends o a
  bundle all a o producer
  start_live
  rc change a
}

# All that reads state and database says 4, naming WHAT.
assert_damaged() { # WHAT
  for command in 'list' '-a list' '-da list' 'listall all' 'diff' 'change all' '-d change all' '-pu change all' 'reload a'; do
    # shellcheck disable=SC2086 # words
    assert_exit 4 rc $command
    assert_eq "$STDOUT" '' "stdout of s6-rc $command"
    assert_contains "$STDERR" 's6-rc: fatal: '
    assert_contains "$STDERR" "$1"
  done
  supervised_up a
}

test_state() {
  start_small
  cp "$LIVE/state" good
  : >"$LIVE/state"
  assert_damaged 'state'
  printf '\000' | cat good - >"$LIVE/state"
  assert_damaged 'state'
  head -c "$(($(wc -c <good) - 1))" good >"$LIVE/state"
  assert_damaged 'state'
  tr '\000' '\004' <good >"$LIVE/state"
  assert_damaged 'state'
  tr '\000' '\377' <good >"$LIVE/state"
  assert_damaged 'state'
  rm "$LIVE/state"
  mkfifo "$LIVE/state"
  assert_damaged 'state'
  rm "$LIVE/state"
  mkdir "$LIVE/state"
  assert_damaged 'state'
  rmdir "$LIVE/state"
  cp good "$LIVE/state"
  rc change all
  assert_up a o producer consumer
}

# Missing is not damaged, but it is named.
test_missing_parts() {
  start_small
  for part in state compiled servicedirs lock; do
    mv "$LIVE/$part" "$LIVE/$part.away"
    assert_exit 111 rc change all
    assert_contains "$STDERR" 'No such file or directory'
    assert_contains "$STDERR" "$LIVE"
    mv "$LIVE/$part.away" "$LIVE/$part"
  done
  assert_exit 111 s6-rc -l "$T/none" -a list
  assert_eq "$STDERR" "s6-rc: fatal: no live state in $T/none: run s6-rc-init first"
  ln -s nowhere "$T/dangling"
  assert_exit 111 s6-rc -l "$T/dangling" -a list
  assert_contains "$STDERR" "no live state in $T/dangling: run s6-rc-init first"
  assert_exit 111 s6-rc -l "$SCAN" change all
  assert_contains "$STDERR" "unable to lock live directory $SCAN (it is no live directory)"
  assert_exit 111 s6-rc -l "$SCANLOG" -a list
  assert_contains "$STDERR" 'Not a directory'
  rc change all
}

test_database_is_something_else() {
  start_small
  rm "$LIVE/compiled"
  ln -s "$SCANLOG" "$LIVE/compiled"
  assert_exit 111 rc -a list
  assert_contains "$STDERR" 'Not a directory'
  rm "$LIVE/compiled"
  mkdir "$T/other"
  ln -s "$T/other" "$LIVE/compiled"
  assert_damaged "$LIVE/compiled is not a valid compiled database"
  echo 'not a database' >"$T/other/db"
  cp "$DB/resolve.cdb" "$T/other"
  assert_damaged 'is not a valid compiled database'
  mkfifo "$T/fifo"
  mv "$T/fifo" "$T/other/db"
  assert_damaged 'is not a valid compiled database'
}

# A database of other services: the state does not fit.
test_another_database() {
  start_small
  SRC=$T/src2
  longrun a
  s6-rc-compile "$T/db2" "$SRC"
  rm "$LIVE/compiled"
  ln -s "$T/db2" "$LIVE/compiled"
  assert_exit 4 rc -a list
  assert_contains "$STDERR" 'state'
}

flip() { # FILE OFFSET MASK
  byte=$(od -An -v -tu1 -j "$2" -N 1 "$1")
  # shellcheck disable=SC2059
  printf "\\$(printf %o "$((byte ^ $3))")" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>dd.log
}

# Whatever a tool makes of it: its own exit code, no signal, no sanitizer.
sane() { # CODES COMMAND...
  _codes=$1
  shift
  capture timeout 20 "$@"
  case " $_codes " in *" $status "*) ;; *) fail "exit code $status of $*, $change" "$STDOUT" "$STDERR" ;; esac
  case $status in 0 | 1) ;; *) [ -n "$STDERR" ] || fail "exit code $status of $* without a word, $change" ;; esac
  assert_lacks "$STDERR" Sanitizer
}

try_everything() {
  sane '0 4' s6-rc -l "$LIVE" -a list
  sane '0 3 4' s6-rc -l "$LIVE" -d listall all
  sane '0 4' s6-rc -l "$LIVE" -t 5000 -d change o
  sane '0 3 4' s6-rc-db -l "$LIVE" all-dependencies all
  sane '0 3 4' "$S6RC_LIBEXEC/s6-rc-oneshot-run" -l "$LIVE" down 5
}

# Any one changed bit is found by check.
test_flipped_bits() {
  start_small
  cp -R "$DB" "$T/bad"
  rm "$LIVE/compiled"
  ln -s "$T/bad" "$LIVE/compiled"
  for file in db resolve.cdb; do
    size=$(wc -c <"$DB/$file")
    i=0
    while [ $i -lt 24 ]; do
      at=$((size * i / 24 + i % 7))
      [ $at -lt "$size" ] || at=$((size - 1))
      cp "$DB/$file" "$T/bad/$file"
      flip "$T/bad/$file" $at $((1 << i % 8))
      change="byte $at of $file"
      capture s6-rc-db -c "$T/bad" check
      # what no lookup reads in a cdb is nothing that counts
      case $status/$file in 4/* | 0/resolve.cdb) ;; *) fail "check: exit code $status, $change" ;; esac
      try_everything
      i=$((i + 1))
    done
    cp "$DB/$file" "$T/bad/$file"
  done
}

test_truncated() {
  start_small
  cp -R "$DB" "$T/bad"
  rm "$LIVE/compiled"
  ln -s "$T/bad" "$LIVE/compiled"
  for file in db resolve.cdb; do
    size=$(wc -c <"$DB/$file")
    for part in 0 1 4 8 12 15; do
      head -c $((size * part / 16)) "$DB/$file" >"$T/bad/$file"
      change="$file with $part/16 of its size"
      assert_exit 4 s6-rc-db -c "$T/bad" check
      try_everything
      # s6-rc-init looks no name up
      [ $file != db ] || assert_exit 4 s6-rc-init -c "$T/bad" -l "$T/live2" -p 2 "$SCAN"
    done
    cp "$DB/$file" "$T/bad/$file"
  done
  LIVE=$T/live2
  assert_absent "$LIVE"
}

# The oneshot runner is asked by strangers to its protocol.
test_garbage_for_the_oneshot_runner() {
  start_small
  rc change o
  socket=$LIVE/servicedirs/s6rc-oneshot-runner/s
  for text in '' x HHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH; do
    # shellcheck disable=SC2016
    capture timeout 20 s6-ipcclient "$socket" sh -c 'printf %s "$1" >&7' sh "$text"
    assert_eq "$status" 0 "exit code; $STDERR"
  done
  head -c 100000 /dev/urandom >noise
  # shellcheck disable=SC2016
  capture timeout 20 s6-ipcclient "$socket" sh -c 'cat noise >&7'
  [ "$status" != 124 ] || fail 'it takes noise for ever'
  rc -d change o
  rc change o
  assert_lacks "$(cat "$SCANLOG")" Sanitizer
}

run_tests "$@"
