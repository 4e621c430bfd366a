#!/bin/sh
# ISC license.
# Which libraries the programs and libs6rc end up with.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/build.sh"

build() { # CONFIGURE-ARGUMENT...
  configure_linking b "$@"
  make_few -C b
}

test_default() {
  [ -f "$(config_value SKARNET_LIB)" ] || fail 'no library'
  build
  for tool in b/build/bin/*; do assert_lacks "$(needed "$tool")" libskarnet; done
  assert_absent b/build/lib/libs6rc.so
}

test_disable_allstatic() {
  need readelf
  build --disable-allstatic
  for tool in b/build/bin/*; do assert_contains "$(needed "$tool")" libskarnet.so; done
  assert_lacks "$(needed "$(any_tool b)")" libs6rc.so
}

test_static_libc() {
  build --enable-static-libc
  for tool in b/build/bin/*; do assert_eq "$(needed "$tool")" '' "$tool"; done
}

test_disable_all_pic() {
  build --disable-all-pic
  assert_lacks "$(readelf -h "$(any_tool b)")" 'DYN ('
}

# The library beside programs that do not use it.
test_shared() {
  build --prefix="$T/root" --enable-shared
  assert_contains "$(readelf -d b/build/lib/libs6rc.so)" 'soname: [libs6rc.so.0.1]'
  assert_contains "$(needed b/build/lib/libs6rc.so)" libskarnet.so
  assert_lacks "$(needed "$(any_tool b)")" libs6rc.so
  make_few -C b install
  assert_eq "$(cd root/lib && echo libs6rc*)" 'libs6rc.a libs6rc.so libs6rc.so.0.1 libs6rc.so.0.1.0.0'
  assert_eq "$(readlink root/lib/libs6rc.so)" libs6rc.so.0.1.0.0
  # all that the library itself refers to is found
  assert_lacks "$(ldd -r root/lib/libs6rc.so)" 'undefined symbol'
}

# Programs that use it.
test_shared_programs() {
  build --prefix="$T/root" --enable-shared --disable-static --disable-allstatic
  make_few -C b install
  assert_absent root/lib/libs6rc.a
  assert_contains "$(needed b/build/bin/s6-rc-init)" libs6rc.so.0.1
  assert_exit 0 env LD_LIBRARY_PATH="$T/root/lib" root/bin/s6-rc-init --help
}

# `make check` of such a configuration finds the library where it staged it.
test_shared_check() {
  configure_linking b --enable-shared --disable-allstatic
  mkdir b/build-check
  mv b/build b/build-check/
  make_few -C b check-build
  assert_exit 0 b/build-check/root/bin/s6-rc-init --help
}

run_tests "$@"
