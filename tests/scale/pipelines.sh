#!/bin/sh
# ISC license.
# Many pipelines: more pipes than one message to the fd-holder takes, and more
# than fit below usual limits on descriptors.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/pipelines.sh"

# N pipelines pX -> cX, all in the bundle "all".
many_pipelines() { # NUMBER
  i=0
  mkdir -p "$SRC/all/contents.d"
  echo bundle >"$SRC/all/type"
  while [ $i -lt "$1" ]; do
    i=$((i + 1))
    mkdir "$SRC/p$i" "$SRC/c$i"
    echo longrun | tee "$SRC/p$i/type" >"$SRC/c$i/type"
    echo "c$i" >"$SRC/p$i/producer-for"
    echo "p$i" >"$SRC/c$i/consumer-for"
    printf '#!/bin/sh\nexec sleep 86400\n' >"$SRC/p$i/run"
    printf '#!/bin/sh\nexec cat\n' >"$SRC/c$i/run"
    : >"$SRC/all/contents.d/p$i"
    : >"$SRC/all/contents.d/c$i"
  done
}

# Every pair is connected, each by a pipe of its own, and PIPES in all are
# what the fd-holder holds now (0: none of them).
check_pairs() { # NUMBER PIPES
  s6-svstat -o pid "$LIVE/servicedirs/s6rc-fdholder" >/dev/null
  for dir in "$LIVE/servicedirs/"p*; do
    name=${dir##*/p}
    readlink "/proc/$(service_pid "p$name")/fd/1" "/proc/$(service_pid "c$name")/fd/0" | tr '\n' ' '
    echo
  done >pairs
  assert_eq "$(wc -l <pairs)" "$1" 'pairs'
  assert_eq "$(awk '$1 != $2 || $1 !~ /^pipe:/' pairs)" '' 'pairs that are not connected'
  assert_eq "$(cut -d' ' -f1 pairs | sort -u | wc -l)" "$1" 'different pipes'
  # shellcheck disable=SC2012
  ls -l "/proc/$(service_pid s6rc-fdholder)/fd" | sed -n 's/.* -> \(pipe:.*\)/\1/p' | sort | uniq -c | awk '$1 >= 2 { print $2 }' >held
  cut -d' ' -f1 pairs | sort >used
  assert_eq "$(sort held | comm -12 - used | wc -l)" "$2" 'pipes of the fd-holder that are in use'
}
all_connected() { check_pairs "$1" "$2"; }

wait_pairs() { wait_for 30 all_connected_in_subshell "$1" "$2" || all_connected "$1" "$2"; }
all_connected_in_subshell() { (all_connected "$1" "$2"); }

list_pipes() { s6-fdholder-list "$LIVE/servicedirs/s6rc-fdholder/s" | sort; }

check_pipelines() { # NUMBER
  many_pipelines "$1"
  start_live
  rc -t 60000 change all
  assert_eq "$(rc -a list | wc -l)" $((2 * $1 + 1)) 'services that are up'
  list_pipes >list
  assert_eq "$(wc -l <list)" $((2 * $1)) 'descriptors in the fd-holder'
  wait_pairs "$1" "$1"
  # another fd-holder, full again, while all go on
  kill_fdholder
  list_pipes | cmp list
  (check_pairs "$1" 0)
  # the producers die, and every consumer sees the end
  for dir in "$LIVE/servicedirs/"p*; do s6-svc -k "$dir"; done
  wait_pairs "$1" "$1"
  # the table of the fd-holder stands deletions: no equal times of expiry
  i=0
  while [ $i -lt "$1" ]; do
    i=$((i + 20))
    s6-fdholder-delete -t 5000 "$LIVE/servicedirs/s6rc-fdholder/s" "pipe:s6rc-r-c$i"
  done
  assert_eq "$(list_pipes | wc -l)" $((2 * $1 - i / 20)) 'descriptors in the fd-holder after deletions'
}

test_150_pipelines() { check_pipelines 150; }

test_300_pipelines_under_1024() {
  ulimit -n 1024
  check_pipelines 300
}

# A soft limit is no obstacle.
test_150_pipelines_under_256() {
  ulimit -S -n 256
  check_pipelines 150
}

test_60_pipelines_under_256() {
  ulimit -n 256
  check_pipelines 60
}

# What cannot work says so.
test_150_pipelines_under_hard_256() {
  ulimit -n 256
  many_pipelines 150
  start_live
  assert_exit 1 rc -t 60000 change all
  assert_contains "$STDERR" s6rc-fdholder
  assert_contains "$(cat "$SCANLOG")" 's6-rc-fdholder-filler: fatal: unable to store the pipe of '
}

run_tests "$@"
