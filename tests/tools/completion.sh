#!/bin/sh
# ISC license.
# Completion: what the tools say may come, and what shells make of it.
. "$(dirname "$0")/../lib/test.sh"

lines() { printf '%s\n' "$@"; }
TAB=$(printf '\t')

sample() {
  longrun web
  longrun web-log
  oneshot mount
  bundle default web
  compile
}

# --- what the tools say

# TOOL WORD...: the completions of the last word, without help
completions() {
  _tool=$1
  shift
  "$S6RC_BIN/$_tool" --complete "$@" | sed "s/^[^$TAB]*$TAB//"
}
assert_completions() { # TEXT TOOL WORD...
  _text=$1
  shift
  assert_eq "$(completions "$@")" "$_text" "completions: $*"
}

test_commands_and_options() {
  # all of the help text's, with what it says of them
  for tool in s6-rc s6-rc-db s6-rc-bundle; do
    "$tool" --help | awk '/^commands:/ { on = 1; next } on && /^  [a-z]/ { print $1 }' >wanted
    completions $tool '' | diff wanted -
  done
  for path in "$S6RC_BIN"/* "$S6RC_LIBEXEC"/*; do
    "$path" --help | awk '/^options:/ { on = 1; next } /^$/ { on = 0 }
      on && /^  -/ { n = split($1 " " $2, w, /,? /); for (i = 1; i <= n; i++) if (w[i] ~ /^-/ && !seen[w[i]]++) print w[i] }' >wanted
    "$path" --complete - | sed "s/^[^$TAB]*$TAB//" | diff wanted -
  done
  assert_contains "$(s6-rc --complete -)" "down; essential services stay up${TAB}--down"
  assert_contains "$(s6-rc --complete '')" "print where s6 and the live state differ; exit 1 if they do${TAB}diff"
}

test_names() {
  sample
  all=$(lines s6rc-oneshot-runner s6rc-fdholder web web-log mount default)
  assert_completions "$all" s6-rc-db -c "$DB" dependencies ''
  assert_completions "$all" s6-rc-db -c "$DB" dependencies web ''
  assert_completions "$all" s6-rc-db "-dbec$DB" tree we
  assert_completions "$all" s6-rc-db -u --compiled "$DB" -- graph x ''
  assert_completions default s6-rc-db --compiled="$DB" contents ''
  assert_completions mount s6-rc-db -c "$DB" script ''
  assert_completions "$(lines s6rc-oneshot-runner s6rc-fdholder web web-log)" s6-rc-db -c "$DB" pipeline ''
  assert_completions default s6-rc-bundle -c "$DB" delete ''
  assert_completions "$all" s6-rc-bundle -fc "$DB" add new ''
  assert_eq "$(s6-rc-db --complete -c "$DB" type '' | tail -n 2)" "$(lines "oneshot${TAB}mount" "bundle${TAB}default")"
  # one operand is enough for these, and those have none
  assert_completions '' s6-rc-db -c "$DB" type web ''
  assert_completions '' s6-rc-db -c "$DB" check ''
  assert_completions '' s6-rc-db -c "$DB" chuck ''
  assert_completions "$(lines all services oneshots longruns bundles)" s6-rc-db -c "$DB" list ''
}

test_names_of_live_directories() {
  sample
  rm -r "$DB"
  start_live
  rc change mount
  s6-rc --complete -l "$LIVE" stop '' >got
  assert_file got "$(lines "longrun, up${TAB}s6rc-oneshot-runner" "longrun, down${TAB}s6rc-fdholder" \
    "longrun, down${TAB}web" "longrun, down${TAB}web-log" "oneshot, up${TAB}mount" "bundle${TAB}default")"
  s6-rc --complete "--livedir=$LIVE" stop '' | cmp got -
  s6-rc --complete -v2 "-abl$LIVE" change x '' | cmp got -
  s6-rc-db --complete -l "$LIVE" type '' | cmp got -
  # the database decides if both are given, as for the tool itself
  assert_eq "$(s6-rc-db --complete -c "$DB" -l "$LIVE" type '' | head -n 1)" "longrun${TAB}s6rc-oneshot-runner"
  # without a state there are names
  rm "$LIVE/state"
  assert_completions "$(db list all)" s6-rc -l "$LIVE" start ''
}

test_arguments() {
  assert_completions directories s6-rc -l ''
  assert_completions directories s6-rc -l x
  assert_completions "$(lines 'skip 2' directories)" s6-rc -lx
  assert_completions "$(lines 'skip 3' directories)" s6-rc -alx
  assert_completions "$(lines 'skip 10' directories)" s6-rc --livedir=
  assert_completions directories s6-rc --livedir ''
  assert_completions '' s6-rc -t ''
  assert_completions "skip 10" s6-rc --timeout=
  assert_completions files s6-rc-update -f ''
  assert_completions users s6-rc-compile -h ''
  assert_completions directories s6-rc-compile -b ''
  assert_completions directories s6-rc-compile compiled source ''
  assert_completions directories s6-rc-init -c boot ''
  assert_completions '' s6-rc-init scan ''
  assert_completions directories s6-rc-update -- ''
  assert_completions directories s6-rc-lint -o ''
  lint_checks=$(s6-rc-lint --help | awk '/^checks:/ { on = 1; next } on && /^  [a-z]/ { print $1 }')
  assert_contains "$lint_checks" crlf
  assert_completions "$lint_checks" s6-rc-lint -x ''
  assert_completions "$(lines 'skip 5' "$lint_checks")" s6-rc-lint -x crlf,
  assert_completions "$(lines 'skip 14' "$lint_checks")" s6-rc-lint --except=crlf,ru
  assert_completions commands s6-rc-dryrun -t 1 ''
}

# Whatever is there: nothing is said, and nothing is waited for.
test_nothing_to_complete() {
  for word in '' -c x; do
    assert_output '' s6-rc-db --complete -c "$T/nowhere" type "$word"
    assert_eq "$STDERR" ''
    assert_output '' s6-rc --complete -l "$T/nowhere" start "$word"
    assert_eq "$STDERR" ''
  done
  assert_exit 0 s6-rc --complete

  sample
  for offset in 160 300; do printf '\377' | dd of="$DB/db" bs=1 seek=$offset conv=notrunc 2>/dev/null; done
  : >"$DB/resolve.cdb"
  assert_output '' s6-rc-db --complete -c "$DB" type ''
  assert_eq "$STDERR" ''
}

test_sets() {
  sample
  s6-rc-repo-init -r "$T/repo" "$SRC"
  s6-rc-set-new -r "$T/repo" one two
  assert_eq "$(completions s6-rc-set-delete -r "$T/repo" '' | sort)" "$(lines one two)"
  assert_eq "$(completions s6-rc-set-copy "--repodir=$T/repo" '' | sort)" "$(lines one two)"
  assert_completions '' s6-rc-set-copy -r "$T/repo" one ''
  assert_completions directories s6-rc-repo-init -r ''
  assert_completions directories s6-rc-repo-init ''
}

# A placeholder that nobody has told the completion about: cli/cli_complete.c
test_all_placeholders_are_known() {
  for path in "$S6RC_BIN"/* "$S6RC_LIBEXEC"/*; do
    name=${path##*/}
    {
      "$path" --help | sed -n 's/^  -\(.\), --[a-z-]* [A-Z].*/\1/p' | while read -r letter; do "$path" --complete "-$letter" ''; done
      { echo --; "$path" --help | awk '/^commands:/ { on = 1; next } on && /^  [a-z]/ { print $1 }'; } | while read -r command; do
        for more in '' 1 '1 2' '1 2 3'; do
          # shellcheck disable=SC2086
          "$path" --complete -l "$T" "$command" $more ''
        done
      done
    } | grep '^unknown' | sort -u >unknown || :
    assert_eq "$(cat unknown)" '' "$name --complete"
  done
}

# --- what the shells make of it

# Names that need quoting, each with a start that only it has.
odd_names() {
  utf8=$(printf '\303\251t\303\251')
  lines 'a b c' "b'quote" 'c"double' 'd\back' "e\$HOME" 'f`tick`' 'g;semi' 'h*glob?' 'i(paren)' 'j&amp' 'k:colon:s' 'l=equal=s' \
    'm{brace,x}' '~tilde' '#hash' "n$utf8" 'o<in>' 'w|bar' 'q!bang' 'r[x]y' 'v@t,u%v^w+' ' leading'
}
odd_sample() {
  odd_names | while IFS= read -r name; do oneshot "$name"; done
  oneshot plain
  oneshot plain-and-longer
  compile
}

# as they are installed: a file by the name of each tool, but for zsh
SHARE=${S6RC_BIN%/*}/share
BASH_FILE=$SHARE/bash-completion/completions/s6-rc-db
ZSH_DIR=$SHARE/zsh/site-functions
FISH_DIR=$SHARE/fish/vendor_completions.d
in_bash() { # LINE...: the completions of each line, which ends where the cursor is; whole lines as bash would have them
  cat >ask.bash <<'END'
. "$BASH_FILE"
complete -p s6-rc s6-rc-db s6-rc-init s6-rc-compile s6-rc-update s6-rc-bundle s6-rc-format-upgrade >/dev/null || exit
for COMP_LINE; do
  COMP_POINT=${#COMP_LINE} COMP_WORDS=($COMP_LINE) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _s6_rc
  printf '%s\n' "${COMPREPLY[@]}"
done
END
  BASH_FILE=$BASH_FILE bash --norc ask.bash "$@"
}

test_bash() {
  need bash
  bash -n "$BASH_FILE"
  # without the tools in PATH the file's name is what it is for
  assert_eq "$(PATH=/nowhere "$(command -v bash)" --norc -c ". '$BASH_FILE'; complete -p")" \
    "complete -F _s6_rc s6-rc-db"
  odd_sample
  assert_output "$(lines graph)" in_bash 's6-rc-db gr'
  assert_output "$(lines --compiled)" in_bash 's6-rc-db -d --comp'
  assert_output "$(lines plain plain-and-longer)" in_bash "s6-rc-db -c $DB type pl"
  assert_output "$(lines plain plain-and-longer)" in_bash "s6-rc-db -c '$DB' type \"pl"
  assert_output "$(lines plain-and-longer)" in_bash "s6-rc-db --compiled=$DB type 'plain-"
  DB=$DB assert_output "$(lines plain-and-longer)" in_bash "s6-rc-db -c \$DB type plain-"
  DB=$DB assert_output "$(lines plain-and-longer)" in_bash "s6-rc-db -c \"\${DB}\" type plain-"
  HOME=$T assert_output "$(lines plain-and-longer)" in_bash "s6-rc-db -c ~/db type plain-"
  mkdir 'a dir' 'a dir/sub'
  assert_output 'a\ dir/' in_bash "s6-rc -l a"
  assert_output 'a dir/sub/' in_bash "s6-rc -l 'a dir/s"
  assert_output 'a\ dir/sub/' in_bash "s6-rc --livedir=a\\ dir/s"
  assert_output '-la\ dir/sub/' in_bash "s6-rc -la\\ dir/s"
  # shellcheck disable=SC2088
  HOME=$T assert_output '~/a\ dir/' in_bash "s6-rc -l ~/a"
  assert_contains "$(in_bash 's6-rc-compile -h roo')" root
  assert_contains "$(in_bash 's6-rc-dryrun -t 1 print')" printf
  assert_output crlf in_bash 's6-rc-lint -x c'
  assert_output 'run,crlf' in_bash 's6-rc-lint -x run,c'
  assert_output '-xrun,crlf' in_bash 's6-rc-lint -xrun,c'
  assert_output ask.bash in_bash 's6-rc-update -f ask.'
  assert_output './ask.bash' in_bash 's6-rc-update --conversion-file=./ask.'
  # nothing that is typed is executed
  assert_output '' in_bash "s6-rc-db -c \$(touch x) type \`touch x\`"
  assert_absent x
}

# --- shells at a terminal: typed are lines, each with a tab at its end, and
# what comes of them runs, its output appended to the file got. The terminal is one that zsh has made.

need_terminal() {
  zsh -fc 'zmodload zsh/zpty && zpty shell true' 2>/dev/null || skip 'no pseudo-terminals here'
}

typed() { # FILE-OF-LINES SHELL WORD...
  cat >typed.zsh <<'END'
zmodload zsh/zpty
lines=("${(@f)$(<$1)}")
shift
zpty shell "${(@q)@}" || exit 1
for line in "${(@)lines}"; do
  # the echo of what is typed has the quotes
  zpty -w -n shell $line$'\t >>got; echo DO""NE\n'
  zpty -r shell output '*DONE*'
  print -r -- $output
done
zpty -w -n shell $'exit\n'
zpty -r shell output '*THERE IS NO SUCH OUTPUT*' || :
print -r -- $output
END
  rm -f got
  TERM=dumb LC_ALL=C.UTF-8 HOME=$T XDG_RUNTIME_DIR=$T TMPDIR=$T timeout 300 zsh -f typed.zsh "$@" >typed.log 2>&1 || fail "typing ended with $?:" "$(cat -v typed.log)"
}

bash_at_terminal() { # FILE-OF-LINES
  echo ". '$BASH_FILE'; set +H" >bashrc
  typed "$1" bash --noprofile --rcfile bashrc -i
}
zsh_at_terminal() {
  mkdir -p zdotdir
  printf 'fpath=(%s $fpath)\nautoload -U compinit\ncompinit -D -u\nunsetopt banghist\n' "$ZSH_DIR" >zdotdir/.zshrc
  ZDOTDIR=$T/zdotdir typed "$1" zsh -d -i
}
fish_at_terminal() {
  in_fish
  XDG_CONFIG_HOME=$T/fish typed "$1" fish --private -i
}
in_fish() {
  # with the second of these it does not begin its life by reading all manual pages
  mkdir -p fish/fish/completions .local/share/fish/generated_completions
  for tool in s6-rc s6-rc-db s6-rc-lint s6-rc-update; do ln -sf "$FISH_DIR/$tool.fish" fish/fish/completions/; done
}

# Each odd name: begun with a character that only it has, without quotes where
# that works, in single and in double quotes.
odd_lines() { # [ UNQUOTED-TOO ]
  odd_names | while IFS= read -r name; do
    rest=${name#?}
    first=${name%"$rest"}
    case $first in [a-z]) lines "s6-rc-db -c db -- atomics $first" ;; *) lines "s6-rc-db -c db -- atomics '$first" ;; esac
    lines "s6-rc-db -c db -- atomics '$first"
    lines "s6-rc-db -c db -- atomics \"$first"
  done
}

check_odd_names() { # SHELL
  need zsh "$1"
  need_terminal
  odd_sample
  odd_lines >typed.lines
  "$1_at_terminal" typed.lines
  odd_names | awk '{ print; print; print }' >wanted
  diff wanted got || fail "$1:" "$(cat -v typed.log)"
}

test_bash_at_terminal() { check_odd_names bash; }
test_zsh_at_terminal() { check_odd_names zsh; }
test_fish_at_terminal() { check_odd_names fish; }

# The rest, in each shell the same.
check_rest() { # SHELL
  need zsh "$1"
  need_terminal
  odd_sample
  mkdir -p 'a dir/sub'
  mv "$DB" 'a dir/sub/db'
  lines "s6-rc-db -c a\\ dir/sub/db atomics plain-" \
    "s6-rc-db --compiled='a dir/sub/db' atomics plain-" \
    "s6-rc-db -c ~/a\\ dir/sub/db atomics plain-" \
    "s6-rc-db -c \$HOME/'a dir/sub/db' atomics plain-" \
    "s6-rc-db -uc \"\$HOME/a dir/sub/db\" -- atomics \"plain-" \
    "s6-rc-db -c a${TAB}sub/d${TAB} atomics plain-" \
    "s6-rc-db --compiled=a${TAB}sub/d${TAB} atomics plain-" \
    "s6-rc-db -da${TAB}; s6-rc-db -ca${TAB}sub/d${TAB} atomics plain-" \
    "s6-rc-db --compil${TAB}a${TAB}sub/d${TAB} all-dep${TAB}plain-" \
    >typed.lines
  "$1_at_terminal" typed.lines
  for i in 1 2 3 4 5 6 7 8; do echo plain-and-longer; done >wanted
  echo s6rc-oneshot-runner >>wanted
  echo plain-and-longer >>wanted
  diff wanted got || fail "$1:" "$(cat -v typed.log)"
}
test_bash_rest() { check_rest bash; }
test_zsh_rest() { check_rest zsh; }
test_fish_rest() { check_rest fish; }

# What fish itself says, with what it shows beside.
test_fish() {
  need fish
  fish -n "$FISH_DIR/s6-rc.fish"
  odd_sample
  in_fish
  ask() { HOME=$T XDG_RUNTIME_DIR=$T XDG_CONFIG_HOME=$T/fish fish --private -c 'complete -C $argv[1]' "$1"; }
  assert_output "plain${TAB}oneshot
plain-and-longer${TAB}oneshot" ask 's6-rc-db -c db type pl'
  assert_output "e\$HOME${TAB}oneshot" ask 's6-rc-db -c db type e'
  assert_output "graph${TAB}print what they depend on as a graph for graphviz's dot" ask 's6-rc-db gr'
  assert_output "--all-down${TAB}down, essential services too; in lists: -d -e" ask 's6-rc -v2 --all'
  assert_contains "$(ask 's6-rc-update --conversion-file=fish/fish/completions/s6-rc.')" '--conversion-file=fish/fish/completions/s6-rc.fish'
  assert_contains "$(ask 's6-rc -l fi')" 'fish/'
  assert_contains "$(ask 's6-rc-update ')" 'fish/'
  assert_output "--except=run,crlf${TAB}CRLF line ends" ask 's6-rc-lint --except=run,cr'
  assert_output '' ask 's6-rc-db -c (touch x) type '
  assert_absent x
}

test_zsh_can_read_it() {
  need zsh
  zsh -n "$ZSH_DIR/_s6-rc"
}

run_tests "$@"
