# ISC license.
# Sourced by tests about runs that fail or are killed, after test.sh.
# shellcheck shell=sh

# The processes that work in a directory made for the live name, also in one
# that has been removed.
live_processes() {
  # shellcheck disable=SC2012 # nothing but ls shows where links lead to, all in one process
  ls -l /proc/[0-9]*/cwd 2>/dev/null | grep -F -e " -> $LIVE:" | sed 's|.*/proc/\([0-9]*\)/cwd.*|\1|' | describe_processes
}
no_live_processes() { [ -z "$(live_processes)" ]; }

# What a failed run must not leave: anything beside the live name, anything in
# the scan directory but what is not ours (FOREIGN...), a supervisor.
assert_nothing_left() { # [ FOREIGN... ]
  assert_eq "$(find "${LIVE%/*}" -maxdepth 1 -name "${LIVE##*/}*")" '' 'left beside the live name'
  assert_eq "$(ls "$SCAN" 2>/dev/null)" "$(for _name do echo "$_name"; done)" 'left in the scan directory'
  assert_eq "$(live_processes)" '' 'processes'
}

# From an strace log: "NAME N" for calls to stop at. Of a call that is made
# more than MOST times: the first and the last of them, and some in between.
# Everything up to the first line with AFTER is left out.
stops() { # MOST AFTER
  awk -v most="$1" -v after="$2" '
    !/^[a-z0-9_]+\(/ { next }
    { name = $0; sub(/\(.*/, "", name); n[name]++ }
    !begun { first[name] = n[name] + 1; begun = index($0, after); next }
    END {
      for (name in n) {
        from = name in first ? first[name] : 1
        count = n[name] - from + 1
        for (i = 0; i < count; i++)
          if (count <= most || i >= count - most / 2 || i * (most / 2) % count < most / 2) print name, from + i
      }
    }' | sort -k1,1 -k2,2n
}

# Ends the supervision of all that is in the scan directory and takes the live
# directory away, whatever state they are in.
take_away() {
  rm -f "$SCAN/"*
  s6-svscanctl -an "$SCAN"
  wait_for 10 no_live_processes
  rm -rf "$LIVE" "$LIVE:"*
}
