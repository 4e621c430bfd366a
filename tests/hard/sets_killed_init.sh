#!/bin/sh
# ISC license.
# s6-rc-repo-init, killed before each of the system calls that change
# something: the repository is the old one or the new one, and the next tool
# finds nothing in its way and sweeps what is left.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

test_init() {
  stores
  sweep repo-init one two
}

test_init_force() {
  repository
  tool set-new s
  tool set-commit s
  sweep repo-init -f one
}

run_tests "$@"
