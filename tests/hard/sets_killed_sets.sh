#!/bin/sh
# ISC license.
# The tools that change sets, killed before each of the system calls that change
# something: the repository is the old one or the new one, and the next tool
# finds nothing in its way and sweeps what is left.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

test_new_sets() {
  repository
  tool set-new s
  sweep set-new t u v
}

test_copy() {
  repository
  tool set-new s t
  tool set-change s active ftp
  sweep set-copy -f s t
}

test_delete() {
  repository
  tool set-new s t u
  tool set-commit s
  tool set-commit t
  sweep set-delete s u
}

test_change() {
  repository
  tool set-new s t
  sweep set-change -p s masked net
}

test_fix() {
  repository
  tool set-new s t
  tool set-change s masked net 2>err
  tool set-change t masked ftp web 2>err
  sweep set-fix
}

run_tests "$@"
