#!/bin/sh
# ISC license.
# Every call of the tools that make or change a database fails, one at a time:
# there is the new database, or the old one or none, and nothing beside it.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/faults.sh"

# A bit of everything.
sources() {
  longrun a env/X=1 data/file=x timeout-kill=2000
  ready_longrun b
  depends b a
  longrun source producer-for=drain
  longrun drain consumer-for=source pipeline-name=pipe
  oneshot o flag-essential= down='echo o'
  depends o a
  bundle all pipe o b
}

# What lies in a directory of its own: the database of this name, or nothing.
only() { [ "$(ls -A "$T/made")" = "$*" ]; }

# The tool does it when nothing fails any more.
again() { # COMMAND...
  faultless "$@" && only db && fault_same
}

test_compile() {
  faults_begin
  sources
  mkdir made
  DB=$T/made/db
  compile
  mv made/db wanted
  fault_before() { rm -rf "$DB"; }
  fault_same() { diff -r wanted "$DB" && only db; }
  fault_failed() { only '' && again s6-rc-compile -v0 "$DB" "$SRC"; }
  faults_sweep 100 s6-rc-compile -v0 "$DB" "$SRC"

}

run_tests "$@"
