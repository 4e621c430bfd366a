# ISC license.
# Sourced by tests that look at the records of transitions, after test.sh.
# shellcheck shell=sh

# The record of service NUMBER as it is in the file: direction, result, value,
# run, and whether it has a begin and an end.
record() { # NUMBER [ FILE ]
  od -A n -v -t u1 -j $((64 * ($1 + 1))) -N 64 "${2:-$LIVE/records}" | tr -s ' \n' '  ' | awk '
    function word(at) { return $(at + 1) + 256 * $(at + 2) + 65536 * $(at + 3) + 16777216 * $(at + 4) }
    function has(at,  i, sum) { for (i = 1; i <= 8; i++) sum += $(at + i); return sum ? "yes" : "no" }
    { print word(0), word(4), sprintf("%.0f", word(8)), word(12), has(16) (has(16) == has(32) ? "" : "?"), has(24) (has(24) == has(40) ? "" : "?") }'
}
assert_record() { # NUMBER WHAT
  assert_eq "$(record "$1")" "$2" "record of service $1"
}

# The number in the live database.
number_of() { # NAME
  "$S6RC_BIN/s6-rc-db" -l "$LIVE" list services | grep -nFx -e "$1" | awk -F: '{ print $1 - 1 }'
}

# "RESULT VALUE RUN BEGUN ENDED" of a service that was to come up, or go down
assert_came_up() { # NAME WHAT
  assert_record "$(number_of "$1")" "1 $2"
}
assert_went_down() { # NAME WHAT
  assert_record "$(number_of "$1")" "2 $2"
}

status() { # ARGS of s6-rc-status
  "$S6RC_BIN/s6-rc-status" -l "$LIVE" "$@"
}
