#!/bin/sh
# ISC license.
# System calls that fail, one at a time: the tool says so and exits 111, or it
# did not matter; the repository is as before, and nothing is left.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

SINGLE='rename,renameat,renameat2 link,linkat symlink,symlinkat fsync syncfs'
MANY='mkdir,mkdirat write'
EACH=5

run_faulty() { # CALLS ERROR N COMMAND...
  _inject="$1:error=$2:when=$3"
  _calls=$1
  shift 3
  capture strace -qq -o trace -e trace="$_calls" -e inject="$_inject" "$@"
}

# For the repository as it is.
sweep() { # TOOL ARGUMENT...
  need strace
  _tool=$S6RC_BIN/s6-rc-$1
  shift
  set -- "$_tool" -r "$T/repo" -v0 "$@"
  cp -a repo before
  old=$(state)
  "$@"
  new=$(state)
  [ "$old" != "$new" ] || fail 'nothing changes'
  total=0
  for calls in $SINGLE $MANY; do
    rm -rf repo
    cp -a before repo
    strace -qq -o trace -e trace="$calls" "$@"
    count=$(grep -c '^[a-z0-9]*(' trace || :)
    step=1
    case " $MANY " in *" $calls "*) step=$((count / EACH + 1)) ;; esac
    n=1
    while [ $n -le "$count" ]; do
      rm -rf repo
      cp -a before repo
      error=$([ $((n % 2)) = 0 ] && echo EIO || echo ENOSPC)
      run_faulty "$calls" "$error" $n "$@"
      case $status in
        111)
          total=$((total + 1))
          assert_contains "$STDERR" 'fatal: unable to'
          case $STDERR in *'No space left on device'* | *'Input/output error'*) ;; *) fail "no reason: $STDERR" ;; esac
          assert_eq "$(state)" "$old" "after $calls $n: $STDERR"
          ;;
        # to sync the name of what is there already
        0) assert_eq "$(state)" "$new" "after $calls $n" ;;
        *) fail "exit code $status: $calls $n" "$STDERR" ;;
      esac
      assert_swept
      n=$((n + step))
    done
  done
  [ $total -gt 4 ] || fail "only $total failures"
}

test_sync() {
  repository
  tool set-new s
  store two
  longrun new
  sweep repo-sync
}

test_change() {
  repository
  tool set-new s t
  sweep set-change -p s masked net
}

test_delete() {
  repository
  tool set-new s t
  tool set-commit s
  sweep set-delete s
}

test_commit() {
  repository
  tool set-new s
  tool set-commit s
  tool set-change s active ftp
  sweep set-commit s
}

# A new repository that cannot be finished is none.
test_init() {
  need strace
  stores
  for calls in fsync mkdirat,mkdir write symlinkat,symlink renameat,rename; do
    for n in 1 2 3; do
      run_faulty $calls ENOSPC $n "$S6RC_BIN/s6-rc-repo-init" -r "$T/repo" one
      case $status in
        0) assert_sound ; rm -r repo ;;
        111) assert_contains "$STDERR" 'No space left on device' ; assert_absent repo ;;
        *) fail "exit code $status: $calls $n" "$STDERR" ;;
      esac
    done
  done
}

test_install() {
  need strace
  repository
  tool set-new s
  tool set-commit s
  tool set-install --no-update -c "$T/boot/current" -l "$LIVE" s
  link=$(readlink boot/current)
  for calls in fsync syncfs mkdirat,mkdir write symlinkat,symlink renameat,rename; do
    for n in 1 2 3; do
      run_faulty $calls ENOSPC $n "$S6RC_BIN/s6-rc-set-install" -r "$T/repo" --no-update -c "$T/boot/current" -l "$LIVE" s
      case $status in
        111)
          assert_contains "$STDERR" 'No space left on device'
          assert_eq "$(readlink boot/current)" "$link" "$calls $n"
          ;;
        0)
          # the old database could not be removed from the note: next time
          if [ -n "$STDERR" ]; then
            assert_contains "$STDERR" 'the set is installed'
            tool set-install --no-update -c "$T/boot/current" -l "$LIVE" s
          fi
          link=$(readlink boot/current)
          ;;
        *) fail "exit code $status: $calls $n" "$STDERR" ;;
      esac
      "$S6RC_BIN/s6-rc-db" -c boot/current check
      assert_eq "$(databases)" "$link" "databases after $calls $n: $STDERR"
      assert_absent repo/installing repo/installing.new
    done
  done
}

# stdout that cannot be written to
test_full_stdout() {
  [ -w /dev/full ] || skip 'there is no /dev/full'
  repository
  tool set-new s
  for words in repo-list 'set-status s' 'set-change -n s active ftp'; do
    code=0
    # shellcheck disable=SC2086
    tool $words >/dev/full 2>err || code=$?
    assert_eq "$code" 111 "$words"
    assert_contains "$(cat err)" 'unable to write to stdout'
  done
}

run_tests "$@"
