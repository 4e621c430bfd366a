/* ISC license. */

/* What comes after the switch. Every step looks at what is there and makes
   it what it has to be, so that all of it can be done again. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/unix-transactional.h>

#include <s6-rc/file.h>
#include <s6-rc/live.h>
#include <s6-rc/livedir.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/state.h>

#include "update.h"

typedef struct completer_s completer;
struct completer_s {
  update_context *c;
  int fd;
  int servicedirs;
  s6rc_db const *db;
  stralloc record;
  stralloc scandir;
  stralloc prefix;
  s6rc_supervision supervision;
};

/* The next word of the record with this letter, from *at on; null at the end. */
static char const *next_word(completer const *x, char kind, size_t *at)
{
  while (*at < x->record.len) {
    char const *word = x->record.s + *at;
    *at += strlen(word) + 1;
    if (word[0] == kind) return word + 1;
  }
  return 0;
}

static int read_file(int fd, char const *name, stralloc *sa)
{
  return openslurpclose_at(fd, name, sa) && stralloc_0(sa);
}

/* The oneshot runner finds the database as ../../compiled from where its
   service directory is. If that is an earlier generation, what it finds there
   is from now on the live database, by the public name. */
static int point_runner(completer *x)
{
  stralloc now = STRALLOC_ZERO, wanted = STRALLOC_ZERO;
  char const *slash = strrchr(x->c->live, '/');
  struct stat here, there;
  int ok = 0, e;
  int fd = open2_at(x->servicedirs, S6RC_ONESHOT_RUNNER "/../..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &there) < 0 || fstat(x->fd, &here) < 0) goto end;
  ok = s6rc_same_file(&here, &there);
  if (ok || !s6rc_path_readlinkat(&now, fd, S6RC_LIVE_COMPILED) || !s6rc_path_set(&wanted, "..") ||
      !s6rc_path_push(&wanted, slash ? slash + 1 : x->c->live) ||
      !s6rc_path_push(&wanted, S6RC_LIVE_COMPILED))
    goto end;
  ok = !strcmp(now.s, wanted.s) || s6rc_live_point(fd, wanted.s);
end:
  e = errno;
  if (fd >= 0) close(fd);
  stralloc_free(&now);
  stralloc_free(&wanted);
  errno = e;
  return ok;
}

static int refresh_kept(completer *x)
{
  stralloc file = STRALLOC_ZERO;
  char const *name;
  size_t at = 0;
  int ok = 1, e;
  int from = open2_at(x->db->fd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (from < 0) return 0;
  while (ok && (name = next_word(x, UPDATE_WORD_KEEPS, &at))) {
    int src = open2_at(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int dst = open2_at(x->servicedirs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    file.len = 0;
    ok = src >= 0 && dst >= 0 && s6rc_servicedir_refresh(src, dst, &file);
    e = errno;
    if (!ok && s6rc_path_set(&x->c->where, name) && file.len) s6rc_path_pushb(&x->c->where, file.s, file.len);
    errno = e;
    if (src >= 0) fd_close(src);
    if (dst >= 0) fd_close(dst);
  }
  fd_close(from);
  stralloc_free(&file);
  return ok;
}

static int unlink_leaving(completer *x)
{
  char const *name;
  size_t at = 0;
  while ((name = next_word(x, UPDATE_WORD_LEAVES, &at)))
    if (!s6rc_supervision_unlink(&x->supervision, name)) return 0;
  return 1;
}

static void say_missing(uint32_t n, char const *name, void *data)
{
  completer const *x = data;
  if (x->c->missing) (*x->c->missing)(n, name, x->scandir.s);
}

/* All of them, before s6-svscan looks: one that is supervised by another name
   must not seem to have gone. */
static int link_new(completer *x)
{
  for (uint32_t j = 0; j < x->db->nlongruns; j++) {
    s6rc_service sv;
    if (!s6rc_db_service(x->db, j, &sv) || !s6rc_supervision_link(&x->supervision, sv.name, &x->c->where))
      return 0;
  }
  return 1;
}

static int supervise_new(completer *x)
{
  uint32_t n = x->db->nlongruns;
  char const **names = malloc(((size_t)n + 1) * sizeof(char const *));
  int ok = !!names, e;
  for (uint32_t j = 0; ok && j < n; j++) {
    s6rc_service sv;
    ok = s6rc_db_service(x->db, j, &sv);
    if (ok) names[j] = sv.name;
  }
  ok =
      ok && s6rc_supervision_begin(&x->supervision, names, n, &x->c->deadline, &say_missing, x, &x->c->where);
  e = errno;
  if (!ok && e == ETIMEDOUT && stralloc_copy(&x->c->unserved, &x->scandir)) stralloc_0(&x->c->unserved);
  free(names);
  errno = e;
  return ok;
}

/* Words D are paths from the directory that holds the generations, which is
   ../.. from servicedirs. */
static int drop_old(completer *x)
{
  genalloc dirs = GENALLOC_ZERO; /* char const * */
  stralloc paths = STRALLOC_ZERO;
  char const *name;
  size_t at = 0, n = 0;
  int ok = 1, e;
  while (ok && (name = next_word(x, UPDATE_WORD_DROPS, &at))) {
    ok = stralloc_cats(&paths, "../../") && stralloc_cats(&paths, name) && stralloc_0(&paths);
    n++;
  }
  ok = ok && genalloc_ready(char const *, &dirs, n + 1);
  at = 0;
  for (size_t i = 0; ok && i < n; i++, at += strlen(paths.s + at) + 1) {
    char const *s = paths.s + at;
    ok = genalloc_append(char const *, &dirs, &s);
  }
  ok = ok &&
       s6rc_supervision_end(&x->supervision, genalloc_s(char const *, &dirs), (uint32_t)n, &x->c->deadline);
  for (size_t i = 0; ok && i < n; i++)
    ok = s6rc_treeremoveat(x->servicedirs, genalloc_s(char const *, &dirs)[i]);
  e = errno;
  genalloc_free(char const *, &dirs);
  stralloc_free(&paths);
  errno = e;
  return ok;
}

static int start(completer *x)
{
  x->servicedirs = open2_at(x->fd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (x->servicedirs < 0 || !read_file(x->fd, UPDATE_RECORD, &x->record) ||
      !s6rc_path_readlinkat(&x->scandir, x->fd, S6RC_LIVE_SCANDIR) ||
      !read_file(x->fd, S6RC_LIVE_PREFIX, &x->prefix))
    return 0;
  x->supervision = (s6rc_supervision){.live = x->c->live,
                                      .scandir = x->scandir.s,
                                      .prefix = x->prefix.s,
                                      .servicedirsfd = x->servicedirs};
  return 1;
}

static int adjust_pipes(completer *x)
{
  return update_pipes(x->c, x->fd, x->servicedirs, x->record.s, x->record.len);
}

static int settle(completer *x)
{
  return update_settle(x->c, x->fd, x->db);
}

/* In order; and what a step is about, if it does not say it itself. The old
   supervisors go before the new ones come: s6-svscan may not have room for
   both. */
typedef struct step_s step;
struct step_s {
  int (*take)(completer *);
  char const *what;
};

static step const steps[] = {{&start, UPDATE_RECORD},
                             {&point_runner, S6RC_ONESHOT_RUNNER},
                             {&refresh_kept, "files of services"},
                             {&unlink_leaving, "links in the scan directory"},
                             {&link_new, "links in the scan directory"},
                             {&drop_old, "supervisors and directories of old services"},
                             {&supervise_new, "supervisors of new services"},
                             {&adjust_pipes, S6RC_FDHOLDER},
                             {&settle, "earlier generations"}};

int update_complete(update_context *c, int fd, s6rc_db const *db)
{
  completer x = {.c = c, .fd = fd, .servicedirs = -1, .db = db};
  int ok = 1, e;
  c->unserved.len = 0;
  for (size_t i = 0; ok && i < sizeof steps / sizeof *steps; i++) {
    c->where.len = 0;
    ok = (*steps[i].take)(&x);
    e = errno;
    if (ok)
      c->where.len = 0;
    else if (!c->where.len)
      s6rc_path_set(&c->where, steps[i].what);
    errno = e;
  }
  e = errno;
  if (x.servicedirs >= 0) close(x.servicedirs);
  stralloc_free(&x.record);
  stralloc_free(&x.scandir);
  stralloc_free(&x.prefix);
  errno = e;
  return ok;
}
