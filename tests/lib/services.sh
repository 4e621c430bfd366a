# ISC license.
# Sourced by test.sh: writing sources (in $SRC) and compiling them (to $DB).
# shellcheck shell=sh

# A run script that never says it is ready, and one that does, on descriptor 3.
RUN='#!/bin/sh
exec sleep 86400'
RUN_READY='#!/bin/sh
echo >&3
exec 3>&-
exec sleep 86400'

# FILE=CONTENT... in definition $SRC/NAME; a file gets a final newline unless it is empty.
define() { # NAME TYPE [ FILE=CONTENT... ]
  _dir=$SRC/$1
  mkdir -p "$_dir"
  printf '%s\n' "$2" >"$_dir/type"
  shift 2
  for _word do
    _file=$_dir/${_word%%=*}
    _content=${_word#*=}
    mkdir -p "${_file%/*}"
    if [ -n "$_content" ]; then printf '%s\n' "$_content" >"$_file"; else : >"$_file"; fi
  done
}

longrun() { # NAME [ FILE=CONTENT... ]
  _name=$1
  shift
  define "$_name" longrun "run=$RUN" "$@"
}

# A longrun that is ready at once and says so.
ready_longrun() { # NAME [ FILE=CONTENT... ]
  _name=$1
  shift
  define "$_name" longrun "run=$RUN_READY" notification-fd=3 "$@"
}

oneshot() { # NAME [ FILE=CONTENT... ]
  _name=$1
  shift
  define "$_name" oneshot up=true "$@"
}

bundle() { # NAME MEMBER|FILE=CONTENT...
  _name=$1
  shift
  define "$_name" bundle
  mkdir -p "$SRC/$_name/contents.d"
  for _word do
    case $_word in *=*) define "$_name" bundle "$_word" ;; *) : >"$SRC/$_name/contents.d/$_word" ;; esac
  done
}

depends() { # NAME ON...
  _name=$1
  shift
  mkdir -p "$SRC/$_name/dependencies.d"
  for _word do : >"$SRC/$_name/dependencies.d/$_word"; done
}

compile() { # [ OPTION... ]
  "$S6RC_BIN/s6-rc-compile" "$@" "$DB" "$SRC"
}

db() { # ARGS of s6-rc-db
  "$S6RC_BIN/s6-rc-db" -c "$DB" "$@"
}
