#!/bin/sh
# ISC license.
# s6-rc-init where there is a live directory already, or what is left of one.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/leftovers.sh"

# What must not change when a live directory is adopted.
picture() {
  readlink "$LIVE"
  ls -di "$LIVE/" "$LIVE/state"
  od -An -tx1 "$LIVE/state"
  for name in a b; do s6-svstat -o pid,wantedup "$LIVE/servicedirs/$name"; done
  live_pids
  ls "$SCAN"
}

start_ab() {
  longrun a
  longrun b
  start_live
  rc change a
  picture >before
}

assert_unchanged() {
  picture >after
  diff before after
}

test_same() {
  start_ab
  assert_exit 0 live_init
  assert_eq "$STDOUT" '' 'stdout'
  assert_eq "$STDERR" "s6-rc-init: info: live directory $LIVE is in use already"
  assert_unchanged
  mtime=$(stat -c %z "$LIVE")
  assert_exit 0 live_init
  assert_eq "$(stat -c %z "$LIVE")" "$mtime" 'change of the link'
}

test_same_in_other_words() {
  start_ab
  assert_exit 0 s6-rc-init -c "$T/./db/" -l "$LIVE/" "$SCAN//"
  assert_contains "$STDERR" 'in use already'
  assert_exit 0 s6-rc-init -c db -d -l "$LIVE" "$T/../${T##*/}/scan"
  assert_exit 0 s6-rc-init -c "$DB" -l "$T//./live" "$SCAN"
  assert_unchanged
}

test_different() {
  start_ab
  cp -R "$DB" "$T/db2"
  mkdir "$T/scan2"
  s6-svscan "$T/scan2" </dev/null >scan2.log 2>&1 &
  pid=$!
  wait_for 10 s6-svscanctl -z "$T/scan2"
  assert_exit 102 s6-rc-init -c "$DB" -l "$LIVE" "$T/scan2"
  assert_contains "$STDERR" 'another scan directory'
  s6-svscanctl -t "$T/scan2"
  assert_eq "$(ls "$T/scan2")" '' 'the other scan directory'
  assert_exit 102 live_init -p x
  assert_contains "$STDERR" 'another prefix'
  assert_exit 102 s6-rc-init -c "$T/db2" -l "$LIVE" "$SCAN"
  assert_contains "$STDERR" 'another database'
  assert_contains "$STDERR" "s6-rc-init: fatal: live directory $LIVE is in use"
  assert_unchanged
  wait $pid
}

# What runs in it must not run twice.
test_missing_state() {
  longrun a
  start_live
  rc change a
  rm "$LIVE/state"
  assert_exit 111 live_init
  assert_contains "$STDERR" "live directory $LIVE is in use ($T/$(readlink "$LIVE")), but it has no file state"
  assert_eq "$(echo "$LIVE"*)" "$LIVE $T/$(readlink "$LIVE")" 'beside the live name'
  supervised_up a
}

test_missing_lock() {
  longrun a
  start_live
  rc change a
  rm "$LIVE/lock"
  assert_exit 111 rc change a
  assert_contains "$STDERR" "unable to lock live directory $LIVE (its file lock is missing: run s6-rc-init again, which makes it): No such file"
  assert_exit 0 timeout 60 "$S6RC_BIN/s6-rc-init" -c "$DB" -l "$LIVE" "$SCAN"
  assert_contains "$STDERR" 'is in use already'
  assert_mode "$LIVE/lock" 600
  rc -d change a
}

test_link_is_put_back() {
  start_ab
  rm "$LIVE"
  # s6-svscan sees nothing but dangling links meanwhile
  s6-svscanctl -a "$SCAN"
  assert_exit 0 live_init
  assert_contains "$STDERR" 'in use already'
  assert_unchanged
  rm "$LIVE"
  assert_exit 102 live_init -p x
  assert_absent "$LIVE"
  assert_exit 0 live_init
  ln -s nowhere "$LIVE.new"
  mv -T "$LIVE.new" "$LIVE"
  assert_exit 0 live_init
  assert_unchanged
}

# What is not supervised any more is supervised again; what runs is left alone,
# also when that fails.
test_missing_supervisor() {
  start_ab
  s6-svunlink "$SCAN" b
  assert_exit 0 live_init
  s6-svstat "$LIVE/servicedirs/b"
  s6-svunlink "$SCAN" b
  mkdir "$SCAN/b"
  touch "$SCAN/b/down"
  assert_exit 111 live_init
  assert_contains "$STDERR" "$SCAN/b: File exists"
  assert_up a
  assert_output "$(sed -n '/true$/s/ .*//p' before)" service_pid a
  assert_eq "$(readlink "$SCAN/a")" "$LIVE/servicedirs/a"
}

# Nothing has been brought up yet: then a failure takes all of it away.
test_missing_supervisor_before_use() {
  longrun a
  longrun b
  start_live
  s6-svunlink "$SCAN" b
  mkdir "$SCAN/b"
  touch "$SCAN/b/down"
  assert_exit 111 live_init
  assert_nothing_left b
}

# Of a boot before this one: everything is there, nothing runs.
test_stale_live_directory() {
  longrun a
  start_live
  rc change a
  old=$(readlink "$LIVE")
  stop_scan
  rm "$SCAN/"*
  start_scan
  live_init
  [ "$(readlink "$LIVE")" != "$old" ] || fail 'the old one is used'
  assert_eq "$(cd "$T" && echo live*)" "live $(readlink "$LIVE")"
  assert_output '' rc -a list
  assert_output 'false' s6-svstat -o wantedup "$LIVE/servicedirs/a"
  rc change a
}

# The scan directory has links to a live directory that is there no more.
test_stale_links() {
  longrun a
  compile
  start_scan
  ln -s "$LIVE/servicedirs/gone" "$SCAN/gone"
  ln -s "$LIVE/servicedirs/a" "$SCAN/old-a"
  ln -s "$T/live2/servicedirs/gone" "$SCAN/not-ours"
  assert_exit 0 live_init
  assert_eq "$(ls "$SCAN")" "$(printf '%s\n' a not-ours s6rc-fdholder s6rc-oneshot-runner)"
  assert_eq "$STDERR" "s6-rc-init: warning: $SCAN/not-ours is a dangling link: s6-svscan may not scan until it is removed"
}

test_dangling_live_link() {
  longrun a
  compile
  start_scan
  ln -s live:s6-rc-init:ZZZZZZ "$LIVE"
  assert_exit 0 live_init
  assert_eq "$STDERR" ''
  rc change a
}

# What runs that were killed left beside the live name, at any stage.
test_leftovers() {
  longrun a
  start_live
  LIVE=$T/live2
  mkdir "$LIVE:s6-rc-init:empty1" "$LIVE:s6-rc-init:locked" "$LIVE:s6-rc-update:abcdef"
  : >"$LIVE:s6-rc-init:locked/lock"
  cp -R "$T/live/." "$LIVE:s6-rc-init:all123" 2>cp.log || : # not the FIFOs and sockets
  chmod 500 "$LIVE:s6-rc-init:all123/servicedirs/a"
  mkdir "$LIVE:other:abcdef" "$LIVE:s6-rc-init:longer0" "$LIVE:s6-rc-init:short"
  : >"$LIVE:s6-rc-init:afile1"
  assert_exit 0 live_init -p 2-
  assert_eq "$(cd "$T" && ls -d live2*)" "$(printf '%s\n' live2 live2:other:abcdef live2:s6-rc-init:afile1 \
    live2:s6-rc-init:longer0 live2:s6-rc-init:short "$(readlink "$LIVE")" | sort)"
  assert_eq "$STDERR" "s6-rc-init: warning: unable to look into $LIVE:s6-rc-init:afile1, left by an earlier run: Not a directory"
  s6-svok "$T/live/servicedirs/a"
}

# What nobody can lock cannot be removed: that is told, and no obstacle, unless
# the live name leads there.
test_leftovers_that_cannot_be_locked() {
  longrun a
  start_live
  LIVE=$T/live2
  mkdir "$LIVE:s6-rc-init:alink1" "$LIVE:s6-rc-init:direct" "$LIVE:s6-rc-init:direct/lock"
  : >elsewhere
  ln -s "$T/elsewhere" "$LIVE:s6-rc-init:alink1/lock"
  assert_exit 0 live_init -p 2-
  assert_eq "$(printf '%s\n' "$STDERR" | sort)" "s6-rc-init: warning: unable to lock $LIVE:s6-rc-init:alink1, left by an earlier run: Too many levels of symbolic links
s6-rc-init: warning: unable to lock $LIVE:s6-rc-init:direct, left by an earlier run: Is a directory"
  [ -L "$LIVE:s6-rc-init:alink1/lock" ]
  s6-svok "$LIVE/servicedirs/a"
  LIVE=$T/live3
  mkdir "$LIVE:s6-rc-init:alink1"
  ln -s "$T/elsewhere" "$LIVE:s6-rc-init:alink1/lock"
  ln -s live3:s6-rc-init:alink1 "$LIVE"
  assert_exit 111 live_init -p 3-
  assert_eq "$STDERR" "s6-rc-init: fatal: unable to lock $LIVE:s6-rc-init:alink1, left by an earlier run: Too many levels of symbolic links"
}

test_live_directory_is_locked() {
  longrun a
  oneshot slow up="sh -c \"touch $T/begun; until test -e $T/go; do sleep 0.05; done\""
  start_live
  "$S6RC_BIN/s6-rc" -l "$LIVE" change slow &
  pid=$!
  wait_for 10 test -e begun
  assert_exit 111 live_init
  assert_contains "$STDERR" "$LIVE is locked by another process (pid $pid)"
  assert_contains "$STDERR" '-b'
  live_init -b &
  waiting=$!
  : >go
  wait $pid
  wait $waiting
  assert_up slow
}

test_database_is_locked() {
  longrun a
  compile
  start_scan
  mkfifo fifo
  s6-setlock -n "$DB/lock" sh -c 'echo locked >fifo; exec sleep 86400' &
  pid=$!
  read -r _line <fifo
  assert_exit 111 live_init
  assert_contains "$STDERR" "$DB is locked by another process (pid $pid)"
  assert_nothing_left
  live_init -b 2>err &
  waiting=$!
  kill $pid
  wait $waiting
  assert_eq "$(cat err)" ''
}

# A database that cannot be locked is used without.
test_database_without_lock() {
  longrun a
  compile
  start_scan
  rm "$DB/lock"
  assert_exit 0 live_init
}

# Several at once: one makes the live directory, the others find it.
test_at_the_same_time() {
  for i in 1 2 3 4 5 6 7 8 9; do longrun s$i; done
  compile
  start_scan
  for round in 1 2 3 4 5 6; do
    for i in 1 2 3 4; do
      { live_init -b -t 20000 >"out.$i" 2>&1 && echo 0 || echo $?; } >"code.$i" &
      eval "pid$i=$!"
    done
    wait "$pid1" "$pid2" "$pid3" "$pid4"
    assert_eq "$(cat code.*)" "$(printf '0\n0\n0\n0')" "exit codes; $(cat out.*)"
    assert_eq "$(cat out.* | sort | uniq -c | tr -s ' ')" " 3 s6-rc-init: info: live directory $LIVE is in use already"
    assert_eq "$(cd "$T" && echo live*)" "live $(readlink "$LIVE")"
    assert_eq "$(live_processes | wc -l)" 11 'supervisors'
    LIVE=$T/live$round
    rm "$SCAN/"*
    s6-svscanctl -an "$SCAN"
    wait_for 10 no_processes_in_scan
    rm -rf "$T/live" "$T/live:"*
    LIVE=$T/live
  done
}
no_processes_in_scan() { no_live_processes; }

# And without -b: whoever finds the other one at work says so and leaves no trace.
test_at_the_same_time_without_block() {
  for i in 1 2 3 4 5 6 7 8 9; do longrun s$i; done
  compile
  start_scan
  for i in 1 2 3 4; do
    { live_init -t 20000 >"out.$i" 2>&1 && echo 0 || echo $?; } >"code.$i" &
    eval "pid$i=$!"
  done
  wait "$pid1" "$pid2" "$pid3" "$pid4"
  for i in 1 2 3 4; do
    case $(cat code.$i) in
      0) ;;
      111) assert_contains "$(cat out.$i)" 'is locked by another process' ;;
      *) fail "exit code $(cat code.$i):" "$(cat out.$i)" ;;
    esac
  done
  assert_exit 0 live_init
  assert_eq "$(cd "$T" && echo live*)" "live $(readlink "$LIVE")"
  assert_eq "$(live_processes | wc -l)" 11 'supervisors'
}

run_tests "$@"
