#!/bin/sh
# ISC license.
# doc/man/s6-rc-reliability.7: every promise has a test, and every test that it
# names exists.
# shellcheck source=tests/lib/test.sh
. "$(dirname "$0")/../lib/test.sh"

PAGE=$S6RC_TOP/doc/man/s6-rc-reliability.7

# The second cells of the tables, a line each: "FILE" or "FILE: TEST, TEST...";
# FILE without its suffix below tests/, or ./FILE, a program.
cells() {
  awk '/^\.\\"/ { next }
    /[|]T[{]$/ { on = 1; text = ""; next }
    /^T[}]/ { if (on) print text; on = 0; next }
    on { sub(/^\\&/, ""); text = text (text == "" ? "" : " ") $0 }' "$PAGE"
}

# FILE TEST for each, or FILE alone.
named() {
  cells | while read -r file names; do
    [ -n "$names" ] || echo "${file%:}"
    for name in $names; do echo "${file%:} ${name%,}"; done
  done
}

is_defined() { # FILE TEST
  case $1 in
    unit/*) grep -q "^TEST($2)" "$S6RC_TOP/tests/$1.c" ;;
    *) grep -q "^test_$2() " "$S6RC_TOP/tests/$1.sh" ;;
  esac
}

test_all_exist() {
  named >tests
  [ "$(wc -l <tests)" -gt 80 ] || fail 'too few tests found'
  while read -r file name; do
    if [ -n "$name" ]; then
      is_defined "$file" "$name" || echo "$file/$name"
    else
      [ -f "$S6RC_TOP/tests/$file.sh" ] || [ -f "$S6RC_TOP/tests/$file.c" ] || [ -d "$S6RC_TOP/tests/$file" ] ||
        case $file in ./*) [ -x "$S6RC_TOP/$file" ] ;; *) false ;; esac || echo "$file"
    fi
  done <tests 2>/dev/null >missing
  assert_eq "$(cat missing)" '' 'tests that the page names, and that are not there'
}

# What takes minutes is there to show something (style.sh: how texts are written).
test_all_of_hard_is_named() {
  named | sed -n 's|^hard/\([^ ]*\).*|\1|p' | sort -u >have
  for file in "$S6RC_TOP"/tests/hard/*.sh; do basename "$file" .sh; done | grep -vx style | sort >want
  assert_eq "$(comm -13 have want)" '' 'files of tests/hard that the page does not name'
}

run_tests "$@"
