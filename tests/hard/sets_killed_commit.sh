#!/bin/sh
# ISC license.
# s6-rc-set-commit, killed before each of the system calls that change
# something: the repository is the old one or the new one, and the next tool
# finds nothing in its way and sweeps what is left.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

test_commit() {
  repository
  tool set-new s
  tool set-commit s
  tool set-change s active ftp
  sweep set-commit s
}

run_tests "$@"
