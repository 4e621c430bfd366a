#!/bin/sh
# ISC license.
# list, listall, diff.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

RUNNER=s6rc-oneshot-runner
HOLDER=s6rc-fdholder

# top -> middle -> bottom, and e, essential, which needs f
services() {
  oneshot bottom
  longrun middle
  oneshot top
  oneshot e flag-essential=
  longrun f
  depends middle bottom
  depends top middle
  depends e f
  bundle some bottom f
}

lines() { printf '%s\n' "$@"; }
says_list() { # NAMES ARGS...
  # shellcheck disable=SC2086
  _wanted=$(lines $1)
  shift
  assert_output "$_wanted" rc "$@"
}

test_list() {
  services
  start_live
  # by number: longruns, then oneshots, both by name
  says_list 'middle bottom top' list top middle bottom
  says_list 'middle bottom top' -u list top top middle bottom
  says_list 'f bottom' list some
  says_list '' list
  says_list "$RUNNER $HOLDER f middle bottom e top" -d list
  says_list "$RUNNER $HOLDER f bottom e" -d list top middle
  # the last of -u, -d, -D counts
  says_list 'top' -d -u list top
}

test_what_is_up() {
  services
  start_live
  says_list '' -a list
  says_list "$RUNNER $HOLDER f middle bottom e top" -da list
  rc change middle
  says_list "$RUNNER middle bottom" -a list
  says_list "$HOLDER f e top" -da list
  says_list "$RUNNER middle bottom top" -a list top
  says_list "$HOLDER f e" -d -a list top
}

test_essentials() {
  services
  start_live
  rc change top e
  says_list "$RUNNER f middle bottom e top" -a -E list
  says_list 'f middle bottom top' -a -e list
  says_list "$RUNNER f middle bottom e top" -ae -E list
  says_list 'middle' -e -d list top bottom f e
  says_list 'middle' -D list top bottom f e
  says_list "$RUNNER $HOLDER middle e" -D -E list top bottom f
  says_list 'f bottom' --without-essentials list some e
  says_list 'f bottom e' --with-essentials list some e
  says_list 'f' -e listall e
  says_list "$RUNNER f e" -E listall e
}

test_closures() {
  services
  start_live
  says_list "$RUNNER middle bottom top" listall top
  says_list "$RUNNER bottom" listall bottom
  says_list 'middle bottom top' -d listall bottom
  says_list 'middle bottom top' -D listall bottom
  says_list 'top' -d listall top
  says_list "$RUNNER f bottom" listall some
  says_list 'f middle bottom e top' -d listall some
  says_list 'f middle bottom top' -D listall some
  says_list '' listall
  says_list '' -d listall
  rc change middle
  says_list "$RUNNER middle bottom" -a listall
  says_list "$RUNNER f middle bottom e" -a listall e
  says_list "$RUNNER middle bottom e top" -da listall s6rc-oneshot-runner
}

test_generated_ones() {
  services
  start_live
  says_list "$RUNNER $HOLDER" list $RUNNER $HOLDER
  says_list '' -e list $RUNNER $HOLDER
  says_list "$RUNNER middle bottom e top" -d listall $RUNNER
}

test_names_are_not_options() {
  oneshot -a
  oneshot list
  start_live
  says_list '-a' list -a
  says_list '-a list' -- list list -a
  rc change -a list
  assert_state '1 0 3 3'
}

test_diff() {
  services
  start_live
  says_list '' diff
  rc change top
  says_list '' diff
  s6-svc -wD -d "$LIVE/servicedirs/middle"
  s6-svc -wu -u "$LIVE/servicedirs/f"
  assert_exit 1 rc diff
  assert_eq "$STDOUT" "$(lines +f -middle)"
  assert_eq "$STDERR" ''
  # what runs but is not wanted is not up; what is wanted but does not run is
  s6-svc -wD -d "$LIVE/servicedirs/f"
  s6-svc -wu -o "$LIVE/servicedirs/f"
  assert_exit 1 rc diff
  assert_eq "$STDOUT" -middle
  # only a look
  assert_state '1 0 0 1 1 0 3'
  s6-svc -wu -u "$LIVE/servicedirs/middle"
  s6-svc -wD -d "$LIVE/servicedirs/f"
  says_list '' diff
  says_list '' -d diff
  says_list '' -a diff
}

# A file of a supervisor that is no status: nothing is known.
test_diff_with_damaged_status() {
  services
  start_live
  : >"$LIVE/servicedirs/middle/supervise/status"
  assert_exit 111 rc diff
  assert_contains "$STDERR" "s6-rc: fatal: unable to compare live directory $LIVE with the supervisor of middle: "
  assert_eq "$STDOUT" ''
}

test_diff_of_all() {
  services
  start_live
  rc change top e
  stop_scan
  # supervisors take down what they leave
  assert_exit 1 rc diff
  assert_eq "$STDOUT" "$(lines -$RUNNER -f -middle)"
}

test_output_that_cannot_be_written() {
  services
  start_live
  for words in 'list top' '-da list' 'listall top' 'help'; do
    # shellcheck disable=SC2016
    assert_exit 111 sh -c '"$S6RC_BIN/s6-rc" -l "$LIVE" $0 >/dev/full' "$words"
    assert_contains "$STDERR" 'unable to write to stdout'
  done
  s6-svc -wu -u "$LIVE/servicedirs/f"
  # shellcheck disable=SC2016
  assert_exit 111 sh -c '"$S6RC_BIN/s6-rc" -l "$LIVE" diff >/dev/full'
}

run_tests "$@"
