#!/bin/sh
# ISC license.
# Every source, the unit tests too, compiles without a warning of these, which
# say it all without producing code. What gcc says depends on how well it looks:
# tools/portability compiles with it as for users.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/build.sh"

# The unit tests, too, though make would link them.
check_units() { # COMPILER
  flags="-Ib/src/include -I$S6RC_TOP/src/include -I$S6RC_TOP/src $(config_value CPPFLAGS_AUTO b/config.mak) $(config_value CFLAGS_AUTO b/config.mak)"
  # shellcheck disable=SC2086 # words
  for file in "$S6RC_TOP"/tests/unit/*.c; do $1 $flags -Werror -fsyntax-only "$file" || fail "${file##*/}"; done
}

test_clang() {
  need clang
  configure_in b CC=clang CFLAGS='-O0 -Werror'
  make_in b objects CFLAGS='-O0 -Werror -fsyntax-only'
  check_units clang
}

# The libraries are for the system's C library.
test_musl() {
  need musl-gcc
  configure_in b CC=musl-gcc CFLAGS='-O0 -Werror' --disable-link-check
  make_in b objects CFLAGS='-O0 -Werror -fsyntax-only'
  # the other C library's headers were not used
  assert_file b/build/obj/libs6rc/path.d
  assert_exit 1 grep -rqE ' /usr/include/(stdio|unistd|stdlib)\.h' b/build/obj --include='*.d'
}

run_tests "$@"
