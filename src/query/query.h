/* ISC license. */

/* The commands of s6-rc-db: each prints its answer in buffer_1, or dies with
   the exit code that says why there is none. */

#ifndef S6RC_QUERY_H
#define S6RC_QUERY_H

#include <skalibs/gccattributes.h>

#include <s6-rc/db.h>

typedef struct query_s query;
struct query_s {
  s6rc_db db;
  char const *path;           /* of the database, for messages */
  unsigned char const *state; /* the live state, by number; null: unknown */
  s6rc_dir dir;
  int withoutessentials;
};

/* operands: as many as the command takes, null-terminated */
typedef void query_func(query const *, char const *const *operands);

extern query_func query_check, query_list, query_contents, query_dependencies, query_closure, query_atomics,
    query_type, query_timeout, query_pipeline, query_script, query_flags, query_graph, query_tree,
    query_order;

/* Dies because a function of a library said no: 4 or 111, by errno. */
extern void query_die(query const *) gccattr_noreturn;

/* Looks a name up and dies with 5 unless its type is one of kinds (bits
   REPORT_KIND); wanted: what these are, in words. */
extern void query_find(query const *, char const *name, unsigned int kinds, char const *wanted,
                       s6rc_identifier *);

#endif
