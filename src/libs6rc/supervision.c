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

#include <s6/s6.h>

#include <s6-rc/dbformat.h>
#include <s6-rc/file.h>
#include <s6-rc/listen.h>
#include <s6-rc/livedir.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

/* of event/, as s6 has it */
enum { EVENTDIR_MODE = 03730 };

typedef struct waiter_s waiter;
struct waiter_s {
  char const *const *names;
  s6rc_listener listener;
  uint32_t missing;
  unsigned char *pending; /* by number: still to wait for */
  int want;               /* supervised, or not */
  stralloc path;
};

/* how often to look whether a supervisor that said that it goes is gone */
static tain const leaving_time = {.sec = {.x = 0}, .nano = 20000000};

static char const *name_of(uint32_t i, void *data)
{
  return ((waiter const *)data)->names[i];
}

/* The status file is the last thing that s6-supervise makes before it says
   that it runs. */
static int arrived(waiter *w, uint32_t i)
{
  int r = s6_svc_ok(w->names[i]);
  /* what we cannot look at may be there */
  if (!w->want) return !r;
  w->path.len = 0;
  return r > 0 && s6rc_path_push(&w->path, w->names[i]) && s6rc_path_push(&w->path, S6_SVSTATUS_FILENAME) &&
         !access(w->path.s, F_OK);
}

static void look(waiter *w, uint32_t i)
{
  if (!w->pending[i] || !arrived(w, i)) return;
  w->pending[i] = 0;
  w->missing--;
  s6rc_listener_remove(&w->listener, w->names[i], i);
}

/* Everybody may go there to write to FIFOs he knows, the group may make them:
   what s6-supervise makes, too. One that a killed run made may lack its mode;
   one that is a link is none. */
static int make_eventdir(char const *path)
{
  int fd, ok, e;
  if (mkdir(path, 0700) < 0 && errno != EEXIST) return 0;
  fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  /* the umask may have taken our own right to open it */
  if (fd < 0 && errno == EACCES && s6rc_chmodat(AT_FDCWD, path, 0700))
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return 0;
  ok = fchown(fd, (uid_t)-1, getegid()) >= 0 && fchmod(fd, EVENTDIR_MODE) >= 0;
  e = errno;
  close(fd);
  errno = e;
  return ok;
}

static int listen_to(waiter *w, uint32_t i)
{
  w->path.len = 0;
  if (!s6rc_path_push(&w->path, w->names[i]) || !s6rc_path_push(&w->path, S6_SUPERVISE_EVENTDIR)) return 0;
  if (w->want && !make_eventdir(w->path.s)) return 0;
  if (!s6rc_listener_add(&w->listener, w->names[i], i, &name_of, w)) return 0;
  w->pending[i] = 1;
  w->missing++;
  return 1;
}

/* What the events say. 1; 0 and errno. leaving: set once a supervisor has said
   that it goes. */
static int handle_events(waiter *w, iopause_fd const *x, size_t nfds, int *leaving)
{
  genalloc ids = GENALLOC_ZERO;
  int ok = 1, e;
  for (size_t i = 0; ok && i < nfds; i++) {
    int events;
    if (!x[i].revents) continue;
    ids.len = 0;
    events = s6rc_listener_read(&w->listener, i, &ids);
    if (events < 0)
      ok = 0;
    else if (events & S6RC_EVENT_GONE)
      *leaving = 1;
    for (size_t k = 0; k < genalloc_len(uint32_t, &ids); k++) look(w, genalloc_s(uint32_t, &ids)[k]);
  }
  e = errno;
  genalloc_free(uint32_t, &ids);
  errno = e;
  return ok;
}

/* Looks at all that are missing; one of them, if there still is any. */
static uint32_t look_at_all(waiter *w, uint32_t n)
{
  uint32_t example = 0;
  for (uint32_t i = n; i--;) {
    look(w, i);
    if (w->pending[i]) example = i;
  }
  return example;
}

static int tell_svscan(char const *scandir, char const *s)
{
  int r = s6_svc_writectl(scandir, S6_SVSCAN_CTLDIR, s, strlen(s));
  if (!r) errno = ENXIO;
  return r > 0;
}

/* scandir: of an s6-svscan that is told to scan once more when patience runs
   out: it may have had no room for a service while others were ending. */
static int wait_all(waiter *w, uint32_t n, char const *scandir, tain const *deadline,
                    s6rc_stillmissing_func *say, void *data)
{
  genalloc fds = GENALLOC_ZERO;
  tain patience;
  int ok = 0, leaving = 0, e;
  tain_addsec_g(&patience, S6RC_SUPERVISION_PATIENCE_MS / 1000);
  look_at_all(w, n);
  while (w->missing) {
    size_t nfds = s6rc_listener_nfds(&w->listener);
    tain until = patience;
    /* a supervisor that says that it goes is still there for a moment */
    if (leaving && !w->want) tain_add_g(&until, &leaving_time);
    if (tain_less(deadline, &until)) until = *deadline;
    if (!genalloc_ready(iopause_fd, &fds, nfds)) goto end;
    iopause_fd *x = genalloc_s(iopause_fd, &fds);
    s6rc_listener_fds(&w->listener, x);
    int r = iopause_g(x, (unsigned int)nfds, &until);
    if (r < 0 || !handle_events(w, x, r ? nfds : 0, &leaving)) goto end;
    if (tain_future(&until)) continue;
    uint32_t example = look_at_all(w, n);
    if (w->missing && !tain_future(deadline)) {
      errno = ETIMEDOUT;
      goto end;
    }
    if (tain_future(&patience)) continue;
    if (w->missing && say) (*say)(w->missing, w->names[example], data);
    if (w->missing && w->want && !tell_svscan(scandir, "a")) goto end;
    tain_addsec_g(&patience, S6RC_SUPERVISION_PATIENCE_MS / 1000);
  }
  ok = 1;
end:
  e = errno;
  genalloc_free(iopause_fd, &fds);
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
  if (!s6rc_path_set(link, s->scandir) || !s6rc_path_push(link, s->prefix) || !stralloc_cats(link, name) ||
      !stralloc_0(link))
    return 0;
  s6rc_path_pop(link, link->len - 1);
  return s6rc_path_push(target, s->live) && s6rc_path_push(target, S6RC_SERVICEDIRS) &&
         s6rc_path_push(target, name);
}

/* Does link lead to service directory name, in whatever words? */
static int leads_to(char const *link, int servicedirsfd, char const *name)
{
  struct stat there, ours;
  return !stat(link, &there) && !fstatat(servicedirsfd, name, &ours, 0) && s6rc_same_file(&there, &ours);
}

/* Is link one to target, or one to what is called name in servicedirsfd, in
   whatever words? Whether it is there does not matter. -1: errno. */
static int is_ours(s6rc_supervision const *s, char const *name, char const *link, stralloc const *target)
{
  stralloc there = STRALLOC_ZERO, dir = STRALLOC_ZERO;
  struct stat theirs, ours;
  char const *slash, *base;
  int r = -1, e;
  if (!s6rc_path_readlinkat(&there, AT_FDCWD, link)) {
    if (errno == ENOENT || errno == EINVAL) r = 0;
    goto end;
  }
  r = !strcmp(there.s, target->s);
  slash = strrchr(there.s, '/');
  if (r || !slash || strcmp(slash + 1, name)) goto end;
  r = -1;
  base = strrchr(link, '/');
  if (there.s[0] != '/' && base && !stralloc_catb(&dir, link, (size_t)(base - link) + 1)) goto end;
  if (!stralloc_catb(&dir, there.s, (size_t)(slash - there.s) + 1) || !stralloc_0(&dir) ||
      fstat(s->servicedirsfd, &ours) < 0)
    goto end;
  r = !stat(dir.s, &theirs) && s6rc_same_file(&theirs, &ours);
end:
  e = errno;
  stralloc_free(&there);
  stralloc_free(&dir);
  errno = e;
  return r;
}

int s6rc_supervision_isfree(s6rc_supervision const *s, char const *name, stralloc *link)
{
  stralloc target = STRALLOC_ZERO;
  struct stat st;
  int r = -1, e;
  if (link_names(s, name, link, &target)) {
    if (lstat(link->s, &st) < 0)
      r = errno == ENOENT ? 1 : -1;
    else
      r = is_ours(s, name, link->s, &target);
    if (!r) r = S_ISLNK(st.st_mode) && leads_to(link->s, s->servicedirsfd, name);
  }
  e = errno;
  stralloc_free(&target);
  errno = e;
  return r;
}

int s6rc_supervision_svscan(char const *scandir)
{
  return tell_svscan(scandir, "");
}

/* A link that is there, of a killed run or an earlier generation, is as good
   as ours. link: set to its path. *fresh: set if it was not there. */
static int make_link(s6rc_supervision const *s, char const *name, stralloc *link, int *fresh)
{
  stralloc target = STRALLOC_ZERO;
  int ok = link_names(s, name, link, &target) && !symlink(target.s, link->s), e = errno;
  if (ok)
    *fresh = 1;
  else if (e == EEXIST) {
    ok = is_ours(s, name, link->s, &target);
    if (!ok) ok = leads_to(link->s, s->servicedirsfd, name);
    if (ok < 0) ok = 0, e = errno;
  }
  stralloc_free(&target);
  errno = e;
  return ok;
}

int s6rc_supervision_link(s6rc_supervision const *s, char const *name, stralloc *where)
{
  int fresh = 0;
  return make_link(s, name, where, &fresh);
}

int s6rc_supervision_unlink(s6rc_supervision const *s, char const *name)
{
  stralloc link = STRALLOC_ZERO, target = STRALLOC_ZERO;
  int ok = link_names(s, name, &link, &target), e;
  int ours = ok ? is_ours(s, name, link.s, &target) : 0;
  if (ours < 0) ok = 0;
  if (ours > 0) ok = !unlink(link.s) || errno == ENOENT;
  e = errno;
  stralloc_free(&link);
  stralloc_free(&target);
  errno = e;
  return ok;
}

int s6rc_supervision_begin(s6rc_supervision const *s, char const *const *names, uint32_t n,
                           tain const *deadline, s6rc_stillmissing_func *say, void *data, stralloc *where)
{
  waiter w;
  int ok = waiter_init(&w, s, names, n, 1), fresh = 0;
  for (uint32_t i = 0; ok && i < n; i++)
    ok = s6rc_path_set(where, names[i]) && (arrived(&w, i) || listen_to(&w, i)) &&
         make_link(s, names[i], where, &fresh);
  if (ok) ok = s6rc_path_set(where, s->scandir) && ((!w.missing && !fresh) || tell_svscan(s->scandir, "a"));
  if (ok) {
    ok = wait_all(&w, n, s->scandir, deadline, say, data);
    for (uint32_t i = 0; !ok && i < n; i++)
      if (w.pending[i]) s6rc_path_set(where, names[i]);
  }
  waiter_free(&w);
  return ok;
}

int s6rc_supervision_end(s6rc_supervision const *s, char const *const *dirs, uint32_t n, tain const *deadline)
{
  waiter w;
  int e = 0;
  if (!waiter_init(&w, s, dirs, n, 0)) {
    waiter_free(&w);
    return 0;
  }
  for (uint32_t i = 0; i < n; i++) {
    int there = !arrived(&w, i);
    if (there && !listen_to(&w, i) && !e) e = errno;
    /* down, then out; EPIPE: it has just gone, told by an earlier attempt */
    if (there && s6_svc_writectl(dirs[i], S6_SUPERVISE_CTLDIR, "dx", 2) < 0 && errno != EPIPE && !e)
      e = errno;
  }
  if (!tell_svscan(s->scandir, "an") && !e) e = errno;
  if (!e && !wait_all(&w, n, s->scandir, deadline, 0, 0)) e = errno;
  /* what has just ended still has a place in s6-svscan's table, and counts
     against its limit: it is cleared when it reaps and scans again */
  if (!tell_svscan(s->scandir, "zan") && !e) e = errno;
  waiter_free(&w);
  errno = e;
  return !e;
}
