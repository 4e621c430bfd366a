#!/bin/sh
# ISC license.
# What the files of a database are like: the same for the same source, and
# with the right modes, however they were made.
. "$(dirname "$0")/../lib/test.sh"

# Writes a source, its definitions and their files in the order of the arguments.
in_order() { # NAME...
  for name do
    case $name in
      web) longrun web producer-for=log notification-fd=3 data/a=1 data/b=2 ;;
      log) longrun log pipeline-name=pipe consumer-for='web
api' ;;
      api) longrun api env/X=1 producer-for=log dependencies.d/net= dependencies.d/all= ;;
      net) oneshot net down=false dependencies.d/zero= dependencies.d/one= ;;
      one) oneshot one flag-essential= ;;
      zero) oneshot zero timeout-up=7 ;;
      all) define all bundle contents.d/one= contents.d/zero= contents.d/net= ;;
      both) define both bundle contents='pipe
all' ;;
    esac
  done
}

listed() { # DIR
  (cd "$1" && find . -exec stat -c '%n %F %a %s' {} + | sort)
}

test_same_source_same_bytes() {
  in_order web log api net one zero all both
  compile
  mv "$SRC" first
  umask 077
  SRC=$T/elsewhere
  in_order both all zero one net api log web
  for dir in "$SRC"/*/*.d; do
    mkdir "$dir.new"
    for file in "$dir"/*; do mv "$file" "$dir.new"; done
    rmdir "$dir"
    mv "$dir.new" "$dir"
  done
  # copied as they are: the modes of the source
  chmod 755 "$SRC/web/data" "$SRC/api/env"
  chmod 644 "$SRC/web/data/a" "$SRC/web/data/b" "$SRC/api/env/X"
  touch -d 2001-01-01 "$SRC/web/run" "$SRC/web"
  umask 0
  DB=$T/db2
  TZ=Asia/Tokyo HOME=/nonexistent compile
  diff -r db db2
  assert_eq "$(listed db2)" "$(listed db)"
  umask 777
  DB=$T/db3
  compile
  umask 022
  assert_eq "$(listed db3)" "$(listed db)"
}

# An optional dependency on what is not defined leaves no trace, one on what is
# defined is a dependency.
test_optional_dependencies_in_the_database() {
  in_order web log api net one zero all both
  depends web one
  compile
  rm -r "$SRC/web/dependencies.d"
  define web longrun optional-dependencies.d/one= optional-dependencies.d/ghost=
  DB=$T/db2
  compile
  diff -r db db2
}

test_modes() {
  in_order web log api net one zero all both
  umask 077
  compile
  umask 022
  assert_mode db 755
  assert_mode db/db 644
  assert_mode db/lock 644
  assert_file db/lock ''
  assert_mode db/resolve.cdb 644
  assert_mode db/servicedirs 755
  assert_mode db/servicedirs/web 755
  assert_mode db/servicedirs/web/run 755
  assert_mode db/servicedirs/web/run.user 755
  assert_mode db/servicedirs/web/notification-fd 644
  assert_mode db/servicedirs/s6rc-fdholder/data/rules/uid/0/env 755
  assert_mode db/servicedirs/s6rc-fdholder/data/rules/uid/0/env/S6_FDHOLDER_LIST 644
  assert_eq "$(find db -mindepth 1 -maxdepth 1 | sort | tr '\n' ' ')" 'db/db db/lock db/resolve.cdb db/servicedirs '
}

# Compiles into directory shared: as into any other.
compile_into_shared() {
  in_order web log api net one zero all both
  mkdir plain
  DB=$T/plain/db
  compile
  DB=$T/shared/db
  export DB
  compile
  assert_eq "$(listed shared/db)" "$(listed plain/db)"
}

test_set_group_id_directory() {
  mkdir shared
  chmod 2775 shared
  compile_into_shared
}

test_default_acl() {
  need setfacl
  mkdir shared
  setfacl -d -m u::rwx,u:1:rwx,g::rwx,o::rwx,m::rwx shared || skip 'no ACLs on this file system'
  compile_into_shared
}

# Whose files they are is copied too, if that can be.
test_owners() {
  need_root
  longrun a data/mine=x data/his=y
  chown 12345:54321 "$SRC/a/data/his" "$SRC/a/run"
  compile
  assert_eq "$(stat -c %u:%g db/servicedirs/a/data/his)" 12345:54321
  assert_eq "$(stat -c %u db/servicedirs/a/data/mine db/servicedirs/a/run db/servicedirs/a | sort -u)" 0
}

# An owner that does not exist here is no reason to fail.
test_owners_in_a_user_namespace() {
  need_root
  need unshare
  unshare -Ur true 2>/dev/null || skip 'no user namespaces here'
  longrun a data/his=y
  chown 12345:54321 "$SRC/a/data/his"
  assert_exit 0 unshare -Ur "$S6RC_BIN/s6-rc-compile" "$DB" "$SRC"
  assert_eq "$(stat -c %u db/servicedirs/a/data/his)" 0
}

# As an ordinary user, who cannot read everything.
ordinary() {
  if [ "$(id -u)" = 0 ]; then s6-setuidgid nobody "$@"; else "$@"; fi
}

test_unreadable() {
  if [ "$(id -u)" = 0 ]; then need_reach "$(id -u nobody)"; fi
  oneshot a
  oneshot b dependencies=a
  oneshot c
  longrun d data/x=y
  longrun e
  depends c a
  chmod 000 "$SRC/a" "$SRC/b/dependencies" "$SRC/c/dependencies.d" "$SRC/e/run"
  chmod 711 "$S6RC_SCRATCH" "$T"
  mkdir out
  chmod 777 out
  assert_exit 111 ordinary "$S6RC_BIN/s6-rc-compile" out/db src
  assert_eq "$STDERR" "s6-rc-compile: fatal: src/a: unable to open: Permission denied
s6-rc-compile: fatal: src/b/dependencies: unable to open: Permission denied
s6-rc-compile: fatal: src/c/dependencies.d: unable to read directory: Permission denied
s6-rc-compile: fatal: src/e/run: unable to open: Permission denied
s6-rc-compile: fatal: 4 errors in src: nothing written"
  chmod 755 "$SRC/c/dependencies.d"
  rm -rf "$SRC/b" "$SRC/c" "$SRC/e"
  chmod 755 "$SRC/a"
  # found when it is copied
  chmod 000 "$SRC/d/data/x"
  assert_exit 111 ordinary "$S6RC_BIN/s6-rc-compile" out/db src
  assert_contains "$STDERR" 's6-rc-compile: fatal: unable to copy src/d/data/./x: Permission denied'
  chmod 644 "$SRC/d/data/x"
  chmod 000 "$SRC"
  assert_exit 111 ordinary "$S6RC_BIN/s6-rc-compile" out/db src
  assert_contains "$STDERR" 's6-rc-compile: fatal: src: unable to read source directory: Permission denied'
  chmod 755 "$SRC"
  chmod 755 out
  if [ "$(id -u)" = 0 ]; then
    assert_exit 111 ordinary "$S6RC_BIN/s6-rc-compile" out/db src
    assert_contains "$STDERR" 's6-rc-compile: fatal: unable to create a directory beside out/db: Permission denied'
  fi
  assert_eq "$(ls -A out)" ''
}

# Many pipes need more descriptors than there usually are.
test_fdholder_limits() {
  i=0
  while [ $i -lt 200 ]; do
    i=$((i + 1))
    longrun "p$i" "producer-for=c$i"
    longrun "c$i" "consumer-for=p$i"
  done
  compile
  run=db/servicedirs/s6rc-fdholder/run
  grep -q 's6-softlimit -o "="$' $run || fail "$(cat $run)"
  grep -q 's6-fdholder-daemon -1 -n 1056 -i data/rules -- s$' $run || fail "$(cat $run)"
  assert_eq "$(wc -l <db/servicedirs/s6rc-fdholder/data/pipes)" 200
}

run_tests "$@"
