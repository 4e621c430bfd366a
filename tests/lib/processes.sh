# ISC license.
# For tests/run and tests/lib/test.sh: which processes belong to a test.
# shellcheck shell=sh

# Prints the ids of the processes that were started with ID in their
# environment (S6RC_TEST_ID) or have their working directory below DIR.
processes_of() { # ID DIR
  # an empty word would stand for every process there is
  case $1/$2 in ?*/*s6rc-*) ;; *) echo "processes_of: bad arguments: '$1' '$2'" >&2 ; return 1 ;; esac
  # -F -l: a NUL-separated environment is no text, its file name is all that is wanted
  { grep -F -l -e "$1" /proc/[0-9]*/environ 2>/dev/null
    # shellcheck disable=SC2012 # nothing but ls shows where links lead to, all in one process
    ls -l /proc/[0-9]*/cwd 2>/dev/null | awk -v dir="$2" '
      { at = index($0, "/proc/"); to = index($0, " -> ") }
      at && to && (path = substr($0, to + 4)) && (path == dir || index(path, dir "/") == 1) { print substr($0, at, to - at) }'
  } | cut -d/ -f3 | sort -un
}

# Prints "PID COMMAND LINE" for each id on stdin that still exists and is none
# of EXCEPT.
describe_processes() { # EXCEPT
  while read -r _pid; do
    case " ${1:-} " in *" $_pid "*) continue ;; esac
    _words=$({ tr '\0' ' ' <"/proc/$_pid/cmdline"; } 2>/dev/null) || continue
    [ -z "$_words" ] || printf '%s %s\n' "$_pid" "$_words"
  done
}

# Kills all that processes_of finds except the ids in EXCEPT, again until
# there is none: a supervisor may start one more before it dies itself.
kill_processes() { # ID DIR EXCEPT
  for _round in 1 2 3 4 5 6 7 8 9 10; do
    _victims=''
    for _pid in $(processes_of "$1" "$2"); do
      case " $3 " in *" $_pid "*) continue ;; esac
      # it may have been part of the search
      [ ! -d "/proc/$_pid" ] || _victims="$_victims $_pid"
    done
    [ -n "$_victims" ] || return 0
    # shellcheck disable=SC2086
    kill -KILL $_victims 2>/dev/null || :
    sleep 0.1
  done
  printf 'not killed in %s rounds:%s\n' "$_round" "$_victims"
  return 1
}

# What a helper prints for a process that is not there must not become every
# process there is.
kill() {
  for _last do :; done
  case ${_last:-} in
    '' | 0 | -1 | -0)
      echo "kill $*: no process" >&2
      return 1
      ;;
  esac
  command kill "$@"
}
