/* ISC license. */

/* How long transitions took, from the records of a live directory: read, put
   in order, and printed in buffer_1. Functions that return int: 1; 0 and errno,
   EPROTO if the database is damaged, else of writing or ENOMEM. Nothing here
   takes a lock or exits. */

#ifndef S6RC_TIMES_H
#define S6RC_TIMES_H

#include <stddef.h>
#include <stdint.h>

#include <skalibs/stralloc.h>

#include <s6-rc/live.h>
#include <s6-rc/record.h>

/* The last transition of a service. Times in nanoseconds, of CLOCK_MONOTONIC. */
typedef struct times_item_s times_item;
struct times_item_s {
  uint32_t number;
  uint32_t namelen;
  char const *name;    /* in the database's map */
  char const *culprit; /* name of what kept it from being attempted, or null */
  s6rc_type type;
  s6rc_record record;
  uint64_t begin; /* 0: it was not attempted */
  uint64_t end;   /* of what is under way: when the records were read */
  unsigned char killed;
  unsigned char chosen;
};

typedef struct times_s times;
struct times_s {
  s6rc_db const *db;
  times_item *items; /* by number of service */
  uint32_t n;
  uint32_t *place; /* number of service -> item; S6RC_NONE */
  uint32_t run;    /* whose transitions these are; 0: all there are */
};
#define TIMES_ZERO                                    \
  {                                                   \
    .db = 0, .items = 0, .n = 0, .place = 0, .run = 0 \
  }

#define TIMES_ALL  0U
#define TIMES_LAST UINT32_MAX

/* Reads the transitions of a run (or TIMES_ALL, TIMES_LAST). mark: a byte a
   service, not 0 for those that are chosen: what is printed is about these.
   The live directory has to stay open. 1; 0 and errno, ENOENT if there are no
   records. If the live directory has moved meanwhile, see s6rc_live_moved, it
   is to be done again. Free with times_free in any case. */
extern int times_read(times *, s6rc_live const *, unsigned char const *mark, uint32_t run);
extern void times_free(times *);

/* The chosen transitions that were attempted, slowest first, a line each. */
extern int times_blame(times const *);

/* What the end of the last of the chosen transitions had to wait for, link by
   link, and how much later each made it. */
extern int times_chain(times const *);

/* All runs of which something is known, a line each. */
extern int times_runs(times const *);

/* The chosen transitions as a picture: an SVG document. */
extern int times_plot(times const *);

/* --- inside of this room */

/* Puts the links of the chain in links (n elements), first to last; their
   number; -1 and errno. */
extern int64_t times_find_chain(times const *, uint32_t *links);

/* Has it come to where it was to be? */
static inline int times_is_done(times_item const *i)
{
  return i->record.result == S6RC_RESULT_DONE;
}

/* Appends what became of it. 1; 0, ENOMEM. */
extern int times_cat_result(stralloc *, times_item const *);

#endif
