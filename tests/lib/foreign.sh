# ISC license.
# Sourced by tools/portability: skalibs, execline and s6 for another C library
# or another processor, in directories below $work. Nothing is installed. What
# is not to be had from the system's repositories is said, and 77 returned.
# shellcheck shell=sh disable=SC2154

# apt's lists of another processor's packages, or of sources, beside the
# system's own.
apt_in() { # DIR ARGUMENT...
  lists=$1
  shift
  apt-get -q -o Dir::State::lists="$lists/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$lists/cache" \
    -o Dir::Etc::sourcelist="$lists/sources.list" -o Dir::Etc::sourceparts="$lists/parts" \
    -o Acquire::Languages=none "$@"
}

# The system's lists of sources with TYPE (deb, deb-src) instead of theirs.
apt_lists() { # DIR TYPE
  mkdir -p "$1/lists/partial" "$1/cache/archives/partial" "$1/parts"
  for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -f "$list" ] || sed -n "s/^ *deb /$2 /p" "$list"
  done >"$1/sources.list"
  for list in /etc/apt/sources.list.d/*.sources; do
    [ ! -f "$list" ] || sed -e "s/^Types:.*/Types: $2/" -e '/^Architectures:/d' "$list" >"$1/parts/${list##*/}"
  done
}

# The three libraries for one of the system's other processors.
fetch_packages() { # DIR ARCHITECTURE
  [ ! -d "$1/usr" ] || return 0
  apt_lists "$1" deb
  # a repository that lacks this processor is not the one that is wanted
  apt_in "$1" -o APT::Architecture="$2" -o APT::Architectures="$2" update >"$1/log" 2>&1
  (cd "$1" && apt_in "$1" -o APT::Architecture="$2" -o APT::Architectures="$2" \
    download skalibs-dev libexecline-dev libs6-dev) >>"$1/log" 2>&1 || {
    echo "no skalibs-dev, libexecline-dev, libs6-dev for $2: $(tail -n 1 "$1/log")"
    return 77
  }
  mkdir "$1/unpacked"
  for package in "$1"/*.deb; do dpkg -x "$package" "$1/unpacked" || return; done
  mv "$1/unpacked/usr" "$1/usr"
}

# skalibs' sources, as they came from its author.
fetch_skalibs() { # DIR
  [ ! -d "$1/skalibs" ] || return 0
  apt_lists "$1" deb-src
  apt_in "$1" update >"$1/log" 2>&1
  (cd "$1" && apt_in "$1" source --download-only --only-source skalibs) >>"$1/log" 2>&1 || {
    echo "no sources of skalibs: $(tail -n 1 "$1/log")"
    return 77
  }
  mkdir "$1/unpacked" && tar -xf "$1"/skalibs_*.orig.tar.* -C "$1/unpacked" && mv "$1"/unpacked/* "$1/skalibs"
}

# The static library and the headers, without optimizing: what is tested is not skalibs.
build_skalibs() { # DIR CONFIGURE-ARGUMENT...
  dir=$1
  shift
  [ ! -f "$dir/lib/libskarnet.a" ] || return 0
  mkdir -p "$dir" && fetch_skalibs "$work/sources" && cp -R "$work/sources/skalibs" "$dir/build" || return
  (cd "$dir/build" && ./configure --prefix="$dir" --libdir="$dir/lib" --disable-shared --with-sysdep-devurandom=yes \
    CFLAGS=-O0 "$@" && make -j "$jobs" && make install && rm -rf "$dir/build") >"$dir/log" 2>&1 || {
    tail -n 20 "$dir/log"
    echo 'skalibs cannot be built'
    return 1
  }
}

# What stands for libexecline and libs6, with the system's headers of these.
build_standin() { # DIR HOST
  for package in execline s6; do
    for root in /usr/include "/usr/include/$(cc -print-multiarch)"; do
      [ ! -d "$root/$package" ] || cp -R "$root/$package" "$1/include/"
    done
  done
  "$2-gcc" -std=c11 -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700 -Wall -Wextra -Werror -I"$1/include" \
    -c -o "$1/standin.o" "$top/tests/lib/standin.c" &&
    "$2-ar" rcs "$1/lib/libexecline.a" "$1/standin.o" && cp "$1/lib/libexecline.a" "$1/lib/libs6.a"
}
