#!/bin/sh
# ISC license.
# System calls of s6-rc-update that change files fail, one at a time,
# with ENOSPC and EIO: it says so, and the old state is whole, or the new one.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/update.sh"

# close, too: of files that were written to, since a file system may say only
# then that there was no room
test_contents() { sweep_failing 'open.*|write.*|pwrite.*|ftruncate|fsync|close' 30; }
test_modes_and_owners() { sweep_failing 'f?chmod.*|[fl]?chown.*' 20; }

run_tests "$@"
