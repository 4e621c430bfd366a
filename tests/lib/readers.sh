# ISC license.
# Sourced by tests about reading while something changes, after test.sh.
# shellcheck shell=sh

# Calls COMMAND again and again until the file stop appears, and counts that in
# FILE.runs. A run that fails, or says something on stderr, is noted in
# FILE.bad. Of diff, 1 is no failure: there are differences.
again() { # FILE COMMAND...
  _file=$1
  shift
  _runs=0
  until [ -e stop ]; do
    _code=0
    "$@" >"$_file.out" 2>"$_file.err" || _code=$?
    _runs=$((_runs + 1))
    case $_code/$_file in
      0/* | 1/*.diff) [ ! -s "$_file.err" ] || { echo "run $_runs says:"; cat "$_file.err"; } >>"$_file.bad" ;;
      *) { echo "run $_runs: exit code $_code"; cat "$_file.err"; } >>"$_file.bad" ;;
    esac
  done
  echo $_runs >"$_file.runs"
}

# The same in the background, until end_readers.
begin_reader() { # FILE COMMAND...
  rm -f stop
  again "$@" &
  reading="${reading:-} $1:$!"
}

end_readers() {
  : >stop
  for _reader in $reading; do wait "${_reader#*:}"; done
  for _reader in $reading; do
    _file=${_reader%:*}
    [ ! -e "$_file.bad" ] || fail "$_file:" "$(head -n 20 "$_file.bad")"
    [ "$(cat "$_file.runs")" -ge 3 ] || fail "$_file ran only $(cat "$_file.runs") times"
  done
  reading=''
}
