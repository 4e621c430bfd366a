# ISC license.
# Sourced by tests/update/*.sh, after test.sh: two databases with a bit of
# everything between them, and what has to hold whatever happens on the way.
# shellcheck shell=sh

# Two databases, old and new. From one to the other: `stays` and `ready` keep
# running, `name` becomes `newname`, `gone` goes, `fresh` comes, `again` gets
# it as a dependency and so restarts with `script`, `turns` becomes a oneshot,
# `drain` of a pipeline is renamed under way.
write_sources() {
  longrun stays
  ready_longrun ready
  depends ready stays
  longrun name
  longrun gone
  longrun again
  oneshot script
  depends script again
  longrun turns
  longrun source producer-for=drain
  longrun drain consumer-for=source pipeline-name=pipe
  bundle all stays ready name gone again script turns pipe
  "$S6RC_BIN/s6-rc-compile" "$T/old" "$SRC"
  rm -rf "$SRC/gone" "$SRC/turns" "$SRC/all" "$SRC/name" "$SRC/drain"
  longrun newname
  longrun fresh
  depends again fresh
  oneshot turns
  longrun source producer-for=newdrain
  longrun newdrain consumer-for=source pipeline-name=pipe
  bundle all stays ready newname fresh again script turns pipe
  "$S6RC_BIN/s6-rc-compile" "$T/new" "$SRC"
  printf '%s\n' 'name -> newname' 'drain -> newdrain' >"$T/forth"
  printf '%s\n' 'newname -> name' 'newdrain -> drain' >"$T/back"
}

start_old() {
  write_sources
  start_scan
  "$S6RC_BIN/s6-rc-init" -c "$T/old" -l "$LIVE" "$SCAN"
  rc change all
  OLD_LIST=$(rc -a list)
  KEPT=$(kept_pids)
}

# The way back, to where we began (what is gone in between has to be asked for).
go_back() {
  update -v0 -f "$T/back" "$T/old"
  rc change all
  assert_is_old
}

update() { "$S6RC_BIN/s6-rc-update" -l "$LIVE" "$@"; }

# Whatever they are called now, these are never touched.
kept_pids() {
  for _name in stays ready name newname source drain newdrain s6rc-fdholder s6rc-oneshot-runner; do
    if [ -d "$LIVE/servicedirs/$_name" ]; then service_pid $_name; fi
  done
}

# Nothing but what belongs there.
assert_tidy() {
  for _entry in "$T"/live*; do
    case ${_entry#"$T/"} in
      live | live:s6-rc-init:??????) ;;
      *) [ "$_entry" = "$(readlink -f "$LIVE")" ] || fail "left behind: $_entry" ;;
    esac
  done
  for _entry in update state.before state.after update.pipes state.new records.new compiled.new link.new; do
    assert_absent "$LIVE/$_entry"
  done
  assert_eq "$(ls "$SCAN")" "$(ls "$LIVE/servicedirs")" 'entries of the scan directory'
  for _entry in "$SCAN"/*; do [ -e "$_entry/run" ] || fail "leads nowhere: $_entry"; done
  _left=$(find "$T"/live:*/servicedirs \( -name 'ftrig1*' -o -name .fifo -o -name '.s6-rc-update:*' \))
  assert_eq "$_left" '' 'left in service directories'
  _held=$(s6-fdholder-list "$LIVE/servicedirs/s6rc-fdholder/s" | sort | tr '\n' ' ')
  assert_eq "$_held" "pipe:s6rc-r-$1 pipe:s6rc-w-$1 " 'held pipes'
}

assert_is_old() {
  assert_eq "$(rc -a list)" "$OLD_LIST" 'what is up in the old database'
  assert_output '' rc diff
  assert_eq "$(kept_pids)" "$KEPT" 'processes'
  assert_tidy drain
}

assert_is_new() {
  assert_eq "$(rc -a list)" "$NEW_LIST" 'what is up in the new database'
  assert_output '' rc diff
  assert_eq "$(kept_pids)" "$KEPT" 'processes'
  assert_tidy newdrain
}

assert_readable() {
  rc -a list >/dev/null
  rc -da list >/dev/null
  db_live check
  for _name in $(db_live list longruns); do
    [ -f "$LIVE/servicedirs/$_name/run" ] || fail "no service directory: $_name"
  done
}

db_live() { "$S6RC_BIN/s6-rc-db" -l "$LIVE" "$@"; }

# Runs the update, killed before its Nth call of CALLS; fails if it came to
# its end.
killed_update() { # CALLS N
  _code=0
  strace -qq -o "$T/trace" -e trace="$1" -e inject="$1:signal=KILL:when=$2" \
    "$S6RC_BIN/s6-rc-update" -l "$LIVE" -f "$T/forth" "$T/new" >"$T/out" 2>&1 || _code=$?
  [ $_code != 0 ] || return 1
  [ $_code = 137 ] || fail "exit code $_code" "$(cat "$T/out")"
}

# Odd: the next tool is s6-rc; even: s6-rc-update.
sweep() { # CALLS
  start_old
  update -f "$T/forth" "$T/new"
  NEW_LIST=$(rc -a list)
  assert_is_new
  go_back
  _n=0
  while _n=$((_n + 1)) && killed_update "$1" $_n; do
    echo "killed at $1 $_n: $(tail -n 2 "$T/trace" | head -n 1)"
    assert_readable
    if [ $((_n % 2)) = 1 ]; then
      rc -v0 change
      case $(readlink "$LIVE/compiled") in
        "$T/old") assert_is_old && update -f "$T/forth" "$T/new" ;;
        *) ;;
      esac
    else
      case $(readlink "$LIVE/compiled") in
        "$T/old") update -v0 -f "$T/forth" "$T/new" ;;
        *) update -v0 "$T/new" ;;
      esac
    fi
    assert_is_new
    go_back
  done
  [ $_n -gt 1 ] || fail "not one call of $1"
  assert_is_new
}
