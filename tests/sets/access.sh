#!/bin/sh
# ISC license.
# Who may do what in a repository, and how tools wait for each other.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

OWNER=12345
STRANGER=23456

as() { # UID COMMAND...
  _uid=$1
  shift
  setpriv --reuid "$_uid" --regid "$_uid" --clear-groups "$@"
}

need_others() {
  need_root
  need setpriv
  chmod 711 "$S6RC_SCRATCH"
  as $OWNER test -x "$S6RC_BIN/s6-rc-repo-init" || skip "other users cannot execute $S6RC_BIN/s6-rc-repo-init"
}
as_tool() { # UID TOOL ARGUMENT...
  _uid=$1 _tool=$2
  shift 2
  setpriv --reuid "$_uid" --regid "$_uid" --clear-groups "$S6RC_BIN/s6-rc-$_tool" -r "$T/repo" "$@"
}

# Others may look, and no more.
test_strangers() {
  need_others
  repository
  tool set-new s
  tool set-commit s
  before=$(state)
  assert_output s as_tool $STRANGER repo-list
  assert_output net/active as_tool $STRANGER set-status s net
  assert_exit 0 as_tool $STRANGER set-change -n s active ftp
  for words in repo-sync 'repo-init -U one' 'repo-init -f one' 'set-new t' 'set-copy s t' 'set-delete s' \
    'set-change s active ftp' set-fix 'set-commit s'; do
    # shellcheck disable=SC2086
    assert_exit 111 as_tool $STRANGER $words
    assert_contains "$STDERR" 'Permission denied'
  done
  assert_exit 111 as_tool $STRANGER set-install --no-update -c "$T/boot/current" -l "$LIVE" s
  assert_contains "$STDERR" 'Permission denied'
  assert_eq "$(state)" "$before"
  assert_swept
  chmod 700 repo
  assert_exit 111 as_tool $STRANGER repo-list
  assert_contains "$STDERR" 'Permission denied'
}

# A stranger's command, stopped when the first CALL that looks like PATTERN has
# been made; `go_on` waits for it: $status, files out and err.
stop_after() { # CALL PATTERN COMMAND...
  need strace
  mkdir -p traces
  chmod 777 traces
  _call=$1 _pattern=$2
  shift 2
  set -- -qq -o traces/trace -e "trace=$_call" "$@"
  as $STRANGER strace "$@" >out 2>err
  _nth=$(grep "^$_call(" traces/trace | grep -n "$_pattern" | head -n 1 | cut -d: -f1)
  [ -n "$_nth" ] || fail "no $_call of $_pattern"
  # not a function, so that this is strace's number
  setpriv --reuid $STRANGER --regid $STRANGER --clear-groups \
    strace -e "inject=$_call:signal=STOP:when=$_nth" "$@" >out 2>err &
  tracer=$!
  wait_for 10 grep -q 'stopped by SIGSTOP' traces/trace
}
go_on() {
  kill -CONT "$(cat "/proc/$tracer/task/$tracer/children")"
  status=0
  wait $tracer || status=$?
}

# A tool while the repository changes, once it has opened what PATTERN is in: 111.
changes_after() { # PATTERN TOOL ARGUMENT...
  _pattern=$1 _tool=$2
  shift 2
  stop_after openat "$_pattern" "$S6RC_BIN/s6-rc-$_tool" -r "$T/repo" "$@"
  tool set-new t
  tool set-delete t
  go_on
  assert_eq "$status" 111 "exit code of $_tool $*"
}

# Who may not take the lock, while others change the repository.
test_strangers_without_the_lock() {
  need_others
  repository
  tool set-new s
  # what the link leads to goes before it is opened
  stop_after readlinkat '"current"' "$S6RC_BIN/s6-rc-repo-list" -r "$T/repo"
  tool set-new t
  go_on
  assert_eq "$status $(cat err)" '0 '
  assert_file out "$(printf 's\nt')"
  # and after that
  tool set-delete t
  for words in repo-list 'set-status s' 'set-change -n s active ftp' 'set-fix -n' 'set-fix -n s'; do
    # shellcheck disable=SC2086 # words
    changes_after '"generation:' $words
    assert_contains "$(cat err)" "$T/repo has been changed while it was read (there is no right to lock it): try again"
    assert_file out ''
  done
  # all of it has been read, and it is not so any more
  for words in 'set-change -n s active ftp' 'set-fix -n s'; do
    # shellcheck disable=SC2086 # words
    changes_after '"optional"' $words
    assert_contains "$(cat err)" 'has been changed while it was read'
  done
}

# A user's own repository, from the first to the last tool; nothing of it is
# anybody else's.
test_owner() {
  need_others
  chown $OWNER "$T"
  stores
  chown -R $OWNER one two
  as_tool $OWNER repo-init one two
  as_tool $OWNER set-new s
  as_tool $OWNER set-change -p s active web
  as_tool $OWNER set-commit s
  as_tool $OWNER set-install --no-update -c "$T/boot/current" -l "$LIVE" s
  assert_eq "$(find "$T/repo" "$T/boot" ! -user $OWNER)" '' 'what is not the owner'\''s'
  "$S6RC_BIN/s6-rc-db" -c boot/current check
  # root may do so, too
  tool set-change s masked 'local'
  as_tool $OWNER set-status s local
}

# Everything works for an ordinary user.
test_ordinary_user() {
  need_user
  repository
  tool set-new s
  tool set-commit s
  tool set-install --no-update -c "$T/boot/current" -l "$LIVE" s
  "$S6RC_BIN/s6-rc-db" -c boot/current check
}

# Holds the lock of the repository, shared or exclusively, until `go`.
hold() { # OPTION of s6-setlock
  mkfifo go
  exec 9<>go
  # shellcheck disable=SC2016
  s6-setlock "$1" repo/lock sh -c 'echo >held; read -r line <go' 9<&- &
  holder=$!
  wait_for 10 test -e held
}
release() {
  echo >&9
  wait "$holder"
}

blocked() { # PID: waits for a record lock
  grep -q -e "-> POSIX .* $1 " /proc/locks
}

test_writers_wait_for_readers() {
  need s6-setlock
  repository
  tool set-new s
  hold -r
  # readers do not wait for readers
  assert_output s tool repo-list
  "$S6RC_BIN/s6-rc-set-new" -r "$T/repo" t &
  waiter=$!
  wait_for 10 blocked $waiter
  assert_absent repo/current/sets/t
  release
  wait $waiter
  assert_output "$(printf '%s\n' s t)" tool repo-list
}

test_readers_wait_for_writers() {
  need s6-setlock
  repository
  tool set-new s
  hold -w
  "$S6RC_BIN/s6-rc-repo-list" -r "$T/repo" >out &
  waiter=$!
  wait_for 10 blocked $waiter
  assert_file out ''
  release
  wait $waiter
  assert_file out s
}

# Many at a time: none is lost, nothing is mixed.
test_many_writers() {
  repository
  jobs=''
  for i in 1 2 3 4 5 6 7 8; do
    { tool set-new "s$i" && tool set-change -p "s$i" active web; } 2>"err.$i" &
    jobs="$jobs $!"
  done
  for job in $jobs; do wait "$job"; done
  assert_eq "$(tool repo-list | words)" 's1 s2 s3 s4 s5 s6 s7 s8'
  assert_swept
  assert_sound
}

run_tests "$@"
