#!/bin/sh
# ISC license.
# s6-rc-repo-init, s6-rc-repo-list, s6-rc-repo-sync.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

REFERENCE=repo/current/reference

reference() { "$S6RC_BIN/s6-rc-db" -c "$REFERENCE" "$@"; }

test_init() {
  stores
  assert_exit 0 tool repo-init one "$T/two//"
  assert_eq "$STDOUT$STDERR" ''
  assert_file repo/current/stores "$(printf '%s\n' "$T/one" "$T/two")"
  assert_eq "$(reference list services | grep -v s6rc- | sort | words)" 'ftp local mount net web web-log'
  reference check
  assert_output '' tool repo-list
  assert_swept
}

test_init_makes_directories_above() {
  stores
  (umask 077 && s6-rc-repo-init -r "$T/a/b/c" one)
  assert_mode a 755
  assert_mode a/b/c 755
}

# Everything can be read by others, nothing written; the lock is the owner's.
test_modes_whatever_the_umask() {
  stores
  (umask 077 && tool repo-init one two && tool set-new s && tool set-fix -u s && tool set-commit s && tool repo-sync)
  assert_mode repo/lock 600
  assert_eq "$(find repo -type d ! -perm 755)" ''
  assert_eq "$(find repo/current/ repo/compiled -type f ! -perm 644 ! -perm 755)" ''
  (umask 000 && tool repo-sync && tool set-change s active ftp && tool set-commit s)
  assert_eq "$(find repo ! -type l -perm /022)" ''
}

test_init_exists() {
  repository
  tool set-new s
  before=$(state)
  assert_exit 1 tool repo-init one
  assert_contains "$STDERR" 'exists already (-U changes its stores, -f replaces it and all its sets)'
  assert_eq "$(state)" "$before"
  tool repo-init -f one
  assert_output '' tool repo-list
  assert_file repo/current/stores "$T/one"
  assert_swept
}

test_init_elsewhere() {
  stores
  mkdir empty full
  : >full/file
  s6-rc-repo-init -r "$T/empty" one
  assert_exit 102 s6-rc-repo-init -r "$T/full" one
  assert_contains "$STDERR" 'is not a repository: file is in it'
  assert_exit 102 s6-rc-repo-init -f -r "$T/full" one
  assert_eq "$(ls -A full)" file
  assert_exit 111 s6-rc-repo-init -r "$T/full/file/repo" one
  assert_exit 102 s6-rc-repo-init -U -r "$T/none" one
  assert_contains "$STDERR" 's6-rc-repo-init makes one'
  assert_absent none
}

test_init_update_stores() {
  repository
  tool set-new s
  tool set-change s active ftp 2>err
  tool repo-init -U two one
  assert_file repo/current/stores "$(printf '%s\n' "$T/two" "$T/one")"
  assert_eq "$(status_of s ftp local)" 'ftp/active local/usable'
  tool repo-init -U one
  assert_eq "$(status_of s)" 'ftp/active mount/always net/active web/usable web-log/usable'
  # bare: only the list
  tool repo-init -UB one two
  assert_eq "$(status_of s)" 'ftp/active mount/always net/active web/usable web-log/usable'
  tool repo-sync
  assert_eq "$(status_of s local)" 'local/usable'
}

test_init_bare() {
  stores
  tool repo-init -B one
  assert_output '' tool repo-list
  assert_exit 3 tool set-fix y
  assert_exit 102 tool set-fix
  assert_exit 102 tool set-new y
  assert_contains "$STDERR" 'run s6-rc-repo-sync'
  tool repo-sync
  tool set-new y
}

test_init_usage() {
  stores
  assert_exit 100 tool repo-init
  assert_exit 100 tool repo-init one "$T/one"
  assert_contains "$STDERR" 'given twice'
  assert_exit 100 tool repo-init ''
  assert_exit 100 tool repo-init "$(printf 'new\nline')"
  assert_exit 100 tool repo-init -x one
  assert_absent repo
}

# No repository if it cannot be synced.
test_init_broken_store() {
  stores
  echo nonsense >one/web/type
  assert_exit 1 tool repo-init one
  assert_contains "$STDERR" "$T/one/web/type"
  assert_contains "$STDERR" 'nothing changed'
  assert_absent repo
  assert_exit 111 tool repo-init none
  assert_contains "$STDERR" "$T/none: unable to read source directory"
  assert_absent repo
}

test_list() {
  repository
  tool set-new b a 'c d'
  assert_output "$(printf '%s\n' a b 'c d')" tool repo-list
  assert_output "$(printf '%s\n' a b)" tool repo-list -x 'c d'
  assert_output "$(printf '%s\n' a b 'c d')" tool repo-list --exclude=x
  assert_exit 100 tool repo-list x
  assert_exit 102 s6-rc-repo-list --repository="$T/none"
  assert_exit 102 s6-rc-repo-list --repodir "$T/one"
  assert_contains "$STDERR" 'is not a repository'
}

# The store given last wins, and everything of it.
test_override() {
  stores
  store two
  longrun ftp timeout-up=7
  assert_exit 0 tool repo-init one two
  assert_contains "$STDERR" "s6-rc-repo-init: warning: $T/one/ftp: not used: the one in $T/two comes later"
  assert_output 7 reference timeout ftp
  assert_output '' reference dependencies ftp
  # what is overridden may be broken
  echo nonsense >one/ftp/type
  assert_exit 0 tool repo-sync
  # the other way round
  assert_exit 1 tool repo-init -U two one
  assert_contains "$STDERR" "$T/one/ftp/type"
  assert_output 7 reference timeout ftp
  # a store whose definitions are all overridden is not empty
  store three
  longrun ftp
  longrun 'local'
  tool repo-init -U one two three 2>err
  assert_lacks "$(cat err)" 'no service definition'
  assert_exit 0 tool repo-sync
}

test_sync_brings_sets_in_line() {
  repository
  tool set-new s t
  tool set-change s masked ftp
  tool set-change -e t always ftp 2>err
  store one
  rm -r "$SRC/web" "$SRC/web-log" "$SRC/servers" "$SRC/all"
  oneshot new
  longrun new-recommended flag-recommended=
  longrun new-essential flag-essential=
  assert_exit 0 tool repo-sync -v2
  assert_contains "$STDERR" 'info: set s: new: new, usable'
  assert_contains "$STDERR" 'info: set s: new-essential: new, always'
  assert_contains "$STDERR" 'info: set t: web: gone, was usable'
  assert_eq "$(status_of s)" 'ftp/masked local/usable mount/always net/active new/usable new-essential/always new-recommended/active'
  assert_eq "$(status_of t ftp)" 'ftp/always'
  assert_contains "$STDERR" 'set t: ftp is always, net, on which it depends, is active'
  assert_lacks "$STDERR" 'set s: ftp'
  assert_swept
  # nothing new: nothing changes
  before=$(state)
  assert_exit 0 tool repo-sync -v2
  assert_eq "$(state)" "$before"
}

# A service that becomes a bundle is gone, and one that comes back is new.
test_sync_service_becomes_bundle() {
  repository
  tool set-new s
  tool set-change s masked ftp
  store one
  rm -r "$SRC/ftp"
  bundle ftp net
  tool repo-sync
  assert_eq "$(status_of s)" 'local/usable mount/always net/active web/usable web-log/usable'
  rm -r "$SRC/ftp"
  oneshot ftp
  tool repo-sync
  assert_eq "$(status_of s ftp)" 'ftp/usable'
}

# What is wrong is said; the repository keeps its last good state.
refused() { # CODE PART
  _code=$1 _part=$2
  assert_exit "$_code" tool repo-sync
  assert_contains "$STDERR" "$_part"
  assert_contains "$STDERR" 'nothing changed'
  assert_eq "$(state)" "$before"
  assert_swept
  assert_sound
}

test_sync_store_broken() {
  repository
  tool set-new s
  before=$(state)
  echo nonsense >one/web/type
  store one
  depends net none
  refused 1 "$T/one/web/type: "
  assert_contains "$STDERR" '"none" is not defined'
  # sets can be used as before
  tool set-change s masked ftp
}

test_sync_dependency_cycle() {
  repository
  tool set-new s
  before=$(state)
  depends mount web
  refused 1 'cycle'
}

test_sync_store_removed() {
  repository
  tool set-new s
  before=$(state)
  mv two away
  refused 111 "$T/two: unable to read source directory: No such file"
  : >two
  refused 111 "$T/two: unable to read source directory: Not a directory"
  rm two
  mv away two
  tool repo-sync
}

test_sync_store_emptied() {
  repository
  tool set-new s
  before=$(state)
  rm -r two/local
  refused 1 "there is no service definition in store $T/two any more"
  # the message tells what to do
  command=$(printf '%s\n' "$STDERR" | sed -n 's/.*(if that is meant: \(.*\))$/\1/p')
  # shellcheck disable=SC2086
  assert_exit 0 $command
  assert_eq "$(status_of s local 2>&1 || :)" "s6-rc-set-status: fatal: no service or bundle named local in $T/repo/current/reference"
  # which is no news any more
  tool repo-sync
  # an empty store is fine from the beginning
  mkdir three
  tool repo-init -U one two three
  tool repo-sync
}

test_sync_unreadable() {
  need_user
  repository
  before=$(state)
  chmod 000 one/web/run
  refused 111 "$T/one/web/run"
  chmod 000 two
  refused 111 "$T/two"
  chmod 755 two
}

test_sync_usage() {
  repository
  assert_exit 100 tool repo-sync one
  assert_exit 0 tool repo-sync -h nobody
  assert_contains "$(cat $REFERENCE/servicedirs/s6rc-fdholder/run)" nobody
}

# A damaged reference database: who needs it says so, a sync makes a new one.
test_damaged_reference() {
  repository
  tool set-new s
  : >$REFERENCE/db
  for words in 'set-status s' 'set-new t' 'set-change s masked ftp' 'set-fix'; do
    # shellcheck disable=SC2086
    assert_exit 4 tool $words
    assert_contains "$STDERR" 'run s6-rc-repo-sync'
  done
  assert_output s tool repo-list
  tool repo-sync
  tool set-status s >out
}

# Sets that somebody has written to.
test_damaged_sets() {
  repository
  tool set-new s
  try() { # SED-SCRIPT PART
    cp repo/current/sets/s kept
    sed "$1" kept >repo/current/sets/s
    assert_exit 102 tool set-status s
    assert_contains "$STDERR" "$2"
    cp kept repo/current/sets/s
  }
  try '2d' 'has no line about service local: run s6-rc-repo-sync'
  try 's/ftp/fto/' 'line 1 of'
  try 's/usable ftp/usefull ftp/' 'is not a prescription, a blank and a name'
  try 's/usable ftp/usable/' 'is not a prescription'
  try '1{h;d};2G' 'is not in byte order'
  printf 'usable ftp' >repo/current/sets/s
  assert_exit 102 tool set-status s
  assert_contains "$STDERR" 'does not end'
  assert_exit 102 tool repo-sync
  # services that are missing are what a sync is for
  grep -v net kept >repo/current/sets/s
  tool repo-sync
  assert_eq "$(cat repo/current/sets/s)" "$(cat kept)"
}

test_many_services_and_odd_names() {
  store one
  odd=$(printf 'odd "%%\t\\ \303\251')
  longrun "$odd" flag-recommended=
  longrun ' x y '
  depends "$odd" ' x y '
  tool repo-init one
  assert_exit 0 tool set-new 'a set'
  # the command that the warning gives mends it
  command=$(printf '%s\n' "$STDERR" | sed -n 's/.*: \(s6-rc-set-change .*\)/\1/p')
  [ -n "$command" ] || fail "no command: $STDERR"
  eval "$command"
  assert_output "$(printf '%s\n' " x y /active" "$odd/active")" tool set-status 'a set'
  assert_exit 0 tool set-commit 'a set'
  assert_output "$(printf '%s\n' "$odd" ' x y ' | sort)" sh -c \
    "'$S6RC_BIN/s6-rc-db' -c 'repo/current/committed/a set/db' contents default | sort"
}

test_no_services() {
  mkdir one
  assert_exit 0 tool repo-init one
  assert_contains "$STDERR" 'no service definition'
  tool set-new s
  assert_output '' tool set-status s
  tool set-fix
  tool set-commit s 2>err
  assert_output '' committed s contents default
}

# What is done, but could be undone by a loss of power, is told.
test_unsynced() {
  repository
  put_back_unsynced() { tool set-delete s; }
  unsynced "$T/repo" "$S6RC_BIN/s6-rc-set-new" -r "$T/repo" s
  assert_eq "$status" 0
  assert_contains "$STDERR" "s6-rc-set-new: warning: unable to sync $T/repo (the change is made, but a loss of power may take it back): Input/output error"
  assert_file repo/current/sets/s
  put_back_unsynced() { tool set-change s active ftp; }
  unsynced "$T/repo" "$S6RC_BIN/s6-rc-set-commit" -r "$T/repo" s
  assert_eq "$status" 0
  assert_contains "$STDERR" "s6-rc-set-commit: warning: unable to sync $T/repo ("
  capture tool set-commit -v2 s
  assert_contains "$STDERR" 'nothing has changed since the last commit'
}

run_tests "$@"
