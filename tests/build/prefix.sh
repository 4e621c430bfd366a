#!/bin/sh
# ISC license.
# Finding skalibs, execline and s6 where other systems and plain
# installations under a prefix have them: the system's are copied there, with
# version numbers of their own, so that it shows which ones are used.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/build.sh"

sysdeps_dir() { config_value CHECK_ARGS | sed -n 's/.* --with-sysdeps=\([^ ]*\).*/\1/p'; }

# Copies headers to $1/include, sysdeps to $1/lib/skalibs/sysdeps.
copy_headers() { # PREFIX
  mkdir -p "$1/include" "$1/lib/skalibs"
  for pkg in skalibs execline s6; do cp -RL "$(header_root $pkg)/$pkg" "$1/include/$pkg"; done
  cp -RL "$(sysdeps_dir)" "$1/lib/skalibs/sysdeps"
  sed 's/\(S6_VERSION\) "[0-9.]*"/\1 "2.15.1.0"/' "$1/include/s6/config.h" >s6.h
  cp s6.h "$1/include/s6/config.h"
}

# The libraries: KIND a or so; DIR as a pattern of the package.
copy_libraries() { # KIND PREFIX [ by-package ]
  for pair in skalibs/skarnet execline/execline s6/s6; do
    dir=$2/lib
    [ $# -lt 3 ] || dir=$dir/${pair%/*}
    mkdir -p "$dir"
    case $1 in
      a) file=$(config_value "$(echo "${pair#*/}" | tr '[:lower:]' '[:upper:]')_LIB") ;;
      *) file=$(config_value "$(echo "${pair#*/}" | tr '[:lower:]' '[:upper:]')_DYNLIB") ;;
    esac
    case $file in *."$1") ;; *) skip "the system has no lib${pair#*/}.$1" ;; esac
    cp -L "$file" "$dir/lib${pair#*/}.$1"
  done
}

# configure said that it uses the copies, and with them everything builds.
check_stack() { # PREFIX CONFIGURE-ARGUMENT...
  from=$1
  shift
  assert_exit 0 configure_in b CFLAGS=-O0 "$@"
  assert_contains "$STDOUT" 's6 2.15.1.0'
  for lib in S6 EXECLINE SKARNET; do
    value=$(config_value ${lib}_LIB b/config.mak)
    case $value in "$from"/*) ;; *) fail "${lib}_LIB is $value" ;; esac
  done
  assert_contains "$(config_value CHECK_ARGS b/config.mak)" "--with-sysdeps=$from/"
  assert_contains "$(cat b/src/include/s6-rc/config.h)" 'S6RC_SVC_MANY 1'
  make_in b build/bin/s6-rc-db
}

test_prefix_alone() {
  copy_headers "$T/p"
  copy_libraries a "$T/p"
  check_stack "$T/p" --prefix="$T/p"
  # the configuration for the tests uses the same ones though its prefix is another
  make_in b build-check/config.mak
  assert_contains "$(config_value S6_LIB b/build-check/config.mak)" "$T/p/"
  assert_contains "$(cat b/build-check/src/include/s6-rc/config.h)" 'S6RC_SVC_MANY 1'
}

test_static_libraries_by_package() {
  copy_headers "$T/p"
  copy_libraries a "$T/p" by-package
  check_stack "$T/p" --prefix="$T/p"
}

test_shared_libraries_only() {
  copy_headers "$T/p"
  copy_libraries so "$T/p"
  check_stack "$T/p" --prefix="$T/p"
  assert_contains "$(needed "$(any_tool b)")" libskarnet.so
}

test_with_options() {
  copy_headers "$T/p"
  copy_libraries a "$T/p"
  mv p/lib/skalibs/sysdeps p/sysdeps
  check_stack "$T/p" --prefix=/nowhere --with-sysdeps="$T/p/sysdeps" --with-include="$T/p/include" --with-lib="$T/p/lib"
}

test_three_directories() {
  copy_headers "$T/p"
  copy_libraries a "$T/p" by-package
  for pkg in skalibs execline s6; do
    mkdir -p "p/inc-$pkg"
    mv "p/include/$pkg" "p/inc-$pkg/"
  done
  check_stack "$T/p" --with-sysdeps="$T/p/lib/skalibs/sysdeps" \
    --with-include="$T/p/inc-skalibs" --with-include="$T/p/inc-execline" --with-include="$T/p/inc-s6" \
    --with-lib="$T/p/lib/skalibs" --with-lib="$T/p/lib/execline" --with-lib="$T/p/lib/s6"
}

test_slashpackage() {
  copy_headers "$T/p"
  copy_libraries a "$T/p" by-package
  for pkg in prog/skalibs admin/execline admin/s6; do
    mkdir -p "sp/package/$pkg/include" "sp/package/$pkg/library"
    mv "p/include/${pkg#*/}" "sp/package/$pkg/include/"
    mv "p/lib/${pkg#*/}"/*.a "sp/package/$pkg/library/"
  done
  mv p/lib/skalibs/sysdeps sp/package/prog/skalibs/
  check_stack "$T/sp" --enable-slashpackage="$T/sp"
}

test_pkg_config() {
  copy_headers "$T/p"
  copy_libraries a "$T/p"
  # what the program would print for packages in that prefix
  cat >pkg-config <<END
#!/bin/sh
case \$1 in
  --exists) exit 0 ;;
  --cflags-only-I) echo "-I$T/p/include " ;;
  --libs-only-L) echo "-L$T/p/lib " ;;
  --variable=libdir) echo "$T/p/lib" ;;
esac
END
  chmod +x pkg-config
  check_stack "$T/p" --with-pkgconfig="$T/pkg-config"
}

test_sysdeps_that_are_none() {
  mkdir empty
  assert_exit 1 configure_in b --with-sysdeps="$T/empty"
  assert_contains "$STDERR" "--with-sysdeps=$T/empty"
}

# Hides files of the system in a name space of its own and configures there.
without() { # PATH... (files are emptied, directories too)
  for path do
    if [ -d "$path" ]; then echo "mount -t tmpfs none '$path' &&"; else echo "mount --bind /dev/null '$path' &&"; fi
  done >hide.sh
  printf 'mkdir b && cd b && "%s/configure"\n' "$S6RC_TOP" >>hide.sh
  unshare -rm true 2>/dev/null || skip 'no name spaces for this user'
  capture unshare -rm sh ./hide.sh
}

# All four ways to install them.
assert_says_packages() { # DEBIAN ALPINE ARCH VOID
  assert_eq "$status" 1 'exit code'
  assert_contains "$STDERR" "apt install $1"
  assert_contains "$STDERR" "apk add $2 ("
  assert_contains "$STDERR" "pacman -S $3"
  assert_contains "$STDERR" "xbps-install $4"
  assert_absent b/config.mak
}

test_missing_headers() {
  without "$(header_root skalibs)/skalibs" "$(header_root s6)/s6"
  assert_says_packages 'skalibs-dev libs6-dev' 'skalibs-dev s6-dev' 'skalibs s6' 'skalibs-devel s6-devel'
}

test_missing_library() {
  unshare -rm true 2>/dev/null || skip 'no name spaces for this user'
  dir=$(dirname "$(config_value S6_LIB)")
  # in place of that directory, one with links to everything but s6's libraries
  mkdir lib real
  for file in "$dir"/*; do
    case $file in */libs6.*) ;; *) ln -s "$T/real/${file##*/}" "lib/${file##*/}" ;; esac
  done
  echo "mount --bind '$dir' real && mount --bind lib '$dir' && mkdir b && cd b && '$S6RC_TOP/configure'" >hide.sh
  capture unshare -rm sh ./hide.sh
  assert_says_packages libs6-dev s6-dev s6 s6-devel
}

run_tests "$@"
