#!/bin/sh
# ISC license.
# tools/install-deps with stand-ins for the package managers, which note what
# they are asked to do.
. "$(dirname "$0")/../lib/test.sh"

# Makes the command NAME: it notes its arguments; QUERY (a case pattern for
# the arguments) is answered from the files in have/.
manager() { # NAME
  mkdir -p bin have
  cat >"bin/$1" <<'END'
#!/bin/sh
echo "${0##*/} $*" >>"$T/calls"
case ${0##*/} in
  dpkg-query) for last; do :; done ; [ ! -e "$T/have/$last" ] || printf installed ; exit ;;
  xbps-query) [ -e "$T/have/$1" ] ; exit ;;
  pacman) case $1 in -T) [ -e "$T/have/$2" ] ; exit ;; esac ;;
  apk) case $1 in info) [ -e "$T/have/$3" ] ; exit ;; esac ;;
esac
case " $* " in
  *' update '*) exit ;;
esac
for word; do case $word in -* | install | add) ;; *) : >"$T/have/$word" ;; esac; done
END
  chmod +x "bin/$1"
}

# A system with no other package manager than the stand-in.
only() { # UID COMMAND...
  printf '#!/bin/sh\necho %s\n' "$1" >bin/id
  chmod +x bin/id
  shift
  for tool in sh cat awk find head sudo printf; do
    path=$(command -v $tool) || continue
    case $path in /*) ln -sf "$path" "bin/$tool" ;; esac
  done
  [ -e bin/sudo ] || : >bin/sudo
  chmod +x bin/sudo 2>/dev/null || :
  : >calls
  capture env PATH="$T/bin" "$S6RC_TOP/tools/install-deps" "$@"
}

# asked only for what is missing, and once it is there for nothing
installs() { # MANAGER NAMES-OF-S6 INSTALL-COMMAND
  only 0 build
  assert_eq "$status" 0 "exit code ($STDERR)"
  assert_contains "$(cat calls)" "$3"
  for name in $2; do
    assert_contains "$(grep -e "$3" calls) " " $name "
    assert_contains "$STDOUT" "missing: $name ("
  done
  only 0 build
  assert_eq "$status/$STDOUT" '0/install-deps: nothing to install'
  assert_lacks "$(cat calls)" "$3"
  rm -f have/s6
  only 0 build
  assert_contains "$(cat calls)" "$3 s6"
}

test_apt() {
  manager apt-get
  manager dpkg-query
  installs apt-get 'libs6-dev libexecline-dev skalibs-dev s6 execline gcc make' 'apt-get install -y --no-install-recommends'
}

test_apk() {
  manager apk
  installs apk 's6-dev execline-dev skalibs-dev s6-static s6 execline gcc make' 'apk add'
}

test_pacman() {
  manager pacman
  installs pacman 's6 execline skalibs gcc make' '--needed --noconfirm'
}

test_xbps() {
  manager xbps-install
  manager xbps-query
  installs xbps-install 's6-devel execline-devel skalibs-devel s6 execline gcc make' 'xbps-install -Sy'
}

test_the_test_set_has_the_build_set() {
  manager apk
  only 0 test
  for name in s6-dev gcc strace shellcheck; do assert_contains "$(grep 'apk add' calls) " " $name "; done
}

test_cross_compilers_are_not_in_the_test_set() {
  manager apt-get
  manager dpkg-query
  only 0 test
  assert_contains "$(cat calls)" ' strace '
  assert_lacks "$(cat calls)" powerpc
  only 0 portability
  for name in gcc-powerpc-linux-gnu libc6-dev-i386-cross qemu-user-static; do
    assert_contains "$(grep 'apt-get install' calls) " " $name "
  done
}

test_not_root() {
  manager apk
  only 1000 build
  assert_eq "$status" 1 'exit code'
  assert_contains "$STDOUT" "sudo sh -c 'apk add gcc"
  assert_lacks "$(cat calls)" 'apk add'
}

test_no_manager() {
  mkdir bin
  only 0 build
  assert_eq "$status" 1 'exit code'
  assert_contains "$STDERR" 'libs6-dev'
}

test_usage() {
  assert_exit 100 "$S6RC_TOP/tools/install-deps" everything
  assert_exit 0 "$S6RC_TOP/tools/install-deps" --help
}

run_tests "$@"
