# ISC license.
# Sourced by tests/update/*.sh, after test.sh: two databases with a bit of
# everything between them, and what has to hold whatever happens on the way.
# shellcheck shell=sh

# Two databases, old and new, between which the way is the same forth and back:
# `stays` and `ready` keep running, `name` becomes `newname`, `gone` goes,
# `fresh` comes, `again` needs that one in its place and so restarts with
# `script`, `turns` becomes a oneshot, `drain` of a pipeline is renamed under
# way.
write_sources() {
  longrun stays
  ready_longrun ready
  depends ready stays
  longrun name
  longrun gone
  longrun again
  depends again gone
  oneshot script
  depends script again
  longrun turns
  longrun source producer-for=drain
  longrun drain consumer-for=source pipeline-name=pipe
  bundle all stays ready name gone again script turns pipe
  "$S6RC_BIN/s6-rc-compile" "$T/old" "$SRC"
  rm -rf "$SRC/gone" "$SRC/again" "$SRC/turns" "$SRC/all" "$SRC/name" "$SRC/drain"
  longrun newname
  longrun fresh
  longrun again
  depends again fresh
  oneshot turns
  longrun source producer-for=newdrain
  longrun newdrain consumer-for=source pipeline-name=pipe
  bundle all stays ready newname fresh again script turns pipe
  "$S6RC_BIN/s6-rc-compile" "$T/new" "$SRC"
  printf '%s\n' 'name -> newname' 'drain -> newdrain' >"$T/forth"
  printf '%s\n' 'newname -> name' 'newdrain -> drain' >"$T/back"
}

# Whatever they are called now, these are never touched: NAME PID, a line each.
KEPT_OLD='stays ready name source drain s6rc-fdholder s6rc-oneshot-runner'
KEPT_NEW='stays ready newname source newdrain s6rc-fdholder s6rc-oneshot-runner'

start_old() {
  write_sources
  start_scan
  "$S6RC_BIN/s6-rc-init" -c "$T/old" -l "$LIVE" "$SCAN"
  rc change all
  LIST_old=$(rc -a list)
  PIDS=$(for _name in $KEPT_OLD; do service_pid "$_name"; done)
}

update() { "$S6RC_BIN/s6-rc-update" -l "$LIVE" "$@"; }
db_live() { "$S6RC_BIN/s6-rc-db" -l "$LIVE" "$@"; }

# What is live now: old or new.
live_now() {
  _live=$(readlink "$LIVE/compiled")
  echo "${_live##*/}"
}

# Sets DB, the one to go to, and CONV, the conversion file for the way.
choose_way() {
  case $(live_now) in
    old) TO=new CONV=$T/forth ;;
    new) TO=old CONV=$T/back ;;
  esac
}

# The same processes work in the same directories, whatever these are called.
assert_kept() { # NAME...
  # shellcheck disable=SC2046,SC2086
  _where=$(stat -L -c %d:%i $(printf '/proc/%s/cwd ' $PIDS)) || fail 'processes are gone'
  assert_eq "$_where" "$(cd "$LIVE/servicedirs" && stat -L -c %d:%i "$@")" 'where the processes are'
}

# Nothing but what belongs there.
assert_tidy() { # CONSUMER
  _live=$(readlink "$LIVE")
  for _entry in "$T"/live*; do
    case ${_entry#"$T/"} in
      live | live:s6-rc-init:??????) ;;
      *) [ "${_entry#"$T/"}" = "$_live" ] || fail "left behind: $_entry" ;;
    esac
  done
  for _entry in update state.before state.after update.pipes update.pipes.new state.new records.new compiled.new link.new; do
    assert_absent "$LIVE/$_entry"
  done
  for _entry in "$LIVE/servicedirs/"*; do
    [ -L "$SCAN/${_entry##*/}" ] || fail "not in the scan directory: ${_entry##*/}"
  done
  for _entry in "$SCAN"/*; do
    [ -e "$_entry/run" ] || fail "leads nowhere: $_entry"
    [ -e "$LIVE/servicedirs/${_entry##*/}" ] || fail "left in the scan directory: ${_entry##*/}"
  done
  for _entry in "$T"/live:*/servicedirs/.fifo "$T"/live:*/servicedirs/*/.s6-rc-update:*; do
    assert_absent "$_entry"
  done
  # those that nobody reads go with the next event
  wait_for 10 no_listeners
  _held=$(s6-fdholder-list "$LIVE/servicedirs/s6rc-fdholder/s" | sort)
  assert_eq "$_held" "pipe:s6rc-r-$1
pipe:s6rc-w-$1" 'held pipes'
}

no_listeners() {
  for _entry in "$T"/live:*/servicedirs/*/event/ftrig1*; do [ ! -e "$_entry" ] || return 1; done
}

# All of it, and nothing of the other one.
assert_is() { # old|new
  assert_eq "$(live_now)" "$1" 'the live database'
  eval "_list=\$LIST_$1"
  assert_eq "$(rc -a list)" "$_list" "what is up in the $1 database"
  assert_output '' rc diff
  # shellcheck disable=SC2086
  case $1 in
    old) assert_kept $KEPT_OLD && assert_tidy drain ;;
    new) assert_kept $KEPT_NEW && assert_tidy newdrain ;;
  esac
}

assert_readable() {
  rc -a list >/dev/null
  rc -da list >/dev/null
  db_live check
  for _name in $(db_live list longruns); do
    [ -f "$LIVE/servicedirs/$_name/run" ] || fail "no service directory: $_name"
  done
}

# There and back once, to know what is up then, and which calls are made: the
# files calls.old and calls.new, by where the way begins.
learn_way() { # [ KEEP ]
  for _way in forth back; do
    choose_way
    _from=$(live_now)
    strace -o "$T/trace" "$S6RC_BIN/s6-rc-update" -l "$LIVE" -f "$CONV" "$T/$TO"
    changing_calls "${1:-1}" <"$T/trace" >"$T/calls.$_from"
    [ $TO = old ] || LIST_new=$(rc -a list)
    assert_is $TO
  done
}

# From an strace log: "CALL N" for the calls that changed something, and for
# the end; of those that are alike but for the name of a service, of a
# generation, or of a file in a tree that is copied or removed, the first KEEP
# and the last one. A call that failed has changed nothing: the moments before
# and after it are the same.
changing_calls() { # KEEP
  awk -v keep="$1" '
    !/^[a-z0-9_]+\(/ { next }
    { call = $0; sub(/\(.*/, "", call); n[call]++ }
    call !~ /^(rename|link|symlink|unlink|rmdir|mkdir|mknod|openat|open|creat|write|pwrite|ftruncate|chmod|fchmod|chown|fchown|lchown|fsync|sendmsg|kill|clone|vfork|fork|exit_group|close)/ { next }
    call ~ /^open/ && !/O_CREAT/ { next }
    / = -1 E/ { next }
    call == "close" && !(fd() in made) { next }
    call ~ /^open/ { fdnow = $NF; made[fdnow] = 1 }
    {
      key = $0
      gsub(/live:s6-rc-[a-z]+:[^\/"]*/, "G", key)
      gsub(/ftrig1:@[^"]*/, "F", key)
      gsub(/(newname|newdrain|s6rc-oneshot-runner|s6rc-fdholder|stays|ready|name|gone|again|script|turns|source|drain|fresh)/, "S", key)
      gsub(/"(S6_FDHOLDER_[A-Z_]+|0|self|allow|env|rules|uid|pipes)"/, "\"R\"", key)
      if (call == "unlinkat") gsub(/"(R|S|run|down|event|supervise|lock|control|status|death_tally)"/, "\"X\"", key)
      sub(/ += [0-9?]+.*/, "", key)
      gsub(/\([0-9]+, /, "(", key)
      gsub(/ [0-9]+, "/, " \"", key)
      if (call ~ /^(sendmsg|clone|vfork|fork)/) key = call n[call]
      else if (call == "close") { delete made[fd()]; key = "close " named }
      else if (call ~ /^(write|pwrite|ftruncate|fchmod$|fchown$|fsync)/) key = key " " named
      else named = key
      count[key]++
      last[key] = call " " n[call]
      if (count[key] <= keep) print NR, call, n[call]
      else again[key] = NR
    }
    function fd(  text) { text = $0; sub(/^[^(]*\(/, "", text); sub(/\).*/, "", text); return text }
    END { for (key in again) print again[key], last[key] }' | sort -n | cut -d " " -f 2-
}

# The calls to try now, for the way that begins here: takes the first one of
# its list, sets CALL, N and ERROR (if it is there); where there is none left,
# goes the way and looks at
# the other list. Fails if both are at their end.
next_call() {
  choose_way
  if [ ! -s "$T/calls.$(live_now)" ]; then
    [ -s "$T/calls.$TO" ] || return 1
    update -f "$CONV" "$T/$TO"
    assert_is $TO
    choose_way
  fi
  _list=$T/calls.$(live_now)
  read -r CALL N ERROR _ <"$_list"
  sed 1d "$_list" >"$_list.rest"
  mv "$_list.rest" "$_list"
}

# Starts, learns the calls, and leaves only those of PATTERN in the lists.
begin_sweep() { # PATTERN
  need strace
  start_old
  learn_way
  for _from in old new; do
    grep -E "^($1) " "$T/calls.$_from" >"$T/calls" || :
    mv "$T/calls" "$T/calls.$_from"
  done
  SWEPT=0 # how often a call was there
}

end_sweep() { # LEAST
  [ $SWEPT -ge "$1" ] || fail "only $SWEPT calls were swept"
  assert_eq "$(for _name in $KEPT_OLD $KEPT_NEW; do
    if [ -e "$LIVE/servicedirs/$_name" ]; then service_pid "$_name"; fi
  done | sort -n | uniq)" "$(printf '%s\n' $PIDS | sort -n)" 'processes'
}

# The update, killed before the call; fails if it came to its end before.
killed_update() {
  _code=0
  strace -qq -o "$T/trace" -e trace="$CALL" -e inject="$CALL:signal=KILL:when=$N" \
    "$S6RC_BIN/s6-rc-update" -l "$LIVE" -f "$CONV" "$T/$TO" >"$T/out" 2>&1 || _code=$?
  [ $_code != 0 ] || return 1
  [ $_code = 137 ] || fail "exit code $_code, not killed at $CALL $N" "$(cat "$T/out")"
}

# What a test has to say after each call of a sweep.
each_time() { :; }

# Kills the update before each of the calls. Readers go on; the next tool, in
# turn s6-rc and s6-rc-update, undoes or completes.
sweep_killed() { # PATTERN LEAST
  begin_sweep "$1"
  while next_call; do
    echo "killed at $CALL $N, on the way to $TO"
    killed_update || { assert_is $TO; continue; }
    SWEPT=$((SWEPT + 1))
    assert_readable
    _before=$(live_now)
    if [ $((SWEPT % 2)) = 1 ]; then
      rc -v0 change
    elif [ "$_before" = $TO ]; then
      update -v0 "$T/$TO"
    else
      update -v0 -f "$CONV" "$T/$TO"
      _before=$TO
    fi
    assert_is "$_before"
    each_time
  done
  end_sweep "$2"
}

# The update is over, or has not been, when it ends; what it then says and
# returns is as documented.
check_failed() { # FROM
  _after=$1
  echo "exit code $status" "$STDERR"
  # a FIFO that could not be removed: the next event does it
  case $CALL in unlinkat | malloc | realloc) rm -f "$T"/live:*/servicedirs/*/event/ftrig1* ;; esac
  case $status in
    0) _after=$TO ;;
    1)
      # one that did not come up has said so, and can be asked for again
      _after=$TO
      assert_contains "$STDERR" "$SAYS"
      rc change all
      ;;
    9)
      assert_contains "$STDERR" "$SAYS"
      assert_contains "$STDERR" 'not switched'
      ;;
    111) assert_contains "$STDERR" "$SAYS" ;;
    *) fail 'not a documented exit code' ;;
  esac
  assert_is "$_after"
}

# Lets each of the calls fail, in turn with ENOSPC and with EIO (and the other
# way round the next time, since the way back has the same calls).
sweep_failing() { # PATTERN LEAST
  begin_sweep "$1"
  while next_call; do
    _from=$(live_now)
    case $_from-$((N % 2)) in
      old-0 | new-1) ERROR=ENOSPC SAYS='No space left on device' ;;
      *) ERROR=EIO SAYS='Input/output error' ;;
    esac
    echo "$CALL $N fails with $ERROR, on the way to $TO"
    capture strace -qq -o "$T/trace" -e trace="$CALL" -e inject="$CALL:error=$ERROR:when=$N" \
      "$S6RC_BIN/s6-rc-update" -l "$LIVE" -f "$CONV" "$T/$TO"
    if grep -q INJECTED "$T/trace"; then SWEPT=$((SWEPT + 1)); fi
    check_failed "$_from"
  done
  end_sweep "$2"
}

# The same for what strace does not see, see faults.sh: a place that both ways
# pass is tried on one of them.
sweep_faults() { # PATTERN LEAST
  faults_begin
  start_old
  for _way in forth back; do
    choose_way
    _from=$(live_now)
    rm -f "$FAULTS/log"
    echo learn >"$FAULTS/plan"
    preloaded s6-rc-update -l "$LIVE" -f "$CONV" "$T/$TO"
    grep -E "^($1) " "$FAULTS/log" >"$T/log.$_from"
    [ $TO = old ] || LIST_new=$(rc -a list)
  done
  # of the way back, only the places that it has for itself
  awk 'NR == FNR { tried[$1, $2]; next } { if (($1, $2) in tried) $2 = "-"; print }' "$T/log.old" "$T/log.new" >"$T/log"
  mv "$T/log" "$T/log.new"
  for _from in old new; do
    cp "$T/log.$_from" "$FAULTS/log"
    fault_plans >"$T/calls.$_from"
  done
  SWEPT=0
  while next_call; do
    _from=$(live_now)
    echo "$CALL $N $ERROR" >"$FAULTS/plan"
    echo "$CALL $N fails with $ERROR, on the way to $TO"
    rm -f "$FAULTS/hit"
    capture preloaded s6-rc-update -l "$LIVE" -f "$CONV" "$T/$TO"
    SAYS=
    if [ -f "$FAULTS/hit" ]; then
      SWEPT=$((SWEPT + 1))
      read -r SAYS <"$FAULTS/hit"
    fi
    check_failed "$_from"
  done
  end_sweep "$2"
}
