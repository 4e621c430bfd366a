#!/bin/sh
# ISC license.
# configure: its options, what it writes, what make does with that.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/build.sh"

config_h() { sed -n "s/^#define S6RC_$1 //p" b/src/include/s6-rc/config.h; }

test_defaults() {
  configure_in b
  assert_eq "$(config_h VERSION)" '"0.1.0.0"'
  assert_eq "$(config_h BINPREFIX)" '"/bin/"'
  assert_eq "$(config_h EXTBINPREFIX)" '""'
  assert_eq "$(config_h LIBEXECPREFIX)" '"/libexec/"'
  assert_eq "$(config_h EXTLIBEXECPREFIX)" '"/libexec/"'
  assert_eq "$(config_h LIVEDIR)" '"/run/s6-rc"'
  assert_eq "$(config_h BOOTDB)" '"/etc/s6-rc/compiled/current"'
  assert_eq "$(config_h REPODIR)" '"/var/lib/s6-rc/repository"'
  assert_eq "$(config_h DEFAULT_BUNDLE)" '"default"'
  assert_eq "$(config_value libdir b/config.mak)" /usr/lib
  assert_eq "$(config_value dynlibdir b/config.mak)" /lib
  assert_eq "$(config_value includedir b/config.mak)" /usr/include
}

test_paths() {
  configure_in b --prefix=/usr --sysconfdir=/etc --livedir=/run/rc --enable-absolute-paths --libexecdir=/usr/lib/s6-rc/
  assert_eq "$(config_h EXTBINPREFIX)" '"/usr/bin/"'
  assert_eq "$(config_h LIBEXECPREFIX)" '"/usr/lib/s6-rc/"'
  assert_eq "$(config_h LIVEDIR)" '"/run/rc"'
  assert_eq "$(config_h BOOTDB)" '"/etc/s6-rc/compiled/current"'
  assert_eq "$(config_h SYSCONFPREFIX)" '"/etc/"'
  configure_in b --bootdb=/var/lib/boot
  assert_eq "$(config_h BOOTDB)" '"/var/lib/boot"'
}

test_sets() {
  configure_in b --repodir=/srv/repo --with-default-bundle=at-boot
  assert_eq "$(config_h REPODIR)" '"/srv/repo"'
  assert_eq "$(config_h DEFAULT_BUNDLE)" '"at-boot"'
  for name in '' .x a/b s6rc-x 'a b'; do
    assert_exit 1 configure_in b "--with-default-bundle=$name"
    assert_contains "$STDERR" '--with-default-bundle='
  done
  assert_exit 1 configure_in b --repodir=srv
}

test_svc_many() {
  configure_in b --with-svc-many=yes
  assert_eq "$(config_h SVC_MANY)" 1
  configure_in b --with-svc-many=no
  assert_eq "$(config_h SVC_MANY)" 0
  assert_exit 1 configure_in b --with-svc-many=perhaps
}

# Every option that --help shows is taken without a word of warning.
test_every_option_in_help() {
  "$S6RC_TOP/configure" --help >help
  for word in --prefix --bindir --libexecdir --libdir --dynlibdir --includedir --sysconfdir --pkgconfdir --livedir \
    --bootdb --repodir --with-default-bundle --with-sysdeps --with-include --with-lib --with-dynlib --with-pkgconfig --enable-shared --disable-static \
    --disable-allstatic --enable-static-libc --enable-absolute-paths --enable-pkgconfig --host; do
    grep -q "^  ${word}[ =[]" help || fail "not in --help: $word"
  done
  sysdeps=$(config_value CHECK_ARGS | sed -n 's/.* --with-sysdeps=\([^ ]*\).*/\1/p')
  sed -n 's/^  \(--[^ []*\).*/\1/p' help >words
  set --
  while read -r word; do
    case $word in
      --with-sysdeps=*) word=--with-sysdeps=$sysdeps ;;
      --with-svc-many=*) word=--with-svc-many=auto ;;
      --with-default-bundle=*) word=--with-default-bundle=boot ;;
      # tested elsewhere: they need more than the option
      --with-pkgconfig* | --enable-static-libc | --enable-slashpackage) continue ;;
      --host=* | --target=*) word=${word%%=*}=$(cc -dumpmachine) ;;
      *=*) word=${word%%=*}=$T/somewhere ;;
    esac
    set -- "$@" "$word"
  done <words
  [ $# -gt 30 ] || fail "only $# options in --help"
  assert_exit 0 configure_in b CC=cc AR=ar STRIP=strip "$@"
  assert_eq "$STDERR" ''
}

# The root directory, however it is written.
test_root() {
  for prefix in / ''; do
    configure_in b --prefix=$prefix --exec-prefix=/
    assert_eq "$(config_h BINPREFIX)" '"/bin/"'
    assert_eq "$(config_value libdir b/config.mak)" /usr/lib
    assert_eq "$(config_value sysconfdir b/config.mak)" /etc
  done
  for option in --livedir --bootdb --repodir; do
    assert_exit 1 configure_in b2 $option=/
    assert_contains "$STDERR" "$option=/: the root directory"
  done
}

test_unknown_options() {
  assert_exit 0 configure_in b --enable-wings --disable-maintainer-mode --with-wings=2 --without-x
  for name in --enable-wings --disable-maintainer-mode --with-wings --without-x; do assert_contains "$STDERR" "unknown option $name ignored"; done
  assert_exit 1 configure_in b2 --wings
  assert_contains "$STDERR" 'unknown option --wings'
  assert_exit 1 configure_in b2 wings
  assert_exit 1 configure_in b2 --prefix
  assert_contains "$STDERR" '--prefix=...'
  assert_exit 1 configure_in b2 --enable-shared=perhaps
  assert_absent b2/config.mak
}

test_paths_that_cannot_work() {
  assert_exit 1 configure_in b --prefix=usr
  assert_contains "$STDERR" absolute
  assert_exit 1 configure_in b "--livedir=/run/a b"
  # shellcheck disable=SC2016
  assert_exit 1 configure_in b '--bootdb=/$(id)'
}

# As Debian's tools call it.
test_packaging_tools() {
  # shellcheck disable=SC2016
  assert_exit 0 configure_in b --build="$(cc -dumpmachine)" --prefix=/usr '--includedir=${prefix}/include' \
    '--mandir=${prefix}/share/man' '--infodir=${prefix}/share/info' --sysconfdir=/etc --localstatedir=/var \
    --disable-option-checking --disable-silent-rules '--libdir=${prefix}/lib/multi' --runstatedir=/run \
    --disable-maintainer-mode --disable-dependency-tracking '--libexecdir=${exec_prefix}/lib/s6-rc'
  assert_eq "$(config_value includedir b/config.mak)" /usr/include
  assert_eq "$(config_value libdir b/config.mak)" /usr/lib/multi
  assert_eq "$(config_value libexecdir b/config.mak)" /usr/lib/s6-rc
}

test_compiler_that_fails() {
  assert_exit 1 configure_in b CC=no-such-compiler
  assert_contains "$STDERR" no-such-compiler
  assert_exit 1 configure_in b CFLAGS=--no-such-flag
  assert_contains "$STDERR" 'the compiler said'
}

# Variables reach the commands: from the environment, from the command line, from make's.
test_variables() {
  CFLAGS=-O1 configure_in b CPPFLAGS=-DONE LDFLAGS=-Wl,-O1 "LDLIBS=-lm -lc"
  make_in b -n >plan
  grep -q -e '-DONE .*-O1 .*-c ' plan || fail 'CPPFLAGS or CFLAGS not used'
  grep -q -e '-O1 .*-Wl,-O1 -o .* -lm -lc' plan || fail 'LDFLAGS or LDLIBS not used'
  make_in b -n CFLAGS=-Og >plan
  assert_exit 1 grep -q -e ' -O1 ' plan
  grep -q -e ' -Og ' plan || fail "make's CFLAGS not used"
}

# The compiler's prefix and the machine's name.
test_host() {
  triplet=$(cc -dumpmachine)
  mkdir bin
  for tool in cc ar strip; do ln -s "$(command -v $tool)" "bin/weird-$tool"; done
  PATH=$T/bin:$PATH configure_in b --host=weird
  assert_eq "$(config_value CC b/config.mak) $(config_value AR b/config.mak) $(config_value STRIP b/config.mak)" 'weird-cc weird-ar weird-strip'
  assert_exit 1 configure_in b2 --host=weird
  assert_contains "$STDERR" weird-
  assert_exit 0 configure_in b3 --host="$triplet"
}

test_make_needs_configure() {
  copy_tree tree
  assert_exit 2 make -C tree
  assert_contains "$STDERR" './configure'
  make -C tree clean
}

# Nothing is built twice, everything that depends on a change is.
test_dependencies() {
  copy_tree tree
  cd tree
  ./configure CFLAGS=-O0
  make_few
  assert_exit 0 make_few -q
  ./configure CFLAGS=-O0
  assert_exit 0 make_few -q
  # a header
  touch src/include/s6-rc/types.h
  make_few V=1 >plan
  grep -q -e '-c -o build/obj/libs6rc/' plan || fail 'a changed header changes nothing'
  # the configuration: what includes config.h
  ./configure CFLAGS=-O0 --livedir=/elsewhere
  make_few V=1 >plan
  for source in $(grep -l 's6-rc/config.h' src/libs6rc/*.c src/cli/*.c src/init/*.c src/s6-rc/s6-rc-init.c); do
    grep -q -e "-c -o build/obj/.* $source\$" plan || fail "not built anew for another configuration: $source"
  done
  strings -a build/bin/* >texts
  assert_exit 0 grep -q /elsewhere texts
  assert_exit 1 grep -q /run/s6-rc texts
  # the linker's flags: every program, nothing else
  ./configure CFLAGS=-O0 LDFLAGS=-Wl,-O1 --livedir=/elsewhere
  make_few V=1 >plan
  for tool in build/bin/*; do grep -q -e "-o $tool " plan || fail "not linked anew: $tool"; done
  assert_exit 1 grep -q -e ' -c -o ' plan
  # the compiler's: everything
  make_few V=1 CFLAGS=-O1 >plan
  for object in build/obj/*/*.o; do grep -q -e "-c -o $object " plan || fail "not compiled anew: $object"; done
}

# A build elsewhere leaves the sources alone and does not use what is built there.
test_elsewhere() {
  copy_tree tree
  (cd tree && ./configure --livedir=/in/tree CFLAGS=-O0)
  (cd tree && find . | sort) >before
  mkdir b
  (cd b && ../tree/configure --livedir=/out/of/tree CFLAGS=-O0 && make_few)
  (cd tree && find . | sort) >after
  assert_eq "$(diff before after)" ''
  strings -a b/build/bin/* >texts
  assert_exit 0 grep -q /out/of/tree texts
  assert_exit 1 grep -q /in/tree texts
}

run_tests "$@"
