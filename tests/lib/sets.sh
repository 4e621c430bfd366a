# ISC license.
# Sourced by tests/sets/*.sh, after test.sh: a repository in $REPO with the
# stores $T/one and $T/two, and what the tools say about it.
# shellcheck shell=sh

# $T is another directory in every test
tool() { # repo-NAME|set-NAME ARGUMENT...
  _tool=$1
  shift
  "$S6RC_BIN/s6-rc-$_tool" -r "$T/repo" "$@"
}

# What is defined now goes to this store.
store() { # one|two
  SRC=$T/$1
  mkdir -p "$SRC"
}

# Two stores: something of everything. `web` logs to `web-log`, needs `net`;
# `mount` is essential, `net` recommended; `local` is the administrator's.
stores() {
  store two
  longrun 'local'
  store one
  oneshot mount flag-essential=
  oneshot net flag-recommended=
  depends net mount
  define web longrun "run=$RUN" producer-for=web-log data/index=hello
  depends web net
  define web-log longrun "run=$RUN" consumer-for=web pipeline-name=web-pipe
  longrun ftp
  depends ftp net
  bundle servers web-pipe ftp
  bundle all servers net mount
}

repository() {
  stores
  tool repo-init "$T/one" "$T/two"
}

# All of the repository as a text: what is current, names apart that change.
state() {
  (cd "$T/repo/current" && cat stores synced 2>/dev/null
    for _set in sets/*; do [ ! -f "$_set" ] || { echo "[$_set]" && cat "$_set"; }; done
    for _set in committed/*; do [ ! -L "$_set" ] || { echo "[$_set]" && cat "$_set/set" "$_set/from"; }; done)
}

# Nothing there but what the current generation leads to.
assert_swept() {
  _generation=$(readlink "$T/repo/current")
  _wanted=$(printf '%s\n' current lock "$_generation")
  if [ -L "$T/repo/current/reference" ]; then
    _wanted=$(printf '%s\n%s\n' "$_wanted" "$(basename "$(readlink "$T/repo/current/reference")")")
  fi
  assert_eq "$(ls "$T/repo" | grep -v -e '^compiled$' -e '^kept$' -e '^install.lock$' | sort)" \
    "$(printf '%s\n' "$_wanted" | sort)" 'entries of the repository'
  assert_eq "$(ls "$T/repo/compiled" 2>/dev/null | sort)" \
    "$(for _link in "$T/repo/current/committed"/*; do
      [ ! -L "$_link" ] || basename "$(readlink "$_link")"
    done | sort)" 'committed databases'
}

# It is whole: everything can be read.
assert_sound() {
  for _set in $(tool repo-list); do tool set-status "$_set" >/dev/null; done
  if [ -L "$T/repo/current/reference" ]; then "$S6RC_BIN/s6-rc-db" -c "$T/repo/current/reference" check; fi
  for _link in "$T/repo/current/committed"/*; do
    [ ! -L "$_link" ] || "$S6RC_BIN/s6-rc-db" -c "$_link/db" check
  done
}

status_of() { # SET SERVICE...: all on one line
  tool set-status "$@" | tr '\n' ' ' | sed 's/ $//'
}

committed() { # SET ARGUMENT of s6-rc-db...
  _set=$1
  shift
  "$S6RC_BIN/s6-rc-db" -c "$T/repo/current/committed/$_set/db" "$@"
}
words() { tr '\n' ' ' | sed 's/ $//'; }
