/* ISC license. */

/* From the model of a source to a compiled database. */

#ifndef S6RC_COMPILE_H
#define S6RC_COMPILE_H

#include <stddef.h>
#include <stdint.h>
#include <signal.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include <s6-rc/graph.h>
#include <s6-rc/types.h>

#include "../source/source.h"

/* The atomic services that a bundle stands for, ascending: n numbers from
   first on, in compiled.members. */
typedef struct compile_bundle_s compile_bundle;
struct compile_bundle_s {
  uint32_t name;
  uint32_t n;
  size_t first;
};

/* A source with every name resolved and every service numbered. What is "by
   number" has nlongruns + noneshots elements, what is "by name" one for each
   name id of the source. S6RC_NONE where there is none. */
typedef struct compiled_s compiled;
struct compiled_s {
  source *src;
  uint32_t nlongruns;
  uint32_t noneshots;
  uint32_t nbundles;
  uint32_t *service;       /* by number: in the source; none for the generated two */
  uint32_t *atomic;        /* by name: number of the atomic service of that name */
  uint32_t *bundleof;      /* by name: index of the bundle of that name */
  compile_bundle *bundles; /* in byte order of their names */
  genalloc members;        /* of uint32_t */
  uint32_t *flags;         /* by number */
  uint32_t *consumer;      /* by longrun's number: a longrun, where both sides agree */
  s6rc_graph producers;    /* the same, turned around */
  s6rc_graph deps;         /* by number: what must be up before, ascending */
  s6rc_graph rdeps;        /* the same, turned around */
};
#define COMPILED_ZERO                                       \
  {                                                         \
    .src = 0, .nlongruns = 0, .noneshots = 0, .nbundles = 0 \
  }

#define compiled_n(c) ((c)->nlongruns + (c)->noneshots)

/* Resolves a source into a zero compiled. What is wrong is complained about
   in src: nothing may be written unless source_nerrors says 0. 1; 0 and errno
   (ENOMEM, EOVERFLOW). src must live as long; free it either way. */
extern int compile_resolve(compiled *, source *src);
extern void compile_free(compiled *);

/* Looks for what somebody may have meant who wrote an undefined name. */
typedef struct compile_suggester_s compile_suggester;
struct compile_suggester_s {
  compiled const *c;
  uint32_t *known; /* by name: what to suggest for it; its own id: nothing; S6RC_NONE: not looked for yet */
  size_t tried;
};
#define COMPILE_SUGGESTER_ZERO(compiled) \
  {                                      \
    .c = (compiled), .known = 0          \
  }

/* Gives the defined name that is closest to an undefined one, or the same
   name if none is near, or if too many have been looked for. 1; 0 and ENOMEM. */
extern int compile_suggest(compile_suggester *, uint32_t name, uint32_t *best);
extern void compile_suggester_free(compile_suggester *);

/* The name of a service, ending in a NUL, and its length. */
extern char const *compiled_name(compiled const *, uint32_t number);
extern uint32_t compiled_namelen(compiled const *, uint32_t number);

/* The model of a service; null for the generated two. */
static inline source_service const *compiled_service(compiled const *c, uint32_t number)
{
  return c->service[number] == S6RC_NONE ? 0 : source_services(c->src) + c->service[number];
}

/* Is the longrun part of a pipeline? */
static inline int compiled_pipelined(compiled const *c, uint32_t number)
{
  return c->consumer[number] != S6RC_NONE || c->producers.first[number + 1] > c->producers.first[number];
}

/* What s6-fdholderd can be asked to hold: its table is on the stack, and
   25,000 descriptors fill the usual 8 MiB. */
#define COMPILE_FDS_MAX 24000

typedef struct compile_options_s compile_options;
struct compile_options_s {
  char const *fdhuser;               /* the fd-holder's user, or null */
  int block;                         /* the oneshot runner waits for locks */
  int graph;                         /* no longruns' service directories: to be asked, never to go live */
  volatile sig_atomic_t const *stop; /* when this gets nonzero, give up: EINTR. May be null */
};

/* Writes the database. dest must not exist, not even as an empty directory.
   All is built in a directory beside it, which then gets its name: the point
   of no return is that one rename, and everything has been synced before. 1;
   0 and errno: then nothing is left of it, and *what says what could not be
   done ("create servicedirs/foo"), with a NUL that len counts; -1 and errno:
   the database is there, but a loss of power may take it away, because the
   directory that it is in could not be synced. */
extern int compile_write(compiled const *, char const *dest, compile_options const *, stralloc *what);

/* Removes what killed runs for dest have left beside it. The number of
   directories removed; those that cannot be removed are left alone. */
extern unsigned int compile_sweep(char const *dest);

#endif
