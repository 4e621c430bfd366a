#!/bin/sh
# ISC license.
# make dist, make distclean.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/build.sh"

# Without a repository, from a tree that was built in.
test_tarball_from_files() {
  copy_tree tree
  cd tree
  ./configure CFLAGS=-O0
  make build/obj/libs6rc/path.o
  make dist
  mkdir "$T/unpacked"
  tar -xzf s6-rc-0.1.0.0.tar.gz -C "$T/unpacked"
  cd "$T/unpacked/s6-rc-0.1.0.0"
  for file in build config.mak src/include/s6-rc/config.h; do assert_absent $file; done
  assert_file COPYING
  ./configure --prefix="$T/root" CFLAGS=-O0
  make_few install
  assert_exit 0 "$T/root/bin/s6-rc-init" --help
}

# With one: what is committed and nothing else.
test_tarball_from_repository() {
  need git
  copy_tree tree
  cd tree
  git init -q
  git add -A
  git -c user.name=x -c user.email=x@example.org -c commit.gpgsign=false commit -q -m x
  echo x >not-committed
  make dist
  tar -tzf s6-rc-0.1.0.0.tar.gz | sed 's|^s6-rc-0.1.0.0/||' | grep -v -e '/$' -e '^$' | sort >packed
  git ls-files | sort >committed
  assert_eq "$(diff packed committed)" ''
}

test_distclean() {
  copy_tree tree
  cd tree
  find . | sort >"$T/before"
  ./configure CFLAGS=-O0
  make build/obj/libs6rc/path.o build-check/config.mak
  make distclean
  find . | sort >"$T/after"
  assert_eq "$(diff "$T/before" "$T/after")" ''
}

run_tests "$@"
