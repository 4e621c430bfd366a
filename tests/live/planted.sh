#!/bin/sh
# ISC license.
# Root's tools, where everybody may write: what somebody else has put there
# before is neither followed, nor taken for their own, nor touched, nor waited
# for.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/strangers.sh"

UNTRUSTED='belongs to somebody else, in a directory that everybody may write to: not used'

sources() {
  longrun a
  longrun b
  oneshot o up=true down=true
  depends o a
  bundle all a b o
}

# Two databases and a tree; init is the test's to call.
begin() { # MODE
  need_stranger
  hostile_parent "$1"
  sources
  compile
  longrun c
  s6-rc-compile "$T/db2" "$SRC"
  start_scan
  make_canary
}

init() { watched timeout 60 s6-rc-init -c "$DB" -l "$LIVE" "$SCAN"; }

assert_roots() { # PATH...
  assert_eq "$(find "$@" -prune ! -user 0)" '' 'what is not root'\''s'
}

# All that is done with a live directory, from its making to its end.
check_all() {
  planted
  init
  assert_roots "$LIVE" "$LIVE/" "$P/$(readlink "$LIVE")"
  assert_exit 0 init
  assert_contains "$STDERR" 'is in use already'
  watched s6-rc -l "$LIVE" change all
  watched s6-rc-status -l "$LIVE" >/dev/null
  watched s6-rc-bundle -c "$T/db2" add two a b
  watched timeout 60 s6-rc-update -l "$LIVE" "$T/db2"
  assert_roots "$LIVE" "$LIVE/" "$P/$(readlink "$LIVE")"
  watched s6-rc-format-upgrade -l "$LIVE" "$T/db2"
  watched s6-rc -l "$LIVE" change two c
  assert_up a b c o
  assert_output '' rc diff
  watched s6-rc -l "$LIVE" -d change all c
  assert_absent owned
  assert_planted
  assert_canary
}

check_links() { # MODE
  begin "$1"
  plant_links live:s6-rc-init live:s6-rc-update
  check_all
}
test_links_beside_a_sticky() { check_links 1777; }
test_links_beside_an_open() { check_links 0777; }

# A live directory of a stranger that could be taken for an earlier one of ours:
# to adopt it would be to run as root what he wrote.
check_live() { # supervised|held|dead
  begin 1777
  plant_live "$P/live:s6-rc-init:AAAAAA" "$1"
  plant_live "$P/live:s6-rc-update:AAAAAA" dead
  check_all
  [ "$1" = dead ] || let_go
}
test_live_directory_that_seems_supervised() { check_live supervised; }
test_live_directory_that_seems_locked() { check_live held; }
test_live_directory_that_seems_to_be_left() { check_live dead; }

# An update that is killed leaves something beside the live name, and the next
# one removes it; but not what others have put there meanwhile.
test_killed_update() {
  need strace
  begin 1777
  init
  rc change all
  assert_exit 137 strace -qq -o trace -e trace=renameat,rename -e inject=renameat,rename:signal=KILL:when=3 \
    s6-rc-update -l "$LIVE" "$T/db2"
  plant_links live:s6-rc-init live:s6-rc-update
  plant_live "$P/live:s6-rc-update:GGGGGG" dead
  planted
  watched s6-rc -l "$LIVE" -v0 change
  watched timeout 60 s6-rc-update -l "$LIVE" "$T/db2"
  assert_up a b o
  assert_eq "$(find "$P" -maxdepth 1 -user 0 -name 'live:*' | wc -l)" "$(find "$P" -maxdepth 1 -user 0 \
    -name 'live:*' \( -exec test -e {}/state \; -o -exec test -e {}/servicedirs \; \) -print | wc -l)" 'leftovers'
  assert_planted
  assert_canary
}

# What has the public name itself, before there is a live directory.
test_public_name() {
  begin 1777
  plant_live "$P/his" held
  for target in his "$T/canary/dir" "$T/nowhere" live; do
    as_stranger ln -s "$target" "$LIVE"
    planted
    assert_exit 111 init
    assert_contains "$STDERR" "$LIVE $UNTRUSTED"
    assert_planted
    rm "$LIVE"
  done
  as_stranger mkdir "$LIVE"
  assert_exit 111 init
  assert_contains "$STDERR" "$LIVE $UNTRUSTED"
  rmdir "$LIVE"
  assert_eq "$(ls "$SCAN")" '' 'scan directory'
  let_go
  assert_absent owned
  assert_canary
}

# No tool works with it: it could give the stranger our descriptors, or write
# where he wants.
refuses() { # NAME COMMAND...
  _name=$1
  shift
  assert_exit 111 watched timeout 60 "$@"
  assert_contains "$STDERR" "$_name $UNTRUSTED"
}
check_refused() {
  planted
  for words in 's6-rc change a' 's6-rc -b -d change a' 's6-rc list' 's6-rc listall a' 's6-rc diff' 's6-rc reload o' \
    's6-rc restart a' s6-rc-status 's6-rc-why a' 's6-rc-times blame' 's6-rc-db check' 's6-rc-bundle add x a' \
    "s6-rc-update $T/db2" "s6-rc-format-upgrade $DB"; do
    tool=${words%% *}
    # shellcheck disable=SC2086
    refuses "live directory $LIVE" "$tool" -l "$LIVE" ${words#"$tool"}
  done
  assert_planted
  assert_canary
}

test_tools_and_a_planted_link() {
  begin 1777
  plant_live "$P/his" held
  as_stranger ln -s his "$LIVE"
  check_refused
  let_go
}
test_tools_and_a_link_to_what_is_ours() {
  begin 1777
  live_init
  mv "$LIVE" "$P/other"
  as_stranger ln -s "$(readlink "$P/other")" "$LIVE"
  check_refused
  rm "$LIVE"
  mv "$P/other" "$LIVE"
  rc change a
}
test_tools_and_a_planted_directory() {
  begin 1777
  plant_live "$LIVE" dead
  check_refused
}
# The link is ours, what it led to is not there any more, and made anew by others.
test_tools_and_a_directory_in_the_place_of_ours() {
  begin 1777
  ln -s live:s6-rc-init:AAAAAA "$LIVE"
  plant_live "$P/live:s6-rc-init:AAAAAA" dead
  check_refused
}
# Somebody else than root is not taken in either.
test_ordinary_user() {
  begin 1777
  plant_live "$P/his" dead
  as_stranger ln -s his "$LIVE"
  assert_exit 111 setpriv --reuid 12345 --regid 12345 --clear-groups s6-rc -l "$LIVE" list
  # the kernel may have had its own rule
  case $STDERR in *"$UNTRUSTED"* | *'Permission denied'*) ;; *) fail "$STDERR" ;; esac
}

test_databases() {
  begin 1777
  as_stranger s6-rc-compile "$P/his" "$SRC"
  as_stranger ln -s "$DB" "$P/link"
  live_init
  planted
  for name in his link; do
    refuses "compiled database $P/$name" s6-rc-init -c "$P/$name" -l "$LIVE" "$SCAN"
    refuses "compiled database $P/$name" s6-rc-update -l "$LIVE" "$P/$name"
    refuses "compiled database $P/$name" s6-rc-format-upgrade -l "$LIVE" "$P/$name"
    refuses "compiled database $P/$name" s6-rc-bundle -c "$P/$name" add x a
  done
  # to look at it is no danger
  watched s6-rc-db -c "$P/his" check
  assert_planted
}

test_scan_directory() {
  begin 1777
  as_stranger ln -s "$SCAN" "$P/scan"
  refuses "scan directory $P/scan" s6-rc-init -c "$DB" -l "$LIVE" "$P/scan"
  assert_eq "$(ls "$SCAN")" ''
}

# The directory of another user is that user's tree: who works there trusts
# him. It is root's, then, to say so; nothing is refused.
test_directory_of_another_user() {
  begin 0755
  chown $STRANGER "$P"
  init
  plant_links live:s6-rc-update
  rc change all
  assert_up a b o
  watched timeout 60 s6-rc-update -l "$LIVE" "$T/db2"
  rc -d change all
  assert_canary
}

# What root compiles to.
check_compile() { # MODE
  begin "$1"
  DB=$P/db
  plant_links db:s6-rc-compile
  # his lock is ours to take, and still not ours to remove
  as_stranger mkdir "$P/db:s6-rc-compile:GGGGGG"
  as_stranger touch "$P/db:s6-rc-compile:GGGGGG/lock"
  planted
  watched s6-rc-compile "$DB" "$SRC"
  assert_roots "$DB"
  watched s6-rc-bundle -c "$DB" add x a
  assert_planted
  rm -rf "$DB"
  for target in "$T/canary/dir" "$T/nowhere"; do
    as_stranger ln -s "$target" "$DB"
    planted
    assert_exit 111 watched s6-rc-compile "$DB" "$SRC"
    assert_contains "$STDERR" 'File exists'
    assert_planted
    rm "$DB"
  done
  assert_absent nowhere
  assert_canary
}
test_compile_in_a_sticky() { check_compile 1777; }
test_compile_in_an_open() { check_compile 0777; }

run_tests "$@"
