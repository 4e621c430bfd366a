#!/bin/sh
# ISC license.
# The pages in doc/: without warnings, rendered as they are committed, all links lead somewhere.
# shellcheck source=tests/lib/test.sh
. "$(dirname "$0")/../lib/test.sh"

DOC=$S6RC_TOP/doc

test_no_warnings() {
  need mandoc
  assert_output '' mandoc -T lint -W warning "$DOC"/man/*.[1-9]
}

test_rendered() {
  need mandoc
  "$S6RC_TOP/tools/render-pages" "$T/new"
  for dir in "$DOC" "$T/new"; do
    (cd "$dir" && ls ./*.html)
  done | sort | uniq -u >only
  assert_eq "$(cat only)" '' 'pages that are there but not made, or made but not there (run tools/render-pages)'
  for page in "$T"/new/*.html; do
    cmp "$page" "$DOC/${page##*/}" || fail "doc/${page##*/} is not what tools/render-pages makes: run it"
  done
}

# PAGE LINK for each link in the HTML files.
links() {
  (cd "$DOC" && awk '{ line = $0
    while (match(line, /(href|src)="[^"]*"/)) {
      word = substr(line, RSTART, RLENGTH)
      sub(/^[a-z]*="/, "", word); sub(/"$/, "", word)
      print FILENAME, word
      line = substr(line, RSTART + RLENGTH)
    } }' ./*.html)
}

test_links() {
  links >found
  [ "$(wc -l <found)" -gt 100 ] || fail 'too few links found'
  while read -r page link; do
    file=${link%%#*} id=''
    case $link in *'#'*) id=${link#*#} ;; esac
    [ -n "$file" ] || file=$page
    if [ ! -f "$DOC/$file" ]; then
      echo "$page: $link: no such file"
    elif [ -n "$id" ]; then
      grep -Fq "id=\"$id\"" "$DOC/$file" || echo "$page: $link: no such place"
    fi
  done <found >wrong
  assert_eq "$(cat wrong)" '' 'dead links'
}

test_every_page_is_in_the_index() {
  for path in "$DOC"/*.html; do
    page=${path##*/}
    [ "$page" = index.html ] || grep -Fq "href=\"$page\"" "$DOC/index.html" || echo "$page"
  done >missing
  assert_eq "$(cat missing)" '' 'pages that index.html does not link'
}

# .Xr NAME SECTION: the HTML link would work with any section.
test_cross_references() {
  sed -n '/^\./p' "$DOC"/man/*.[1-9] | grep -o 'Xr [^ ]* [1-9]' | sed 's/^Xr \(.*\) /\1./' | sort -u >references
  [ "$(wc -l <references)" -gt 5 ] || fail 'too few references found'
  while read -r page; do
    [ -f "$DOC/man/$page" ] || echo "$page"
  done <references >missing
  assert_eq "$(cat missing)" '' 'cross references to pages that do not exist'
}

# What a page says its name and section are.
test_names() {
  for path in "$DOC"/man/*.[1-9]; do
    page=${path##*/}
    name=$(sed -n 's/^\.Nm //p' "$path" | head -n 1)
    title=$(sed -n 's/^\.Dt //p' "$path")
    assert_eq "$name" "${page%.*}" "name in $page"
    assert_eq "$title" "$(printf '%s %s' "${page%.*}" "${page##*.}" | tr '[:lower:]' '[:upper:]')" "title of $page"
  done
}

run_tests "$@"
