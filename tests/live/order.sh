#!/bin/sh
# ISC license.
# What waits for what, and what does not wait.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

test_dependency_is_up_first() {
  oneshot one up="$(held one)"
  oneshot two up="$(says two)"
  depends two one
  start_live
  rc_begin change two
  wait_log one
  assert_not_logged two
  assert_down two one
  release one
  rc_end 0
  assert_order one 'one ends' two
  assert_up one two
}

test_dependency_is_ready_first() {
  longrun server run="$(ready_run server)" notification-fd=3
  longrun client run="$(run_script client)"
  oneshot script up="$(says script)"
  depends client server
  depends script server
  start_live
  rc_begin change client script
  wait_log 'server runs'
  assert_not_logged 'client runs' script
  release server
  rc_end 0
  wait_log 'client runs'
  assert_order 'server ready' 'client runs'
  assert_order 'server ready' script
}

test_dependents_stop_first() {
  longrun server run="$(run_script server)"
  # its finish is part of its stop
  longrun client run="$(run_script client)" finish="#!/bin/sh
echo client finishes >>$T/log
$(until_exists go.finish)
echo client finished >>$T/log" timeout-finish=0
  oneshot above down="$(held above)"
  oneshot below down="$(says below)"
  depends client server below
  depends above client
  start_live
  rc change above
  wait_log 'server runs' 'client runs'
  rc_begin -d change below
  wait_log above
  assert_not_logged 'client ends'
  release above
  wait_log 'client finishes'
  assert_not_logged below
  assert_up below client
  release finish
  rc_end 0
  assert_order above 'above ends' 'client ends' 'client finishes' 'client finished' below
  # below does not depend on the server
  assert_not_logged 'server ends'
  assert_up server
}

test_independent_ones_overlap() {
  # each waits for all the others
  for i in 1 2 3 4 5 6 7 8; do
    oneshot "s$i" up="sh -c \"touch $T/up.$i; for i in 1 2 3 4 5 6 7 8; do $(until_exists "up.\$i"); done\"" \
      down="sh -c \"touch $T/down.$i; for i in 1 2 3 4 5 6 7 8; do $(until_exists "down.\$i"); done\"" \
      timeout-up=60000 timeout-down=60000
  done
  bundle all s1 s2 s3 s4 s5 s6 s7 s8
  start_live
  rc change all
  assert_up s1 s8
  rc -d change all
  assert_down s1 s8
}

test_longruns_and_oneshots_overlap() {
  longrun server notification-fd=3 run="#!/bin/sh
touch $T/server
$(until_exists script)
echo >&3
exec sleep 86400" timeout-up=60000
  oneshot script timeout-up=60000 up="sh -c \"touch $T/script; $(until_exists server)\""
  start_live
  rc change server script
}

test_longruns_stop_together() {
  for i in 1 2 3; do
    longrun "s$i" run="#!/bin/sh
trap 'touch $T/down.$i; $(until_exists down.1); $(until_exists down.2); $(until_exists down.3); exit' TERM
echo s$i runs >>$T/log
$(until_exists never)" timeout-down=60000
  done
  start_live
  rc change s1 s2 s3
  wait_log 's1 runs' 's2 runs' 's3 runs'
  rc -d change s1 s2 s3
}

test_a_slow_one_holds_back_only_its_own() {
  oneshot slow up="$(held slow)" down="$(held slow-down)"
  oneshot after-slow up="$(says after-slow)"
  depends after-slow slow
  # a chain that has nothing to do with it, over both kinds
  oneshot a up="$(says a)"
  longrun b run="$(run_script b)"
  oneshot c up="$(says c)"
  depends b a
  depends c b
  bundle all slow after-slow a b c
  start_live
  rc_begin change all
  wait_log slow c
  assert_not_logged after-slow
  release slow
  rc_end 0
  assert_logged after-slow
  rc_begin -d change all
  wait_log slow-down 'b ends'
  wait_for 10 is_down b
  release slow-down
  rc_end 0
}

test_diamond() {
  oneshot bottom up="$(says bottom)" down="$(says bottom-down)"
  oneshot left up="$(held left)" down="$(held left-down)"
  oneshot right up="$(held right)" down="$(held right-down)"
  oneshot top up="$(says top)" down="$(says top-down)"
  depends left bottom
  depends right bottom
  depends top left right
  start_live
  rc_begin change top
  wait_log left right
  release left
  wait_log 'left ends'
  wait_for 10 is_listed left
  assert_not_logged top
  release right
  rc_end 0
  assert_order bottom left 'right ends' top
  assert_eq "$(count_log bottom)" 1
  assert_eq "$(count_log top)" 1
  rc_begin -d change bottom
  wait_log left-down right-down
  release right-down
  wait_log 'right-down ends'
  assert_not_logged bottom-down
  release left-down
  rc_end 0
  assert_order top-down left-down 'left-down ends' bottom-down
  assert_eq "$(count_log bottom-down)" 1
}

test_chain() {
  wanted='' wanted_down='' before=''
  for i in 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29; do
    # neither the names' order nor that of the numbers
    name=$((i * 37 % 101))-$i
    oneshot "$name" up="$(says "up-$i")" down="$(says "down-$i")"
    [ -z "$before" ] || depends "$name" "$before"
    before=$name
    wanted="$wanted up-$i"
    wanted_down="down-$i $wanted_down"
  done
  start_live
  rc change "$before"
  # shellcheck disable=SC2086
  assert_order $wanted
  assert_eq "$(wc -l <"$T/log")" 20
  rc -da change
  # shellcheck disable=SC2086
  assert_order $wanted_down
  assert_eq "$(wc -l <"$T/log")" 40
}

test_bundles() {
  oneshot a up="$(says a)"
  oneshot b up="$(says b)"
  oneshot c up="$(says c)"
  oneshot d up="$(says d)"
  oneshot other up="$(says other)"
  bundle inner a b
  bundle outer inner c
  depends d outer
  start_live
  rc change inner
  assert_output 'a
b' sh -c '"$S6RC_BIN/s6-rc" -l "$LIVE" -ae list'
  rc change d
  assert_order a c d
  assert_order b c d
  assert_eq "$(count_log a)" 1
  assert_not_logged other
  rc -d change inner
  assert_up c
  assert_down a b d
}

test_what_is_there_is_left_alone() {
  oneshot a up="$(says a)" down="$(says a-down)"
  longrun b run="$(run_script b)"
  oneshot c up="$(says c)" down="$(says c-down)"
  depends b a
  depends c b
  start_live
  rc change b
  wait_log 'b runs'
  pid=$(service_pid b)
  rc change c
  rc change c
  assert_eq "$(count_log a)$(count_log c)" 11
  assert_eq "$(service_pid b)" "$pid"
  rc -d change c
  rc -d change c
  assert_eq "$(count_log c-down)" 1
  assert_eq "$(service_pid b)" "$pid"
}

test_nothing_to_do() {
  oneshot a up="$(says a)"
  start_live
  assert_output '' rc change
  assert_output '' rc -d change
  assert_output '' rc -p change
  assert_output '' rc -d change a
  assert_absent "$T/log"
}

run_tests "$@"
