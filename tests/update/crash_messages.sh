#!/bin/sh
# ISC license.
# s6-rc-update is killed before each of its system calls that change what others do, or what files hold.
# Readers go on, the next tool completes or undoes, and in the end everything
# is as if it had not been killed.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/update.sh"

test_writes() { sweep write,pwrite64,ftruncate; }
test_messages() { sweep sendmsg,kill; }
test_processes() { sweep clone,clone3,vfork,fork; }

run_tests "$@"
