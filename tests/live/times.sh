#!/bin/sh
# ISC license.
# s6-rc-times: lists, chains, runs, charts. Times are whatever they are; what
# they say about each other is not.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/engine.sh"

tm() { "$S6RC_BIN/s6-rc-times" -l "$LIVE" "$@"; }
lines() { printf '%s\n' "$@"; }

# The names in the lines of blame (3 words before them), chain (5).
names_of_blame() { sed -E 's/^ *[0-9]+ ms +(up|down) +//'; }
names_of_chain() { sed -E 's/^ *[0-9]+ ms +[0-9]+ ms +(up|down) +//'; }

# a <- b <- c, which take their time, and c until all others are up; quick
# needs a, too
sample() {
  cat >others-are-up <<'END'
#!/bin/sh
until [ "$(s6-rc -l "$LIVE" -a list | grep -cx -e quick -e daemon)" = 2 ]; do sleep 0.05; done
END
  chmod 755 others-are-up
  oneshot a up='sleep 0.05'
  oneshot b up='sleep 0.2'
  oneshot c up="$T/others-are-up"
  oneshot quick
  longrun daemon
  depends b a
  depends c b
  depends quick a
  bundle all c quick daemon
}

test_blame() {
  sample
  start_live
  assert_output '' tm blame
  rc change all
  tm blame >got
  sed -E 's/^ *([0-9]+) .*/\1/' got >ms
  sort -rn ms | cmp - ms
  names_of_blame <got | sort >names
  assert_file names "$(lines a b c daemon quick s6rc-oneshot-runner)"
  [ "$(sed -n 's/^ *\([0-9]*\) ms.* b$/\1/p' got)" -ge 200 ] || fail 'faster than its sleep'
  assert_eq "$(tm blame b daemon | names_of_blame | sort)" "$(lines b daemon)"
  # the last transition only
  rc -d change c
  assert_eq "$(tm blame c | grep -c ' ms  down  *c$')" 1
  assert_eq "$(tm -r 1 blame | names_of_blame | sort)" "$(lines a b daemon quick s6rc-oneshot-runner)"
  assert_eq "$(tm --run=0 blame | names_of_blame)" c
}

# The numbers of a chain: each end is the one before and what was added.
check_sums() {
  awk '{ end = $1; added = $3; if (end < before || end - before - added > 1 || added - (end - before) > 1) { print; bad = 1 } before = end }
    END { exit bad }' "$1" || fail 'the links do not add up:' "$(cat "$1")"
}

test_chain() {
  sample
  start_live
  assert_output '' tm chain
  rc change all
  tm chain >got
  check_sums got
  assert_eq "$(names_of_chain <got)" "$(lines s6rc-oneshot-runner a b c)"
  tm chain quick >got
  check_sums got
  assert_eq "$(names_of_chain <got)" "$(lines s6rc-oneshot-runner a quick)"
  assert_eq "$(tm chain daemon | names_of_chain)" daemon
  # on the way down the other way round
  rc -d change a
  tm chain >got
  check_sums got
  assert_eq "$(names_of_chain <got)" "$(lines c b a)"
  assert_eq "$(grep -c ' down ' got)" 3
  assert_eq "$(tm -r1 chain | names_of_chain)" "$(tm -r1 chain daemon s6rc-oneshot-runner | names_of_chain)"
}

# A run that first stops and then starts: the start waits for the last stop.
test_chain_over_both_directions() {
  oneshot old down='sleep 0.1'
  oneshot new
  oneshot newer
  depends newer new
  start_live
  rc change old
  rc -p change newer
  tm chain >got
  check_sums got
  assert_eq "$(names_of_chain <got)" "$(lines old new newer)"
  assert_eq "$(sed -E 's/.* (up|down) .*/\1/' got)" "$(lines down up up)"
}

test_what_failed() {
  oneshot bad up='sh -c "exit 3"'
  oneshot next
  depends next bad
  start_live
  assert_exit 1 rc change next
  assert_eq "$(tm chain | names_of_chain)" "$(lines s6rc-oneshot-runner 'bad: failed to start: its script exited with code 3')"
  assert_eq "$(tm blame next)" ''
  assert_contains "$(tm runs)" '3 transitions, 2 of them not done'
}

test_runs() {
  sample
  start_live
  assert_output '' tm runs
  rc change all
  rc -d change c
  tm runs >got
  assert_eq "$(sed -E 's/^ *([0-9]+)  [0-9T:.Z-]+ +[0-9]+ ms +(.*)$/\1 \2/' got)" "$(lines '1 5 transitions' '2 1 transition')"
  assert_eq "$(tm runs c | wc -l)" 1
}

test_under_way() {
  oneshot slow up="$(held slow)"
  start_live
  rc change slow &
  pid=$!
  wait_for 10 grep -qx slow log
  assert_eq "$(tm blame slow | names_of_blame)" 'slow: starting'
  tm plot | grep -q 'class="oneshot underway chain"'
  release slow
  wait "$pid"
  assert_eq "$(tm blame slow | names_of_blame)" slow
}

# --- the chart

check_svg() { # FILE: well-formed, and a renderer makes something of it
  need xmllint rsvg-convert
  xmllint --noout "$1"
  rsvg-convert "$1" >"$1.png"
  height=$(sed -n 's/^<svg.* height="\([0-9]*\)".*/\1/p' "$1")
  # the picture has the size that the document says: bytes 16 to 24 of a PNG
  assert_eq "$(od -A n -t u1 -j 16 -N 8 "$1.png" | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }')" "1200 $height"
  # and shows other things than an empty page does
  sed -e '/^<g /,/<\/g>$/d' -e '/^<line/d' "$1" >empty.svg
  rsvg-convert empty.svg >empty.png
  [ "$(wc -c <"$1.png")" -gt "$(wc -c <empty.png)" ] || fail 'the rendered chart is empty'
}

xpath() { xmllint --xpath "$1" "$2"; }
svg='//*[local-name()="svg"]'
rows="$svg/*[local-name()=\"g\"]"

test_plot() {
  sample
  oneshot bad up=false
  oneshot blocked
  depends blocked bad
  start_live
  assert_exit 1 rc change all blocked
  tm plot >chart.svg
  check_svg chart.svg
  assert_eq "$(xpath "count($rows)" chart.svg)" 8
  # in order of their begin, not attempted last
  first=$(xpath "string(($rows)[1]/*[local-name()=\"text\"]/text()[1])" chart.svg)
  case $first in 's6rc-oneshot-runner ' | 'daemon ') ;; *) fail "first is $first" ;; esac
  assert_eq "$(xpath "string(($rows)[last()]/*[local-name()=\"text\"])" chart.svg)" 'blocked not started because of bad'
  assert_eq "$(xpath "count(($rows)[last()]/*[local-name()=\"rect\"])" chart.svg)" 1
  # tooltips say it all
  title=$(xpath "string($rows/*[local-name()=\"title\"][starts-with(., \"c (\")])" chart.svg)
  assert_contains "$title" 'c (oneshot): up after '
  assert_contains "$title" 'after: s6rc-oneshot-runner, b'
  title=$(xpath "string($rows/*[local-name()=\"title\"][starts-with(., \"bad (\")])" chart.svg)
  assert_contains "$title" 'bad (oneshot): failed to start: its script exited with code 1'
  # a line to each service that it waited for
  assert_eq "$(xpath "string(${rows}[starts-with(*[local-name()=\"title\"], \"c (\")]/*[local-name()=\"path\"]/@d)" chart.svg | tr -cd M)" MM
  assert_eq "$(xpath "count($rows/*[local-name()=\"rect\"][contains(@class, \"failed\")])" chart.svg)" 1
  assert_eq "$(xpath "count($rows/*[local-name()=\"text\"][contains(@class, \"critical\")])" chart.svg)" "$(tm chain | wc -l)"
  # nothing from elsewhere, no script
  sed 's/xmlns="[^"]*"//' chart.svg >own.svg
  assert_lacks "$(cat own.svg)" '://'
  assert_lacks "$(cat own.svg)" '<script'
  tm plot b quick >some.svg
  check_svg some.svg
  assert_eq "$(xpath "count($rows)" some.svg)" 2
}

# What has a colour in the light has one in the dark.
test_dark_and_light() {
  sample
  start_live
  rc change a
  tm plot | sed -n 's/^<style>\(.*\)<\/style>$/\1/p' >style
  sed -n 's/.*@media (prefers-color-scheme:dark){\(.*\)}$/\1/p' style >dark
  sed 's/@media.*//' style >light
  for file in light dark; do
    tr '}' '\n' <$file | sed -n 's/^\([^{]*\){\(fill\|stroke\):#.*/\1 \2/p' | sort >$file.colours
  done
  [ "$(wc -l <dark.colours)" -gt 8 ] || fail 'too few colours found'
  diff light.colours dark.colours
}

test_plot_of_nothing() {
  sample
  start_live
  tm plot >chart.svg
  need xmllint rsvg-convert
  xmllint --noout chart.svg
  rsvg-convert chart.svg >chart.png
  assert_contains "$(cat chart.svg)" '0 transitions in 0 ms'
}

test_plot_of_300() {
  i=0
  while [ $i -lt 300 ]; do
    i=$((i + 1))
    oneshot "n$i" up=
    depends "n$i" "n$((i * 7 / 8))"
    rm "$SRC/n$i/dependencies.d/n0" 2>/dev/null || :
    bundle all "n$i"
  done
  start_live
  rc change all
  tm plot >chart.svg
  check_svg chart.svg
  assert_eq "$(xpath "count($rows)" chart.svg)" 301
  # no text leaves the page to the right: of seven pixels a character
  xmllint --xpath "$rows/*[local-name()=\"text\"][not(@text-anchor)]/@x" chart.svg | tr -d ' x="' | sort -n | tail -n 1 >rightmost
  [ "$(cut -d. -f1 rightmost)" -lt 1150 ] || fail 'text is outside'
  assert_eq "$(tm chain | wc -l)" "$(grep -c '"label critical"' chart.svg)"
}

test_plot_odd_names() {
  utf8=$(printf '\303\251t\303\251')
  for name in '<b>&amp;"' "$utf8" "$(printf '\351\001')"; do oneshot "$name"; done
  bundle all '<b>&amp;"' "$utf8" "$(printf '\351\001')"
  start_live
  rc change all
  tm plot >chart.svg
  check_svg chart.svg
  xmllint --xpath "$rows/*[local-name()=\"text\"]/text()" chart.svg >got
  grep -Fq '&lt;b&gt;&amp;amp;"' got
  grep -Fq "$utf8" got
  grep -Fq '\xe9\x01' got
  # to a terminal
  assert_contains "$(tm blame)" "$(printf '\351')\\0001"
}

test_errors() {
  sample
  start_live
  assert_exit 100 tm
  assert_contains "$STDERR" 'a command is missing'
  assert_exit 100 tm blme
  assert_contains "$STDERR" 'unknown command: blme'
  assert_exit 100 tm help me
  assert_exit 100 tm -r x blame
  assert_exit 0 tm help
  assert_output "$STDOUT" s6-rc-times --help
  for command in blame chain plot runs; do
    assert_exit 3 tm $command nothing
    assert_exit 111 s6-rc-times -l "$T/nowhere" $command
    assert_contains "$STDERR" 'run s6-rc-init first'
  done
  rc change a
  assert_exit 111 to_full
  assert_contains "$STDERR" 'No space left on device'
  rm "$LIVE/records"
  assert_exit 111 tm blame
  assert_contains "$STDERR" "nothing is known of transitions: there is no $LIVE/records"
  : >"$LIVE/records"
  assert_exit 4 tm blame
}
to_full() { tm blame >/dev/full; }

run_tests "$@"
