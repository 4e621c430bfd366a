#!/bin/sh
# ISC license.
# s6-rc-why: the reasons, from the live state and the records.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# What it says, without the times.
why() { "$S6RC_BIN/s6-rc-why" -l "$LIVE" "$@" | sed -E -e 's/(, | for )[0-9dhms ]*[dhms]( ago)?(\)|, )/\3/' -e 's/ \)/)/'; }
assert_why() { # TEXT NAME...
  _text=$1
  shift
  assert_eq "$(why "$@")" "$_text" "why $*"
}

lines() { printf '%s\n' "$@"; }

# web -> app -> cache -> db; app -> log; other
sample() {
  for name in web app cache other; do oneshot $name; done
  longrun log
  oneshot db up="sh -c \"test -e $T/db.works\""
  depends web app
  depends app cache log
  depends cache db
  bundle site web other
}

test_up() {
  sample
  : >db.works
  start_live
  rc change site log
  assert_why 'web: up, asked for by name' web
  assert_why 'log: up, asked for by name' log
  assert_why 'app: up, needed by web
  web: asked for by name' app
  assert_why 'db: up, needed by cache
  cache: needed by app
  app: needed by web
  web: asked for by name' db
  # the nearest
  rc change cache
  rc -d change cache
  rc change cache
  assert_why 'db: up, needed by cache
  cache: asked for by name' db
  # nothing is said twice
  rc change web
  assert_why 'app: up, needed by web
  web: asked for by name
cache: up, asked for by name
db: up, needed by cache
  cache: asked for by name' db app cache
  assert_contains "$(s6-rc-why -l "$LIVE" web)" 'web: up for 0s, asked for by name'
}

test_up_for_nothing() {
  sample
  : >db.works
  start_live
  rc change web
  rc -d change app
  assert_why 'log: up, although it was not asked for by name, and nothing that was needs it' log
  assert_why 'cache: up, although it was not asked for by name, and nothing that was needs it' cache
}

test_down() {
  sample
  : >db.works
  start_live
  assert_why 'other: down: never asked for' other
  rc change site
  rc -d change app other
  assert_why 'app: down: stopped (run 2)' app
  assert_why 'web: down: stopped with app, which it needs (run 2)' web
  assert_why 'other: down: stopped (run 2)' other
}

test_failed() {
  sample
  start_live
  assert_exit 1 rc change site
  assert_why 'db: down: failed to start: its script exited with code 1 (run 1)
  db: blocks 3 services: app, cache, web' db
  assert_why 'web: down: not started because of db (run 1)
  web: needs app
  app: needs cache
  cache: needs db
  db: failed to start: its script exited with code 1 (run 1)
  db: blocks 3 services: app, cache, web' web
  # of all of them, nothing twice
  assert_why 'log: up, although it was not asked for by name, and nothing that was needs it' log
  assert_why 'app: down: not started because of db (run 1)
  app: needs cache
  cache: needs db
  db: failed to start: its script exited with code 1 (run 1)
  db: blocks 3 services: app, cache, web
web: down: not started because of db (run 1)
  web: needs app
  app: needs cache, see above' web app
  # once it works, the rest can be tried again
  : >db.works
  rc change db
  assert_why 'cache: down: not started because of db (run 1)
  cache: needs db
  db: is up now: what it blocks can be tried again
  db: blocks 3 services: app, cache, web' cache
  rc change site
  assert_why 'cache: up, needed by app
  app: needed by web
  web: asked for by name' cache
}

test_many_victims() {
  oneshot bad up=false
  for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
    oneshot v$i
    depends v$i bad
  done
  bundle all v1 v2 v3 v4 v5 v6 v7 v8 v9 v10 v11 v12 v13
  start_live
  assert_exit 1 rc change all
  assert_why 'bad: down: failed to start: its script exited with code 1 (run 1)
  bad: blocks 13 services: v1, v10, v11, v12, v13, v2, v3, v4, v5, v6 and 3 more (s6-rc-status -f shows all)' bad
}

test_failed_stop() {
  oneshot under
  oneshot middle
  oneshot top down="sh -c \"test -e $T/may-stop\""
  depends top middle
  depends middle under
  start_live
  rc change top
  assert_exit 1 rc -d change under
  assert_why 'under: up, needed by middle
  middle: needed by top
  top: asked for by name
  under: not stopped because of top (run 2)
  under: is needed by middle
  middle: is needed by top
  top: failed to stop: its script exited with code 1 (run 2)
  top: blocks 2 services: middle, under' under
  assert_why 'top: up, asked for by name
  top: failed to stop: its script exited with code 1 (run 2)
  top: blocks 2 services: middle, under' top
  : >may-stop
  rc -d change under
  assert_why 'under: down: stopped (run 3)' under
}

test_skipped_and_left() {
  ready_longrun never run='#!/bin/sh
exec sleep 86400'
  oneshot after
  depends after never
  start_live
  assert_exit 2 rc -t 100 change after
  why after | grep -q '^after: down: not started: the time of s6-rc was up (-t) (run 1)$'
  why never | grep -q '^never: down: starting when the time of s6-rc was up (-t) (run 1)$'
}

test_supervisors() {
  longrun a
  start_live
  rc change a
  s6-svc -wd -d "$LIVE/servicedirs/a"
  assert_why 'a: up, asked for by name
  a: its supervisor was told to bring it down, not by s6-rc' a
  rm "$SCAN/a"
  s6-svscanctl -an "$SCAN"
  unsupervised() { ! s6-svok "$LIVE/servicedirs/a"; }
  wait_for 10 unsupervised
  assert_why 'a: up, asked for by name
  a: no s6-supervise runs for it' a
}

test_no_records() {
  sample
  start_live
  rm "$LIVE/records"
  assert_exit 0 s6-rc-why -l "$LIVE" web
  assert_eq "$STDOUT" 'web: down: why is not known, there is no record of it'
  assert_contains "$STDERR" "s6-rc-why: warning: what became of transitions is not known: $LIVE/records: No such file or directory"
  : >"$LIVE/records"
  assert_exit 0 s6-rc-why -l "$LIVE" web
  assert_contains "$STDERR" 'damaged, or not made for its database'
}

test_odd_names() {
  name=$(printf 'tab\there')
  oneshot "$name" up=false
  oneshot next
  depends next "$name"
  start_live
  assert_exit 1 rc change next
  assert_contains "$(why next)" '  next: needs tab\0011here'
}

test_errors() {
  sample
  start_live
  assert_exit 100 s6-rc-why -l "$LIVE"
  assert_contains "$STDERR" 's6-rc-why: usage: s6-rc-why [ -l live ] names...'
  assert_exit 3 s6-rc-why -l "$LIVE" wob
  assert_contains "$STDERR" 'did you mean web?'
  assert_exit 111 s6-rc-why -l "$T/nowhere" web
  assert_contains "$STDERR" 'run s6-rc-init first'
  printf x >>"$LIVE/state"
  assert_exit 4 s6-rc-why -l "$LIVE" web
}

# It takes no lock.
test_while_s6_rc_runs() {
  oneshot slow up="$(held slow)"
  oneshot next
  depends next slow
  start_live
  rc change next &
  pid=$!
  wait_for 10 grep -qx slow log
  assert_why 'slow: down: starting (run 1)' slow
  release slow
  wait "$pid"
  assert_why 'slow: up, needed by next
  next: asked for by name' slow
}

run_tests "$@"
