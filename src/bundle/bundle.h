/* ISC license. */

/* Changing the bundles of a compiled database: only its name resolution. */

#ifndef S6RC_BUNDLE_H
#define S6RC_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include <s6-rc/db.h>

/* One identifier as it will be. name: the caller's, or in the map. numbers:
   first of n in bundle_change.numbers, or, for what is in the database
   already, contents. */
typedef struct bundle_entry_s bundle_entry;
struct bundle_entry_s {
  char const *name;
  size_t len;
  s6rc_type type;
  unsigned char added;
  unsigned char deleted;
  s6rc_list contents;
  size_t first;
  uint32_t n;
};

/* A change in the making: nothing is written before bundle_commit. */
typedef struct bundle_change_s bundle_change;
struct bundle_change_s {
  s6rc_db const *db;
  genalloc entries; /* of bundle_entry: all that there is, then what is added */
  genalloc numbers; /* of uint32_t */
  size_t nold;      /* entries that come from the database */
};

/* Why something cannot be. */
typedef enum bundle_verdict_e bundle_verdict;
enum bundle_verdict_e {
  BUNDLE_OK,
  BUNDLE_ERROR,    /* errno: EPROTO, ENOMEM... */
  BUNDLE_ILLEGAL,  /* not a name that a source could define */
  BUNDLE_EXISTS,   /* defined already, and not to be replaced */
  BUNDLE_UNKNOWN,  /* no such identifier */
  BUNDLE_WRONGTYPE /* an atomic service, which cannot be deleted or replaced */
};

/* Reads what there is. 1; 0 and errno. */
extern int bundle_begin(bundle_change *, s6rc_db const *);
/* Deletes a bundle; force: one that does not exist is fine. */
extern bundle_verdict bundle_delete(bundle_change *, char const *name, int force);
/* Adds a bundle; force: in place of one that exists. contents: n names, which
   must be in the database as it is before the change; *culprit: the one that
   is not. */
extern bundle_verdict bundle_add(bundle_change *, char const *name, char const *const *contents, size_t n,
                                 int force, char const **culprit);
/* Writes the new name resolution beside the old one, syncs it and renames it
   into place. 1; 0 and errno, the old one is then untouched; -1 and errno: the
   new one is there, but a loss of power might still take it away. */
extern int bundle_commit(bundle_change *);
extern void bundle_free(bundle_change *);

#endif
