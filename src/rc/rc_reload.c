/* ISC license. */

#include <errno.h>
#include <string.h>
#include <signal.h>
#include <fcntl.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/sig.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>
#include <skalibs/unix-transactional.h>

#include <s6/config.h>

#include <s6-rc/path.h>

#include "../cli/cli.h"
#include "rc.h"

#define RELOAD_SIGNAL "reload-signal"

/* The first s6 whose s6-svc -l sends the reload signal by itself. */
static unsigned int const with_reload[] = {2, 15, 1, 0};

enum { MAXSIGNAL = 64 }; /* bytes of a reload-signal file that can be right */

/* The options of an older s6-svc that send a signal. */
static struct {
  int sig;
  char letter;
} const letters[] = {{SIGALRM, 'a'}, {SIGABRT, 'b'}, {SIGQUIT, 'q'}, {SIGHUP, 'h'},
                     {SIGKILL, 'k'}, {SIGTERM, 't'}, {SIGINT, 'i'},  {SIGUSR1, '1'},
                     {SIGUSR2, '2'}, {SIGSTOP, 'p'}, {SIGCONT, 'c'}, {SIGWINCH, 'y'}};

static int s6_has_reload(void)
{
  char const *s = S6_VERSION;
  for (size_t i = 0; i < sizeof with_reload / sizeof *with_reload; i++) {
    unsigned int u = 0;
    s += uint_scan(s, &u);
    if (u != with_reload[i]) return u > with_reload[i];
    if (*s == '.') s++;
  }
  return 1;
}

/* What s6-svc has to be told; dies if it cannot be told. */
static char letter_for(rc const *o, char const *name)
{
  char buf[MAXSIGNAL + 1];
  stralloc path = STRALLOC_ZERO;
  int sig = SIGHUP;
  ssize_t r;
  if (s6_has_reload()) return 'l';
  if (!s6rc_path_set(&path, S6RC_SERVICEDIRS) || !s6rc_path_push(&path, name) ||
      !s6rc_path_push(&path, RELOAD_SIGNAL))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read the reload signal of ", name);
  r = openreadnclose_at(o->live.fd, path.s, buf, MAXSIGNAL);
  if (r < 0 && errno != ENOENT)
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read ", path.s, " in live directory ", o->livepath);
  if (r >= 0) {
    buf[r] = 0;
    buf[strcspn(buf, "\n")] = 0;
    if (!sig0_scan(buf, &sig)) sig = 0;
  }
  stralloc_free(&path);
  for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
    if (letters[i].sig == sig) return letters[i].letter;
  strerr_dief(S6RC_EXIT_FAILED, "service ", name, ": the signal in its reload-signal (", buf,
              ") is none that s6-svc of s6 " S6_VERSION " can send");
}

int rc_reload(rc *o)
{
  engine_plan plan;
  engine_result r;
  for (uint32_t i = 0; i < s6rc_db_n(&o->live.db); i++) {
    s6rc_service sv;
    if (!(o->mark[i] & RC_SELECTED) || o->live.state[i] & S6RC_STATE_UP) continue;
    if (!s6rc_db_service(&o->live.db, i, &sv)) rc_die_damaged(o);
    strerr_dief(S6RC_EXIT_FAILED, "service ", sv.name, " is not up: it cannot be reloaded");
  }
  if (!engine_plan_reload(&plan, &o->live.db, o->mark, RC_SELECTED)) rc_die_damaged(o);
  for (uint32_t i = 0; i < plan.n; i++)
    if (plan.jobs[i].type == S6RC_LONGRUN) plan.jobs[i].letter = letter_for(o, plan.jobs[i].name);
  rc_start_clock(o);
  r = rc_carry_out(o, &plan);
  engine_plan_free(&plan);
  return rc_exit_code(r);
}
