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
  FAULT_BRIEF=yes
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
  FAULT_BRIEF=yes
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

test_reading() {
  faults_begin
  repository
  tool set-new s t
  faults_sweep 10 s6-rc-repo-list -r "$T/repo"
  faults_sweep 10 s6-rc-set-status -r "$T/repo" s
  faults_sweep 10 s6-rc-set-change -r "$T/repo" -n s active ftp
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
