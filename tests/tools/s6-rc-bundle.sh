#!/bin/sh
# ISC license.
# s6-rc-bundle: its rules, exit codes, blocks; killed while it writes.
. "$(dirname "$0")/../lib/test.sh"

edit() { "$S6RC_BIN/s6-rc-bundle" -c "$DB" "$@"; }
contents() { db contents "$1" | sort | tr '\n' ' ' | sed 's/ $//'; }
bundles() { db list bundles | sort | tr '\n' ' ' | sed 's/ $//'; }
sums() { cksum <"$DB/resolve.cdb"; cksum <"$DB/db"; }

start() {
  longrun a
  longrun b
  oneshot c
  bundle ab a b
  bundle nothing
  compile
}

test_add_and_delete() {
  start
  edit add x a ab c
  assert_eq "$(contents x)" 'a b c'
  edit add y x
  edit add empty
  assert_eq "$(contents y)" 'a b c'
  assert_eq "$(contents empty)" ''
  assert_eq "$(bundles)" 'ab empty nothing x y'
  # what a bundle stands for was settled when it was made
  edit delete x nothing
  assert_eq "$(contents y)" 'a b c'
  assert_eq "$(bundles)" 'ab empty y'
  db check
  assert_output "$(printf '%s\n' a b)" sh -c "'$S6RC_BIN/s6-rc-db' -c '$DB' contents ab | sort"
}

test_refusals() {
  start
  before=$(sums)
  refuse() { # CODE PART COMMAND...
    _code=$1 _part=$2
    shift 2
    assert_exit "$_code" edit "$@"
    assert_contains "$STDERR" "$_part"
    assert_eq "$(sums)" "$before" 'the database'
    assert_absent "$DB/resolve.cdb.new"
  }
  refuse 1 'exists already' add ab a
  refuse 1 'exists already' add a b
  refuse 5 'is a service' -f add a b
  refuse 3 'no service or bundle named q' add x a q
  refuse 3 'no service or bundle named x' add x x
  refuse 3 'no service or bundle named q' delete q
  refuse 3 'no service or bundle named q' delete ab q
  refuse 3 'no service or bundle named nothin in ' add x nothin
  assert_contains "$STDERR" ': did you mean nothing?'
  refuse 3 ': did you mean nothing?' delete nothign
  refuse 3 'no service or bundle named ab' delete ab ab
  assert_lacks "$STDERR" 'did you mean'
  refuse 5 'is a service' delete a
  refuse 5 'is a service' -f delete c
  refuse 5 'is a service' delete s6rc-fdholder
  for name in '' .x a/b 's6rc-x' 's6-rc-x' "$(printf 'new\nline')"; do
    refuse 100 'not a name' add "$name" a
  done
  refuse 100 'command is missing'
  refuse 100 'unknown command' remove ab
  refuse 100 'name is missing' add
  refuse 100 'name is missing' delete
  refuse 100 '' -x add x a
  assert_exit 111 "$S6RC_BIN/s6-rc-bundle" -c "$T/none" add x a
  assert_exit 111 "$S6RC_BIN/s6-rc-bundle" -l "$T/none" add x a
}

test_force() {
  start
  edit -f add ab c
  assert_eq "$(contents ab)" c
  edit -f delete ab q
  edit -f delete q
  assert_eq "$(bundles)" nothing
  edit -f add nothing nothing a
  assert_eq "$(contents nothing)" a
}

test_multiple_from_a_shell() {
  start
  # what a shell passes for a block: words after a space, then an empty word
  edit multiple ' ab' ' nothing' '' x ' a' ' c' '' y ' b' '' empty ''
  assert_eq "$(bundles)" 'empty x y'
  assert_eq "$(contents x) $(contents y)" 'a c b'
  edit multiple '' z ' x' ''
  edit multiple ' z' ''
  # deleted, added anew
  edit multiple ' x' '' x ' b' ''
  assert_eq "$(contents x)" b
}

# Contents are what they were before anything changes.
test_multiple_renames() {
  start
  edit multiple ' ab' '' x ' ab' ''
  assert_eq "$(bundles)" 'nothing x'
  assert_eq "$(contents x)" 'a b'
  edit -f multiple '' x ' c' '' y ' x' ''
  assert_eq "$(contents x) $(contents y)" 'c a b'
}

test_multiple_from_execlineb() {
  start
  execlineb -c "\"$S6RC_BIN/s6-rc-bundle\" -c \"$DB\" multiple { ab nothing } x { a c } \"with blank\" { b } empty { }"
  assert_eq "$(bundles)" 'empty with blank x'
  assert_eq "$(contents x) $(contents 'with blank')" 'a c b'
  execlineb -c "\"$S6RC_BIN/s6-rc-bundle\" -c \"$DB\" multiple { } z { x }"
  assert_eq "$(contents z)" 'a c'
}

# All of it or nothing.
test_multiple_refused() {
  start
  before=$(sums)
  assert_exit 3 edit multiple ' q' '' x ' a' ''
  assert_exit 3 edit multiple ' ab' '' x ' a' '' y ' q' ''
  assert_exit 3 edit multiple '' x ' a' '' y ' x' ''
  assert_exit 1 edit multiple '' x ' a' '' ab ' b' ''
  assert_exit 1 edit multiple '' x ' a' '' x ' b' ''
  assert_exit 5 edit multiple ' a' ''
  assert_exit 100 edit multiple ' ab'
  assert_exit 100 edit multiple ab
  assert_exit 100 edit multiple ' ab' '' x
  assert_exit 100 edit multiple ' ab' '' x ' a'
  assert_eq "$(sums)" "$before"
  edit -f multiple ' q' '' ab ' c' ''
  assert_eq "$(contents ab)" c
}

test_live_database() {
  start
  start_scan
  live_init
  rc change a
  "$S6RC_BIN/s6-rc-bundle" -l "$LIVE" add x a c
  rc change x
  assert_up a c
  # a running change has the database
  assert_exit 0 "$S6RC_BIN/s6-rc-bundle" -c "$T/none" -l "$LIVE" delete x
}

test_locked() {
  start
  mkfifo go
  exec 9<>go
  sh -c 'exec 9<>go; s6-setlock "$1" sh -c "echo locked >here; read -r line <go"' sh "$DB/lock" &
  locker=$!
  wait_for 10 test -e here
  before=$(sums)
  assert_exit 111 edit add x a
  assert_eq "$(sums)" "$before"
  edit -b add x a &
  waiter=$!
  echo >&9
  wait $locker
  wait $waiter
  assert_eq "$(contents x)" a
}

test_damaged() {
  start
  : >"$DB/resolve.cdb"
  assert_exit 4 edit add x a
  : >"$DB/db"
  assert_exit 4 edit add x a
}

test_modes_whatever_the_umask() {
  start
  (umask 077 && edit add x a)
  assert_mode "$DB/resolve.cdb" 644
}

# The Nth call of a run that adds x, or what comes before the Nth: INJECTION is
# what strace does then. Sets status.
disturbed() { # CALL N INJECTION
  rm -rf "$DB"
  cp -a before "$DB"
  capture strace -o trace -e trace="$1" -e inject="$1:$3:when=$2" "$S6RC_BIN/s6-rc-bundle" -c "$DB" add x a c
}

CHANGING='openat unlinkat write writev pwrite64 ftruncate fchmod fchown fsync renameat'

# Killed before each call that changes something, which is after the one before,
# and before exit_group: the old bundles or the new.
test_killed() {
  need strace
  start
  cp -a "$DB" before
  total=0
  for call in $CHANGING exit_group; do
    n=0
    while n=$((n + 1)) && disturbed $call $n signal=KILL && [ "$status" = 137 ]; do
      total=$((total + 1))
      db check
      case $(bundles) in 'ab nothing') ;; 'ab nothing x') ;; *) fail "$call $n: $(bundles)" ;; esac
      assert_eq "$(find . -maxdepth 1 -name 'db*')" ./db 'beside the database'
      edit -f add x b
      assert_eq "$(contents x)" b
      assert_absent "$DB/resolve.cdb.new"
    done
    [ "$status" = 0 ] || fail "exit code $status: $call $n" "$STDERR"
    assert_eq "$(bundles)" 'ab nothing x'
  done
  [ $total -ge 10 ] || fail "killed only $total times"
}

# Each of them fails: the old bundles, or the new ones where only the sync of
# the directory has failed; nothing else is left.
test_failing_calls() {
  [ -z "${S6RC_COVERAGE:-}" ] || skip 'the calls that write the coverage would fail, too'
  need strace
  start
  cp -a "$DB" before
  before=$(sums)
  total=0
  for error in 'ENOSPC No space left on device' 'EIO Input/output error'; do
    for call in $CHANGING; do
      n=0
      while n=$((n + 1)) && disturbed $call $n "error=${error%% *}" && grep -q INJECTED trace; do
        # what the dynamic linker opens is no matter of ours
        if grep -q '\.so[".].*INJECTED' trace; then continue; fi
        total=$((total + 1))
        [ "$status" = 111 ] || fail "exit code $status: $call $n" "$STDERR"
        assert_contains "$STDERR" 's6-rc-bundle: fatal: unable to '
        assert_contains "$STDERR" "${error#* }"
        assert_contains "$STDERR" "$DB"
        case $STDERR in
          *'which is changed'*) assert_eq "$(bundles)" 'ab nothing x' ;;
          *) assert_eq "$(sums)" "$before" "$call $n" ;;
        esac
        db check
        assert_absent "$DB/resolve.cdb.new"
      done
      [ "$status" = 0 ] || fail "exit code $status: $call $n" "$STDERR"
    done
  done
  [ $total -ge 20 ] || fail "only $total calls failed"
}

run_tests "$@"
