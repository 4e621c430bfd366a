/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/unix-transactional.h>

#include <s6/s6.h>

#include <s6-rc/mark.h>
#include <s6-rc/path.h>
#include <s6-rc/supervisor.h>

#include "status.h"

#define NOTIFICATION "notification-fd"

/* s6-supervise keeps no more deaths than this */
enum { MAXTALLY = 4096 };

typedef struct reader_s reader;
struct reader_s {
  status *st;
  s6rc_live const *live;
  s6rc_records records;
  int servicedirs;
  stralloc path;
};

/* NAME/file in x->path */
static int make_path(reader *x, status_service const *sv, char const *file)
{
  x->path.len = 0;
  return s6rc_path_pushb(&x->path, sv->name, sv->namelen) && s6rc_path_push(&x->path, file);
}

/* The deaths since s6-rc began to start it; all that are known, if that is
   not. A file that is being written may end with half a death. 1; 0 and errno */
static int count_deaths(reader *x, status_service *sv)
{
  char buf[MAXTALLY * S6_DTALLY_PACK];
  ssize_t r;
  if (!make_path(x, sv, S6_DTALLY_FILENAME)) return 0;
  r = openreadnclose_at(x->servicedirs, x->path.s, buf, sizeof buf);
  if (r < 0 && errno != ENOENT) return 0;
  sv->tallied = 1;
  for (ssize_t at = 0; at + S6_DTALLY_PACK <= r; at += S6_DTALLY_PACK) {
    s6_dtally_t death;
    s6_dtally_unpack(buf + at, &death);
    sv->restarts += sv->record.direction != S6RC_RECORD_UP || tain_less(&sv->record.begin, &death.stamp);
  }
  return 1;
}

static status_real real_state(s6_svstatus_t const *s)
{
  if (!s->pid) return STATUS_DOWN;
  if (s->flagfinishing) return STATUS_FINISHING;
  return s->flagpaused ? STATUS_PAUSED : STATUS_UP;
}

/* 1; 0 and errno */
static int look_for_notification(reader *x, status_service *sv)
{
  if (!make_path(x, sv, NOTIFICATION)) return 0;
  sv->notifies = !faccessat(x->servicedirs, x->path.s, F_OK, 0);
  return sv->notifies || errno == ENOENT;
}

/* 1; 0 and errno: not all of it could be read. */
static int read_longrun(reader *x, status_service *sv)
{
  s6_svstatus_t s = S6_SVSTATUS_ZERO;
  int supervised = s6rc_supervisor_runs(x->servicedirs, sv->name, &x->path);
  int known = supervised < 0 ? -1 : s6rc_supervisor_status(x->servicedirs, sv->name, &s, &x->path);
  if (known < 0) return 0;
  if (!supervised || !known) {
    sv->real = STATUS_UNSUPERVISED;
    return 1;
  }
  sv->real = real_state(&s);
  sv->supervisorwants = s.flagwantup;
  sv->pid = s.pid;
  sv->since = s.stamp;
  /* of what is down, the flag says something else */
  if (sv->real == STATUS_UP || sv->real == STATUS_PAUSED) {
    sv->ready = s.flagready;
    sv->notifies = sv->ready;
    if (!sv->ready && !look_for_notification(x, sv)) return 0;
  }
  return !sv->wanted || count_deaths(x, sv);
}

/* Of what only s6-rc knows, and of longruns whose supervisor does not tell. */
static void take_since_from_record(status_service *sv)
{
  if (sv->record.result == S6RC_RESULT_DONE &&
      sv->record.direction == (sv->wanted ? S6RC_RECORD_UP : S6RC_RECORD_DOWN))
    sv->since = sv->record.end;
}

static int read_culprit(reader *x, status_service *sv)
{
  s6rc_service culprit;
  if (sv->record.result != S6RC_RESULT_BLOCKED || sv->record.value >= s6rc_db_n(&x->live->db)) return 1;
  if (!s6rc_db_service(&x->live->db, sv->record.value, &culprit)) return 0;
  sv->culprit = culprit.name;
  return 1;
}

static int read_service(reader *x, uint32_t i, status_service *sv)
{
  s6rc_service s;
  unsigned char state = x->live->state[i];
  if (!s6rc_db_service(&x->live->db, i, &s)) return 0;
  *sv = (status_service){.number = i,
                         .name = s.name,
                         .namelen = s.namelen,
                         .type = s.type,
                         .wanted = !!(state & S6RC_STATE_UP),
                         .explicitly = state & S6RC_STATE_UP && state & S6RC_STATE_WANTED};
  sv->damaged = !s6rc_records_get(&x->records, i, &sv->record);
  sv->killed = s6rc_record_killed(&x->records, &sv->record);
  if (!read_culprit(x, sv)) return 0;
  if (s.type != S6RC_LONGRUN)
    sv->real = sv->wanted ? STATUS_UP : STATUS_DOWN;
  else if (!read_longrun(x, sv)) {
    x->st->unreadable++;
    x->st->error = errno;
    x->st->example = sv->name;
  }
  if (s.type != S6RC_LONGRUN || sv->real == STATUS_UNKNOWN) take_since_from_record(sv);
  sv->problem = status_judge(sv);
  return 1;
}

int status_read(status *st, s6rc_live const *live, unsigned char const *mark)
{
  reader x = {.st = st, .live = live, .records = S6RC_RECORDS_ZERO, .servicedirs = -1};
  uint32_t n = s6rc_db_n(&live->db), marked = 0;
  int ok = 0, e;
  *st = (status)STATUS_ZERO;
  for (uint32_t i = 0; i < n; i++) marked += !!mark[i];
  st->services = malloc(((size_t)marked + 1) * sizeof(status_service));
  if (!st->services) goto end;
  if (!s6rc_records_read(&x.records, live->fd, n)) st->recordserror = errno;
  st->lastrun = x.records.lastrun;
  x.servicedirs = open2_at(live->fd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (x.servicedirs < 0) goto end;
  if (!tain_wallclock_read(&st->now)) goto end;
  st->monotonic = s6rc_monotonic();
  ok = 1;
  for (uint32_t i = 0; ok && i < n; i++)
    if (mark[i]) ok = read_service(&x, i, st->services + st->n++);
end:
  e = errno;
  if (x.servicedirs >= 0) close(x.servicedirs);
  s6rc_records_free(&x.records);
  stralloc_free(&x.path);
  if (!ok) status_free(st);
  errno = e;
  return ok;
}

static int is_failure(int e)
{
  return e && e != ENOENT && e != EACCES && e != EPROTO;
}

int status_incomplete(status const *st)
{
  return is_failure(st->error) || is_failure(st->recordserror);
}

void status_free(status *st)
{
  free(st->services);
  *st = (status)STATUS_ZERO;
}
