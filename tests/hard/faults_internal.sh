#!/bin/sh
# ISC license.
# Every call of what others run fails, one at a time: of the oneshot runner,
# and of what fills the fd-holder.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/faults.sh"

# A live directory whose oneshot runner has what preloaded() would give to a
# command, whenever somebody connects.
start_preloaded() {
  compile
  sed -i "s|$S6RC_LIBEXEC/s6-rc-oneshot-run|env LD_PRELOAD=$PRELOAD FAULTS=$FAULTS &|" "$DB/servicedirs/s6rc-oneshot-runner/run"
  grep -q FAULTS= "$DB/servicedirs/s6rc-oneshot-runner/run"
  start_scan
  live_init
}
preloaded_client() {
  preloaded() { timeout -s KILL "$FAULT_LIMIT" "$@"; }
}

# Two scripts for each connection; what they do can be counted.
test_runner() {
  faults_begin
  oneshot a up="sh -c \"echo a >>$T/ran\""
  oneshot b up="sh -c \"echo b >>$T/ran\""
  depends b a
  echo none >"$FAULTS/plan"
  start_preloaded
  rc change s6rc-oneshot-runner
  preloaded_client
  fault_before() { # the plan is for s6-rc below, not for this one
    _plan=$(cat "$FAULTS/plan")
    faultless s6-rc -l "$LIVE" -v0 -d change a
    echo "$_plan" >"$FAULTS/plan"
    rm -f ran
  }
  ran() { [ "$(cat ran)" = "$*" ]; }
  fault_same() {
    assert_eq "$(cat ran)" "a
b" 'what ran'
    assert_up a b
  }
  # it may have run, and nobody came to know
  fault_failed() {
    assert_output '' rc diff
    faultless s6-rc -l "$LIVE" -v0 change b || fail 'fails again'
    assert_up a b
    grep -qx b ran
  }
  # what it is about is said where the runner writes to; s6-rc knows which oneshot
  fault_message() {
    case $(cat "$T/f.err") in
      *'service a'*'failed to start'* | *'service b'*'failed to start'*) ;;
      *) fault_fail 'no message' ;;
    esac
  }
  FAULT_CODES='1 111'
  faults_sweep 50 s6-rc -l "$LIVE" change b
}

# By hand, as a dry run prints it.
test_script() {
  faults_begin
  longrun l
  oneshot a up="echo hello"
  start_live
  number=1
  until [ "$number" -gt 9 ] || [ "$("$S6RC_LIBEXEC/s6-rc-oneshot-run" -l "$LIVE" up "$number" 2>/dev/null)" = hello ]; do
    number=$((number + 1))
  done
  FAULT_CODES='111 126 127' FAULT_DB=$LIVE
  faults_sweep 10 "$S6RC_LIBEXEC/s6-rc-oneshot-run" -l "$LIVE" up "$number"
}

test_filler() {
  faults_begin
  mkdir -p "$SCAN/holder" rules/uid/0/env rules/uid/self/env
  for dir in rules/uid/0 rules/uid/self; do
    : >$dir/allow
    for right in S6_FDHOLDER_STORE_REGEX S6_FDHOLDER_LIST S6_FDHOLDER_SETDUMP; do echo >$dir/env/$right; done
  done
  printf '#!/bin/sh\ncd "%s"\nexec s6-fdholder-daemon -1 -n 100 -i rules s\n' "$T" >"$SCAN/holder/run"
  chmod 755 "$SCAN/holder/run"
  echo 1 >"$SCAN/holder/notification-fd"
  start_scan
  wait_for 10 s6-svstat "$SCAN/holder"
  s6-svwait -t 10000 -U "$SCAN/holder"
  printf '/a\n/b\n' >names
  FAULT_STDIN=$T/names
  preloaded() { # what s6-ipcclient executes, and not itself
    timeout -s KILL "$FAULT_LIMIT" s6-ipcclient -l0 -- "$T/s" env LD_PRELOAD="$PRELOAD" FAULTS="$FAULTS" "$@" <"$T/names"
  }
  held() { timeout 20 s6-fdholder-list "$T/s" | sort | tr '\n' ' '; }
  fault_same() {
    cmp "$T/f.out" "$T/f.wanted" || exit 1
    assert_eq "$(held)" 'pipe:s6rc-r-a pipe:s6rc-r-b pipe:s6rc-w-a pipe:s6rc-w-b ' held
  }
  fault_failed() {
    faultless "$S6RC_LIBEXEC/s6-rc-fdholder-filler" -1 >"$T/f.out" || fail 'fails again'
    fault_same
  }
  faults_sweep 20 "$S6RC_LIBEXEC/s6-rc-fdholder-filler" -1
}

run_tests "$@"
