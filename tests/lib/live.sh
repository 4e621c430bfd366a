# ISC license.
# Sourced by test.sh: a supervision tree in $SCAN, a live directory $LIVE.
# shellcheck shell=sh

# A scan directory of its own with a real s6-svscan on it, in the background,
# whose output (and that of services without a logger) is in $SCANLOG. It ends
# with the test.
start_scan() { # [ SERVICES ]: as many as it will supervise at most
  mkdir -p "$SCAN"
  case $(s6-svscan -? 2>&1) in
    *'-C '*) set -- -C "${1:-2000}" ;;
    *) set -- -c "${1:-2000}" ;;
  esac
  rm -f "$T.scan-exit"
  : >"$T.scan"
  # A session of its own: the runner's signals to a test that takes too long
  # are not for the tree.
  # shellcheck disable=SC2016
  setsid sh -c 's6-svscan "$@" ; echo $? >"$T.scan-exit"' sh "$@" "$SCAN" </dev/null >"$SCANLOG" 2>&1 &
  wait_for 10 scan_answers || fail 's6-svscan does not run:' "$(cat "$SCANLOG")"
}

scan_answers() {
  if [ -e "$T.scan-exit" ]; then fail "s6-svscan exited $(cat "$T.scan-exit")"; fi
  s6-svscanctl -z "$SCAN"
}

# Ends the tree, services and all; fails if it, or what it has started, does not
# end. Nothing if there is none.
stop_scan() {
  [ -e "$T.scan" ] || return 0
  rm -f "$T.scan"
  [ -e "$T.scan-exit" ] || s6-svscanctl -q "$SCAN"
  if wait_for 20 test -e "$T.scan-exit"; then
    rm -f "$T.scan-exit"
    # scripts that the tree does not wait for may still have something to write,
    # also into a directory that is being removed
    wait_for 20 nothing_runs
  else
    echo 'the supervision tree did not end within 20 s; what runs:'
    processes_of "${S6RC_TEST_ID##*,}" "$T" | describe_processes "$(own_shells)"
    kill_scan
    return 1
  fi
}

# Kills the tree and everything else that the test started: for services that
# will not stop on their own, and to see what survives.
kill_scan() {
  rm -f "$T.scan"
  kill_processes "${S6RC_TEST_ID##*,}" "$T" "$(own_shells)"
  rm -f "$T.scan-exit"
}

# In two steps, since what looks for processes are processes, too.
nothing_runs() {
  processes_of "${S6RC_TEST_ID##*,}" "$T" >"$T.runs"
  _runs=$(describe_processes "$(own_shells)" <"$T.runs")
  rm -f "$T.runs"
  [ -z "$_runs" ] || { echo "$_runs" ; return 1; }
}

# The shell of the file, the runner's timeout above it, the subshell of the test.
own_shells() { echo "$$ $PPID $TEST_SHELL"; }

# shellcheck disable=SC2120
live_init() { # [ OPTION... ]
  "$S6RC_BIN/s6-rc-init" -c "$DB" -l "$LIVE" "$@" "$SCAN"
}

# All of it: compile $SRC, a tree, a live directory.
start_live() {
  compile
  start_scan
  live_init
}

rc() { # ARGS of s6-rc
  "$S6RC_BIN/s6-rc" -l "$LIVE" "$@"
}

# What s6 says about a longrun, and what s6-rc does. service_pid: nothing if it
# has no process (s6 says -1 then: never give that to kill).
service_pid() { s6-svstat -o pid "$LIVE/servicedirs/$1" | sed 's/^-1$//'; }
# Its process has become this: up is said before `run` has executed anything.
executes() { # NAME COMMAND-LINE
  [ "$(tr '\0' ' ' <"/proc/$(service_pid "$1")/cmdline")" = "$2 " ]
}
supervised_up() { [ "$(s6-svstat -o up "$LIVE/servicedirs/$1")" = true ]; }

assert_up() { # NAME...
  _up=$(rc -a list)
  for _name do printf '%s\n' "$_up" | grep -Fqx -e "$_name" || fail "not up: $_name" 'up are:' "$_up"; done
}

assert_down() { # NAME...
  _up=$(rc -a list)
  for _name do ! printf '%s\n' "$_up" | grep -Fqx -e "$_name" || fail "up: $_name" 'up are:' "$_up"; done
}
