#!/bin/sh
# ISC license.
# s6-rc-update is killed before each of its system calls that change files.
# Readers go on, the next tool completes or undoes, and in the end everything
# is as if it had not been killed.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/update.sh"

test_unlinks() { sweep unlink,unlinkat,rmdir; }
test_mkdirs() { sweep mkdir,mkdirat,mknod,mknodat; }
test_modes() { sweep chmod,fchmod,fchmodat,chown,fchown,fchownat; }

run_tests "$@"
