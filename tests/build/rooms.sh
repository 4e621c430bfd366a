#!/bin/sh
# ISC license.
# The rooms under src/: each uses only what its deps-lib names, and what those do.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/build.sh"

archive() { # ROOM
  case $1 in lib*) echo "$S6RC_BUILD/build/lib/$1.a" ;; *) echo "$S6RC_BUILD/build/lib/lib$1.a" ;; esac
}

rooms() { for file in "$S6RC_TOP"/src/*/deps-lib; do basename "${file%/deps-lib}"; done; }

# The rooms that a room names.
deps() { tr ' ' '\n' <"$S6RC_TOP/src/$1/deps-lib"; }

# A room and everything below it; a cycle would never end, so it is found first.
below() { # ROOM
  printf '%s\n' "$1"
  for room in $(deps "$1"); do (below "$room"); done | sort -u
}

test_no_cycle() {
  for room in $(rooms); do
    for dep in $(deps "$room"); do
      [ -d "$S6RC_TOP/src/$dep" ] || fail "src/$room/deps-lib names $dep, which does not exist"
      echo "$room $dep"
    done
  done >arrows
  tsort arrows >/dev/null
}

test_arrows_point_down() {
  test_no_cycle
  need nm
  for room in $(rooms); do
    [ -f "$(archive "$room")" ] || continue
    nm -g --defined-only "$(archive "$room")" | awk -v room="$room" 'NF == 3 { print $3, room }'
  done | sort >defined
  for room in $(rooms); do
    [ -f "$(archive "$room")" ] || continue
    below "$room" | sort -u >allowed
    # symbols that the room lacks, joined with the rooms that have them
    nm -g -u "$(archive "$room")" | awk 'NF == 2 { print $2 }' | sort -u | join - defined |
      awk -v room="$room" 'FNR == NR { ok[$1] = 1; next } !($2 in ok) { print room " uses " $1 " of " $2 }' allowed -
  done >wrong
  assert_eq "$(cat wrong)" ''
}

# No name is defined in two rooms, and the installed library's are its own.
test_names() {
  need nm
  nm -g --defined-only "$(archive libs6rc)" | awk 'NF == 3 && $3 !~ /^s6rc_/ { print $3 }' | sort -u >foreign
  assert_eq "$(cat foreign)" '' 'names of libs6rc that do not begin with s6rc_'
  for room in $(rooms); do
    [ ! -f "$(archive "$room")" ] || nm -g --defined-only "$(archive "$room")" | awk 'NF == 3 { print $3 }' | sort -u
  done | sort | uniq -d >twice
  assert_eq "$(cat twice)" '' 'names in two rooms'
}

# The library prints nothing and never exits.
test_library_is_silent() {
  need nm
  nm -g -u "$(archive libs6rc)" | awk 'NF == 2 && $2 ~ /^(strerr_.*|exit|_exit|printf|puts|perror|abort|buffer_[12])$/ { print $2 }' | sort -u >calls
  assert_eq "$(cat calls)" ''
}

# configure makes these wider on 32 bits than they are where the libraries are built.
test_libraries_get_no_file_offsets() {
  need nm
  nm -u "$S6RC_BUILD"/build/lib/*.a | awk '{ print $2 }' | sort -u >used
  grep -qx stralloc_catb used || fail 'nothing found'
  for name in stat_at lstat_at 'fd_catn?' '.*writev?nclose_.*internal'; do assert_exit 1 grep -Eqx "$name" used; done
}

run_tests "$@"
