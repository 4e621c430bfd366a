#!/bin/sh
# ISC license.
# A repository, and a boot link, where everybody may write.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/sets.sh"
. "$S6RC_TOP/tests/lib/strangers.sh"

begin() {
  need_stranger
  hostile_parent 1777
  stores
  make_canary
}

repo_tool() { # repo-NAME|set-NAME ARGUMENT...
  _tool=$1
  shift
  watched "$S6RC_BIN/s6-rc-$_tool" -r "$P/repo" "$@"
}
install_set() { repo_tool set-install --no-update -c "$P/boot" -l "$LIVE" "$@"; }

UNTRUSTED='belongs to somebody else, in a directory that everybody may write to'

# A link to what is root's, and a repository that is somebody else's.
test_repository() {
  begin
  as_stranger ln -s "$T/canary/dir" "$P/repo"
  assert_exit 111 repo_tool repo-init "$T/one"
  assert_contains "$STDERR" "$P/repo, which $UNTRUSTED"
  rm "$P/repo"
  as_stranger mkdir "$P/repo"
  planted
  for words in "repo-init $T/one" repo-list repo-sync 'set-new s' 'set-commit s'; do
    # shellcheck disable=SC2086
    assert_exit 111 repo_tool $words
    assert_contains "$STDERR" "$P/repo, which $UNTRUSTED"
  done
  assert_planted
  assert_canary
}

test_boot_link() {
  begin
  repo_tool repo-init "$T/one"
  repo_tool set-new s
  repo_tool set-commit s
  # somebody's link in the place of ours: what it leads to is not an old database of ours
  compile
  mkdir canary/old
  cp -r "$DB/." canary/old
  canary_before=$(look_at_canary)
  as_stranger ln -s "$T/canary/old" "$P/boot"
  assert_exit 111 install_set s
  assert_contains "$STDERR" "$P/boot, which $UNTRUSTED"
  assert_canary
  rm "$P/boot"
  # the name that the link has before it is in its place
  for target in "$T/canary/dir" "$T/canary/file" "$T/nowhere"; do
    as_stranger ln -s "$target" "$P/boot:s6-rc-set-install"
    install_set s
    "$S6RC_BIN/s6-rc-db" -c "$P/boot" check
    repo_tool set-commit -f s
  done
  assert_eq "$(find "$P" ! -user 0)" '' 'what is not root'\''s'
  assert_canary
}

# In a repository of our own nobody else can put anything.
test_all_of_it() {
  begin
  plant_links repo repo:s6-rc-compile boot s
  planted
  repo_tool repo-init "$T/one" "$T/two"
  repo_tool set-new s
  repo_tool set-change -p s active web
  repo_tool set-commit s
  install_set s
  repo_tool repo-sync
  repo_tool set-copy s t
  repo_tool set-delete s
  assert_eq "$(find "$P/repo" ! -user 0)" '' 'what is not root'\''s'
  assert_eq "$(find "$P/repo" -perm /022 ! -type l)" '' 'what others may write to'
  assert_planted
  assert_canary
}

run_tests "$@"
