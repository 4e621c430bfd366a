#!/bin/sh
# ISC license.
# s6-rc-fdholder-filler with a real s6-fdholder-daemon.
. "$(dirname "$0")/../lib/test.sh"

# An fd-holder that holds up to $1 descriptors, on socket $T/s, supervised.
start_holder() { # [ MAXFDS ]
  mkdir -p "$SCAN/holder" rules/uid/0/env rules/uid/self/env
  for dir in rules/uid/0 rules/uid/self; do
    : >$dir/allow
    for right in S6_FDHOLDER_STORE_REGEX S6_FDHOLDER_RETRIEVE_REGEX S6_FDHOLDER_LIST S6_FDHOLDER_GETDUMP S6_FDHOLDER_SETDUMP; do
      echo >$dir/env/$right
    done
  done
  cat >"$SCAN/holder/run" <<END
#!/bin/sh
cd "$T"
exec s6-softlimit -o 1024 s6-fdholder-daemon -1 -n ${1:-900} -i rules s
END
  chmod 755 "$SCAN/holder/run"
  echo 1 >"$SCAN/holder/notification-fd"
  start_scan
  wait_for 10 s6-svstat "$SCAN/holder"
  s6-svwait -t 10000 -U "$SCAN/holder"
}

# Fills from stdin.
fill() { # ARGUMENT...
  s6-ipcclient -l0 -- "$T/s" "$S6RC_LIBEXEC/s6-rc-fdholder-filler" "$@"
}

fill_from() { # FILE ARGUMENT...
  _list=$1
  shift
  fill "$@" <"$_list"
}

held() { timeout 20 s6-fdholder-list "$T/s" | sort; }

# What must be held for the names on stdin.
both_ends() { sed -e 'h' -e 's/^/pipe:s6rc-r-/p' -e 'g' -e 's/^/pipe:s6rc-w-/' | sort; }

names() { # NUMBER
  awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) print "/service-" i }'
}

# The two ends of the pipe of a name are a pipe, empty and with nobody else at it.
check_pipe() { # NAME
  # shellcheck disable=SC2016
  s6-fdholder-retrieve "$T/s" "pipe:s6rc-w-$1" sh -c 'printf "through %s\n" "$1" >&0' sh "$1"
  assert_output "through $1" s6-fdholder-retrieve "$T/s" "pipe:s6rc-r-$1" head -n 1
}

check_filled() { # NUMBER
  names "$1" | sed 's/^.//' | both_ends >wanted
  held >got
  cmp wanted got
  check_pipe service-0
  check_pipe "service-$(($1 - 1))"
}

test_one() {
  start_holder
  names 1 >list
  fill <list
  check_filled 1
}

test_150() {
  start_holder
  names 150 >list
  fill <list
  check_filled 150
}

test_300_with_few_descriptors() {
  start_holder
  names 300 >list
  s6-softlimit -o 256 s6-ipcclient -l0 -- "$T/s" "$S6RC_LIBEXEC/s6-rc-fdholder-filler" <list
  check_filled 300
}

test_150_with_very_few_descriptors() {
  start_holder
  names 150 >list
  s6-softlimit -o 24 s6-ipcclient -l0 -- "$T/s" "$S6RC_LIBEXEC/s6-rc-fdholder-filler" <list
  check_filled 150
}

# Entries that expire at the same time ruin the daemon's order, which shows
# when some are taken away and others come.
test_the_holder_stays_sound() {
  start_holder
  names 150 >list
  fill <list
  for i in 0 149 75 1 2 3 148 60 61 62 63 64; do
    for end in r w; do timeout 20 s6-fdholder-delete "$T/s" "pipe:s6rc-$end-service-$i"; done
  done
  timeout 20 s6-fdholder-store "$T/s" one-more <list
  sed -n 1,40p list >some
  timeout 60 s6-ipcclient -l0 -- "$T/s" "$S6RC_LIBEXEC/s6-rc-fdholder-filler" <some
  for i in 0 5 39 140; do
    timeout 20 s6-fdholder-delete "$T/s" "pipe:s6rc-r-service-$i"
  done
  timeout 20 s6-fdholder-delete "$T/s" one-more
  # 150 less 12, 4 of these back again, less 4 single ends
  assert_eq "$(held | wc -l)" $((2 * (150 - 12 + 4) - 4))
}

# Filled again: the same names, other pipes.
test_replaces() {
  start_holder
  names 3 >list
  fill <list
  s6-fdholder-retrieve "$T/s" pipe:s6rc-w-service-1 sh -c 'echo old >&0'
  fill <list
  check_filled 3
  check_pipe service-1
}

test_odd_names() {
  start_holder
  utf8=$(printf '\303\251t\303\251')
  long=$(awk 'BEGIN { for (i = 0; i < 243; i++) printf "x" }')
  printf '%s\n' ' leading' 'trailing ' '#hash' 'a b' "$utf8" "quote'\"\\" '-u' "\$x\${y}" "$long" >plain
  sed 's,^,/,' plain >list
  fill <list
  # the list quotes
  sed -e 's/\\/\\\\/g' -e "s/$utf8/\\\\0xc3\\\\0xa9t\\\\0xc3\\\\0xa9/" plain | both_ends >wanted
  held >got
  cmp wanted got
  while IFS= read -r name; do check_pipe "$name" </dev/null; done <plain
}

# Lists as people write them.
test_plain_lists() {
  start_holder
  printf 'a\n\n# comment\n  \t b c \n   # x\n\t\nlast' >list
  fill <list
  printf '%s\n' a 'b c ' last | both_ends >wanted
  held >got
  cmp wanted got
}

test_readiness() {
  start_holder
  names 2 >list
  fill -1 <list >out
  printf '\n' | cmp - out
  fill --notify <list >out
  printf '\n' | cmp - out
  fill <list >out
  [ ! -s out ]
}

# Then nobody is asked: there may be no fd-holder.
test_nothing_to_do() {
  printf '\n# nothing\n' >list
  "$S6RC_LIBEXEC/s6-rc-fdholder-filler" -1 <list >out
  printf '\n' | cmp - out
  "$S6RC_LIBEXEC/s6-rc-fdholder-filler" </dev/null
}

# --- what goes wrong

test_names_that_are_too_long() {
  start_holder
  awk 'BEGIN { print "/a"; printf "/"; for (i = 0; i < 244; i++) printf "x"; print "" }' >list
  assert_exit 111 fill_from list -1
  assert_eq "$STDOUT" ''
  assert_contains "$STDERR" "s6-rc-fdholder-filler: fatal: line 2 of stdin: name $(sed -n '2s/^.//p' list) is too long"
  assert_contains "$STDERR" '243 bytes'
  assert_eq "$(held)" ''
}

test_what_is_no_name() {
  printf 'a\n/\n' >list
  assert_exit 111 fill_alone
  assert_contains "$STDERR" 'line 2 of stdin'
  printf 'a\0b\n' >list
  assert_exit 111 fill_alone
  assert_contains "$STDERR" 'line 1 of stdin'
}

fill_alone() { "$S6RC_LIBEXEC/s6-rc-fdholder-filler" "$@" <list; }

test_no_fd_holder() {
  names 1 >list
  assert_exit 111 fill_alone -1 6<&-
  assert_eq "$STDOUT" ''
  assert_contains "$STDERR" 'fatal: unable to use descriptor 6'
  assert_exit 111 fill_alone 6</dev/null
  assert_contains "$STDERR" 'fatal: unable to store the pipe of service-0 in the fd-holder'
  assert_exit 111 "$S6RC_LIBEXEC/s6-rc-fdholder-filler" <"$T"
  assert_contains "$STDERR" 'unable to read names from stdin: Is a directory'
}

test_a_full_holder() {
  start_holder 20
  names 11 >list
  assert_exit 111 fill_from list -1
  assert_eq "$STDOUT" ''
  assert_contains "$STDERR" 'unable to store the pipe of service-0 in the fd-holder'
  assert_contains "$STDERR" 'is its hard limit on open files high enough?'
}

# Somebody listens, and never answers.
test_timeout() {
  mkdir -p "$SCAN/mute"
  printf '#!/bin/sh\ncd "%s"\nexec s6-ipcserver -1 s sleep 3600\n' "$T" >"$SCAN/mute/run"
  chmod 755 "$SCAN/mute/run"
  echo 1 >"$SCAN/mute/notification-fd"
  start_scan
  wait_for 10 s6-svstat "$SCAN/mute"
  s6-svwait -t 10000 -U "$SCAN/mute"
  names 1 >list
  assert_exit 111 fill_from list -t 200
  assert_contains "$STDERR" 'unable to store the pipe of service-0 in the fd-holder: Connection timed out'
  assert_exit 111 fill_from list --timeout=200
  kill_scan
}

test_usage() {
  for arguments in -x x '-t x' '-t' '-1x' '--notify=1' '--timeout'; do
    # shellcheck disable=SC2086
    assert_exit 100 "$S6RC_LIBEXEC/s6-rc-fdholder-filler" $arguments
    assert_contains "$STDERR" 's6-rc-fdholder-filler: usage: s6-rc-fdholder-filler [ -1 ] [ -t timeout ]'
  done
  assert_exit 0 "$S6RC_LIBEXEC/s6-rc-fdholder-filler" --help
  assert_contains "$STDOUT" '-1, --notify'
  assert_contains "$STDOUT" '-t, --timeout MS'
}

run_tests "$@"
