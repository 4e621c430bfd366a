# ISC license.
# Sourced by tests about what others have put where root's tools work, after
# test.sh.
# shellcheck shell=sh

# Somebody who has nothing to do with it; by number: names need not exist.
STRANGER=65534

as_stranger() { setpriv --reuid $STRANGER --regid $STRANGER --clear-groups "$@"; }

need_stranger() {
  need_root
  need setpriv
  chmod 711 "$S6RC_SCRATCH"
  need_reach $STRANGER
}

# A directory like /tmp, for the live directory and what else is made there:
# with the sticky bit, as it should be; or without. (Without it the kernel has
# no rules of its own about links there, see proc(5), protected_symlinks.)
hostile_parent() { # 1777|0777
  P=$T/tmp
  mkdir "$P"
  chmod "$1" "$P"
  LIVE=$P/live
}

# What is root's own business, in $T/canary: planted links lead there.
make_canary() {
  mkdir -m 700 canary canary/dir
  echo 'root only' >canary/file
  echo 'root only' >canary/dir/file
  chmod 600 canary/file canary/dir/file
  mkfifo -m 600 canary/fifo
  canary_before=$(look_at_canary)
  planted_before=''
}
# Modes, owners, links, times of change: nothing is done to a file without one
# of them changing.
look_at_canary() {
  find canary -exec stat -c '%n %a %u:%g %h %s %y %z' {} + | sort
  cat canary/file canary/dir/file
}
assert_canary() { assert_eq "$(look_at_canary)" "$canary_before" 'what planted links lead to'; }

# The same for all that the stranger has put into the parent.
look_at_planted() { find "$P" -user $STRANGER -exec stat -c '%n %a %u:%g %s %y %z' {} + | sort; }
planted() { planted_before=$(look_at_planted); }
assert_planted() { assert_eq "$(look_at_planted)" "$planted_before" 'what somebody else has put there'; }

# A live directory as good as any: for the database of root, and its scan
# directory; but the stranger's services. His processes seem to supervise them
# (supervised), and to work with it (held), until the test lets them go; or
# nobody does (dead).
plant_live() { # PATH supervised|held|dead
  as_stranger sh -s "$1" "$DB" "$SCAN" "$T/owned" <<'END_OF_SCRIPT'
set -e
mkdir "$1" "$1/servicedirs"
ln -s "$2" "$1/compiled"
ln -s "$3" "$1/scandir"
: >"$1/prefix"
: >"$1/lock"
chmod 666 "$1/lock"
for dir in "$2"/servicedirs/*/; do
  name=$(basename "$dir")
  mkdir "$1/servicedirs/$name" "$1/servicedirs/$name/supervise"
  printf '#!/bin/sh\n: >%s\n' "$4" >"$1/servicedirs/$name/run"
  chmod 755 "$1/servicedirs/$name/run"
  : >"$1/servicedirs/$name/supervise/lock"
  chmod 666 "$1/servicedirs/$name/supervise/lock"
done
END_OF_SCRIPT
  db list services >services
  head -c "$(wc -l <services)" /dev/zero | as_stranger tee "$1/state" >/dev/null
  [ "$2" != dead ] || return 0
  mkfifo hold
  exec 9<>hold
  HOLDERS=''
  for _file in "$1"/servicedirs/*/supervise/lock "$1/lock"; do
    if [ "$2/$_file" = "supervised/$1/lock" ]; then continue; fi
    # not a function: its shell would keep descriptor 9, and so nobody would end with the test
    setpriv --reuid $STRANGER --regid $STRANGER --clear-groups \
      s6-setlock "$_file" sh -c 'echo; read -r line' <hold 9<&- >>held &
    HOLDERS="$HOLDERS $!"
  done
  wait_for 10 all_held
}
all_held() { [ "$(wc -l <held)" = "$(echo "$HOLDERS" | wc -w)" ]; }
let_go() {
  for _pid in $HOLDERS; do echo >&9; done
  # shellcheck disable=SC2086
  wait $HOLDERS
}

# Links of the stranger's, under names that tools use or sweep.
plant_links() { # NAME...
  for _name do
    as_stranger ln -s "$T/canary/dir" "$P/$_name:AAAAAA"
    as_stranger ln -s "$T/canary/file" "$P/$_name:BBBBBB"
    as_stranger ln -s "$T/nowhere" "$P/$_name:CCCCCC"
    as_stranger mkfifo "$P/$_name:DDDDDD"
    as_stranger mkdir "$P/$_name:EEEEEE" "$P/$_name:EEEEEE/servicedirs"
    as_stranger ln -s "$T/canary/dir" "$P/$_name:EEEEEE/servicedirs/a"
    as_stranger ln -s "$T/canary/file" "$P/$_name:EEEEEE/lock"
    as_stranger mkdir "$P/$_name:FFFFFF"
    as_stranger mkfifo "$P/$_name:FFFFFF/lock" "$P/$_name:FFFFFF/state"
  done
}

# Runs a tool, and looks what it opens: no path of the canary. (strace and
# LeakSanitizer do not go together.)
watched() { # COMMAND...
  if [ -z "${S6RC_SANITIZED:-}" ] && command -v strace >/dev/null; then
    _code=0
    strace -f -y -qq -o trace -e trace=%file,%desc "$@" || _code=$?
    if grep -F "<$T/canary" trace; then fail "opened by $*"; fi
    return $_code
  else
    "$@"
  fi
}
