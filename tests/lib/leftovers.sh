# ISC license.
# Sourced by tests about runs that fail or are killed, after test.sh.
# shellcheck shell=sh

# The processes that work in a directory made for the live name, also in one
# that has been removed.
live_processes() {
  # shellcheck disable=SC2012 # nothing but ls shows where links lead to, all in one process
  ls -l /proc/[0-9]*/cwd 2>/dev/null | grep -F -e " -> $LIVE:" | sed 's|.*/proc/\([0-9]*\)/cwd.*|\1|' | describe_processes
}
no_live_processes() { [ -z "$(live_processes)" ]; }

# What a failed run must not leave: anything beside the live name, anything in
# the scan directory but what is not ours (FOREIGN...), a supervisor.
assert_nothing_left() { # [ FOREIGN... ]
  assert_eq "$(find "${LIVE%/*}" -maxdepth 1 -name "${LIVE##*/}*")" '' 'left beside the live name'
  assert_eq "$(ls "$SCAN" 2>/dev/null)" "$(for _name do echo "$_name"; done)" 'left in the scan directory'
  assert_eq "$(live_processes)" '' 'processes'
}
