/* ISC license. */

/* No script runs twice at a time, not even if what started it was killed and a
   later s6-rc asks another process for it. So a script's own process notes
   itself before it executes the script: a symbolic link, of the service's name,
   to "pid:start". The lock is only for looking at a note and replacing it.

   A lock that lasts as long as the script would have to be on a descriptor that
   it inherits, and all its children. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "runner-internal.h"

enum {
  STAT_MAX = 1024, /* more than /proc/PID/stat has up to the field START */
  STATE_FIELD = 3, /* its fields: proc(5) */
  THREADS_FIELD = 20,
  START_FIELD = 22, /* in clock ticks since boot */
  START_MAX = UINT64_FMT,
  NOTE_MAX = PID_FMT + 1 + START_MAX,
  AGAIN_FIRST_MS = 10, /* whoever we wait for is nobody's child here: only a look tells */
  AGAIN_LAST_MS = 200
};

/* Where field n of s begins, after the process's name, which may contain
   anything; null: it is not there */
static char const *stat_field(char const *s, unsigned int n)
{
  s = strrchr(s, ')');
  for (unsigned int i = STATE_FIELD - 1; s && i < n; i++) {
    s = strchr(s, ' ');
    if (s) s++;
  }
  return s;
}

/* Not that of another pid namespace, where numbers mean other processes? */
static int is_our_proc(void)
{
  char self[PID_FMT + 1], pid[PID_FMT];
  ssize_t n = readlink("/proc/self", self, sizeof self);
  return n > 0 && (size_t)n == pid_fmt(pid, getpid()) && !memcmp(self, pid, (size_t)n);
}

/* Has a process with this stat ended? The state of one whose first thread alone
   has ended is that of a zombie, too. */
static int is_zombie(char const *stat)
{
  char const *state = stat_field(stat, STATE_FIELD), *threads = stat_field(stat, THREADS_FIELD);
  return state && (*state == 'Z' || *state == 'X') && threads &&
         (*threads == '0' || !strncmp(threads, "1 ", 2));
}

/* 1: there is a process pid; 0: it has ended. start: when it began, so that it
   is not taken for a later one of the same number; empty if the system does
   not tell. */
static int process_start(pid_t pid, char *start)
{
  char path[sizeof "/proc//stat" + PID_FMT] = "/proc/";
  char s[STAT_MAX + 1];
  size_t len = strlen(path);
  ssize_t r;
  char const *field;
  start[0] = 0;
  len += pid_fmt(path + len, pid);
  memcpy(path + len, "/stat", sizeof "/stat");
  r = is_our_proc() ? openreadnclose(path, s, STAT_MAX) : 0;
  if (r <= 0) return !kill(pid, 0) || errno == EPERM;
  s[r] = 0;
  if (is_zombie(s)) return 0;
  field = stat_field(s, START_FIELD);
  if (!field) return 1;
  len = strspn(field, "0123456789");
  if (len >= START_MAX) return 1;
  memcpy(start, field, len);
  start[len] = 0;
  return 1;
}

/* The process of a note; 0: it is none */
static pid_t read_note(runner const *r, char const *name, char *note)
{
  uint32_t pid;
  size_t len;
  ssize_t n = readlinkat(r->notesfd, name, note, NOTE_MAX);
  if (n < 0) return 0;
  note[n] = 0;
  len = uint32_scan(note, &pid);
  if (!len || note[len] != ':' || pid > INT_MAX) return 0;
  memmove(note, note + len + 1, (size_t)n - len);
  return (pid_t)pid;
}

/* The process that noted itself, if it still runs; else 0. Not this one: that
   has not noted itself yet. */
static pid_t running(runner const *r, char const *name)
{
  char noted[NOTE_MAX + 1], start[START_MAX];
  pid_t pid = read_note(r, name, noted);
  if (!pid || pid == getpid() || !process_start(pid, start)) return 0;
  return !*noted || !*start || !strcmp(noted, start) ? pid : 0;
}

/* A service's byte in the lock file. Which one comes from the name: another
   process may serve another database, after an update, where the number is
   another service's. cmd: as for fcntl. 1; 0 and errno. */
static int lock(runner const *r, char const *name, int cmd, short type)
{
  struct flock fl = {.l_type = type, .l_whence = SEEK_SET, .l_len = 1};
  int e;
  fl.l_start = (off_t)(s6rc_hash_bytes(S6RC_HASH_INIT, name, strlen(name)) & INT32_MAX);
  do e = fcntl(r->lockfd, cmd, &fl);
  while (e < 0 && errno == EINTR);
  return e >= 0;
}

/* With the lock. 0; or the process that runs the script. A full file system is
   no reason not to run one, least of all when the machine goes down. */
static pid_t take_note(runner const *r, char const *name)
{
  char s[NOTE_MAX], start[START_MAX];
  size_t len = pid_fmt(s, getpid());
  int ok;
  process_start(getpid(), start);
  s[len++] = ':';
  memcpy(s + len, start, strlen(start) + 1);
  ok = !symlinkat(s, r->notesfd, name);
  if (!ok && errno == EEXIST) {
    pid_t other = running(r, name);
    if (other) return other;
    ok = !unlinkat(r->notesfd, name, 0) && !symlinkat(s, r->notesfd, name);
  }
  if (!ok)
    strerr_warnwu3sys("note that the script of service ", name,
                      " runs (it may run twice at a time, if what serves s6-rc is killed)");
  return 0;
}

static void say_waiting(char const *name, pid_t pid)
{
  char fmt[PID_FMT];
  fmt[pid_fmt(fmt, pid)] = 0;
  strerr_warnw("the script of service ", name, " waits for process ", fmt,
               ", which runs it for an s6-rc that is gone (see s6-rc-oneshot-run(8))");
}

int runner_turn_take(runner const *r, char const *name)
{
  struct pollfd lifeline = {.fd = r->lifeline[0], .events = POLLIN};
  int said = 0;
  for (int ms = 0;; ms = ms ? ms * 2 < AGAIN_LAST_MS ? ms * 2 : AGAIN_LAST_MS : AGAIN_FIRST_MS) {
    pid_t other;
    if (poll(&lifeline, 1, ms) > 0) return (errno = ECANCELED, 0);
    /* not F_SETLKW, which goes on waiting when nobody waits for us any more */
    if (!lock(r, name, F_SETLK, F_WRLCK)) {
      if (errno != EAGAIN && errno != EACCES) return 0;
      continue;
    }
    other = take_note(r, name);
    if (!other) return 1; /* exec closes the file, which unlocks it */
    lock(r, name, F_SETLK, F_UNLCK);
    if (!said) say_waiting(name, other);
    said = 1;
  }
}

void runner_turn_end(runner const *r, char const *name, pid_t pid)
{
  char start[NOTE_MAX + 1];
  /* who has the lock is about to replace the note */
  if (!lock(r, name, F_SETLK, F_WRLCK)) return;
  if (read_note(r, name, start) == pid) unlinkat(r->notesfd, name, 0);
  lock(r, name, F_SETLK, F_UNLCK);
}
