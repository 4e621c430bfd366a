#!/bin/sh
# ISC license.
# s6-rc-repo-init -U and s6-rc-repo-sync, killed before each of the system calls that change
# something: the repository is the old one or the new one, and the next tool
# finds nothing in its way and sweeps what is left.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

test_init_update() {
  repository
  tool set-new s
  sweep repo-init -U one
}

test_sync() {
  repository
  tool set-new s t
  tool set-commit s
  store two
  longrun new
  sweep repo-sync
}

run_tests "$@"
