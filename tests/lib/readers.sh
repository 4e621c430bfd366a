# ISC license.
# Sourced by tests about reading while something changes, after test.sh.
# shellcheck shell=sh

LEAST_RUNS=3

# Calls COMMAND again and again until the file stop appears, or the test is over;
# once it has done so often enough there is FILE.runs. A run that fails, or says
# something on stderr, is noted in FILE.bad. Of diff, 1 is no failure: there are
# differences.
again() { # FILE COMMAND...
  _file=$1
  shift
  _runs=0
  until [ -e stop ] || [ ! -d "$T" ]; do
    _code=0
    "$@" >"$_file.out" 2>"$_file.err" || _code=$?
    _runs=$((_runs + 1))
    case $_code/$_file in
      0/* | 1/*.diff) [ ! -s "$_file.err" ] || { echo "run $_runs says:"; cat "$_file.err"; } >>"$_file.bad" ;;
      *) { echo "run $_runs: exit code $_code"; cat "$_file.err"; } >>"$_file.bad" ;;
    esac
    if [ $_runs = $LEAST_RUNS ]; then : >"$_file.runs"; fi
  done
}

# The same in the background, until end_readers.
begin_reader() { # FILE COMMAND...
  rm -f stop
  again "$@" &
  reading="${reading:-} $1:$!"
}

end_readers() {
  for _reader in $reading; do wait_for 60 test -e "${_reader%:*}.runs"; done
  : >stop
  for _reader in $reading; do wait "${_reader#*:}"; done
  for _reader in $reading; do
    _file=${_reader%:*}
    [ ! -e "$_file.bad" ] || fail "$_file:" "$(head -n 20 "$_file.bad")"
  done
  reading=''
}
