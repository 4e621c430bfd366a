#!/bin/sh
# ISC license.
# What s6-rc-update leaves alone, whatever changes around it: processes, the
# pipes between them, and every byte in these.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/pipelines.sh"
. "$S6RC_TOP/tests/lib/update.sh"

# Compiles $SRC anew and goes there.
next() { # [ OPTION... ]
  count=$((${count:-0} + 1))
  "$S6RC_BIN/s6-rc-compile" "$T/db$count" "$SRC"
  update "$@" "$T/db$count"
}
pids() { for _name do service_pid "$_name"; done; }
up_now() { rc -a list | grep -v '^s6rc-' | sort | tr '\n' ' '; }
log() { tr '\n' ' ' <"$T/log"; }

# A oneshot that writes down what is done to it.
logged() { # NAME
  oneshot "$1" up="sh -c \"echo +$1 >>$T/log\"" down="sh -c \"echo -$1 >>$T/log\""
}

test_types_in_all_directions() {
  longrun l-o
  longrun l-b
  logged o-l
  logged o-b
  longrun x
  bundle b-l x
  logged y
  bundle b-o y
  longrun stays
  logged kept
  depends stays kept
  start_live
  rc change l-o l-b o-l o-b b-l b-o stays
  before=$(pids stays x)
  : >log
  rm -r "$SRC"/?-?
  logged l-o
  longrun in-1
  logged in-2
  bundle l-b in-1
  longrun o-l
  bundle o-b in-2
  longrun b-l
  logged b-o
  next
  # a bundle is not up or down: what has become of its name is another service
  assert_eq "$(up_now)" 'in-1 in-2 kept l-o o-l stays x y '
  assert_eq "$(tr ' ' '\n' <log | sort | tr '\n' ' ')" '+in-2 +l-o -o-b -o-l ' 'oneshots'
  assert_eq "$(pids stays x)" "$before" 'processes'
  assert_output '' rc diff
  # and back, each the other way
  rc change b-l b-o
  : >log
  update "$DB"
  assert_eq "$(up_now)" 'kept l-o o-l stays x y '
  assert_eq "$(tr ' ' '\n' <log | sort | tr '\n' ' ')" '+o-l -b-o -in-2 -l-o ' 'oneshots'
  assert_eq "$(pids stays x)" "$before" 'processes'
  assert_output '' rc diff
}

test_dependencies_new_and_lost() {
  longrun a
  longrun b
  longrun c
  logged s
  depends b a
  depends c s
  start_live
  rc change a b c s
  before=$(pids a b c)
  : >log
  # turned around, lost, new ones that are up
  rm -r "$SRC/b/dependencies.d" "$SRC/c/dependencies.d"
  depends a b
  depends s c
  depends c a
  next -v2 2>err
  assert_eq "$(pids a b c)" "$before" 'processes'
  assert_file log ''
  # one that is down: only who needs it, and who needs that one
  longrun new
  depends c new
  assert_exit 0 next -v2
  assert_contains "$STDERR" 'c: restart: new dependency new is down'
  assert_contains "$STDERR" 's: restart: it depends on c, which stops'
  assert_eq "$(pids a b)" "$(printf '%s\n' "$before" | head -n 2)" 'processes'
  assert_eq "$(log)" '-s +s '
  [ "$(service_pid c)" != "$(printf '%s\n' "$before" | tail -n 1)" ] || fail 'c did not restart'
}

test_added_removed_renamed() {
  longrun stays
  longrun is-down
  longrun was
  longrun goes
  compile
  start_scan
  live_init -p 'p-'
  rc change stays was goes
  before=$(pids stays was)
  rm -r "$SRC/goes" "$SRC/was"
  longrun will-be
  longrun added
  echo 'was -> will-be' >conv
  next -f conv
  assert_eq "$(pids stays will-be)" "$before" 'processes'
  assert_eq "$(up_now)" 'stays will-be '
  assert_eq "$(cd "$SCAN" && echo *)" 'p-added p-is-down p-s6rc-fdholder p-s6rc-oneshot-runner p-stays p-will-be'
  # its supervisor is the one that s6-svscan knows by the new name
  s6-svscanctl -an "$SCAN"
  rc -d change will-be
  rc change will-be is-down added
  assert_eq "$(service_pid stays)" "$(printf '%s\n' "$before" | head -n 1)"
  assert_output '' rc diff
}

test_flags_and_essentials() {
  longrun a
  longrun b flag-essential=
  bundle all a b
  start_live
  rc change all
  before=$(pids a b)
  longrun a flag-essential= timeout-up=5000
  rm "$SRC/b/flag-essential"
  longrun b flag-recommended=
  next
  assert_eq "$(pids a b)" "$before" 'processes'
  assert_output 00000001 db_live flags a
  rc -d change all
  assert_eq "$(up_now)" 'a '
}

# Whatever happens to it is done by others: what is in the pipe stays there.
test_bytes_in_a_pipe() {
  define source longrun "run=#!/bin/sh
cat $T/text
exec sleep 77777" producer-for=sink
  define sink longrun "run=#!/bin/sh
kill -STOP \$\$
exec cat >>$T/read" consumer-for=source
  awk 'BEGIN { for (i = 1; i < 6000; i++) print "line", i }' >text
  start_live
  rc change source
  wait_for 20 connected source sink
  stopped() { grep -q '^State:[[:space:]]*T' "/proc/$(service_pid sink)/status"; }
  wait_for 20 stopped
  before=$(pids source sink)
  cp -a "$SRC" src0
  next
  # renamed, both of them; then back, changing names with another pipeline
  rm -r "$SRC/source" "$SRC/sink"
  cp -a src0/source "$SRC/origin"
  cp -a src0/sink "$SRC/drain"
  echo drain >"$SRC/origin/producer-for"
  echo origin >"$SRC/drain/consumer-for"
  pipeline other sink
  printf '%s\n' 'source -> origin' 'sink -> drain' >conv
  next -f conv
  rc change other
  wait_for 20 connected other sink
  wait_more stored.sink 3
  rm -r "$SRC/origin" "$SRC/drain" "$SRC/sink" "$SRC/other"
  cp -a src0/source src0/sink "$SRC"
  define other longrun "run=$(producer_script other)" producer-for=drain
  define drain longrun "run=$(consumer_script sink)" consumer-for=other
  printf '%s\n' 'origin -> source' 'drain -> sink' 'sink -> drain' >conv
  next -f conv
  wait_more stored.sink 3
  drain sink
  assert_arrived sink other 0
  assert_eq "$(pids source sink)" "$before" 'processes'
  assert_eq "$(pipe_of source 1)" "$(pipe_of sink 0)" pipe
  signal_service CONT sink
  all_read() { cmp -s text read; }
  wait_for 10 all_read || fail "$(wc -c text "$T/read")"
}

# p writes to d instead of c: that is so from when they start the next time.
test_pipeline_moves() {
  pipeline p c
  longrun d
  longrun near
  start_live
  rc change p d near
  wait_more stored.c 3
  before=$(pids p c d near)
  rm "$SRC/c/consumer-for"
  define p longrun "run=$(producer_script p)" producer-for=d
  define d longrun "run=$(consumer_script d)" consumer-for=p
  assert_exit 0 next -v2
  assert_contains "$STDERR" 'c: delete pipe: it is no consumer'
  assert_contains "$STDERR" 'd: create pipe: it is a consumer'
  assert_eq "$(pids p c d near)" "$before" 'processes'
  wait_more stored.c 3
  kill_service d TERM
  kill_service p TERM
  wait_for 20 connected p d
  wait_more stored.d 3
  assert_eq "$(service_pid near)" "$(printf '%s\n' "$before" | tail -n 1)"
}

run_tests "$@"
