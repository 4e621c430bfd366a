# ISC license.
# Sourced by tests/hard/faults_*.sh, after test.sh: lets each call of the C
# library that a tool makes fail once, see tests/lib/faults.c.
# shellcheck shell=sh

FAULT_LIMIT=30 # seconds; what takes longer hangs

# What a call may fail with: the first for every place in the tool that makes
# it, the others where that place makes it first.
fault_errors() {
  cat <<'END'
open EMFILE EACCES
creat ENOSPC EMFILE
opendir EMFILE ENOMEM
fdopendir ENOMEM
readdir EIO
read EIO EINTR
readv EIO EINTR
pread EIO
write ENOSPC EINTR
writev EIO EINTR
pwrite ENOSPC
lseek EIO
fsync EIO
syncfs EIO
close EIO
stat EACCES
lstat EACCES
fstat EIO
fstatat EACCES
fstatvfs EIO
access EACCES
faccessat EACCES
readlink EACCES
readlinkat EACCES
realpath EACCES
getcwd EACCES
fchdir EACCES
mkdir ENOSPC
mkdirat ENOSPC
mkfifoat ENOSPC
mknodat ENOSPC
symlink ENOSPC
symlinkat ENOSPC
linkat EMLINK
rename ENOSPC
renameat ENOSPC
renameat2 ENOSPC
unlink EACCES
unlinkat EACCES
rmdir EACCES
chmod EPERM EIO
fchmod EPERM EIO
fchmodat EPERM EIO
chown EPERM EIO
fchown EPERM EIO
fchownat EPERM EIO
fcntl EPERM
fcntl_lock ENOLCK
fcntl_dup EMFILE
dup2 EMFILE
mmap ENOMEM
malloc ENOMEM
calloc ENOMEM
realloc ENOMEM
strdup ENOMEM
setenv ENOMEM
socket EMFILE
connect EACCES
getpeername ENOMEM
sendmsg ENOMEM EINTR
recvmsg ENOMEM EINTR
pipe2 EMFILE
poll ENOMEM EINTR
ppoll ENOMEM EINTR
signalfd EMFILE
fork EAGAIN
posix_spawnp EAGAIN
execve EACCES
waitpid EINTR
END
}

# From FAULTS/log: "CALL N ERROR OBJECT" for what is to be tried: of the calls
# of one place, the first and the last; none if the place is "-". FAULT_BRIEF:
# only the first, with one error, and places are the same more easily: for what
# other sweeps go through in detail.
fault_plans() {
  fault_errors | awk -v brief="$FAULT_BRIEF" -v only="$FAULT_ONLY" '
    NR == FNR { nerrors[$1] = NF - 1; for (i = 2; i <= NF; i++) error[$1, i] = $i; next }
    !($1 in nerrors) { print "no errors are known for", $1 >"/dev/stderr"; exit 1 }
    # nobody is interrupted while reading from a disk
    function fits(e) { return e != "EINTR" || $1 !~ /read|write/ || object ~ /f\.out$|f\.err$|^(pipe|socket):/ }
    {
      object = $0
      sub(/^[^ ]* [^ ]* /, "", object)
      n[$1]++
      if ($2 == "-" || $1 !~ only) next
      if (brief) match($2, /^[^,]*(,[^,]*)?(,[^,]*)?/)
      place = $1 " " (brief ? substr($2, 1, RLENGTH) : $2)
      plan = $1 " " n[$1] " " error[$1, 2] " " object
      if (place in seen) {
        if (!brief && $1 !~ /alloc/) last[place] = NR "\t" plan
        next
      }
      seen[place]
      print NR "\t" plan
      for (i = 3; !brief && i <= nerrors[$1] + 1; i++)
        if (fits(error[$1, i])) print NR "\t" $1, n[$1], error[$1, i], object
    }
    END { for (place in last) print last[place] }' - "$FAULTS/log" | sort -n | cut -f2-
}

# --- what a file of tests may define otherwise

fault_before() { :; }               # before each run
fault_same() { cmp "$T/f.out" "$T/f.wanted"; } # after a run that returned what it should, as if nothing had happened
fault_failed() { :; }               # after another run
FAULT_BRIEF=                        # yes: see above
FAULT_ONLY=.                        # a pattern for the calls
FAULT_CODE=0                        # what it should return
FAULT_CODES=111                     # what else it may
FAULT_SAYS=                         # f.out, if complaints are there, too
FAULT_DB=                           # what a message may call the database

# ---

faults_begin() {
  [ -z "${S6RC_SANITIZED:-}" ] || skip 'the sanitizers have an allocator of their own'
  FAULTS=$T/f.aults
  PRELOAD=$S6RC_BUILD/build/unit/faults.so
  [ -f "$PRELOAD" ] || fail "$PRELOAD was not built"
  mkdir -p "$FAULTS"
}

preloaded() { # COMMAND...
  timeout -s KILL "$FAULT_LIMIT" env LD_PRELOAD="$PRELOAD" FAULTS="$FAULTS" MALLOC_PERTURB_=85 "$@" </dev/null
}

faulty() { # COMMAND...
  FAULT_STATUS=0
  preloaded "$@" >"$T/f.out" 2>"$T/f.err" || FAULT_STATUS=$?
}

# Without a fault.
faultless() { # COMMAND...
  echo none >"$FAULTS/plan"
  preloaded "$@"
}

# What went wrong, with all that is known of it.
fault_fail() { # TEXT...
  fail "$@" "$CALL $N, about '$OBJECT', failed with $ERROR ($SAYS): exit code $FAULT_STATUS" "$(cat "$T/f.err")"
}

is_said() { # TEXT...: one of them
  for _text do case $SAID in *"$_text"*) return ;; esac done
  return 1
}

# Is the object named? A file, or a directory that it is in; of what belongs to
# a service, the service.
is_named() {
  _name=${OBJECT#*/servicedirs/}
  case $OBJECT in
    /dev/* | pipe:* | socket:* | anon_inode:* | '') ;;
    "$T/f.out") is_said stdout ;;
    "${FAULT_STDIN:-none}") is_said stdin ;;
    */servicedirs/.fifo | */event/ftrig1:*) is_said 'service ' "$LIVE" ;;
    "$DB"/servicedirs/*/* | "$LIVE":*/servicedirs/*/*) is_said "${_name%%/*}" ;;
    "$LIVE":*/state) is_said state ;;
    "$DB"/*) is_said "$DB" "${FAULT_DB:-$DB}" "${_name%%/*}" ;;
    "$LIVE":*) is_said "$LIVE" ;;
    # looked at for what is in it: may that be trusted?
    "$T/.") is_said "$T/" ;;
    *)
      _object=$OBJECT
      until is_said "$_object" "/${_object##*/}" " ${_object##*/}:"; do
        case $_object in "$T"/*/* | [!/]*/*) _object=${_object%/*} ;; *) return 1 ;; esac
      done
      ;;
  esac
}

# The message is the tool's, gives the reason and the object.
fault_message() {
  [ "$ERROR" != EINTR ] || fault_fail 'interrupted for good'
  [ "$OBJECT" != "$T/f.err" ] || return 0 # it could not be said
  # shellcheck disable=SC2086
  SAID=$(cat "$T/f.err" $FAULT_SAYS)
  is_said "$FAULT_TOOL: " || fault_fail 'no message'
  is_said "$SAYS" || fault_fail 'no reason in the message'
  is_named || fault_fail 'not named'
}

fault_check() {
  case " $FAULT_CODE $FAULT_CODES " in *" $FAULT_STATUS "*) ;; *) fault_fail 'not a documented exit code' ;; esac
  if [ "$FAULT_STATUS" = $FAULT_CODE ]; then
    (fault_same) || fault_fail 'another result'
  else
    _said=yes
    (fault_message) || _said=no
    (fault_failed) || fault_fail 'not as it should be after a failure'
    [ $_said = yes ] || exit 1
  fi
}

faults_sweep() { # LEAST COMMAND...
  _least=$1
  shift
  FAULT_TOOL=${1##*/}
  rm -f "$FAULTS/log"
  echo learn >"$FAULTS/plan"
  fault_before
  faulty "$@"
  [ "$FAULT_STATUS" = $FAULT_CODE ] || fail "exit code $FAULT_STATUS" "$(cat "$T/f.err")"
  mv "$T/f.out" "$T/f.wanted"
  fault_plans >"$FAULTS/plans"
  FAULTS_HIT=0 FAULTS_SURVIVED=0 FAULTS_BAD=0
  while read -r CALL N ERROR OBJECT; do
    fault_before </dev/null
    echo "$CALL $N $ERROR" >"$FAULTS/plan"
    faulty "$@"
    SAYS=
    if [ -f "$FAULTS/hit" ]; then
      FAULTS_HIT=$((FAULTS_HIT + 1))
      { read -r SAYS ; read -r OBJECT; } <"$FAULTS/hit"
    fi
    [ -z "${FAULTS_REPORT:-}" ] || echo "${SAYS:+hit} $FAULT_TOOL $FAULT_STATUS: $CALL $N $ERROR $OBJECT: $(cat "$T/f.err")" >>"$FAULTS_REPORT"
    (fault_check) </dev/null || FAULTS_BAD=$((FAULTS_BAD + 1))
    [ "$FAULT_STATUS" != $FAULT_CODE ] || FAULTS_SURVIVED=$((FAULTS_SURVIVED + 1))
  done <"$FAULTS/plans"
  echo "$*: $FAULTS_HIT faults, $FAULTS_SURVIVED of them without consequence"
  [ $FAULTS_BAD = 0 ] || fail "$FAULTS_BAD of them are not right"
  [ $FAULTS_HIT -ge "$_least" ] || fail "only $FAULTS_HIT calls failed"
}
