/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

#include <s6/fdholder.h>

#include <s6-rc/types.h>

#include "fdholder.h"

/* A message takes 253 descriptors, on Linux and in older s6. */
enum { BATCH = 120, ENDS = 2 };

typedef struct filler_s filler;
struct filler_s {
  s6_fdholder_fd_t *fds; /* ENDS * BATCH */
  unsigned int n;        /* that are open */
  tain limit;            /* of the next one */
};

static void set_entry(filler *f, int fd, char const *prefix, char const *name)
{
  static tain const tick = {.sec = TAI_ZERO, .nano = 1};
  s6_fdholder_fd_t *entry = f->fds + f->n++;
  size_t len = strlen(prefix);
  entry->fd = fd;
  memcpy(entry->id, prefix, len);
  memcpy(entry->id + len, name, strlen(name) + 1);
  entry->limit = f->limit;
  /* s6-fdholderd keeps its entries by limit, and two that are equal, in
     however many calls, destroy that order */
  tain_add(&f->limit, &f->limit, &tick);
}

static int add_pipe(filler *f, char const *name)
{
  int p[ENDS];
  if (strlen(name) > S6RC_PIPE_NAME_MAX) return (errno = ENAMETOOLONG, 0);
  if (pipecoe(p) < 0) return 0;
  set_entry(f, p[0], S6RC_PIPE_READER, name);
  set_entry(f, p[1], S6RC_PIPE_WRITER, name);
  return 1;
}

static void close_all(filler *f)
{
  while (f->n) fd_close(f->fds[--f->n].fd);
}

/* Stores what there is. */
static int flush(filler *f, s6_fdholder_t *a, tain const *deadline)
{
  int ok = s6_fdholder_setdump_g(a, f->fds, f->n, deadline);
  close_all(f);
  return ok;
}

int fdholder_fill(s6_fdholder_t *a, char const *names, size_t n, tain const *deadline, char const **failed)
{
  filler f = {.fds = malloc(ENDS * BATCH * sizeof(s6_fdholder_fd_t))};
  int ok = !!f.fds;
  *failed = names;
  tain_add_g(&f.limit, &tain_infinite_relative);
  while (ok && n) {
    if (f.n < ENDS * BATCH && add_pipe(&f, names)) {
      names += strlen(names) + 1;
      n--;
      continue;
    }
    ok = f.n && (f.n == ENDS * BATCH || errno == EMFILE || errno == ENFILE) && flush(&f, a, deadline);
    if (ok) *failed = names;
  }
  if (ok && f.n) ok = flush(&f, a, deadline);
  int e = errno;
  if (f.fds) close_all(&f);
  free(f.fds);
  errno = e;
  return ok;
}
