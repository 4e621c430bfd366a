#!/bin/sh
# ISC license.
# s6-rc-lint: what each check finds, and that it can be switched off; what
# s6-rc-compile says of it.
. "$(dirname "$0")/../lib/test.sh"

CHECKS='names unknown type forms optional interpreter executable crlf run readiness logger timeouts orphans'

# Runs s6-rc-lint on $SRC; then $STDOUT has its lines without $SRC/.
lint() { # CODE [ OPTION... ]
  _code=$1
  shift
  assert_exit "$_code" s6-rc-lint "$@" "$SRC"
  STDOUT=$(printf '%s\n' "$STDOUT" | sed "s|^$SRC/||")
}

# Exactly these lines; and none of them without the check.
finds() { # CHECK LINES [ OPTION... ]
  _check=$1
  _lines=$2
  shift 2
  lint 1 "$@"
  assert_eq "$STDOUT" "$_lines"
  lint 0 "$@" -x "$_check"
  assert_eq "$STDOUT$STDERR" ''
}

# What s6-rc-compile says, a line each: all of them warnings.
compile_warns() { # LINES
  DB=$T/db.$((n = ${n:-0} + 1))
  assert_exit 0 compile
  assert_eq "$(printf '%s\n' "$STDERR" | sed "s|^s6-rc-compile: warning: $SRC/||")" "$1"
  DB=$DB.quiet
  assert_exit 0 compile -v0
  assert_eq "$STDERR" ''
}

test_clean() {
  longrun a notification-fd=3 run='#!/bin/sh
exec sleep 1' finish='#!/bin/sh -e
:' data/x=1 env/y=2 timeout-up=10 timeout-kill=0
  oneshot b up='true # nothing' down='' optional-dependencies.d/not-here= dependencies.d/a=
  bundle all b
  lint 0 -o
  assert_eq "$STDOUT$STDERR" ''
  compile_warns ''
}

test_names() {
  longrun a depednencies.d/b= notification_fd=3 Timeout-Kill=1000 requires=b log-dir=
  oneshot b dependancies.d/a= timout-up=1000 optional-dependencies=a Down=true
  define c bundle contents= content.d/a=
  define d bundle contents= contents.dir/a= members=a
  finds names 'a/Timeout-Kill: warning: ignored: not known: did you mean "timeout-kill"? [names]
a/depednencies.d: warning: ignored: not known: did you mean "dependencies.d"? [names]
a/notification_fd: warning: ignored: not known: did you mean "notification-fd"? [names]
a/requires: warning: ignored: not known: did you mean "dependencies.d"? [names]
b/Down: warning: ignored: not known: did you mean "down"? [names]
b/dependancies.d: warning: ignored: not known: did you mean "dependencies.d"? [names]
b/optional-dependencies: warning: ignored: not known: did you mean "optional-dependencies.d"? [names]
b/timout-up: warning: ignored: not known: did you mean "timeout-up"? [names]
c/content.d: warning: ignored: not known: did you mean "contents.d"? [names]
d/contents.dir: warning: ignored: not known: did you mean "contents.d"? [names]
d/members: warning: ignored: not known: did you mean "contents.d"? [names]' -x unknown
  compile_warns 'a/Timeout-Kill: ignored: not known: did you mean "timeout-kill"?
a/depednencies.d: ignored: not known: did you mean "dependencies.d"?
a/notification_fd: ignored: not known: did you mean "notification-fd"?
b/dependancies.d: ignored: not known: did you mean "dependencies.d"?
b/optional-dependencies: ignored: not known: did you mean "optional-dependencies.d"?
b/timout-up: ignored: not known: did you mean "timeout-up"?
c/content.d: ignored: not known: did you mean "contents.d"?
d/contents.dir: ignored: not known: did you mean "contents.d"?'
}

# What real trees have beside their definitions is no slip.
test_unknown() {
  longrun a log/run=x nosetsid= run~=x conf=x type.license=MIT
  oneshot b down.bak=x dependencies.old=x up-orig= used.sh='#!/bin/sh' up='/etc/b/used.sh up' setup='mine'
  define c bundle contents.d/a= README=x
  : >"$SRC/a/.gitignore"
  finds unknown 'a/conf: warning: ignored: not known, and not copied: what run needs belongs in data [unknown]
a/log: warning: ignored: s6-rc takes no logger from here: it is a longrun of its own, with consumer-for [unknown]
a/nosetsid: warning: ignored: it has no meaning any more, s6 puts every service in a session of its own [unknown]
a/run~: warning: ignored: a copy of "run"? Keep copies elsewhere [unknown]
a/type.license: warning: ignored: a copy of "type"? Keep copies elsewhere [unknown]
b/dependencies.old: warning: ignored: a copy of "dependencies"? Keep copies elsewhere [unknown]
b/down.bak: warning: ignored: a copy of "down"? Keep copies elsewhere [unknown]
b/setup: warning: ignored: not known, and no script speaks of it [unknown]
b/up-orig: warning: ignored: a copy of "up"? Keep copies elsewhere [unknown]
c/README: warning: ignored: not known, and no script speaks of it [unknown]' -x executable
  compile_warns ''
}

test_type() {
  longrun a up=true down= contents=b
  oneshot b run=x notification-fd=3 producer-for=a
  oneshot script up='sh /etc/services/script/run' run='#!/bin/sh'
  oneshot other up='mkdir /run/other' run='#!/bin/sh'
  define c bundle contents.d/a= dependencies.d/b= timeout-up=100
  finds type 'a/contents: warning: ignored: it means nothing for a longrun [type]
a/up: warning: ignored: it means nothing for a longrun: it is started by run [type]
a/down: warning: ignored: it means nothing for a longrun: s6-rc alone decides what is down; finish is what runs when it has died [type]
b/producer-for: warning: ignored: it means nothing for a oneshot [type]
b/notification-fd: warning: ignored: it means nothing for a oneshot: it is up when its script has succeeded [type]
b/run: warning: ignored: it means nothing for a oneshot: its command line is in up [type]
c/dependencies.d: warning: ignored: it means nothing for a bundle: give the dependencies to the services in it [type]
c/timeout-up: warning: ignored: it means nothing for a bundle: give the limit to the services in it [type]
other/run: warning: ignored: it means nothing for a oneshot: its command line is in up [type]'
  compile_warns ''
}

test_forms() {
  oneshot a
  oneshot b dependencies.d/a= dependencies=b
  define c bundle contents.d/a= contents=b
  finds forms 'b/dependencies: warning: ignored because there is dependencies.d: move what is in it there [forms]
c/contents: warning: ignored because there is contents.d: move what is in it there [forms]'
  compile_warns ''
}

test_optional() {
  oneshot postgresql
  oneshot ntpd
  oneshot a optional-dependencies.d/postgersql= optional-dependencies.d/httpd= optional-dependencies.d/ntpd= \
    optional-dependencies.d/mysql=
  finds optional 'a/optional-dependencies.d/postgersql: warning: "postgersql" is not defined: did you mean "postgresql"? [optional]'
  compile_warns ''
}

test_interpreter() {
  oneshot a up='#!/bin/sh
echo hello' down='#!/usr/bin/execlineb -P
true' reload='
#!/bin/sh
true'
  oneshot b up='#! /usr/bin/env execlineb
true' down='true
#!/bin/sh'
  finds interpreter 'a/up:1: warning: "#!/bin/sh" is a comment here, the rest is read as one execline command line: put a script in a file of its own, and its path here [interpreter]
a/down:1: warning: "#!/usr/bin/execlineb -P" is a comment here: the file is read by s6-rc-compile, not executed [interpreter]
b/up:1: warning: "#! /usr/bin/env execlineb" is a comment here: the file is read by s6-rc-compile, not executed [interpreter]'
  compile_warns 'a/up:1: "#!/bin/sh" is a comment here, the rest is read as one execline command line: put a script in a file of its own, and its path here'
}

# The words with which a shell script ends as a syntax error explain it.
test_interpreter_with_an_error() {
  oneshot a up='#!/bin/bash
echo "one
'
  lint 1
  assert_eq "$STDOUT" 'a/up:1: warning: "#!/bin/bash" is a comment here, the rest is read as one execline command line: put a script in a file of its own, and its path here [interpreter]
a/up:2: error: a quote is opened here and never closed'
  assert_eq "$STDERR" 's6-rc-lint: info: 1 error, 1 warning'
  assert_exit 1 compile
  assert_contains "$STDERR" 's6-rc-compile: warning: '
}

test_executable() {
  : >"$T/text"
  oneshot a up="
# a comment
 $T/absent now" down="$T/text" reload="$T"
  oneshot b up='/bin/sh -c :' down='nowhere/x' reload='"/no where"'
  longrun c run="#!$T/absent -x" finish="#! $T/text"
  longrun d run="#!/bin/sh
$T/absent"
  longrun e run="#!$(command -v execlineb) -P
# it is
$T/absent"
  finds executable "a/up:3: warning: \"$T/absent\" cannot be executed here: No such file or directory [executable]
a/down:1: warning: \"$T/text\" cannot be executed here: Permission denied [executable]
a/reload:1: warning: \"$T\" is a directory, not a program [executable]
c/finish:1: warning: \"$T/text\" cannot be executed here: Permission denied [executable]
c/run:1: warning: \"$T/absent\" cannot be executed here: No such file or directory [executable]
e/run:3: warning: \"$T/absent\" cannot be executed here: No such file or directory [executable]"
  compile_warns ''
}

test_crlf() {
  cr=$(printf '\r')
  oneshot a up="true$cr" down="true
true$cr"
  longrun b run="#!/bin/sh$cr
exec sleep 1$cr" finish="#!/bin/sh
true$cr" down-signal="SIGHUP$cr"
  finds crlf "a/up:1: warning: CRLF line end: the file should have Unix line ends [crlf]
a/down:2: warning: CRLF line end: the file should have Unix line ends [crlf]
b/down-signal:1: warning: CRLF line end: s6 will not know this signal [crlf]
b/finish:2: warning: CRLF line end: the file should have Unix line ends [crlf]
b/run:1: warning: CRLF line end: the kernel takes the CR for a part of the interpreter's name or argument: the file must have Unix line ends [crlf]" -x executable
  compile_warns "b/run:1: CRLF line end: the kernel takes the CR for a part of the interpreter's name or argument: the file must have Unix line ends"
}

test_run() {
  longrun a run='exec sleep 1' finish='true'
  longrun b run=''
  longrun c run='#!sh'
  longrun d run='#! '
  longrun e run="$(printf '\357\273\277')#!/bin/sh"
  longrun f
  cp "$(command -v s6-svc)" "$SRC/f/run"
  finds run 'a/finish:1: warning: no #! and an interpreter in the first line: the kernel cannot execute it [run]
a/run:1: warning: no #! and an interpreter in the first line: the kernel cannot execute it [run]
b/run:1: warning: empty: the kernel cannot execute it [run]
c/run:1: warning: the interpreter behind #! must be an absolute path [run]
d/run:1: warning: #! without an interpreter [run]
e/run:1: warning: a byte order mark stands before #!: the kernel does not know the file for a script [run]'
  compile_warns ''
}

test_readiness() {
  longrun a
  longrun b
  ready_longrun c
  oneshot d dependencies.d/a= dependencies.d/c=
  oneshot e optional-dependencies.d/a= dependencies.d/some=
  bundle some b
  longrun log consumer-for=source
  longrun source producer-for=log
  finds readiness 'a: warning: no notification-fd: "d" and 1 more are started when this has been started, ready or not [readiness]
b: warning: no notification-fd: "e" is started when this has been started, ready or not [readiness]'
  compile_warns ''
}

test_logger() {
  longrun a
  longrun a-log
  longrun b consumer-for=
  longrun c
  oneshot d
  longrun d-log
  longrun c-logger consumer-for=c
  define c longrun producer-for=c-logger
  longrun e-log
  finds logger 'a-log: warning: a logger by its name, but "a" does not write to it: producer-for there and consumer-for here are missing [logger]
b/consumer-for: warning: no producer: nothing will be written to it [logger]'
  compile_warns ''
}

test_timeouts() {
  longrun a timeout-up=5 timeout-down=10 timeout-kill=9 timeout-finish=0
  oneshot b timeout-down=1 timeout-up=0
  finds timeouts 'a/timeout-up: warning: only 5 ms: the number is in milliseconds, did you mean 5000? [timeouts]
a/timeout-kill: warning: only 9 ms: the number is in milliseconds, did you mean 9000? [timeouts]
b/timeout-down: warning: only 1 ms: the number is in milliseconds, did you mean 1000? [timeouts]'
  compile_warns ''
}

test_orphans() {
  oneshot a
  oneshot b dependencies.d/a=
  oneshot c optional-dependencies.d/b=
  oneshot d
  bundle all d
  longrun log consumer-for=from pipeline-name=both
  longrun from producer-for=log
  longrun other producer-for=log
  define log longrun consumer-for='from
other'
  bundle other-too other
  finds orphans 'c: warning: in no bundle, and no service depends on it: it is started by name only [orphans]
from: warning: in no bundle, and no service depends on it: it is started by name only [orphans]' -o
  lint 0
  assert_eq "$STDOUT" ''
}

# What is wrong anyway is told in the same way, with an exit code of its own.
test_errors() {
  oneshot a dependencies='
netwrk' timeout-up=x timout-down=1
  oneshot network
  define b nothing contents= contents.d= whatever= dependencies= dependencies.d/network=
  lint 1 -x interpreter
  assert_eq "$STDOUT" 'a/dependencies:2: error: "netwrk" is not defined: did you mean "network"?
a/timeout-up: error: not an unsigned integer: "x"
a/timout-down: warning: ignored: not known: did you mean "timeout-down"? [names]
b/type: error: bad type "nothing": it must be longrun, oneshot or bundle
b/dependencies: warning: ignored because there is dependencies.d: move what is in it there [forms]
b/whatever: warning: ignored: not known, and no script speaks of it [unknown]'
  assert_eq "$STDERR" 's6-rc-lint: info: 3 errors, 3 warnings'
  lint 1 -v0
  assert_eq "$STDERR" ''
}

# The compiler's own warnings belong to no check.
test_warnings_of_the_compiler() {
  oneshot a dependencies='b
b'
  oneshot b
  lint 1 -x "$(echo "$CHECKS" | tr ' ' ,)"
  assert_eq "$STDOUT" 'a/dependencies:2: warning: "b" is given twice'
}

# It looks for what is nearly certain, and for nothing else: not at programs, for one.
test_what_the_compiler_does_not_look_at() {
  need strace
  strace -o /dev/null true 2>/dev/null || skip 'strace may not trace here'
  oneshot a up=/no/such/program
  ASAN_OPTIONS=detect_leaks=0 strace -f -e trace='!read,pread64' -o trace "$S6RC_BIN/s6-rc-compile" "$DB" "$SRC"
  assert_contains "$(cat trace)" '"up"'
  assert_lacks "$(cat trace)" no/such/program
}

test_several_sources() {
  oneshot a optional-dependencies.d/networks=
  SRC=$T/other
  oneshot network
  assert_exit 1 s6-rc-lint "$T/src" "$T/other"
  assert_contains "$STDOUT" 'did you mean "network"?'
  assert_exit 0 s6-rc-lint "$T/src"
}

test_nothing_is_written() {
  oneshot a
  before=$(find "$T" | sort)
  lint 0
  assert_eq "$(find "$T" | sort)" "$before"
}

test_usage() {
  oneshot a
  assert_exit 100 s6-rc-lint
  assert_contains "$STDERR" 'a source is wanted'
  assert_exit 100 s6-rc-lint -x nmaes "$SRC"
  assert_contains "$STDERR" 'did you mean names?'
  assert_contains "$STDERR" 'no such check in: nmaes'
  assert_exit 100 s6-rc-lint -x names, "$SRC"
  assert_exit 100 s6-rc-lint --except= "$SRC"
  assert_exit 0 s6-rc-lint --except=names,run -x crlf "$SRC"
  assert_exit 111 s6-rc-lint "$T/nowhere"
  assert_contains "$STDOUT" 'nowhere: error: unable to read source directory'
}

# --help prints the one table.
test_help() {
  assert_exit 0 s6-rc-lint --help
  assert_eq "$(printf '%s\n' "$STDOUT" | sed '1,/^checks:$/d' | awk '{ print $1 }' | tr '\n' ' ')" "$CHECKS "
}

# Only what the machine cannot help is found in the examples: their READMEs say so.
test_examples() {
  for tree in demo container; do
    assert_exit 0 s6-rc-lint -x executable "$S6RC_TOP/examples/$tree/source"
    assert_eq "$STDOUT" ''
  done
  SRC=$S6RC_TOP/examples/machine/source
  lint 1 -x executable
  assert_eq "$STDOUT" 'klogd-srv: warning: no notification-fd: "rc-local" is started when this has been started, ready or not [readiness]
sshd-srv: warning: no notification-fd: "fail2ban-srv" is started when this has been started, ready or not [readiness]'
  # what is defined, but not in default
  lint 1 -o -x executable,readiness
  assert_eq "$(printf '%s\n' "$STDOUT" | cut -d: -f1 | tr '\n' ' ')" 'getty-ttyS0 rsyncd-srv seatd-srv smtpd-srv '
}

run_tests "$@"
