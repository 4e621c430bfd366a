#!/bin/sh
# ISC license.
# Every call of the tools that only read fails, one at a time: each says what
# it could not do, or prints what it should.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/faults.sh"

# A bit of everything.
sources() {
  longrun a
  ready_longrun b
  depends b a
  longrun source producer-for=drain
  longrun drain consumer-for=source pipeline-name=pipe
  oneshot o flag-essential=
  oneshot fails up=false
  depends o a
  depends fails o
  bundle all pipe o b
}

# What does not depend on when it is printed, or on which service is quicker.
comparable() {
  sed -E 's/[0-9]+(\.[0-9]+)?/N/g; s/(N[dhms]*)( +N[dhms]*)*/N/g; s/ +/ /g' "$T/f.$1" | sort >"$T/f.$1.text"
}
fault_same() {
  # a warning says why there is less
  [ "${FAULT_LESS:-no}" = no ] || ! grep -Fq -e "$SAYS" "$T/f.err" $FAULT_SAYS || return 0
  comparable out
  comparable wanted
  cmp "$T/f.out.text" "$T/f.wanted.text"
}

sweep_each() { # LEAST TOOL ARGUMENT...; lines on stdin: more arguments
  while read -r _words; do
    # shellcheck disable=SC2086
    faults_sweep "$@" $_words
  done
}

test_db() {
  faults_begin
  sources
  compile
  sweep_each 10 s6-rc-db -c "$DB" <<'END'
check
list all
type b
timeout b
contents all
-d dependencies a
all-dependencies o
atomics all
pipeline drain
script o
flags o
graph
tree all
order all
END
}

live() {
  faults_begin
  sources
  start_live
  FAULT_DB=$LIVE/compiled
  rc change all
  assert_exit 1 rc change fails
}

test_db_live() {
  live
  faults_sweep 10 s6-rc-db -l "$LIVE" list all
}

test_lists() {
  live
  sweep_each 20 s6-rc -l "$LIVE" <<'END'
-a list
-da list
listall b
END
  FAULT_CODES='1 111'
  faults_sweep 50 s6-rc -l "$LIVE" -n 0 -da change
}

test_diff() {
  live
  faults_sweep 20 s6-rc -l "$LIVE" diff
  s6-svc -wd -d "$LIVE/servicedirs/a"
  FAULT_CODE=1
  faults_sweep 20 s6-rc -l "$LIVE" diff
}

test_status() {
  live
  FAULT_LESS=yes
  sweep_each 30 s6-rc-status -l "$LIVE" <<'END'

-j
-o name,state,problem
END
  FAULT_CODE=1 FAULT_CODES='0 111'
  faults_sweep 30 s6-rc-status -l "$LIVE" -f
}

test_why() {
  live
  FAULT_LESS=yes
  faults_sweep 30 s6-rc-why -l "$LIVE" a fails
}

test_times() {
  live
  sweep_each 20 s6-rc-times -l "$LIVE" <<'END'
blame
chain
plot
runs
END
}

test_lint() {
  faults_begin
  sources
  FAULT_CODE=1
  FAULT_SAYS=$T/f.out FAULT_LESS=yes
  faults_sweep 50 s6-rc-lint -o "$SRC"
}

test_dryrun_and_help() {
  faults_begin
  faults_sweep 2 s6-rc-dryrun -t 1 -- true
  for _tool in "$S6RC_BIN"/*; do faults_sweep 1 "$_tool" --help; done
}

run_tests "$@"
