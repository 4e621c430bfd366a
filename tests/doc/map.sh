#!/bin/sh
# ISC license.
# doc/map shows what is there: rooms, arrows, files, functions.
# shellcheck source=tests/lib/test.sh
. "$(dirname "$0")/../lib/test.sh"

MAP=$S6RC_TOP/doc/map

# A section of the map, without its headline.
section() { # TITLE
  awk -v title="$1" '{ if (last == title && $0 ~ /^-+$/) { on = 1; last = $0; next }
    if (on && $0 ~ /^-+$/) on = 0
    if (on) print kept
    kept = $0; last = $0 }
    END { if (on) print kept }' "$MAP" | sed '1d'
}

# The lines that begin four columns from the left: WORD, blanks, text.
entries() { section "$1" | sed -n 's/^    \([a-z0-9][^ ]*\)\( .*\|\)$/\1/p'; }

test_rooms() {
  entries Rooms | sort >named
  for dir in "$S6RC_TOP"/src/*/; do basename "$dir"; done | sort >have
  comm -3 have named >wrong
  assert_eq "$(cat wrong)" '' 'rooms that only src/ has, or (indented) only the map'
}

test_arrows() {
  section Arrows | awk '$2 == "->"' | while read -r room _ deps; do
    for dep in $deps; do echo "$room $dep"; done
    [ -n "$deps" ] || echo "$room -"
  done | sort >named
  for file in "$S6RC_TOP"/src/*/deps-lib; do
    room=$(basename "${file%/deps-lib}")
    [ -s "$file" ] || echo "$room -"
    # shellcheck disable=SC2013 # words, however they are spaced
    for dep in $(cat "$file"); do echo "$room $dep"; done
  done | sort >have
  comm -3 have named >wrong
  assert_eq "$(cat wrong)" '' 'arrows that only deps-lib files have, or (indented) only the map'
}

test_tools() {
  section Arrows | awk '$2 == "=>"' | while read -r tool _ deps; do
    for dep in $deps; do echo "$tool $dep"; done
  done | sort >named
  for file in "$S6RC_TOP"/src/*/deps-exe/*; do
    tr -s '[:space:]' '\n' <"$file" | grep -v -e '^-' -e '^\$' -e '^$' | sed "s/^/${file##*/} /"
  done | sort >have
  comm -3 have named >wrong
  assert_eq "$(cat wrong)" '' 'links that only deps-exe files have, or (indented) only the map'
}

# Words with a slash, and what they are: from the top, or from src/.
test_files() {
  grep -o '[A-Za-z0-9._-]*/[A-Za-z0-9._/-]*' "$MAP" | sed 's/[.,:]*$//' |
    grep -v -e ROOM -e TOOL -e '^/' | sort -u >files
  [ "$(wc -l <files)" -gt 40 ] || fail 'too few files found'
  while read -r file; do
    [ -e "$S6RC_TOP/$file" ] || [ -e "$S6RC_TOP/src/$file" ] || echo "$file"
  done <files >wrong
  assert_eq "$(cat wrong)" '' 'files that do not exist'
}

# A line with a function and then a file: the function is defined there.
test_functions() {
  sed -n 's/^ *\([a-z0-9_]*\)() *\([^ ]*\.c\).*/\1 \2/p' "$MAP" >functions
  [ "$(wc -l <functions)" -gt 40 ] || fail 'too few functions found'
  while read -r name file; do
    grep -Eq "^[a-z].*[ *]$name ?\(.*[^;]$" "$S6RC_TOP/src/$file" || echo "$name $file"
  done <functions >wrong
  assert_eq "$(cat wrong)" '' 'functions that are not defined in that file'
}

test_test_directories() {
  entries Tests | sort >named
  for dir in "$S6RC_TOP"/tests/*/; do printf 'tests/%s\n' "$(basename "$dir")"; done | sort >have
  comm -3 have named >wrong
  assert_eq "$(cat wrong)" '' 'directories that only tests/ has, or (indented) only the map'
}

run_tests "$@"
