#!/bin/sh
# ISC license.
# s6-rc-compile with many services, under the usual stack.
. "$(dirname "$0")/../lib/test.sh"
. "$S6RC_TOP/tests/lib/scale.sh"

MANY=20000

# Definition directories n1 to nMANY, made by a few processes.
directories() {
  in_memory
  mkdir -p "$SRC"
  seq -f "$SRC/n%.0f" $MANY | xargs mkdir
}

small_stack() {
  # shellcheck disable=SC3045 # every shell that is supported has it
  ulimit -s 8192
  compile
}

test_services() {
  directories
  i=0
  while [ $i -lt $MANY ]; do
    i=$((i + 1))
    dir=$SRC/n$i
    case $((i % 4)) in
      0)
        echo longrun >"$dir/type"
        echo "$RUN" >"$dir/run"
        echo "n$((i - 1))" >"$dir/dependencies"
        ;;
      1)
        echo longrun >"$dir/type"
        echo "$RUN" >"$dir/run"
        echo "n$((i + 1))" >"$dir/producer-for"
        ;;
      2)
        echo longrun >"$dir/type"
        echo "$RUN" >"$dir/run"
        echo "n$((i - 1))" >"$dir/consumer-for"
        echo "pipe$i" >"$dir/pipeline-name"
        ;;
      3)
        echo oneshot >"$dir/type"
        echo true >"$dir/up"
        echo "pipe$((i - 1))" >"$dir/dependencies"
        ;;
    esac
  done
  small_stack
  assert_exit 0 db check
  assert_eq "$(db list services | wc -l)" $((MANY + 2))
  assert_eq "$(db list bundles | wc -l)" $((MANY / 4))
  assert_output "$(printf '%s\n' s6rc-oneshot-runner n17 n18)" db dependencies n19
  assert_output n17/n18 db pipeline n18
  assert_eq "$(find "$DB/servicedirs" -name run | wc -l)" $((MANY * 3 / 4 + 2))
}

# Each depends on the next; the last one's closure is all of them.
test_chain_and_bundle() {
  directories
  i=0
  while [ $i -lt $MANY ]; do
    i=$((i + 1))
    echo oneshot >"$SRC/n$i/type"
    echo true >"$SRC/n$i/up"
    echo "n$((i + 1))" >"$SRC/n$i/dependencies"
  done
  rm "$SRC/n$MANY/dependencies"
  seq -f 'n%.0f' $MANY >names
  mkdir -p "$SRC/everything" "$SRC/again" "$SRC/needs"
  echo bundle >"$SRC/everything/type"
  mv names "$SRC/everything/contents"
  echo bundle >"$SRC/again/type"
  echo everything >"$SRC/again/contents"
  echo oneshot >"$SRC/needs/type"
  echo true >"$SRC/needs/up"
  echo again >"$SRC/needs/dependencies"
  small_stack
  assert_exit 0 db check
  assert_eq "$(db contents everything | wc -l)" $MANY
  assert_eq "$(db contents again | wc -l)" $MANY
  assert_eq "$(db all-dependencies n1 | wc -l)" $((MANY + 1))
  assert_eq "$(db dependencies needs | wc -l)" $((MANY + 1))
}

# The cycle is said as a whole, and a wrong name does not cost a search each.
test_errors() {
  directories
  i=0
  while [ $i -lt $MANY ]; do
    i=$((i + 1))
    echo oneshot >"$SRC/n$i/type"
    echo true >"$SRC/n$i/up"
    printf 'n%d\nwrong-%d\n' $((i % MANY + 1)) $i >"$SRC/n$i/dependencies"
  done
  assert_exit 1 small_stack
  printf '%s\n' "$STDERR" >err
  assert_eq "$(grep -c 'dependency cycle: n1 -> n2 -> n3 -> .* -> n1$' err)" 1
  assert_eq "$(grep 'dependency cycle' err | sed 's/ -> /\n/g' | wc -l)" $((MANY + 1))
  assert_eq "$(grep -c 'is not defined' err)" $MANY
  assert_eq "$(tail -n 1 err)" "s6-rc-compile: fatal: $((MANY + 1)) errors in $SRC: nothing written"
}

# s6-rc-lint costs as much as what it reads and finds.
test_lint() {
  directories
  i=0
  while [ $i -lt $MANY ]; do
    i=$((i + 1))
    echo oneshot >"$SRC/n$i/type"
    printf '#!/bin/sh\n/nowhere/to/be/found\n' >"$SRC/n$i/up"
    echo "n$((i + 1))" >"$SRC/n$i/dependencies"
    : >"$SRC/n$i/timout-up"
  done
  rm "$SRC/n$MANY/dependencies"
  (seq -f "$SRC/n%.0f/optional-dependencies.d" $MANY | xargs mkdir)
  (seq -f "$SRC/n%.0f/optional-dependencies.d/other" $MANY | xargs touch)
  # shellcheck disable=SC3045 # every shell that is supported has it
  small_lint() { ulimit -s 8192; s6-rc-lint -o "$SRC"; }
  assert_exit 1 small_lint
  printf '%s\n' "$STDOUT" >out
  for check in names interpreter executable; do
    assert_eq "$(grep -c "\[$check\]\$" out)" $MANY
  done
  assert_eq "$(grep '\[orphans\]$' out)" \
    "$SRC/n1: warning: in no bundle, and no service depends on it: it is started by name only [orphans]"
  assert_eq "$STDERR" "s6-rc-lint: info: 0 errors, $((3 * MANY + 1)) warnings"
}

# Bundles in bundles in bundles, the first one said last.
test_nested_bundles() {
  directories
  i=0
  while [ $i -lt $MANY ]; do
    i=$((i + 1))
    echo bundle >"$SRC/n$i/type"
    echo "n$((i + 1))" >"$SRC/n$i/contents"
  done
  oneshot bottom
  echo bottom >"$SRC/n$MANY/contents"
  small_stack
  assert_output bottom db contents n1
  echo n1 >"$SRC/n$MANY/contents"
  rm -rf "$DB"
  assert_exit 1 small_stack
  assert_contains "$STDERR" 'bundles contain each other in a cycle: n1 -> n2 -> n3 -> '
}

# A pipeline with many producers, and a long one.
test_pipelines() {
  MANY=$((MANY / 4))
  directories
  i=0
  while [ $i -lt $MANY ]; do
    i=$((i + 1))
    dir=$SRC/n$i
    echo longrun >"$dir/type"
    echo "$RUN" >"$dir/run"
    if [ $i -le $((MANY / 2)) ]; then
      echo log >"$dir/producer-for"
    else
      if [ $i -gt $((MANY / 2 + 1)) ]; then echo "n$((i - 1))" >"$dir/consumer-for"; fi
      echo "n$((i + 1))" >"$dir/producer-for"
    fi
  done
  rm "$SRC/n$MANY/producer-for"
  echo long >"$SRC/n$MANY/pipeline-name"
  longrun log "consumer-for=$(seq -f 'n%.0f' $((MANY / 2)))" pipeline-name=wide
  small_stack
  assert_exit 0 db check
  assert_eq "$(db contents wide | wc -l)" $((MANY / 2 + 1))
  assert_eq "$(db contents long | wc -l)" $((MANY / 2))
}

# More pipes than the fd-holder can hold: n1 -> n2 -> n3 -> ...
test_too_many_consumers() {
  MANY=12002
  directories
  i=0
  while [ $i -lt $MANY ]; do
    i=$((i + 1))
    echo longrun >"$SRC/n$i/type"
    echo "$RUN" >"$SRC/n$i/run"
    echo "n$((i - 1))" >"$SRC/n$i/consumer-for"
    echo "n$((i + 1))" >"$SRC/n$i/producer-for"
  done
  rm "$SRC/n1/consumer-for" "$SRC/n$MANY/producer-for"
  assert_exit 1 compile
  assert_contains "$STDERR" "$SRC: 12001 longruns are consumers"
  assert_contains "$STDERR" 'the fd-holder cannot hold more than 12000'
}

run_tests "$@"
