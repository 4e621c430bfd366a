#!/bin/sh
# ISC license.
# tools/portability: what it takes, and what it says of what is missing. What
# it does takes minutes: run by hand, and by CI.
. "$(dirname "$0")/../lib/test.sh"

tool=$S6RC_TOP/tools/portability

test_usage() {
  assert_exit 0 "$tool" --help
  for name in gcc-O0 clang-O2 musl i386 powerpc; do assert_contains "$STDOUT" "  $name "; done
  assert_exit 100 "$tool" vax
  assert_contains "$STDERR" 'Usage: tools/portability'
  assert_exit 100 "$tool" -j many musl
}

test_what_is_not_installed_is_skipped() {
  mkdir bin
  for program in sh cat cut grep sed rm mktemp dirname getconf; do ln -s "$(command -v $program)" bin/; done
  assert_output 'skipped portability/powerpc: powerpc-linux-gnu-gcc is not installed
0 passed, 0 failed' env PATH="$T/bin" "$tool" powerpc
}

run_tests "$@"
