#!/bin/sh
# ISC license.
# Every call fails, one at a time, of the tools that change a live directory or
# its database but no state: s6-rc-init, s6-rc-bundle, s6-rc-format-upgrade.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/faults.sh"
. "$S6RC_TOP/tests/lib/leftovers.sh"

test_init() {
  faults_begin
  begin
  fault_same() {
    (assert_complete) || return 1
    take_away
  }
  # what is as before is all that another run needs: it is tried now and then
  fault_failed() {
    (assert_nothing_left) || return 1
    [ $((N % 10)) != 1 ] || { faultless s6-rc-init -c "$DB" -l "$LIVE" "$SCAN" && fault_same; }
  }
  fault_before() { if [ -L "$LIVE" ]; then take_away; fi; }
  faults_sweep 100 s6-rc-init -t 20000 -c "$DB" -l "$LIVE" "$SCAN"
}

# One descriptor more each time, until it is enough.
test_init_few_descriptors() {
  begin
  for n in 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
    capture sh -c "ulimit -n $n; exec s6-rc-init -c '$DB' -l '$LIVE' '$SCAN'"
    case $status in
      0) break ;;
      111) assert_contains "$STDERR" 'Too many open files' ;;
      127) continue ;; # the dynamic linker needs some, too
      *) fail "with $n descriptors exit code $status" "$STDERR" ;;
    esac
    (assert_nothing_left) || fail "with $n descriptors" "$STDERR"
  done
  [ "$status" = 0 ] || fail "not even with $n descriptors"
  assert_complete
}

# A database alone in its directory, and what it says of all names.
database() {
  longrun a
  longrun b
  bundle old a
  mkdir made
  DB=$T/made/db
  compile
}
names() { db list all && db list bundles; }

test_bundle() {
  faults_begin
  database
  cp -a made before
  names >names.old
  set -- s6-rc-bundle -c "$DB" -f multiple ' old' '' new ' a' ' b' ''
  "$@"
  names >names.new
  fault_before() {
    rm -rf made
    cp -a before made
  }
  tidy() { diff -r -x resolve.cdb before/db made/db && [ "$(ls made)" = db ] && db check; }
  fault_same() { names >names.now && diff names.new names.now && tidy; }
  fault_failed() {
    if grep -Fq 'which is changed' "$T/f.err"; then fault_same ; return; fi
    names >names.now && diff names.old names.now && tidy &&
      faultless s6-rc-bundle -c "$DB" -f multiple ' old' '' new ' a' ' b' '' && fault_same
  }
  faults_sweep 30 "$@"
}

test_format_upgrade() {
  faults_begin
  longrun a
  oneshot o
  depends o a
  start_live
  rc change o
  s6-rc-compile "$T/new" "$SRC"
  FAULT_DB=$LIVE/compiled
  fault_before() { ln -sfn "$DB" "$LIVE/compiled"; }
  tidy() { assert_absent "$LIVE/compiled.new" && assert_output '' rc diff && assert_up a o; }
  pointed() { assert_eq "$(readlink "$LIVE/compiled")" "$T/new" && tidy; }
  fault_same() { assert_eq "$(cat "$T/f.err")" '' 'a warning' && pointed; }
  fault_failed() {
    assert_eq "$(readlink "$LIVE/compiled")" "$DB" && tidy
    faultless s6-rc-format-upgrade -l "$LIVE" "$T/new" && pointed
  }
  faults_sweep 30 s6-rc-format-upgrade -l "$LIVE" "$T/new"
}

run_tests "$@"
