#!/bin/sh
# ISC license.
# Many pipelines: more pipes than one message to the fd-holder takes, and more
# than fit below usual limits on descriptors.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/pipelines.sh"

# "NAME PIPE" for the end of a pipe that each process in a service directory
# has as the stdout of a producer, or the stdin of a consumer.
ends() {
  # shellcheck disable=SC2012
  ls -l /proc/[0-9]*/cwd /proc/[0-9]*/fd/[01] 2>/dev/null | awk -v live="$LIVE:" '
    { at = index($0, "/proc/"); to = index($0, " -> "); if (!at || !to) next
      split(substr($0, at, to - at), word, "/"); target = substr($0, to + 4); pid = word[3] }
    word[4] == "cwd" && index(target, live) == 1 { sub(".*/servicedirs/", "", target); name[pid] = target }
    word[4] == "fd" && target ~ /^pipe:/ { pipe[pid, word[5]] = target }
    END { for (pid in name) {
      fd = name[pid] ~ /^p/ ? 1 : name[pid] ~ /^c/ ? 0 : 2
      if ((pid, fd) in pipe) print name[pid], pipe[pid, fd]
    } }' | sort
}

# Every pair is connected, each by a pipe of its own, and PIPES in all are
# what the fd-holder holds now (0: none of them).
check_pairs() { # NUMBER PIPES
  ends >ends.list
  assert_eq "$(wc -l <ends.list)" $((2 * $1)) 'ends of pipes'
  assert_eq "$(sed 's/^.//' ends.list | sort -u | wc -l)" "$1" 'pairs'
  cut -d' ' -f2 ends.list | sort -u >used
  assert_eq "$(wc -l <used)" "$1" 'different pipes'
  # shellcheck disable=SC2012
  ls -l "/proc/$(service_pid s6rc-fdholder)/fd" | sed -n 's/.* -> \(pipe:.*\)/\1/p' | sort -u >held
  assert_eq "$(comm -12 held used | wc -l)" "$2" 'pipes of the fd-holder that are in use'
}
all_connected() { check_pairs "$1" "$2"; }

wait_pairs() { wait_for 60 all_connected_in_subshell "$1" "$2" || all_connected "$1" "$2"; }
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
  ends | sed -n 's/^p\([0-9]*\) .*/p\1/p' | while read -r name; do s6-svc -k "$LIVE/servicedirs/$name"; done
  wait_pairs "$1" "$1"
  # the table of the fd-holder stands deletions: no equal times of expiry
  i=0
  while [ $((i + 20)) -le "$1" ]; do
    i=$((i + 20))
    s6-fdholder-delete -t 5000 "$LIVE/servicedirs/s6rc-fdholder/s" "pipe:s6rc-r-c$i"
  done
  assert_eq "$(list_pipes | wc -l)" $((2 * $1 - i / 20)) 'descriptors in the fd-holder after deletions'
}

test_300_pipelines_under_1024() {
  # shellcheck disable=SC3045
  ulimit -n 1024
  check_pipelines 300
}

# A soft limit is no obstacle.
test_150_pipelines_under_256() {
  # shellcheck disable=SC3045
  ulimit -S -n 256
  check_pipelines 150
}

test_60_pipelines_under_256() {
  # shellcheck disable=SC3045
  ulimit -n 256
  check_pipelines 60
}

# What cannot work says so.
test_too_few_descriptors() {
  # shellcheck disable=SC3045
  ulimit -n 64
  many_pipelines 40
  start_live
  assert_exit 2 rc -t 3000 change all
  assert_contains "$STDERR" '1 service still starting: s6rc-fdholder'
  wait_for 20 grep -q 's6-rc-fdholder-filler: fatal: unable to store the pipe of ' "$SCANLOG"
}

run_tests "$@"
