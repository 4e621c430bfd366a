/* ISC license. */

/* libs6 has functions for this; they start a helper process, take two
   descriptors a service and undo everything when one fails, so that 1,000
   services and the descriptors of an ordinary process are too many for one
   call. Here the services share FIFOs, see listen.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

#include <s6/ftrigw.h>
#include <s6/s6.h>

#include <s6-rc/dbformat.h>
#include <s6-rc/listen.h>
#include <s6-rc/livedir.h>
#include <s6-rc/path.h>

typedef struct waiter_s waiter;
struct waiter_s {
  char const *const *names;
  s6rc_listener listener;
  uint32_t missing;
  unsigned char *pending; /* by number: still to wait for */
  int want;               /* supervised, or not */
  stralloc path;
};

static char const *name_of(uint32_t i, void *data)
{
  return ((waiter const *)data)->names[i];
}

/* The status file is the last thing that s6-supervise makes before it says
   that it runs. */
static int arrived(waiter *w, uint32_t i)
{
  int ok = s6_svc_ok(w->names[i]) > 0;
  if (!w->want) return !ok;
  w->path.len = 0;
  return ok && s6rc_path_push(&w->path, w->names[i]) && s6rc_path_push(&w->path, S6_SVSTATUS_FILENAME) &&
         !access(w->path.s, F_OK);
}

static void look(waiter *w, uint32_t i)
{
  if (!w->pending[i] || !arrived(w, i)) return;
  w->pending[i] = 0;
  w->missing--;
  s6rc_listener_remove(&w->listener, w->names[i], i);
}

static int listen_to(waiter *w, uint32_t i)
{
  w->path.len = 0;
  if (!s6rc_path_push(&w->path, w->names[i]) || !s6rc_path_push(&w->path, S6_SUPERVISE_EVENTDIR)) return 0;
  if (w->want && !ftrigw_fifodir_make(w->path.s, getegid(), 0)) return 0;
  if (!s6rc_listener_add(&w->listener, w->names[i], i, &name_of, w)) return 0;
  w->pending[i] = 1;
  w->missing++;
  return 1;
}

static int wait_all(waiter *w, uint32_t n, tain const *deadline, s6rc_stillmissing_func *say, void *data)
{
  genalloc fds = GENALLOC_ZERO, ids = GENALLOC_ZERO;
  tain patience;
  int ok = 0, e;
  tain_addsec_g(&patience, S6RC_SUPERVISION_PATIENCE_MS / 1000);
  for (uint32_t i = 0; i < n; i++) look(w, i);
  while (w->missing) {
    size_t nfds = s6rc_listener_nfds(&w->listener);
    tain const *until = tain_less(deadline, &patience) ? deadline : &patience;
    if (!genalloc_ready(iopause_fd, &fds, nfds)) goto end;
    iopause_fd *x = genalloc_s(iopause_fd, &fds);
    s6rc_listener_fds(&w->listener, x);
    int r = iopause_g(x, (unsigned int)nfds, until);
    if (r < 0) goto end;
    for (size_t i = 0; r && i < nfds; i++) {
      if (!x[i].revents) continue;
      ids.len = 0;
      if (s6rc_listener_read(&w->listener, i, &ids) < 0) goto end;
      for (size_t k = 0; k < genalloc_len(uint32_t, &ids); k++) look(w, genalloc_s(uint32_t, &ids)[k]);
    }
    if (tain_future(&patience) && tain_future(deadline)) continue;
    /* one event may have come a moment too early to show */
    uint32_t example = 0;
    for (uint32_t i = n; i--;) {
      look(w, i);
      if (w->pending[i]) example = i;
    }
    if (w->missing && !tain_future(deadline)) {
      errno = ETIMEDOUT;
      goto end;
    }
    if (w->missing && say) (*say)(w->missing, w->names[example], data);
    tain_addsec_g(&patience, S6RC_SUPERVISION_PATIENCE_MS / 1000);
  }
  ok = 1;
end:
  e = errno;
  genalloc_free(iopause_fd, &fds);
  genalloc_free(uint32_t, &ids);
  errno = e;
  return ok;
}

static int waiter_init(waiter *w, s6rc_supervision const *s, char const *const *names, uint32_t n, int want)
{
  *w = (waiter){.names = names, .listener = S6RC_LISTENER_ZERO, .want = want};
  w->pending = calloc((size_t)n + 1, 1);
  return w->pending && fchdir(s->servicedirsfd) >= 0 &&
         s6rc_listener_init(&w->listener, s->servicedirsfd, n, n);
}

static void waiter_free(waiter *w)
{
  int e = errno;
  s6rc_listener_free(&w->listener, &name_of, w);
  free(w->pending);
  stralloc_free(&w->path);
  errno = e;
}

/* scandir/PREFIXNAME -> live/servicedirs/NAME, in link and target. */
static int link_names(s6rc_supervision const *s, char const *name, stralloc *link, stralloc *target)
{
  target->len = 0;
  return s6rc_path_set(link, s->scandir) && s6rc_path_push(link, s->prefix) && stralloc_cats(link, name) &&
         stralloc_0(link) && s6rc_path_push(target, s->live) && s6rc_path_push(target, S6RC_SERVICEDIRS) &&
         s6rc_path_push(target, name);
}

/* A link that a killed run made is as good as ours. */
static int make_link(s6rc_supervision const *s, char const *name, stralloc *link)
{
  stralloc target = STRALLOC_ZERO, there = STRALLOC_ZERO;
  int ok = 0, e;
  if (!link_names(s, name, link, &target)) goto end;
  ok = !symlink(target.s, link->s);
  if (!ok && errno == EEXIST) {
    ok = !sareadlink(&there, link->s) && there.len == target.len && !memcmp(there.s, target.s, there.len);
    errno = EEXIST;
  }
end:
  e = errno;
  stralloc_free(&target);
  stralloc_free(&there);
  errno = e;
  return ok;
}

static int tell_svscan(char const *scandir, char const *s)
{
  int r = s6_svc_writectl(scandir, S6_SVSCAN_CTLDIR, s, strlen(s));
  if (!r) errno = ENXIO;
  return r > 0;
}

int s6rc_supervision_begin(s6rc_supervision const *s, char const *const *names, uint32_t n,
                           tain const *deadline, s6rc_stillmissing_func *say, void *data, stralloc *where)
{
  waiter w;
  int ok = waiter_init(&w, s, names, n, 1);
  for (uint32_t i = 0; ok && i < n; i++) {
    if (arrived(&w, i)) continue;
    ok = s6rc_path_set(where, names[i]) && listen_to(&w, i) && make_link(s, names[i], where);
  }
  if (ok) ok = s6rc_path_set(where, s->scandir) && (!w.missing || tell_svscan(s->scandir, "a"));
  if (ok) {
    ok = wait_all(&w, n, deadline, say, data);
    for (uint32_t i = 0; !ok && i < n; i++)
      if (w.pending[i]) s6rc_path_set(where, names[i]);
  }
  waiter_free(&w);
  return ok;
}

int s6rc_supervision_end(s6rc_supervision const *s, char const *const *names, uint32_t n,
                         tain const *deadline)
{
  stralloc link = STRALLOC_ZERO, target = STRALLOC_ZERO;
  waiter w;
  int ok = waiter_init(&w, s, names, n, 0), e;
  for (uint32_t i = 0; ok && i < n; i++) {
    if (!arrived(&w, i) && !listen_to(&w, i) && errno != ENOENT) ok = 0;
    if (!link_names(s, names[i], &link, &target) || (unlink(link.s) < 0 && errno != ENOENT)) ok = 0;
    /* down, then out */
    if (w.pending[i]) s6_svc_writectl(names[i], S6_SUPERVISE_CTLDIR, "dx", 2);
  }
  ok = ok && tell_svscan(s->scandir, "an") && wait_all(&w, n, deadline, 0, 0);
  e = errno;
  waiter_free(&w);
  stralloc_free(&link);
  stralloc_free(&target);
  errno = e;
  return ok;
}
