#!/bin/sh
# ISC license.
# The process that serves a connection, and its children until they are
# scripts, are killed before each of their system calls: the next s6-rc, which
# comes at once, converges, and no script runs twice at a time.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# Long enough to still run when the next one comes.
script() { # NAME
  cat >"$T/$1" <<END
#!/bin/sh
mkdir "$T/runs.$1" || { echo $1 >>"$T/twice" ; exit 0 ; }
sleep 0.15
echo $1 >>"$T/log"
rmdir "$T/runs.$1"
END
  chmod 755 "$T/$1"
}

# What serves a connection is traced if there is a number in `plan`; scripts are
# not.
traced_runner() {
  cat >"$T/traced" <<END
#!/bin/sh
read -r call n <"$T/plan"
case \$call in
  none) exec "\$@" ;;
  learn) exec strace -D -f -b execve -qq -o "$T/trace" "\$@" ;;
esac
exec strace -D -f -b execve -qq -o "$T/trace" -e trace="\$call" -e inject="\$call:signal=KILL:when=\$n" "\$@"
END
  chmod 755 "$T/traced"
  echo none >"$T/plan"
  compile
  sed -i "s|$S6RC_LIBEXEC/s6-rc-oneshot-run|$T/traced &|" "$DB/servicedirs/s6rc-oneshot-runner/run"
  grep -q traced "$DB/servicedirs/s6rc-oneshot-runner/run"
  start_scan
  live_init
  rc change s6rc-oneshot-runner
}

one_call() {
  rm -f trace log
  echo "$call $n" >plan
  capture rc change c
  code=$status
  echo none >plan
  capture rc change c
  [ "$status" = 0 ] || fail "$call $n: exit code $status" "$STDERR" "$(cat trace)"
  assert_absent twice
  assert_output '' rc diff
  # once; or twice, if its s6-rc was gone when it ended
  sort log | uniq -c >counts
  [ "$(grep -c '^ *[12] [ab]$' counts)" = 2 ] || fail "$call $n" "$(cat counts)" "$(cat trace)"
  rc -d change a b
  ! grep -q 'killed by SIGKILL' trace || killed=$((killed + 1))
  [ "$code" = 0 ] || noticed=$((noticed + 1))
}

test_each_call() {
  need strace
  strace -D -f -b execve -qq -o "$T/trace" true || skip 'strace cannot trace here'
  script a
  script b
  oneshot a up="$T/a"
  oneshot b up="$T/b"
  oneshot c up=true
  depends c a b
  traced_runner
  echo learn >plan
  rc change c
  echo none >plan
  rc -d change a b
  # how often at most one process makes a call, without what starting up takes
  awk '/ openat\([^,]*, "lock"/ { on = 1 }
    on && match($2, /^[a-z0-9_]+\(/) {
      call = substr($2, 1, RLENGTH - 1)
      if (++n[$1, call] > most[call]) most[call] = n[$1, call]
    }
    END { for (call in most) print call, most[call] }' trace | sort >calls
  sed 's/^/called: /' calls
  killed=0 noticed=0
  while read -r call most; do
    n=1
    while [ $n -le "$most" ]; do
      one_call
      n=$((n + 1))
    done
  done <calls
  echo "killed in $killed rounds; s6-rc failed in $noticed"
  [ $killed -gt 40 ] || fail "killed in $killed rounds only"
  assert_eq "$(ls "$LIVE/servicedirs/s6rc-oneshot-runner/running")" '' 'notes that are left'
}

run_tests "$@"
