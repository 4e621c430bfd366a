#!/bin/sh
# ISC license.
# s6-rc-set-new, s6-rc-set-copy, s6-rc-set-delete, s6-rc-set-status.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

DEFAULTS='ftp/usable
local/usable
mount/always
net/active
web/usable
web-log/usable'

test_new() {
  repository
  assert_exit 0 tool set-new s 't u'
  assert_eq "$STDOUT$STDERR" ''
  for name in s 't u'; do assert_output "$DEFAULTS" tool set-status "$name"; done
  assert_file repo/current/sets/s 'usable ftp
usable local
always mount
active net
usable web
usable web-log'
  assert_swept
}

# What packages recommend may not fit together: that is said.
test_new_warns() {
  stores
  : >"$T/one/web/flag-recommended"
  : >"$T/one/ftp/flag-essential"
  tool repo-init one
  assert_exit 0 tool set-new s
  assert_eq "$STDERR" "s6-rc-set-new: warning: set s: ftp is always, net, on which it depends, is active: s6-rc-set-change -r $T/repo -e -p s always net
s6-rc-set-new: warning: set s: web is active, web-log, on which it depends, is usable: s6-rc-set-change -r $T/repo -p s active web-log"
  assert_exit 0 tool set-new -v0 t
  assert_eq "$STDERR" ''
}

# The flags of a bundle are those of its services.
test_new_flags_of_bundles() {
  stores
  : >"$T/one/servers/flag-recommended"
  tool repo-init one
  tool set-new s
  assert_eq "$(status_of s)" 'ftp/active mount/always net/active web/active web-log/active'
}

test_new_refused() {
  repository
  tool set-new s
  before=$(state)
  assert_exit 1 tool set-new t s
  assert_contains "$STDERR" 'set s exists already: nothing changed'
  assert_exit 100 tool set-new t t
  assert_exit 100 tool set-new
  long=$(printf '%241s' '' | tr ' ' x)
  for name in '' .x a/b ../x "$(printf 'new\nline')" "$long"; do
    assert_exit 100 tool set-new t "$name"
    assert_contains "$STDERR" 'not a name for a set'
  done
  assert_eq "$(state)" "$before"
  # as long as can be
  tool set-new "${long#x}"
  tool set-commit "${long#x}"
  assert_swept
  assert_sound
}

test_copy() {
  repository
  tool set-new s
  tool set-change s masked ftp
  tool set-commit s
  tool set-copy s t
  assert_eq "$(status_of t ftp)" ftp/masked
  assert_absent repo/current/committed/t
  # independent of each other
  tool set-change s active ftp
  assert_eq "$(status_of t ftp)" ftp/masked
  before=$(state)
  assert_exit 1 tool set-copy s t
  assert_contains "$STDERR" 'set t exists already: nothing changed (-f replaces it)'
  assert_exit 3 tool set-copy x y
  assert_exit 100 tool set-copy s
  assert_exit 100 tool set-copy s t u
  assert_exit 100 tool set-copy s .x
  assert_eq "$(state)" "$before"
  tool set-copy -f s t
  assert_eq "$(status_of t ftp)" ftp/active
  tool set-copy -f s s
  assert_eq "$(status_of s ftp)" ftp/active
  assert_swept
}

test_delete() {
  repository
  tool set-new s t u
  for name in s t; do tool set-commit $name; done
  before=$(state)
  # all names are checked first
  assert_exit 3 tool set-delete s x
  assert_contains "$STDERR" 'no set named x'
  for name in '' . .. ../sets ../stores s/../s; do assert_exit 3 tool set-delete "$name"; done
  assert_exit 100 tool set-delete
  assert_eq "$(state)" "$before"
  tool set-delete s u s
  assert_output t tool repo-list
  assert_swept
  tool set-delete t
  assert_output '' tool repo-list
  assert_eq "$(ls repo/compiled)" ''
}

test_status() {
  repository
  tool set-new s
  assert_output "$DEFAULTS" tool set-status -E s
  assert_output "$(echo "$DEFAULTS" | grep -v always)" tool set-status -e s
  assert_output "$(echo "$DEFAULTS" | cut -d/ -f1)" tool set-status -L s
  assert_output "$(echo "$DEFAULTS" | grep -v always | cut -d/ -f1)" tool set-status --list --without-essentials s
  assert_output net/active tool set-status s net
  # bundles are what they contain; everything once, in order
  assert_output "$(printf '%s\n' ftp/usable net/active web/usable web-log/usable)" tool set-status s web-pipe servers net ftp
  assert_output '' tool set-status -e s mount
}

test_status_refused() {
  repository
  tool set-new server
  assert_exit 3 tool set-status serwer
  assert_contains "$STDERR" 'no set named serwer'
  assert_contains "$STDERR" 'did you mean server?'
  assert_exit 3 tool set-status server web-lod
  assert_contains "$STDERR" 'did you mean web-log?'
  assert_exit 3 tool set-status server s6rc-fdholder
  assert_contains "$STDERR" 'is in every database'
  assert_exit 100 tool set-status
  assert_exit 100 tool set-status -x server
  assert_exit 100 tool set-status -v x server
}

run_tests "$@"
