/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/unix-transactional.h>

#include <s6-rc/live.h>
#include <s6-rc/livedir.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/state.h>

#include "update.h"

typedef struct builder_s builder;
struct builder_s {
  update_plan const *plan;
  s6rc_db const *olddb;
  s6rc_db const *newdb;
  char const *oldname; /* of the old generation, without its directory */
  int oldservices;     /* servicedirs of the old generation */
  int newfd;
  int newservices;
  stralloc words;
  stralloc target;
  stralloc *where;
};

/* The first two words of a record. */
static int begin_record(stralloc *sa, char const *kind, char const *live)
{
  return stralloc_cats(sa, kind) && stralloc_0(sa) && stralloc_cats(sa, live) && stralloc_0(sa);
}

int update_announce(update_context *c, update_plan const *plan, int fd, unsigned char const *state)
{
  stralloc record = STRALLOC_ZERO;
  unsigned char *before = malloc(plan->nold);
  int ok = !!before, e;
  for (uint32_t i = 0; ok && i < plan->nold; i++)
    before[i] = state[i] | (plan->olds[i].stops ? UPDATE_STOPS : 0);
  ok = ok && s6rc_path_set(&c->where, UPDATE_STATE_BEFORE) && s6rc_treeremoveat(fd, UPDATE_STATE_BEFORE) &&
       s6rc_writefileat(fd, UPDATE_STATE_BEFORE, (char const *)before, plan->nold, S6RC_MODE_FILE) &&
       s6rc_path_set(&c->where, UPDATE_RECORD) && begin_record(&record, UPDATE_RECORD_OLD, c->live) &&
       s6rc_writefileat(fd, UPDATE_RECORD, record.s, record.len, S6RC_MODE_FILE);
  e = errno;
  free(before);
  stralloc_free(&record);
  errno = e;
  return ok;
}

static int add_word(builder *b, char kind, char const *name)
{
  return stralloc_catb(&b->words, &kind, 1) && stralloc_cats(&b->words, name) && stralloc_0(&b->words);
}

/* Where old service name's directory really is, from another generation's
   servicedirs: ../../GENERATION/servicedirs/NAME, in b->target. */
static int find_home(builder *b, char const *name)
{
  if (s6rc_path_readlinkat(&b->target, b->oldservices, name)) return 1;
  if (errno != EINVAL) return 0;
  return s6rc_path_set(&b->target, "../..") && s6rc_path_push(&b->target, b->oldname) &&
         s6rc_path_push(&b->target, S6RC_SERVICEDIRS) && s6rc_path_push(&b->target, name);
}

static int build_servicedirs(builder *b)
{
  int from = open2_at(b->newdb->fd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int ok = from >= 0;
  for (uint32_t j = 0; ok && j < b->newdb->nlongruns; j++) {
    s6rc_service sv, old;
    uint32_t i = b->plan->news[j].from;
    ok = s6rc_db_service(b->newdb, j, &sv) && s6rc_path_set(b->where, sv.name);
    if (!ok) break;
    if (i != S6RC_NONE)
      ok = s6rc_db_service(b->olddb, i, &old) && find_home(b, old.name) &&
           !symlinkat(b->target.s, b->newservices, sv.name) && add_word(b, UPDATE_WORD_KEEPS, sv.name);
    else
      ok = s6rc_treecopyat(from, sv.name, b->newservices, sv.name, S_IWOTH, 1, b->where) &&
           s6rc_path_set(b->where, sv.name) && s6rc_path_push(b->where, "down") &&
           s6rc_writefileat(b->newservices, b->where->s, "", 0, S6RC_MODE_FILE);
  }
  if (from >= 0) fd_close(from);
  return ok;
}

/* Names that vanish, directories that nobody uses any more. */
static int record_old(builder *b)
{
  for (uint32_t i = 0; i < b->olddb->nlongruns; i++) {
    s6rc_service sv;
    s6rc_identifier id;
    int r;
    if (!s6rc_db_service(b->olddb, i, &sv)) return 0;
    r = s6rc_db_resolve(b->newdb, sv.name, sv.namelen, &id);
    if (r < 0) return 0;
    if ((!r || id.type != S6RC_LONGRUN) && !add_word(b, UPDATE_WORD_LEAVES, sv.name)) return 0;
    if (b->plan->olds[i].to != S6RC_NONE) continue;
    if (!find_home(b, sv.name) || !add_word(b, UPDATE_WORD_DROPS, b->target.s + sizeof "../../" - 1))
      return 0;
  }
  return 1;
}

static int record_pipes(builder *b)
{
  for (uint32_t k = 0; k < b->plan->npipes; k++) {
    update_pipe const *pipe = b->plan->pipes + k;
    s6rc_service old, new;
    if (pipe->from != S6RC_NONE && !s6rc_db_service(b->olddb, pipe->from, &old)) return 0;
    if (pipe->to != S6RC_NONE && !s6rc_db_service(b->newdb, pipe->to, &new)) return 0;
    if (pipe->from == S6RC_NONE) {
      if (!add_word(b, UPDATE_WORD_PIPE_NEW, new.name)) return 0;
      continue;
    }
    if (pipe->name_free && !add_word(b, UPDATE_WORD_PIPE_GONE, old.name)) return 0;
    if (pipe->to != S6RC_NONE &&
        (!add_word(b, UPDATE_WORD_PIPE_FROM, old.name) || !add_word(b, UPDATE_WORD_PIPE_TO, new.name)))
      return 0;
  }
  return 1;
}

/* The state right after the switch, and the one to reach from there. */
static int write_states(builder *b)
{
  uint32_t n = b->plan->nnew;
  unsigned char *now = calloc(n, 1), *after = calloc(n, 1);
  int ok = now && after;
  for (uint32_t j = 0; ok && j < n; j++) {
    update_new const *s = b->plan->news + j;
    unsigned char up = S6RC_STATE_UP | (s->wanted ? S6RC_STATE_WANTED : 0);
    if (s->up) now[j] = up;
    if (s->up || s->start != UPDATE_LEFT) after[j] = up;
  }
  ok = ok && s6rc_path_set(b->where, S6RC_STATE_FILE) && s6rc_state_write(b->newfd, now, n) &&
       s6rc_path_set(b->where, UPDATE_STATE_AFTER) &&
       s6rc_writefileat(b->newfd, UPDATE_STATE_AFTER, (char const *)after, n, S6RC_MODE_FILE);
  int e = errno;
  free(now);
  free(after);
  errno = e;
  return ok;
}

/* scandir and prefix are those of the old generation. */
static int copy_frame(builder *b, int oldfd, char const *newdbpath)
{
  return s6rc_treecopyat(oldfd, S6RC_LIVE_SCANDIR, b->newfd, S6RC_LIVE_SCANDIR, 0, 0, b->where) &&
         s6rc_treecopyat(oldfd, S6RC_LIVE_PREFIX, b->newfd, S6RC_LIVE_PREFIX, 0, 0, b->where) &&
         s6rc_path_set(b->where, S6RC_LIVE_COMPILED) && !symlinkat(newdbpath, b->newfd, S6RC_LIVE_COMPILED) &&
         s6rc_path_set(b->where, S6RC_SERVICEDIRS) && s6rc_mkdirat(b->newfd, S6RC_SERVICEDIRS, S6RC_MODE_DIR);
}

static int fill(builder *b, int oldfd, char const *newdbpath)
{
  if (!copy_frame(b, oldfd, newdbpath)) return 0;
  b->newservices = open2_at(b->newfd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (b->newservices < 0) return 0;
  return build_servicedirs(b) && record_old(b) && record_pipes(b) && write_states(b) &&
         s6rc_path_set(b->where, UPDATE_RECORD) &&
         s6rc_writefileat(b->newfd, UPDATE_RECORD, b->words.s, b->words.len, S6RC_MODE_FILE);
}

int update_build(update_context *c, update_plan const *plan, int oldfd, s6rc_db const *olddb,
                 s6rc_db const *newdb, char const *newdbpath, stralloc *path, int *lockfd)
{
  stralloc old = STRALLOC_ZERO;
  builder b = {.plan = plan,
               .olddb = olddb,
               .newdb = newdb,
               .oldservices = -1,
               .newfd = -1,
               .newservices = -1,
               .where = &c->where};
  char const *slash;
  int ok = 0, made = 0, e;
  if (!s6rc_live_realpath(&old, c->live)) goto end;
  slash = strrchr(old.s, '/');
  b.oldname = slash ? slash + 1 : old.s;
  if (!begin_record(&b.words, UPDATE_RECORD_NEW, c->live)) goto end;
  b.oldservices = open2_at(oldfd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (b.oldservices < 0) goto end;
  made = s6rc_livedir_create(c->live, S6RC_LIVE_TAG_UPDATE, path, lockfd);
  if (!made) goto end;
  b.newfd = open2(path->s, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  ok = b.newfd >= 0 && fill(&b, oldfd, newdbpath);
end:
  e = errno;
  if (b.oldservices >= 0) close(b.oldservices);
  if (b.newservices >= 0) close(b.newservices);
  if (b.newfd >= 0) close(b.newfd);
  if (made && !ok) {
    s6rc_treeremoveat(AT_FDCWD, path->s);
    close(*lockfd);
  }
  stralloc_free(&b.words);
  stralloc_free(&b.target);
  stralloc_free(&old);
  errno = e;
  return ok;
}
