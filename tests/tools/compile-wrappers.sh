#!/bin/sh
# ISC license.
# The generated scripts under a real supervision tree: pipes reach the scripts
# of pipelined longruns whatever their names are, the fd-holder is filled
# before it is ready.
. "$(dirname "$0")/../lib/test.sh"

# Names that mean something to the shell, to execline, to both.
# shellcheck disable=SC2016,SC1003
{
  PRODUCER='one $@ ${1} "q" {b} \x $'
  MIDDLE='two } $# ${@} é \\'
  CONSUMER='three $1 \ "${0}" { '
}

# shellcheck disable=SC2016
SHOW='#!/bin/sh
stdout=$(readlink /proc/$$/fd/1)
{
  echo "$# $1"
  readlink /proc/self/fd/0
  echo "$stdout"
  env | grep -E "^([0-9#]|EXECLINE_)"
  ls /proc/self/fd
} >"$T/$(basename "$0").out" 2>&1'

# shellcheck disable=SC2016
odd_pipeline() {
  longrun "$PRODUCER" "producer-for=$MIDDLE" "run=$SHOW
echo a line
exec sleep 86400" "finish=$SHOW
echo \"\$@\" >\"\$T/arguments\"
echo goodbye"
  longrun "$MIDDLE" "consumer-for=$PRODUCER" "producer-for=$CONSUMER" 'run=#!/bin/sh
exec sed -u "s/.*/<&>/"'
  longrun "$CONSUMER" "consumer-for=$MIDDLE" 'run=#!/bin/sh
exec cat >>"$T/log"'
}

# The service directories of the database as a scan directory, all but the
# generated services down.
supervise() {
  [ -x "$S6RC_LIBEXEC/s6-rc-fdholder-filler" ] || skip 's6-rc-fdholder-filler is not installed'
  cp -R "$DB/servicedirs" "$SCAN"
  for dir in "$SCAN"/*; do
    case $dir in */s6rc-*) ;; *) : >"$dir/down" ;; esac
  done
  start_scan
}

test_pipes_and_arguments() {
  odd_pipeline
  compile
  supervise
  wait_for 10 s6-svwait -t 5000 -U "$SCAN/s6rc-fdholder"
  assert_eq "$(s6-fdholder-list "$SCAN/s6rc-fdholder/s" | grep -c '^pipe:s6rc-[rw]-')" 4
  for name in "$CONSUMER" "$MIDDLE" "$PRODUCER"; do s6-svc -u "$SCAN/$name"; done
  wait_for 10 grep -q '<a line>' "$T/log"
  assert_eq "$(sed -n 1p "$T/run.user.out")" "1 $PRODUCER"
  assert_eq "$(sed -n 2p "$T/run.user.out")" /dev/null
  assert_contains "$(sed -n 3p "$T/run.user.out")" pipe:
  assert_lacks "$(cat "$T/run.user.out")" '#='
  # no descriptor is left of the wrapper: 0 1 2, and what ls itself and the shell have
  assert_lacks "$(sed 1,3d "$T/run.user.out")" 6
  s6-svc -wD -T 10000 -d "$SCAN/$PRODUCER"
  assert_contains "$(cat "$T/arguments")" "256 15 $PRODUCER"
  assert_contains "$(sed -n 3p "$T/finish.user.out")" pipe:
  wait_for 10 grep -q '<goodbye>' "$T/log"
}

# finish cleans up, with or without a pipe to talk to.
test_finish_without_fdholder() {
  odd_pipeline
  compile
  supervise
  wait_for 10 s6-svwait -t 5000 -U "$SCAN/s6rc-fdholder"
  s6-svc -wu -T 10000 -u "$SCAN/$PRODUCER"
  wait_for 10 test -e "$T/run.user.out"
  s6-svc -wD -T 10000 -d "$SCAN/s6rc-fdholder"
  s6-svc -wD -T 10000 -d "$SCAN/$PRODUCER"
  assert_contains "$(cat "$T/arguments")" "256 15 $PRODUCER"
}

test_fdholder_user() {
  need_root
  odd_pipeline
  compile -h nobody
  supervise
  wait_for 10 s6-svwait -t 5000 -U "$SCAN/s6rc-fdholder"
  pid=$(s6-svstat -o pid "$SCAN/s6rc-fdholder")
  assert_eq "$(stat -c %U "/proc/$pid")" nobody
  assert_lacks "$(tr '\000' '\n' <"/proc/$pid/environ")" GIDLIST
  assert_eq "$(s6-fdholder-list "$SCAN/s6rc-fdholder/s" | grep -c '^pipe:s6rc-[rw]-')" 4
}

# An fd-holder that cannot be filled does not stay behind, neither ready nor
# of any use.
test_fdholder_is_not_ready_unfilled() {
  odd_pipeline
  compile
  supervise
  wait_for 10 s6-svwait -t 5000 -U "$SCAN/s6rc-fdholder"
  s6-svc -wD -T 10000 -d "$SCAN/s6rc-fdholder"
  # shellcheck disable=SC2016
  printf '#!/bin/sh\nif [ -e "$T/good" ]; then exec "%s" "$@"; fi\necho >>"$T/tries"\nexit 1\n' \
    "$S6RC_LIBEXEC/s6-rc-fdholder-filler" >filler
  chmod +x filler
  sed "s,^[^ ]*s6-rc-fdholder-filler,$T/filler," "$SCAN/s6rc-fdholder/run" >run
  cat run >"$SCAN/s6rc-fdholder/run"
  s6-svc -u "$SCAN/s6rc-fdholder"
  tried_thrice() { [ "$(wc -l <"$T/tries")" -ge 3 ]; }
  wait_for 20 tried_thrice
  assert_eq "$(s6-svstat -o ready,wantedup "$SCAN/s6rc-fdholder" | cut -d' ' -f2)" true
  : >good
  wait_for 20 s6-svwait -t 5000 -U "$SCAN/s6rc-fdholder"
  assert_eq "$(s6-fdholder-list "$SCAN/s6rc-fdholder/s" | grep -c '^pipe:s6rc-[rw]-')" 4
}

# When it dies, it comes back filled.
test_fdholder_comes_back() {
  odd_pipeline
  compile
  supervise
  wait_for 10 s6-svwait -t 5000 -U "$SCAN/s6rc-fdholder"
  pid=$(s6-svstat -o pid "$SCAN/s6rc-fdholder")
  s6-svc -k "$SCAN/s6rc-fdholder"
  another() { case $(s6-svstat -o pid "$SCAN/s6rc-fdholder") in -1 | "$pid") return 1 ;; esac }
  wait_for 20 another
  wait_for 20 s6-svwait -t 5000 -U "$SCAN/s6rc-fdholder"
  assert_eq "$(s6-fdholder-list "$SCAN/s6rc-fdholder/s" | grep -c '^pipe:s6rc-[rw]-')" 4
}

run_tests "$@"
