#!/bin/sh
# ISC license.
# s6-rc-set-install is killed before each of its system calls that change
# something, and while it waits for the update, which then goes on alone: what
# boots and what is live is a whole database, the old or the new one, and the
# next installation brings them together and sweeps.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

install_set() { tool set-install -b -v0 -c "$T/boot/current" -l "$LIVE" "$@"; }

begin() {
  need strace
  store one
  longrun a flag-recommended=
  longrun b
  oneshot c
  tool repo-init one
  tool set-new x y
  tool set-change -p y masked b
  tool set-commit x
  tool set-commit y
}

# Which set a database is of.
set_of() { # OPTION DATABASE
  case $("$S6RC_BIN/s6-rc-db" "$1" "$2" list services | grep -v '^s6rc-' | sort | words) in
    'a b c') echo x ;;
    'a c') echo y ;;
    *) fail "neither x nor y: $2" ;;
  esac
}

assert_whole() {
  "$S6RC_BIN/s6-rc-db" -c boot/current check
  set_of -c boot/current >boots
  [ ! -L "$LIVE" ] || { set_of -l "$LIVE" >lives && "$S6RC_BIN/s6-rc-db" -l "$LIVE" check; }
}

assert_installed() { # SET
  assert_whole
  assert_file boots "$1"
  [ ! -L "$LIVE" ] || assert_file lives "$1"
  assert_eq "$(databases)" "$(readlink boot/current)" 'databases beside the boot link'
  assert_absent repo/installing repo/installing.new
}

# From x to y and back, killed on each way.
sweep() { # CALLS MOST [ OPTION... ]
  calls=$1 most=$2
  shift 2
  strace -qq -o trace -e trace="$calls" "$S6RC_BIN/s6-rc-set-install" -r "$T/repo" -b -v0 -c "$T/boot/current" -l "$LIVE" "$@" y
  count=$(grep -c '^[a-z0-9]*(' trace || :)
  assert_installed y
  from=y to=x n=1
  while [ $n -le "$count" ]; do
    code=0
    strace -qq -o trace -e trace="$calls" -e inject="$calls:signal=KILL:when=$n" \
      "$S6RC_BIN/s6-rc-set-install" -r "$T/repo" -b -v0 -c "$T/boot/current" -l "$LIVE" "$@" $to >out 2>&1 || code=$?
    case $code in
      137) total=$((total + 1)) ;;
      0) ;;
      *) fail "exit code $code: $calls $n" "$(cat out)" ;;
    esac
    assert_whole
    install_set "$@" $to >out 2>&1 || fail "again, after $calls $n: exit code $?" "$(cat out)"
    assert_installed $to
    _kept=$from from=$to to=$_kept
    n=$((n + count / most + 1))
  done
}

sweep_all() { # [ OPTION... ]
  total=0
  for calls in rename,renameat,renameat2 symlink,symlinkat unlink,unlinkat fsync,syncfs; do sweep $calls 30 "$@"; done
  for calls in mkdir,mkdirat open,openat write,writev; do sweep $calls 8 "$@"; done
  [ $total -gt 20 ] || fail "killed only $total times"
}

test_live() {
  begin
  install_set --no-update x
  start_scan
  s6-rc-init -c "$T/boot/current" -l "$LIVE" "$SCAN"
  rc change default
  pid=$(service_pid a)
  sweep_all
  assert_eq "$(service_pid a)" "$pid" 'a service that nothing changes'
}

test_while_the_update_runs() {
  begin
  install_set --no-update x
  start_scan
  s6-rc-init -c "$T/boot/current" -l "$LIVE" "$SCAN"
  rc change default
  total=0
  for calls in wait4,waitpid,waitid clone,clone3,vfork; do
    for round in 1 2 3; do sweep "$calls" 30; done
  done
  [ $total -gt 3 ] || fail "killed only $total times"
}

test_no_update() {
  begin
  install_set --no-update x
  sweep_all --no-update
}

# The first time there is nothing before.
test_first() {
  begin
  total=0
  for calls in rename,renameat,renameat2 symlink,symlinkat fsync,syncfs mkdir,mkdirat; do
    n=1 code=137
    while [ $code = 137 ] && [ $n -lt 30 ]; do
      rm -rf boot
      code=0
      strace -qq -o trace -e trace="$calls" -e inject="$calls:signal=KILL:when=$n" \
        "$S6RC_BIN/s6-rc-set-install" -r "$T/repo" -c "$T/boot/current" -l "$LIVE" --no-update x >out 2>&1 || code=$?
      if [ -L boot/current ]; then assert_whole; fi
      install_set --no-update x
      assert_installed x
      n=$((n + 1)) total=$((total + 1))
    done
  done
  [ $total -gt 10 ] || fail "killed only $total times"
}

run_tests "$@"
