#!/bin/sh
# ISC license.
# s6-rc-status: what it shows, in its three forms, and what it calls a problem.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"
. "$S6RC_TOP/tests/lib/records.sh"

# What changes from run to run, in a table: pids, ages, durations.
plain_table() {
  sed -E -e 's/ [0-9]+ ms$/ N ms/' -e 's/(up|down|paused|finishing|unsupervised|unknown)( +)[0-9]+ ( *)/\1\2P \3/' \
    -e 's/  [0-9]+(s|m [0-9]+s|h [0-9]+m) +/  A  /' -e 's/ +/ /g'
}

start_example() {
  ready_longrun db
  longrun web
  depends web db
  oneshot mount
  oneshot bad up='sh -c "exit 3"'
  oneshot after
  depends after bad
  bundle all web mount after
  start_live
  assert_exit 1 rc change all
}

test_table() {
  start_example
  assert_exit 0 status
  assert_eq "$(printf '%s\n' "$STDOUT" | plain_table)" 'NAME TYPE WANTED STATE PID READY SINCE RESTARTS LAST RESULT
s6rc-oneshot-runner longrun up up P yes A 0 up after N ms
s6rc-fdholder longrun down down - - A - -
db longrun up up P yes A 0 up after N ms
web longrun up up P - A 0 up after N ms
after oneshot down down - - - - not started because of bad
bad oneshot down down - - - - failed to start: its script exited with code 3
mount oneshot up up - - A - up after N ms'
  assert_eq "$STDERR" ''
  # columns begin below their titles
  title=$(printf '%s\n' "$STDOUT" | head -n 1)
  title=${title%%TYPE*}
  printf '%s\n' "$STDOUT" | sed 1d | cut -c "$((${#title} + 1))-" | grep -Evq '^(longrun|oneshot) ' &&
    fail 'a column is not straight' "$STDOUT"
  assert_exit 0 status web
  assert_eq "$(printf '%s\n' "$STDOUT" | sed 1d | plain_table)" 'web longrun up up P - A 0 up after N ms'
  assert_eq "$(status all | wc -l | tr -d ' ')" 4 'lines for a bundle'
}

test_fields() {
  start_example
  assert_output 'web	longrun	up	yes	up	up	-	up	done	-	-	1	-
after	oneshot	down	no	down	-	-	up	blocked	-	bad	1	blocked
bad	oneshot	down	no	down	-	-	up	exited	3	-	1	failed' \
    status -o name,type,wanted,explicit,state,supervisor,ready,direction,result,value,culprit,run,problem web bad after
  assert_output "$(service_pid db)	yes" status -o pid,ready db
  assert_output 'name twice	-' sh -c "'$S6RC_BIN/s6-rc-status' -l '$LIVE' -o name,name,pid mount | sed 's/mount	mount/name twice/'"
  stamp='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z'
  status -o since,age,begin,end,took mount >out
  grep -Eqx "$stamp	[0-9]+	$stamp	$stamp	[0-9]+" out || fail "$(cat out)"
  status -o since,age,begin,end,took after >out
  grep -Eqx -e "-	-	-	$stamp	-" out || fail "$(cat out)"
  # the time is that of the clock: what date says is not before the end
  now=$(date -u +%Y-%m-%dT%H:%M:%S)
  end=$(status -o end mount | cut -d . -f 1)
  assert_eq "$(printf '%s\n' "$end" "$now" | LC_ALL=C sort | tail -n 1)" "$now" 'the later one'
  assert_eq "${end%%-*}" "${now%%-*}" 'the year'
  for wrong in '' nonsense 'name,' ,name name,,type names nam; do
    assert_exit 100 status -o "$wrong"
    assert_contains "$STDERR" 'there are: name, type, wanted'
  done
  assert_exit 100 status -o "$(yes name | head -n 100 | paste -s -d, -)"
}

test_unknown_names() {
  start_example
  assert_exit 3 status db nosuch
  assert_eq "$STDOUT" ''
  assert_contains "$STDERR" 'no service or bundle named nosuch'
}

test_no_live_directory() {
  assert_exit 111 status
  assert_contains "$STDERR" 'run s6-rc-init first'
}

test_faults() {
  start_example
  assert_exit 1 status -f
  assert_eq "$(printf '%s\n' "$STDOUT" | sed 1d | cut -d ' ' -f 1)" 'after
bad'
  assert_exit 1 status -f -o name,problem
  assert_eq "$STDOUT" 'after	blocked
bad	failed'
  # only what is asked for counts
  assert_exit 0 status -f db web
  assert_eq "$STDOUT$STDERR" ''
  assert_exit 1 status -f all
  # without -f the exit code says nothing
  assert_exit 0 status bad
}

test_failed_stop() {
  oneshot a down='sh -c "exit 9"'
  start_live
  rc change a
  assert_exit 1 rc -d change a
  assert_output 'up	down	exited	9	failed' status -o state,direction,result,value,problem a
  assert_contains "$(status a)" 'failed to stop: its script exited with code 9'
}

problem() { # NAME WANTED [ FIELDS ]
  assert_eq "$(status -o "problem${3:+,$3}" "$1")" "$2" "$1"
}

test_drift() {
  longrun a
  longrun b
  longrun c
  start_live
  rc change a c
  problem a - && problem b -
  s6-svc -d "$LIVE/servicedirs/a"
  s6-svc -u "$LIVE/servicedirs/b"
  at_rest() { [ "$(status -o state a)" = down ]; }
  wait_for 10 at_rest
  wait_for 10 supervised_up b
  problem a 'drifted	up	down	down' wanted,state,supervisor
  problem b 'drifted	down	up	up' wanted,state,supervisor
  assert_exit 1 status -f
  assert_eq "$(printf '%s\n' "$STDOUT" | sed 1d | cut -d ' ' -f 1)" 'a
b'
  assert_contains "$(rc diff || :)" +b
  # once: it is up, but will not come back
  s6-svc -o "$LIVE/servicedirs/c"
  not_wanted() { [ "$(status -o supervisor c)" = down ]; }
  wait_for 10 not_wanted
  problem c 'drifted	up	up' wanted,state
}

test_dead() {
  # up for as long as a file is there
  longrun a run="#!/bin/sh
exec 3<$T/alive || exit 1
exec sleep 1000" finish='#!/bin/sh
exec sleep 0.5'
  : >alive
  start_live
  rc change a
  problem a -
  rm alive
  s6-svc -r "$LIVE/servicedirs/a"
  dead() { [ "$(status -o problem a)" = dead ]; }
  wait_for 10 dead
  restarted() { [ "$(status -o restarts a)" -ge 2 ]; }
  wait_for 20 restarted
  # not so while it is tried again
  is_fault() { capture status -f a && [ "$status" = 1 ]; }
  wait_for 10 is_fault
}

test_paused() {
  longrun a
  start_live
  rc change a
  s6-svc -p "$LIVE/servicedirs/a"
  paused() { [ "$(status -o state a)" = paused ]; }
  wait_for 10 paused
  s6-svc -c "$LIVE/servicedirs/a"
}

# Ready once; when it comes back, it does not say so any more.
test_unready() {
  longrun a notification-fd=3 run="#!/bin/sh
if mkdir $T/once; then echo >&3; fi
exec sleep 1000"
  start_live
  rc change a
  problem a '-	yes	0' ready,restarts
  s6-svc -k "$LIVE/servicedirs/a"
  unready() { [ "$(status -o problem a)" = unready ]; }
  wait_for 10 unready
  problem a 'unready	up	no	1' state,ready,restarts
  assert_exit 1 status -f
  # restarts are counted from when s6-rc started it
  rc -d change a
  problem a '-	-' restarts
  rmdir once
  rc change a
  problem a '-	0' restarts
}

test_unsupervised() {
  longrun a
  start_live
  rc change a
  kill_scan
  assert_exit 1 status -f -o name,state,problem a
  assert_eq "$STDOUT" 'a	unsupervised	unsupervised'
}

# While s6-rc works, what is on its way is no problem.
test_under_way() {
  longrun a run="$(ready_run a)" notification-fd=3
  oneshot b up="$(held b)"
  start_live
  rc_begin change a b
  wait_log 'a runs' b
  assert_exit 0 status -f a b
  assert_output 'up	underway	-
up	underway	-' status -o direction,result,problem a b
  assert_eq "$(status -o took a | grep -Ec '^[0-9]+$')" 1
  assert_contains "$(status b)" starting
  release a b
  rc_end 0
  assert_output 'done
done' status -o result a b
}

test_not_waited_for() {
  longrun a run="$(ready_run a)" notification-fd=3
  longrun b
  depends b a
  start_live
  assert_exit 2 rc -t 3000 change b
  problem a 'unfinished	left	2' result,value
  problem b 'blocked	skipped' result
  assert_contains "$(status a)" 'starting when the time of s6-rc was up (-t)'
  assert_contains "$(status b)" 'not started: the time of s6-rc was up (-t)'
  release a
}

# Strangers may look at all that is not the supervisors' own.
test_as_an_ordinary_user() {
  need_root
  need setpriv
  chmod 711 "$S6RC_SCRATCH"
  setpriv --reuid=12345 --regid=12345 --clear-groups test -x "$S6RC_BIN/s6-rc-status" ||
    skip "other users cannot execute $S6RC_BIN/s6-rc-status"
  chmod 755 "$T"
  start_example
  assert_exit 0 setpriv --reuid=12345 --regid=12345 --clear-groups "$S6RC_BIN/s6-rc-status" -l "$LIVE" \
    -o name,wanted,state,pid,result,problem
  assert_eq "$STDOUT" 's6rc-oneshot-runner	up	unknown	-	done	-
s6rc-fdholder	down	unknown	-	-	-
db	up	unknown	-	done	-
web	up	unknown	-	done	-
after	down	down	-	blocked	blocked
bad	down	down	-	exited	failed
mount	up	up	-	done	-'
  assert_contains "$STDERR" 'what the supervisors of 4 longruns say cannot be read: Permission denied'
}

# --- JSON

query() { # JQ-FILTER [ FILE ]
  jq -c "$1" "${2:-json}"
}

test_json() {
  need jq
  start_example
  status -j >json
  assert_eq "$(jq -s length json)" 1 'documents'
  assert_eq "$(query '.run, (.services | length)' | paste -s -d ' ' -)" '1 7'
  assert_eq "$(query '.services[] | select(.name == "after") | [.type, .wanted, .explicit, .state, .supervisor, .pid, .ready, .since, .direction, .result, .value, .culprit, .run, .begin, .took, .problem]')" \
    '["oneshot","down",false,"down",null,null,null,null,"up","blocked",null,"bad",1,null,null,"blocked"]'
  assert_eq "$(query '.services[] | select(.name == "db") | [.wanted, .explicit, .state, .pid, .ready, .restarts, .result, .problem]')" \
    "[\"up\",false,\"up\",$(service_pid db),true,0,\"done\",null]"
  assert_eq "$(query '.services[] | select(.name == "bad") | [.result, .value]')" '["exited",3]'
  assert_eq "$(query '.services[] | [.since, .begin, .end] | map(select(. != null) | sub("\\.[0-9]+Z$"; "Z") | fromdate > 0) | all' | sort -u)" true
  # all fields, in the order of the page
  page_fields=$(awk '/^\.Sh THE FIELDS/ { on = 1; next } /^\.Sh/ { on = 0 } on && /^\.It Cm / { print $3 }' "$S6RC_TOP/doc/man/s6-rc-status.8")
  assert_eq "$(jq -r '.services[0] | keys_unsorted[]' json)" "$page_fields" 'fields'
  status -o "$(echo "$page_fields" | paste -s -d, -)" >out
  assert_eq "$(awk -F '\t' '{ print NF }' out | sort -u)" "$(echo "$page_fields" | wc -l | tr -d ' ')"
  # -o and -f choose here too
  assert_exit 1 status -j -f -o name,problem
  printf '%s\n' "$STDOUT" >json
  assert_eq "$(query .services)" '[{"name":"after","problem":"blocked"},{"name":"bad","problem":"failed"}]'
  assert_exit 0 status -j -f db
  printf '%s\n' "$STDOUT" >json
  assert_eq "$(query .services)" '[]'
}

# Whatever is in a name.
test_odd_names() {
  need jq
  tab=$(printf 'a\tb')
  quoted='q"\\n'
  control=$(printf 'c\001\177')
  utf8=$(printf 'u\303\244\360\237\231\202')
  broken=$(printf 'x\377\303(\355\240\200\300\200\303')
  for name in "$tab" "$quoted" "$control" "$utf8" "$broken"; do oneshot "$name"; done
  oneshot last up=false
  depends last "$broken"
  start_live
  assert_exit 1 rc change last
  status -o name >lines
  assert_eq "$(wc -l <lines | tr -d ' ')" 8
  # shellcheck disable=SC2059
  for name in "$tab" "$quoted" "$control" "$utf8" "$broken"; do
    found=no
    while IFS= read -r line; do
      [ "$(printf '%b' "$line")" != "$name" ] || found=yes
    done <lines
    assert_eq $found yes "$name"
    assert_output "$(printf '%s\n' "$name" | od -A n -t x1)" sh -c \
      'printf "%b\n" "$("$1" -l "$2" -o name "$3")" | od -A n -t x1' sh "$S6RC_BIN/s6-rc-status" "$LIVE" "$name"
  done
  assert_eq "$(status -o name "$tab")" 'a\0011b'
  status -j >json
  jq -e . json >parsed
  for name in "$tab" "$quoted" "$control" "$utf8"; do
    assert_eq "$(status -j "$name" | jq -r '.services[0].name')" "$name"
    assert_eq "$(status -j "$name" | jq -r '.services[0].name_hex')" null
  done
  assert_eq "$(status -j "$broken" | jq -r '.services[0].name_hex')" \
    "$(printf '%s' "$broken" | od -A n -v -t x1 | tr -d ' \n')"
  # each byte that is none of a character is replaced
  assert_eq "$(status -j "$broken" | jq -r '.services[0].name | [explode[] | if . == 65533 then 0 else . end] | tostring')" \
    '[120,0,0,40,0,0,0,0,0,0]'
  # tables hold their shape
  status "$tab" "$control" >table
  assert_eq "$(wc -l <table | tr -d ' ')" 3
  assert_eq "$(LC_ALL=C tr -d '\n -~' <table | wc -c | tr -d ' ')" 0 'unprintable bytes'
}

run_tests "$@"
