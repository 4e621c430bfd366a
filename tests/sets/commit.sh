#!/bin/sh
# ISC license.
# s6-rc-set-commit: what is in the database, and when there is none.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

begin() {
  repository
  tool set-new s
}

services() { committed "$1" list services | grep -v '^s6rc-' | sort | words; }
bundles() { committed "$1" list bundles | sort | words; }
contents() { committed "$1" contents "$2" | sort | words; }

test_commit() {
  begin
  assert_exit 0 tool set-commit s
  assert_eq "$STDOUT$STDERR" ''
  committed s check
  assert_eq "$(services s)" 'ftp local mount net web web-log'
  assert_eq "$(bundles s)" 'all default servers web-pipe'
  assert_eq "$(contents s default)" 'mount net'
  assert_file repo/current/committed/s/db/servicedirs/web/data/index hello
  assert_swept
}

# The compiler's own work: with everything in it, the database is what
# s6-rc-compile makes of the same definitions.
test_same_compiler() {
  stores
  longrun more template/run='#!/bin/sh' env/X=1
  tool repo-init one
  tool set-new s
  tool set-commit s
  bundle default net mount
  compile
  diff -r "$DB/servicedirs" repo/current/committed/s/db/servicedirs
  cmp "$DB/db" repo/current/committed/s/db/db
  cmp "$DB/resolve.cdb" repo/current/committed/s/db/resolve.cdb
}

test_masked() {
  begin
  tool set-change -p s masked web
  tool set-commit s
  assert_eq "$(services s)" 'ftp local mount net'
  # servers contains web-pipe, which contains web; all contains servers
  assert_eq "$(bundles s)" 'default'
  committed s check
  tool set-change -p s usable web
  tool set-change s masked ftp
  tool set-commit s
  assert_eq "$(services s)" 'local mount net web web-log'
  assert_eq "$(bundles s)" 'default web-pipe'
  assert_eq "$(contents s web-pipe)" 'web web-log'
}

test_masked_bundle_as_dependency() {
  stores
  longrun 'needs-all'
  depends needs-all all
  tool repo-init one two
  tool set-new s
  tool set-change -p s masked ftp
  assert_eq "$(status_of s needs-all)" needs-all/masked
  tool set-commit s
  assert_eq "$(services s)" 'local mount net web web-log'
}

# What is depended on where it is defined: a set without it does without.
test_optional_dependencies() {
  stores
  longrun opt optional-dependencies.d/ftp= optional-dependencies.d/net= dependencies.d/net=
  bundle both ftp mount
  longrun opt2 optional-dependencies.d/both=
  tool repo-init one
  tool set-new s
  assert_file repo/current/optional 'service opt
optional ftp
service opt2
optional ftp
optional mount'
  tool set-change -p s active opt opt2
  assert_eq "$(status_of s ftp opt opt2)" 'ftp/active opt/active opt2/active'
  tool set-commit s
  assert_eq "$(committed s dependencies opt | words)" 'ftp net'
  assert_exit 0 tool set-change -i s masked ftp
  assert_eq "$STDERR" ''
  assert_output '' tool set-fix -n
  tool set-commit s
  assert_eq "$(committed s dependencies opt | words)" 'net'
  assert_eq "$(committed s dependencies opt2 | words)" ''
  committed s check
  # but where it is, it counts
  assert_exit 1 tool set-change -i s usable ftp
  assert_contains "$STDERR" 'opt is active, ftp, on which it depends, is usable'
  # and so does what is not optional
  assert_exit 1 tool set-change -i s masked net
  # a change of them is a change
  rm one/opt/optional-dependencies.d/ftp
  tool repo-sync
  assert_exit 7 tool set-install --no-update -c "$T/boot/current" -l "$LIVE" s
}

test_everything_masked() {
  begin
  tool set-change -e s masked all 'local'
  tool set-commit s
  assert_eq "$(services s)" ''
  assert_eq "$(bundles s)" default
  assert_eq "$(contents s default)" ''
  committed s check
}

test_flags() {
  begin
  : >one/servers/flag-essential
  tool repo-sync 2>err
  tool set-change -e s usable mount net 2>err
  tool set-change -e s always 'local'
  tool set-commit s
  # a bundle's flag, and the definitions' flags, are not the set's; recommended stays what it was
  assert_eq "$(committed s flags local) $(committed s flags mount) $(committed s flags ftp)" '00000001 00000000 00000000'
  assert_eq "$(committed s flags net) $(committed s flags web) $(committed s flags web-log)" '00000002 00000000 00000000'
  assert_eq "$(contents s default)" 'local'
}

test_default_bundle() {
  begin
  tool set-change -p s active web
  tool set-commit -D at-boot s
  assert_eq "$(contents s at-boot)" 'mount net web web-log'
  assert_eq "$(bundles s)" 'all at-boot servers web-pipe'
  # the stores may not define it, masked or not
  store two
  bundle default ftp
  tool repo-sync
  before=$(state)
  assert_exit 1 tool set-commit s
  assert_contains "$STDERR" 'the stores define default, which is to be the bundle of what starts at boot: nothing changed (-D gives it another name)'
  assert_exit 1 tool set-commit -D ftp s
  assert_exit 1 tool set-commit -D web-pipe s
  tool set-change s masked ftp
  assert_exit 1 tool set-commit -D ftp s
  assert_exit 1 tool set-commit s
  for name in '' .x a/b s6rc-x "$(printf 'new\nline')"; do assert_exit 100 tool set-commit -D "$name" s; done
  assert_swept
}

test_not_if_nothing_has_changed() {
  begin
  tool set-commit s
  name=$(readlink repo/current/committed/s)
  same() {
    assert_exit 0 "$@"
    assert_eq "$(readlink repo/current/committed/s)" "$name"
  }
  changed() {
    assert_exit 0 "$@"
    [ "$(readlink repo/current/committed/s)" != "$name" ] || fail "not compiled: $*"
    name=$(readlink repo/current/committed/s)
  }
  same tool set-commit s
  assert_exit 0 tool set-commit -v2 s
  assert_contains "$STDERR" 'nothing has changed since the last commit'
  changed tool set-commit -f s
  tool repo-sync
  same tool set-commit s
  # other options
  changed tool set-commit -D other s
  changed tool set-commit -h nobody s
  assert_contains "$(cat repo/current/committed/s/db/servicedirs/s6rc-fdholder/run)" nobody
  changed tool set-commit s
  # another set
  tool set-change s active ftp
  changed tool set-commit s
  tool set-change s usable ftp
  tool set-change s active ftp
  same tool set-commit s
  # other contents, with and without a sync
  echo '#' >>one/web/run
  tool repo-sync
  changed tool set-commit s
  echo new >one/web/data/index
  changed tool set-commit s
  assert_file repo/current/committed/s/db/servicedirs/web/data/index new
  tool repo-sync
  same tool set-commit s
  chmod 600 one/web/data/index
  changed tool set-commit s
  ln -s index one/web/data/link
  changed tool set-commit s
  touch one/web/data/index
  same tool set-commit s
}

test_keep_old() {
  begin
  assert_output '' tool set-commit -K s
  tool set-change s active ftp
  assert_exit 0 tool set-commit -K s
  old=$STDOUT
  "$S6RC_BIN/s6-rc-db" -c "$old" check
  assert_eq "$("$S6RC_BIN/s6-rc-db" -c "$old" contents default | sort | words)" 'mount net'
  # for good
  tool set-change s usable ftp
  assert_output '' tool set-commit s
  tool set-delete s
  "$S6RC_BIN/s6-rc-db" -c "$old" check
  assert_swept
}

test_inconsistent() {
  begin
  tool set-commit s
  tool set-change s masked net 2>err
  before=$(state)
  assert_exit 1 tool set-commit s
  assert_contains "$STDERR" "fatal: set s: ftp is usable, net, on which it depends, is masked: s6-rc-set-change -r $T/repo -p s usable net"
  assert_contains "$STDERR" 'set s is inconsistent: nothing changed (s6-rc-set-fix mends it)'
  assert_eq "$(state)" "$before"
  tool set-fix
  tool set-commit s
}

# Services that have come or gone since the last sync.
test_stale() {
  begin
  tool set-commit s
  before=$(state)
  store two
  longrun new
  assert_exit 102 tool set-commit s
  assert_contains "$STDERR" 'service new is new in the stores'
  assert_contains "$STDERR" 'run s6-rc-repo-sync'
  rm -r two/local
  assert_exit 102 tool set-commit s
  assert_contains "$STDERR" 'service local has vanished from the stores'
  assert_eq "$(state)" "$before"
  # dependencies that have changed: what counts is what is compiled
  rm -r two/new
  longrun 'local'
  depends net 'local'
  mv two/net/dependencies.d/* one/net/dependencies.d/ && rm -r two/net
  assert_exit 1 tool set-commit s
  assert_contains "$STDERR" 'net is active, local, on which it depends, is usable'
  tool set-change s active 'local'
  tool set-commit s
  assert_eq "$(committed s dependencies net | sort | words)" 'local mount s6rc-oneshot-runner'
}

# A commit reads the stores itself: what the last sync has noted of them is no
# matter to it, only to who asks what has been found since.
test_damaged_note_of_the_last_sync() {
  begin
  echo damage >repo/current/synced
  assert_exit 0 tool set-commit s
  committed s check
  set -- set-install --no-update -c "$T/boot/current" -l "$LIVE" s
  assert_exit 102 tool "$@"
  assert_contains "$STDERR" "$T/repo/current/synced is damaged: run s6-rc-repo-sync"
  tool repo-sync
  assert_exit 0 tool "$@"
}

test_broken_stores() {
  begin
  tool set-commit s
  before=$(state)
  echo nonsense >one/web/type
  assert_exit 1 tool set-commit s
  assert_contains "$STDERR" "$T/one/web/type"
  mv one away
  assert_exit 111 tool set-commit s
  assert_eq "$(state)" "$before"
  committed s check
  assert_swept
}

test_refused() {
  begin
  assert_exit 3 tool set-commit t
  assert_exit 100 tool set-commit
  assert_exit 100 tool set-commit s t
  assert_exit 100 tool set-commit -h "$(printf 'new\nline')" s
  assert_absent repo/current/committed/s
}

# The bundle of what starts at boot makes a cycle.
test_why_it_cannot_be_compiled() {
  store one
  oneshot c
  mkdir "$SRC/c/optional-dependencies.d"
  : >"$SRC/c/optional-dependencies.d/default"
  tool repo-init one
  tool set-new s
  tool set-change s active c
  assert_exit 1 tool set-commit s
  assert_contains "$STDERR" 'cycle'
  assert_contains "$STDERR" 'set s cannot be compiled on its own: nothing changed'
}

run_tests "$@"
