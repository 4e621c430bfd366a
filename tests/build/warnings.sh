#!/bin/sh
# ISC license.
# Every source, the unit tests too, compiles without a warning. What gcc says
# depends on how well it looks; clang sees as much without optimizing.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/build.sh"

test_gcc() {
  need gcc
  configure_in b CC=gcc CFLAGS='-O2 -Werror'
  make_in b all units
}

test_clang() {
  need clang
  configure_in b CC=clang CFLAGS='-O0 -Werror'
  make_in b all units
}

# The libraries are for the system's C library, so nothing can be linked.
test_musl_objects() {
  need musl-gcc
  configure_in b CC=musl-gcc CFLAGS='-O0 -Werror' --disable-link-check
  make_in b objects
  # the other C library's headers were not used
  assert_exit 1 grep -rqE ' /usr/include/(stdio|unistd|stdlib)\.h' b/build/obj --include='*.d'
}

run_tests "$@"
