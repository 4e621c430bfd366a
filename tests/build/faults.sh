#!/bin/sh
# ISC license.
# tests/lib/faults.c has all the functions of the C library that the tools use
# and that can fail; tests/hard/faults_*.sh run all the tools.
. "$(dirname "$0")/../lib/test.sh"

# Those that cannot, by what they are or by how they are used; and what
# compilers and the dynamic linker put in.
harmless() {
  cat <<'END'
_exit
abort
clock_gettime
closedir
dirfd
environ
free
getegid
getenv
getpid
geteuid
getrandom
getrlimit
getuid
gmtime_r
kill
localtime_r
munmap
posix_spawnattr_destroy
posix_spawnattr_init
posix_spawnattr_setflags
posix_spawnattr_setsigmask
qsort
setitimer
setrlimit
sigaction
sigaddset
sigemptyset
sigfillset
sigprocmask
strcasecmp
strcat
strchr
strcmp
strcpy
strcspn
strerror
strlen
strncasecmp
strncmp
strrchr
strspn
umask
unsetenv
arc4random_buf
memchr
memcmp
memcpy
memmove
memset
END
}

test_every_function() {
  [ -z "${S6RC_SANITIZED:-}" ] || skip 'the sanitizers have functions of their own'
  need nm
  for tool in "$S6RC_BIN"/* "$S6RC_LIBEXEC"/*; do nm -D --undefined-only "$tool"; done |
    awk '$1 == "U" || $1 == "w" { sub(/@.*/, "", $2); print $2 }' | sort -u >used
  [ -s used ] || skip 'the tools are linked statically'
  { nm -D --defined-only "$S6RC_BUILD/build/unit/faults.so" | awk '{ sub(/@.*/, "", $3); print $3 }'
    harmless
  } | sort -u >known
  # names that are reserved are start-up code, checked variants of functions
  # that return no error, and tables of weak symbols
  assert_eq "$(comm -23 used known | grep -v '^_[_I]')" '' 'neither failing in tests nor known to be harmless'
}

test_every_tool() {
  for tool in "$S6RC_BIN"/* "$S6RC_LIBEXEC"/*; do
    name=${tool##*/}
    grep -Eq "(sweep|preloaded|faultless).*($name|[0-9] ${name#s6-rc-})([ \"]|\$)" "$S6RC_TOP"/tests/hard/faults_*.sh \
      "$S6RC_TOP/tests/lib/update.sh" || fail "not swept: $name"
  done
}

run_tests "$@"
