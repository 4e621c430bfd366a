/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/error.h>
#include <skalibs/iopause.h>
#include <skalibs/selfpipe.h>
#include <skalibs/sig.h>
#include <skalibs/unixmessage.h>

#include <s6-rc/live.h>

#include "runner.h"
#include "runner-internal.h"

enum { CLIENT = 0, LOCKMODE = 0600, NOTESMODE = 0700 };
enum { POLL_SIGNALS, POLL_CLIENT, NPOLL };

static void put(runner *r, char const *s, size_t len)
{
  unixmessage m = {.s = (char *)s, .len = len, .fds = 0, .nfds = 0};
  if (!r->gone && !unixmessage_put(&r->out, &m)) r->gone = 1;
}

void runner_report(runner *r, uint32_t number, enum s6rc_runner_end_e how, int value)
{
  char m[S6RC_RUNNER_END_SIZE] = {S6RC_RUNNER_END, (char)how};
  s6rc_le32_put((unsigned char *)m + 2, number);
  s6rc_le32_put((unsigned char *)m + 6, (uint32_t)value);
  put(r, m, sizeof m);
}

static void refuse(runner *r, char const *why, char const *detail)
{
  stralloc sa = STRALLOC_ZERO;
  char kind = S6RC_RUNNER_REFUSE;
  if (stralloc_catb(&sa, &kind, 1) && stralloc_cats(&sa, why) && stralloc_cats(&sa, detail))
    put(r, sa.s, sa.len);
  stralloc_free(&sa);
  unixmessage_sender_flush(&r->out);
  r->gone = 1;
}

/* The database is opened for each connection: it is always the one that the
   live directory has now, and the client says which one it means. */
static int open_db(runner *r)
{
  int fd = openat(AT_FDCWD, r->live, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int ok = fd >= 0 && s6rc_db_openat(&r->db, fd, S6RC_LIVE_COMPILED);
  int e = errno;
  if (fd >= 0) close(fd);
  errno = e;
  return ok;
}

static int hello(runner *r, unixmessage const *m)
{
  static char const welcome[S6RC_RUNNER_WELCOME_SIZE] = {S6RC_RUNNER_WELCOME, S6RC_RUNNER_VERSION};
  if (r->greeted || m->len != S6RC_RUNNER_HELLO_SIZE || m->nfds != S6RC_RUNNER_NFDS) return 0;
  for (int i = 0; i < S6RC_RUNNER_NFDS; i++) {
    r->fds[i] = m->fds[i];
    if (coe(r->fds[i]) < 0) return 0;
  }
  r->greeted = 1;
  if (m->s[1] != S6RC_RUNNER_VERSION)
    refuse(r, "it is of another version: restart " S6RC_ONESHOT_RUNNER, "");
  else if (!open_db(r))
    refuse(r, "unable to open the live database: ", strerror(errno));
  else if (memcmp(m->s + 2, s6rc_db_digest(&r->db), S6RC_DIGEST_SIZE))
    refuse(r, "the live database is another one than yours", "");
  else
    put(r, welcome, sizeof welcome);
  return 1;
}

/* 1; 0: not a message that belongs here */
static int handle_message(runner *r, unixmessage const *m)
{
  runner_request q;
  if (!m->len) return 0;
  if (m->s[0] == S6RC_RUNNER_HELLO) return hello(r, m);
  if (!r->greeted || m->nfds) return 0;
  if (m->s[0] == S6RC_RUNNER_RUN && m->len == S6RC_RUNNER_RUN_SIZE) {
    q.script = (unsigned char)m->s[1];
    q.number = s6rc_le32((unsigned char const *)m->s + 2);
    return q.script < S6RC_NSCRIPTS && genalloc_append(runner_request, &r->queue, &q);
  }
  if (m->s[0] == S6RC_RUNNER_KILL && m->len == S6RC_RUNNER_KILL_SIZE) {
    runner_kill(r, s6rc_le32((unsigned char const *)m->s + 1));
    return 1;
  }
  if (m->s[0] == S6RC_RUNNER_STOP && m->len == S6RC_RUNNER_STOP_SIZE) {
    runner_stop(r);
    return 1;
  }
  return 0;
}

static void read_client(runner *r)
{
  while (!r->gone) {
    unixmessage m;
    int k = unixmessage_receive(&r->in, &m);
    if (!k) break;
    if (k < 0)
      r->gone = 1;
    else if (!handle_message(r, &m)) {
      unixmessage_drop(&m);
      r->gone = 1;
    }
  }
  runner_start_queued(r);
}

static int loop(runner *r, int selfpipe)
{
  while (!r->gone || genalloc_len(runner_kid, &r->kids)) {
    iopause_fd x[NPOLL] = {[POLL_SIGNALS] = {.fd = selfpipe, .events = IOPAUSE_READ},
                           [POLL_CLIENT] = {.fd = r->gone ? -1 : CLIENT, .events = IOPAUSE_READ}};
    if (!r->gone && !unixmessage_sender_isempty(&r->out)) x[POLL_CLIENT].events |= IOPAUSE_WRITE;
    if (iopause(x, NPOLL, 0, 0) < 0) return 0;
    if (x[POLL_SIGNALS].revents) {
      int sig;
      while ((sig = selfpipe_read()) > 0) runner_reap(r);
      if (sig < 0) return 0;
    }
    if (x[POLL_CLIENT].revents & (IOPAUSE_READ | IOPAUSE_EXCEPT)) read_client(r);
    if (!r->gone && !unixmessage_sender_flush(&r->out) && !error_isagain(errno)) r->gone = 1;
    if (r->gone) runner_stop(r);
  }
  return 1;
}

/* Where scripts note themselves. */
static int open_notes(runner *r, char const *lockfile, char const *notes)
{
  mode_t mask = umask(0); /* which scripts keep, may take rights from us */
  r->lockfd = openat(AT_FDCWD, lockfile, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, LOCKMODE);
  int ok = r->lockfd >= 0 && (!mkdir(notes, NOTESMODE) || errno == EEXIST);
  umask(mask);
  if (!ok) return 0;
  r->notesfd = openat(AT_FDCWD, notes, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  return r->notesfd >= 0;
}

int runner_serve(char const *live, char const *lockfile, char const *notes)
{
  static runner r = {.db = S6RC_DB_ZERO,
                     .lockfd = -1,
                     .notesfd = -1,
                     .failures = {-1, -1},
                     .lifeline = {-1, -1},
                     .fds = {-1, -1, -1}};
  int selfpipe;
  r.live = live;
  if (!open_notes(&r, lockfile, notes)) return 0;
  if (ndelay_on(CLIENT) < 0 || coe(CLIENT) < 0) return 0;
  if (pipecoe(r.failures) < 0 || ndelay_on(r.failures[0]) < 0 || pipecoe(r.lifeline) < 0) return 0;
  selfpipe = selfpipe_init();
  if (selfpipe < 0 || !sig_restore(SIGCHLD) || !selfpipe_trap(SIGCHLD)) return 0;
  unixmessage_sender_init(&r.out, CLIENT);
  if (!unixmessage_receiver_init(&r.in, CLIENT, r.inbuf, sizeof r.inbuf, r.auxbuf, sizeof r.auxbuf)) return 0;
  return loop(&r, selfpipe);
}
