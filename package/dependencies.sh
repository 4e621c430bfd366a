# ISC license.
# Read by configure: finds skalibs, execline and s6. Sets
#   include_dirs lib_dirs   directories that had to be or may be named
#   sysdeps                 skalibs' sysdeps directory
#   *_LIB *_DYNLIB          what to link programs, and the shared library, with
#   SOCKET_LIB ...          the linker's flags for system features
#   with_svc_many           yes or no
#   check_rpath             LDFLAGS for running from directories that the system does not search
# and CPPFLAGS_AUTO. Dies, saying what is missing, if that cannot be done.
# shellcheck shell=sh disable=SC2154,SC2034

# --- what is needed: package, library, a header of its own, oldest version that is known to work
dependencies() {
  cat <<'END'
skalibs skarnet skalibs/config.h SKALIBS_VERSION 2.13.1.0
execline execline execline/config.h EXECLINE_VERSION 2.9.3.0
s6 s6 s6/config.h S6_VERSION 2.11.3.0
END
}

missing() { # PACKAGES WHAT
  debian='' alpine='' arch='' void=''
  for pkg in $1; do
    case $pkg in skalibs) debian="$debian skalibs-dev" ;; *) debian="$debian lib$pkg-dev" ;; esac
    alpine="$alpine $pkg-dev" arch="$arch $pkg" void="$void $pkg-devel"
  done
  die "$2" "Debian, Ubuntu: apt install$debian" "Alpine:         apk add$alpine (-static instead of -dev: static libraries)" \
    "Arch:           pacman -S$arch" "Void:           xbps-install$void" \
    'Installed elsewhere: --prefix=DIR, or --with-include=DIR --with-lib=DIR --with-sysdeps=DIR'
}

multiarch=$($CC -print-multiarch 2>/dev/null)
machine=$($CC -dumpmachine 2>/dev/null)
# x86_64-pc-linux-gnu is x86_64-linux-gnu to Debian
case $machine in
  *-*-*-*) novendor=${machine%%-*}-${machine#*-*-} ;;
  *) novendor=$machine ;;
esac
triplets=$(printf '%s\n' "$multiarch" "$host" "$machine" "$novendor" | awk 'NF && !seen[$0]++')

version_ge() { # A >= B, both as numbers and dots
  awk -v a="$1" -v b="$2" 'BEGIN {
    n = split(a, x, "."); m = split(b, y, ".")
    for (i = 1; i <= n || i <= m; i++) if (x[i] + 0 != y[i] + 0) exit !(x[i] + 0 > y[i] + 0)
    exit 0
  }'
}

add() { # LISTVARIABLE DIR: unless it is there already
  eval "list=\$$1"
  case " $list " in *" $2 "*) ;; *) eval "$1=\"\$list \$2\"" ;; esac
}

# --- headers

# Directories outside the compiler's own path, where to look first.
header_dirs="$with_include $sproot/package/prog/skalibs/include $sproot/package/admin/execline/include $sproot/package/admin/s6/include"
case $prefix in '' | /usr) ;; *) header_dirs="$header_dirs $prefix/include" ;; esac
include_dirs='' pkg_dynlib_dirs=''

if [ "$with_pkgconfig" != no ]; then
  has "$with_pkgconfig" || die "$with_pkgconfig not found (--with-pkgconfig)"
  for name in libskarnet libexecline libs6; do
    "$with_pkgconfig" --exists "$name" || die "$with_pkgconfig does not know $name" 'set PKG_CONFIG_PATH or leave --with-pkgconfig out'
    for word in $("$with_pkgconfig" --cflags-only-I "$name"); do add header_dirs "${word#-I}"; done
    for word in $("$with_pkgconfig" --libs-only-L "$name") $("$with_pkgconfig" --variable=libdir "$name"); do
      add pkg_dynlib_dirs "${word#-L}"
    done
  done
fi

# A compiler for another C library may not search where the headers are, and
# must not, because that one's own headers are there too: give it a directory
# that has links to nothing but the three packages.
linked_header() { # PACKAGE HEADER
  for dir in /usr/local/include /usr/include $(for t in $triplets; do echo "/usr/include/$t"; done); do
    [ -f "$dir/$2" ] || continue
    mkdir -p build-include && ln -sfn "$dir/$1" "build-include/$1" || exit 1
    add include_dirs "$builddir/build-include"
    root=$dir
    return
  done
  return 1
}

find_header() { # PACKAGE HEADER: sets root, the directory that it was found in
  for root in $header_dirs; do
    if [ -f "$root/$2" ]; then
      add include_dirs "$root"
      return
    fi
  done
  echo "#include <$2>" >"$tmp/t.c"
  # shellcheck disable=SC2086
  if $CC $CPPFLAGS_AUTO $CPPFLAGS $CFLAGS -E "$tmp/t.c" >"$tmp/t.i" 2>/dev/null; then
    root=$(sed -n "s|^# [0-9]* \"\(.*\)/$2\".*|\1|p" "$tmp/t.i" | head -n 1)
    return
  fi
  linked_header "$1" "$2"
}

lacking=''
dependencies >"$tmp/dependencies"
while read -r pkg lib header macro oldest; do
  if find_header "$pkg" "$header"; then
    eval "${pkg}_root=\$root"
  else
    lacking="$lacking $pkg"
  fi
done <"$tmp/dependencies"
[ -z "$lacking" ] || missing "$lacking" "no headers of$lacking found: the packages for building with them are missing"
for dir in $include_dirs; do CPPFLAGS_AUTO="$CPPFLAGS_AUTO -I$dir"; done

# The value of string macro $2 in header $1.
macro_value() {
  printf '#include <%s>\nvalue: %s\n' "$1" "$2" >"$tmp/t.c"
  # shellcheck disable=SC2086
  $CC $CPPFLAGS_AUTO $CPPFLAGS $CFLAGS -E "$tmp/t.c" 2>/dev/null |
    awk '/^value:/ { on = 1 } on && !/^#/ && match($0, /"[^"]*"/) { print substr($0, RSTART + 1, RLENGTH - 2) ; exit }'
}

versions=''
while read -r pkg lib header macro oldest; do
  found=$(macro_value "$header" "$macro")
  [ -n "$found" ] || die "$header does not say a version ($macro)"
  version_ge "$found" "$oldest" || warn "$pkg $found is older than $oldest, the oldest that is known to work"
  versions="$versions $pkg $found"
done <"$tmp/dependencies"
info "libraries:$versions"
if [ "$with_svc_many" = auto ]; then
  version_ge "${versions##* }" 2.14.0.0 && with_svc_many=yes || with_svc_many=no
fi

# --- libraries

# The directories beside the headers of package $1 that may have its libraries.
beside_headers() {
  eval "from=\$${1}_root"
  for t in $triplets; do from=${from%"/$t"}; done
  case $from in
    */include)
      from=${from%/include}
      for t in $triplets; do echo "$from/lib/$t"; done
      printf '%s\n' "$from/lib64" "$from/lib" "$from/lib/$1" "$from/library" "$from/library.so"
      ;;
  esac
}

find_in() { # FILE DIR...: prints the path
  file=$1
  shift
  for dir do
    [ ! -f "$dir/$file" ] || { echo "$dir/$file" ; return ; }
  done
}

find_in_system() { # FILE PACKAGE
  # shellcheck disable=SC2046,SC2086
  path=$(find_in "$1" $(beside_headers "$2"))
  # shellcheck disable=SC2086
  [ -n "$path" ] || path=$($CC $CFLAGS $LDFLAGS_AUTO $LDFLAGS -print-file-name="$1" 2>/dev/null)
  case $path in
    /*) echo "$path" ;;
    *) find_in "$1" /lib "/usr/lib/$2" ;;
  esac
}

# Sets static and dynamic to the paths of library $2 of package $1, or to
# nothing. Named directories first; then those under the prefix, where one form
# is enough for the system's to be another installation's.
find_library() {
  named="$with_lib $with_dynlib $pkg_dynlib_dirs" prefixed=''
  [ -z "$prefix" ] || prefixed="$prefix/lib $prefix/lib/$1 $libdir $dynlibdir"
  # shellcheck disable=SC2086
  static=$(find_in "lib$2.a" $named $prefixed) dynamic=$(find_in "lib$2.so" $named $prefixed)
  # shellcheck disable=SC2086
  if [ -z "$(find_in "lib$2.a" $prefixed)$(find_in "lib$2.so" $prefixed)" ]; then
    : "${static:=$(find_in_system "lib$2.a" "$1")}" "${dynamic:=$(find_in_system "lib$2.so" "$1")}"
  fi
}

lib_dirs='' run_dirs='' no_lib='' no_static='' no_dynlib='' SKARNET_LIB='' EXECLINE_LIB='' S6_LIB=''
while read -r pkg lib header macro oldest; do
  find_library "$pkg" "$lib"
  [ -n "$static" ] || no_static="$no_static $pkg"
  [ -n "$dynamic" ] || no_dynlib="$no_dynlib $pkg"
  [ -n "$static$dynamic" ] || no_lib="$no_lib $pkg"
  case $enable_allstatic:$static:$dynamic in
    yes::* | no:*:?*) use=$dynamic ;;
    *) use=$static ;;
  esac
  for path in $static $dynamic; do add lib_dirs "${path%/*}"; done
  [ "$use" = "$static" ] || add run_dirs "${use%/*}"
  name=$(printf %s "$lib" | tr '[:lower:]' '[:upper:]')
  eval "${name}_LIB=\$use ${name}_DYNLIB=\$dynamic"
done <"$tmp/dependencies"
[ -z "$no_lib" ] || missing "$no_lib" "no libraries of$no_lib found: the packages for building with them are missing"
if [ "$enable_static_libc" = yes ] && [ -n "$no_static" ]; then
  missing "$no_static" "no static libraries of$no_static found (--enable-static-libc)"
fi
if [ "$enable_shared" = yes ] && [ -n "$no_dynlib" ]; then
  missing "$no_dynlib" "no shared libraries of$no_dynlib found (--enable-shared)"
fi
if [ "$enable_shared/$enable_allstatic" = yes/no ] && [ -n "$no_static$no_dynlib" ]; then
  info 'not every library exists in both forms: programs are linked with what there is'
fi

check_rpath=''
if [ "$enable_shared/$enable_allstatic" = yes/no ]; then check_rpath=" -Wl,-rpath,$builddir/build-check/root/lib"; fi
for dir in $run_dirs; do
  case $dir in /lib | /lib64 | /usr/lib | /usr/lib64) continue ;; esac
  case " $(for t in $triplets; do printf '/lib/%s /usr/lib/%s ' "$t" "$t"; done) " in *" $dir "*) continue ;; esac
  check_rpath="$check_rpath -Wl,-rpath,$dir"
done

# --- sysdeps

find_sysdeps() {
  if [ -n "$with_sysdeps" ]; then
    [ -f "$with_sysdeps/target" ] || die "--with-sysdeps=$with_sysdeps: not a sysdeps directory of skalibs (it has no file \`target')"
    echo "$with_sysdeps"
    return
  fi
  for dir in $pkg_dynlib_dirs ${prefix:+"$prefix/lib"} $(beside_headers skalibs) "${SKARNET_LIB%/*}" /usr/lib; do
    for sub in skalibs/sysdeps sysdeps ../sysdeps; do
      [ ! -f "$dir/$sub/target" ] || { echo "$dir/$sub" ; return ; }
    done
  done
}
sysdeps=$(find_sysdeps) || exit 1
[ -n "$sysdeps" ] || missing skalibs 'no sysdeps directory of skalibs found'
info "sysdeps: $sysdeps"
IFS= read -r target <"$sysdeps/target"
[ "${target%%-*}" = "${machine%%-*}" ] || warn "sysdeps are for $target, $CC compiles for $machine"
for name in socket spawn sysclock timer util pthread; do
  flags=''
  [ ! -f "$sysdeps/$name.lib" ] || flags=$(tr '\n' ' ' <"$sysdeps/$name.lib" | sed 's/ *$//')
  eval "$(printf %s "$name" | tr '[:lower:]' '[:upper:]')_LIB=\$flags"
done

# --- does it all fit together?

cat >"$tmp/t.c" <<'END'
#include <skalibs/strerr.h>
#include <skalibs/stralloc.h>
#include <execline/execline.h>
#include <s6/supervise.h>
int main (int argc, char const **argv)
{
  stralloc sa = STRALLOC_ZERO ;
  PROG = "configure" ;
  if (argc > 1) el_semicolon(argv + 1) ;
  return !stralloc_cats(&sa, PROG) || s6_svc_ok(".") > 0 ;
}
END
compile || { show_log ; die 'the headers of skalibs, execline and s6 do not compile'; }
if [ "$enable_link_check" = yes ]; then
  # shellcheck disable=SC2086
  link "$S6_LIB" "$EXECLINE_LIB" "$SKARNET_LIB" $SOCKET_LIB $SPAWN_LIB $SYSCLOCK_LIB || {
    show_log
    die "$CC cannot link with $S6_LIB $EXECLINE_LIB $SKARNET_LIB" \
      'They may be for another machine or another C library: build them with this compiler and name them with --with-lib=DIR.' \
      "To compile objects only: --disable-link-check, then \`make objects'"
  }
fi
info "linking with $S6_LIB $EXECLINE_LIB $SKARNET_LIB"
