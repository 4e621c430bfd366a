/* ISC license. */

/* The fd-holder knows a pipe by its consumer's name. Its content is changed
   in passes, each of which can be done again as long as the next one has not
   begun; how many are complete is kept in the live directory:

   1. every pipe of a renamed consumer is held under an identifier of our own
      too (so that two consumers can change names with each other);
   2. names that no pipe has any more go, and they get their new names;
   3. new consumers get their pipes. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>
#include <skalibs/unix-transactional.h>

#include <s6/fdholder.h>
#include <s6/s6.h>

#include <s6-rc/servicedir.h>
#include <s6-rc/types.h>

#include "update.h"

#define PIPES_NEW UPDATE_PIPES ".new"

/* from servicedirs, which is the working directory */
#define SOCKET S6RC_FDHOLDER "/" S6RC_LOCAL_SOCKET

/* what an fd-holder that works never needs for one request, in s */
enum { PATIENCE = 5 };
/* and how often it is asked, if it is not that which fails */
enum { ATTEMPTS = 2 };

enum { NPASSES = 3 };

enum end_e { READER, WRITER, NENDS };
static char const *const held_as[NENDS] = {[READER] = S6RC_PIPE_READER, [WRITER] = S6RC_PIPE_WRITER};
/* not longer than the others: names may fill an identifier */
static char const *const moving_as[NENDS] = {[READER] = "move:s6rc-r-", [WRITER] = "move:s6rc-w-"};

typedef struct holder_s holder;
struct holder_s {
  s6_fdholder_t *a;
  char const *words;
  size_t len;
  tain deadline;
  stralloc from;
  stralloc to;
};

static int make_id(stralloc *sa, char const *end, char const *name)
{
  sa->len = 0;
  return stralloc_cats(sa, end) && stralloc_cats(sa, name) && stralloc_0(sa);
}

/* of the request that is made now */
static tain const *deadline(holder *h)
{
  tain_addsec_g(&h->deadline, PATIENCE);
  return &h->deadline;
}

static int forget(holder *h, char const *id)
{
  return s6_fdholder_delete_g(h->a, id, deadline(h)) || errno == ENOENT;
}

static int retrieve(holder *h, char const *id)
{
  return s6_fdholder_retrieve_g(h->a, id, deadline(h));
}

static int store(holder *h, int fd, char const *id)
{
  tain limit;
  if (!forget(h, id)) return 0;
  tain_add_g(&limit, &tain_infinite_relative);
  return s6_fdholder_store_g(h->a, fd, id, &limit, deadline(h));
}

/* What is held as h->from is held as h->to, too. Fine if there is nothing. */
static int copy(holder *h)
{
  int fd = retrieve(h, h->from.s);
  int ok;
  if (fd < 0) return errno == ENOENT;
  ok = store(h, fd, h->to.s);
  fd_close(fd);
  return ok;
}

/* Calls f for every word of that kind. */
typedef int word_func(holder *, char const *name, char const *next);

static int each(holder *h, char kind, word_func *f)
{
  for (size_t at = 0; at < h->len;) {
    char const *word = h->words + at;
    at += strlen(word) + 1;
    if (word[0] == kind && !(*f)(h, word + 1, at < h->len ? h->words + at + 1 : "")) return 0;
  }
  return 1;
}

/* next: the word that follows, which is its new name */
static int take_along(holder *h, char const *name, char const *next)
{
  for (int i = 0; i < NENDS; i++)
    if (!make_id(&h->from, held_as[i], name) || !make_id(&h->to, moving_as[i], next) || !copy(h)) return 0;
  return 1;
}

static int put_down(holder *h, char const *name, char const *next)
{
  (void)next;
  for (int i = 0; i < NENDS; i++)
    if (!make_id(&h->from, moving_as[i], name) || !make_id(&h->to, held_as[i], name) || !copy(h) ||
        !forget(h, h->from.s))
      return 0;
  return 1;
}

static int drop(holder *h, char const *name, char const *next)
{
  (void)next;
  for (int i = 0; i < NENDS; i++)
    if (!make_id(&h->from, held_as[i], name) || !forget(h, h->from.s)) return 0;
  return 1;
}

static int make_pipe(holder *h, char const *name, char const *next)
{
  int fd[NENDS], ok, e;
  (void)next;
  if (!make_id(&h->from, held_as[READER], name) || !make_id(&h->to, held_as[WRITER], name)) return 0;
  /* the writing end is stored last */
  fd[WRITER] = retrieve(h, h->to.s);
  if (fd[WRITER] >= 0) {
    close(fd[WRITER]);
    return 1;
  }
  if (errno != ENOENT || pipecoe(fd) < 0) return 0;
  ok = store(h, fd[READER], h->from.s) && store(h, fd[WRITER], h->to.s);
  e = errno;
  close(fd[READER]);
  close(fd[WRITER]);
  errno = e;
  return ok;
}

static int pass(holder *h, int number)
{
  switch (number) {
    case 0: return each(h, UPDATE_WORD_PIPE_FROM, &take_along);
    case 1: return each(h, UPDATE_WORD_PIPE_GONE, &drop) && each(h, UPDATE_WORD_PIPE_TO, &put_down);
    default: return each(h, UPDATE_WORD_PIPE_NEW, &make_pipe);
  }
}

static int passes_done(int livefd)
{
  char c;
  ssize_t r = openreadnclose_at(livefd, UPDATE_PIPES, &c, 1);
  return r == 1 && c >= '0' && c <= '0' + NPASSES ? c - '0' : 0;
}

static int note_passes(int livefd, int n)
{
  char c = (char)('0' + n);
  return s6rc_treeremoveat(livefd, PIPES_NEW) && s6rc_writefileat(livefd, PIPES_NEW, &c, 1, S6RC_MODE_FILE) &&
         !renameat(livefd, PIPES_NEW, livefd, UPDATE_PIPES);
}

static int anything(char const *words, size_t len)
{
  for (size_t at = 0; at < len; at += strlen(words + at) + 1)
    if (strchr("-+<>", words[at])) return 1;
  return 0;
}

/* A fd-holder that does not do as it is told is restarted: it then makes
   every pipe of the new database, from the list that it has been given. */
static int restart_holder(void)
{
  int r = s6_svc_writectl(S6RC_FDHOLDER, S6_SUPERVISE_CTLDIR, "t", 1);
  return r >= 0 || errno == ENOENT;
}

/* All that is left to do, over one connection. 1; 0 and errno. *ours: set if
   what failed was not the fd-holder's. */
static int adjust(holder *h, int livefd, int *ours)
{
  int done = passes_done(livefd), ok = 1, e;
  if (!s6_fdholder_start_g(h->a, SOCKET, deadline(h))) return 0;
  while (ok && done < NPASSES) {
    ok = pass(h, done);
    if (!ok) break;
    ok = note_passes(livefd, ++done);
    *ours = !ok;
  }
  e = errno;
  s6_fdholder_end(h->a);
  errno = e;
  return ok;
}

int update_pipes(update_context *c, int livefd, int servicedirsfd, char const *words, size_t len)
{
  static s6_fdholder_t a = S6_FDHOLDER_ZERO;
  s6_svstatus_t st;
  holder h = {.a = &a, .words = words, .len = len};
  int ok = 0, ours = 0, e;
  if (!anything(words, len)) return 1;
  if (fchdir(servicedirsfd) < 0) return 0;
  if (!s6_svstatus_read(S6RC_FDHOLDER, &st)) return errno == ENOENT;
  if (!st.pid || st.flagfinishing) return 1; /* it will fill itself */
  if (!tain_now_g()) return 0;
  for (int i = 0; !ok && !ours && i < ATTEMPTS; i++) ok = adjust(&h, livefd, &ours);
  e = errno;
  stralloc_free(&h.from);
  stralloc_free(&h.to);
  errno = e;
  if (ok || ours) return ok;
  c->holder_error = e;
  /* fresh pipes have their right names: none is to be moved by a second run */
  return restart_holder() && note_passes(livefd, NPASSES);
}
