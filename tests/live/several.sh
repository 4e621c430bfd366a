#!/bin/sh
# ISC license.
# One s6-svc for all longruns that become startable at the same moment, where
# s6-svc takes several directories. Elsewhere tests/build/several.sh runs this
# file, with a stand-in.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

need_several() {
  grep -q '^#define S6RC_SVC_MANY 1' "$S6RC_BUILD/src/include/s6-rc/config.h" ||
    skip 'built for an s6 whose s6-svc takes one directory'
}

# How many directories each s6-svc gets, most first: "256 44"
batches() { # COMMAND...
  rm -f trace*
  strace -v -ff -o trace -e trace=execve "$@" || return
  cat trace* | sed -n 's/^execve("[^"]*s6-svc", \["[^"]*", "-[ud]", "--", \([^]]*\)\], .* = 0$/\1/p' |
    awk '{ print NF }' | sort -nr | tr '\n' ' '
}

longruns() { # N
  names='' i=1
  while [ $i -le "$1" ]; do
    longrun "l$i"
    names="$names l$i"
    i=$((i + 1))
  done
  # shellcheck disable=SC2086
  bundle all $names
}

test_batches() {
  need_several
  need strace
  longruns 300
  start_live
  assert_eq "$(batches s6-rc -l "$LIVE" change all)" '256 44 '
  assert_eq "$(rc -a list | grep -c '^l')" 300
  assert_eq "$(batches s6-rc -l "$LIVE" -d change all)" '256 44 '
  assert_output '' rc diff
}

# What becomes startable later is told later.
test_levels() {
  need_several
  need strace
  longrun a
  longrun b
  longrun c
  longrun d
  longrun e
  depends c a b
  depends d a b
  depends e a b
  start_live
  assert_eq "$(batches s6-rc -l "$LIVE" change c d e)" '3 2 '
}

# One among them fails: the others are told all the same, and only one fails.
test_one_has_no_supervisor() {
  need_several
  longruns 5
  start_live
  rm "$SCAN/l3"
  s6-svc -dx "$LIVE/servicedirs/l3"
  gone() { ! s6-svok "$LIVE/servicedirs/l3"; }
  wait_for 10 gone
  assert_exit 1 rc change all
  assert_contains "$STDERR" 'service l3 failed to start: '
  assert_contains "$STDERR" '1 service failed'
  assert_up l1 l2 l4 l5
  assert_down l3
}

# What fails is brought down, by commands of its own.
test_failed_ones_are_brought_down() {
  need_several
  longruns 3
  for name in bad worse; do
    longrun $name run='#!/bin/sh
exec sleep 86400' notification-fd=3 timeout-up=300
    names="$names $name"
  done
  # shellcheck disable=SC2086
  bundle more $names
  start_live
  assert_exit 1 rc change more
  assert_contains "$STDERR" '2 services failed'
  assert_up l1 l2 l3
  for name in bad worse; do wait_for 10 is_down $name; done
}

# Built for one that takes several, run with one that does not. (Not so where
# it is no stand-in: then there is nothing to it.)
test_one_that_takes_one() {
  need_several
  longruns 4
  start_live
  export SVC_SEVERAL_IGNORE=yes
  rc change all
  assert_up l1 l2 l3 l4
  rc -d change all
  assert_down l1 l2 l3 l4
  for i in 1 2 3 4; do is_down l$i; done
  assert_output '' rc diff
}

# Up, but only once: where it should be, and not wanted there.
test_not_wanted_up() {
  need_several
  longruns 4
  start_live
  for i in 1 2 3 4; do s6-svc -o "$LIVE/servicedirs/l$i"; done
  for i in 1 2 3 4; do s6-svwait -t 5000 -u "$LIVE/servicedirs/l$i"; done
  export SVC_SEVERAL_IGNORE=yes
  rc -t 20000 change all
  for i in 1 2 3 4; do assert_eq "$(s6-svstat -o wantedup "$LIVE/servicedirs/l$i")" true; done
}

# What nothing shows to have arrived is sent alone.
test_reload_and_failures_are_told_alone() {
  need_several
  for name in a b c; do
    longrun $name run="#!/bin/sh
trap 'echo $name >>$T/log' HUP
echo >&3
while :; do sleep 0.1; done" notification-fd=3 reload-signal=SIGHUP
  done
  for name in bad worse; do
    longrun $name run='#!/bin/sh
exec sleep 86400' notification-fd=3 timeout-up=300
  done
  start_live
  export SVC_SEVERAL_IGNORE=yes
  rc change a b c
  rc reload a b c
  wait_log a b c
  assert_exit 1 rc change bad worse
  for name in bad worse; do wait_for 10 is_down $name; done
}

run_tests "$@"
