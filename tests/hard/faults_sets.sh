#!/bin/sh
# ISC license.
# Every call of the tools for repositories and sets fails, one at a time: the
# tool says so and nothing has changed, or it did not matter; nothing is left.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/faults.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

what_is() { if [ -L repo/current ]; then state; else echo none; fi; }

# For the repository as it is.
sweep() { # LEAST TOOL ARGUMENT...
  _least=$1
  _tool=$S6RC_BIN/s6-rc-$2
  shift 2
  set -- "$_tool" -r "$T/repo" -v0 "$@"
  rm -rf before
  [ ! -d repo ] || cp -a repo before
  old=$(what_is)
  faultless "$@"
  new=$(what_is)
  [ "$old" != "$new" ] || fail 'nothing changes'
  fault_before() {
    rm -rf repo
    [ ! -d before ] || cp -a before repo
  }
  fault_same() {
    assert_eq "$(what_is)" "$new" state
    # what could not be removed, the next one who changes something does
    (assert_swept) >/dev/null || {
      for _next in set-new set-delete; do faultless "s6-rc-$_next" -r "$T/repo" next || fail 'the next one fails'; done
      assert_swept
    }
  }
  again=$*
  fault_failed() {
    assert_eq "$(what_is)" "$old" state
    [ "$old" = none ] || assert_swept
    # shellcheck disable=SC2086
    faultless $again || fail 'fails again'
    fault_same
  }
  faults_sweep "$_least" "$@"
}

test_init() {
  faults_begin
  stores
  FAULT_BRIEF=yes
  sweep 100 repo-init "$T/one" "$T/two"
}

test_sync() {
  faults_begin
  repository
  tool set-new s
  store two
  longrun new
  FAULT_BRIEF=yes
  sweep 100 repo-sync
}

test_new() {
  faults_begin
  repository
  sweep 50 set-new s t
  sweep 50 set-copy s u
  sweep 50 set-delete s
}

# A set that cannot be looked at may be there.
test_new_over_old() {
  faults_begin
  repository
  tool set-new s t
  tool set-change s masked ftp
  old=$(what_is)
  fault_same() { assert_eq "$(what_is)" "$old" state; }
  fault_failed() { fault_same; }
  FAULT_ONLY='^faccessat$'
  FAULT_CODE=1
  faults_sweep 1 s6-rc-set-new -r "$T/repo" s
  faults_sweep 1 s6-rc-set-copy -r "$T/repo" t s
}

test_change() {
  faults_begin
  repository
  tool set-new s t
  sweep 50 set-change -p s masked net
  tool set-change s active ftp
  sweep 50 set-fix s
}

test_commit() {
  faults_begin
  repository
  tool set-new s
  tool set-commit s
  tool set-change s active ftp
  FAULT_BRIEF=yes
  sweep 100 set-commit s
}

test_install() {
  faults_begin
  repository
  tool set-new s
  tool set-commit s
  tool set-install --no-update -c "$T/boot/current" -l "$LIVE" s
  fault_same() {
    # what could not be tidied up, the next one does
    if [ -s "$T/f.err" ]; then
      assert_contains "$(cat "$T/f.err")" 'the next s6-rc-set-install '
      grep -Fq "$SAYS" "$T/f.err" || grep -Fq 'still in use' "$T/f.err" || fail 'no reason'
    fi
    faultless s6-rc-set-install -r "$T/repo" --no-update -c "$T/boot/current" -l "$LIVE" s || fail 'fails again'
    "$S6RC_BIN/s6-rc-db" -c boot/current check || fail 'no database'
    assert_eq "$(databases)" "$(readlink boot/current)" databases
    assert_absent repo/installing repo/installing.new
  }
  fault_before() { readlink boot/current >leads; }
  fault_failed() {
    assert_eq "$(readlink boot/current)" "$(cat leads)" 'the boot link'
    : >"$T/f.err"
    fault_same
  }
  faults_sweep 50 s6-rc-set-install -r "$T/repo" --no-update -c "$T/boot/current" -l "$LIVE" s
}

# What another boot link leads to is not removed, and be it in an old note.
test_install_elsewhere() {
  faults_begin
  repository
  tool set-new s
  tool set-commit s
  for boot in boot elsewhere; do
    tool set-install --no-update -c "$T/$boot/current" -l "$LIVE" s
  done
  fault_before() {
    printf '%s\n' "boot $T/boot/current" "live $LIVE" "db $T/boot/$(readlink boot/current)" >repo/installing
  }
  fault_same() { "$S6RC_BIN/s6-rc-db" -c boot/current check; }
  fault_failed() { fault_same; }
  FAULT_ONLY='^stat$'
  faults_sweep 4 s6-rc-set-install -r "$T/repo" --no-update -c "$T/elsewhere/current" -l "$LIVE" s
}

# With a live directory that goes along.
test_install_live() {
  faults_begin
  store one
  longrun a flag-recommended=
  oneshot c
  tool repo-init one
  tool set-new s
  tool set-commit s
  set -- s6-rc-set-install -r "$T/repo" -c "$T/boot/current" -l "$LIVE"
  "$@" --no-update s
  start_scan
  s6-rc-init -c "$T/boot/current" -l "$LIVE" "$SCAN"
  rc change default
  install="$*"
  fault_same() {
    # what could not be tidied up, the next one does
    # shellcheck disable=SC2086
    [ ! -s "$T/f.err" ] || faultless $install s || fail 'fails again'
    assert_eq "$(databases)" "$(readlink boot/current)" databases
    assert_eq "$(readlink -f "$LIVE/compiled")" "$(readlink -f boot/current)" 'the live database'
    "$S6RC_BIN/s6-rc-db" -c boot/current check || fail 'no database'
    assert_up a
    assert_output '' rc diff
    assert_absent repo/installing repo/installing.new
  }
  fault_failed() { fault_same; }
  FAULT_BRIEF=yes FAULT_CODES='111 126'
  faults_sweep 50 "$@" s
}

test_reading() {
  faults_begin
  repository
  tool set-new s t
  faults_sweep 20 s6-rc-repo-list -r "$T/repo"
  faults_sweep 20 s6-rc-set-status -r "$T/repo" s
  faults_sweep 20 s6-rc-set-change -r "$T/repo" -n s active ftp
}

# stdout that cannot be written to
test_full_stdout() {
  [ -w /dev/full ] || skip 'there is no /dev/full'
  repository
  tool set-new s
  for words in repo-list 'set-status s' 'set-change -n s active ftp'; do
    code=0
    # shellcheck disable=SC2086
    tool $words >/dev/full 2>err || code=$?
    assert_eq "$code" 111 "$words"
    assert_contains "$(cat err)" 'unable to write to stdout'
  done
}

run_tests "$@"
