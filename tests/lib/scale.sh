# ISC license.
# Sourced by tests/scale/*.sh about many definitions, after test.sh.
# shellcheck shell=sh

# Hundreds of thousands of small files are for a file system in memory, where
# there is one.
in_memory() {
  if [ -d /dev/shm ] && memory=$(mktemp -d /dev/shm/s6rc-XXXXXX 2>/dev/null); then
    trap 'code=$?; rm -rf "$memory"; leave_test $code' EXIT
    SRC=$memory/src
    DB=$memory/db
  fi
}
