#!/bin/sh
# ISC license.
# The state file: its bytes, when they change, what becomes of a damaged one.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# Numbers: 0 s6rc-oneshot-runner, 1 s6rc-fdholder, 2 l1, 3 l2, 4 a, 5 b, 6 c
services() {
  longrun l1 run="$(run_script l1)"
  longrun l2 run="$(run_script l2)"
  oneshot a up="$(says a)"
  oneshot b up="$(says b)"
  oneshot c up="$(says c)"
  depends b a
  depends l2 b
  bundle all l1 c
}

test_bits() {
  services
  start_live
  assert_state '0 0 0 0 0 0 0'
  # wanted is only what was named
  rc change b
  assert_state '1 0 0 0 1 3 0'
  rc change l2
  assert_state '1 0 0 3 1 3 0'
  # by a bundle is named too
  rc change all
  assert_state '1 0 3 3 1 3 3'
  # what was up as a dependency can still be named
  rc change a
  assert_state '1 0 3 3 3 3 3'
  # down takes both bits
  rc -d change b
  assert_state '1 0 3 0 3 0 3'
  rc -Da change
  assert_state '0 0 0 0 0 0 0'
  assert_mode "$LIVE/state" 644
}

test_selection_of_what_is_up_is_not_wanted() {
  services
  start_live
  rc change b
  rc -a change l1
  assert_state '1 0 3 0 1 3 0'
  rc -a change
  assert_state '1 0 3 0 1 3 0'
}

test_failed_start() {
  oneshot bad up=false
  oneshot good
  start_live
  assert_exit 1 rc change bad good
  assert_state '1 0 0 3'
}

test_failed_stop() {
  oneshot bad down=false
  oneshot good
  start_live
  rc change bad good
  assert_exit 1 rc -d change bad good
  assert_state '1 0 3 0'
}

test_each_transition_is_written_when_it_is_done() {
  oneshot a
  oneshot b up="$(held b)"
  oneshot c
  depends b a
  depends c b
  start_live
  rc_begin change c
  wait_log b
  assert_state '1 0 1 0 0'
  release b
  rc_end 0
  assert_state '1 0 1 1 3'
}

# All that is lost is what was under way, and the next run takes it up.
test_killed() {
  oneshot a up="$(says a)"
  longrun l run="$(ready_run l)" notification-fd=3
  oneshot b up="$(held b)"
  oneshot c up="$(says c)"
  depends l a
  depends b a
  depends c b l
  start_live
  rc_begin change c
  wait_log 'l runs' b
  wait_for 10 supervised_up l
  kill -KILL "$rc_pid"
  rc_end 137
  assert_state '1 0 0 1 0 0'
  pid=$(service_pid l)
  release l
  wait_log 'l ready'
  release b
  wait_log 'b ends'
  assert_not_logged c
  assert_state '1 0 0 1 0 0'
  rc change c
  assert_state '1 0 1 1 1 3'
  # idempotent: the longrun went on, the script ran again
  assert_eq "$(service_pid l)" "$pid"
  assert_eq "$(count_log a)$(count_log b)$(count_log c)" 121
  assert_output '' rc diff
}

test_killed_while_stopping() {
  longrun l run="#!/bin/sh
trap 'echo l is told >>$T/log' TERM
echo l runs >>$T/log
$(until_exists go.l)"
  oneshot a down="$(says a-down)"
  depends l a
  start_live
  rc change l
  wait_log 'l runs'
  rc_begin -d change a
  wait_log 'l is told'
  kill -KILL "$rc_pid"
  rc_end 137
  assert_state '1 0 3 1'
  assert_not_logged a-down
  # not up, whatever the state says
  told() { [ "$(s6-svstat -o wantedup "$LIVE/servicedirs/l")" = false ]; }
  wait_for 10 told
  assert_exit 1 rc diff
  assert_eq "$STDOUT" -l
  rc_begin -d change a
  release l
  rc_end 0
  assert_state '1 0 0 0'
  assert_order 'l is told' a-down
  assert_output '' rc diff
}

damaged() { # WHAT
  cp "$LIVE/state" before
  for words in 'change a' '-d change a' 'list a' '-a list' 'listall a' 'diff' '-n 1 change a' 'reload a'; do
    # shellcheck disable=SC2086
    assert_exit 4 rc $words
    assert_contains "$STDERR" 's6-rc: fatal: '
    assert_contains "$STDERR" "$LIVE"
    assert_eq "$STDOUT" ''
  done
  cmp before "$LIVE/state"
}

test_damaged() {
  oneshot a up="$(says a)"
  start_live
  cp "$LIVE/state" good
  damaged_by() { # WHAT
    damaged "$1"
    cp good "$LIVE/state"
  }
  printf '\0\0' >"$LIVE/state"
  damaged_by truncated
  : >"$LIVE/state"
  damaged_by empty
  printf '\0\0\0\0' >"$LIVE/state"
  damaged_by longer
  printf '\0\0\004' >"$LIVE/state"
  damaged_by 'unknown bits'
  printf '000' >"$LIVE/state"
  damaged_by text
  assert_absent "$T/log"
  rc change a
}

test_missing() {
  oneshot a
  start_live
  mv "$LIVE/state" state
  assert_exit 111 rc change a
  assert_contains "$STDERR" "$LIVE"
  assert_exit 111 rc -a list
  mkdir "$LIVE/state"
  assert_exit 4 rc change a
  rmdir "$LIVE/state"
  mv state "$LIVE/state"
  rc change a
}

test_no_live_directory() {
  for words in 'change a' 'list' 'listall' 'diff' 'reload a' 'stop'; do
    # shellcheck disable=SC2086
    assert_exit 111 rc $words
    assert_contains "$STDERR" "no live state in $LIVE: run s6-rc-init first"
  done
  : >"$LIVE"
  assert_exit 111 rc list
  assert_contains "$STDERR" "$LIVE"
}

test_damaged_database() {
  oneshot a up="$(says a)"
  longrun l
  start_live
  cp "$DB/db" good
  for words in 'change a l' '-d change a' 'list a' '-a list' 'diff' 'reload a'; do
    # shellcheck disable=SC2086
    for damage in truncated empty header; do
      case $damage in
        truncated) head -c 100 good >"$DB/db" ;;
        empty) : >"$DB/db" ;;
        header) { printf X; tail -c +2 good; } >"$DB/db" ;;
      esac
      assert_exit 4 rc $words
      assert_contains "$STDERR" 's6-rc: fatal: '
      assert_contains "$STDERR" "$LIVE"
    done
  done
  cp good "$DB/db"
  assert_absent "$T/log"
  mv "$DB/resolve.cdb" .
  : >"$DB/resolve.cdb"
  assert_exit 4 rc change a
  mv resolve.cdb "$DB/resolve.cdb"
  rc change a l
}

# Every byte of the database, one at a time: never a crash, and what is done
# is right or refused.
test_every_byte() {
  oneshot a down="$(says down)"
  start_live
  rc change a
  size=$(wc -c <"$DB/db")
  cp "$DB/db" good
  at=0
  while [ $at -lt "$size" ]; do
    {
      head -c $at good
      tail -c +$((at + 1)) good | head -c 1 | tr '\000-\377' '\200-\377\000-\177'
      tail -c +$((at + 2)) good
    } >"$DB/db"
    capture rc -d change a
    case $status in
      0) assert_state '1 0 0' ;;
      4) assert_state '1 0 3' ;;
      # the digest: the runner opened it before
      1) assert_contains "$STDERR" 'the live database is another one than yours' ;;
      *) fail "byte $at: exit code $status" "$STDERR" ;;
    esac
    printf '\001\000\003' >"$LIVE/state"
    at=$((at + 1))
  done
}

run_tests "$@"
