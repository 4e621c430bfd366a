/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/unix-transactional.h>

#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/state.h>

#include "update.h"

/* the mark of a service that has to be up */
enum { MARK = 1 };

int update_forget(int fd)
{
  /* the record first: what it says must not be done again once what has been
     done is not noted any more. Whatever is left without it is removed by the
     next one. */
  return s6rc_treeremoveat(fd, UPDATE_RECORD) && s6rc_treeremoveat(fd, UPDATE_STATE_BEFORE) &&
         s6rc_treeremoveat(fd, UPDATE_STATE_AFTER) && s6rc_treeremoveat(fd, UPDATE_PIPES);
}

update_phase update_find(int fd)
{
  char word[sizeof UPDATE_RECORD_NEW];
  ssize_t r = openreadnclose_at(fd, UPDATE_RECORD, word, sizeof word);
  if (r < 0) return errno == ENOENT ? UPDATE_NONE : UPDATE_UNREADABLE;
  if (r == sizeof UPDATE_RECORD_NEW && !memcmp(word, UPDATE_RECORD_NEW, sizeof UPDATE_RECORD_NEW))
    return UPDATE_AFTER_SWITCH;
  /* a record that was cut short is that of an update that had not begun */
  return UPDATE_BEFORE_SWITCH;
}

static engine_result start(update_context *c, int fd, s6rc_db const *db, unsigned char const *target,
                           int insist)
{
  uint32_t n = s6rc_db_n(db);
  unsigned char *state = malloc(n), *mark = calloc(n, 1);
  engine_plan plan = ENGINE_PLAN_ZERO;
  engine_result r = ENGINE_SYSTEM;
  if (state && mark && s6rc_state_read(fd, state, n)) {
    for (uint32_t i = 0; i < n; i++)
      if (target[i] & S6RC_STATE_UP) mark[i] = MARK;
    if (s6rc_db_closure(db, S6RC_UP, mark, MARK) && engine_plan_make(&plan, db, state, mark, MARK, S6RC_UP)) {
      plan.insist = insist;
      r = (*c->carry_out)(&plan, db, fd, target, c->data);
      engine_plan_free(&plan);
    }
  }
  int e = errno;
  free(state);
  free(mark);
  errno = e;
  return r;
}

/* A state that the update has put aside. Absent, or of another size: it had
   not come so far. */
static int read_target(int fd, char const *name, unsigned char *s, uint32_t n)
{
  ssize_t r = openreadnclose_at(fd, name, (char *)s, n);
  if (r < 0 && errno != ENOENT) return 0;
  if (r != (ssize_t)n) memset(s, 0, n);
  return 1;
}

/* The public name as the update knew it: absolute. */
static int read_name(int fd, stralloc *sa)
{
  size_t kind;
  if (!openslurpclose_at(fd, UPDATE_RECORD, sa) || !stralloc_0(sa)) return 0;
  kind = strlen(sa->s) + 1;
  if (kind >= sa->len) return 1;
  memmove(sa->s, sa->s + kind, sa->len - kind);
  sa->len -= kind;
  return 1;
}

/* Who was killed was listening to services. */
static int clean_events(int fd, s6rc_db const *db)
{
  int ok = 1, e;
  int sd = open2_at(fd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (sd < 0) return 0;
  for (uint32_t i = 0; ok && i < db->nlongruns; i++) {
    s6rc_service sv;
    ok = s6rc_db_service(db, i, &sv) && s6rc_listen_clean(sd, sv.name);
  }
  e = errno;
  close(sd);
  errno = e;
  return ok;
}

/* What was going to be stopped may have been, although the state does not
   say so: it was killed in between. Bringing up what is up does no harm; and
   its supervisor may have a command to stop it that it has not read yet. */
static int distrust(update_context const *c, int fd, unsigned char const *before, uint32_t n)
{
  unsigned char *state = malloc(n);
  int ok = state && s6rc_state_read(fd, state, n), e;
  for (uint32_t i = 0; ok && i < n; i++)
    if (before[i] & UPDATE_STOPS && !(c->untouched && c->untouched[i])) state[i] = 0;
  ok = ok && s6rc_state_write(fd, state, n);
  e = errno;
  free(state);
  errno = e;
  return ok;
}

int update_recover(update_context *c, update_phase phase, int fd, s6rc_db const *db, engine_result *result)
{
  uint32_t n = s6rc_db_n(db);
  unsigned char *target = malloc(n);
  stralloc name = STRALLOC_ZERO;
  char const *live = c->live;
  int before = phase == UPDATE_BEFORE_SWITCH;
  int ok = target && read_name(fd, &name) && clean_events(fd, db);
  /* a record that was cut short does not have it: nothing had begun */
  if (ok && name.s[0] == '/') c->live = name.s;
  ok = ok && read_target(fd, before ? UPDATE_STATE_BEFORE : UPDATE_STATE_AFTER, target, n) &&
       (before ? distrust(c, fd, target, n) && update_clean(c, fd) : update_complete(c, fd, db));
  if (ok) {
    *result = start(c, fd, db, target, before);
    ok = *result != ENGINE_SYSTEM && update_forget(fd);
    if (!ok) {
      int why = errno;
      s6rc_path_set(&c->where, *result == ENGINE_SYSTEM ? "starting services" : "the record of the update");
      errno = why;
    }
  }
  int e = errno;
  c->live = live;
  free(target);
  stralloc_free(&name);
  errno = e;
  return ok;
}
