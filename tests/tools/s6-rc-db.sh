#!/bin/sh
# ISC license.
# s6-rc-db: each command, its exit codes, what it opens.
. "$(dirname "$0")/../lib/test.sh"

# base, net, srv-log <- srv, idle: longruns. mount, tune: oneshots.
sample() {
  longrun base flag-essential=
  longrun idle
  longrun net timeout-up=2500 timeout-down=4294967295 flag-recommended=
  longrun srv producer-for=srv-log
  longrun srv-log consumer-for=srv pipeline-name=srv-all
  oneshot mount up='mount -o "a b" /x' down='umount /x' flag-essential= flag-recommended=
  oneshot tune up= timeout-up=1
  depends net base
  depends srv net mount
  depends tune mount
  bundle all-net net srv-all
  bundle everything all-net tune idle
  bundle nothing contents=
  compile
}

lines() { for _line do echo "$_line"; done; }

test_lists() {
  sample
  longruns=$(lines s6rc-oneshot-runner s6rc-fdholder base idle net srv srv-log)
  bundles=$(lines all-net everything nothing srv-all)
  assert_output "$longruns" db list longruns
  assert_output "$(lines mount tune)" db list oneshots
  assert_output "$(lines "$longruns" mount tune)" db list services
  assert_output "$bundles" db list bundles
  assert_output "$(lines "$longruns" mount tune "$bundles")" db list all
  assert_output "$(lines "$longruns" mount tune "$bundles")" db -E list all
  assert_output "$(lines idle net srv srv-log tune "$bundles")" db -e list all
  assert_output "$(lines idle net srv srv-log)" db -e list longruns
  assert_output tune db -e list oneshots
  assert_output "$bundles" db -e list bundles
}

test_type() {
  sample
  assert_output longrun db type srv
  assert_output longrun db type s6rc-fdholder
  assert_output oneshot db type tune
  assert_output bundle db type nothing
  assert_output bundle db type srv-all
}

test_timeout() {
  sample
  assert_output 2500 db timeout net
  assert_output 2500 db -u timeout net
  assert_output 4294967295 db -d timeout net
  assert_output 0 db timeout base
  assert_output 1 db timeout tune
  assert_output 0 db -d timeout tune
}

test_flags() {
  sample
  assert_output 00000000 db flags idle
  assert_output 00000001 db flags base
  assert_output 00000002 db flags net
  assert_output 00000003 db flags mount
  assert_output 00000001 db flags s6rc-oneshot-runner
}

test_script() {
  sample
  db script mount >got
  printf 'mount\0-o\0a b\0/x\0' >wanted
  cmp got wanted
  db -d script mount >got
  printf 'umount\0/x\0' >wanted
  cmp got wanted
  db script tune >got
  [ ! -s got ]
  db -d script tune >got
  [ ! -s got ]
}

test_contents() {
  sample
  assert_output "$(lines net srv srv-log)" db contents all-net
  assert_output "$(lines srv srv-log)" db contents srv-all
  assert_output "$(lines idle net srv srv-log tune)" db contents everything
  assert_output '' db contents nothing
  assert_exit 5 db contents net
  assert_contains "$STDERR" 'net is a longrun, not a bundle'
}

test_dependencies() {
  sample
  assert_output "$(lines s6rc-fdholder net srv-log mount)" db dependencies srv
  assert_output s6rc-fdholder db dependencies srv-log
  assert_output '' db dependencies base
  assert_output "$(lines s6rc-oneshot-runner base mount)" db dependencies tune net
  assert_output "$(lines s6rc-fdholder base net srv-log mount)" db dependencies all-net
  assert_output "$(lines net srv-log)" db -e dependencies srv srv
}

test_reverse_dependencies() {
  sample
  assert_output net db -d dependencies base
  assert_output "$(lines srv tune)" db -d dependencies mount
  assert_output "$(lines srv srv-log)" db -d dependencies s6rc-fdholder
  assert_output '' db -d dependencies nothing
  assert_output "$(lines srv tune)" db -d dependencies mount net srv-log
}

test_all_dependencies() {
  sample
  assert_output "$(lines s6rc-oneshot-runner s6rc-fdholder base net srv srv-log mount)" db all-dependencies srv
  assert_output "$(lines net srv srv-log)" db -e all-dependencies srv
  assert_output base db all-dependencies base
  assert_output "$(lines base net srv)" db -d all-dependencies base
  assert_output "$(lines srv mount tune)" db -d all-dependencies mount
  assert_output "$(lines base idle)" db all-dependencies idle base
  assert_output '' db all-dependencies nothing
}

test_atomics() {
  sample
  assert_output idle db atomics idle
  assert_output "$(lines base net srv srv-log tune)" db atomics tune all-net srv base srv-all
  assert_output "$(lines net srv srv-log tune)" db -e atomics tune all-net srv base
  assert_output '' db atomics nothing nothing
}

# Those upstream first, from wherever one asks.
test_pipeline() {
  for name in a1 a2 b1; do longrun $name; done
  longrun a1 producer-for=a
  longrun a2 producer-for=a
  longrun a consumer-for='a2
a1' producer-for=last
  longrun b1 producer-for=b
  longrun b consumer-for=b1 producer-for=last
  longrun last consumer-for='b
a'
  longrun alone
  oneshot one
  compile
  for name in a1 a2 a b1 b last; do
    assert_output "$(lines a1/a a2/a b1/b a/last b/last)" db pipeline $name
  done
  assert_output '' db pipeline alone
  assert_output '' db pipeline s6rc-fdholder
  assert_exit 5 db pipeline one
  assert_contains "$STDERR" 'one is a oneshot, not a longrun'
}

# Printed as they are, a line each.
test_odd_names() {
  utf8=$(printf '\303\251t\303\251')
  latin=$(printf '\351t\351')
  tab=$(printf 'a\tb')
  for name in ' leading' '#hash' 'a b' "quote'\"\\" "$tab" "$utf8" "$latin" '-dash' "\$x"; do
    oneshot "$name"
  done
  bundle 'the bundle' ' leading' "$utf8"
  compile
  for name in ' leading' '#hash' 'a b' "quote'\"\\" "$tab" "$utf8" "$latin" '-dash' "\$x"; do
    assert_output oneshot db -- type "$name"
    assert_output "$name" db -- atomics "$name"
    db list oneshots | grep -Fqx -e "$name"
  done
  assert_output "$(lines ' leading' "$utf8")" db contents 'the bundle'
}

# --- names and kinds that are wrong

test_unknown_names() {
  sample
  for command in type timeout contents dependencies all-dependencies atomics pipeline script flags; do
    assert_exit 3 db $command srvlog
    assert_eq "$STDOUT" ''
    assert_contains "$STDERR" "s6-rc-db: fatal: no service or bundle named srvlog in $DB: did you mean srv-log?"
    assert_exit 3 db $command ''
  done
  for command in dependencies all-dependencies atomics; do
    assert_exit 3 db $command srv completely-different
    assert_eq "$STDOUT" ''
    assert_lacks "$STDERR" 'did you mean'
  done
}

test_wrong_types() {
  sample
  assert_exit 5 db contents mount
  assert_exit 5 db timeout all-net
  assert_exit 5 db flags all-net
  assert_exit 5 db pipeline mount
  assert_exit 5 db pipeline srv-all
  assert_exit 5 db script srv
  assert_exit 5 db script nothing
  assert_eq "$STDOUT" ''
  assert_eq "$STDERR" 's6-rc-db: fatal: nothing is a bundle, not a oneshot'
}

# --- usage

usage() { # WHAT ARGUMENT...: wrong, whether there is a database or not
  _what=$1
  shift
  for _db in "$DB" "$T/nowhere"; do
    assert_exit 100 s6-rc-db -c "$_db" "$@"
    assert_eq "$STDOUT" ''
    assert_contains "$STDERR" "s6-rc-db: fatal: $_what"
    assert_contains "$STDERR" 's6-rc-db: usage: s6-rc-db '
  done
}

test_usage() {
  sample
  usage 'a command is missing'
  usage 'unknown command: lists' lists
  usage 'unknown option: -x' -x list all
  usage 'unknown option: --compile' --compile list all
  usage 'this option needs an argument: -l' -l
  usage 'this option takes no argument: --up' --up=x list all
  usage 'there is no such list: al' list al
  usage 'there is no such list: ' list ''
  usage 'there is no such list: all|services' list 'all|services'
  for command in list type timeout contents dependencies all-dependencies atomics pipeline script flags; do
    usage "an operand is missing after $command" $command
  done
  for command in type timeout contents pipeline script flags; do
    usage "this command takes one operand: $command" $command srv srv
  done
  usage 'this command takes one operand: list' list all services
  usage 'this command takes no operands: check' check x
  usage 'this command takes no operands: help' help x
}

test_help() {
  assert_exit 0 s6-rc-db -c "$T/nowhere" help
  assert_eq "$STDERR" ''
  text=$STDOUT
  assert_contains "$text" 'usage: s6-rc-db [ -l live | -c compiled ]'
  assert_output "$text" s6-rc-db --help
  for word in --livedir --compiled --block --up --down --with-essentials --without-essentials \
    check list type timeout contents dependencies all-dependencies atomics pipeline script flags graph tree order; do
    assert_contains "$text" "$word"
  done
}

test_long_options() {
  sample
  mkdir live:1
  ln -s "$DB" live:1/compiled
  ln -s live:1 live
  assert_output 2500 s6-rc-db --livedir="$LIVE" timeout net
  assert_output 2500 s6-rc-db --livedir "$LIVE" --up timeout net
  assert_output 4294967295 s6-rc-db --compiled="$DB" --block --down timeout net
  assert_output tune s6-rc-db --compiled "$DB" --without-essentials list oneshots
  assert_output "$(lines mount tune)" s6-rc-db --compiled "$DB" --without-essentials --with-essentials list oneshots
  assert_output 2500 s6-rc-db -bdul "$LIVE" timeout net
  assert_output 4294967295 s6-rc-db -bud -c"$DB" timeout net
  assert_output 2500 s6-rc-db -c "$DB" -l "$T/nowhere" timeout net
  assert_output 2500 s6-rc-db -l "$T/nowhere" -c "$DB" timeout net
}

# --- what is opened

test_live_directory() {
  sample
  assert_exit 111 s6-rc-db -l "$LIVE" list all
  assert_eq "$STDERR" "s6-rc-db: fatal: no live state in $LIVE: run s6-rc-init first"
  ln -s live:1 live
  assert_exit 111 s6-rc-db -l "$LIVE" list all
  assert_eq "$STDERR" "s6-rc-db: fatal: no live state in $LIVE: run s6-rc-init first"
  mkdir live:1
  assert_exit 111 s6-rc-db -l "$LIVE" list all
  assert_contains "$STDERR" "$LIVE/compiled"
  ln -s ../db live:1/compiled
  assert_output oneshot s6-rc-db -l "$LIVE" type mount
  assert_output oneshot s6-rc-db -l live type mount
  assert_exit 111 s6-rc-db -l "$DB/db" list all
  assert_contains "$STDERR" "unable to open live directory $DB/db"
}

test_no_database() {
  assert_exit 111 db list all
  assert_contains "$STDERR" "unable to open compiled database $DB: No such file or directory"
  mkdir "$DB"
  assert_exit 4 db list all
  assert_contains "$STDERR" "$DB is not a valid compiled database: damaged, or not written by s6-rc-compile"
  assert_exit 111 s6-rc-db -c /dev/null list all
  assert_contains "$STDERR" 'Not a directory'
}

# Readers take no lock: neither a held nor a missing nor an unreadable one stops them.
test_locks() {
  sample
  mkdir live:1
  ln -s "$DB" live:1/compiled
  : >live:1/lock
  ln -s live:1 live
  s6-setlock live:1/lock s6-setlock "$DB/lock" sh -c 's6-rc-db -l live check && s6-rc-db -b -l live type srv' >got
  assert_file got longrun
  chmod 0 "$DB/lock"
  db check
  rm "$DB/lock"
  db check
}

test_ordinary_users_may_read() {
  need_root
  sample
  # the way to the tools may be closed to others
  cp "$S6RC_BIN/s6-rc-db" tool
  chmod 755 "$T/.." "$T" tool
  assert_output longrun s6-setuidgid nobody ./tool -c db type srv
  s6-setuidgid nobody ./tool -c db check
}

# --- damage

test_check() {
  sample
  assert_output '' db check
  assert_eq "$STDERR" ''
}

# Overwrites the byte at offset $2 of a file.
overwrite() { # FILE OFFSET
  _old=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
  # shellcheck disable=SC2059
  printf "$(printf '\\%03o' $((_old ^ 85)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

test_check_finds_damage() {
  sample
  cp -R "$DB" good
  size=$(wc -c <"$DB/db")
  for offset in 0 100 151 160 300 700 $((size - 1)); do
    overwrite "$DB/db" $offset
    assert_exit 4 db check
    assert_eq "$STDOUT" ''
    assert_contains "$STDERR" "s6-rc-db: fatal: $DB"
    cp good/db "$DB/db"
  done
  for offset in 2048 2060 2200; do
    overwrite "$DB/resolve.cdb" $offset
    assert_exit 4 db check
    assert_contains "$STDERR" "$DB/resolve.cdb is damaged: "
    cp good/resolve.cdb "$DB/resolve.cdb"
  done
  : >"$DB/db"
  assert_exit 4 db check
  cp good/db "$DB/db"
  : >"$DB/resolve.cdb"
  assert_exit 4 db check
  cp good/resolve.cdb "$DB/resolve.cdb"
  db check
}

# A copy of a database that is not complete is none.
test_check_finds_what_is_not_there() {
  sample
  cp -R "$DB" whole
  for lacking in srv srv/run s6rc-fdholder/run s6rc-oneshot-runner ''; do
    rm -r "$DB/servicedirs/$lacking"
    assert_exit 4 db check
    assert_contains "$STDERR" "$DB/servicedirs is damaged: no run that can be executed: "
    rm -r "$DB"
    cp -R whole "$DB"
  done
  chmod 644 "$DB/servicedirs/net/run"
  assert_exit 4 db check
  assert_contains "$STDERR" 'executed: net (compile'
}

# One service's record is damaged: all that does not need it is answered.
test_damage_stays_where_it_is() {
  sample
  overwrite "$DB/db" "$(tr '\0\n' '\1\1' <"$DB/db" | sed 's/mount.-o.*//' | tr -d '\n' | wc -c)"
  assert_exit 4 db script mount
  assert_eq "$STDOUT" ''
  assert_contains "$STDERR" "$DB is not a valid compiled database: a record is damaged"
  assert_exit 4 db list oneshots
  assert_exit 4 db check
  assert_output oneshot db type mount
  assert_output 2500 db timeout net
  assert_output "$(lines base idle)" db atomics idle base
}

test_another_format() {
  sample
  printf '\377' | dd of="$DB/db" bs=1 seek=8 conv=notrunc 2>/dev/null
  assert_exit 4 db list all
  assert_contains "$STDERR" "its format is another version's: compile it again"
}

list_to_full() { db list all >/dev/full; }

test_output_that_cannot_be_written() {
  sample
  assert_exit 111 list_to_full
  assert_contains "$STDERR" 'No space left on device'
  # shellcheck disable=SC2016
  assert_exit 111 sh -c '"$S6RC_BIN/s6-rc-db" -c "$DB" list all >&-'
  assert_contains "$STDERR" 'unable to write to stdout: Bad file descriptor'
  # shellcheck disable=SC2016
  assert_exit 111 sh -c '"$S6RC_BIN/s6-rc-db" help >&-'
  # nothing to print: nothing to complain about
  # shellcheck disable=SC2016
  assert_exit 0 sh -c '"$S6RC_BIN/s6-rc-db" -c "$DB" check >&- 2>&- <&-'
}

# A reader that has seen enough.
test_output_that_nobody_reads() {
  i=0
  while [ $i -lt 600 ]; do
    i=$((i + 1))
    longrun "$(printf '%0200d' $i)"
  done
  compile
  mkfifo pipe
  # shellcheck disable=SC2016
  sh -c 'read -r line <pipe ; echo "$line"' >first &
  reader=$!
  # shellcheck disable=SC2016
  assert_exit 111 sh -c '"$S6RC_BIN/s6-rc-db" -c "$DB" list all >pipe'
  assert_contains "$STDERR" 's6-rc-db: fatal: unable to print what is in '
  assert_contains "$STDERR" ': Broken pipe'
  wait "$reader"
  assert_file first s6rc-oneshot-runner
}

run_tests "$@"
