#!/bin/sh
# ISC license.
# Pipelines: what their processes get, and that no line is lost.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/pipelines.sh"

fd() { readlink "/proc/$(service_pid "$1")/fd/$2"; } # SERVICE NUMBER
fds() { (cd "/proc/$(service_pid "$1")/fd" && echo *); }

test_two_stages() {
  pipeline producer logger
  define logger longrun pipeline-name=both
  start_live
  rc -v2 change both 2>err
  assert_up producer logger s6rc-fdholder
  # the logger is up before its producer, and down after it
  assert_eq "$(sed -n 's/.* service \(producer\|logger\): \(starting\|up\).*/\1 \2/p' err)" 'logger starting
logger up
producer starting
producer up'
  wait_more stored.logger 20
  rc -d change producer
  assert_up logger
  drain logger
  assert_arrived logger producer 0
  rc -d change logger
  assert_down producer logger
}

test_dependencies() {
  pipeline producer logger
  start_live
  rc change producer
  assert_up producer logger s6rc-fdholder
  rc -d change logger
  assert_down producer logger
  rc -d change s6rc-fdholder
  assert_up s6rc-fdholder # it is essential
  rc change producer
  rc -D change s6rc-fdholder
  assert_down producer logger s6rc-fdholder
}

test_three_stages() {
  define first longrun "run=$(producer_script first)" producer-for=second
  define second longrun "run=$(filter_script second)" consumer-for=first producer-for=third
  define third longrun "run=$(consumer_script third)" consumer-for=second pipeline-name=all
  start_live
  rc change all
  wait_more stored.third 20
  rc -d change first
  drain second
  drain third
  assert_arrived second first 0
  assert_arrived third first 0
  cmp stored.second stored.third
}

test_several_producers() {
  for name in one two three; do define $name longrun "run=$(producer_script $name)" producer-for=logger; done
  define logger longrun "run=$(consumer_script logger)" "consumer-for=one
two
three" pipeline-name=all
  start_live
  rc change all
  for name in one two three; do wait_for 20 grep -q "^$name " stored.logger; done
  wait_more stored.logger 30
  rc -d change two
  wait_more stored.logger 10
  rc change two
  wait_for 20 grep -q '^two 2 ' stored.logger
  drain logger
  for name in one two three; do assert_arrived logger $name 0; done
}

# The ends of the pipe are where they belong, everything else is as for any
# other service: no other descriptor is there, none is missing.
test_descriptors() {
  sleeper='#!/bin/sh
exec sleep 86400'
  define plain longrun "run=$sleeper"
  define first longrun "run=$sleeper" producer-for=second
  define second longrun "run=$sleeper" consumer-for=first producer-for=third
  define third longrun "run=$sleeper" consumer-for=second
  start_live
  rc change plain first
  # up is said when `run` starts: the wrapper has still to become the service
  for name in plain first second third; do wait_for 10 executes $name 'sleep 86400'; done
  for name in first second third; do assert_eq "$(fds $name)" "$(fds plain)" "descriptors of $name"; done
  assert_eq "$(fd first 0)" "$(fd plain 0)" 'stdin of the first'
  assert_eq "$(fd third 1)" "$(fd plain 1)" 'stdout of the last'
  for name in first second third; do assert_eq "$(fd $name 2)" "$(fd plain 2)" "stderr of $name"; done
  assert_eq "$(fd first 1)" "$(fd second 0)" 'the first pipe'
  assert_eq "$(fd second 1)" "$(fd third 0)" 'the second pipe'
  case $(fd first 1)$(fd second 1) in pipe:*pipe:*) ;; *) fail "$(fd first 1) $(fd second 1)" ;; esac
  [ "$(fd first 1)" != "$(fd second 1)" ] || fail 'one pipe for all'
}

# Whatever number readiness is told on, the wrappers do not use it.
test_readiness() {
  for n in 3 4 5 6 7; do
    notifier="#!/bin/sh
eval 'echo >&$n; exec $n>&-'
exec sleep 86400"
    define "producer$n" longrun "run=$notifier" notification-fd=$n "producer-for=logger$n"
    define "logger$n" longrun "run=$notifier" notification-fd=$n "consumer-for=producer$n" "pipeline-name=all$n"
  done
  longrun plain
  start_live
  rc change plain
  # shells have a descriptor for the script
  wait_for 10 executes plain 'sleep 86400'
  for n in 3 4 5 6 7; do
    rc -t 10000 change all$n
    for name in producer$n logger$n; do wait_for 10 executes $name 'sleep 86400'; done
    assert_output true s6-svstat -o ready "$LIVE/servicedirs/producer$n"
    assert_output true s6-svstat -o ready "$LIVE/servicedirs/logger$n"
    others=$(fds plain | sed "s/ $n\( \|\$\)/\1/") # which may have it from us
    assert_eq "$(fds "producer$n")/$(fds "logger$n")" "$others/$others"
  done
}

# The user's script gets what s6-supervise gives to any other, and nothing
# of the wrapper's: arguments, environment, working directory.
test_arguments_and_environment() {
  # shellcheck disable=SC2016
  printer='#!/bin/sh
exec >"$0.out" 2>&1
pwd
echo "$#" "$@"
env | sort
echo complete
exec sleep 86400'
  define plain longrun "run=$printer"
  define producer longrun "run=$printer" producer-for=logger
  define logger longrun "run=$printer" consumer-for=producer
  start_live
  rc change plain producer
  for name in producer logger; do
    wait_for 10 grep -qx complete "$LIVE/servicedirs/$name/run.user.out"
    wait_for 10 grep -qx complete "$LIVE/servicedirs/plain/run.out"
    sed "s|/$name\$|/plain|; s|^1 $name\$|1 plain|" "$LIVE/servicedirs/$name/run.user.out" >got
    grep -v '^PATH=\|^_=' got >got2
    grep -v '^PATH=\|^_=' "$LIVE/servicedirs/plain/run.out" >wanted
    diff wanted got2
    grep -Fqx "1 $name" "$LIVE/servicedirs/$name/run.user.out"
  done
}

# Every name that a service may have.
odd_names() {
  # shellcheck disable=SC1003,SC2016
  for name in 'with blanks' '"quoted"' "apo'strophe" 'back\slash' 'end\' '$HOME' '${1} $@ $1' 'a #hash' \
    '{' '}' '*' 'ÄÖ ünïcode ☃' "$(printf 'tab\there')" "$(printf 'ctrl\001\377')" '-dash' '`id`' '~' '%s%n' '&;|<>'; do
    printf '%s\n' "$name"
  done
}

test_odd_names() {
  # none begins with a blank or #: in a list that would be something else
  odd_names >names
  n=0
  set --
  while IFS= read -r name; do
    n=$((n + 1))
    set -- "$@" "p$name"
    define "p$name" longrun "run=#!/bin/sh
echo line from $n
echo \"\$#/\$1\"
exec sleep 86400" "producer-for=$name"
    define "$name" longrun "consumer-for=p$name" "run=#!/bin/sh
exec cat >$T/out.$n" "finish=#!/bin/sh
echo \"\$#/\$1/\$2/\$3\" >$T/finish.$n"
  done <names
  [ $n -gt 15 ] || fail "only $n names"
  start_live
  rc change "$@"
  n=0
  while IFS= read -r name; do
    n=$((n + 1))
    wait_for 20 has_lines "out.$n" 2
    assert_eq "$(cat "out.$n")" "line from $n
1/p$name"
  done <names
  set --
  while IFS= read -r name; do set -- "$@" "$name"; done <names
  rc -d change "$@"
  n=0
  while IFS= read -r name; do
    n=$((n + 1))
    assert_eq "$(cut -d/ -f2- "finish.$n")" "256/15/$name"
  done <names
}

run_tests "$@"
