#!/bin/sh
# ISC license.
# tools/demo: shows the tools at work, for any user, and leaves nothing behind.
# shellcheck disable=SC2016 # what the demo shows, and other scripts
. "$(dirname "$0")/../lib/test.sh"

# Where the demo puts its scratch directory; the path is also in the
# environment of everything that it starts.
use_scratch() {
  mkdir "$T/tmp"
  TMPDIR=$T/tmp
}

# Processes that the demo started and that still run, a line each.
demo_processes() { processes_of "TMPDIR=$T/tmp" "$T/tmp" | describe_processes; }
no_demo_processes() { [ -z "$(demo_processes)" ]; }

assert_nothing_left() {
  wait_for 20 no_demo_processes || fail 'processes are left:' "$(demo_processes)"
  assert_eq "$(ls -A "$T/tmp")" '' 'files that are left'
}

# The demo with the tools that are tested, and a default SIGINT, whatever the
# test inherited. It sees nothing of the test's own name for its processes.
demo() { env TMPDIR="$T/tmp" S6RC_BIN="$S6RC_BIN" "$S6RC_TOP/tools/demo"; }

# What the demo must have shown, in $STDOUT.
assert_shown() {
  for part in 's6-rc-compile "$DEMO_DIR/compiled" source' 's6-rc-init -c' \
    'change default' 'tick-log' 'tock' 'alpha' 'from process' 'broken' 'change boot' \
    'not started because of broken' 'broken: blocks 1 service: after-broken' 'ms  up ' '-Da change' 'That is all.'; do
    assert_contains "$STDOUT" "$part"
  done
}

test_shows_everything() {
  use_scratch
  capture demo
  [ "$status" = 0 ] || fail "exit code $status" "$STDOUT" "$STDERR"
  assert_shown
  assert_nothing_left
}

# A signal to the processes of process group ID, one by one: what follows a minus
# is read in several ways by the kills of shells and systems, up to "all
# processes". First the shell, which else could find that a command failed before
# it is told to end itself.
signal_group() { # SIGNAL ID
  kill -s "$1" "$2"
  for _member in $(sed -n "s/^\([0-9]*\) (.*) [A-Za-z] [0-9]* $2 .*/\1/p" /proc/[0-9]*/stat 2>/dev/null); do
    [ "$_member" = "$2" ] || kill -s "$1" "$_member" || :
  done
}

# A copy of the sources, with nothing built, that everybody can read.
copy_tree() {
  mkdir "$T/tree"
  (cd "$S6RC_TOP" && tar -cf - --exclude=./.git --exclude='./build*' \
    --exclude=./config.mak --exclude=./src/include/s6-rc/config.h .) | tar -xf - -C "$T/tree"
}

# The demo of that copy; CFLAGS: it is to be built fast.
demo_of_copy() { # COMMAND...: runs the demo
  "$@" env -u S6RC_BIN -u S6RC_BUILD CFLAGS=-O0 TMPDIR="$T/tmp" HOME="$T/tmp" "$T/tree/tools/demo"
}

# From the sources alone, as somebody who can write nowhere but in TMPDIR and in
# build-demo: the build is kept there and used again, the tree itself is not
# configured.
test_ordinary_user_builds_once() {
  need_root
  copy_tree
  use_scratch
  chmod 711 "$S6RC_SCRATCH" "$T"
  mkdir "$T/tree/build-demo"
  chown nobody "$T/tmp" "$T/tree/build-demo"
  capture demo_of_copy s6-setuidgid nobody
  [ "$status" = 0 ] || fail "exit code $status" "$STDOUT" "$STDERR"
  assert_contains "$STDOUT" 'as user nobody'
  assert_shown
  assert_nothing_left
  assert_absent "$T/tree/config.mak"
  touch "$T/mark"
  capture demo_of_copy s6-setuidgid nobody
  [ "$status" = 0 ] || fail "exit code $status" "$STDOUT" "$STDERR"
  assert_eq "$(find "$T/tree/build-demo" -name '*.o' -newer "$T/mark")" '' 'compiled again'
  assert_nothing_left
}

# Where nothing in the tree can be written to, it is built in the scratch
# directory, which goes away with the build.
test_tree_that_is_read_only() {
  need_root
  copy_tree
  use_scratch
  chmod 711 "$S6RC_SCRATCH" "$T"
  chown nobody "$T/tmp"
  # a compiler that says that it has been called, and does not come back
  printf '#!/bin/sh\ncase "$*" in *" -MMD "*) echo >"%s" ; exec sleep 100 ;; *) exec cc "$@" ;; esac\n' "$T/tmp/called" >cc
  chmod 755 cc
  env --default-signal=INT true || skip 'env has no --default-signal'
  demo_of_copy env --default-signal=INT setsid sh -c 'echo $$ >"$0" && exec "$@"' "$T/pid" \
    s6-setuidgid nobody env CC="$T/cc" >"$T/out" 2>&1 &
  job=$!
  wait_for 300 test -e "$T/tmp/called" || fail "$(cat "$T/out")"
  signal_group INT "$(cat "$T/pid")"
  code=0
  wait "$job" || code=$?
  assert_eq "$code" 130 'exit code'
  assert_contains "$(cat "$T/out")" "Building in $T/tmp/s6-rc-demo."
  rm "$T/tmp/called"
  assert_nothing_left
  assert_absent "$T/tree/build-demo" "$T/tree/config.mak"
}

# Starts the demo in a session of its own, waits until it has printed TEXT and
# sends SIGNAL to WHOM, the whole group (as ^C in a terminal) or the shell alone.
interrupt() { # SIGNAL group|shell TEXT
  use_scratch
  # a background process inherits an ignored SIGINT, which sh could not trap
  env --default-signal=INT true || skip 'env has no --default-signal'
  : >"$T/out"
  env --default-signal=INT TMPDIR="$T/tmp" S6RC_BIN="$S6RC_BIN" \
    setsid sh -c 'echo $$ >"$0" && exec "$1" >"$2" 2>&1' "$T/pid" "$S6RC_TOP/tools/demo" "$T/out" &
  job=$!
  wait_for 120 grep -q -e "$3" "$T/out" || fail "never shown: $3" "$(cat "$T/out")"
  pid=$(cat "$T/pid")
  [ "$pid" -gt 1 ] || fail "no process number: $pid"
  case $2 in
    group) signal_group "$1" "$pid" ;;
    shell) kill -s "$1" "$pid" ;;
  esac
  code=0
  wait "$job" || code=$?
  assert_contains "$(cat "$T/out")" 'demo: interrupted during:'
  assert_nothing_left
}

test_interrupted_while_services_start() {
  interrupt INT group 's6-rc-init hands'
  assert_eq "$code" 130 'exit code'
}

test_interrupted_while_services_run() {
  interrupt INT group '^4\. '
  assert_eq "$code" 130 'exit code'
}

test_interrupted_alone() {
  interrupt INT shell '^5\. '
  assert_eq "$code" 130 'exit code'
}

test_terminated() {
  interrupt TERM shell '^4\. '
  assert_eq "$code" 143 'exit code'
}

# A step that fails is named, ends the demo, and leaves nothing behind either.
test_failing_step() {
  use_scratch
  mkdir "$T/bin"
  for tool in "$S6RC_BIN"/*; do ln -s "$tool" "$T/bin/"; done
  rm "$T/bin/s6-rc"
  printf '#!/bin/sh\necho no luck ; exit 111\n' >"$T/bin/s6-rc"
  chmod 755 "$T/bin/s6-rc"
  S6RC_BIN=$T/bin
  capture demo
  assert_eq "$status" 1 'exit code'
  assert_contains "$STDERR" 'demo: failed: s6-rc -l "$live" -v2 -u change default'
  assert_contains "$STDOUT" 'no luck'
  assert_nothing_left
}

test_wrong_usage() {
  use_scratch
  assert_exit 100 "$S6RC_TOP/tools/demo" extra
  assert_exit 0 "$S6RC_TOP/tools/demo" --help
  assert_nothing_left
}

run_tests "$@"
