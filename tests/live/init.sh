#!/bin/sh
# ISC license.
# s6-rc-init: what it makes, what it is given, what it refuses.
. "$(dirname "$0")/../lib/test.sh"

. "$S6RC_TOP/tests/lib/leftovers.sh"

modes() { # DIR ENTRY...
  (cd "$1" && shift && stat -c '%a %n' "$@")
}

check_layout() { # UMASK
  longrun a finish='#!/bin/sh' data/rules=x timeout-kill=100
  ready_longrun b
  oneshot o
  compile
  start_scan
  (umask "$1" && live_init)
  real=$(readlink "$LIVE")
  case $real in
    live:s6-rc-init:??????) ;;
    *) fail "the link holds $real" ;;
  esac
  assert_eq "$(cd "$T" && echo live*)" "live $real" 'beside the live name'
  assert_mode "$T/$real" 755
  assert_eq "$(ls -A "$LIVE/")" "$(printf '%s\n' compiled lock prefix records scandir servicedirs state)" 'entries'
  assert_eq "$(modes "$LIVE/" lock prefix servicedirs state)" "$(printf '%s\n' '600 lock' '644 prefix' \
    '755 servicedirs' '644 state')" 'modes'
  assert_eq "$(readlink "$LIVE/compiled")" "$DB" 'compiled'
  assert_eq "$(readlink "$LIVE/scandir")" "$SCAN" 'scandir'
  assert_eq "$(wc -c <"$LIVE/prefix")" 0 'length of the prefix'
  assert_eq "$(od -An -tx1 "$LIVE/state" | tr -d ' ')" 0000000000 'state'
  assert_eq "$(ls -A "$LIVE/servicedirs")" "$(printf '%s\n' a b s6rc-fdholder s6rc-oneshot-runner)" 'service directories'
  assert_eq "$(modes "$LIVE/servicedirs" a a/run a/finish a/timeout-kill a/down a/data a/data/rules a/event a/supervise)" \
    "$(printf '%s\n' '755 a' '755 a/run' '755 a/finish' '644 a/timeout-kill' '644 a/down' '755 a/data' \
      '644 a/data/rules' '3730 a/event' '700 a/supervise')" 'modes in a service directory'
  for name in a b s6rc-fdholder s6rc-oneshot-runner; do
    assert_file "$LIVE/servicedirs/$name/down"
    assert_eq "$(readlink "$SCAN/$name")" "$LIVE/servicedirs/$name" 'link in the scan directory'
    diff -r -x down -x event -x supervise "$DB/servicedirs/$name" "$LIVE/servicedirs/$name"
  done
  assert_eq "$(find "$SCAN" -type l | wc -l)" 4 'entries of the scan directory'
  assert_eq "$(find "$LIVE/" ! -type l -perm /002)" '' 'writable for others'
  assert_eq "$(find "$LIVE/" -name '*ftrig1:*' -o -name '.fifo')" '' 'FIFOs'
}

test_layout_umask_022() { check_layout 022; }
test_layout_umask_000() { check_layout 000; }
test_layout_umask_077() { check_layout 077; }

# It returns when every s6-supervise runs; services are down and stay so.
test_all_supervised_and_down() {
  longrun a run='#!/bin/sh
touch ../../../a-has-run
exec sleep 86400'
  longrun b
  start_live
  for name in a b s6rc-fdholder s6rc-oneshot-runner; do
    assert_output 'false false' s6-svstat -o up,wantedup "$LIVE/servicedirs/$name"
  done
  s6-svscanctl -a "$SCAN"
  assert_output '' rc -a list
  assert_output "$(printf '%s\n' s6rc-oneshot-runner s6rc-fdholder a b)" rc -da list
  rc change b
  assert_absent "$T/a-has-run"
}

test_prefix() {
  longrun a
  start_live
  LIVE=$T/two
  live_init -p 'two: '
  assert_eq "$(cat "$LIVE/prefix")" 'two: ' 'prefix'
  assert_eq "$(wc -c <"$LIVE/prefix")" 5 'length of the prefix'
  assert_eq "$(readlink "$SCAN/two: a")" "$LIVE/servicedirs/a" 'link'
  rc change a
  assert_up a
  LIVE=$T/live
  assert_down a
  assert_eq "$(find "$SCAN" -type l | wc -l)" 6 'entries of the scan directory'
}

test_dereference() {
  longrun a
  compile
  ln -s db "$T/current"
  start_scan
  DB=$T/current
  live_init
  assert_eq "$(readlink "$LIVE/compiled")" "$T/current" 'compiled without -d'
  LIVE=$T/live2
  live_init -p 2- -d
  assert_eq "$(readlink "$LIVE/compiled")" "$(cd "$T" && pwd -P)/db" 'compiled with -d'
  LIVE=$T/live3 DB=./current
  live_init -p 3- --dereference
  assert_eq "$(readlink "$LIVE/compiled")" "$(cd "$T" && pwd -P)/db" 'compiled with -d, relative path given'
}

test_long_options() {
  longrun a
  compile
  start_scan
  s6-rc-init --bootdb="$DB" --livedir="$LIVE" --prefix=p- --timeout=20000 --block "$SCAN"
  assert_eq "$(readlink "$SCAN/p-a")" "$LIVE/servicedirs/a" 'link'
}

usage() { # ARG...: it is wrong to call it like that
  assert_exit 100 s6-rc-init "$@"
  assert_eq "$STDOUT" '' 'stdout'
  assert_contains "$STDERR" 's6-rc-init: usage: s6-rc-init'
  assert_contains "$STDERR" 's6-rc-init: fatal: '
}

test_usage() {
  longrun a
  compile
  start_scan
  usage
  usage -c "$DB" -l "$LIVE" "$SCAN" "$SCAN"
  usage -c "$DB" -l "$LIVE" scan
  usage -c "$DB" -l live "$SCAN"
  usage -c "$DB" -l / "$SCAN"
  usage -c db -l "$LIVE" "$SCAN"
  usage -c "$DB" -l "$LIVE" -p a/b "$SCAN"
  usage -c "$DB" -l "$LIVE" -p 'a
b' "$SCAN"
  usage -c "$DB" -l "$LIVE" -p .a "$SCAN"
  usage -c "$DB" -l "$LIVE" -t 1s "$SCAN"
  usage -c "$DB" -l "$LIVE" -q "$SCAN"
  usage -c "$DB" -l "$LIVE" "$SCAN" -t
  assert_nothing_left
}

test_no_svscan() {
  longrun a
  compile
  assert_exit 100 live_init
  assert_contains "$STDERR" "no s6-svscan is running on $SCAN"
  mkdir "$SCAN"
  assert_exit 100 live_init
  assert_contains "$STDERR" "no s6-svscan is running on $SCAN"
  start_scan
  stop_scan
  assert_exit 100 live_init
  : >"$T/file"
  assert_exit 100 s6-rc-init -c "$DB" -l "$LIVE" "$T/file"
  assert_nothing_left
}

test_bad_database() {
  longrun a
  compile
  start_scan
  assert_exit 111 s6-rc-init -c "$T/none" -l "$LIVE" "$SCAN"
  assert_contains "$STDERR" "$T/none: No such file or directory"
  cp -R "$DB" "$T/bad"
  # one bit in the middle: a record or a name
  size=$(stat -c %s "$DB/db")
  byte=$(od -An -tu1 -j "$((size / 2))" -N 1 "$DB/db")
  # shellcheck disable=SC2059
  printf "\\$(printf %o "$((byte ^ 1))")" | dd of="$T/bad/db" bs=1 seek="$((size / 2))" conv=notrunc 2>dd.log
  for file in db resolve.cdb; do
    for what in empty garbage; do
      cp -R "$DB" "$T/$file.$what"
      if [ $what = empty ]; then : >"$T/$file.$what/$file"; else echo 'not a database' >"$T/$file.$what/$file"; fi
    done
  done
  for bad in bad db.empty db.garbage resolve.cdb.empty; do
    assert_exit 4 s6-rc-init -c "$T/$bad" -l "$LIVE" "$SCAN"
    assert_contains "$STDERR" "$T/$bad"
  done
  assert_exit 111 s6-rc-init -c "$SCANLOG" -l "$LIVE" "$SCAN"
  assert_nothing_left
}

# The copying of service directories looks at everything.
test_incomplete_database() {
  longrun a data/deep/er/file=x
  compile
  start_scan
  mv "$DB/servicedirs/a" "$T/a"
  assert_exit 111 live_init
  assert_contains "$STDERR" 'servicedirs/a: No such file or directory'
  assert_nothing_left
  mv "$T/a" "$DB/servicedirs/a"
  mv "$DB/servicedirs" "$T/servicedirs"
  assert_exit 111 live_init
  assert_contains "$STDERR" 'servicedirs: No such file or directory'
  assert_nothing_left
}

test_unreadable_file_in_database() {
  need_root
  need_reach 12345
  longrun a data/deep/er/file=x
  compile
  chmod 0 "$DB/servicedirs/a/data/deep/er/file"
  chmod 711 "$S6RC_SCRATCH"
  mkdir "$T/user"
  chown 12345:12345 "$T" "$T/user"
  SCAN=$T/user/scan LIVE=$T/user/live
  setpriv --reuid 12345 --regid 12345 --clear-groups mkdir "$SCAN"
  setpriv --reuid 12345 --regid 12345 --clear-groups s6-svscan "$SCAN" </dev/null >"$SCANLOG" 2>&1 &
  pid=$!
  wait_for 10 s6-svscanctl -z "$SCAN"
  assert_exit 111 setpriv --reuid 12345 --regid 12345 --clear-groups s6-rc-init -c "$DB" -l "$LIVE" "$SCAN"
  s6-svscanctl -t "$SCAN"
  assert_contains "$STDERR" 'servicedirs/a/data/deep/er/file: Permission denied'
  assert_nothing_left
  assert_eq "$(ls "$T/user")" scan
  wait $pid
}

test_live_name_is_taken() {
  longrun a
  compile
  start_scan
  : >"$LIVE"
  assert_exit 111 live_init
  assert_contains "$STDERR" "$LIVE exists and is no symbolic link"
  [ -f "$LIVE" ] || fail 'the file is gone'
  rm "$LIVE"
  mkdir "$LIVE"
  assert_exit 111 live_init
  assert_contains "$STDERR" "$LIVE exists and is no symbolic link"
  assert_contains "$STDERR" 'mount point'
  rmdir "$LIVE"
  mkdir "$T/elsewhere"
  ln -s elsewhere "$LIVE"
  assert_exit 111 live_init
  assert_contains "$STDERR" "$LIVE exists"
  assert_eq "$(readlink "$LIVE")" elsewhere
  rmdir "$T/elsewhere"
  live_init
  rc change a
  assert_up a
}

test_mount_point() {
  need_root
  longrun a
  compile
  start_scan
  mkdir "$LIVE"
  mount -t tmpfs tmpfs "$LIVE" 2>mount.log || skip "cannot mount: $(cat mount.log)"
  capture live_init
  umount "$LIVE"
  assert_eq "$status" 111 'exit code'
  assert_contains "$STDERR" 'mount point'
}

# Several slashes, and one at the end, are no other name.
test_slashes() {
  longrun a
  compile
  start_scan
  s6-rc-init -c "$DB" -l "$T//live//" "$SCAN/"
  assert_eq "$(cd "$T" && echo live:*)" "$(readlink "$LIVE")"
  assert_eq "$(readlink "$SCAN/a")" "$T//live/servicedirs/a"
  assert_eq "$(readlink "$LIVE/scandir")" "$SCAN" 'scandir'
  assert_output '' s6-rc -l "$LIVE/" -a list
  s6-rc -l "$LIVE/" change a
  assert_up a
}

test_parent_of_live_is_missing() {
  longrun a
  compile
  start_scan
  LIVE=$T/no/live
  assert_exit 111 live_init
  assert_contains "$STDERR" "$T/no/live: No such file or directory"
  assert_nothing_left
}

# Something of that name is in the scan directory, and it is not ours.
test_foreign_entry() {
  longrun a
  longrun b
  longrun c
  compile
  start_scan
  mkdir "$T/other"
  ln -s "$T/other" "$SCAN/b"
  assert_exit 111 live_init
  assert_contains "$STDERR" "$SCAN/b: File exists"
  assert_eq "$(readlink "$SCAN/b")" "$T/other" 'the foreign link'
  assert_nothing_left b
  rm "$SCAN/b"
  mkdir "$SCAN/b"
  echo x >"$SCAN/c"
  assert_exit 111 live_init
  assert_contains "$STDERR" "$SCAN/b: File exists"
  assert_nothing_left b c
  rm -rf "$SCAN/b"
  assert_exit 111 live_init
  assert_contains "$STDERR" "$SCAN/c: File exists"
  assert_file "$SCAN/c" x
  assert_nothing_left c
  rm "$SCAN/c"
  live_init
}

test_dangling_link_in_scandir() {
  longrun a
  compile
  start_scan
  ln -s "$T/nowhere" "$SCAN/.hidden"
  ln -s "$T/nowhere" "$SCAN/lost"
  case $(s6-svscan -? 2>&1) in
    *'-C '*) capture live_init -t 2000 ;; # which does not scan then
    *) assert_exit 0 live_init ;;
  esac
  assert_contains "$STDERR" "s6-rc-init: warning: $SCAN/lost is a dangling link"
  assert_lacks "$STDERR" "$SCAN/.hidden"
  assert_eq "$(readlink "$SCAN/lost")" "$T/nowhere"
}

run_tests "$@"
