/* ISC license. */

/* Listening to the events of supervised services, without a process in
   between. The mechanism is s6's fifodir: whoever has a FIFO of the right
   name in a service's event/ directory is sent a byte for each event (the
   letters of s6-supervise: s u U d D O x).

   Descriptors are scarce and services are not, so services share FIFOs: one
   inode, made in the event directory of the first of a group and linked into
   those of the others. A byte then says "one of these": the caller looks at
   the status files of the group, which s6-supervise always writes before it
   sends. Nothing is lost that way, whatever the limit on descriptors.

   In one directory of service directories only one process may listen at a
   time: whoever holds the live directory's lock. */

#ifndef S6RC_LISTEN_H
#define S6RC_LISTEN_H

#include <stddef.h>
#include <stdint.h>

#include <skalibs/genalloc.h>
#include <skalibs/iopause.h>

/* Events as a set */
enum s6rc_event_e {
  S6RC_EVENT_SUPERVISED = 1U << 0, /* s */
  S6RC_EVENT_UP = 1U << 1,         /* u */
  S6RC_EVENT_READY = 1U << 2,      /* U */
  S6RC_EVENT_DOWN = 1U << 3,       /* d */
  S6RC_EVENT_FINISHED = 1U << 4,   /* D */
  S6RC_EVENT_GIVENUP = 1U << 5,    /* O */
  S6RC_EVENT_GONE = 1U << 6        /* x */
};

/* "ftrig1:", a timestamp, ":" and 6 characters: what notifiers look for */
#define S6RC_FIFO_NAME_LEN 39

typedef struct s6rc_listengroup_s s6rc_listengroup;
struct s6rc_listengroup_s {
  int fd[2]; /* both ends of the FIFO, -1 while the group is empty */
  char name[S6RC_FIFO_NAME_LEN + 1];
  genalloc members; /* of uint32_t: ids */
};

typedef struct s6rc_listener_s s6rc_listener;
struct s6rc_listener_s {
  int dirfd;          /* parent of the service directories, the caller's */
  uint32_t maxgroups; /* as many as spread the members well, and fit */
  uint32_t next;      /* group for the next member */
  uint32_t nslots;
  struct s6rc_listenslot_s *slots; /* by id */
  genalloc groups;                 /* of s6rc_listengroup */
};
#define S6RC_LISTENER_ZERO                                                                   \
  {                                                                                          \
    .dirfd = -1, .maxgroups = 0, .next = 0, .nslots = 0, .slots = 0, .groups = GENALLOC_ZERO \
  }

/* Prepares to listen to services whose ids are below nslots, about n of them
   at once. 1; 0 and ENOMEM. */
extern int s6rc_listener_init(s6rc_listener *, int dirfd, uint32_t nslots, uint32_t n);

/* Gives the name of a member's service directory. */
typedef char const *s6rc_nameof_func(uint32_t id, void *data);

/* Listens to service directory name, under that id. From when this returns no
   event is missed, so: read the status now. 1; 0 and errno: ENOENT if the
   service has never been supervised, EACCES for strangers. */
extern int s6rc_listener_add(s6rc_listener *, char const *name, uint32_t id, s6rc_nameof_func *name_of,
                             void *data);

/* Stops listening to it. name as for _add. */
extern void s6rc_listener_remove(s6rc_listener *, char const *name, uint32_t id);

/* How many iopause_fd there are, and fills them in (for reading). */
#define s6rc_listener_nfds(l) ((l)->groups.len / sizeof(s6rc_listengroup))
extern void s6rc_listener_fds(s6rc_listener const *, iopause_fd *);

/* Reads what has come for group number i (its iopause_fd is readable) and
   appends the ids of its members to ids (of uint32_t). The set of events, 0
   if none; -1 and errno. */
extern int s6rc_listener_read(s6rc_listener *, size_t i, genalloc *ids);

/* Takes every FIFO away and frees all. */
extern void s6rc_listener_free(s6rc_listener *, s6rc_nameof_func *name_of, void *data);

/* Removes FIFOs that nobody reads any more from the event directory of service
   directory name: what notifiers do at the next event, for who does not want
   to wait for one. 1 (also if there is no such directory); 0 and errno. */
extern int s6rc_listen_clean(int dirfd, char const *name);

#endif
