#!/bin/sh
# ISC license.
# Every call of s6-rc-set-install fails, one at a time: the old database boots,
# or the new one, and what is left over the next one tidies up.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/faults.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

test_install() {
  faults_begin
  repository
  tool set-new s
  tool set-commit s
  tool set-install --no-update -c "$T/boot/current" -l "$LIVE" s
  fault_same() {
    # what could not be tidied up, the next one does; what could not be synced is told
    if [ -s "$T/f.err" ]; then
      grep -Fq -e 'the next s6-rc-set-install ' -e 'but a loss of power may take it back' "$T/f.err" ||
        fail 'no word about what follows:' "$(cat "$T/f.err")"
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
  FAULT_BRIEF=yes
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

run_tests "$@"
