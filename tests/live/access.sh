#!/bin/sh
# ISC license.
# Who may do what: root and the owner of the tree everything, everybody else
# nothing but look.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/leftovers.sh"

OWNER=12345
STRANGER=23456

as() { # UID GID COMMAND...
  _uid=$1 _gid=$2
  shift 2
  setpriv --reuid "$_uid" --regid "$_gid" --clear-groups "$@"
}
as_owner() { as $OWNER $OWNER "$@"; }

# Other users exist, and can get at the tools and at this test.
need_others() {
  need_root
  need setpriv
  chmod 711 "$S6RC_SCRATCH"
  as_owner sh -c "test -x '$S6RC_BIN/s6-rc' && test -x '$S6RC_LIBEXEC/s6-rc-oneshot-run'" ||
    skip "other users cannot execute $S6RC_BIN/s6-rc"
}

# A tree that belongs to an ordinary user.
start_user_live() {
  need_others
  chown $OWNER:$OWNER "$T"
  longrun a
  longrun b
  oneshot o up='touch o-is-up' down='rm o-is-up'
  define producer longrun "run=$RUN" producer-for=logger
  define logger longrun "run=$RUN" consumer-for=producer
  bundle all a b o producer
  chown -R $OWNER:$OWNER "$SRC"
  as_owner s6-rc-compile "$DB" "$SRC"
  as_owner mkdir "$SCAN"
  # ends with the test, as the one of start_scan does
  : >"$T.scan"
  # shellcheck disable=SC2016
  setsid sh -c 'setpriv --reuid "$1" --regid "$1" --clear-groups s6-svscan "$SCAN"; echo $? >"$T.scan-exit"' \
    sh $OWNER </dev/null >"$SCANLOG" 2>&1 &
  wait_for 10 scan_answers
  as_owner s6-rc-init -c "$DB" -l "$LIVE" "$SCAN"
}

test_ordinary_user() {
  start_user_live
  as_owner s6-rc -l "$LIVE" change all
  assert_up a b o producer logger
  assert_file "$LIVE/servicedirs/s6rc-oneshot-runner/o-is-up"
  assert_eq "$(find "$T" ! -user $OWNER)" "$SCANLOG" 'what does not belong to the user'
  as_owner s6-rc -l "$LIVE" -d change all
  assert_down a b o producer
  as_owner s6-rc -l "$LIVE" -D change s6rc-oneshot-runner s6rc-fdholder
  assert_output '' rc -a list
}

# Root may use a user's tree, and it stays the user's.
test_root_in_a_users_tree() {
  start_user_live
  rc change all
  assert_up a b o producer logger
  assert_exit 0 rc diff
  s6-fdholder-list "$LIVE/servicedirs/s6rc-fdholder/s" >list
  rc -d change o producer
  # named again: the state file is written anew
  rc change logger
  rc change a
  rc -d change a
  assert_eq "$(stat -c '%u %g %a' "$LIVE/state")" "$OWNER $OWNER 644" 'owner of the state file'
  # records that are made anew, too
  rm "$LIVE/records"
  rc change a
  assert_eq "$(stat -c '%u %g %a' "$LIVE/records")" "$OWNER $OWNER 644" 'owner of the records'
  rc -d change a
  as_owner s6-rc -l "$LIVE" change all
  assert_up a b o producer logger
  as_owner s6-rc -l "$LIVE" -d change all
}

assert_refused() { # UID GID WHAT COMMAND...
  _uid=$1 _gid=$2 _what=$3
  shift 3
  capture as "$_uid" "$_gid" "$@"
  [ "$status" != 0 ] || fail "uid $_uid, gid $_gid may $_what" "stdout: $STDOUT" "stderr: $STDERR"
}

# A live directory that a stranger has made from what can be read: the sockets,
# control FIFOs and event directories in it are the real ones.
fake_live() { # UID GID
  fake=$T/fake.$1.$2
  mkdir "$fake"
  ln -s "$DB" "$fake/compiled"
  ln -s "$LIVE/servicedirs" "$fake/servicedirs"
  cp "$LIVE/prefix" "$LIVE/state" "$fake"
  : >"$fake/lock"
  chown -R "$1:$2" "$fake"
}

check_runner_refused() { # UID GID
  assert_refused "$@" 'use the oneshot runner' s6-rc -l "$fake" change o
  assert_lacks "$STDERR" fake
  assert_refused "$@" 'reload a oneshot' s6-rc -l "$fake" reload producer
  # shellcheck disable=SC2016
  assert_refused "$@" 'talk to the oneshot runner' timeout 10 s6-ipcclient "$dirs/s6rc-oneshot-runner/s" \
    sh -c 'echo hello >&7; test -n "$(head -c 1 <&6)"'
}

check_all_refused() { # UID GID
  dirs=$LIVE/servicedirs
  fake_live "$1" "$2"
  fifo=ftrig1:@400000000000000000000000:fedcba # of a listener
  for name in a s6rc-oneshot-runner s6rc-fdholder; do
    mkfifo -m 622 "$dirs/$name/event/$fifo"
  done
  set -- "$1" "$2"
  assert_refused "$@" 'change services' s6-rc -l "$LIVE" change b
  assert_contains "$STDERR" 'Permission denied'
  assert_refused "$@" 'wait for the lock' timeout 5 s6-rc -l "$LIVE" -b change b
  assert_mode "$dirs/s6rc-oneshot-runner/s" 700
  check_runner_refused "$@"
  # its rules would do, too
  chmod 777 "$dirs/s6rc-oneshot-runner/s"
  check_runner_refused "$@"
  chmod 700 "$dirs/s6rc-oneshot-runner/s"
  assert_refused "$@" 'use supervisors' s6-rc -l "$fake" change b
  assert_refused "$@" 'list descriptors' s6-fdholder-list -t 5000 "$dirs/s6rc-fdholder/s"
  assert_refused "$@" 'get a descriptor' s6-fdholder-retrieve -t 5000 "$dirs/s6rc-fdholder/s" pipe:s6rc-r-logger true
  assert_refused "$@" 'store a descriptor' s6-fdholder-store -t 5000 "$dirs/s6rc-fdholder/s" mine
  assert_refused "$@" 'delete a descriptor' s6-fdholder-delete -t 5000 "$dirs/s6rc-fdholder/s" pipe:s6rc-r-logger
  assert_refused "$@" 'get all descriptors' s6-fdholder-getdump -t 5000 "$dirs/s6rc-fdholder/s" true
  assert_refused "$@" 'read the lock' cat "$LIVE/lock"
  assert_refused "$@" 'lock' s6-setlock -n "$LIVE/lock" true
  assert_refused "$@" 'write the state' sh -c ": >>'$LIVE/state'"
  assert_refused "$@" 'write the records' sh -c ": >>'$LIVE/records'"
  assert_refused "$@" 'replace the state' cp -f "$fake/state" "$LIVE/state"
  for name in a s6rc-oneshot-runner s6rc-fdholder; do
    assert_refused "$@" 'make files' sh -c ": >'$dirs/$name/new'"
    assert_refused "$@" 'remove down files' rm -f "$dirs/b/down"
    assert_refused "$@" 'look into supervise' ls "$dirs/$name/supervise"
    assert_refused "$@" 'look into event' ls "$dirs/$name/event"
    assert_refused "$@" 'listen to events' mkfifo "$dirs/$name/event/ftrig1:@400000000000000000000000:abcdef"
    assert_refused "$@" 'send events' sh -c "echo u >'$dirs/$name/event/$fifo'"
    assert_refused "$@" 'write to control' sh -c "echo d >'$dirs/$name/supervise/control'"
    assert_refused "$@" 'command' s6-svc -u "$dirs/$name"
  done
  for name in a s6rc-oneshot-runner s6rc-fdholder; do rm "$dirs/$name/event/$fifo"; done
  assert_refused "$@" 'make files' sh -c ": >'$LIVE/new'"
  assert_refused "$@" 'make service directories' mkdir "$dirs/new"
  assert_refused "$@" 'remove things' rm -f "$LIVE/compiled"
  assert_refused "$@" 'take the link away' rm -f "$LIVE"
  assert_refused "$@" 'give the link another name' mv "$LIVE" "$LIVE.old"
  assert_refused "$@" 'take the directory away' mv "$(dirname "$LIVE")/$(readlink "$LIVE")" "$fake/taken"
  assert_refused "$@" 'make a live directory' s6-rc-init -c "$DB" -l "$LIVE" "$SCAN"
  assert_refused "$@" 'make a live directory of that name' s6-rc-init -c "$DB" -l "$LIVE" -p x "$SCAN"
}

# What a stranger may: read.
check_reading() { # UID GID
  capture as "$1" "$2" s6-rc -l "$LIVE" -a list
  assert_eq "$status/$STDOUT/$STDERR" "0/$(rc -a list)/" 'list'
  capture as "$1" "$2" s6-rc -l "$LIVE" listall all
  assert_eq "$status/$STDOUT/$STDERR" "0/$(rc listall all)/" 'listall'
}

test_strangers() {
  start_user_live
  as_owner s6-rc -l "$LIVE" change a producer s6rc-oneshot-runner
  # the same attempts, by those who may: they can succeed
  for uid in 0 $OWNER; do
    fake_live "$uid" "$uid"
    as "$uid" "$uid" s6-rc -l "$fake" change o b
    as "$uid" "$uid" s6-rc -l "$fake" -d change o b
    as "$uid" "$uid" s6-fdholder-retrieve -t 5000 "$LIVE/servicedirs/s6rc-fdholder/s" pipe:s6rc-r-logger true
    as "$uid" "$uid" s6-fdholder-store -t 5000 "$LIVE/servicedirs/s6rc-fdholder/s" mine
    as "$uid" "$uid" s6-fdholder-delete -t 5000 "$LIVE/servicedirs/s6rc-fdholder/s" mine
    as "$uid" "$uid" s6-setlock -n "$LIVE/lock" true
  done
  rc -a list >before
  for gid in $STRANGER 0; do
    check_all_refused $STRANGER "$gid"
    check_reading $STRANGER "$gid"
  done
  rc -a list | cmp before
  assert_absent "$LIVE/servicedirs/s6rc-oneshot-runner/o-is-up"
  assert_exit 0 rc diff
}

# In the tree of root, belonging to root's group is not enough either.
test_strangers_in_the_tree_of_root() {
  need_others
  longrun a
  longrun b
  oneshot o up='touch o-is-up'
  define producer longrun "run=$RUN" producer-for=logger
  define logger longrun "run=$RUN" consumer-for=producer
  bundle all a b o producer
  start_live
  rc change a producer s6rc-oneshot-runner
  check_all_refused $STRANGER $STRANGER
  check_reading $STRANGER $STRANGER
  fake_live $STRANGER 0
  assert_refused $STRANGER 0 'use the oneshot runner' s6-rc -l "$fake" change o
  assert_refused $STRANGER 0 'list descriptors' s6-fdholder-list -t 5000 "$LIVE/servicedirs/s6rc-fdholder/s"
  assert_refused $STRANGER 0 'read the lock' cat "$LIVE/lock"
  assert_refused $STRANGER 0 'command' s6-svc -u "$LIVE/servicedirs/b"
  assert_absent "$LIVE/servicedirs/s6rc-oneshot-runner/o-is-up"
}

# Nor does it matter where it is, nor what umask the tree was started with.
check_strangers_in_a_sticky_directory() { # UMASK
  need_others
  mkdir tmp
  chmod 1777 tmp
  LIVE=$T/tmp/live
  longrun a
  longrun b
  oneshot o up='touch o-is-up'
  define producer longrun "run=$RUN" producer-for=logger
  define logger longrun "run=$RUN" consumer-for=producer
  bundle all a b o producer
  umask "$1"
  start_live
  rc change a producer s6rc-oneshot-runner
  umask 022
  check_all_refused $STRANGER $STRANGER
  check_reading $STRANGER $STRANGER
  assert_eq "$(find "$LIVE/" -path '*/supervise/control' ! -perm 600)" '' 'control FIFOs'
  assert_eq "$(find "$LIVE/" -name event ! -perm 3730)" '' 'event directories'
  assert_mode "$LIVE/lock" 600
  assert_mode "$LIVE/servicedirs/s6rc-oneshot-runner/s" 700
  rc change all
  assert_up a b o producer logger
  assert_exit 0 rc diff
}
test_strangers_in_a_sticky_directory_umask_000() { check_strangers_in_a_sticky_directory 000; }
test_strangers_in_a_sticky_directory_umask_077() { check_strangers_in_a_sticky_directory 077; }

# Modes do not depend on the umask.
check_umask() { # UMASK
  longrun a
  ready_longrun b
  oneshot o up="touch $T/o-is-up"
  define producer longrun "run=$RUN" producer-for=logger
  define logger longrun "run=$RUN" consumer-for=producer
  umask "$1"
  compile
  (umask 022 && start_scan) # what s6 makes is not ours to judge
  live_init
  rc change a b o producer
  rc change a
  rc -d change a
  rc change a
  rc -d change b
  umask 022
  assert_eq "$(find "$DB" "$LIVE/" ! -type l ! -type s -perm /002)" '' 'writable for others'
  assert_eq "$(find "$DB" "$LIVE/" ! -type l ! -type s ! -path '*/supervise*' ! -path '*/event' ! -name '*lock' ! -name running ! -perm -044)" \
    '' 'not readable for others'
  assert_mode "$LIVE/state" 644
  assert_mode "$LIVE/servicedirs/b/down" 644
}

test_umask_000() { check_umask 000; }
test_umask_077() { check_umask 077; }

run_tests "$@"
