/* ISC license. */

#include <skalibs/nonposix.h> /* mkfifoat on some systems */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/random.h>
#include <skalibs/tai.h>
#include <skalibs/stralloc.h>

#include <s6/s6.h>

#include <s6-rc/listen.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/types.h>

#define FIFO_PREFIX "ftrig1:"

/* a FIFO before it has its name, beside the service directories: of a run that
   is killed just then, not more than this one file stays, and the next takes
   it away */
#define FIFO_FRESH ".fifo"

enum {
  SPARE_FDS = 64,  /* what a tool needs beside its FIFOs */
  FIFO_MODE = 0622 /* whoever the supervisor runs as must be able to write; event/ keeps others out */
};

typedef struct s6rc_listenslot_s slot;
struct s6rc_listenslot_s {
  uint32_t group; /* S6RC_NONE: not listening */
  uint32_t index; /* among the members */
};

#define GROUP(l, i) (genalloc_s(s6rc_listengroup, &(l)->groups) + (i))

/* Each event makes us look at a whole group, each wait at all groups: the sum
   is least where both are about the square root. */
static uint32_t spread(uint32_t n)
{
  struct rlimit rl;
  uint32_t r = 1;
  while ((uint64_t)r * r < (uint64_t)n * 4) r++;
  if (getrlimit(RLIMIT_NOFILE, &rl) < 0 || rl.rlim_cur == RLIM_INFINITY) return r;
  rlim_t most = rl.rlim_cur > SPARE_FDS + 2 ? (rl.rlim_cur - SPARE_FDS) / 2 : 1;
  return r < most ? r : (uint32_t)most;
}

int s6rc_listener_init(s6rc_listener *l, int dirfd, uint32_t nslots, uint32_t n)
{
  *l = (s6rc_listener)S6RC_LISTENER_ZERO;
  l->dirfd = dirfd;
  l->maxgroups = spread(n);
  if (unlinkat(dirfd, FIFO_FRESH, 0) < 0 && errno != ENOENT) return 0;
  l->slots = malloc(((size_t)nslots + 1) * sizeof(slot));
  if (!l->slots) return 0;
  l->nslots = nslots;
  for (uint32_t i = 0; i < nslots; i++) l->slots[i].group = S6RC_NONE;
  return 1;
}

/* NAME/event/FIFO */
static int fifo_path(stralloc *sa, char const *name, char const *fifo)
{
  return s6rc_path_set(sa, name) && s6rc_path_push(sa, S6_SUPERVISE_EVENTDIR) && s6rc_path_push(sa, fifo);
}

static void close_group(s6rc_listengroup *g)
{
  for (int i = 0; i < 2; i++) {
    if (g->fd[i] >= 0) fd_close(g->fd[i]);
    g->fd[i] = -1;
  }
}

static void make_name(char *s)
{
  size_t len = sizeof FIFO_PREFIX - 1;
  memcpy(s, FIFO_PREFIX, len);
  timestamp(s + len);
  len += TIMESTAMP;
  s[len++] = ':';
  random_name_early(s + len, S6RC_FIFO_NAME_LEN - len);
  s[S6RC_FIFO_NAME_LEN] = 0;
}

/* A notifier that finds the FIFO without a reader removes it, so it gets
   the name that notifiers look for only when it is open. */
static int make_fifo(s6rc_listener *l, s6rc_listengroup *g, char const *service)
{
  stralloc path = STRALLOC_ZERO;
  int r = 0, e;
  make_name(g->name);
  g->fd[0] = g->fd[1] = -1;
  if (!fifo_path(&path, service, g->name)) goto end;
  if (unlinkat(l->dirfd, FIFO_FRESH, 0) < 0 && errno != ENOENT) goto end;
  if (mkfifoat(l->dirfd, FIFO_FRESH, 0600) < 0) goto end;
  if (!s6rc_chmodat(l->dirfd, FIFO_FRESH, FIFO_MODE)) goto remove;
  g->fd[0] = openat(l->dirfd, FIFO_FRESH, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
  if (g->fd[0] < 0) goto remove;
  g->fd[1] = openat(l->dirfd, FIFO_FRESH, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
  if (g->fd[1] < 0) goto remove;
  r = !renameat(l->dirfd, FIFO_FRESH, l->dirfd, path.s);
  if (r) goto end;
remove:
  e = errno;
  unlinkat(l->dirfd, FIFO_FRESH, 0);
  close_group(g);
  errno = e;
end:
  e = errno;
  stralloc_free(&path);
  errno = e;
  return r;
}

/* One more name for the group's FIFO. anchor: a member's service directory. */
static int link_fifo(s6rc_listener *l, s6rc_listengroup const *g, char const *anchor, char const *service)
{
  stralloc from = STRALLOC_ZERO, to = STRALLOC_ZERO;
  int r = fifo_path(&from, anchor, g->name) && fifo_path(&to, service, g->name) &&
          !linkat(l->dirfd, from.s, l->dirfd, to.s, 0);
  stralloc_free(&from);
  stralloc_free(&to);
  return r;
}

static int is_open(s6rc_listener const *l, uint32_t group)
{
  return group < s6rc_listener_nfds(l) && GROUP(l, group)->fd[0] >= 0;
}

/* There is room for one more member. */
static void enter(s6rc_listener *l, uint32_t group, uint32_t id)
{
  genalloc *members = &GROUP(l, group)->members;
  genalloc_append(uint32_t, members, &id);
  l->slots[id] = (slot){.group = group, .index = (uint32_t)genalloc_len(uint32_t, members) - 1};
}

/* An empty group, made if there is none. S6RC_NONE: ENOMEM. */
static uint32_t empty_group(s6rc_listener *l)
{
  s6rc_listengroup fresh = {.fd = {-1, -1}, .members = GENALLOC_ZERO};
  uint32_t i = 0;
  while (is_open(l, i)) i++;
  return i < s6rc_listener_nfds(l) || genalloc_append(s6rc_listengroup, &l->groups, &fresh) ? i : S6RC_NONE;
}

static int open_group(s6rc_listener *l, uint32_t group, char const *name, uint32_t id)
{
  if (group == S6RC_NONE || !genalloc_readyplus(uint32_t, &GROUP(l, group)->members, 1) ||
      !make_fifo(l, GROUP(l, group), name))
    return 0;
  enter(l, group, id);
  return 1;
}

static int join_group(s6rc_listener *l, uint32_t group, char const *name, uint32_t id,
                      s6rc_nameof_func *name_of, void *data)
{
  s6rc_listengroup *g = GROUP(l, group);
  uint32_t anchor = *genalloc_s(uint32_t, &g->members);
  if (!genalloc_readyplus(uint32_t, &g->members, 1) || !link_fifo(l, g, name_of(anchor, data), name))
    return 0;
  enter(l, group, id);
  return 1;
}

/* The groups take turns. */
int s6rc_listener_add(s6rc_listener *l, char const *name, uint32_t id, s6rc_nameof_func *name_of, void *data)
{
  uint32_t group = l->next, ngroups = (uint32_t)s6rc_listener_nfds(l);
  l->next = (l->next + 1) % l->maxgroups;
  if (is_open(l, group)) {
    if (join_group(l, group, name, id, name_of, data)) return 1;
    /* no links here, or the anchor's name has been cleaned away */
    if (errno != EXDEV && errno != EPERM && errno != EMLINK && errno != ENOENT) return 0;
    group = ngroups;
  }
  if (open_group(l, group < ngroups ? group : empty_group(l), name, id)) return 1;
  if (errno != EMFILE && errno != ENFILE) return 0;
  /* no more groups than there are: any of them will do */
  int e = errno;
  if (ngroups) l->maxgroups = ngroups;
  for (uint32_t i = 0; i < ngroups; i++)
    if (is_open(l, i) && join_group(l, i, name, id, name_of, data)) return 1;
  errno = e;
  return 0;
}

void s6rc_listener_remove(s6rc_listener *l, char const *name, uint32_t id)
{
  stralloc path = STRALLOC_ZERO;
  slot at = l->slots[id];
  s6rc_listengroup *g;
  uint32_t *members, last;
  if (at.group == S6RC_NONE) return;
  g = GROUP(l, at.group);
  if (fifo_path(&path, name, g->name)) unlinkat(l->dirfd, path.s, 0);
  stralloc_free(&path);
  members = genalloc_s(uint32_t, &g->members);
  last = (uint32_t)genalloc_len(uint32_t, &g->members) - 1;
  members[at.index] = members[last];
  l->slots[members[last]].index = at.index;
  l->slots[id].group = S6RC_NONE;
  genalloc_setlen(uint32_t, &g->members, last);
  if (!last) close_group(g);
}

void s6rc_listener_fds(s6rc_listener const *l, iopause_fd *x)
{
  for (size_t i = 0; i < s6rc_listener_nfds(l); i++) {
    x[i].fd = GROUP(l, i)->fd[0];
    x[i].events = IOPAUSE_READ;
    x[i].revents = 0;
  }
}

static unsigned int event_of(char c)
{
  static char const letters[] = "suUdDOx";
  char const *p = memchr(letters, c, sizeof letters - 1);
  return p ? 1U << (p - letters) : 0;
}

int s6rc_listener_read(s6rc_listener *l, size_t i, genalloc *ids)
{
  s6rc_listengroup *g = GROUP(l, i);
  char buf[4096];
  unsigned int events = 0;
  ssize_t r = 0;
  if (g->fd[0] < 0) return 0;
  do {
    r = sanitize_read(fd_read(g->fd[0], buf, sizeof buf));
    for (ssize_t k = 0; k < r; k++) events |= event_of(buf[k]);
  } while (r == (ssize_t)sizeof buf);
  if (r < 0) return -1;
  if (events &&
      !genalloc_catb(uint32_t, ids, genalloc_s(uint32_t, &g->members), genalloc_len(uint32_t, &g->members)))
    return -1;
  return (int)events;
}

void s6rc_listener_free(s6rc_listener *l, s6rc_nameof_func *name_of, void *data)
{
  for (uint32_t i = 0; i < l->nslots; i++)
    if (l->slots[i].group != S6RC_NONE) s6rc_listener_remove(l, name_of(i, data), i);
  for (size_t i = 0; i < s6rc_listener_nfds(l); i++) genalloc_free(uint32_t, &GROUP(l, i)->members);
  genalloc_free(s6rc_listengroup, &l->groups);
  free(l->slots);
  *l = (s6rc_listener)S6RC_LISTENER_ZERO;
}

int s6rc_listen_clean(int dirfd, char const *name)
{
  stralloc path = STRALLOC_ZERO;
  struct stat st;
  DIR *dir = 0;
  int ok = 0, e;
  if (!s6rc_path_set(&path, name) || !s6rc_path_push(&path, S6_SUPERVISE_EVENTDIR)) goto end;
  int fd = openat(dirfd, path.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    ok = errno == ENOENT;
    goto end;
  }
  dir = fdopendir(fd);
  if (!dir) {
    fd_close(fd);
    goto end;
  }
  for (;;) {
    errno = 0;
    struct dirent *d = readdir(dir);
    if (!d) {
      ok = !errno;
      break;
    }
    if (strncmp(d->d_name, FIFO_PREFIX, sizeof FIFO_PREFIX - 1) || strlen(d->d_name) != S6RC_FIFO_NAME_LEN)
      continue;
    /* the directory is its group's to write to: not every name there is a FIFO */
    if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISFIFO(st.st_mode)) continue;
    int w = openat(fd, d->d_name, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (w >= 0)
      close(w);
    else if (errno == ENXIO)
      unlinkat(fd, d->d_name, 0);
  }
end:
  e = errno;
  if (dir) closedir(dir);
  stralloc_free(&path);
  errno = e;
  return ok;
}
