#!/bin/sh
# ISC license.
# A tool's usage, its --help and its page say the same: synopses, options, commands.
# shellcheck source=tests/lib/test.sh
. "$(dirname "$0")/../lib/test.sh"

MAN=$S6RC_TOP/doc/man

# NAME PATH for each installed tool.
tools() {
  for path in "$S6RC_BIN"/* "$S6RC_LIBEXEC"/*; do
    [ ! -f "$path" ] || [ ! -x "$path" ] || echo "${path##*/} $path"
  done
}

page_of() { # TOOL
  for path in "$MAN/$1".[18]; do
    [ -f "$path" ] || fail "no page for $1: doc/man/$1.1 or $1.8"
    echo "$path"
    return
  done
}

# Blanks do not count: "[ -b ]" is "[-b]".
squeeze() { tr -d ' \t'; }

# The synopses, a line each, from the text after "usage: " on.
synopses() { # FILE: help or usage
  sed -n -e 's/^\(.*: \|\)usage: //p' -e 's/^\([a-z0-9-]*: \|\)       \([a-z]\)/\2/p' "$1" | squeeze
}

# mdoc lines on stdin as plain text, each on one line.
rendered() {
  { printf '.Dd November 24, 2026\n.Dt X 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd x\n' "$1"
    cat; } | mandoc -T ascii -O width=500 | sed "s/.$(printf '\b')//g"
}

# A section of a page, as mdoc.
section() { # FILE TITLE
  awk -v title=".Sh $2" '/^\.Sh / { on = 0 } on { print } $0 == title { on = 1 }' "$1"
}

page_synopses() { # TOOL FILE
  { echo '.Sh SYNOPSIS' ; section "$2" SYNOPSIS; } | rendered "$1" |
    awk '/^[^ ]/ { on = $0 == "SYNOPSIS"; next } on && NF' | squeeze
}

# The items of the first-level lists in a section, rendered one a line.
page_items() { # TOOL FILE TITLE
  { echo '.Sh ITEMS'
    section "$2" "$3" | awk '/^\.Bl / { depth++ } /^\.El/ { depth-- } depth == 1 && sub(/^\.It /, "") { print ".D1", $0 }'
  } | rendered "$1" | awk '/^[^ ]/ { on = $0 == "ITEMS"; next } on && NF' | squeeze | sort
}

# The left column of a table in the help text: up to column 30, or a whole line
# if the right column begins on the next one.
help_items() { # HELP TITLE
  awk -v title="$2:" '
    function flush() { if (line != "") print left; line = "" }
    $0 == title { on = 1; next }
    /^[^ ]/ || NF == 0 { if (on) flush(); on = 0; next }
    !on { next }
    substr($0, 1, 30) ~ /^ *$/ { left = line; flush(); next }
    { flush(); line = $0; left = substr($0, 1, 30) }
    END { flush() }' "$1" | grep -v '^ *--help *$' | squeeze | sort
}

compare() { # WHAT ONE OTHER TOOL NAME-OF-ONE NAME-OF-OTHER
  cmp -s "$2" "$3" || fail "$4: $1 differ" "in $5:" "$(cat "$2")" "in $6:" "$(cat "$3")"
}

test_synopses() {
  need mandoc
  tools | while read -r name path; do
    page=$(page_of "$name")
    assert_exit 0 "$path" --help
    printf '%s\n' "$STDOUT" >help
    assert_exit 100 "$path" --no-such-option
    printf '%s\n' "$STDERR" >usage
    synopses help >a
    synopses usage >b
    page_synopses "$name" "$page" >c
    [ -s a ] || fail "$name --help has no synopsis"
    compare synopses a b "$name" --help usage
    compare synopses a c "$name" --help "${page##*/}"
  done
}

test_options() {
  need mandoc
  tools | while read -r name path; do
    page=$(page_of "$name")
    assert_exit 0 "$path" --help
    printf '%s\n' "$STDOUT" >help
    help_items help options >a
    page_items "$name" "$page" OPTIONS >b
    [ -s a ] || fail "$name --help has no options"
    compare options a b "$name" --help "${page##*/}"
  done
}

test_commands() {
  need mandoc
  tools | while read -r name path; do
    page=$(page_of "$name")
    assert_exit 0 "$path" --help
    printf '%s\n' "$STDOUT" >help
    help_items help commands >a
    page_items "$name" "$page" COMMANDS >b
    [ ! -s a ] || : >found
    compare commands a b "$name" --help "${page##*/}"
  done
  assert_file found
}

# What s6-rc-lint has beside options.
test_checks() {
  need mandoc
  page=$(page_of s6-rc-lint)
  assert_exit 0 s6-rc-lint --help
  printf '%s\n' "$STDOUT" >help
  help_items help checks >a
  page_items s6-rc-lint "$page" CHECKS >b
  [ -s a ] || fail 's6-rc-lint --help has no checks'
  compare checks a b s6-rc-lint --help "${page##*/}"
}

# Options of the synopsis are those of the table: both are written by hand.
test_synopsis_has_all_options() {
  tools | while read -r name path; do
    assert_exit 0 "$path" --help
    printf '%s\n' "$STDOUT" >help
    synopses help | grep -o -e '-[A-Za-z0-9]' | sort -u >a
    # what has no letter counts by its whole name
    help_items help options | sed 's/^\(-[^-]\).*/\1/' | sort -u >b
    synopses help | grep -o -e '--[a-z-]*' >>a || :
    sort -u -o a a
    # a long synopsis word such as s6-rc has hyphens too
    join a b >both
    compare options both b "$name" synopsis --help
  done
}

# The summary is the page's, word for word.
test_summaries() {
  tools | while read -r name path; do
    page=$(page_of "$name")
    assert_exit 0 "$path" --help
    assert_eq "$(printf '%s\n' "$STDOUT" | sed -n "1s/^$name: //p")" "$(sed -n 's/^\.Nd //p' "$page")" "summary of $name"
  done
}

test_every_page_has_its_tool() {
  tools | cut -d' ' -f1 | sort >have
  for path in "$MAN"/*.[18]; do
    page=${path##*/}
    grep -qx -e "${page%.*}" have || echo "$page"
  done >wrong
  assert_eq "$(cat wrong)" '' 'pages of tools that do not exist'
}

# Every exit code has its place in a page's list, and 0 and 100 are never missing.
test_exit_codes() {
  tools | while read -r name path; do
    page=$(page_of "$name")
    section "$page" 'EXIT STATUS' | sed -n 's/^\.It \([0-9]*\)$/\1/p' >codes
    for code in 0 100 111; do grep -qx "$code" codes || fail "${page##*/} does not explain exit code $code"; done
    sort -n codes | cmp -s - codes || fail "exit codes of ${page##*/} are not in order"
  done
}

# The library's page names every public function, and no other.
test_library() {
  page=$MAN/s6-rc-library.3
  sed -n -e 's/^\(extern\|static inline\) .*[ *]\(s6rc_[a-z0-9_]*\) \{0,1\}(.*/\2/p' \
    -e 's/^#define \(s6rc_[a-z0-9_]*\)(.*/\1/p' "$S6RC_TOP"/src/include/s6-rc/*.h | sort -u >have
  [ "$(wc -l <have)" -gt 40 ] || fail 'too few functions found'
  grep -o 's6rc_[a-z0-9_]*' "$page" | grep -v -e '^s6rc_type$' -e '^s6rc_dir$' -e '^s6rc_db$' -e '^s6rc_service$' |
    sort -u >named
  comm -3 have named >wrong
  assert_eq "$(cat wrong)" '' 'functions that only the headers have, or (indented) only the page'
}

run_tests "$@"
