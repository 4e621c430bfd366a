#!/bin/sh
# ISC license.
# tools/fuzz, as far as it goes without building anything; CI runs it.
. "$(dirname "$0")/../lib/test.sh"

FUZZ=$S6RC_TOP/tools/fuzz

test_usage() {
  assert_exit 0 "$FUZZ" -h
  assert_contains "$STDOUT" 'Usage: tools/fuzz'
  for wrong in '' 0 x '1 nosuchtarget' '-j 0 1' '-x 1' '1 replay'; do
    # words, on purpose
    # shellcheck disable=SC2086
    assert_exit 100 "$FUZZ" $wrong
    assert_contains "$STDERR" 'Usage: tools/fuzz'
  done
}

test_no_runtime() {
  mkdir bin
  printf '#!/bin/sh\necho "no libclang_rt.fuzzer" >&2\nexit 1\n' >bin/clang
  chmod +x bin/clang
  PATH=$T/bin:$PATH
  assert_exit 1 "$FUZZ" 1
  assert_contains "$STDERR" 'no libclang_rt.fuzzer'
  assert_contains "$STDERR" 'libclang-rt-dev'
}

# A target without inputs to start from would be tested with nothing.
test_every_target_has_inputs() {
  for file in "$S6RC_TOP"/tests/fuzz/*.c; do
    name=$(basename "$file" .c)
    [ "$name" = replay ] || [ -n "$(ls "$S6RC_TOP/tests/fuzz/corpus/$name")" ] || fail "no corpus: $name"
  done
}

run_tests "$@"
