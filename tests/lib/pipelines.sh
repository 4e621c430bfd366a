# ISC license.
# Sourced by tests/live/pipeline*.sh, after test.sh: producers of numbered
# lines, consumers that store them, and what must have arrived.
# shellcheck shell=sh

# A producer writes lines "NAME GENERATION NUMBER"; each start is a new
# generation. What it has written is also in $T/wrote.NAME, as far as it knows.
producer_script() { # NAME
  # shellcheck disable=SC2016
  printf '#!/bin/sh
cd "%s"
echo >>"starts.%s"
generation=$(($(wc -l <"starts.%s")))
i=0
while :; do
  i=$((i + 1))
  echo "%s $generation $i"
  echo "$generation $i" >>"wrote.%s"
  if [ -e pause ]; then
    echo $$ >"paused.%s"
    while [ -e pause ]; do sleep 0.02; done
  fi
  sleep 0.005
done\n' "$T" "$1" "$1" "$1" "$1" "$1"
}

# A consumer stores what it reads in $T/stored.NAME, line by line; it ends
# when there is nothing to read any more.
consumer_script() { # NAME
  # shellcheck disable=SC2016
  printf '#!/bin/sh
echo >>"%s/starts.%s"
while read -r line; do printf "%%s\\\\n" "$line" >>"%s/stored.%s"; done\n' "$T" "$1" "$T" "$1"
}

# Stores, and passes on.
filter_script() { # NAME
  # shellcheck disable=SC2016
  printf '#!/bin/sh
echo >>"%s/starts.%s"
while read -r line; do
  printf "%%s\\\\n" "$line" >>"%s/stored.%s"
  printf "%%s\\\\n" "$line"
done\n' "$T" "$1" "$T" "$1"
}

# A longrun FIRST that writes to LAST.
pipeline() { # FIRST LAST
  define "$1" longrun "run=$(producer_script "$1")" "producer-for=$2"
  define "$2" longrun "run=$(consumer_script "$2")" "consumer-for=$1"
}

lines() { # FILE: how many
  if [ -e "$1" ]; then wc -l <"$1"; else echo 0; fi
}
has_lines() { [ "$(lines "$1")" -ge "$2" ]; } # FILE NUMBER

# Waits until NUMBER more lines have come to FILE.
wait_more() { # FILE NUMBER
  wait_for 20 has_lines "$1" $(($(lines "$1") + $2)) || fail "nothing more comes to $1:" "$(tail -n 5 "$1" "$SCANLOG")"
}

# Stops all producers where they are, and waits until the last line that each of
# them has written has arrived at CONSUMER.
drain() { # CONSUMER
  touch "$T/pause"
  for _wrote in "$T"/wrote.*; do
    _producer=${_wrote##*/wrote.}
    wait_for 20 writes_no_more "$_producer" || fail "$_producer does not stop"
    wait_for 20 grep -Fqx -e "$_producer $(tail -n 1 "$_wrote")" "$T/stored.$1" ||
      fail "the last line of $_producer does not come to $1:" "$(tail -n 5 "$_wrote" "$T/stored.$1")"
  done
}
# The process that runs has paused, and not one before it; or none will.
writes_no_more() { # PRODUCER
  _now=$(s6-svstat -o pid,wantedup "$LIVE/servicedirs/$1")
  [ "$_now" = '-1 false' ] || [ "$_now" = "$(cat "$T/paused.$1") true" ]
}

# What arrived at CONSUMER from PRODUCER: of each generation the lines from 1
# on, in order, none twice; LOST of them may be missing or torn, no more. What
# the producer knows that it has written must be there.
assert_arrived() { # CONSUMER PRODUCER LOST
  awk -v producer="$2" -v allowed="$3" '
    FILENAME ~ /wrote/ { if (NF == 2 && $2 > wrote[$1]) wrote[$1] = $2; next }
    $1 != producer && NF == 3 && $2 ~ /^[0-9]+$/ { next }
    $1 != producer || NF != 3 || $2 !~ /^[0-9]+$/ || $3 !~ /^[0-9]+$/ { lost++; what = what "\ntorn: " $0; next }
    {
      if ($2 < generation || ($2 == generation && $3 <= last)) { print "out of order, or twice: " $0; bad = 1; exit }
      if ($2 > generation) last = 0
      generation = $2
      if ($3 != last + 1) { lost += $3 - last - 1; what = what "\nmissing before: " $0 }
      last = $3
      if (last > got[generation]) got[generation] = last
    }
    END {
      for (g in wrote) if (got[g] < wrote[g]) {
        lost += wrote[g] - got[g]
        what = what "\nof generation " g " " got[g] + 0 " of " wrote[g]
      }
      if (lost > allowed) { print lost " lost, allowed " allowed ":" what; bad = 1 }
      exit bad
    }' "$T/wrote.$2" "$T/stored.$1" >"$T/arrived" || fail "$(cat "$T/arrived")"
}

starts() { lines "$T/starts.$1"; }

# A signal to a longrun's process; fails if it has none at this moment.
signal_service() { # SIGNAL NAME
  _pid=$(service_pid "$2")
  [ -n "$_pid" ] && kill "-$1" "$_pid"
}

# Kills a longrun's process, and waits until s6-supervise has started it again.
kill_service() { # NAME [ SIGNAL ]
  wait_for 20 signal_service "${2:-KILL}" "$1"
  wait_for 20 started_again "$1" "$_pid"
}
started_again() { # NAME OLDPID
  _new=$(service_pid "$1")
  [ -n "$_new" ] && [ "$_new" != "$2" ]
}

# The fd-holder: dead, and then full again.
kill_fdholder() {
  kill_service s6rc-fdholder
  s6-svwait -U -t 10000 "$LIVE/servicedirs/s6rc-fdholder"
}

start_pipeline() {
  pipeline producer logger
  start_live
  rc change producer
  wait_for 20 connected producer logger
  wait_more stored.logger 10
}

pipe_of() { readlink "/proc/$(service_pid "$1")/fd/$2"; } # SERVICE DESCRIPTOR
connected() { # PRODUCER CONSUMER
  case $(pipe_of "$1" 1) in pipe:*) [ "$(pipe_of "$1" 1)" = "$(pipe_of "$2" 0)" ] ;; *) return 1 ;; esac
}

finish_script() { # NAME
  # shellcheck disable=SC2016
  printf '#!/bin/sh
{ echo "$# $1 $2 $3"; readlink /proc/self/fd/0; readlink /proc/self/fd/1; } >"%s/finish.%s.new" 2>&1 </proc/self/fd/0
mv "%s/finish.%s.new" "%s/finish.%s"\n' "$T" "$1" "$T" "$1" "$T" "$1"
}

check_finish() { # NAME ARGUMENTS
  wait_for 10 test -e "finish.$1" || fail "no finish of $1"
  read -r n args <"finish.$1"
  [ "$n" -ge 3 ] || fail "arguments of finish of $1: $n $args"
  assert_eq "$args" "$2" "arguments of finish of $1"
}

start_finishing() {
  pipeline producer logger
  define producer longrun "finish=$(finish_script producer)"
  define logger longrun "finish=$(finish_script logger)"
  start_live
  rc change producer
  wait_for 20 connected producer logger
}

# N pipelines pX -> cX, all in the bundle "all".
many_pipelines() { # NUMBER
  i=0
  mkdir -p "$SRC/all/contents.d"
  echo bundle >"$SRC/all/type"
  while [ $i -lt "$1" ]; do
    i=$((i + 1))
    mkdir "$SRC/p$i" "$SRC/c$i"
    echo longrun | tee "$SRC/p$i/type" >"$SRC/c$i/type"
    echo "c$i" >"$SRC/p$i/producer-for"
    echo "p$i" >"$SRC/c$i/consumer-for"
    printf '#!/bin/sh\nexec sleep 86400\n' >"$SRC/p$i/run"
    printf '#!/bin/sh\nexec cat\n' >"$SRC/c$i/run"
    : >"$SRC/all/contents.d/p$i"
    : >"$SRC/all/contents.d/c$i"
  done
}
