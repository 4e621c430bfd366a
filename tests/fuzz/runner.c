/* ISC license. */

/* The oneshot runner's protocol: what the runner makes of a client's bytes,
   what s6-rc makes of a runner's, and what both make of each other. The first
   byte says which; the others are steps (enum step_e), each with its operands.
   The runner's children are made up here: nothing is executed. */

#include "fuzz.h"

#include <skalibs/iopause.h>

#include <s6-rc/db.h>
#include <s6-rc/live.h>
#include <s6-rc/types.h>

#include "report/report.h"

#include "../unit/dbtext.h"
#include "frames.h"
#include "processes.h"

#define put            server_put
#define handle_message server_handle
#include "runner/runner_serve.c"
#undef put
#undef handle_message

#include "engine/engine_oneshot.c"

static char const text[] = "l a; o b : a; o c : b; o d; o e";
enum { JOBS_MAX = 8 };

enum mode_e { SERVER, CLIENT_, BOTH, NMODES };

/* n, k: bytes; w: two bytes */
enum step_e {
  RAW,    /* n, n bytes, k: sent as they are, with k descriptors */
  FRAME,  /* n, n bytes, k: a message, with k descriptors */
  HELLO,  /* from here on: messages that are right, almost */
  ODD,    /* n, k: hello of version n with k descriptors */
  RUN,    /* n, k: script k of service n; start of job n, if both are there */
  KILL,   /* n; S6RC_RUNNER_STOP: nothing more is to be started */
  END,    /* k, n, w: a script of service n ended in way k, with value w */
  REFUSE, /* n, n bytes */
  DIES,   /* n, w: a child of the runner ends */
  FAILS,  /* n: the next process cannot be started: errno n */
  HELD,   /* n: children wait for their turn, and end only if they are killed (bit 0) */
  SPLIT,  /* n: of the next message, n bytes come first */
  HANGUP, /* the other end goes */
  NSTEPS
};

static s6rc_db db;
static char *livename;

/* --- the engine, as far as it is asked */

static engine_plan plan;
static int misunderstood;

void engine_done(engine *e, uint32_t i)
{
  CHECK(JOB(e, i)->status == ENGINE_RUNNING);
  JOB(e, i)->status = ENGINE_DONE;
}

void engine_fail(engine *e, uint32_t i, engine_failure f, int value, char const *detail)
{
  stralloc sa = STRALLOC_ZERO;
  engine_job *job = JOB(e, i);
  CHECK(job->status == ENGINE_RUNNING);
  job->status = ENGINE_FAILED;
  job->failure = f;
  job->value = value;
  free(job->detail);
  job->detail = detail ? strdup(detail) : 0;
  misunderstood |= f == ENGINE_FAIL_RUNNER && detail && !!strstr(detail, "protocol");
  CHECK(report_failure(&sa, job, plan.dir));
  fuzz_touch(sa.s, sa.len);
  stralloc_free(&sa);
}

/* --- both ends */

typedef struct ends_s ends;
struct ends_s {
  enum mode_e mode;
  int peer;   /* where the steps send to: the other end of what is tested; -1: it has gone */
  int server; /* the runner's descriptor; -1 */
  runner *r;  /* null: there is none */
  engine e;
  unixmessage_receiver in; /* of what the runner says, if nobody else reads it */
  char inbuf[UNIXMESSAGE_BUFSIZE];
  char auxbuf[UNIXMESSAGE_AUXBUFSIZE];
  int lawful; /* the steps are messages that are understood so far */
  uint32_t nruns, nends;
};
static ends *x;

static void start_all(void)
{
  s6rc_db_close(&db);
  dbtext_open(&db, fuzz_path(S6RC_LIVE_COMPILED), text);
  livename = strdup(fuzz_dir());
  nullfd = open("/dev/null", O_RDWR | O_CLOEXEC);
  CHECK(livename && nullfd >= 0);
}

static void make_server(int fd)
{
  runner *r = x->r = calloc(1, sizeof *r);
  CHECK(r);
  *r = (runner){.live = livename, .db = S6RC_DB_ZERO, .lockfd = -1, .notesfd = -1, .fds = {-1, -1, -1}};
  CHECK(pipecoe(r->failures) >= 0 && ndelay_on(r->failures[0]) >= 0 && pipecoe(r->lifeline) >= 0);
  failures = r->failures[1];
  unixmessage_sender_init(&r->out, fd);
  CHECK(unixmessage_receiver_init(&r->in, fd, r->inbuf, sizeof r->inbuf, r->auxbuf, sizeof r->auxbuf));
  x->server = fd;
}

static void free_server(void)
{
  runner *r = x->r;
  unixmessage_sender_free(&r->out);
  unixmessage_receiver_free(&r->in);
  genalloc_free(runner_kid, &r->kids);
  genalloc_free(runner_request, &r->queue);
  for (unsigned int i = 0; i < S6RC_RUNNER_NFDS; i++)
    if (r->fds[i] >= 0) close(r->fds[i]);
  s6rc_db_close(&r->db);
  close(r->failures[0]);
  close(r->failures[1]);
  close(r->lifeline[0]);
  if (r->lifeline[1] >= 0) close(r->lifeline[1]);
  failures = -1;
  free(r);
  close(x->server);
}

static void make_client(int fd)
{
  static engine_options const options = {.statefd = -1, .recordsfd = -1};
  unsigned char state[DBTEXT_MAX] = {0}, mark[DBTEXT_MAX];
  engine_runner *er = &x->e.runner;
  int fds[S6RC_RUNNER_NFDS] = {nullfd, nullfd, nullfd};
  char hello[S6RC_RUNNER_HELLO_SIZE] = {S6RC_RUNNER_HELLO, S6RC_RUNNER_VERSION};
  unixmessage m = {.s = hello, .len = sizeof hello, .fds = fds, .nfds = S6RC_RUNNER_NFDS};
  memset(mark, 1, sizeof mark);
  CHECK(engine_plan_make(&plan, &db, state, mark, 1, S6RC_UP) && plan.n <= JOBS_MAX);
  x->e.plan = &plan;
  x->e.db = &db;
  x->e.options = &options;
  memcpy(hello + 2, s6rc_db_digest(&db), S6RC_DIGEST_SIZE);
  unixmessage_sender_init(&er->out, fd);
  CHECK(unixmessage_receiver_init(&er->in, fd, er->inbuf, sizeof er->inbuf, er->auxbuf, sizeof er->auxbuf));
  CHECK(unixmessage_put(&er->out, &m));
  er->fd = fd;
}

static void free_client(void)
{
  engine_runner_free(&x->e);
  stralloc_free(&x->e.path);
  engine_plan_free(&plan);
}

/* What the runner has said, where the steps are the client. */
static void read_answers(void)
{
  unixmessage m;
  int k;
  while ((k = unixmessage_receive(&x->in, &m)) > 0) {
    unsigned char const *s = (unsigned char const *)m.s;
    CHECK(m.len && !m.nfds);
    switch (s[0]) {
      case S6RC_RUNNER_WELCOME: CHECK(m.len == S6RC_RUNNER_WELCOME_SIZE); break;
      case S6RC_RUNNER_REFUSE: CHECK(m.len > 1 && !memchr(s, 0, m.len)); break;
      case S6RC_RUNNER_END:
        CHECK(m.len == S6RC_RUNNER_END_SIZE && s[1] <= S6RC_END_NOTRUN);
        x->nends++;
        break;
      default: FAIL("the runner has said something else");
    }
  }
}

static void pump_server(void)
{
  runner *r = x->r;
  if (!r->gone) read_client(r);
  if (!r->gone && !unixmessage_sender_flush(&r->out) && !error_isagain(errno)) r->gone = 1;
  if (r->gone) runner_stop(r);
}

static void pump_client(void)
{
  iopause_fd p;
  if (x->e.runner.fd < 0) return;
  engine_runner_fds(&x->e, &p);
  p.revents = p.events;
  engine_runner_handle(&x->e, &p);
  /* what was lost is lost for all */
  for (uint32_t i = 0; x->e.runner.fd < 0 && i < plan.n; i++) CHECK(JOB(&x->e, i)->status != ENGINE_RUNNING);
}

static void pump(void)
{
  if (x->mode != SERVER) pump_client();
  if (x->r) pump_server();
  if (x->mode == SERVER && x->peer >= 0) read_answers();
  if (x->mode == BOTH) pump_client();
}

/* --- the steps */

static uint32_t number(unsigned int byte)
{
  return byte < 128 ? byte % (s6rc_db_n(&db) + 1) : byte == 255 ? S6RC_NONE : byte;
}

static void say_hello(unsigned int version, unsigned int nfds)
{
  char m[S6RC_RUNNER_HELLO_SIZE] = {S6RC_RUNNER_HELLO, (char)version};
  memcpy(m + 2, s6rc_db_digest(&db), S6RC_DIGEST_SIZE);
  send_frame(x->peer, m, sizeof m, nfds);
}

static void start_job(uint32_t i)
{
  engine *e = &x->e;
  i %= plan.n;
  if (e->runner.fd < 0 || JOB(e, i)->status != ENGINE_WAITING || JOB(e, i)->type != S6RC_ONESHOT) return;
  JOB(e, i)->status = ENGINE_RUNNING;
  engine_oneshot_start(e, i);
}

static void run(unsigned int n, unsigned int k)
{
  char m[S6RC_RUNNER_RUN_SIZE] = {S6RC_RUNNER_RUN, (char)k};
  if (x->mode != SERVER) {
    start_job(n);
    return;
  }
  s6rc_le32_put((unsigned char *)m + 2, number(n));
  x->nruns++;
  x->lawful &= x->r->greeted && k < S6RC_NSCRIPTS;
  send_frame(x->peer, m, sizeof m, 0);
}

static void kill_one(unsigned int n)
{
  static char const stop[S6RC_RUNNER_STOP_SIZE] = {S6RC_RUNNER_STOP};
  char m[S6RC_RUNNER_KILL_SIZE] = {S6RC_RUNNER_KILL};
  uint32_t i = plan.n ? n % plan.n : 0;
  if (x->mode != SERVER) {
    /* its time is up */
    if (JOB(&x->e, i)->status != ENGINE_RUNNING) return;
    engine_oneshot_kill(&x->e, i);
    engine_fail(&x->e, i, ENGINE_FAIL_TIMEDOUT, 1, 0);
    return;
  }
  x->lawful &= x->r->greeted;
  if (n == S6RC_RUNNER_STOP) {
    send_frame(x->peer, stop, sizeof stop, 0);
    return;
  }
  s6rc_le32_put((unsigned char *)m + 1, number(n));
  send_frame(x->peer, m, sizeof m, 0);
}

static void say_end(unsigned int how, unsigned int n, unsigned int value)
{
  char m[S6RC_RUNNER_END_SIZE] = {S6RC_RUNNER_END, (char)how};
  s6rc_le32_put((unsigned char *)m + 2, number(n));
  s6rc_le32_put((unsigned char *)m + 6, value < 0x8000 ? value : value << 16 | value);
  send_frame(x->peer, m, sizeof m, 0);
}

static void hang_up(void)
{
  x->lawful = 0;
  if (x->mode == BOTH) {
    if (x->r) free_server();
    x->r = 0;
    nkids = 0;
    return;
  }
  if (x->peer >= 0) close(x->peer);
  x->peer = -1;
}

/* Sends to what is tested; in BOTH there is nobody to send. */
static void send_step(enum step_e step, fuzz_input *in)
{
  fuzz_input part;
  stralloc sa = STRALLOC_ZERO;
  unsigned int n, k;
  char const letter = S6RC_RUNNER_REFUSE, welcome[] = {S6RC_RUNNER_WELCOME, S6RC_RUNNER_VERSION};
  if (x->mode == BOTH || x->peer < 0) return;
  switch (step) {
    case RAW:
    case FRAME:
      fuzz_part(in, fuzz_byte(in), &part);
      k = fuzz_byte(in) % (FDS_MAX + 1);
      x->lawful = 0;
      if (step == RAW)
        send_bytes(x->peer, (char const *)part.s, part.len, k);
      else
        send_frame(x->peer, part.s, part.len, k);
      break;
    case HELLO:
      if (x->mode == CLIENT_)
        send_frame(x->peer, welcome, sizeof welcome, 0);
      else {
        x->lawful &= !x->r->greeted;
        say_hello(S6RC_RUNNER_VERSION, S6RC_RUNNER_NFDS);
      }
      break;
    case ODD:
      n = fuzz_byte(in);
      x->lawful = 0;
      say_hello(n, fuzz_byte(in) % (FDS_MAX + 1));
      break;
    case END:
      k = fuzz_byte(in);
      n = fuzz_byte(in);
      x->lawful = 0;
      say_end(k, n, fuzz_word(in));
      break;
    default: /* REFUSE */
      fuzz_part(in, fuzz_byte(in), &part);
      x->lawful = 0;
      CHECK(stralloc_catb(&sa, &letter, 1) && stralloc_readyplus(&sa, part.len + 1));
      if (part.len) CHECK(stralloc_catb(&sa, (char const *)part.s, part.len));
      send_frame(x->peer, sa.s, sa.len, 0);
      stralloc_free(&sa);
  }
}

static void take_step(fuzz_input *in)
{
  enum step_e step = (enum step_e)(fuzz_byte(in) % NSTEPS);
  unsigned int n;
  switch (step) {
    case RUN:
      n = fuzz_byte(in);
      if (x->mode == SERVER && x->peer < 0) return;
      run(n, fuzz_byte(in) % (S6RC_NSCRIPTS + 1));
      break;
    case KILL:
      n = fuzz_byte(in);
      if (x->mode != SERVER || x->peer >= 0) kill_one(n);
      break;
    case DIES:
      n = fuzz_byte(in);
      end_kid(n, fuzz_word(in));
      if (x->r) runner_reap(x->r);
      break;
    case FAILS: failure = (int)fuzz_byte(in); break;
    case HELD: held = (int)fuzz_byte(in); break;
    case SPLIT: split = fuzz_byte(in); break;
    case HANGUP: hang_up(); break;
    default: send_step(step, in);
  }
  pump();
}

/* All scripts end well. Whoever was told of as many as were asked for, and
   nobody waits. */
static void finish(void)
{
  held = failure = 0;
  pump();
  while (nkids) {
    for (unsigned int i = 0; i < nkids; i++)
      if (!kids[i].ended) end(i, 0);
    runner_reap(x->r);
    pump();
  }
  if (x->r) CHECK(!genalloc_len(runner_kid, &x->r->kids));
  if (x->mode == SERVER && x->lawful) CHECK(!x->r->gone && x->nruns == x->nends);
  if (x->mode == BOTH) {
    CHECK(!misunderstood);
    for (uint32_t i = 0; i < plan.n; i++) CHECK(JOB(&x->e, i)->status != ENGINE_RUNNING);
  }
}

int LLVMFuzzerTestOneInput(uint8_t const *s, size_t len)
{
  fuzz_input in = {s, len};
  int fds[2], before, after;
  if (!livename) start_all();
  before = dup(nullfd);
  close(before);
  CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  CHECK(ndelay_on(fds[0]) >= 0 && ndelay_on(fds[1]) >= 0);
  x = calloc(1, sizeof *x);
  CHECK(x);
  x->mode = (enum mode_e)(fuzz_byte(&in) % NMODES);
  x->e.runner.fd = x->server = x->peer = -1;
  x->lawful = 1;
  nkids = split = 0;
  failure = held = misunderstood = 0;
  if (x->mode != CLIENT_) make_server(fds[0]);
  if (x->mode == SERVER) {
    x->peer = fds[1];
    CHECK(unixmessage_receiver_init(&x->in, fds[1], x->inbuf, sizeof x->inbuf, x->auxbuf, sizeof x->auxbuf));
  } else
    make_client(fds[1]);
  if (x->mode == CLIENT_) x->peer = fds[0];
  while (in.len) take_step(&in);
  finish();
  if (x->mode == SERVER)
    unixmessage_receiver_free(&x->in);
  else
    free_client();
  if (x->r) free_server();
  if (x->peer >= 0) close(x->peer);
  free(x);
  after = dup(nullfd);
  close(after);
  CHECK(after == before);
  return 0;
}
