#!/bin/sh
# ISC license.
# s6-rc-set-change, s6-rc-set-fix. What is consistent is the business of
# tests/unit/consistency.c; here it is what the tools make of it.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/sets.sh"

begin() {
  repository
  tool set-new s
}

test_change() {
  begin
  assert_exit 0 tool set-change s active local
  assert_eq "$STDOUT$STDERR" ''
  assert_eq "$(status_of s)" 'ftp/usable local/active mount/always net/active web/usable web-log/usable'
  assert_exit 0 tool set-change -v2 s masked local
  assert_eq "$STDERR" 's6-rc-set-change: info: set s: local: active -> masked'
  # a bundle is its contents
  tool set-change s active servers
  assert_eq "$(status_of s)" 'ftp/active local/masked mount/always net/active web/active web-log/active'
  assert_swept
}

test_words() {
  begin
  while read -r word rx; do
    tool set-change s masked local
    tool set-change -e s "$word" local
    assert_eq "$(status_of s local)" "local/$rx"
    tool set-change -e s masked local
  done <<'END'
masked masked
usable usable
unmasked usable
latent usable
disabled usable
inactive usable
active active
enabled active
always always
essential always
END
}

# It is done, with a warning that names both services, both prescriptions, and
# a command that mends it.
test_warns() {
  begin
  assert_exit 0 tool set-change s masked net
  assert_eq "$STDERR" "s6-rc-set-change: warning: set s: ftp is usable, net, on which it depends, is masked: s6-rc-set-change -r $T/repo -p s usable net
s6-rc-set-change: warning: set s: web is usable, net, on which it depends, is masked: s6-rc-set-change -r $T/repo -p s usable net"
  assert_eq "$(status_of s net)" net/masked
  eval "$(printf '%s\n' "$STDERR" | sed -n '1s/.*masked: //p')"
  tool set-fix -n >out
  assert_file out ''
  # a pipeline
  assert_exit 0 tool set-change s masked web
  assert_eq "$STDERR" "s6-rc-set-change: warning: set s: web-log is usable, web, its producer in a pipeline, is masked: s6-rc-set-change -r $T/repo -p s usable web"
  eval "$(printf '%s\n' "$STDERR" | sed 's/.*masked: //')"
  assert_eq "$(status_of s web)" web/usable
  # essential ones
  assert_exit 0 tool set-change -e s always local web
  assert_contains "$STDERR" "web is always, web-log, on which it depends, is usable: s6-rc-set-change -r $T/repo -e -p s always web-log"
  assert_exit 0 tool set-change -v0 s masked web-log
  assert_eq "$STDERR" ''
}

test_fails_on_dependencies() {
  begin
  before=$(state)
  assert_exit 1 tool set-change -i s masked net
  assert_contains "$STDERR" 'fatal: set s: ftp is usable, net, on which it depends, is masked'
  assert_contains "$STDERR" 'set s would be inconsistent: nothing changed'
  assert_eq "$(state)" "$before"
  assert_exit 1 tool set-change --fail-on-dependencies -v0 s active web
  assert_contains "$STDERR" 'web-log, on which it depends, is usable'
  assert_eq "$(state)" "$before"
  assert_exit 0 tool set-change -i s active ftp
  # what is wrong elsewhere does not matter
  assert_exit 0 tool set-change s masked web
  assert_exit 0 tool set-change -i s usable ftp
  # with -p all fits
  assert_exit 0 tool set-change -i -p s active web
  # the last one counts
  assert_exit 0 tool set-change -i -I s masked net
}

test_pulls_dependencies() {
  begin
  assert_exit 0 tool set-change -p s active web
  assert_eq "$STDERR" 's6-rc-set-change: info: set s: web-log: usable -> active: web depends on it'
  assert_eq "$(status_of s)" 'ftp/usable local/usable mount/always net/active web/active web-log/active'
  assert_exit 0 tool set-change -p s masked net
  assert_eq "$(printf '%s\n' "$STDERR" | sed 's/.*set s: //' | sort)" 'ftp: usable -> masked: it depends on net
web-log: active -> masked: it is a consumer for web
web: active -> masked: it depends on net'
  assert_exit 0 tool set-change -p -v0 s usable web-log
  assert_eq "$STDERR" ''
  assert_eq "$(status_of s)" 'ftp/masked local/usable mount/always net/usable web/usable web-log/usable'
  # some go up, some go down
  tool set-change -p s usable net ftp mount 2>err || :
  assert_contains "$(cat err)" 'mount: always -> usable'
  tool set-change -e -p s usable net ftp mount
  assert_eq "$(status_of s)" 'ftp/usable local/usable mount/usable net/usable web/usable web-log/usable'
}

test_essentials() {
  begin
  before=$(state)
  assert_exit 1 tool set-change s active mount
  assert_contains "$STDERR" 'fatal: set s: mount: always -> active'
  assert_contains "$STDERR" 'nothing changed: to and from always only with -e (--force-essential)'
  assert_exit 1 tool set-change s always local
  assert_contains "$STDERR" 'local: usable -> always'
  assert_exit 1 tool set-change -e -E s always local
  # a bundle with one
  assert_exit 1 tool set-change s usable all
  assert_eq "$(state)" "$before"
  assert_exit 0 tool set-change s always mount
  tool set-change --force-essential s always local
  # one that is pulled
  tool set-change -e -p s always ftp
  assert_exit 1 tool set-change -p s usable net
  assert_contains "$STDERR" 'ftp: always -> usable: it depends on net'
  assert_eq "$(status_of s net)" net/always
  tool set-change -e -p s usable net
  assert_eq "$(status_of s ftp local mount net)" 'ftp/usable local/always mount/always net/usable'
}

test_dry_run() {
  begin
  before=$(state)
  assert_exit 0 tool set-change -n -p s active web
  assert_eq "$STDOUT" 'set s: web: usable -> active
set s: web-log: usable -> active: web depends on it'
  assert_eq "$STDERR" ''
  assert_output '' tool set-change -n s usable web
  assert_exit 1 tool set-change -n s active mount
  assert_exit 1 tool set-change -n -i s masked net
  tool set-change s masked net 2>err
  masked=$(state)
  assert_exit 0 tool set-fix -n
  assert_eq "$STDOUT" 'set s: ftp: usable -> masked: it depends on net
set s: web: usable -> masked: it depends on net
set s: web-log: usable -> masked: it is a consumer for web'
  assert_eq "$(state)" "$masked"
  [ "$masked" != "$before" ] || fail 'nothing has happened'
}

test_nothing_to_change() {
  begin
  generation=$(readlink repo/current)
  assert_output '' tool set-change s active net
  assert_output '' tool set-fix
  assert_eq "$(readlink repo/current)" "$generation"
}

test_refused() {
  begin
  before=$(state)
  assert_exit 3 tool set-change t active net
  assert_exit 3 tool set-change s active nett
  assert_contains "$STDERR" 'did you mean net?'
  assert_exit 3 tool set-change s active net s6rc-oneshot-runner
  assert_exit 100 tool set-change s on net
  assert_contains "$STDERR" 'not a prescription'
  assert_exit 100 tool set-change s active
  assert_exit 100 tool set-change
  assert_exit 3 tool set-fix s t
  assert_exit 100 tool set-fix -x
  assert_eq "$(state)" "$before"
}

test_fix_down() {
  begin
  tool set-copy s t
  tool set-change s masked net 2>err
  tool set-change t active web 2>err
  assert_exit 0 tool set-fix
  assert_contains "$STDERR" 'set s: web: usable -> masked: it depends on net'
  assert_contains "$STDERR" 'set t: web: active -> usable: it depends on web-log'
  assert_eq "$(status_of s)" 'ftp/masked local/usable mount/always net/masked web/masked web-log/masked'
  assert_eq "$(status_of t)" 'ftp/usable local/usable mount/always net/active web/usable web-log/usable'
  assert_swept
}

test_fix_up() {
  begin
  tool set-copy s t
  tool set-change s masked net 2>err
  tool set-change t active web 2>err
  # only these
  tool set-fix -u t
  assert_eq "$(status_of s net) $(status_of t web-log)" 'net/masked web-log/active'
  assert_exit 0 tool set-fix --fix-up -v0
  assert_eq "$STDERR" ''
  assert_eq "$(status_of s)" 'ftp/usable local/usable mount/always net/usable web/usable web-log/usable'
  # the last one counts
  tool set-change s masked net 2>err
  tool set-fix -u -d
  assert_eq "$(status_of s ftp)" ftp/masked
}

# One set that cannot be mended keeps all others from being changed, too.
test_fix_essentials() {
  begin
  tool set-copy s t
  tool set-change -e s always ftp 2>err
  tool set-change t masked net 2>err
  before=$(state)
  for option in -u -d; do
    assert_exit 1 tool set-fix $option s t
    assert_contains "$STDERR" 'only with -e'
    assert_eq "$(state)" "$before"
  done
  tool set-fix -d t
  tool set-fix -e -u
  assert_eq "$(status_of s mount net ftp)" 'ftp/always mount/always net/always'
}

# What is optional and will be masked pulls nobody down, in whatever order the
# services are looked at.
test_fix_down_in_any_order() {
  for order in 'd i m' 'd m i' 'i d m' 'm d i' 'i m d' 'm i d'; do
    # shellcheck disable=SC2086
    set -- $order
    rm -rf repo one
    store one
    oneshot "$1"
    oneshot "$2"
    oneshot "$3"
    mkdir "$SRC/$1/optional-dependencies.d"
    : >"$SRC/$1/optional-dependencies.d/$2"
    tool repo-init one
    tool set-new s
    tool set-change s active "$1"
    tool set-change s usable "$2"
    tool set-change s masked "$3"
    depends "$2" "$3"
    tool repo-sync 2>err
    tool set-fix -d s 2>err
    assert_eq "$(status_of s "$1" "$2" "$3" | tr ' ' '\n' | grep "^$1/")" "$1/active" "$order"
    assert_eq "$(status_of s "$1" "$2" "$3" | tr ' ' '\n' | grep "^$2/")" "$2/masked" "$order"
  done
}

run_tests "$@"
