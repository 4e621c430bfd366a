# ISC license.
# Sourced by every tests/DIR/FILE.sh; tests/README says how to write one.
# shellcheck shell=sh

# Run by hand: let the runner make the scratch directory and clean up.
if [ -z "${S6RC_SCRATCH:-}" ]; then
  here=$(cd "$(dirname "$0")" && pwd -P)
  file=${here##*/}/$(basename "$0" .sh)
  [ $# -gt 0 ] || exec "$here/../run" "$file"
  for name do
    shift
    set -- "$@" "$file/${name#test_}"
  done
  exec "$here/../run" "$@"
fi

# shellcheck source=tests/lib/processes.sh
. "$S6RC_TOP/tests/lib/processes.sh"
# shellcheck source=tests/lib/assert.sh
. "$S6RC_TOP/tests/lib/assert.sh"
# shellcheck source=tests/lib/services.sh
. "$S6RC_TOP/tests/lib/services.sh"
# shellcheck source=tests/lib/live.sh
. "$S6RC_TOP/tests/lib/live.sh"

# Only what can be searched: with a directory in PATH that cannot, a program
# that is nowhere is not "not found" but "Permission denied".
searchable() { # DIRECTORY:...
  IFS=:
  for _dir in $1; do if [ -x "$_dir/." ]; then printf ':%s' "$_dir"; fi; done
}
PATH=$S6RC_BIN$(searchable "$PATH")
LC_ALL=C
export PATH LC_ALL

# What every test has: a directory of its own (the working directory) and
# names in it for the usual things, of which none exists yet.
use_directory() {
  T=$1
  SRC=$T/src
  DB=$T/db
  SCAN=$T/scan
  LIVE=$T/live
  SCANLOG=$T/scan.log
  export T SRC DB SCAN LIVE SCANLOG
}

skip() { # REASON...
  printf '%s\n' "$*" >"$T.skip"
  exit 77
}

need_root() { [ "$(id -u)" = 0 ] || skip 'needs root'; }
need_user() { [ "$(id -u)" != 0 ] || skip 'needs an ordinary user'; }
# What was built by root need not be within the reach of others.
need_reach() { # UID
  need setpriv
  for _file in "$S6RC_BIN/s6-rc" "$S6RC_TOP/tests/lib/test.sh"; do
    setpriv --reuid="$1" --regid="$1" --clear-groups test -r "$_file" || skip "user $1 cannot read $_file"
  done
}
need() { # PROGRAM...
  for program do command -v "$program" >/dev/null || skip "$program is not installed"; done
}

# The exit trap of a test: a supervision tree that it started ends with it.
leave_test() {
  code=$1
  trap - EXIT
  set +eu
  stop_scan || { [ "$code" != 0 ] || code=1; }
  exit "$code"
}

run_test() { # NAME
  use_directory "$S6RC_SCRATCH/$number"
  mkdir "$T" || exit 111
  (
    trap 'leave_test $?' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # $$ is the whole file's shell; only a child knows this one's number
    TEST_SHELL=$(exec sh -c 'echo $PPID')
    umask 022
    cd "$T" || exit 111
    set -eu
    "test_$1"
  ) >"$T.out" 2>&1 </dev/null
  code=$?
  if [ "$code" = 0 ]; then
    echo "ok $S6RC_TEST_FILE/$1"
  elif [ "$code" = 77 ] && [ -f "$T.skip" ]; then
    echo "skipped $S6RC_TEST_FILE/$1: $(cat "$T.skip")"
  else
    failures=$((failures + 1))
    echo "not ok $S6RC_TEST_FILE/$1"
    tail -n 200 "$T.out" | sed 's/^/# /'
    echo "# exit code $code"
    if [ "$S6RC_KEEP" = yes ]; then return; fi
  fi
  chmod -R u+rwX "$T" 2>/dev/null
  rm -rf "$T" "$T.out" "$T.skip"
}

run_tests() { # [ NAME... ]: all functions test_NAME in the order of the file
  set +eu
  # The time limit's signal reaches the test, too, which ends and cleans up
  # first: what it printed shows where it was.
  stopped=no
  trap 'stopped=yes' TERM
  # shellcheck disable=SC2046 # names of functions are words
  [ $# -gt 0 ] || set -- $(sed -n 's/^test_\([A-Za-z0-9_]*\) *().*/\1/p' "$0")
  number=0 failures=0
  for name do
    number=$((number + 1))
    if command -v "test_$name" >/dev/null; then
      run_test "$name"
    else
      failures=$((failures + 1))
      echo "not ok $S6RC_TEST_FILE/$name"
      echo "# there is no function test_$name"
    fi
    if [ $stopped = yes ]; then exit 143; fi
  done
  [ $failures = 0 ]
  exit
}
