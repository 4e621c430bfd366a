#!/bin/sh
# ISC license.
# s6-rc-update is killed before each of its system calls that change what files hold, or what others do. Just
# after a call is just before the next one that changes something, and after the
# last one is before exit_group (update_killed_messages.sh). Readers go on, the next tool completes
# or undoes, and in the end everything is as if it had not been killed.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/update.sh"

test_contents() { sweep_killed 'write.*|pwrite.*|ftruncate|fsync' 15; }
test_messages() { sweep_killed 'sendmsg|kill|clone.*|vfork|fork|exit_group' 15; }

run_tests "$@"
