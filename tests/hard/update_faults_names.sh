#!/bin/sh
# ISC license.
# System calls of s6-rc-update that change names fail, one at a time,
# with ENOSPC and EIO: it says so, and the old state is whole, or the new one.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/update.sh"

test_names() { sweep_failing 'rename.*|link.*|symlink.*|mkdir.*|mknod.*' 30; }
test_removing() { sweep_failing 'unlink.*|rmdir' 30; }

run_tests "$@"
