# ISC license.
# Sourced by tests/live/*.sh about transitions, after test.sh: services that
# tell when they run and wait until they may go on, s6-rc in the background.
# shellcheck shell=sh

# What happens is logged in $T/log, a line each. Whatever waits for something
# in $T also ends when $T goes: nothing outlives a test that fails.

# Command lines for up, down, reload: logs TEXT (plain words); held: and ends
# only when it is released.
until_exists() { # FILE in $T [ SECONDS between two looks ]
  printf 'until test -e %s/%s -o ! -d %s; do sleep %s; done' "$T" "$1" "$T" "${2:-0.05}"
}
says() { # TEXT
  printf 'sh -c "echo %s >>%s/log"' "$1" "$T"
}
held() { # TEXT
  printf 'sh -c "echo %s >>%s/log; %s; echo %s ends >>%s/log"' "$1" "$T" "$(until_exists "go.$1")" "$1" "$T"
}
release() { # TEXT...
  for _text do : >"$T/go.$_text"; done
}

# `run` of a longrun that logs "NAME runs", and "NAME ends" when it is told to
# end; ready_run: with notification-fd 3, and says that it is ready once it is
# released.
run_script() { # NAME
  printf '#!/bin/sh\ntrap "echo %s ends >>%s/log; exit 0" TERM\necho %s runs >>%s/log\n%s\n' \
    "$1" "$T" "$1" "$T" "$(until_exists never)"
}
ready_run() { # NAME
  printf '#!/bin/sh\ntrap "echo %s ends >>%s/log; exit 0" TERM\necho %s runs >>%s/log\n' "$1" "$T" "$1" "$T"
  printf '%s\necho %s ready >>%s/log\necho >&3\n%s\n' "$(until_exists "go.$1")" "$1" "$T" "$(until_exists never)"
}

logged() { # LINE
  grep -Fqx -e "$1" "$T/log" 2>/dev/null
}
wait_log() { # LINE...
  for _line do wait_for 10 logged "$_line" || fail 'the log:' "$(cat "$T/log")"; done
}
assert_logged() { # LINE...
  for _line do logged "$_line" || fail "not in the log: $_line" "$(cat "$T/log")"; done
}
assert_not_logged() { # LINE...
  for _line do ! logged "$_line" || fail "in the log: $_line" "$(cat "$T/log")"; done
}
# The lines are in the log in this order, whatever is between them.
assert_order() { # LINE...
  _last=0
  for _line do
    _at=$(grep -Fnx -e "$_line" "$T/log" | head -n 1 | cut -d: -f1)
    [ -n "$_at" ] || fail "not in the log: $_line" "$(cat "$T/log")"
    [ "$_at" -gt "$_last" ] || fail "too early in the log: $_line" "$(cat "$T/log")"
    _last=$_at
  done
}
count_log() { # LINE
  grep -Fcx -e "$1" "$T/log" || :
}

# s6-rc in the background, without a shell in between: $rc_pid.
rc_begin() { # ARGS of s6-rc
  # what the one before has said is not to be taken for its words
  : >"$T/rc.err"
  "$S6RC_BIN/s6-rc" -l "$LIVE" "$@" >"$T/rc.out" 2>"$T/rc.err" &
  rc_pid=$!
}
rc_end() { # CODE: waits for it; sets status, STDOUT, STDERR
  status=0
  wait "$rc_pid" || status=$?
  STDOUT=$(cat "$T/rc.out")
  STDERR=$(cat "$T/rc.err")
  [ "$status" = "$1" ] || fail "exit code $status instead of $1" "stdout: $STDOUT" "stderr: $STDERR"
}

# The state file as numbers, by service number: 0 s6rc-oneshot-runner, 1
# s6rc-fdholder, longruns by name, oneshots by name.
state() { od -A n -v -t u1 "$LIVE/state" | tr -s ' \n' ' ' | sed 's/^ //; s/ $//'; }
assert_state() { # BYTES
  assert_eq "$(state)" "$1" 'state'
}

# s6-rc has taken every signal that was sent to it.
signals_are_taken() {
  [ "$(sed -n 's/^ShdPnd:[[:space:]]*//p' "/proc/$rc_pid/status")" = 0000000000000000 ]
}

is_listed() { # NAME: s6-rc says it is up
  rc -a list | grep -Fqx -e "$1"
}
is_down() { # LONGRUN: s6-supervise neither has nor wants a process
  [ "$(s6-svstat -o pid,wantedup "$LIVE/servicedirs/$1")" = '-1 false' ]
}
