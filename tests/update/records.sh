#!/bin/sh
# ISC license.
# The records of transitions in an update: who keeps them, under which number.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"
. "$S6RC_TOP/tests/lib/update.sh"
. "$S6RC_TOP/tests/lib/records.sh"

next() { # [ OPTION... ] of s6-rc-update
  count=$((${count:-0} + 1))
  "$S6RC_BIN/s6-rc-compile" "$T/db$count" "$SRC"
  update "$@" "$T/db$count"
}

DONE=1 EXITED=2 BLOCKED=15

# What stays keeps its record, byte by byte, whatever its number is now.
test_who_stays() {
  longrun m
  oneshot o
  oneshot bad up='sh -c "exit 4"'
  start_live
  rc change m o
  assert_exit 1 rc change bad
  for name in m o bad; do
    number=$(number_of $name)
    tail -c +$((64 * (number + 1) + 1)) "$LIVE/records" | head -c 64 >"before.$name"
  done
  longrun a
  longrun z
  oneshot aa
  rm -r "$SRC/o"
  oneshot other
  echo 'o -> other' >conv
  next -f conv
  [ "$(number_of m)" = 3 ] || fail "number of m: $(number_of m)"
  for name in m other bad; do
    number=$(number_of $name)
    tail -c +$((64 * (number + 1) + 1)) "$LIVE/records" | head -c 64 >"after.$name"
  done
  cmp before.m after.m
  cmp before.o after.other
  cmp before.bad after.bad
  for name in a z aa; do assert_record "$(number_of $name)" '0 0 0 0 no no'; done
  assert_mode "$LIVE/records" 644
  # runs go on to be counted
  rc change a
  assert_came_up a "$DONE 0 3 yes yes"
  assert_absent "$(readlink -f "$LIVE/servicedirs/s6rc-oneshot-runner/../..")/records"
}

# The culprit of what was not attempted is known by its new number, or not at all.
test_culprits() {
  oneshot bad up=false
  oneshot worse up=false
  oneshot b
  oneshot w
  depends b bad
  depends w worse
  start_live
  assert_exit 1 rc change b w
  assert_came_up b "$BLOCKED $(number_of bad) 1 no yes"
  assert_came_up w "$BLOCKED $(number_of worse) 1 no yes"
  longrun first
  rm -r "$SRC/worse" "$SRC/bad"
  oneshot renamed
  rm "$SRC/w/dependencies.d/worse" "$SRC/b/dependencies.d/bad"
  depends b renamed
  echo 'bad -> renamed' >conv
  next -f conv
  assert_came_up b "$BLOCKED $(number_of renamed) 1 no yes"
  assert_came_up w "$BLOCKED 4294967295 1 no yes"
  assert_output 'renamed' status -o culprit b
  assert_output '-	blocked' status -o culprit,result w
  assert_contains "$(status w)" 'not started because of a service that is gone'
}

# What the update itself does is recorded: under one number, also what it has
# stopped and not started again.
test_what_the_update_does() {
  longrun again
  longrun gone
  longrun stays
  longrun ends
  oneshot turns
  start_live
  rc change again gone stays ends turns
  longrun fresh
  depends again fresh
  rm -r "$SRC/gone" "$SRC/turns" "$SRC/ends"
  longrun turns
  oneshot broken up='sh -c "exit 5"'
  longrun ends
  depends ends broken
  assert_exit 1 next
  assert_came_up again "$DONE 0 2 yes yes"
  assert_came_up fresh "$DONE 0 2 yes yes"
  assert_came_up turns "$DONE 0 2 yes yes"
  assert_came_up stays "$DONE 0 1 yes yes"
  assert_came_up broken "$EXITED 5 2 yes yes"
  assert_came_up ends "$BLOCKED $(number_of broken) 2 no yes"
}


# One that is undone: services come back in the old live directory, also the one
# that would not stop. What has not been touched keeps its record.
test_undone() {
  longrun a down=
  oneshot s down='sh -c "exit 6"'
  longrun other
  depends s a
  start_live
  rc change s other
  rm -r "$SRC/s" "$SRC/other"
  assert_exit 9 next
  assert_came_up s "$DONE 0 2 yes yes"
  assert_came_up other "$DONE 0 2 yes yes"
  assert_came_up a "$DONE 0 1 yes yes"
}

# From a version without records, and with a file that is damaged.
test_absent_and_damaged() {
  longrun a
  longrun b
  start_live
  rc change a
  rm "$LIVE/records"
  longrun c
  assert_exit 0 next
  assert_eq "$STDERR" ''
  assert_record "$(number_of a)" '0 0 0 0 no no'
  rc change c
  assert_came_up c "$DONE 0 1 yes yes"
  echo damaged >"$LIVE/records"
  longrun d
  assert_exit 0 next
  assert_record "$(number_of c)" '0 0 0 0 no no'
  rc change d
  assert_came_up d "$DONE 0 1 yes yes"
  assert_exit 0 status
}

# Readers during updates: never an error, always the names of one database.
test_readers() {
  start_old
  update -f "$T/forth" "$T/new"
  status -o name >names.new
  update -f "$T/back" "$T/old"
  status -o name >names.old
  : >run
  (
    while [ -e run ]; do
      status -j >json 2>&1 || { cat json ; exit 1; }
      status -o name >seen 2>&1 || { cat seen ; exit 1; }
      cmp -s seen names.old || cmp -s seen names.new || { cat seen ; exit 1; }
    done
  ) >reader.out &
  reader=$!
  n=0
  while [ $((n += 1)) -le 5 ]; do
    update -f "$T/forth" "$T/new"
    update -f "$T/back" "$T/old"
  done
  rm run
  wait $reader || fail "$(cat reader.out)"
}

run_tests "$@"
