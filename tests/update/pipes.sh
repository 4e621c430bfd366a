#!/bin/sh
# ISC license.
# s6-rc-update and a fd-holder with many pipes: all of them get their new names
# without a restart; more than it can hold are made by a restart.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/update.sh"

PIPELINES=300
# more than an fd-holder for two can hold
TOO_MANY=150

# Sources of N pipelines that stay down; the consumers' names end in SUFFIX.
pairs() { # N SUFFIX
  rm -rf "$SRC"
  awk -v n="$1" -v suffix="$2" -v src="$SRC" 'BEGIN { for (i = 1; i <= n; i++) print src "/p" i, src "/c" i suffix }' |
    while read -r producer consumer; do
      mkdir -p "$producer" "$consumer"
      for dir in "$producer" "$consumer"; do
        echo longrun >"$dir/type"
        printf '#!/bin/sh\nexec sleep 86400\n' >"$dir/run"
      done
      echo "${consumer##*/}" >"$producer/producer-for"
      echo "${producer##*/}" >"$consumer/consumer-for"
    done
  longrun other
}

held() { s6-fdholder-list "$LIVE/servicedirs/s6rc-fdholder/s" | sort; }
wanted() { # N SUFFIX
  awk -v n="$1" -v suffix="$2" 'BEGIN {
    for (i = 1; i <= n; i++) { print "pipe:s6rc-r-c" i suffix; print "pipe:s6rc-w-c" i suffix } }' | sort
}
assert_held() { assert_eq "$(held)" "$(wanted "$1" "$2")" 'held pipes'; }

# Which pipe is held for a consumer.
pipe_for() {
  s6-fdholder-retrieve "$LIVE/servicedirs/s6rc-fdholder/s" "pipe:s6rc-w-$1" readlink /proc/self/fd/0
}

test_many() {
  pairs $PIPELINES ''
  start_live
  rc change s6rc-fdholder other
  assert_held $PIPELINES ''
  pid=$(service_pid s6rc-fdholder) first=$(pipe_for c1) last=$(pipe_for c$PIPELINES)
  pairs $PIPELINES x
  "$S6RC_BIN/s6-rc-compile" "$T/renamed" "$SRC"
  awk -v n=$PIPELINES 'BEGIN { for (i = 1; i <= n; i++) print "c" i, "-> c" i "x" }' >conv
  assert_exit 0 update -f conv "$T/renamed"
  assert_eq "$STDERR" ''
  assert_held $PIPELINES x
  assert_eq "$(service_pid s6rc-fdholder) $(pipe_for c1x) $(pipe_for c${PIPELINES}x)" "$pid $first $last"
  # none of them stays, others come
  pairs 20 y
  "$S6RC_BIN/s6-rc-compile" "$T/few" "$SRC"
  assert_exit 0 update "$T/few"
  assert_eq "$STDERR" ''
  assert_held 20 y
  assert_eq "$(service_pid s6rc-fdholder)" "$pid" 'process'
}

# The fd-holder was started for few. It is told to start anew, which no
# pipeline notices.
test_more_than_it_can_hold() {
  pairs 1 ''
  longrun old producer-for=store
  longrun store consumer-for=old
  start_live
  rc change old other
  wait_for 20 test -p "/proc/$(service_pid old)/fd/1"
  pids() { for name in old store; do service_pid $name; done; }
  pid=$(service_pid s6rc-fdholder) before=$(pids)
  pairs $TOO_MANY ''
  longrun old producer-for=store
  longrun store consumer-for=old
  "$S6RC_BIN/s6-rc-compile" "$T/many" "$SRC"
  assert_exit 0 update "$T/many"
  assert_contains "$STDERR" 'warning: s6rc-fdholder did not do as it was told'
  s6-svwait -U -t 20000 "$LIVE/servicedirs/s6rc-fdholder"
  all_held() { [ "$(held | wc -l)" = $((2 * TOO_MANY + 2)) ]; }
  wait_for 20 all_held || fail "$(held)"
  [ "$(service_pid s6rc-fdholder)" != "$pid" ] || fail 'the same fd-holder'
  assert_eq "$(pids)" "$before" 'processes'
}

run_tests "$@"
