#!/bin/sh
# ISC license.
# s6-rc-set-install: on a live tree, the first time, with updates that fail,
# with boot links that are none.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

# from $T
BOOT=boot/current

install_set() { tool set-install -c "$T/$BOOT" -l "$LIVE" "$@"; }
boot_db() { "$S6RC_BIN/s6-rc-db" -c "$T/$BOOT" "$@"; }

# Set `s` in a repository, committed; the services can be started and stopped.
begin() {
  store one
  longrun a flag-recommended=
  longrun b
  depends b a
  oneshot c
  longrun e flag-essential=
  tool repo-init one
  tool set-new s
  tool set-commit s
}

begin_live() {
  begin
  install_set --no-update s
  start_scan
  s6-rc-init -c "$T/$BOOT" -l "$LIVE" "$SCAN"
  rc change default
}


# One database boots, is live, and is all that there is.
assert_installed() { # SERVICES in it
  assert_eq "$(databases)" "$(readlink $BOOT)" 'databases beside the boot link'
  assert_eq "$(readlink -f "$LIVE/compiled")" "$(readlink -f $BOOT)" 'the live database'
  boot_db check
  assert_eq "$(boot_db list services | grep -v '^s6rc-' | sort | words)" "$1" 'services'
  assert_absent repo/installing repo/installing.new
}

test_first_installation() {
  begin
  assert_exit 0 install_set --no-update s
  assert_eq "$STDOUT$STDERR" ''
  assert_eq "$(databases)" "$(readlink $BOOT)"
  assert_eq "$(boot_db contents default | sort | words)" 'a e'
  assert_absent "$LIVE" repo/installing
  # it is not in use: another one replaces it
  tool set-change s active b
  tool set-commit s
  assert_exit 0 install_set --no-update s
  assert_eq "$STDOUT$STDERR" ''
  assert_eq "$(databases)" "$(readlink $BOOT)"
  assert_eq "$(boot_db contents default | sort | words)" 'a b e'
}

test_install() {
  begin_live
  before=$(service_pid a)
  tool set-change s active b
  tool set-change -p s masked c
  tool set-commit s
  assert_exit 0 install_set s
  assert_installed 'a b e'
  assert_eq "$(service_pid a)" "$before"
  rc change default
  assert_up a b e
  # again, with nothing new
  assert_exit 0 install_set s
  assert_installed 'a b e'
  assert_up a b e
}

test_not_up_to_date() {
  begin_live
  link=$(readlink $BOOT)
  tool set-new t
  assert_exit 7 install_set t
  assert_contains "$STDERR" 'set t is not up to date: it has not been committed (s6-rc-set-commit first)'
  tool set-change s active b
  assert_exit 7 install_set s
  assert_contains "$STDERR" 'it has been changed since it was committed'
  tool set-commit s
  # contents that are new with a sync
  echo '#' >>one/b/run
  tool repo-sync
  assert_exit 7 install_set s
  assert_contains "$STDERR" 'services have been changed since it was committed'
  # and without one: what has been committed is newer than what has been synced
  tool set-commit s
  echo '#' >>one/b/run
  tool set-commit s
  assert_eq "$(readlink $BOOT)" "$link"
  assert_exit 0 install_set s
  tool repo-sync
  assert_exit 0 install_set s
  assert_exit 3 install_set x
  assert_installed 'a b c e'
}

test_keep_old() {
  begin_live
  old=$(readlink -f $BOOT)
  assert_output "$old" install_set -K s
  s6-rc-db -c "$old" check
  first=$(databases)
  # what has been kept stays
  assert_exit 0 install_set s
  [ -d "$old" ] || fail 'the kept database is gone'
  assert_eq "$(databases | wc -w)" 2
  [ "$(databases)" != "$first" ] || fail 'the same databases'
}

# Essential services are stopped, unless -E says otherwise.
test_essentials() {
  begin_live
  link=$(readlink $BOOT)
  tool set-change -e s masked e
  tool set-commit s
  assert_exit 9 install_set -E s
  assert_contains "$STDERR" 'service e is essential'
  assert_contains "$STDERR" 'set s is not installed: s6-rc-update failed (exit code 9), the databases have not changed; services that it has stopped may be down: s6-rc change brings them up'
  assert_eq "$(readlink $BOOT)" "$link"
  assert_installed 'a b c e'
  assert_up e
  assert_exit 0 install_set s
  assert_installed 'a b c'
}

# A service that does not stop: everything is as before.
test_failing_to_stop() {
  store one
  oneshot stuck flag-recommended= down=false
  longrun a flag-recommended=
  tool repo-init one
  tool set-new s
  tool set-commit s
  install_set --no-update s
  start_scan
  s6-rc-init -c "$T/$BOOT" -l "$LIVE" "$SCAN"
  rc change default
  pid=$(service_pid a)
  tool set-change s masked stuck
  tool set-commit s
  assert_exit 9 install_set s
  assert_installed 'a stuck'
  assert_up a stuck
  assert_eq "$(service_pid a)" "$pid"
  # installing something else goes on from there
  tool set-change s usable stuck
  tool set-commit s
  assert_exit 0 install_set s
  assert_installed 'a stuck'
  kill_scan
}

# A service that does not start: the set is installed all the same.
test_failing_to_start() {
  begin_live
  oneshot bad up=false
  depends a bad
  tool repo-sync 2>err
  tool set-change -p s active bad
  tool set-commit s
  assert_exit 1 install_set s
  assert_installed 'a b bad c e'
  assert_down a bad
}

# The conversion file, and what is wrong with it.
test_conversion_file() {
  begin_live
  rm -r one/b
  mv one/a one/z
  echo 'a -> z' >conv
  pid=$(service_pid a)
  tool repo-sync
  tool set-commit s
  echo 'q -> z' >wrong
  assert_exit 3 install_set -f wrong s
  assert_contains "$STDERR" "wrong:1: the live database has no service q"
  assert_installed 'a b c e'
  assert_exit 0 install_set -f "$T/conv" s
  assert_eq "$(service_pid z)" "$pid"
  assert_installed 'c e z'
}

# Whatever the boot link leads to, nothing is removed that is more than a
# database.
test_old_one_is_more_than_a_database() {
  begin
  mkdir -p boot/app/db boot/app/precious boot/more
  ln -s app $BOOT
  assert_exit 0 install_set --no-update s
  assert_contains "$STDERR" 'boot/app stays: it is not a directory with a database'
  [ -d boot/app/db ] && [ -d boot/app/precious ] || fail 'something is gone'
  boot_db check
  cp -a "$(readlink -f $BOOT)/." boot/more
  : >boot/more/mine
  ln -sfn more $BOOT
  assert_exit 0 install_set --no-update s
  assert_file boot/more/mine
  assert_file boot/more/db
  # nor what only has its name
  mkdir boot/mine
  echo precious >boot/mine/db
  ln -sfn mine $BOOT
  assert_exit 0 install_set --no-update s
  assert_eq "$(cat boot/mine/db)" precious
}

# The new one would be put into the old one.
test_boot_link_with_a_dot() {
  begin
  install_set --no-update s
  old=$(readlink $BOOT)
  for to in "$old/." "$old/./"; do
    ln -sfn "$to" $BOOT
    assert_exit 111 install_set --no-update s
    assert_contains "$STDERR" 'the new one would be in it'
    boot_db check
  done
}

test_boot_link_into_the_repository() {
  begin
  mkdir boot
  for to in repo repo/current repo/current/committed/s/db; do
    ln -sfn "$T/$to" $BOOT
    assert_exit 111 install_set --no-update s
    assert_contains "$STDERR" "unable to replace $T/$to, to which boot database $T/$BOOT leads: it is in the repository"
  done
  rm $BOOT
  assert_exit 0 install_set --no-update s
}

test_boot_link_leads_around_itself() {
  begin
  mkdir -p boot/below
  tool set-commit -f s
  cp -a repo/current/committed/s/db/. boot
  for to in . "$T/boot" ../boot/below/..; do
    ln -sfn "$to" $BOOT
    assert_exit 111 install_set --no-update s
    assert_contains "$STDERR" 'the link is in it'
    assert_file boot/db
  done
}

# By whatever name.
test_offline_under_a_live_directory() {
  begin_live
  tool set-change s active b
  tool set-commit s
  ln -s boot way
  ln -s "$T/$BOOT" other
  for path in boot//current boot/./current way/current; do
    assert_exit 1 tool set-install --no-update -c "$T/$path" -l "$LIVE" s
    assert_contains "$STDERR" "live directory $LIVE uses $T/$path: nothing changed"
  done
  for end in '' / /. /.//./; do
    mkdir -p other.live
    ln -sfn "$T/$BOOT$end" other.live/compiled
    assert_exit 1 tool set-install --no-update -c "$T/$BOOT" -l "$T/other.live" s
  done
  rm -r other.live
  assert_installed 'a b c e'
}

# Changed, committed, and changed back: what a later sync has found is not what
# was compiled.
test_not_up_to_date_after_it_was_changed_back() {
  begin
  cp one/a/run run.before
  echo '# new' >>one/a/run
  tool set-commit s
  cp run.before one/a/run
  # until somebody looks
  assert_exit 0 install_set --no-update s
  tool repo-sync
  assert_exit 7 install_set --no-update s
  assert_contains "$STDERR" 'services have been changed since it was committed'
  tool set-commit s
  tool repo-sync
  assert_exit 0 install_set --no-update s
}

test_boot_link_missing() {
  begin_live
  rm $BOOT
  assert_exit 111 install_set s
  assert_contains "$STDERR" "there is no boot database $T/$BOOT (--no-update makes the link, for a first installation)"
  assert_absent repo/installing
}

test_boot_link_dangling() {
  begin_live
  was=$(databases)
  ln -sfn nowhere $BOOT
  for option in '' --no-update; do
    # shellcheck disable=SC2086
    assert_exit 111 install_set $option s
    assert_contains "$STDERR" "boot database $T/$BOOT leads nowhere: there is no $T/boot/nowhere"
  done
  assert_eq "$(databases)" "$was"
}

test_boot_link_is_none() {
  begin
  mkdir -p boot
  cp -r repo/current/committed/s/db boot/current
  for option in '' --no-update; do
    # shellcheck disable=SC2086
    assert_exit 111 install_set $option s
    assert_contains "$STDERR" "$T/$BOOT is not a symbolic link"
  done
  rm -r boot/current
  echo x >boot/file
  ln -s file boot/current
  assert_exit 111 install_set --no-update s
  assert_contains "$STDERR" 'does not lead to a directory'
  assert_eq "$(databases)" file
}

# Links of any kind; databases that somebody else has made.
test_boot_link_elsewhere() {
  begin
  mkdir -p boot other
  cp -r repo/current/committed/s/db other/mine
  ln -s "$T/other/mine" boot/current
  start_scan
  s6-rc-init -c "$T/$BOOT" -l "$LIVE" "$SCAN"
  assert_exit 0 install_set s
  case $(readlink boot/current) in "$T/other/s:"??????) ;; *) fail "$(readlink boot/current)" ;; esac
  assert_eq "$(ls other)" "$(basename "$(readlink boot/current)")"
  # relative, with directories
  ln -sfn "../other/$(ls other)" boot/current
  assert_exit 0 install_set s
  case $(readlink boot/current) in ../other/s:??????) ;; *) fail "$(readlink boot/current)" ;; esac
  assert_eq "$(ls other)" "$(basename "$(readlink boot/current)")"
  # what is no database is not removed
  mkdir boot/tree
  : >boot/tree/file
  ln -sfn tree boot/current
  assert_exit 0 install_set s
  assert_contains "$STDERR" "the old database $T/boot/tree stays"
  assert_file boot/tree/file
}

test_no_update_with_a_live_system() {
  begin_live
  link=$(readlink $BOOT)
  assert_exit 1 install_set --no-update s
  assert_contains "$STDERR" "live directory $LIVE uses $T/$BOOT: nothing changed"
  assert_eq "$(readlink $BOOT)" "$link"
  # by its real path: the old database stays as long as it is live
  install_set s
  live=$(readlink "$LIVE/compiled")
  assert_exit 0 install_set --no-update s
  assert_contains "$STDERR" "the old database $live is still in use"
  rc -a list >out
  s6-rc-db -l "$LIVE" check
  assert_exit 0 install_set s
  assert_installed 'a b c e'
}

# The old database is in use until another installation: what has become of it
# by then is looked at before it is removed.
test_old_one_in_use_and_then_no_database() {
  begin_live
  for change in entry file tree; do
    install_set s
    old=$(readlink "$LIVE/compiled")
    assert_exit 0 install_set --no-update s
    assert_contains "$STDERR" "the old database $old is still in use"
    case $change in
      entry) : >"$old/precious" ;;
      file) echo precious >"$old.db" && mv "$old.db" "$old/db" ;;
      tree) mv "$old" "$old.moved" && mkdir -p "$old/servicedirs" && : >"$old/db" ;;
    esac
    (cd "$old" && find . | sort) >before
    # an update would open it
    option=''
    if [ "$change" != entry ]; then ln -sfn "$(readlink -f $BOOT)" "$LIVE/compiled" && option=--no-update; fi
    # shellcheck disable=SC2086
    assert_exit 0 install_set $option s
    assert_contains "$STDERR" "the old database $old stays: it is not a directory with a database any more"
    assert_eq "$(cd "$old" && find . | sort)" "$(cat before)" "what is in $old"
    # that is said once
    ln -sfn "$(readlink -f $BOOT)" "$LIVE/compiled"
    install_set --no-update s 2>err
    assert_lacks "$(cat err)" "$old"
    rm -rf "$old" "$old.moved"
    ln -sfn "$(readlink -f $BOOT)" "$LIVE/compiled"
  done
}

# Switched, but not to the end: the old database may be in use.
test_update_that_is_not_over() {
  begin_live
  mkdir bin
  printf '#!/bin/sh\n%s "$@"\nexit 111\n' "$S6RC_BIN/s6-rc-update" >bin/s6-rc-update
  chmod +x bin/s6-rc-update
  old=$(readlink -f $BOOT)
  PATH=$T/bin:$PATH
  assert_exit 111 install_set s
  assert_contains "$STDERR" "the old database $old is still in use: the next s6-rc-set-install removes it"
  PATH=${PATH#*:}
  assert_exit 0 install_set s
  assert_installed 'a b c e'
}

# Killed while it removed a database: what is left of that goes.
test_half_removed() {
  begin
  install_set --no-update s
  for missing in servicedirs 'servicedirs lock' 'servicedirs lock db' 'servicedirs lock db resolve.cdb'; do
    cp -a "$(readlink -f $BOOT)" boot/old
    for part in $missing; do rm -r "boot/old/$part"; done
    printf '%s\n' "boot $T/$BOOT" "live $LIVE" "old $T/boot/old" >repo/installing
    assert_exit 0 install_set --no-update s
    assert_eq "$STDOUT$STDERR" ''
    assert_eq "$(databases)" "$(readlink $BOOT)"
    assert_absent repo/installing
  done
  # a copy that was not finished may lack anything; what else is there stays
  cp -a "$(readlink -f $BOOT)" boot/new
  rm boot/new/resolve.cdb
  printf '%s\n' "boot $T/$BOOT" "live $LIVE" "db $T/boot/new" >repo/installing
  assert_exit 0 install_set --no-update s
  assert_absent boot/new
  mkdir boot/new
  : >boot/new/precious
  printf '%s\n' "boot $T/$BOOT" "live $LIVE" "db $T/boot/new" >repo/installing
  assert_exit 0 install_set --no-update s
  assert_contains "$STDERR" "$T/boot/new stays"
  assert_file boot/new/precious
}

test_no_live_system() {
  begin
  install_set --no-update s
  link=$(readlink $BOOT)
  assert_exit 111 install_set s
  assert_contains "$STDERR" 'run s6-rc-init first'
  assert_eq "$(databases)" "$link"
  assert_eq "$(readlink $BOOT)" "$link"
}

test_other_name_of_the_live_directory() {
  begin_live
  ln -s live alias
  before=$(ls -A "$LIVE/")
  assert_exit 111 tool set-install -c "$T/$BOOT" -l "$T/alias" s
  assert_contains "$STDERR" "$T/alias is only another name of live directory"
  assert_contains "$STDERR" 'set s is not installed'
  assert_installed 'a b c e'
  assert_eq "$(ls -A "$LIVE/")" "$before"
  install_set s
}

test_live_locked() {
  begin_live
  mkfifo go
  sh -c 'exec 9<>go; s6-setlock "$1" sh -c "echo locked >here; read -r line <go"' sh "$LIVE/lock" &
  locker=$!
  wait_for 10 test -e here
  assert_exit 111 install_set s
  assert_contains "$STDERR" 'locked by another process'
  assert_installed 'a b c e'
  install_set -b s &
  waiter=$!
  wait_for 10 test -e repo/installing
  # meanwhile the repository can be used
  tool set-copy s t
  exec 9<>go
  echo >&9
  wait $locker
  wait $waiter
  assert_installed 'a b c e'
}

test_damaged_committed() {
  begin
  printf X | dd of=repo/current/committed/s/db/db bs=1 seek=200 conv=notrunc 2>dd.err
  assert_exit 4 install_set --no-update s
  assert_contains "$STDERR" 'is damaged'
  assert_contains "$STDERR" 's6-rc-set-commit -f'
  assert_eq "$(ls boot)" ''
  tool set-commit -f s
  install_set --no-update s
}

test_usage() {
  begin
  assert_exit 100 install_set
  assert_exit 100 install_set s t
  assert_exit 100 tool set-install -c boot/current s
  assert_exit 100 tool set-install -l live s
  assert_exit 100 tool set-install --no-updates s
  assert_exit 102 s6-rc-set-install -r "$T/none" s
  assert_absent none boot
}

# SIGTERM while the update waits for services: the update ends, and all is as
# before.
test_terminated() {
  store one
  until_go="until test -e $T/go -o ! -d $T; do sleep 0.05; done"
  oneshot slow flag-recommended= down="sh -c \": >$T/stopping; $until_go\""
  # the update gives it up when the signal has come to it, and says so at once
  longrun deaf flag-recommended= run="#!/bin/sh
trap '' TERM
: >$T/does-not-hear
$until_go"
  longrun a flag-recommended=
  tool repo-init one
  tool set-new s
  tool set-commit s
  install_set --no-update s
  start_scan
  s6-rc-init -c "$T/$BOOT" -l "$LIVE" "$SCAN"
  rc change default
  wait_for 10 test -e does-not-hear
  tool set-change s masked slow deaf
  tool set-commit s
  "$S6RC_BIN/s6-rc-set-install" -r "$T/repo" -c "$T/$BOOT" -l "$LIVE" s 2>err &
  installer=$!
  wait_for 10 test -e stopping
  kill "$installer"
  wait_for 10 grep -q 'service deaf: failed to stop: interrupted' err
  : >go
  code=0
  wait "$installer" || code=$?
  [ "$code" != 0 ] || fail 'installed'
  assert_contains "$(cat err)" 'the databases have not changed'
  assert_installed 'a deaf slow'
}

# The same when there is no s6-rc-update yet to be told, but nearly.
test_terminated_before_the_update_runs() {
  need strace
  begin_live
  set -- -qq -o trace -e trace=rt_sigaction "$S6RC_BIN/s6-rc-set-install" -r "$T/repo" -c "$T/$BOOT" -l "$LIVE" -b s
  # in the background, where SIGINT is ignored
  strace "$@" &
  wait $!
  nth=$(grep '^rt_sigaction(' trace | grep -n '^rt_sigaction(SIGHUP, {sa_handler=0x' | sed 's/:.*//; q')
  link=$(readlink $BOOT)
  # the update waits, whichever of the two comes first now
  s6-setlock "$LIVE/lock" sh -c ": >held; until test -e '$T/go' -o ! -d '$T'; do sleep 0.05; done" 9<&- &
  holder=$!
  wait_for 10 test -e held
  strace -e "inject=rt_sigaction:signal=STOP:when=$nth" "$@" 2>err &
  tracer=$!
  wait_for 10 grep -q 'stopped by SIGSTOP' trace
  installer=$(cat "/proc/$tracer/task/$tracer/children")
  # shellcheck disable=SC2086 # the number is followed by a blank
  kill -TERM $installer
  # shellcheck disable=SC2086
  kill -CONT $installer
  code=0
  wait $tracer || code=$?
  : >go
  wait $holder
  assert_eq "$code" 143 "exit code, after $(cat err)"
  assert_contains "$(cat err)" 'the databases have not changed'
  assert_eq "$(readlink $BOOT)" "$link"
  assert_installed 'a b c e'
}

# The boot link could be lost again: told. The record of what is to be tidied up
# could be: not begun.
test_unsynced() {
  begin
  put_back_unsynced() { rm -rf boot; }
  mkdir boot
  unsynced "$T/boot" "$S6RC_BIN/s6-rc-set-install" -r "$T/repo" -c "$T/$BOOT" -l "$LIVE" --no-update s
  assert_eq "$status" 0
  assert_contains "$STDERR" "s6-rc-set-install: warning: unable to sync the directory of $T/$BOOT (the link is made, but a loss of power may take it back): Input/output error"
  boot_db check
  put_back_unsynced
  unsynced "$T/repo" "$S6RC_BIN/s6-rc-set-install" -r "$T/repo" -c "$T/$BOOT" -l "$LIVE" --no-update s
  assert_eq "$status" 111
  assert_contains "$STDERR" "s6-rc-set-install: fatal: unable to write $T/repo/installing: Input/output error"
  assert_absent boot
  install_set --no-update s
  assert_eq "$(databases)" "$(readlink $BOOT)"
}

run_tests "$@"
