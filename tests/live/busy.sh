#!/bin/sh
# ISC license.
# Locks: who has to wait, who must not.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

services() {
  oneshot slow up="$(held slow)" down="$(says slow-down)"
  oneshot other up="$(says other)"
  longrun l
}

test_busy() {
  services
  start_live
  rc_begin change slow
  wait_log slow
  for words in 'change other' '-d change slow' '-p change' 'start other' 'stop' '-a change' 'restart slow'; do
    # shellcheck disable=SC2086
    assert_exit 111 rc $words
    assert_eq "$STDERR" "s6-rc: fatal: $LIVE is locked by another process (pid $rc_pid): try again later, or use -b to wait"
  done
  assert_not_logged other
  # an unknown name is no business of the lock's; both are errors
  release slow
  rc_end 0
  rc change other
}

test_block() {
  services
  start_live
  rc_begin change slow
  wait_log slow
  "$S6RC_BIN/s6-rc" -l "$LIVE" -b change other >waiting 2>&1 &
  first=$!
  "$S6RC_BIN/s6-rc" -l "$LIVE" --block -d change slow >>waiting 2>&1 &
  second=$!
  # both have come to the lock
  blocked() { grep -q -e 'POSIX.*WRITE.*' /proc/locks && [ "$(grep -c -e "-> POSIX .* \($first\|$second\) " /proc/locks)" = 2 ]; }
  wait_for 10 blocked
  assert_not_logged other
  release slow
  rc_end 0
  wait $first
  wait $second
  assert_file waiting ''
  assert_logged other
  # what was true when it got the lock, not when it asked
  assert_logged slow-down
  assert_state '1 0 0 3 0'
}

# -w waits as -b does, but not for ever.
test_wait_limited() {
  services
  start_live
  rc_begin change slow
  wait_log slow
  for words in '-w 50 change other' '--wait=50 -d change slow' '-b -w 50 restart slow' '-w50 -b start other' '-w 50 stop slow'; do
    # shellcheck disable=SC2086
    assert_exit 111 rc $words
    assert_eq "$STDERR" "s6-rc: fatal: $LIVE is still locked by another process (pid $rc_pid) after 50 ms (-w): try again later, or use -b to wait as long as it takes"
  done
  assert_not_logged other
  release slow
  rc_end 0
  assert_exit 0 rc -w 1 change other
  assert_logged other
  assert_exit 100 rc -w soon change other
}

test_wait_long_enough() {
  services
  start_live
  rc_begin change slow
  wait_log slow
  "$S6RC_BIN/s6-rc" -l "$LIVE" -w 3600000 change other >waiting 2>&1 &
  first=$!
  "$S6RC_BIN/s6-rc" -l "$LIVE" -w 0 -d change slow >>waiting 2>&1 &
  second=$!
  # both wait in the kernel
  blocked() { [ "$(grep -c -e "-> POSIX .* \($first\|$second\) " /proc/locks)" = 2 ]; }
  wait_for 10 blocked
  assert_not_logged other
  release slow
  rc_end 0
  wait $first
  wait $second
  assert_file waiting ''
  assert_logged other slow-down
}

# Waiting in vain leaves nothing that could end the change later: no alarm.
test_wait_and_then_a_long_change() {
  services
  oneshot longer up='sh -c "sleep 0.5; echo longer >>'"$T"'/log"'
  start_live
  rc_begin change slow
  wait_log slow
  "$S6RC_BIN/s6-rc" -l "$LIVE" -w 300000 change longer >waiting 2>&1 &
  first=$!
  blocked() { grep -q -e "-> POSIX .* $first " /proc/locks; }
  wait_for 10 blocked
  release slow
  rc_end 0
  wait $first
  assert_logged longer
}

test_readers_do_not_wait() {
  services
  start_live
  rc change l
  rc_begin change slow
  wait_log slow
  assert_output 'slow' rc list slow
  assert_output 's6rc-oneshot-runner
l' rc -a list
  assert_output 's6rc-oneshot-runner
slow' rc listall slow
  assert_output '' rc diff
  # a lock on the database is none of theirs either
  release slow
  rc_end 0
}

# Somebody has the database, as s6-rc-bundle would.
hold_lock() { # FILE: until $T/go.lock exists
  cat >"$T/hold.c" <<'END_OF_C'
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
  struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int fd = open(argv[1], O_RDWR);
  if (argc != 2 || fd < 0 || fcntl(fd, F_SETLK, &fl) < 0) return 1;
  puts("locked");
  fflush(stdout);
  pause();
  return 0;
}
END_OF_C
  cc -o "$T/hold" "$T/hold.c"
  "$T/hold" "$1" >"$T/held" &
  holder=$!
  wait_for 10 grep -q locked "$T/held"
}

test_busy_database() {
  need cc
  services
  start_live
  rc change l
  hold_lock "$DB/lock"
  assert_exit 111 rc change other
  assert_eq "$STDERR" "s6-rc: fatal: $LIVE/compiled is locked by another process (pid $holder): try again later, or use -b to wait"
  assert_output other rc list other
  assert_output '' rc diff
  rc_begin -b change other
  blocked() { grep -q -e "-> POSIX .* $rc_pid " /proc/locks; }
  wait_for 10 blocked
  assert_exit 111 rc -w 50 change other
  assert_contains "$STDERR" 'is still locked by another process'
  kill $holder
  rc_end 0
  assert_logged other
}

# Two changes of two live directories with one database: no business of each other's.
test_shared_database() {
  oneshot slow up="$(held slow)"
  oneshot other up="$(says other)"
  start_live
  rc_begin change slow
  wait_log slow
  mkdir "$T/scan2"
  s6-svscan "$T/scan2" >"$T/scan2.log" 2>&1 </dev/null &
  svscan=$!
  wait_for 10 s6-svscanctl -z "$T/scan2"
  "$S6RC_BIN/s6-rc-init" -c "$DB" -l "$T/live2" "$T/scan2"
  "$S6RC_BIN/s6-rc" -l "$T/live2" change other
  assert_logged other
  release slow
  rc_end 0
  s6-svscanctl -t "$T/scan2"
  wait $svscan || :
}

test_database_that_cannot_be_locked() {
  services
  start_live
  rm "$DB/lock"
  rc change other
  assert_logged other
}

test_read_only_database() {
  need_root
  services
  compile
  chmod -R a-w "$DB"
  start_scan
  live_init
  rc change other l
  assert_state '1 0 3 3 0'
}

# A lock that is held by a process which died is none.
test_lock_of_a_killed_process() {
  services
  start_live
  rc_begin change slow
  wait_log slow
  kill -KILL "$rc_pid"
  rc_end 137
  rc change other
  release slow
}

run_tests "$@"
