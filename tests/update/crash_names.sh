#!/bin/sh
# ISC license.
# s6-rc-update is killed before each of its system calls that change names.
# Readers go on, the next tool completes or undoes, and in the end everything
# is as if it had not been killed.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/update.sh"

test_renames() { sweep rename,renameat,renameat2; }
test_links() { sweep link,linkat,symlink,symlinkat; }

run_tests "$@"
