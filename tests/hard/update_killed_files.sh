#!/bin/sh
# ISC license.
# s6-rc-update is killed before each of its system calls that change files. Just
# after a call is just before the next one that changes something, and after the
# last one is before exit_group (update_killed_messages.sh). Readers go on, the next tool completes
# or undoes, and in the end everything is as if it had not been killed.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/update.sh"

test_removing() { sweep_killed 'unlink.*|rmdir' 15; }
test_modes_and_owners() { sweep_killed 'f?chmod.*|[fl]?chown.*' 15; }

run_tests "$@"
