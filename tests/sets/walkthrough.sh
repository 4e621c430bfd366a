#!/bin/sh
# ISC license.
# examples/stores and examples/scripts/sets: from an empty machine to a package
# upgrade, as shown, and leaving nothing behind.
. "$(dirname "$0")/../lib/test.sh"

walk_processes() { processes_of "TMPDIR=$T/tmp" "$T/tmp" | describe_processes; }
no_walk_processes() { [ -z "$(walk_processes)" ]; }

# What was listed last before a line with TEXT, or in the end.
shown() { # TEXT
  printf '%s\n' "$STDOUT" | awk -v text="$1" 'index($0, text) { on = 1 } on'
}

test_stores_compile() {
  assert_exit 0 "$S6RC_BIN/s6-rc-repo-init" -r "$T/repo" "$S6RC_TOP/examples/stores/packages"
  assert_eq "$STDERR" ''
  assert_exit 0 "$S6RC_BIN/s6-rc-repo-init" -U -r "$T/repo" "$S6RC_TOP/examples/stores/packages" \
    "$S6RC_TOP/examples/stores/packages.next" "$S6RC_TOP/examples/stores/local"
}

test_walk() {
  mkdir tmp
  capture env TMPDIR="$T/tmp" "$S6RC_TOP/examples/scripts/sets"
  [ "$status" = 0 ] || fail "exit code $status" "$STDOUT" "$STDERR"
  assert_eq "$STDERR" ''
  assert_contains "$STDOUT" 'packages/cron: not used: the one in '
  assert_contains "$STDOUT" "$(printf '%s\n' backup/usable cron/active games/usable hostname/always network/active web/usable web-log/usable)"
  assert_contains "$(shown 'Enabling one')" 'web-log: usable -> active: web depends on it'
  assert_contains "$(shown 'Enabling one')" 'web
web-log
'
  assert_contains "$(shown 'Masking one')" "-p main masked cron"
  assert_lacks "$(shown 'Masking one' | sed -n '/-a list/,/^$/p')" cron
  assert_contains "$(shown 'Packages are')" 'set main: metrics: new, active'
  assert_contains "$(shown 'Packages are')" 'set main: games: gone, was usable'
  assert_contains "$(shown 'Packages are')" "$(printf '%s\n' backup/usable cron/masked hostname/always metrics/active network/active web/active web-log/active)"
  assert_contains "$(shown 'That is all')" 'masked cron'
  assert_contains "$(shown 'That is all')" 'current -> main:'
  wait_for 20 no_walk_processes || fail 'processes are left:' "$(walk_processes)"
  assert_eq "$(ls -A tmp)" '' 'files that are left'
}

run_tests "$@"
