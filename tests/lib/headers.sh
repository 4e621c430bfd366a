# ISC license.
# Sourced by tests/lib/build.sh and by tests/bench/cases.
# shellcheck shell=sh

# Where a compiler finds the headers of a package: the directory that PACKAGE/ is in.
find_headers() { # PACKAGE COMPILER...
  _package=$1
  shift
  echo "#include <$_package/config.h>" | "$@" -E - | sed -n "s|^# [0-9]* \"\(.*\)/$_package/config.h\".*|\1|p" | head -n 1
}
