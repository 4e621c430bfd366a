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
  assert_eq "$(cd "$T/repo" && find . -mindepth 1 -maxdepth 1 ! -name compiled ! -name kept ! -name install.lock |
    sed 's|^\./||' | sort)" \
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
# What is beside the boot link boot/current.
databases() { (cd boot && find . -mindepth 1 -maxdepth 1 ! -name current | sed 's|^\./||' | sort | words); }
words() { tr '\n' ' ' | sed 's/ $//'; }

# --- for tests/hard/sets_killed_*.sh

# These calls one by one; of those that copy files, which are many and alike, a few.
KILLED_CALLS='rename,renameat,renameat2 link,linkat symlink,symlinkat fsync,syncfs'
KILLED_MANY='unlink,unlinkat mkdir,mkdirat open,openat write,writev fchmod,fchmodat'
KILLED_EACH=6

what_is() { if [ -L repo/current ]; then state; else echo none; fi; }

# COMMAND with the sync of this directory failing, the last time that it is made.
# It is run twice, and undone by `put_back_unsynced` between.
unsynced() { # DIRECTORY COMMAND...
  _directory=$1
  shift
  need strace
  ASAN_OPTIONS=detect_leaks=0 strace -qq -y -o trace -e trace=fsync "$@"
  put_back_unsynced
  _nth=$(awk -v dir="$_directory" 'index($0, "<" dir ">") { n = NR } END { print n + 0 }' trace)
  [ "$_nth" -gt 0 ] || fail "$_directory is not synced:" "$(cat trace)"
  capture env ASAN_OPTIONS=detect_leaks=0 strace -qq -o trace -e "inject=fsync:error=EIO:when=$_nth" "$@"
}

put_back() {
  rm -rf repo
  [ ! -d before ] || cp -a before repo
}

# COMMAND killed before its Nth call of CALLS; fails if it came to its end.
killed() { # CALLS N COMMAND...
  _calls=$1 _nth=$2
  shift 2
  _code=0
  strace -qq -o trace -e trace="$_calls" -e inject="$_calls:signal=KILL:when=$_nth" "$@" >out 2>&1 || _code=$?
  [ $_code != 0 ] || return 1
  [ $_code = 137 ] || fail "exit code $_code" "$(cat out)"
}

check_killed() { # COMMAND...
  case $(what_is) in
    "$old")
      if [ "$old" != none ]; then assert_sound; fi
      "$@" >out 2>&1 || fail "again: exit code $?" "$(cat out)"
      ;;
    "$new")
      assert_sound
      tool set-new other 2>err
      tool set-delete other
      ;;
    *) fail "killed at $calls $n:" "$(tail -n 2 trace)" "$(what_is)" ;;
  esac
  assert_eq "$(what_is)" "$new" "after $calls $n"
  assert_swept
}

# For the repository as it is.
sweep() { # TOOL ARGUMENT...
  need strace
  _tool=$S6RC_BIN/s6-rc-$1
  shift
  set -- "$_tool" -r "$T/repo" -v0 "$@"
  [ ! -d repo ] || cp -a repo before
  old=$(what_is)
  "$@"
  new=$(what_is)
  [ "$old" != "$new" ] || fail 'nothing changes'
  total=0
  for calls in $KILLED_CALLS $KILLED_MANY; do
    put_back
    strace -qq -o trace -e trace="$calls" "$@"
    count=$(grep -c '^[a-z0-9]*(' trace || :)
    step=1
    case " $KILLED_MANY " in *" $calls "*) step=$((count / KILLED_EACH + 1)) ;; esac
    n=1
    while [ $n -le "$count" ]; do
      put_back
      if killed "$calls" $n "$@"; then total=$((total + 1)); fi
      check_killed "$@"
      n=$((n + step))
    done
  done
  [ $total -gt 10 ] || fail "killed only $total times"
}
