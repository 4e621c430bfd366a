#!/bin/sh
# ISC license.
# The trees and scripts of examples/: they compile without a warning, and what
# can run without being a whole machine does run.
# shellcheck disable=SC2016 # what the demo shows, and other scripts
. "$(dirname "$0")/../lib/test.sh"

EXAMPLES=$S6RC_TOP/examples

# Compiles a source to $DB; a warning is a failure.
compiles() { # SOURCE
  assert_exit 0 s6-rc-compile "$DB" "$1"
  assert_eq "$STDERR" '' 'messages of s6-rc-compile'
  assert_exit 0 db check
}

# An execline script or a oneshot's command line is well-formed: with `true`
# in front of it, the parser is all that runs.
lexes() { # FILE
  execlineb -Pc "$(echo true ; cat "$1")" || fail "$1 is no execline script"
}

test_demo_compiles() { compiles "$EXAMPLES/demo/source"; }
test_container_compiles() { compiles "$EXAMPLES/container/source"; }

test_machine_compiles() {
  compiles "$EXAMPLES/machine/source"
  count=$(db list services | wc -l)
  [ "$count" -ge 60 ] || fail "only $count services"
  for bundle in default ok-all network mounts gettys; do
    assert_output bundle db type "$bundle"
  done
}

# Shutting down must stop all; until then what keeps the machine usable stays.
test_machine_essentials() {
  compiles "$EXAMPLES/machine/source"
  db -e list services >"$T/others"
  for name in mount-proc mount-dev mount-local remount-root syslogd-srv klogd-log getty-tty1; do
    assert_output 00000001 db flags "$name"
    ! grep -qx -e "$name" "$T/others" || fail "$name is listed with -e"
  done
  grep -qx sshd-srv "$T/others" || fail 'sshd-srv counts as essential'
}

# No server listens before the packet filter is set; every logger that writes
# to a disk has its file system.
test_machine_order() {
  compiles "$EXAMPLES/machine/source"
  for name in sshd-srv nginx-srv redis-srv node-exporter-srv; do
    db all-dependencies "$name" | grep -qx nftables || fail "$name does not need nftables"
  done
  db list longruns | grep -e '-log$' | while read -r name; do
    db all-dependencies "$name" | grep -qx mount-local || fail "$name does not need mount-local"
  done
}

# Every bundle, and every service that is not an alternative, is of some use:
# the README says what is not in default.
test_machine_readme_is_right() {
  compiles "$EXAMPLES/machine/source"
  count=$(db list services | grep -vc '^s6rc-')
  grep -q "with s6: $count of them" "$EXAMPLES/machine/README" ||
    fail "examples/machine/README does not say that there are $count services"
}

test_scripts_are_well_formed() {
  found=0
  for file in "$EXAMPLES"/*/source/*/*; do
    case ${file##*/} in
      up | down | reload) ;;
      run | finish) head -n 1 "$file" | grep -q execlineb || continue ;;
      *) continue ;;
    esac
    lexes "$file"
    found=$((found + 1))
  done
  for file in "$EXAMPLES"/machine/source/*/data/check "$EXAMPLES"/scripts/*.execline; do lexes "$file"; done
  [ "$found" -gt 100 ] || fail "only $found scripts found"
}

test_shell_scripts_are_clean() {
  need shellcheck
  grep -rlE '^#!/bin/sh( |$)' "$EXAMPLES" >"$T/list"
  [ "$(wc -l <"$T/list")" -ge 10 ] || fail 'shell scripts not found'
  tr '\n' '\0' <"$T/list" | xargs -0 shellcheck -s sh
}

test_scripts_are_executable() {
  for file in "$EXAMPLES"/scripts/[!R]* "$EXAMPLES"/container/init "$EXAMPLES"/container/rc.* \
    "$EXAMPLES"/container/scandir/.s6-svscan/*; do
    [ -x "$file" ] || fail "not executable: $file"
  done
}

# --- the container

# A web server that anything has: it says that it serves, and waits.
use_container() {
  cat >"$T/server" <<'END'
#!/bin/sh
echo "serving $WEB_ROOT"
touch "$T/serves"
exec sleep 86400
END
  chmod 755 "$T/server"
  WEB_SERVER=$T/server WEB_CHECK="test -e $T/serves"
  WEB_ROOT=$T/www WEB_LOGDIR=$T/log
  S6RC_BOOTDB=$DB S6RC_LIVE=$LIVE S6_SCANDIR=$SCAN
  export WEB_SERVER WEB_CHECK WEB_ROOT WEB_LOGDIR S6RC_BOOTDB S6RC_LIVE S6_SCANDIR
  compiles "$EXAMPLES/container/source"
}

test_container_up_and_down() {
  use_container
  start_scan
  "$EXAMPLES/container/rc.init" default some command
  assert_up migrate web-srv web-log
  assert_file "$T/www/.version" 2
  wait_for 10 grep -q "serving $T/www" "$T/log/current"
  # the log also goes to what is the container's stdout
  wait_for 10 grep -q "serving $T/www" "$SCANLOG"
  "$EXAMPLES/container/rc.shutdown"
  assert_eq "$(rc -a list)" '' 'still up'
}

# The same data, again: the migration has nothing to do.
test_container_migrates_once() {
  use_container
  start_scan
  "$EXAMPLES/container/rc.init"
  echo changed >"$T/www/index.html"
  "$EXAMPLES/container/rc.shutdown"
  rc -u change web
  assert_file "$T/www/index.html" changed
}

test_container_migration_fails() {
  use_container
  mkdir "$T/www"
  echo 3 >"$T/www/.version"
  start_scan
  assert_exit 1 "$EXAMPLES/container/rc.init"
  assert_down migrate web-srv
  "$EXAMPLES/container/rc.shutdown"
}

# init is not process 1 here, which makes no difference to it.
start_init() {
  : >"$T/init.out"
  { code=0 ; "$EXAMPLES/container/init" >"$T/init.out" 2>&1 || code=$? ; echo "$code" >"$T/init.code.new"
    mv "$T/init.code.new" "$T/init.code" ; } &
}

test_container_init() {
  use_container
  start_init
  wait_for 30 grep -q "serving $T/www" "$T/init.out" || fail "$(cat "$T/init.out")"
  wait_for 30 sh -c '"$1" -l "$2" -a list | grep -qx web-srv' sh "$S6RC_BIN/s6-rc" "$LIVE"
  s6-svscanctl -z "$SCAN"
  # what a container manager does: SIGTERM to process 1
  kill -s TERM "$(init_pid)"
  wait_for 30 test -e "$T/init.code" || fail "$(cat "$T/init.out")"
  assert_file "$T/init.code" 0
  assert_eq "$(rc -a list)" '' 'still up'
}

# The s6-svscan that runs on $SCAN.
init_pid() {
  for dir in /proc/[0-9]*; do
    if [ "$(readlink "$dir/cwd" 2>/dev/null)" = "$SCAN" ] && [ "$(cat "$dir/comm")" = s6-svscan ]; then
      echo "${dir#/proc/}"
      return
    fi
  done
  fail 'no s6-svscan runs on the scan directory'
}

# A container whose services do not come up ends by itself, and says so.
test_container_init_fails() {
  use_container
  mkdir "$T/www"
  echo 3 >"$T/www/.version"
  start_init
  wait_for 30 test -e "$T/init.code" || fail "$(cat "$T/init.out")"
  assert_file "$T/init.code" 1
  assert_contains "$(cat "$T/init.out")" 'rc.init failed with exit code 1'
}

test_container_with_busybox() {
  need busybox
  busybox --list | grep -qx httpd || skip 'this busybox has no httpd'
  use_container
  unset WEB_SERVER WEB_CHECK
  WEB_PORT=$((20000 + $$ % 10000))
  export WEB_PORT
  start_scan
  "$EXAMPLES/container/rc.init" || fail "$(cat "$SCANLOG")"
  assert_output 'web: it works' busybox wget -q -O - "http://127.0.0.1:$WEB_PORT/"
  wait_for 10 grep -q 'response:200' "$T/log/current"
  "$EXAMPLES/container/rc.shutdown"
}

# --- boot and shutdown

use_machine() {
  S6RC_SCANDIR=$SCAN S6RC_LIVE=$LIVE S6RC_BOOTDB=$T/boot DEMO_DIR=$T/demo
  export S6RC_SCANDIR S6RC_LIVE S6RC_BOOTDB DEMO_DIR
  mkdir "$DEMO_DIR"
  compiles "$EXAMPLES/demo/source"
  ln -s db "$T/boot"
  start_scan
}

boots_and_stops() { # SUFFIX
  use_machine
  assert_exit 0 "$EXAMPLES/scripts/boot$1"
  assert_up scratch settings ticker tick-filter tick-log answer workers start-workers
  # the link may move: the live directory must not depend on it
  assert_eq "$(readlink "$LIVE/compiled")" "$DB" 'live database'
  assert_exit 0 "$EXAMPLES/scripts/shutdown$1"
  assert_eq "$(rc -a list)" '' 'still up'
}

boots_a_bundle() { # SUFFIX
  use_machine
  assert_exit 0 "$EXAMPLES/scripts/boot$1" base
  assert_up scratch settings
  assert_down ticker
}

boot_fails() { # SUFFIX
  use_machine
  assert_exit 1 "$EXAMPLES/scripts/boot$1" after-broken
  assert_up scratch
  assert_contains "$STDERR" broken
}

boot_without_database() { # SUFFIX
  S6RC_SCANDIR=$SCAN S6RC_LIVE=$LIVE S6RC_BOOTDB=$T/boot
  export S6RC_SCANDIR S6RC_LIVE S6RC_BOOTDB
  start_scan
  capture "$EXAMPLES/scripts/boot$1"
  [ "$status" != 0 ] || fail 'success without a database'
  # and after it, there is nothing to shut down
  assert_absent "$LIVE"
  assert_exit 0 "$EXAMPLES/scripts/shutdown$1"
}

# A service that cannot be stopped: said, and the exit code is not 0.
shutdown_fails() { # SUFFIX
  oneshot stuck 'down=sh -c "exit 1"'
  ready_longrun fine
  start_live
  S6RC_LIVE=$LIVE
  export S6RC_LIVE
  rc -u change stuck fine
  capture "$EXAMPLES/scripts/shutdown$1"
  [ "$status" != 0 ] || fail 'success although stuck is up'
  assert_contains "$STDERR" 'still up'
  assert_contains "$STDERR" stuck
  assert_down fine
}

test_boot_and_shutdown() { boots_and_stops ''; }
test_boot_and_shutdown_execline() { boots_and_stops .execline; }
test_boot_bundle() { boots_a_bundle ''; }
test_boot_bundle_execline() { boots_a_bundle .execline; }
test_boot_fails() { boot_fails ''; }
test_boot_fails_execline() { boot_fails .execline; }
test_boot_without_database() { boot_without_database ''; }
test_boot_without_database_execline() { boot_without_database .execline; }
test_shutdown_fails() { shutdown_fails ''; }
test_shutdown_fails_execline() { shutdown_fails .execline; }

# --- package-hook

use_hook() {
  S6RC_SOURCES=$SRC S6RC_DBDIR=$T/databases S6RC_LIVE=$LIVE S6RC_TIMEOUT=30000
  export S6RC_SOURCES S6RC_DBDIR S6RC_LIVE S6RC_TIMEOUT
  ready_longrun one
  ready_longrun two
  bundle default one two
}

hook() { "$EXAMPLES/scripts/package-hook"; }
databases() { (cd "$T/databases" && ls -d ./*Z.* 2>/dev/null); }
boots() { (cd -P "$T/databases/current" && pwd -P); }
lives() { (cd -P "$LIVE/compiled" && pwd -P); }

# On a system that does not run: only the database and the link.
test_hook_without_live_system() {
  use_hook
  hook
  assert_eq "$(databases | wc -l)" 1 databases
  assert_eq "$(boots)" "$T/databases/$(databases | cut -c3-)" 'boot database'
  assert_exit 0 s6-rc-db -c "$T/databases/current" check
}

# What is up stays up, what is new is there, the link follows.
start_hooked() {
  use_hook
  hook
  start_scan
  s6-rc-init -d -c "$T/databases/current" -l "$LIVE" "$SCAN"
  rc -u change default
}

test_hook_updates() {
  start_hooked
  pid=$(service_pid one)
  rm -r "$SRC/two" "$SRC/default/contents.d/two"
  oneshot three
  hook
  assert_eq "$(service_pid one)" "$pid" 'process of one'
  assert_eq "$(boots)" "$(lives)" 'boot database'
  assert_eq "$(databases | wc -l)" 2 databases
  rc -u change three
  assert_up one three
}

test_hook_changes_nothing_if_it_does_not_compile() {
  start_hooked
  before=$(boots)
  depends two nowhere
  assert_exit 1 hook
  assert_contains "$STDERR" 'nothing has been changed'
  assert_eq "$(boots)" "$before" 'boot database'
  assert_eq "$(lives)" "$before" 'live database'
  assert_eq "$(databases | wc -l)" 1 databases
  assert_up one two
}

# A new service that an old one needs fails: back to what was.
test_hook_rolls_back_if_start_fails() {
  start_hooked
  before=$(boots)
  oneshot bad 'up=sh -c "exit 1"'
  depends two bad
  assert_exit 1 hook
  assert_contains "$STDERR" 'services failed to start (exit code 1)'
  assert_contains "$STDERR" 'rolled back'
  assert_eq "$(boots)" "$before" 'boot database'
  assert_eq "$(lives)" "$before" 'live database'
  assert_eq "$(databases | wc -l)" 1 databases
  assert_up one two
}

# An old service will not stop: what was stopped before it comes up again.
test_hook_rolls_back_if_stop_fails() {
  use_hook
  oneshot stuck 'down=sh -c "exit 1"'
  ready_longrun user
  depends user stuck
  bundle default one two stuck user
  hook
  start_scan
  s6-rc-init -d -c "$T/databases/current" -l "$LIVE" "$SCAN"
  rc -u change default
  before=$(boots)
  rm -r "$SRC/stuck" "$SRC/user/dependencies.d" "$SRC/default/contents.d/stuck"
  assert_exit 1 hook
  assert_contains "$STDERR" 'services failed to stop (exit code 9)'
  assert_contains "$STDERR" 'rolled back'
  assert_eq "$(boots)" "$before" 'boot database'
  assert_eq "$(lives)" "$before" 'live database'
  assert_eq "$(databases | wc -l)" 1 databases
  assert_up one two stuck user
}

test_hook_tidies_up() {
  start_hooked
  export S6RC_DBKEEP=2
  for run in 1 2 3 4 5 6 7; do
    oneshot "new-$run"
    hook
  done
  assert_eq "$(databases | wc -l)" 3 databases
  assert_eq "$(boots)" "$(lives)" 'boot database'
  assert_eq "$(boots)" "$T/databases/$(databases | tail -n 1 | cut -c3-)" 'newest database'
}

# Two hooks at once take turns.
test_hooks_at_the_same_time() {
  start_hooked
  oneshot three
  hook &
  first=$!
  hook
  wait "$first"
  assert_eq "$(boots)" "$(lives)" 'boot database'
  assert_eq "$(databases | wc -l)" 3 databases
}

# --- the README at the top

# Its first service tree, as it is typed: each line is indented by four blanks.
test_readme_first_tree() {
  # with the blanks before them, as they are copied from the page
  sed -n '/^A first service tree/,/^What the three/{/^    /p;}' "$S6RC_TOP/README" >"$T/typed"
  grep -q 's6-rc-init' "$T/typed" || fail 'no tree in README'
  # here the tree of the test takes the place of the line's, which it does not wait for
  start_scan
  # clock is up as soon as it runs: a person does not stop it before it has told the time
  grep -v -e 's6-svscan scan &' -e 's6-svscanctl -t' "$T/typed" |
    sed '/ -da change$/i\
while ! test -s live/servicedirs/clock/time ; do sleep 0.1 ; done' >"$T/script"
  assert_contains "$(cat "$T/script")" 'while ! test'
  capture sh -e "$T/script"
  [ "$status" = 0 ] || fail "exit code $status" "$STDOUT" "$STDERR"
  assert_contains "$STDOUT" hello
  assert_contains "$STDOUT" clock
  assert_contains "$STDOUT" goodbye
  assert_eq "$(rc -a list | grep -v '^s6rc-')" '' 'still up'
}

run_tests "$@"
