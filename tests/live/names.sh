#!/bin/sh
# ISC license.
# Names and places: whatever a service may be called, wherever it lives,
# whoever runs it.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

# One more line in $T/names for each.
odd_names() {
  tab=$(printf '\t')
  cat <<END_OF_NAMES
two words
 blank first
blank last 
single'quote
double"quote
dollar \$HOME \${HOME} \$(id)
back\\slash \\n
{
}
{ braces }
*
?
[a-z]
~
#comment
;&|<>()!
%s%n
a=b
a:b,c
tab${tab}tab
-u
--
--help
a..dots.
grüße-日本語
$(printf 'bytes\001\177\377\200')
END_OF_NAMES
  # as long as s6-svscan takes
  printf '%0200d\n' 0
}

# NAME TYPE: a longrun that logs its name, as `run` gets it in $1; or a oneshot.
define_odd() {
  dir=$SRC/$1
  mkdir -p "$dir"
  echo "$2" >"$dir/type"
  case $2 in
    longrun) printf '#!/bin/sh\nprintf "%%s\\n" "$1" >>%s/log\necho >&3\nexec sleep 86400\n' "$T" >"$dir/run"
      echo 3 >"$dir/notification-fd" ;;
    oneshot) printf '%s/tell up' "$T" >"$dir/up"
      printf '%s/tell down' "$T" >"$dir/down"
      printf '%s/tell reload' "$T" >"$dir/reload" ;;
  esac
}

teller() {
  printf '#!/bin/sh\nprintf "%%s %%s\\n" "$1" "$RC_NAME" >>%s/log\n' "$T" >"$T/tell"
  chmod 755 "$T/tell"
}

test_odd_names_of_oneshots() {
  teller
  odd_names >names
  while IFS= read -r name; do define_odd "$name" oneshot; done <names
  start_live
  while IFS= read -r name; do
    rc -- change "$name"
    rc reload "$name"
    assert_output "$name" rc list "$name"
    rc -d change "$name"
    printf 'up %s\nreload %s\ndown %s\n' "$name" "$name" "$name" >>wanted
  done <names
  cmp wanted "$T/log"
}

test_odd_names_of_longruns() {
  odd_names >names
  while IFS= read -r name; do define_odd "$name" longrun; done <names
  start_live
  while IFS= read -r name; do rc change "$name"; done <names
  LC_ALL=C sort names >wanted
  LC_ALL=C sort "$T/log" | cmp wanted -
  assert_eq "$(rc -a list | wc -l)" "$(wc -l <names)"
  assert_output '' rc diff
  while IFS= read -r name; do
    assert_output '' rc reload "$name"
    rc -d change "$name"
    [ "$(s6-svstat -o up "$LIVE/servicedirs/$name")" = false ] || fail "$name"
  done <names
  assert_eq "$(rc -a list)" ''
}

test_odd_names_depend_on_one_another() {
  teller
  define_odd 'a $b {' oneshot
  define_odd 'c "d"' longrun
  define_odd '-e' oneshot
  mkdir "$SRC/c \"d\"/dependencies.d" "$SRC/-e/dependencies.d" "$SRC/bundle \\" "$SRC/bundle \\/contents.d"
  : >"$SRC/c \"d\"/dependencies.d/a \$b {"
  : >"$SRC/-e/dependencies.d/c \"d\""
  echo bundle >"$SRC/bundle \\/type"
  : >"$SRC/bundle \\/contents.d/-e"
  start_live
  rc change 'bundle \'
  assert_order 'up a $b {' 'c "d"' 'up -e'
  assert_exit 0 rc -v2 -d change 'a $b {'
  assert_contains "$STDERR" 's6-rc: info: service c "d": down after '
}

# A live directory whose path is longer than a socket's name may be, and odd.
test_deep_directory() {
  deep=$T/$(printf '%0120d' 0)/"a b \$HOME"
  mkdir -p "$deep"
  LIVE=$deep/live SCAN=$deep/scan
  oneshot a up="$(says a)" down="$(says a-down)" reload="$(says a-reload)"
  ready_longrun l
  depends l a
  start_live
  rc change l
  rc reload a
  rc -da change
  assert_order a a-reload a-down
  assert_output '' rc diff
  stop_scan
}

# Relative, and with a slash behind it.
test_relative_live_directory() {
  oneshot a up="$(says a)"
  longrun l
  depends l a
  start_live
  "$S6RC_BIN/s6-rc" -l live change l
  assert_state '1 0 3 1'
  "$S6RC_BIN/s6-rc" -l ./live/ -p change a
  assert_state '1 0 0 3'
  assert_exit 0 "$S6RC_BIN/s6-rc" --livedir=live -n 0 change l
  assert_contains "$STDOUT" 'live/servicedirs/l'
}

umask_is_no_matter() { # UMASK
  oneshot a up="sh -c \"umask >>$T/log\""
  longrun l
  depends l a
  compile
  start_scan
  umask "$1"
  live_init
  rc change l
  rc -d change l
  rc change l
  rc change a
  umask 022
  assert_mode "$LIVE/state" 644
  assert_mode "$LIVE/servicedirs/l" 755
  assert_file "$T/log" 0022
  umask "$1"
  rc -d change l
  umask 022
  assert_mode "$LIVE/servicedirs/l/down" 644
}

test_umask_000() { umask_is_no_matter 000; }
test_umask_077() { umask_is_no_matter 077; }
test_umask_777() { umask_is_no_matter 777; }

# All of it as an ordinary user; and another one can do nothing.
test_ordinary_user() {
  need_root
  oneshot a up="sh -c \"id -u >>$T/log\"" down="$(says a-down)"
  ready_longrun l
  depends l a
  compile
  chmod 711 "$S6RC_SCRATCH"
  chmod 755 "$T"
  mkdir "$T/own"
  chown nobody "$T/own"
  : >"$T/log"
  chmod 666 "$T/log"
  LIVE=$T/own/live SCAN=$T/own/scan
  as_nobody() { s6-setuidgid nobody "$@"; }
  as_nobody true || skip 'there is no user nobody'
  as_nobody "$S6RC_BIN/s6-rc" help >/dev/null 2>&1 || skip 'nobody cannot execute the tools'
  as_nobody mkdir "$SCAN"
  as_nobody s6-svscan "$SCAN" >"$SCANLOG" 2>&1 </dev/null &
  svscan=$!
  wait_for 10 as_nobody s6-svscanctl -z "$SCAN"
  as_nobody "$S6RC_BIN/s6-rc-init" -c "$DB" -l "$LIVE" "$SCAN"
  as_nobody "$S6RC_BIN/s6-rc" -l "$LIVE" change l
  assert_file "$T/log" "$(id -u nobody)"
  assert_state '1 0 3 1'
  # root may, a stranger may not; anybody may look
  rc -d change a
  assert_logged a-down
  stranger=$(($(id -u nobody) - 1))
  as_stranger() { s6-applyuidgid -u $stranger -g $stranger -G '' "$@"; }
  assert_exit 111 as_stranger "$S6RC_BIN/s6-rc" -l "$LIVE" change l
  assert_contains "$STDERR" 'Permission denied'
  assert_output s6rc-oneshot-runner as_stranger "$S6RC_BIN/s6-rc" -l "$LIVE" -a list
  assert_state '1 0 0 0'
  as_nobody "$S6RC_BIN/s6-rc" -l "$LIVE" -Da change
  as_nobody s6-svscanctl -t "$SCAN"
  wait $svscan || :
}

# The runner lets in root and its owner, not those in root's group: by the mode
# of its socket, and by its rules.
test_runner_is_closed_to_strangers() {
  need_root
  oneshot a up="$(says a)"
  start_live
  rc change a
  chmod 711 "$S6RC_SCRATCH"
  chmod 755 "$T"
  uid=$(id -u nobody)
  assert_mode "$LIVE/servicedirs/s6rc-oneshot-runner/s" 700
  chmod 777 "$LIVE/servicedirs/s6rc-oneshot-runner/s"
  for gid in 0 "$uid"; do
    assert_exit 1 s6-applyuidgid -u "$uid" -g "$gid" -G 0 s6-ipcclient -l0 "$LIVE/servicedirs/s6rc-oneshot-runner/s" \
      sh -c 'printf "" >&7; read x <&6'
    s6-ipcclient -l0 "$LIVE/servicedirs/s6rc-oneshot-runner/s" true
  done
}

run_tests "$@"
