#!/bin/sh
# ISC license.
# The scripts and the sources as texts.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/build.sh"

# All shell scripts, as paths from the top: by name or by first line. Services
# of test sources and of examples are not ours to judge here.
scripts() {
  (cd "$S6RC_TOP" && find . \( -name .git -o -path './build*' \) -prune -o -type f -print) | sort | while read -r file; do
    case $file in
      ./tests/compile/*/* | ./examples/*/source/*) continue ;;
      *.sh) echo "$file" ; continue ;;
    esac
    case $(head -c 64 "$S6RC_TOP/$file" | tr -d '\000' | head -n 1) in '#!/bin/sh'*) echo "$file" ;; esac
  done
}

c_files() {
  (cd "$S6RC_TOP" && find src tests -name '*.[ch]' ! -path src/include/s6-rc/config.h) | sort
}

test_shellcheck() {
  need shellcheck
  scripts >list
  [ "$(wc -l <list)" -gt 10 ] || fail 'too few scripts found'
  cd "$S6RC_TOP"
  grep -v '^./tests/.*/' "$T/list" | xargs shellcheck -x
  shellcheck completions/s6-rc.bash
  # 1090, 2154: test files source a library whose place depends on $0; 2034:
  # variables for the file that sources this one; 2120: optional arguments;
  # 2164: test functions run with set -e; 3045: ulimit -n, which our shells have
  grep '^./tests/.*/' "$T/list" | xargs shellcheck -x -S warning -e 1090,2034,2120,2154,2164,3045
}

test_shells_can_read_scripts() {
  scripts >list
  for shell in dash 'busybox sh'; do
    command -v "${shell%% *}" >/dev/null || skip "$shell is not installed"
    while read -r file; do $shell -n "$S6RC_TOP/$file" || fail "$shell cannot read $file"; done <list
  done
}

test_scripts_are_executable() {
  scripts | while read -r file; do
    case $file in ./tests/lib/* | ./package/* | ./tests/*/*.sh) continue ;; esac
    [ -x "$S6RC_TOP/$file" ] || echo "$file"
  done >list
  assert_eq "$(cat list)" '' 'scripts that are not executable'
}

# Other versions break lines at other places.
test_clang_format() {
  format=''
  for program in clang-format-14 clang-format; do
    case $($program --version 2>/dev/null) in *' version 14.'*) format=$program ; break ;; esac
  done
  [ -n "$format" ] || skip 'clang-format 14 is not installed'
  c_files >list
  code=0
  (cd "$S6RC_TOP" && xargs $format --dry-run -Werror <"$T/list") 2>messages || code=$?
  assert_eq "$(sed -n 's/: error: code should be clang-formatted.*//p' messages | cut -d: -f1 | sort -u)" '' \
    'these need clang-format -i'
  [ $code = 0 ] || fail "$(cat messages)"
}

# Left out: what comes of functions that never return, which it does not know
# (the null pointers), and of a macro that moves a pointer after each field.
test_cppcheck() {
  need cppcheck
  set -- --std=c11 --enable=warning,performance,portability --error-exitcode=1 --quiet --suppress=nullPointerRedundantCheck \
    --suppress=nullPointerArithmeticRedundantCheck --suppress=ctunullpointer --suppress=uselessAssignmentPtrArg
  echo 'int f(int const *p) { int a[2] = {0, 1}; return a[2] + *p; }' >wrong.c
  assert_exit 1 cppcheck "$@" wrong.c
  cd "$S6RC_TOP"
  cppcheck "$@" -j 2 -Isrc/include -Isrc src
}

# .clang-tidy says what is left out.
test_clang_tidy() {
  need clang-tidy
  printf 'int f(int x)\n{\n  if (x)\n    ;\n  {\n    x++;\n  }\n  return x;\n}\nint g(char *p) { return sizeof(p) / sizeof(p[0]); }\n' >wrong.c
  cp "$S6RC_TOP/.clang-tidy" .
  assert_exit 1 clang-tidy --quiet wrong.c -- -std=c11
  cd "$S6RC_TOP"
  # the program's arguments are the files
  # shellcheck disable=SC2016
  find src -name '*.c' | sort | xargs -P 2 -n 20 sh -c 'flags=$1 && shift && clang-tidy --quiet "$@" -- $flags' tidy \
    "-Isrc/include -I$S6RC_BUILD/src/include -Isrc -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700 -std=c11"
}

run_tests "$@"
