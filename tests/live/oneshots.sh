#!/bin/sh
# ISC license.
# How scripts are run: by whom, with what, how many.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# Prints what it was given to $T/seen.NAME.
inspector() {
  cat >"$T/inspect" <<END_OF_SCRIPT
#!/bin/sh
{
  env | sort
  echo "cwd \$(pwd -P)"
  echo "umask \$(umask)"
  echo "parent \$PPID"
  echo "session \$(cut -d' ' -f6 /proc/self/stat)"
  for i in "\$@"; do echo "word <\$i>"; done
} >$T/seen.\$RC_NAME
END_OF_SCRIPT
  chmod 755 "$T/inspect"
}

test_environment() {
  inspector
  oneshot 'a name' up="$T/inspect"
  oneshot other down="$T/inspect" reload="$T/inspect"
  MARK_OF_THE_TREE='of the tree' RC_NAME=wrong start_live
  env -i CALLER=1 PATH=/nowhere RC_NAME=wrong "$S6RC_BIN/s6-rc" -l "$LIVE" change 'a name' other
  seen=$(cat "$T/seen.a name")
  assert_contains "$seen" 'RC_NAME=a name'
  assert_contains "$seen" 'MARK_OF_THE_TREE=of the tree'
  # Debian's execlineb puts its own directory before it
  grep -q -x -e "PATH=\(.*:\)\?$PATH" "$T/seen.a name"
  assert_lacks "$seen" CALLER
  assert_lacks "$seen" nowhere
  # nothing about the connection either
  for name in PROTO IPCREMOTEEUID IPCREMOTEEGID IPCREMOTEPATH IPCCONNNUM IPCLOCALPATH; do
    assert_lacks "$seen" "$name="
  done
  # the tree's environment, and one variable
  tr '\0' '\n' <"/proc/$(service_pid s6rc-oneshot-runner)/environ" | cut -d= -f1 | sort -u >tree
  env -i CALLER=1 "$S6RC_BIN/s6-rc" -l "$LIVE" reload other
  sed -n '/^cwd /q; s/=.*//p' "$T/seen.other" | grep -v -x -e PWD -e OLDPWD -e _ -e SHLVL | sort >script
  { grep -v -x -e PWD -e OLDPWD -e _ -e SHLVL -e RC_NAME tree; echo RC_NAME; } | sort >wanted
  assert_eq "$(cat script)" "$(cat wanted)" variables
}

# Whoever calls: the same directory, session, umask, signals, limits.
test_surroundings() {
  inspector
  oneshot a up="$T/inspect" down="$T/inspect"
  oneshot descriptors up='ls /proc/self/fd'
  oneshot signals up='grep ^Sig /proc/self/status'
  longrun l
  start_live
  rc change l
  # which is looked at below
  wait_for 10 executes l 'sleep 86400'
  mkdir "$T/elsewhere"
  (
    cd "$T/elsewhere"
    umask 077
    trap '' TERM PIPE
    "$S6RC_BIN/s6-rc" -l "$LIVE" change a
  )
  mv "$T/seen.a" first
  rc -d change a
  grep -v '^parent ' first >first.same
  grep -v '^parent ' "$T/seen.a" >second.same
  cmp first.same second.same
  grep -q -x "cwd $(cd -P "$LIVE/servicedirs/s6rc-oneshot-runner" && pwd -P)" first
  assert_eq "$(sed -n 's/^session //p' first)" "$(service_pid s6rc-oneshot-runner)"
  # shells change these themselves
  rc change signals >signals
  grep -q '^SigBlk:[[:space:]]*0000000000000000$' signals
  # what the tree ignores; glibc adds two of its own, 32 and 33
  wanted=$((0x$(sed -n 's/^SigIgn:[[:space:]]*//p' "/proc/$(service_pid l)/status") & 0x7fffffff))
  assert_eq $((0x$(sed -n 's/^SigIgn:[[:space:]]*//p' signals) & 0x7fffffff)) $wanted
  # no descriptor that others in the tree do not have; 3: ls reads the directory
  ls "/proc/$(service_pid l)/fd" >others
  rc change descriptors >descriptors
  assert_eq "$(grep -v -x -e 3 -f others descriptors)" ''
}

test_standard_descriptors() {
  oneshot a up='sh -c "read line; echo got $line; echo wrong >&2"'
  start_live
  echo line >in
  "$S6RC_BIN/s6-rc" -l "$LIVE" change a <in >out 2>err
  assert_file out 'got line'
  assert_file err wrong
}

test_closed_descriptors() {
  oneshot a up="sh -c \"ls -l /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 >$T/fds\""
  start_live
  "$S6RC_BIN/s6-rc" -l "$LIVE" change a <&- >&- 2>&-
  assert_eq "$(sed -n 's/.* -> //p' "$T/fds" | grep -c /dev/null)" 2
}

test_output_that_nobody_reads() {
  oneshot a up='sh -c "echo text; echo more"'
  start_live
  capture sh -c '{ "$S6RC_BIN/s6-rc" -l "$LIVE" change a; echo $? >code; } | :'
  # 1 if the script has met the end of the pipe
  case $(cat code) in 0 | 1) ;; *) fail "exit code $(cat code)" "$STDERR" ;; esac
}

test_empty_scripts() {
  oneshot a up='' down=''
  oneshot b up=' # a comment
'
  start_live
  # nothing is started for them, not even a connection is needed
  rc change s6rc-oneshot-runner
  rm "$LIVE/servicedirs/s6rc-oneshot-runner/s"
  rc change a b
  assert_state '3 0 3 3'
  rc reload a b
  rc -d change a b
  assert_state '3 0 0 0'
}

test_words() {
  inspector
  words='' i=0
  while [ $i -lt 1000 ]; do
    words="$words w$i"
    i=$((i + 1))
  done
  oneshot many up="$T/inspect$words"
  oneshot odd up="$T/inspect \"\" \"two words\" \"a\\nb\" \$HOME \"back\\\\slash\" { block of words } *"
  start_live
  rc change many odd
  assert_eq "$(grep -c '^word <w' "$T/seen.many")" 1000
  grep -q -x 'word <w999>' "$T/seen.many"
  assert_eq "$(grep -A 1 '^word' "$T/seen.odd")" 'word <>
word <two words>
word <a
b>
word <$HOME>
word <back\slash>
word < block>
word < of>
word < words>
word <>
word <*>'
}

# A program without a slash is looked for in the tree's PATH, not the caller's.
test_path() {
  mkdir bin other
  printf '#!/bin/sh\necho the right one\n' >bin/program
  printf '#!/bin/sh\necho the wrong one\n' >other/program
  chmod 755 bin/program other/program
  oneshot a up=program
  oneshot b up=no-such-program
  PATH=$T/bin:$PATH start_live
  PATH=$T/other:$PATH assert_output 'the right one' rc change a
  # relative to where scripts run
  assert_exit 1 rc change b
}

test_numbers_of_processes() {
  need strace
  for i in 1 2 3 4 5 6 7 8 9; do
    oneshot "s$i" up=true
    [ $i -lt 5 ] || depends "s$i" "s$((i - 4))"
  done
  bundle all s1 s2 s3 s4 s5 s6 s7 s8 s9
  start_live
  rc change s6rc-oneshot-runner
  strace -ff -o trace -e trace=execve,accept,accept4 -p "$(service_pid s6rc-oneshot-runner)" 2>strace.err &
  strace=$!
  attached() { grep -q attached strace.err || ! kill -0 $strace; }
  wait_for 10 attached
  grep -q attached strace.err || skip "strace cannot trace here: $(cat strace.err)"
  rc change all
  # all that belongs to it has ended when its output is complete
  ended() { [ "$(cat trace.* | grep -c '+++ exited')" -ge 10 ]; }
  wait_for 10 ended
  kill $strace
  wait $strace || :
  # a file for each process
  count() { cat trace.* | grep -c "$1"; }
  assert_eq "$(count 'accept.*= [0-9]')" 1 connections
  # the scripts, and the one process that serves the connection
  assert_eq "$(count '+++ exited')" 10 processes
  assert_eq "$(count 'execve("[^"]*true".* = 0')" 9 scripts
  # the tools around it are paid for once
  assert_eq "$(count 'execve("[^"]*s6-rc-oneshot-run".* = 0')" 1
  assert_eq "$(count 'execve("[^"]*s6-ipcserver-access".* = 0')" 1
}

# What scripts keep may not take rights from the runner.
test_umask_of_the_runner() {
  for mask in 000 077 277 777; do
    rm -rf lock running
    (umask $mask && "$S6RC_LIBEXEC/s6-rc-oneshot-run" -l "$LIVE" serve </dev/null 2>/dev/null) || :
    assert_eq "$(stat -c %a lock running | tr '\n' ' ')" '600 700 ' "umask $mask"
  done
}

test_s6_rc_starts_none() {
  need strace
  strace -o /dev/null true || skip 'strace cannot trace here'
  oneshot a up=true down=true
  ready_longrun l
  longrun m
  start_live
  rc change a
  traced() {
    rm -f trace.*
    strace -ff -o trace -e trace=execve env ASAN_OPTIONS=detect_leaks=0 "$S6RC_BIN/s6-rc" -l "$LIVE" "$@"
  }
  traced -d change a
  assert_eq "$(ls trace.* | wc -l)" 1
  # waiting costs none: only s6-svc, as many as it takes to tell them
  traced change l m
  others=$(cat trace.* | grep 'execve.* = 0' | grep -v -e '"[^"]*/env"' -e '"[^"]*/s6-rc"' -e '"[^"]*/s6-svc"') || :
  assert_eq "$others" '' 'other programs'
  svc=$(cat trace.* | grep -c 'execve("[^"]*s6-svc".* = 0')
  [ "$svc" -le 2 ] || fail "s6-svc was started $svc times"
  assert_eq "$(ls trace.* | wc -l)" $((svc + 1)) processes
}

test_three_hundred_at_once() {
  names='' i=0
  while [ $i -lt 300 ]; do
    # every one waits for all
    oneshot "s$i" up="sh -c \"echo x >>$T/log; $(until_exists go 0.5)\"" timeout-up=120000
    names="$names s$i"
    i=$((i + 1))
  done
  # shellcheck disable=SC2086
  bundle all $names
  start_live
  rc_begin change all
  all_run() { [ "$(count_log x)" = 300 ]; }
  wait_for 60 all_run
  : >"$T/go"
  rc_end 0
  assert_eq "$(rc -ae list | grep -c '^s[0-9]')" 300
}

# The script is the service's, whatever its number: the first, the last.
test_right_script() {
  for i in 1 2 3 4 5 6 7 8 9; do
    oneshot "s$i" up="sh -c \"echo s$i \$RC_NAME up >>$T/log\"" down="sh -c \"echo s$i \$RC_NAME down >>$T/log\"" \
      reload="sh -c \"echo s$i \$RC_NAME reload >>$T/log\""
  done
  start_live
  for i in 9 1 5; do
    rc change "s$i"
    rc reload "s$i"
    rc -d change "s$i"
  done
  assert_file "$T/log" 's9 s9 up
s9 s9 reload
s9 s9 down
s1 s1 up
s1 s1 reload
s1 s1 down
s5 s5 up
s5 s5 reload
s5 s5 down'
}

# What it leaves in the background is its own business.
test_background_process_does_not_hold_it() {
  oneshot a up="sh -c \"sh -c '$(until_exists go)' </dev/null >/dev/null 2>&1 &\""
  start_live
  rc change a
  assert_up a
  : >"$T/go"
}

test_run_by_hand() {
  oneshot a up="sh -c \"echo up \$RC_NAME\"" down='sh -c "exit 5"' reload=no-such-program
  oneshot b up="$T"
  longrun l
  start_live
  run="$S6RC_LIBEXEC/s6-rc-oneshot-run"
  assert_output 'up a' "$run" -l "$LIVE" up 3
  assert_output 'up a' "$run" -b -l "$LIVE" up 3
  assert_exit 5 "$run" -l "$LIVE" down 3
  assert_exit 127 "$run" -l "$LIVE" reload 3
  assert_contains "$STDERR" no-such-program
  assert_exit 126 "$run" -l "$LIVE" up 4
  assert_output '' "$run" -l "$LIVE" down 4
  for number in 0 2 5 4294967295; do assert_exit 3 "$run" -l "$LIVE" up $number; done
  for words in '' 'up' 'up x' 'up 3 4' 'sideways 3' 'up -1' 'up 4294967296'; do
    # shellcheck disable=SC2086
    assert_exit 100 "$run" -l "$LIVE" $words
  done
  assert_exit 111 "$run" -l "$T/nowhere" up 3
  head -c 200 "$DB/db" >"$T/head"
  cp "$T/head" "$DB/db"
  assert_exit 4 "$run" -l "$LIVE" up 3
}

run_tests "$@"
