# ISC license.
# Sourced by tests about runs that fail or are killed, after test.sh.
# shellcheck shell=sh

# The processes that work in a directory made for the live name, also in one
# that has been removed.
live_pids() {
  # shellcheck disable=SC2012 # nothing but ls shows where links lead to, all in one process
  ls -l /proc/[0-9]*/cwd 2>/dev/null | awk -v dir=" -> $LIVE:" '
    { at = index($0, "/proc/") }
    at && index($0, dir) { sub(".*/proc/", ""); sub("/.*", ""); print }'
}
live_processes() { live_pids | describe_processes; }
no_live_processes() { [ -z "$(live_pids)" ]; }

# What a failed run must not leave: anything beside the live name, anything in
# the scan directory but what is not ours (FOREIGN...), a supervisor.
assert_nothing_left() { # [ FOREIGN... ]
  assert_eq "$(find "${LIVE%/*}" -maxdepth 1 -name "${LIVE##*/}*")" '' 'left beside the live name'
  assert_eq "$(ls "$SCAN" 2>/dev/null)" "$(for _name do echo "$_name"; done)" 'left in the scan directory'
  # one that has said that it ends may still be doing so
  wait_for 10 no_live_processes || fail 'processes are left:' "$(live_processes)"
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

# --- for tests/hard/init_killed.sh and faults_live.sh

# All there, all supervised, all down, and nothing else. tests/live/init.sh
# says more about what is in it.
assert_complete() {
  assert_eq "$(echo "$LIVE"*)" "$LIVE $T/$(readlink "$LIVE")" 'beside the live name'
  assert_eq "$(ls -A "$LIVE/" "$LIVE/servicedirs" "$SCAN")" "$(cat listing)" 'entries'
  wait_for 10 four_supervisors || fail 'supervisors:' "$(live_processes)"
  diff -r -x down -x event -x supervise "$DB/servicedirs" "$LIVE/servicedirs"
  assert_eq "$(stat -c %a "$LIVE/servicedirs/"*/event | sort -u)" 3730 'modes of event directories'
  for name in a b s6rc-fdholder s6rc-oneshot-runner; do
    [ -f "$LIVE/servicedirs/$name/down" ] || fail "$name has no down file"
  done
  assert_eq "$(od -An -tx1 "$LIVE/state")" ' 00 00 00 00' 'state'
}
four_supervisors() { [ "$(live_pids | wc -l)" = 4 ]; }

# A run that was killed while it listened leaves FIFOs: nobody has to clear
# them away, the next event does.
assert_no_fifos() {
  rc change a b s6rc-oneshot-runner s6rc-fdholder
  wait_for 10 no_fifos || fail 'FIFOs:' "$(find "$LIVE/" -name '*ftrig1:*' -o -name .fifo)"
}
no_fifos() { [ -z "$(find "$LIVE/" -name '*ftrig1:*' -o -name .fifo)" ]; }

begin() {
  need strace
  longrun a data/file=x
  longrun b
  compile
  start_scan
  strace -o trace "$S6RC_BIN/s6-rc-init" -c "$DB" -l "$LIVE" "$SCAN"
  ls -A "$LIVE/" "$LIVE/servicedirs" "$SCAN" >listing
  assert_complete
  take_away
}

# All calls that change something, and those that come between others, from the
# trace of a run that nothing happened to, "NAME N" a line: few of each, fewer
# of those that copy files, which are many and alike.
stops_of_run() { # MOST MOST_OF_COPIES
  _changing='mkdir|mknod|mknodat|link|linkat|symlink|symlinkat|rename|renameat|renameat2|unlink|unlinkat|chmod|fchmodat|chown|fchownat|exit_group'
  stops "$1" .s6-svscan <trace | grep -E "^($_changing) "
  stops "$2" .s6-svscan <trace | grep -E "^(mkdirat|open|openat|write|pwrite64|fchmod|fchown|fcntl) "
}
