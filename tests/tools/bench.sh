#!/bin/sh
# ISC license.
# tools/bench: runs through, shows every line, leaves nothing behind. Not a
# word about how long anything takes.
# shellcheck disable=SC2016 # a script for another shell
. "$(dirname "$0")/../lib/test.sh"

BENCH=$S6RC_TOP/tools/bench

# Where the scratch directory is made; the path is also in the environment of
# everything that is started.
use_scratch() {
  mkdir "$T/tmp"
  TMPDIR=$T/tmp
}

bench_processes() { processes_of "TMPDIR=$T/tmp" "$T/tmp" | describe_processes; }
no_bench_processes() { [ -z "$(bench_processes)" ]; }

assert_bench_left_nothing() {
  wait_for 20 no_bench_processes || fail 'processes are left:' "$(bench_processes)"
  assert_eq "$(ls -A "$T/tmp")" '' 'files that are left'
}

bench() { env TMPDIR="$T/tmp" S6RC_BIN="$S6RC_BIN" S6RC_LIBEXEC="$S6RC_LIBEXEC" "$BENCH" "$@"; }

# The rows of the table in $STDOUT, between the headline and the next empty line.
rows() { printf '%s\n' "$STDOUT" | sed -e '1,/ floor .* floor$/d' -e '/^$/,$d'; }

test_quick_shows_every_row() {
  use_scratch
  capture bench -q -r 1 -o "$T/tsv"
  [ "$status" = 0 ] || fail "exit code $status" "$STDOUT" "$STDERR"
  cut -f1 "$T/tsv" >names
  assert_eq "$(cat names)" "$(printf '%s\n' compile scale stack init up down several oneshots-up oneshots-down chain \
    update-oneshots update-tenth update-longruns list type script change status json \
    set-sync set-change set-fix set-commit set-status)" \
    'rows'
  rows >table
  assert_eq "$(wc -l <table)" "$(wc -l <names)" 'lines of the table'
  # the title and the target are text; between them there are 9 numbers and results
  while read -r line; do
    printf '%s\n' "$line" | grep -Eq '( +-?[0-9]+(\.[0-9]+)?){7}( +(-|-?[0-9.]+( ms)?)){2}  [^ ]' || fail "no row: $line"
  done <table
  # name, title, runs, 10 numbers, 2 results, target
  awk -F '\t' 'NF != 16 || $3 != 1 { print }
    { for (i = 3; i <= 13; i++) if ($i !~ /^[0-9.]+$/) print NR ": " $i }' "$T/tsv" >wrong
  assert_eq "$(cat wrong)" '' 'wrong fields'
  assert_bench_left_nothing
}

test_names_choose() {
  use_scratch
  capture bench -q -r 2 chain compile
  [ "$status" = 0 ] || fail "exit code $status" "$STDOUT" "$STDERR"
  rows >table
  assert_eq "$(cut -d ' ' -f1 <table)" "$(printf 'chain\ncompile')" 'rows'
  assert_bench_left_nothing
}

test_wrong_usage() {
  use_scratch
  assert_exit 100 bench -q no-such-benchmark
  assert_exit 100 bench -r 0
  assert_exit 100 bench -r x
  assert_exit 100 bench -x
  assert_exit 0 bench -h
  assert_contains "$STDOUT" 'longruns  longruns up and down'
  assert_bench_left_nothing
}

# A tool that fails ends the run with its message.
test_failing_tool() {
  use_scratch
  mkdir "$T/bin"
  for tool in "$S6RC_BIN"/*; do ln -s "$tool" "$T/bin/"; done
  rm "$T/bin/s6-rc"
  printf '#!/bin/sh\necho no luck >&2 ; exit 111\n' >"$T/bin/s6-rc"
  chmod 755 "$T/bin/s6-rc"
  S6RC_BIN=$T/bin
  capture bench -q -r 1 longruns
  assert_eq "$status" 1 'exit code'
  assert_contains "$STDERR" 'no luck'
  assert_bench_left_nothing
}

# grep is one of these processes itself
service_runs() { bench_processes | grep -q '[s]leep 86400'; }

# Interrupts it while supervised services run: the whole group, as ^C in a
# terminal does, or the shell alone.
interrupt() { # SIGNAL group|shell [ FUNCTION to be called before ]
  use_scratch
  # a background process inherits an ignored SIGINT, which sh could not trap
  env --default-signal=INT true || skip 'env has no --default-signal'
  env --default-signal=INT TMPDIR="$T/tmp" S6RC_BIN="$S6RC_BIN" S6RC_LIBEXEC="$S6RC_LIBEXEC" \
    setsid sh -c 'echo $$ >"$0" && exec "$1" -q -r 1000 longruns >"$2" 2>&1' "$T/pid" "$BENCH" "$T/out" &
  job=$!
  wait_for 120 service_runs || fail 'no service' "$(cat "$T/out")"
  pid=$(cat "$T/pid")
  if [ $# -gt 2 ]; then "$3"; fi
  case $2 in
    group) kill -s "$1" -- "-$pid" ;;
    shell) kill -s "$1" "$pid" ;;
  esac
  code=0
  wait "$job" || code=$?
  assert_bench_left_nothing
}

test_interrupted() {
  interrupt INT group
  assert_eq "$code" 130 'exit code'
}

test_interrupted_alone() {
  interrupt INT shell
  assert_eq "$code" 130 'exit code'
}

test_terminated() {
  interrupt TERM shell
  assert_eq "$code" 143 'exit code'
}

kill_supervisors() {
  bench_processes | awk '$2 == "s6-supervise" { print $1 }' >supervisors
  [ -s supervisors ] || fail 'no supervisor'
  # a tree may be coming to its end just now
  while read -r supervisor; do kill -KILL "$supervisor" || :; done <supervisors
}

# Services that have lost their supervisors do not stay behind either.
test_supervisors_killed() {
  interrupt TERM shell kill_supervisors
}

run_tests "$@"
