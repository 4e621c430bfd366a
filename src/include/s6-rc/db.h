/* ISC license. */

/* Reading a compiled database. It is mapped, not parsed: opening looks at
   the header only; a record is checked when it is used. */

#ifndef S6RC_DB_H
#define S6RC_DB_H

#include <stddef.h>
#include <stdint.h>

#include <skalibs/cdb.h>

#include <s6-rc/types.h>
#include <s6-rc/dbformat.h>

/* A list of service numbers in a map. Element i: s6rc_list_get(&l, i). */
typedef struct s6rc_list_s s6rc_list;
struct s6rc_list_s {
  unsigned char const *s;
  uint32_t n;
};

static inline uint32_t s6rc_list_get(s6rc_list const *l, uint32_t i)
{
  return s6rc_le32(l->s + 4 * (size_t)i);
}

/* argc words, each followed by a NUL, len bytes in all */
typedef struct s6rc_script_s s6rc_script;
struct s6rc_script_s {
  char const *s;
  uint32_t len;
  uint32_t argc;
};

typedef struct s6rc_db_s s6rc_db;
struct s6rc_db_s {
  int fd; /* the database's directory */
  unsigned char const *map;
  size_t size;
  uint32_t nlongruns;
  uint32_t noneshots;
  unsigned char const *section[S6RC_NSECTIONS];
  size_t sectionlen[S6RC_NSECTIONS];
  cdb resolve;
};
#define S6RC_DB_ZERO                                                                   \
  {                                                                                    \
    .fd = -1, .map = 0, .size = 0, .nlongruns = 0, .noneshots = 0, .resolve = CDB_ZERO \
  }

/* What a number stands for. Everything points into the map and lives as long
   as the database is open. name ends in a NUL that namelen does not count.
   consumer, producers: longruns only (S6RC_NONE and empty elsewhere).
   script: oneshots only (empty elsewhere). timeout: ms, 0 = none. */
typedef struct s6rc_service_s s6rc_service;
struct s6rc_service_s {
  uint32_t number;
  s6rc_type type;
  char const *name;
  uint32_t namelen;
  uint32_t flags;
  uint32_t timeout[2];
  uint32_t consumer;
  s6rc_list producers;
  s6rc_script script[S6RC_NSCRIPTS];
  s6rc_list deps_[2]; /* unchecked: use s6rc_db_deps */
  uint32_t depshash_[2];
};

/* What an identifier stands for: an atomic service has itself as contents. */
typedef struct s6rc_identifier_s s6rc_identifier;
struct s6rc_identifier_s {
  s6rc_type type;
  s6rc_list contents;
};

/* Opens the database in directory path, relative to dirfd (as openat). 1; 0
   and errno: EPROTO if it is there but no valid database, EPROTOTYPE if it
   is one of another format version, else what the system said (ENOENT,
   EACCES...). Nothing is left open on failure. */
extern int s6rc_db_openat(s6rc_db *, int dirfd, char const *path);
extern int s6rc_db_open(s6rc_db *, char const *path);

/* Forgets the database; safe on S6RC_DB_ZERO and twice. errno is kept. */
extern void s6rc_db_close(s6rc_db *);

#define s6rc_db_n(db) ((db)->nlongruns + (db)->noneshots)

/* The database's digest, S6RC_DIGEST_SIZE bytes: equal databases (bundles
   aside) have equal digests. */
extern unsigned char const *s6rc_db_digest(s6rc_db const *);

/* Reads service number. 1; 0 and EPROTO if its record is damaged or number
   is out of range. Constant time (the length of its own strings aside). */
extern int s6rc_db_service(s6rc_db const *, uint32_t number, s6rc_service *);

/* The services that must be up before s goes up (S6RC_UP), or down before s
   goes down (S6RC_DOWN); direct ones, ascending. 1; 0 and EPROTO. */
extern int s6rc_db_deps(s6rc_db const *, s6rc_service const *, s6rc_dir, s6rc_list *);

/* Looks an identifier up. 1 found; 0 not there; -1 and EPROTO if the entry
   or the file is damaged. */
extern int s6rc_db_resolve(s6rc_db const *, char const *name, size_t len, s6rc_identifier *);

/* Goes through all identifiers: start with pos = CDB_TRAVERSE_INIT(). Atomic
   services come by number, then bundles by name. 1 one more, name is not
   NUL-terminated; 0 end; -1 and EPROTO. */
extern int s6rc_db_next(s6rc_db const *, char const **name, size_t *len, s6rc_identifier *, uint32_t *pos);

/* Marks the closure: mark has s6rc_db_n bytes, all those with bit `bit` set
   are the start; every service that they need in direction dir gets it.
   1; 0 and errno (EPROTO, ENOMEM), the marks are then incomplete. O(V+E). */
extern int s6rc_db_closure(s6rc_db const *, s6rc_dir, unsigned char *mark, unsigned char bit);

/* A complaint of s6rc_db_check. */
typedef struct s6rc_damage_s s6rc_damage;
struct s6rc_damage_s {
  char const *what; /* static text */
  char const *name; /* a name in the map, or null */
  char const *file; /* S6RC_DB_FILE or S6RC_RESOLVE_FILE */
};

/* Checks everything: digests, every record, order and mirror of dependencies,
   no cycles, pipelines consistent, every name resolves to itself. 1; 0 and
   EPROTO with *damage filled, or ENOMEM. */
extern int s6rc_db_check(s6rc_db const *, s6rc_damage *damage);

#endif
