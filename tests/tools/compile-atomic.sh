#!/bin/sh
# ISC license.
# s6-rc-compile leaves a whole database or nothing, whatever happens to it.
. "$(dirname "$0")/../lib/test.sh"

# A small source with one of everything that is written.
small_source() {
  longrun producer producer-for=consumer data/file=x env/NAME=value template/run=x
  longrun consumer consumer-for=producer pipeline-name=pipe finish='#!/bin/sh' notification-fd=3
  oneshot once down=false
  bundle all producer once
  DB=$T/d/db
  mkdir d
}

# s6-rc-compile under strace with one fault injected.
injected() { # FAULT
  capture env ASAN_OPTIONS=detect_leaks=0 strace -f -o /dev/null -e "inject=$1" "$S6RC_BIN/s6-rc-compile" "$DB" "$SRC"
}

need_strace() {
  need strace
  strace -o /dev/null true 2>/dev/null || skip 'strace may not trace here'
}

# The system calls that s6-rc-compile makes, from the first that is about
# writing on: "NAME N" is the Nth one of that name.
traced() {
  compile
  rm -rf "$DB"
  ASAN_OPTIONS=detect_leaks=0 strace -f -o trace "$S6RC_BIN/s6-rc-compile" "$DB" "$SRC"
  mv "$DB" whole
  sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' trace |
    awk '{ n[$1]++ } $1 == "umask" { on = 1 } on { print $1, n[$1] }' >calls
  [ "$(wc -l <calls)" -gt 100 ] || fail 'too few system calls seen:' "$(cat trace)"
}

beside() { ls -A d; }

assert_whole_or_absent() {
  case $(beside) in
    *db:s6-rc-compile:* | '') assert_absent "$DB" ;;
    db) diff -r whole "$DB" ;;
    *) fail "what is this: $(beside)" ;;
  esac
}

test_killed_at_any_system_call() {
  need_strace
  small_source
  traced
  stale=0
  while read -r call n; do
    injected "$call:signal=KILL:when=$n"
    [ "$status" != 0 ] || fail "not killed at $call $n"
    assert_whole_or_absent
    case $(beside) in *:s6-rc-compile:*) stale=$((stale + 1)) ;; esac
    # what was left is no obstacle to the next run, which removes it
    [ -e "$DB" ] || compile -v0
    assert_eq "$(beside)" db "beside the destination after a run that was killed at $call $n"
    diff -r whole "$DB"
    rm -rf "$DB"
  done <calls
  [ $stale -gt 50 ] || fail "only $stale runs left anything"
}

test_killed_at_any_moment() {
  small_source
  i=0
  while [ $i -lt 150 ]; do
    i=$((i + 1))
    longrun "more$i"
  done
  compile
  mv "$DB" whole
  i=0
  while [ $i -lt 40 ]; do
    i=$((i + 1))
    "$S6RC_BIN/s6-rc-compile" "$DB" "$SRC" &
    timeout 0.00$((i % 10))$((i % 7)) sleep 1 || :
    kill -KILL $! 2>/dev/null || :
    wait $! || :
    if [ -e "$DB" ]; then
      diff -r whole "$DB"
      rm -rf "$DB"
    fi
    compile -v0
    assert_eq "$(beside)" db
    rm -rf "$DB"
  done
}

# TERM, INT and HUP: nothing is left beside.
test_signals() {
  need_strace
  small_source
  traced
  i=0
  while read -r call n; do
    i=$((i + 1))
    case $((i % 6)) in 0) signal=TERM ;; 2) signal=INT ;; 4) signal=HUP ;; *) continue ;; esac
    injected "$call:signal=$signal:when=$n"
    case $status in
      0)
        diff -r whole "$DB"
        rm -rf "$DB"
        ;;
      111) assert_contains "$STDERR" "s6-rc-compile: fatal: stopped by SIG$signal: nothing written" ;;
      *) fail "exit code $status after SIG$signal at $call $n: $STDERR" ;;
    esac
    assert_eq "$(beside)" '' "beside the destination after SIG$signal at $call $n"
  done <calls
  # where the database is nearly there
  injected 'syncfs:signal=TERM'
  assert_eq "$status" 111
  assert_eq "$(beside)" ''
}

# Each system call that makes something fails once: 111, the reason, and nothing left.
test_failing_system_calls() {
  [ -z "${S6RC_COVERAGE:-}" ] || skip 'the calls that write the coverage would fail, too'
  need_strace
  small_source
  traced
  while read -r call n; do
    case $call in
      mkdir | mkdirat | write | writev) error=ENOSPC ;;
      open | openat) error=EMFILE ;;
      fsync | syncfs | renameat2 | fchmod | fchmodat) error=EIO ;;
      *) continue ;;
    esac
    injected "$call:error=$error:when=$n"
    if [ "$call" = fsync ]; then
      # of the directory that the database is in, and is there
      assert_eq "$status" 0
      assert_contains "$STDERR" "s6-rc-compile: warning: unable to sync the directory of $DB ($DB is there, but a loss of power may take it away): Input/output error"
      diff -r whole "$DB"
      rm -rf "$DB"
    elif [ "$status" = 0 ] && [ "$call" = openat ]; then
      # looking for what earlier runs have left is no duty
      diff -r whole "$DB"
      rm -rf "$DB"
    else
      assert_eq "$status" 111 "exit code when $call $n fails with $error: $STDERR"
      assert_contains "$STDERR" 's6-rc-compile: fatal: unable to '
    fi
    assert_eq "$(beside)" '' "beside the destination when $call $n fails with $error"
  done <calls
}

# Before the database gets its name, everything in it is on the disk, and then
# the name is.
test_synced() {
  [ -z "${S6RC_COVERAGE:-}" ] || skip 'the calls that write the coverage would be seen, too'
  need_strace
  small_source
  traced
  awk '/syncfs\(/ { print "all" }
    /renameat2?\(/ { print "name" }
    / (fsync|fdatasync)\(/ { print "directory" }
    / (write|writev|pwrite64|mkdirat|fchmod|fchmodat|symlinkat)\(|O_CREAT/ { print "change" }' trace | uniq >order
  assert_eq "$(cat order)" "$(printf '%s\n' change all name directory)"
}

# A file system that cannot sync directories is no reason to warn.
test_directories_without_sync() {
  need_strace
  small_source
  for error in EINVAL EROFS; do
    injected "fsync:error=$error"
    assert_eq "$status" 0
    assert_eq "$STDERR" ''
    rm -rf "$DB"
  done
}

# A kernel or file system without RENAME_NOREPLACE.
test_without_renameat2() {
  need_strace
  small_source
  for error in ENOSYS EINVAL; do
    injected "renameat2:error=$error"
    assert_eq "$status" 0
    assert_exit 0 db check
    rm -rf "$DB"
  done
}

test_destination_that_exists() {
  small_source
  mkdir "$DB"
  chmod 711 "$DB"
  assert_exit 111 compile
  assert_contains "$STDERR" 'File exists'
  assert_eq "$(ls -A "$DB")" ''
  assert_mode "$DB" 711
  rmdir "$DB"
  echo precious >"$DB"
  assert_exit 111 compile
  assert_file "$DB" precious
  rm "$DB"
  ln -s nowhere "$DB"
  assert_exit 111 compile
  assert_eq "$(readlink "$DB")" nowhere
  assert_eq "$(beside)" db
}

# It comes into being, empty, while the database is being built.
test_destination_that_appears() {
  need_strace
  small_source
  ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e inject=syncfs:signal=STOP "$S6RC_BIN/s6-rc-compile" "$DB" "$SRC" 2>err &
  wait_for 10 grep -q 'stopped by SIGSTOP' trace
  # one that is under way is not what an earlier run has left
  compile -v2 2>log
  assert_lacks "$(cat log)" 'earlier run'
  rm -rf "$DB"
  mkdir "$DB"
  kill -CONT "$(sed -n 's/ .*stopped by SIGSTOP.*//p' trace)"
  code=0
  wait $! || code=$?
  assert_eq "$code" 111
  assert_contains "$(cat err)" 'File exists'
  assert_eq "$(ls -A "$DB")" ''
  assert_eq "$(beside)" db
}

# Of several at once, one succeeds.
test_at_the_same_time() {
  small_source
  for i in 1 2 3 4 5 6; do
    {
      compile -v0 2>"err$i" && echo "$i" >"won$i"
    } &
  done
  wait
  assert_eq "$(cat won* | wc -l)" 1
  assert_eq "$(cat err? | grep -c 'File exists')" 5
  assert_exit 0 db check
  assert_eq "$(beside)" db
}

test_says_what_it_swept() {
  small_source
  mkdir -p "$DB:s6-rc-compile:aaaaaa/servicedirs" "$DB:s6-rc-compile:bbbbbb" "$DB:s6-rc-compile:too-long" "$DB.other:s6-rc-compile:cccccc"
  assert_exit 0 compile -v2
  assert_contains "$STDERR" "s6-rc-compile: info: removed what 2 earlier runs left beside $DB"
  assert_eq "$(beside)" "$(printf '%s\n' db db.other:s6-rc-compile:cccccc db:s6-rc-compile:too-long)"
}

run_tests "$@"
