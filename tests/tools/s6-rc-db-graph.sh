#!/bin/sh
# ISC license.
# s6-rc-db graph, tree and order.
. "$(dirname "$0")/../lib/test.sh"

# srv -> srv-log: a pipeline. both needs left and right, which need base.
sample() {
  longrun srv producer-for=srv-log
  longrun srv-log consumer-for=srv pipeline-name=srv-all
  oneshot base flag-essential=
  longrun left
  longrun right flag-recommended=
  oneshot both
  longrun idle
  depends left base
  depends right base
  depends both left right
  depends srv both
  bundle some both idle
  compile
}

lines() { printf '%s\n' "$@"; }

# --- order

test_order() {
  sample
  all=$(db order)
  assert_eq "$(lines "$all" | sort)" "$(db list services | sort)"
  assert_eq "$all" "$(db order)"
  assert_output "$(lines s6rc-oneshot-runner base left right both)" db order both
  assert_output "$(lines s6rc-oneshot-runner idle base left right both)" db -u order both some idle
  assert_output "$(lines left right both)" db -e order both
  assert_output "$(lines srv both left right base)" db -d order base
  assert_output "$(lines srv both left right)" db -de order base
}

# Each after what it needs, whatever the direction: asked of the tool itself.
test_order_holds_for_every_service() {
  sample
  for dir in -u -d; do
    db $dir order >order
    : >before
    while read -r name; do
      db $dir dependencies "$name" | sort | comm -23 - before >missing
      assert_eq "$(cat missing)" '' "$dir: not before $name"
      { cat before; echo "$name"; } | sort >after
      mv after before
    done <order
    assert_eq "$(wc -l <before)" 9
  done
}

# --- tree

test_tree() {
  sample
  assert_output 'srv
  s6rc-fdholder
  srv-log
    s6rc-fdholder (above)
  both
    s6rc-oneshot-runner
    left
      base
        s6rc-oneshot-runner (above)
    right
      base (above)' db tree srv
  assert_output 'some
  idle
  both
    left
    right
srv
  srv-log
  both (above)' db -e tree some srv
  assert_output 'base
  left
    both
      srv
  right
    both (above)' db -d tree base
  assert_output '' db -e tree base
}

# All of it: from what nothing depends on, every service in full once.
test_tree_of_everything() {
  sample
  assert_output 'idle
srv
  srv-log
  both
    left
    right' db -e tree
  db tree >tree
  grep -v '(above)$' tree | sed 's/^ *//' | sort >shown
  db list services | sort | cmp - shown
  db -d tree | grep -v '(above)$' | sed 's/^ *//' | sort | cmp - shown
}

# What is left out does not take others with it.
test_tree_below_what_is_left_out() {
  longrun top
  longrun hidden flag-essential=
  longrun below
  depends top hidden
  depends hidden below
  compile
  assert_output "$(lines top below)" db -e tree top
  assert_output "$(lines below top)" db -e tree
}

# --- graph

# The graph read by graphviz: a line for each node or edge, with what -Tplain
# says of it.
node_names() { dot -Tplain <"$1" | sed -n 's/^node [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* \(.*\) filled .*/\1/p' | sort; }
edges() { # FILE: as names
  dot -Tplain <"$1" | awk '$1 == "node" { name[$2] = $7 } $1 == "edge" { print $2, $3 }
    END { for (id in name) print id, "=", name[id] }' | sort |
    awk '$2 == "=" { name[$1] = $3; next } { edge[++n] = $0 }
      END { for (i = 1; i <= n; i++) { split(edge[i], e, " "); print name[e[1]], name[e[2]] } }' | tr -d '"' | sort
}

test_graph() {
  need dot
  sample
  db graph >all.dot
  edges all.dot >got
  db list services | while read -r name; do
    db dependencies "$name" | sed "s/^/$name /"
  done >wanted
  for bundle in some srv-all; do db contents $bundle | sed "s/^/$bundle /"; done >>wanted
  sort wanted | cmp - got
  db -e graph both >some.dot
  edges some.dot >got
  assert_file got "$(lines 'both left' 'both right')"
  db -d graph base >down.dot
  edges down.dot >got
  assert_file got "$(lines 'base left' 'base right' 'both srv' 'left both' 'right both')"
  db -e graph some some both >some.dot
  edges some.dot >got
  assert_file got "$(lines 'both left' 'both right' 'some both' 'some idle')"
}

test_graph_marks() {
  sample
  db graph >all.dot
  grep -q '^s[0-9]* \[label="base", shape=ellipse, peripheries=2, tooltip="oneshot, essential"\];$' all.dot
  grep -q '^s[0-9]* \[label="left", tooltip="longrun"\];$' all.dot
  grep -q '^s[0-9]* \[label="right", tooltip="longrun, recommended"\];$' all.dot
  grep -q '^b0 \[label="some", shape=folder, tooltip="bundle"\];$' all.dot
  assert_eq "$(grep -c 'style=bold' all.dot)" 1
  assert_eq "$(grep -c '^subgraph cluster_' all.dot)" 1
  assert_lacks "$(cat all.dot)" fillcolor=\"
}

# The members of each pipeline, by their labels.
test_graph_pipelines() {
  need dot
  for name in a1 a2 b1; do longrun $name; done
  longrun a1 producer-for=a
  longrun a2 producer-for=a
  longrun a consumer-for='a2
a1' producer-for=last
  longrun last consumer-for=a
  longrun b1 producer-for=b
  longrun b consumer-for=b1
  longrun alone
  compile
  members() {
    dot -Tcanon | awk '/subgraph cluster/ { on = 1 } /}/ && on { print line; line = ""; on = 0 }
      on && match($0, /label=[^,\]]*/) { word = substr($0, RSTART + 6, RLENGTH - 6); if (word !~ /pipeline/) line = line " " word }' |
      tr -d ';' | while read -r words; do echo "$words" | tr ' ' '\n' | sort | paste -sd ' ' -; done | sort
  }
  assert_eq "$(db graph | members)" "$(lines 'a a1 a2 last' 'b b1')"
  assert_eq "$(db graph a1 | members)" 'a a1 last'
  assert_eq "$(db -d graph a | members)" 'a a1 a2'
}

# Any byte in a name, seen again in what a browser would show.
test_graph_odd_names() {
  need dot xmllint
  utf8=$(printf '\303\251t\303\251')
  latin=$(printf '\351t\351')
  control=$(printf 'a\tb\033c')
  overlong=$(printf '\300\257-\355\240\200')
  for name in ' leading' '#hash' 'a b' "quote'\"" 'back\slash' 'last\' '\"' '\N\n' 'a&amp;b' '<b>' "$utf8" "$latin" \
    "$control" "$overlong" 'node' '-dash' '[x]{y}|z' "\$x"; do
    oneshot "$name"
  done
  bundle 'the "bundle"\' ' leading' "$utf8"
  compile
  assert_exit 0 db graph
  printf '%s\n' "$STDOUT" >all.dot
  # graphviz warns on stderr
  assert_eq "$(dot -Tsvg <all.dot 2>&1 >all.svg)" ''
  xmllint --noout all.svg
  xmllint --xpath '//*[local-name()="text"]/text()' all.svg | sed 's/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g; s/\xc2\xa0/ /g' | sort >got
  {
    lines ' leading' '#hash' 'a b' "quote'\"" 'back\slash' 'last\' '\"' '\N\n' 'a&amp;b' '<b>' "$utf8" \
      '\xe9t\xe9' 'a\x09b\x1bc' '\xc0\xaf-\xed\xa0\x80' node '-dash' '[x]{y}|z' "\$x" \
      'the "bundle"\' s6rc-oneshot-runner s6rc-fdholder
  } | sort >wanted
  diff wanted got
}

test_graph_live_state() {
  sample
  rm -r "$DB"
  start_live
  rc change both
  s6-rc-db -l "$LIVE" graph >live.dot
  for name in s6rc-oneshot-runner base left right; do
    grep -q "label=\"$name\".*, fillcolor=\"#b5e2b0\".*, up\"\];\$" live.dot || fail "$name is not up"
  done
  grep -q 'label="both".*, fillcolor="#7cc576".*, up, wanted"\];$' live.dot
  for name in idle srv srv-log s6rc-fdholder; do
    grep -q "label=\"$name\".*, fillcolor=\"#e4e4e4\".*, down\"\];\$" live.dot || fail "$name is not down"
  done
  # of a database nothing is known
  db graph >db.dot
  sed -e 's/, fillcolor="[^"]*"//' -e 's/, \(up\|up, wanted\|down\)"/"/' -e '/^\/\/ #/d' live.dot | cmp - db.dot
  # a state that does not belong to the database
  echo >>"$LIVE/state"
  assert_exit 4 s6-rc-db -l "$LIVE" graph
  assert_contains "$STDERR" "the state file of live directory $LIVE does not match its database"
  assert_exit 0 s6-rc-db -l "$LIVE" tree
}

# --- all three

test_errors() {
  sample
  for command in graph tree order; do
    assert_exit 3 db $command srv-lag
    assert_eq "$STDOUT" ''
    assert_contains "$STDERR" 'did you mean srv-log?'
    assert_exit 111 s6-rc-db -c "$T/nowhere" $command
    assert_exit 111 s6-rc-db -l "$T/nowhere" $command
    assert_contains "$STDERR" "no live state in $T/nowhere: run s6-rc-init first"
    assert_exit 111 to_full $command
    assert_contains "$STDERR" 'No space left on device'
  done
}
to_full() { db "$1" >/dev/full; }

test_damage() {
  sample
  cp -R "$DB" good
  size=$(wc -c <"$DB/db")
  for offset in 160 300 500; do
    cp good/db "$DB/db"
    printf '\377' | dd of="$DB/db" bs=1 seek=$offset conv=notrunc 2>/dev/null
    for command in graph tree order; do assert_exit 4 db $command; done
  done
}

run_tests "$@"
