/* ISC license. */

/* The client's side of the oneshot runner's protocol, see s6-rc/runner.h. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/error.h>
#include <skalibs/socket.h>
#include <skalibs/unixmessage.h>

#include <s6-rc/runner.h>

#include "engine-internal.h"

/* How long s6-rc waits for a runner that does not answer, and how often it
   tries. */
enum { RUNNER_MS = 3000, RETRY_MS = 20 };

/* cwd is servicedirs: no limit on the live directory's name */
#define SOCKET S6RC_ONESHOT_RUNNER "/" S6RC_LOCAL_SOCKET

static int put(engine_runner *r, char const *s, size_t len)
{
  unixmessage m = {.s = (char *)s, .len = len, .fds = 0, .nfds = 0};
  return unixmessage_put(&r->out, &m);
}

static int connect_runner(engine *e)
{
  engine_runner *r = &e->runner;
  int fds[S6RC_RUNNER_NFDS] = {0, 1, 2};
  char hello[S6RC_RUNNER_HELLO_SIZE] = {S6RC_RUNNER_HELLO, S6RC_RUNNER_VERSION};
  unixmessage m = {.s = hello, .len = sizeof hello, .fds = fds, .nfds = S6RC_RUNNER_NFDS};
  int fd = ipc_stream_nbcoe();
  if (fd < 0) return 0;
  if (!ipc_timed_connect_g(fd, SOCKET, &e->options->deadline)) goto err;
  memcpy(hello + 2, s6rc_db_digest(e->db), S6RC_DIGEST_SIZE);
  unixmessage_sender_init(&r->out, fd);
  if (!unixmessage_receiver_init(&r->in, fd, r->inbuf, sizeof r->inbuf, r->auxbuf, sizeof r->auxbuf))
    goto err;
  if (!unixmessage_put(&r->out, &m)) {
    unixmessage_sender_free(&r->out);
    unixmessage_receiver_free(&r->in);
    goto err;
  }
  r->fd = fd;
  return 1;
err:
  fd_close(fd);
  return 0;
}

static void disconnect_runner(engine *e)
{
  engine_runner *r = &e->runner;
  unixmessage_sender_free(&r->out);
  unixmessage_receiver_free(&r->in);
  fd_close(r->fd);
  r->fd = -1;
  r->welcome = 0;
}

void engine_runner_free(engine *e)
{
  if (e->runner.fd < 0) return;
  unixmessage_sender_flush(&e->runner.out); /* the run is over: as much as can be said at once */
  disconnect_runner(e);
}

void engine_oneshot_stop(engine *e)
{
  static char const stop[S6RC_RUNNER_STOP_SIZE] = {S6RC_RUNNER_STOP};
  /* if this fails, so does the rest, and they hang up */
  if (e->runner.fd >= 0) put(&e->runner, stop, sizeof stop);
}

static void fail_scripts(engine *e, int err, char const *why)
{
  e->runner.waiting = 0;
  for (uint32_t i = 0; i < e->plan->n; i++)
    if (JOB(e, i)->status == ENGINE_RUNNING && JOB(e, i)->type == S6RC_ONESHOT)
      engine_fail(e, i, ENGINE_FAIL_RUNNER, err, why);
}

/* Nobody answers: its supervisor may be about to start it again, which takes
   up to a second. */
static void wait_for_runner(engine *e, int err)
{
  engine_runner *r = &e->runner;
  if (!r->waiting) {
    engine_after(&r->patience, RUNNER_MS);
    r->waiting = 1;
  } else if (!tain_future(&r->patience)) {
    fail_scripts(e, err, "connect to it");
    return;
  }
  engine_after(&r->next, RETRY_MS);
}

static int is_absent(int err)
{
  return err == ECONNREFUSED || err == ENOENT;
}

/* Every script that was to be reported on this connection is lost to us. */
static void lose_runner(engine *e, int err, char const *why)
{
  /* what is still in the queue is not to be carried out any more */
  disconnect_runner(e);
  fail_scripts(e, err, why);
}

/* If it died before we knew that it knew us, another one will do: whatever was
   begun has noted itself. */
static void hung_up(engine *e, int err, char const *why)
{
  if (e->runner.welcome || e->runner.hungup || e->interrupted) {
    lose_runner(e, err, why);
    return;
  }
  disconnect_runner(e);
  e->runner.hungup = 1;
  wait_for_runner(e, err);
}

static unsigned int script_of(engine const *e)
{
  return e->plan->reload ? S6RC_SCRIPT_RELOAD : (unsigned int)e->plan->dir;
}

/* The script's first word; null if there is none. */
static char const *program(engine const *e, uint32_t number)
{
  s6rc_service sv;
  if (!s6rc_db_service(e->db, number, &sv)) return "its script"; /* the runner will say why */
  return sv.script[script_of(e)].argc ? sv.script[script_of(e)].s : 0;
}

static void request(engine *e, uint32_t i)
{
  char m[S6RC_RUNNER_RUN_SIZE] = {S6RC_RUNNER_RUN, (char)script_of(e)};
  s6rc_le32_put((unsigned char *)m + 2, JOB(e, i)->number);
  if (!put(&e->runner, m, sizeof m)) engine_fail(e, i, ENGINE_FAIL_SYSTEM, errno, "queue a request");
}

void engine_oneshot_start(engine *e, uint32_t i)
{
  if (!program(e, JOB(e, i)->number))
    engine_done(e, i);
  else if (e->runner.waiting)
    return;
  else if (e->runner.fd >= 0 || connect_runner(e))
    request(e, i);
  else if (is_absent(errno))
    wait_for_runner(e, errno);
  else
    engine_fail(e, i, ENGINE_FAIL_RUNNER, errno, "connect to it");
}

void engine_runner_try(engine *e)
{
  if (!e->runner.waiting || tain_future(&e->runner.next)) return;
  if (!connect_runner(e)) {
    if (is_absent(errno))
      wait_for_runner(e, errno);
    else
      fail_scripts(e, errno, "connect to it");
    return;
  }
  e->runner.waiting = 0;
  for (uint32_t i = 0; i < e->plan->n; i++)
    if (JOB(e, i)->status == ENGINE_RUNNING && JOB(e, i)->type == S6RC_ONESHOT) request(e, i);
}

void engine_oneshot_kill(engine *e, uint32_t i)
{
  char m[S6RC_RUNNER_KILL_SIZE] = {S6RC_RUNNER_KILL};
  if (e->runner.fd < 0) return;
  s6rc_le32_put((unsigned char *)m + 1, JOB(e, i)->number);
  put(&e->runner, m, sizeof m);
}

int engine_runner_busy(engine const *e)
{
  return e->runner.fd >= 0 && !unixmessage_sender_isempty(&e->runner.out);
}

void engine_runner_fds(engine const *e, iopause_fd *x)
{
  engine_runner const *r = &e->runner;
  x->fd = r->fd;
  x->events = IOPAUSE_READ | (engine_runner_busy(e) ? IOPAUSE_WRITE : 0);
  x->revents = 0;
}

static uint32_t job_of(engine const *e, uint32_t number)
{
  uint32_t low = 0, high = e->plan->n;
  while (low < high) {
    uint32_t mid = low + (high - low) / 2;
    if (JOB(e, mid)->number < number)
      low = mid + 1;
    else
      high = mid;
  }
  return low < e->plan->n && JOB(e, low)->number == number ? low : S6RC_NONE;
}

static int script_ended(engine *e, unsigned char const *s)
{
  static engine_failure const failures[] = {[S6RC_END_EXITED] = ENGINE_FAIL_EXITED,
                                            [S6RC_END_SIGNALED] = ENGINE_FAIL_SIGNALED,
                                            [S6RC_END_NOTRUN] = ENGINE_FAIL_NOEXEC};
  uint32_t job = job_of(e, s6rc_le32(s + 2));
  int value = (int)s6rc_le32(s + 6);
  if (job == S6RC_NONE || s[1] >= sizeof failures / sizeof *failures) return 0;
  /* one whose time was up has been given up already */
  if (JOB(e, job)->status != ENGINE_RUNNING) return 1;
  if (s[1] == S6RC_END_NOTRUN && value == ECANCELED && e->interrupted) {
    engine_fail(e, job, ENGINE_FAIL_INTERRUPTED, 0, 0);
    return 1;
  }
  if (s[1] == S6RC_END_EXITED && !value)
    engine_done(e, job);
  else
    engine_fail(e, job, failures[s[1]], value, program(e, JOB(e, job)->number));
  return 1;
}

/* 1; 0: not a message of ours */
static int handle_message(engine *e, unixmessage const *m)
{
  if (!m->len || m->nfds) return 0;
  switch (m->s[0]) {
    case S6RC_RUNNER_WELCOME: return e->runner.welcome = m->len == S6RC_RUNNER_WELCOME_SIZE;
    case S6RC_RUNNER_END:
      return e->runner.welcome && m->len == S6RC_RUNNER_END_SIZE &&
             script_ended(e, (unsigned char const *)m->s);
    case S6RC_RUNNER_REFUSE:
      e->path.len = 0;
      if (stralloc_cats(&e->path, "it refuses: ") && stralloc_catb(&e->path, m->s + 1, m->len - 1) &&
          stralloc_0(&e->path))
        lose_runner(e, 0, e->path.s);
      return 1;
    default: return 0;
  }
}

void engine_runner_handle(engine *e, iopause_fd const *x)
{
  engine_runner *r = &e->runner;
  int unwritable = 0;
  if (r->fd < 0) return;
  if (x->revents & (IOPAUSE_WRITE | IOPAUSE_EXCEPT) && !unixmessage_sender_flush(&r->out) &&
      !error_isagain(errno))
    unwritable = errno;
  if (!unwritable && !(x->revents & (IOPAUSE_READ | IOPAUSE_EXCEPT))) return;
  while (r->fd >= 0) {
    unixmessage m;
    int k = unixmessage_receive(&r->in, &m);
    if (!k) {
      /* it had nothing more to say before it went */
      if (unwritable) hung_up(e, unwritable, "write to it");
      return;
    }
    if (k < 0) {
      hung_up(e, errno == EPIPE ? 0 : errno, errno == EPIPE ? "it hung up" : "read from it");
      return;
    }
    if (handle_message(e, &m)) continue;
    unixmessage_drop(&m);
    lose_runner(e, 0, "it does not speak our protocol");
  }
}
