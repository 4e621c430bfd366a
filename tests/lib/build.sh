# ISC license.
# Sourced by tests/build/*.sh, after test.sh: building the tree in other ways.
# shellcheck shell=sh

. "$S6RC_TOP/tests/lib/headers.sh"

# From the configuration under test: the value of a variable of config.mak.
config_value() { # VARIABLE [ FILE ]
  sed -n "s/^$1 := //p" "${2:-$S6RC_BUILD/config.mak}"
}

# Where the headers under test are.
header_root() { # PACKAGE
  # shellcheck disable=SC2046
  find_headers "$1" $(config_value CC) $(config_value CPPFLAGS_AUTO)
}

# configure in directory $1 (made if absent), outside of the source tree.
configure_in() { # DIR ARGUMENT...
  mkdir -p "$1"
  _dir=$1
  shift
  (cd "$_dir" && "$S6RC_TOP/configure" "$@")
}

# The same, starting from copies of the objects under test: what is compiled
# alike is not compiled again.
configure_linking() { # DIR ARGUMENT...
  mkdir -p "$1"
  cp -a "$S6RC_BUILD/build" "$1/build"
  rm -rf "$1/build/bin" "$1/build/unit"
  _dir=$1
  shift
  configure_in "$_dir" CC="$(config_value CC)" CPPFLAGS="$(config_value CPPFLAGS)" CFLAGS="$(config_value CFLAGS)" \
    LDFLAGS="$(config_value LDFLAGS)" "$@"
}

make_in() { # DIR ARGUMENT...
  _dir=$1
  shift
  make -C "$_dir" "$@"
}

# make with few of the tools, for what is true of every tool alike: one that
# users run, and one that other tools run.
FEW='s6-rc-init s6-rc-oneshot-run'
make_few() { # ARGUMENT...
  make MAINS='s6-rc/s6-rc-init s6-rc/s6-rc-oneshot-run' ROOMS='libs6rc cli init runner' unlinked='' UNITS='' "$@"
}

# The sources without what is built from them.
copy_tree() { # DIR
  mkdir -p "$1"
  (cd "$S6RC_TOP" && tar -cf - --exclude=./.git --exclude='./build*' --exclude=./config.mak \
    --exclude=./src/include/s6-rc/config.h --exclude='./s6-rc-*.tar.gz' .) | tar -xf - -C "$1"
}

# One of the built tools: whatever is there.
any_tool() { # BUILD DIRECTORY
  for _tool in "$1"/build/bin/*; do
    [ -x "$_tool" ] || fail "no tool in $1/build/bin"
    echo "$_tool"
    return
  done
}

# The shared libraries that a program or library asks for.
needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }

# All files and links below a directory, sorted.
listing() { (cd "$1" && find . ! -type d | sort); }
