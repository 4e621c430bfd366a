#!/bin/sh
# ISC license.
# For an s6 whose s6-svc takes several directories: tests of the engine with
# tools that are built for it, and a stand-in for that s6-svc.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/build.sh"

test_engine() {
  ! grep -q '^#define S6RC_SVC_MANY 1' "$S6RC_BUILD/src/include/s6-rc/config.h" ||
    skip 'the tools are built for such an s6, all tests in live/ are this one'
  need cc
  mkdir -p include/s6 bin
  sed "s|\(define S6_EXTBINPREFIX\) .*|\1 \"$T/bin/\"|" "$(header_root s6)/s6/config.h" >include/s6/config.h
  grep -Fq "$T/bin/" include/s6/config.h
  engine='s6-rc s6-rc-update s6-rc-format-upgrade'
  configure_in b --with-svc-many=yes --prefix="$T/b/root" CC="$(config_value CC)" CFLAGS=-O0 \
    CPPFLAGS="-I$T/include $(config_value CPPFLAGS)" LDFLAGS="$(config_value LDFLAGS)"
  # shellcheck disable=SC2046,SC2086
  make_in b -j 2 $(printf 'build/bin/%s ' $engine)
  cp -a "$S6RC_BUILD/root" b/root
  for tool in $engine; do
    cp "b/build/bin/$tool" "b/root/bin/$tool"
  done
  # the programs of s6 that they execute
  cc -O1 -D_XOPEN_SOURCE=700 -o bin/s6-svc "$S6RC_TOP/tests/bench/svc_several.c"
  assert_exit 0 env -u S6RC_SCRATCH S6RC_BUILD="$T/b" S6RC_BIN="$T/b/root/bin" \
    S6RC_LIBEXEC="$T/b/root/libexec" \
    sh "$S6RC_TOP/tests/run" live/several live/failures live/order live/restart live/interrupt \
    live/reload live/timeouts
  assert_contains "$STDOUT" 'live/several: 7 ok'
}

run_tests "$@"
