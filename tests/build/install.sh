#!/bin/sh
# ISC license.
# make install, and what can be done with what it installs.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/build.sh"

build() { # CONFIGURE-ARGUMENT...
  configure_linking b "$@"
  make_few -C b
}

# Paths that an installation of tools with --prefix=/usr must have, from the sources.
expected() { # TOOL...
  for tool do
    case $tool in
      s6-rc-oneshot-run | s6-rc-fdholder-filler) echo "./usr/libexec/$tool" ;;
      *)
        echo "./usr/bin/$tool"
        [ "$tool" = s6-rc ] || echo "./usr/share/bash-completion/completions/$tool"
        [ "$tool" = s6-rc ] || echo "./usr/share/fish/vendor_completions.d/$tool.fish"
        ;;
    esac
  done
  # what the others' are links to
  echo ./usr/share/bash-completion/completions/s6-rc
  echo ./usr/share/fish/vendor_completions.d/s6-rc.fish
  for header in "$S6RC_TOP"/src/include/s6-rc/*.h config.h; do echo "./usr/include/s6-rc/${header##*/}"; done | sort -u
  for page in "$S6RC_TOP"/doc/man/*.[1-9]; do
    [ ! -f "$page" ] || echo "./usr/share/man/man${page##*.}/${page##*/}"
  done
  echo ./usr/share/zsh/site-functions/_s6-rc
  echo ./usr/lib/libs6rc.a
}

test_destdir() {
  build --prefix=/usr
  make_few -C b install DESTDIR="$T/a place"
  assert_eq "$(listing 'a place')" "$(expected $FEW | sort)"
  for file in 'a place'/usr/bin/* 'a place'/usr/libexec/*; do assert_mode "$file" 755; done
  for file in 'a place'/usr/include/s6-rc/* 'a place'/usr/lib/libs6rc.a; do assert_mode "$file" 644; done
  # again, over what is there; then away
  make_few -C b install DESTDIR="$T/a place"
  assert_eq "$(listing 'a place')" "$(expected $FEW | sort)"
  make_few -C b uninstall DESTDIR="$T/a place"
  assert_eq "$(listing 'a place')" ''
  assert_absent 'a place/usr/include/s6-rc'
}

# What the other tests are run with has all tools.
test_every_tool() {
  for main in "$S6RC_TOP"/src/*/deps-exe/*; do basename "$main"; done >tools
  # shellcheck disable=SC2046 # words
  expected $(cat tools) | sed -n -e 's|^./usr/bin/||p' -e 's|^./usr/libexec/||p' | sort >wanted
  (cd "$S6RC_BIN" && ls) >there
  (cd "$S6RC_LIBEXEC" && ls) >>there
  sort there | comm -23 wanted - >missing
  assert_eq "$(cat missing)" ''
}

test_modes_whatever_the_umask() {
  build --prefix="$T/root"
  (umask 077 && make_few -C b install)
  assert_mode root/include/s6-rc/config.h 644
  find root -type d ! -perm 755 >others
  assert_file others ''
  assert_mode "root/bin/$(basename "$(any_tool b)")" 755
}

test_own_directories() {
  build --prefix=/p --exec-prefix=/e --bindir=/b --libexecdir=/x --libdir=/l --includedir=/i --mandir=/m --docdir=/d --enable-html \
    --bashcompletiondir=/cb --zshcompletiondir=/cz --fishcompletiondir=/cf
  make_few -C b install DESTDIR="$T/root"
  assert_file "root/b/s6-rc-init"
  assert_file root/l/libs6rc.a
  assert_file root/i/s6-rc/config.h
  for page in "$S6RC_TOP"/doc/*.html; do [ ! -f "$page" ] || assert_file "root/d/${page##*/}"; done
  for file in cb/s6-rc cb/s6-rc-init cz/_s6-rc cf/s6-rc.fish cf/s6-rc-init.fish; do assert_file "root/$file"; done
  assert_absent root/p root/e
}

test_without_completions() {
  build --prefix=/usr --disable-completions
  make_few -C b install DESTDIR="$T/root"
  expected $FEW | grep -v -e /bash-completion/ -e /fish/ -e /zsh/ | sort >wanted
  listing root | diff wanted -
}

test_strip() {
  build --enable-shared
  tool=$(any_tool b)
  before=$(wc -c <"$tool")
  make_few -C b strip
  [ "$(wc -c <"$tool")" -lt "$before" ] || fail "$tool is not smaller"
  assert_exit 0 nm b/build/lib/libs6rc.a
}

# Each header stands on its own, and the library is enough to link with.
consumer() { # WORDS FOR THE COMPILER...
  cc=$(config_value CC)
  for header in "$S6RC_TOP"/src/include/s6-rc/*.h; do
    printf '#include <s6-rc/%s>\n#include <s6-rc/%s>\n' "${header##*/}" "${header##*/}" >header.c
    # shellcheck disable=SC2086
    $cc -std=c11 -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700 -Wall -Wextra -Werror -fsyntax-only header.c "$@" ||
      fail "${header##*/} does not stand alone"
  done
  cat >consumer.c <<'END'
#include <stdio.h>
#include <skalibs/stralloc.h>
#include <s6-rc/config.h>
#include <s6-rc/path.h>

int main(void)
{
  stralloc path = STRALLOC_ZERO;
  if (!s6rc_path_set(&path, "/a") || !s6rc_path_push(&path, "b")) return 111;
  puts(path.s);
  puts(S6RC_VERSION);
  return 0;
}
END
  # shellcheck disable=SC2086
  $cc -std=c11 -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700 -o consumer consumer.c "$@"
}

test_library() {
  build --prefix="$T/root"
  make_few -C b install
  consumer -I"$T/root/include" "$T/root/lib/libs6rc.a" "$(config_value S6_LIB)" "$(config_value EXECLINE_LIB)" "$(config_value SKARNET_LIB)"
  assert_output "/a/b
$(config_value version)" ./consumer
}

pkg_config() {
  need pkg-config
  build --prefix="$T/root" --enable-pkgconfig "$@"
  make_few -C b install
  PKG_CONFIG_PATH=$T/root/lib/pkgconfig
  export PKG_CONFIG_PATH
  assert_output "$(config_value version)" pkg-config --modversion libs6rc
  # shellcheck disable=SC2046 # words
  consumer $(pkg-config --cflags --libs libs6rc) -Wl,--as-needed -lskarnet
  LD_LIBRARY_PATH=$T/root/lib assert_exit 0 ./consumer
}

test_pkg_config_static() { pkg_config; }
test_pkg_config_shared() {
  pkg_config --enable-shared
  assert_contains "$(needed ./consumer)" libs6rc.so.0.1
  assert_eq "$(pkg-config --static --libs-only-L libs6rc | tr -d ' ')" "-L$T/root/lib"
}

# Who links statically is told where the archive is.
test_pkg_config_two_directories() {
  need pkg-config
  configure_linking b --prefix="$T/root" --enable-pkgconfig --enable-shared --libdir="$T/root/lib/s6-rc"
  make -s -C b build/lib/libs6rc.pc
  PKG_CONFIG_PATH=b/build/lib
  export PKG_CONFIG_PATH
  assert_eq "$(pkg-config --libs-only-L libs6rc | tr -d ' ')" "-L$T/root/lib"
  assert_contains "$(pkg-config --static --libs-only-L libs6rc)" "-L$T/root/lib/s6-rc"
}

test_slashpackage() {
  build --enable-slashpackage=/sp --enable-shared
  assert_contains "$(cat b/src/include/s6-rc/config.h)" 'S6RC_EXTBINPREFIX "/sp/package/admin/s6-rc/command/"'
  make_few -C b global-links DESTDIR="$T/root"
  home=root/sp/package/admin/s6-rc
  assert_eq "$(readlink $home)" s6-rc-0.1.0.0
  assert_file $home/command/s6-rc-init
  assert_file $home/library/libs6rc.a
  assert_eq "$(readlink root/sp/command/s6-rc-init)" /sp/package/admin/s6-rc/command/s6-rc-init
}

run_tests "$@"
