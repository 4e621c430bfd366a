/* ISC license. */

/* What a set may be. A set is consistent if no service depends on one with a
   lower prescription (a masked one that it depends on only where it is defined
   does not count), and if a pipeline is masked as a whole or not at all.
   Everything here works on arrays by service number and does no I/O. */

#ifndef S6RC_REPO_CONSISTENCY_H
#define S6RC_REPO_CONSISTENCY_H

#include <stddef.h>
#include <stdint.h>

#include <skalibs/genalloc.h>

#include <s6-rc/graph.h>

/* Prescriptions, in their order. */
typedef enum repo_rx_e repo_rx;
enum repo_rx_e { REPO_MASKED, REPO_USABLE, REPO_ACTIVE, REPO_ALWAYS, REPO_NRXS };

/* "masked", "usable", "active", "always" */
extern char const *const repo_rx_names[REPO_NRXS];

/* The prescription of that name, or, if aliases is not 0, of that other name
   for one ("enabled"). 1; 0: there is none. */
extern int repo_rx_scan(char const *s, size_t len, int aliases, repo_rx *);

/* What a new service gets, by its flags (S6RC_FLAG_*). */
extern repo_rx repo_rx_default(uint32_t flags);

/* Services and how they hang together: deps leads from each to what it
   depends on, its consumer included; optional to what it depends on only if
   that is not masked. rdeps and roptional are the same, turned around.
   consumer[i] is S6RC_NONE where there is none; producers is consumer turned
   around. */
typedef struct repo_services_s repo_services;
struct repo_services_s {
  uint32_t n;
  s6rc_graph deps;
  s6rc_graph rdeps;
  s6rc_graph optional;
  s6rc_graph roptional;
  s6rc_graph producers;
  uint32_t *consumer;
};

/* A pair that does not go together. REPO_DEPENDS: service depends on other,
   which has a lower prescription. REPO_CONSUMES: service, which is not masked,
   is the consumer of other, which is. */
typedef enum repo_tie_e repo_tie;
enum repo_tie_e { REPO_DEPENDS, REPO_CONSUMES };

typedef struct repo_conflict_s repo_conflict;
struct repo_conflict_s {
  uint32_t service;
  uint32_t other;
  repo_tie tie;
};

/* What happens to a service, and why; because: the other service. */
typedef enum repo_why_e repo_why;
enum repo_why_e {
  REPO_STAYS,
  REPO_ASKED,    /* that is the change */
  REPO_NEEDED,   /* raised: because depends on it */
  REPO_NEEDS,    /* lowered: it depends on because */
  REPO_PRODUCES, /* raised: because is its consumer and is not masked */
  REPO_READS     /* lowered: because is its producer and is masked */
};

typedef struct repo_move_s repo_move;
struct repo_move_s {
  unsigned char rx; /* what it gets */
  unsigned char why;
  uint32_t because;
};

/* What else is to move.
   REPO_ALONE: nothing.
   REPO_PULL: what has to, because of the change: upward what a raised service
   needs, downward what needs a lowered one, whole pipelines; both around a
   service that has been asked for and is there already.
   REPO_FIX_UP, REPO_FIX_DOWN: whatever has to, in the whole set, raising
   dependencies or lowering dependents. */
typedef enum repo_mode_e repo_mode;
enum repo_mode_e { REPO_ALONE, REPO_PULL, REPO_FIX_UP, REPO_FIX_DOWN };

/* A change: the services whose byte in asked is not 0 get rx `to`. asked may
   be null: nothing is asked for. */
typedef struct repo_change_s repo_change;
struct repo_change_s {
  unsigned char const *asked;
  repo_rx to;
  repo_mode mode;
};

/* The one function: from a graph, the prescriptions rx and a change to the new
   ones, with reasons (moves, n of them), and to what does not go together
   afterwards: to conflicts (of repo_conflict) are appended, by number, all
   such pairs of which the change has asked for or moved at least one; all that
   there are, if nothing is asked for. O(V+E). 1; 0 and ENOMEM. */
extern int repo_consistency(repo_services const *, unsigned char const *rx, repo_change const *,
                            repo_move *moves, genalloc *conflicts);

#endif
