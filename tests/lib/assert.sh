# ISC license.
# Sourced by test.sh: claims. The first that does not hold ends the test.
# shellcheck shell=sh

fail() { # TEXT...
  printf '%s\n' "$@"
  exit 1
}

assert_eq() { # GOT WANTED [ WHAT ]
  [ "$1" = "$2" ] || fail "${3:-not equal}:" "  got:    $1" "  wanted: $2"
}

assert_contains() { # TEXT PART
  case $1 in *"$2"*) ;; *) fail "not found: $2" "in: $1" ;; esac
}

assert_lacks() { # TEXT PART
  case $1 in *"$2"*) fail "found: $2" "in: $1" ;; esac
}

# Runs a command whose result is looked at later: sets status, STDOUT, STDERR
# (the texts, without final newlines); never fails itself.
capture() { # COMMAND...
  status=0
  "$@" >"$T.stdout" 2>"$T.stderr" || status=$?
  STDOUT=$(cat "$T.stdout")
  STDERR=$(cat "$T.stderr")
  rm -f "$T.stdout" "$T.stderr"
}

assert_exit() { # CODE COMMAND...: also sets what capture sets
  _wanted=$1
  shift
  capture "$@"
  [ "$status" = "$_wanted" ] || fail "exit code $status instead of $_wanted: $*" "stdout: $STDOUT" "stderr: $STDERR"
}

assert_output() { # TEXT COMMAND...: exit code 0 and exactly this on stdout
  _text=$1
  shift
  assert_exit 0 "$@"
  assert_eq "$STDOUT" "$_text" "output of $*"
}

assert_file() { # PATH [ CONTENT ]: a regular file; final newlines do not count
  [ -f "$1" ] || fail "no regular file: $1"
  [ $# -lt 2 ] || assert_eq "$(cat "$1")" "$2" "content of $1"
}

assert_absent() { # PATH...
  for _path do if [ -e "$_path" ] || [ -L "$_path" ]; then fail "exists: $_path"; fi; done
}

assert_mode() { # PATH OCTAL
  assert_eq "$(stat -c %a "$1")" "$2" "mode of $1"
}

# Tries a command until it succeeds; fails when it did not within SECONDS.
wait_for() { # SECONDS COMMAND...
  _waited_until=$(($(date +%s) + $1 + 1))
  _waited=$1
  shift
  until "$@" >"$T.wait" 2>&1; do
    if [ "$(date +%s)" -ge "$_waited_until" ]; then
      printf 'not within %s s: %s\n' "$_waited" "$*"
      cat "$T.wait"
      rm -f "$T.wait"
      return 1
    fi
    sleep 0.05
  done
  rm -f "$T.wait"
}
