/* ISC license. */

/* Why services are up or down: from the live state, the records and the
   dependencies, as lines in buffer_1. Nothing here takes a lock or exits. */

#ifndef S6RC_WHY_H
#define S6RC_WHY_H

#include <stdint.h>

#include <s6-rc/graph.h>
#include <s6-rc/live.h>
#include <s6-rc/record.h>

#include "../status/status.h"

/* A service, whether it is asked about or only in the way. */
typedef struct why_node_s why_node;
struct why_node_s {
  char const *name; /* in the database's map */
  uint32_t namelen;
  uint32_t wanter; /* it is up: what needs it, a step nearer to what was asked for; S6RC_NONE */
  uint32_t hurdle; /* it is blocked: a step nearer to the culprit; S6RC_NONE */
  uint32_t mover;  /* it was stopped: what it depends on and was stopped by the same run; S6RC_NONE */
  s6rc_record record;
  unsigned char up;
  unsigned char asked; /* by name, and up */
  unsigned char killed;
  unsigned char said; /* bits of why_said_e */
};

/* What has been printed of a service already: what needs it, what blocks it,
   how it failed. */
enum why_said_e { WHY_SAID_WANTER = 1U << 0, WHY_SAID_HURDLE = 1U << 1, WHY_SAID_FAILURE = 1U << 2 };

typedef struct why_s why;
struct why_s {
  s6rc_db const *db;
  why_node *nodes;    /* s6rc_db_n(db) */
  s6rc_graph blocked; /* a service -> those that were not attempted because of it */
  status status;      /* of those that are asked about */
};
#define WHY_ZERO                                                           \
  {                                                                        \
    .db = 0, .nodes = 0, .blocked = S6RC_GRAPH_ZERO, .status = STATUS_ZERO \
  }

/* Reads what there is to know, for the services whose mark is not 0. The live
   directory has to stay open. 1; 0 and errno. If the live directory has moved
   meanwhile, see s6rc_live_moved, it is to be done again. Free with why_free in
   any case. O(V+E). */
extern int why_read(why *, s6rc_live const *, unsigned char const *mark);
extern void why_free(why *);

/* Prints it: for each service a line, and below that the lines that lead to
   the reason. What is printed already is not repeated, so the text is linear
   in what it is about. 1; 0 and errno, of writing or ENOMEM. */
extern int why_print(why *);

#endif
