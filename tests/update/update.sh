#!/bin/sh
# ISC license.
# s6-rc-update on a live system: what it touches, what it leaves alone, what it
# says. tests/unit/update_plan.c has the rules one by one.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/pipelines.sh"
. "$S6RC_TOP/tests/lib/update.sh"

# A source to change under way: $SRC; each call compiles it anew and updates.
next_db() {
  count=$((${count:-0} + 1))
  "$S6RC_BIN/s6-rc-compile" "$T/db$count" "$SRC"
}
update_to() { # SERVICE DATABASE's number [ OPTION... ]
  _db=$T/db$1
  shift
  update "$@" "$_db"
}
next() { # [ OPTION... ]
  next_db
  update_to "$count" "$@"
}
pids() { for _name do service_pid "$_name"; done; }
home_of() { readlink -f "$LIVE/servicedirs/s6rc-oneshot-runner/../.."; }

# What must be beside the public name and in the scan directory, nothing else.
assert_clean() {
  _wanted=$(for _entry in "$LIVE" "$(readlink -f "$LIVE")" "$(home_of)"; do echo "$_entry"; done | sort -u)
  assert_eq "$(find "$T" -maxdepth 1 -name 'live*' | sort)" "$_wanted" 'beside the live name'
  assert_eq "$(ls "$SCAN")" "$(ls "$LIVE/servicedirs" | sed "s/^/${1:-}/")" 'scan directory'
  assert_eq "$(find "$LIVE/" "$(home_of)" \( -name 'ftrig1*' -o -name .fifo -o -name '.s6-rc-update:*' \))" '' 'left'
}

test_nothing_is_touched() {
  longrun a
  ready_longrun b
  depends b a
  oneshot s up="sh -c \"echo up >>$T/log\"" down="sh -c \"echo down >>$T/log\""
  pipeline producer logger
  start_live
  rc change a b s producer
  wait_more stored.logger 5
  before=$(pids a b producer logger s6rc-fdholder s6rc-oneshot-runner)
  pipe=$(pipe_of producer 1)
  define a longrun "run=#!/bin/sh
exec sleep 77777"
  next
  next
  assert_eq "$(pids a b producer logger s6rc-fdholder s6rc-oneshot-runner)" "$before" 'processes'
  assert_eq "$(pipe_of producer 1)" "$pipe" 'pipe'
  assert_file log up
  wait_more stored.logger 5
  drain logger
  assert_arrived logger producer 0
  assert_clean
  # what has changed takes effect at the next start
  executes a 'sleep 86400'
  rc -d change a
  rc change a b
  wait_for 10 executes a 'sleep 77777'
}

test_all_kinds_of_changes() {
  longrun stays
  longrun name
  longrun gone
  longrun becomes
  oneshot turns up="touch $T/turned" down="rm $T/turned"
  longrun members
  longrun waits
  start_live
  rc change stays name gone becomes turns members waits
  assert_file turned
  before=$(pids stays name)
  rm -r "$SRC"
  longrun stays
  longrun newname
  longrun added
  oneshot becomes up="touch $T/became"
  longrun turns
  longrun one
  oneshot two
  bundle members one two
  longrun waits
  depends waits added
  echo 'name -> newname' >conv
  next -f conv
  assert_output "$(printf '%s\n' s6rc-oneshot-runner added newname one stays turns waits becomes two | sort)" \
    sh -c "'$S6RC_BIN/s6-rc' -l '$LIVE' -a list | sort"
  assert_eq "$(pids stays newname)" "$before" 'processes'
  assert_absent turned "$LIVE/servicedirs/name" "$LIVE/servicedirs/gone" "$LIVE/servicedirs/becomes"
  assert_file became
  for name in stays newname added turns one waits; do supervised_up $name || fail "$name is not up"; done
  assert_output '' rc diff
  assert_clean
}

test_swapped_names() {
  longrun a
  longrun b
  pipeline p1 c1
  pipeline p2 c2
  start_live
  rc change a p1 p2
  wait_more stored.c1 3
  a=$(service_pid a) c1=$(service_pid c1) c2=$(service_pid c2)
  rm -r "$SRC"
  longrun a
  longrun b
  pipeline p1 c2
  pipeline p2 c1
  printf '%s\n' 'a -> b' 'b -> a' 'c1 -> c2' 'c2 -> c1' >conv
  next -f conv
  assert_eq "$(service_pid b) $(service_pid c2) $(service_pid c1)" "$a $c1 $c2"
  assert_eq "$(service_pid a)" ''
  # the fd-holder has the pipes under the new names: a producer that starts
  # again still writes to the same consumer
  "$S6RC_BIN/s6-rc" -l "$LIVE" -d change p1
  rc change p1
  wait_for 20 connected p1 c2
  assert_clean
}

test_run_again_and_back() {
  longrun stays
  pipeline producer logger
  start_live
  rc change stays producer
  wait_more stored.logger 3
  before=$(pids stays producer logger)
  cp -a "$DB" db0
  rm -r "$SRC/stays"
  longrun renamed
  longrun other
  next_db
  echo 'stays -> renamed' >forth
  echo 'renamed -> stays' >back
  for _round in 1 2 3 4 5 6 7 8 9 10; do
    update -f forth "$T/db1"
    rc change other
    assert_eq "$(pids renamed producer logger)" "$before"
    assert_clean
    update -f back "$T/db0"
    assert_eq "$(pids stays producer logger)" "$before"
    assert_clean
  done
  drain logger
  assert_arrived logger producer 0
}

test_flags() {
  longrun a
  longrun kept flag-essential=
  longrun c
  start_live
  rc change a kept c
  kept=$(service_pid kept)
  # told to restart: left running, with a warning
  echo 'kept restart' >conv
  next_db
  assert_exit 0 update_to 1 -f conv
  assert_contains "$STDERR" 'warning: service kept is essential'
  assert_eq "$(service_pid kept)" "$kept"
  assert_exit 0 update_to 1 -e -f conv
  assert_eq "$STDERR" ''
  [ "$(service_pid kept)" != "$kept" ] || fail 'not restarted'
  # gone: refused, nothing changes
  kept=$(pids a kept c)
  rm -r "$SRC/kept" "$SRC/c"
  next_db
  live=$(readlink "$LIVE")
  assert_exit 9 update_to 2
  assert_contains "$STDERR" 'fatal: service kept is essential'
  assert_eq "$(readlink "$LIVE") $(readlink "$LIVE/compiled")" "$live $T/db1"
  assert_eq "$(pids a kept c)" "$kept"
  assert_exit 9 update_to 2 -e -E
  assert_clean
  assert_exit 0 update_to 2 -e
  assert_output "$(printf '%s\n' a)" rc -a list
  assert_clean
}

test_dry_run_and_reasons() {
  longrun 'a b'
  longrun "it's"
  longrun new
  start_live
  rc change 'a b' "it's"
  depends "it's" new
  rm -r "$SRC/a b"
  oneshot 'a b'
  next_db
  live=$(readlink "$LIVE") before=$(pids 'a b' "it's")
  assert_output "s6-rc -l $LIVE -d -- change 'a b' 'it'\\''s'
s6-rc -l $LIVE -u -- change s6rc-oneshot-runner 'it'\\''s' new 'a b'" update_to 1 -n
  assert_contains "$(update_to 1 -n -e)" ' -D -- change'
  assert_exit 0 update_to 1 -n -v2
  assert_eq "$STDERR" "s6-rc-update: info: a b: stop: its type has changed
s6-rc-update: info: it's: restart: new dependency new is down
s6-rc-update: info: s6rc-oneshot-runner: start: needed by a b
s6-rc-update: info: new: start: needed by it's
s6-rc-update: info: a b: start: it replaces a b"
  assert_contains "$STDOUT" ' -u -- change'
  assert_eq "$(readlink "$LIVE") $(pids 'a b' "it's")" "$live $before"
  assert_exit 0 update_to 1 -v2
  assert_contains "$STDERR" "a b: stop: its type has changed"
  assert_contains "$STDERR" "it's: restart: new dependency new is down"
  assert_contains "$STDERR" "new: start: needed by it's"
  assert_contains "$STDERR" "a b: start: it replaces a b"
  assert_clean
}

test_failures_of_services() {
  longrun a
  oneshot stuck down=false
  oneshot slow down='sleep 600'
  start_live
  rc change stuck slow a
  before=$(pids a) live=$(readlink "$LIVE")
  cp -a "$SRC" src0
  rm -r "$SRC/stuck"
  next_db
  assert_exit 9 update_to 1
  assert_contains "$STDERR" 'not switched'
  assert_up stuck
  rm -r "$SRC"
  cp -a src0 "$SRC"
  rm -r "$SRC/slow"
  next_db
  assert_exit 10 update_to 2 -t 300
  assert_eq "$(readlink "$LIVE") $(readlink "$LIVE/compiled")" "$live $DB"
  assert_clean
  kill_scan
}

test_switched_but_not_all_start() {
  longrun a
  start_live
  rc change a
  oneshot fails up=false
  depends a fails
  next_db
  assert_exit 1 update_to 1
  assert_eq "$(readlink "$LIVE/compiled")" "$T/db1"
  assert_down a fails
  update -v0 "$DB"
  rc change a
  rm -r "$SRC/a" "$SRC/fails"
  oneshot a up='sleep 600'
  next_db
  assert_exit 2 update_to 2 -t 4000
  assert_eq "$(readlink "$LIVE/compiled")" "$T/db2"
  kill_scan
}

parent_of() { sed -n 's/^PPid:[^0-9]*//p' "/proc/$1/status"; }

# s6-svscan does not do what it is told: the update is not over, but what is
# live is the new database.
test_timeout_after_the_switch() {
  longrun a
  start_live
  rc change a
  before=$(pids a)
  longrun b
  next_db
  svscan=$(parent_of "$(parent_of "$before")")
  kill -STOP "$svscan"
  capture update -t 4000 "$T/db1"
  kill -CONT "$svscan"
  assert_eq "$status" 2 "exit code, after $STDERR"
  assert_contains "$STDERR" 'timed out: the live directory has the new database; the next s6-rc change or'
  assert_lacks "$STDERR" 'trying again'
  assert_eq "$(readlink "$LIVE/compiled")" "$T/db1"
  assert_file "$LIVE/update"
  rc change b
  assert_up a b
  assert_eq "$(pids a)" "$before" 'processes'
  assert_clean
}

# So does the next one that has not enough time to complete it.
test_timeout_of_the_next_one() {
  longrun a
  start_live
  rc change a
  before=$(pids a)
  longrun b
  next_db
  next_db
  svscan=$(parent_of "$(parent_of "$before")")
  kill -STOP "$svscan"
  update -v0 -t 50 "$T/db1" 2>err || :
  capture rc -t 50 change b
  change=$status said=$STDERR
  capture update -t 50 "$T/db2"
  kill -CONT "$svscan"
  assert_eq "$change" 2 "exit code, after $said"
  assert_contains "$said" "s6-rc: fatal: timed out: an interrupted update is not complete; the next s6-rc change or s6-rc-update goes on with the update: longrun b has no supervisor: is the limit of s6-svscan on $SCAN high enough?"
  assert_contains "$said" 's6-rc: fatal: nothing else has been done: an interrupted update had to come first'
  assert_eq "$status" 10 "exit code, after $STDERR"
  assert_contains "$STDERR" "s6-rc-update: fatal: $T/db2: this update has not begun, an earlier one had to come first"
  assert_eq "$(readlink "$LIVE/compiled")" "$T/db1"
  rc change b
  assert_up a b
  assert_eq "$(pids a)" "$before" 'processes'
  assert_clean
}

# The same if services that an interrupted update starts take too long, and if
# it is interrupted again.
test_timeout_and_signals_while_starting_after_another() {
  longrun a
  oneshot other
  start_live
  rc change a
  oneshot slow up="sh -c \": >$T/begun; until test -e $T/go -o ! -d $T; do sleep 0.05; done\""
  depends a slow
  next_db
  longrun l notification-fd=3
  depends a l
  next_db
  begin_and_kill() { # DATABASE
    rm -f begun go
    "$S6RC_BIN/s6-rc-update" -l "$LIVE" "$1" 2>err &
    updater=$!
    wait_for 10 test -e begun
    kill -KILL $updater
    wait $updater || :
  }
  begin_and_kill "$T/db1"
  assert_exit 2 rc -t 300 change other
  assert_contains "$STDERR" 'timed out after 300 ms (-t)'
  assert_contains "$STDERR" 'nothing else has been done'
  : >go
  rc change a
  assert_down other
  assert_up a slow
  # longruns are given up, oneshots are left to finish
  update -v0 "$DB"
  begin_and_kill "$T/db2"
  "$S6RC_BIN/s6-rc" -l "$LIVE" -v2 change other 2>err &
  changer=$!
  wait_for 10 grep -q 'service slow: starting' err
  kill $changer
  wait_for 10 grep -q 'service l: failed to start: interrupted by a signal' err
  : >go
  code=0
  wait $changer || code=$?
  assert_eq "$code" 1 "exit code, after $(cat err)"
  assert_down other
  assert_clean
}

# More longruns than s6-svscan has room for: it says what it waits for, and so
# does the next one, and what to do about it when their time is up.
test_svscan_limit() {
  longrun a
  compile
  mkdir -p "$SCAN/foreign"
  printf '#!/bin/sh\nexec sleep 600\n' >"$SCAN/foreign/run"
  chmod +x "$SCAN/foreign/run"
  start_scan 4
  live_init
  rc change a
  longrun b
  next_db
  "$S6RC_BIN/s6-rc-update" -l "$LIVE" "$T/db1" 2>err &
  updater=$!
  wait_for 30 grep -q waiting err
  kill $updater
  wait $updater || :
  says="is the limit of s6-svscan on $SCAN high enough? (its options -c or -C)"
  assert_contains "$(cat err)" "s6-rc-update: warning: still waiting for 1 supervisors, one of them that of b: $says"
  assert_exit 2 rc -t 300 change b
  assert_contains "$STDERR" "longrun b has no supervisor: $says"
  # with room it goes on: a service of somebody else's has left
  rm -r "$SCAN/foreign"
  s6-svscanctl -an "$SCAN"
  rc change b
  assert_up a b
  assert_clean
}

# Where there is room for what comes as soon as what goes has gone.
test_svscan_limit_and_other_services() {
  longrun a
  longrun b
  compile
  start_scan 4
  live_init
  rc change a b
  mv "$SRC/a" "$SRC/renamed"
  rm -r "$SRC/b"
  longrun c
  next_db
  before=$(pids a)
  echo 'a -> renamed' >conv
  assert_exit 0 update_to 1 -t 8000 -f "$T/conv"
  assert_eq "$(pids renamed)" "$before" processes
  rc change c
  assert_up renamed c
  assert_clean
}

# What the switch would need is looked at before anything stops.
test_scan_directory_is_not_as_it_must_be() {
  longrun a
  longrun gone
  start_live
  rc change a gone
  before=$(pids a gone) live=$(readlink "$LIVE")
  rm -r "$SRC/gone"
  longrun n
  longrun m
  next_db
  unchanged() {
    assert_eq "$(readlink "$LIVE") $(pids a gone)" "$live $before" 'live directory and processes'
    assert_absent "$LIVE/update" "$LIVE/state.before"
  }
  mkdir elsewhere "$SCAN/n"
  ln -s "$T/elsewhere" "$SCAN/m"
  for option in -n -v1; do
    assert_exit 111 update $option "$T/db1"
    assert_contains "$STDERR" "$SCAN/n is there, and not the link to longrun n of $LIVE"
    assert_contains "$STDERR" "$SCAN/m is there"
    assert_contains "$STDERR" 'nothing changed'
    assert_eq "$STDOUT" ''
    unchanged
  done
  rm -r "$SCAN/n" "$SCAN/m"
  # one that was left by somebody who wrote the name in another way is ours
  ln -s "$T/./live/servicedirs/n" "$SCAN/n"
  mv "$SCAN/.s6-svscan" svscan
  assert_exit 111 update "$T/db1"
  assert_contains "$STDERR" "no s6-svscan is running on $SCAN, nothing changed"
  unchanged
  assert_exit 0 update -n "$T/db1"
  mv svscan "$SCAN/.s6-svscan"
  assert_exit 0 update "$T/db1"
  rc change n m
  assert_up a n m
  assert_clean
}

# Links that were made for the same live directory, spelled in another way,
# leave the scan directory all the same.
test_links_by_another_spelling() {
  longrun a
  longrun b
  longrun c
  compile
  start_scan
  "$S6RC_BIN/s6-rc-init" -c "$DB" -l "$T//live" "$SCAN"
  ln -sfn ../live/servicedirs/c "$SCAN/c"
  rc change a b c
  rm -r "$SRC/b" "$SRC/c"
  next
  assert_up a
  assert_clean
}

test_usage_and_mistakes() {
  longrun a
  bundle all a
  start_live
  live=$(readlink "$LIVE")
  try() { # CODE WHAT LINE
    printf '%s\n' "$3" >conv
    assert_exit "$1" update -f conv "$DB"
    assert_contains "$STDERR" "conv:1: $2"
  }
  try 3 'the live database has no service q' 'q restart'
  try 4 'the new database has no service or bundle q' 'a -> q'
  try 5 'not a service but a bundle: all' 'all restart'
  try 6 'two services would become s6rc-fdholder' 'a -> s6rc-fdholder'
  try 100 'a name is missing' 'a ->'
  printf 'a restart\000\nq\n' >conv
  assert_exit 100 update -f conv "$DB"
  printf 'q\na ->\n' >conv
  assert_exit 3 update -f conv "$DB"
  assert_contains "$STDERR" 'conv:2: '
  assert_exit 111 update -f nowhere "$DB"
  assert_exit 100 update
  assert_exit 100 update "$DB" "$DB"
  assert_exit 100 update db
  assert_exit 100 "$S6RC_BIN/s6-rc-update" -l live "$DB"
  assert_exit 100 update -x "$DB"
  assert_exit 111 update "$T/none"
  assert_exit 111 "$S6RC_BIN/s6-rc-update" -l "$T/none" "$DB"
  # damaged
  cp -a "$DB" damaged
  printf X | dd of=damaged/db bs=1 seek=100 conv=notrunc 2>dd.err
  assert_exit 4 update "$T/damaged"
  cp -a "$DB" cut
  : >cut/db
  assert_exit 4 update "$T/cut"
  assert_eq "$(readlink "$LIVE")" "$live"
  assert_clean
}

test_damaged_service_directories() {
  longrun a
  start_live
  rc change a
  live=$(readlink "$LIVE") before=$(pids a)
  longrun new
  next_db
  rm -r db1/servicedirs/new
  assert_exit 111 update_to 1
  assert_contains "$STDERR" new
  assert_eq "$(readlink "$LIVE") $(pids a)" "$live $before"
  assert_clean
  rc -d change a
  rc change a
}

# Nothing is writable for others, whatever the source says.
# Damage that the plan did not see yet: the old database is changed when the
# new generation has just been built.
test_database_damaged_under_way() {
  need strace
  longrun a
  longrun gone
  start_live
  rc change a gone
  before=$(pids a)
  rm -r "$SRC/gone"
  next_db
  # the second way there, and all later ones, make the same calls
  for round in learn again; do
    strace -qq -o trace -e trace=openat "$S6RC_BIN/s6-rc-update" -l "$LIVE" "$T/db1"
    update "$DB"
    rc change gone
  done
  nth=$(grep '^openat(' trace | grep -n '"update", O_WRONLY' | sed -n 's/:.*//; 2p')
  strace -qq -o trace -e trace=openat -e "inject=openat:signal=STOP:when=$nth" \
    "$S6RC_BIN/s6-rc-update" -l "$LIVE" "$T/db1" 2>err &
  tracer=$!
  wait_for 10 grep -q 'stopped by SIGSTOP' trace
  cp "$DB/db" good
  # the hash in the record of each longrun
  header=152 record=48
  for number in 0 1 2 3; do
    at=$((header + record * (number + 1) - 1))
    byte=$(od -An -v -tu1 -j "$at" -N 1 good)
    # shellcheck disable=SC2059
    printf "\\$(printf %o "$((byte ^ 1))")" | dd of="$DB/db" bs=1 seek="$at" conv=notrunc 2>dd.err
  done
  kill -CONT "$(cat "/proc/$tracer/task/$tracer/children")"
  code=0
  wait $tracer || code=$?
  assert_eq "$code" 4 "exit code, after $(cat err)"
  assert_contains "$(cat err)" "$LIVE/compiled is not a valid compiled database: a record is damaged"
  assert_exit 4 rc change a
  assert_contains "$STDERR" "live directory $LIVE, or its database, is damaged"
  # whole again, it is undone
  cat good >"$DB/db"
  rc -v0 change a
  assert_up a gone
  assert_eq "$(pids a)" "$before" processes
  assert_clean
}

test_modes() {
  longrun a data/file=x
  start_live
  longrun new data/file=x
  echo y >"$SRC/a/data/file"
  chmod 666 "$SRC"/*/data/file
  umask 0
  next
  assert_mode "$LIVE/servicedirs/a/data/file" 664
  assert_mode "$LIVE/servicedirs/new/data/file" 664
  assert_eq "$(find "$LIVE/" "$(home_of)" -perm -002 ! -type l ! -name control ! -name s)" '' 'writable for others'
}

test_prefix_and_odd_names() {
  odd=$(printf 'odd "%%\t\\ \303\251')
  longrun "$odd"
  compile
  start_scan
  live_init -p 'pre-'
  rc change "$odd"
  before=$(pids "$odd")
  longrun "$odd 2"
  next_db
  update_to 1
  rc change "$odd 2"
  assert_eq "$(pids "$odd")" "$before"
  assert_clean pre-
  assert_exit 0 update "$DB"
  assert_clean pre-
}

# The public name with a slash at its end, and through another link.
test_spelling_of_the_live_name() {
  longrun a
  start_live
  rc change a
  before=$(pids a)
  longrun b
  next_db
  assert_exit 0 "$S6RC_BIN/s6-rc-update" -l "$LIVE/" "$T/db1"
  assert_eq "$(readlink "$LIVE/compiled") $(pids a)" "$T/db1 $before"
  rc change b
  assert_clean
}

# A link to the public name is none: an update through it would take apart what
# the public name leads to.
test_other_name_of_the_live_directory() {
  longrun a
  start_live
  rc change a
  longrun b
  next_db
  mkdir other
  ln -s live alias
  ln -s ../live other/live
  ln -s "$LIVE" other/absolute
  ln -s "$(readlink "$LIVE")" direct
  ln -s alias again
  before=$(find -H "$LIVE/" "$T"/*: "$SCAN" 2>/dev/null | sort)
  for name in alias other/live other/absolute direct again; do
    for option in -n -v1; do
      assert_exit 111 "$S6RC_BIN/s6-rc-update" $option -l "$T/$name" "$T/db1"
      assert_contains "$STDERR" "$T/$name is only another name of live directory $(readlink -f "$T")/live"
      assert_eq "$STDOUT" ''
    done
    assert_eq "$(find -H "$LIVE/" "$T"/*: "$SCAN" 2>/dev/null | sort)" "$before"
  done
  rm -r alias other direct again
  assert_eq "$(readlink "$LIVE/compiled")" "$DB"
  assert_up a
  # a link above it is only another way
  ln -s . way
  assert_exit 0 "$S6RC_BIN/s6-rc-update" -l "$T/way/live" "$T/db1"
  rc change b
  rm way
}

test_init_again() {
  longrun a
  start_live
  rc change a
  longrun b
  next
  update "$DB"
  update_to 1
  rc change a b
  now=$(readlink "$LIVE")
  kill_scan
  rm -f "$SCAN"/*
  start_scan
  assert_exit 0 "$S6RC_BIN/s6-rc-init" -c "$T/db1" -l "$LIVE" "$SCAN" || fail "$STDERR"
  rc change a b
  assert_up a b
  assert_clean
  : "$now"
}

test_ordinary_user() {
  need_root
  need_reach 65534
  longrun a
  chmod 755 "$T" "${T%/*}"
  mkdir work
  chown 65534 work
  LIVE=$T/work/live
  cat >as_user <<'END'
set -eu
. "$S6RC_TOP/tests/lib/processes.sh"
. "$S6RC_TOP/tests/lib/assert.sh"
. "$S6RC_TOP/tests/lib/services.sh"
. "$S6RC_TOP/tests/lib/live.sh"
cd work
T=$PWD/t DB=$PWD/db SCAN=$PWD/scan SCANLOG=$PWD/log TEST_SHELL=$$
trap stop_scan EXIT
compile; start_scan; live_init; rc change a
"$S6RC_BIN/s6-rc-compile" "${DB}2" "$SRC"
"$S6RC_BIN/s6-rc-update" -l "$LIVE" "${DB}2"
rc -d change a
END
  export LIVE
  setpriv --reuid=65534 --regid=65534 --clear-groups sh as_user
  # nobody else may
  assert_exit 111 setpriv --reuid=65533 --regid=65533 --clear-groups "$S6RC_BIN/s6-rc-update" -l "$LIVE" "$T/work/db2"
  assert_eq "$(stat -c %u "$(readlink -f "$LIVE")")" 65534
}

run_tests "$@"
