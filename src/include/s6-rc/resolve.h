/* ISC license. */

/* Writing name resolution. resolve.cdb is a cdb: identifier -> one byte
   (S6RC_KIND_*), a 32-bit little-endian s6rc_hash_bytes over the identifier,
   that byte and what follows, then 32-bit little-endian service numbers:
   one for an atomic service, the contents, ascending, for a bundle. Atomic
   services come first, by number, then bundles in byte order of their names.
   Last, under the empty key: the digest of the file `db` that the numbers are
   for, then a BLAKE2s digest over all entries before, each as key length
   (32 bits), data length (32 bits), key, data. */

#ifndef S6RC_RESOLVE_H
#define S6RC_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include <skalibs/blake2s.h>
#include <skalibs/cdbmake.h>
#include <skalibs/stralloc.h>

#include <s6-rc/types.h>

/* the kind bytes, by s6rc_type */
#define S6RC_KINDS "lob"

typedef struct s6rc_resolvemaker_s s6rc_resolvemaker;
struct s6rc_resolvemaker_s {
  cdbmaker cdb;
  blake2s_ctx digest;
  stralloc data;
};

/* Starts writing to fd, an empty file open for reading and writing that
   stays the caller's. 1; 0 and errno. */
extern int s6rc_resolve_start(s6rc_resolvemaker *, int fd);

/* Adds an entry. Entries must come in the order given above. 1; 0 and errno,
   the maker then only good for s6rc_resolve_abort. */
extern int s6rc_resolve_add(s6rc_resolvemaker *, s6rc_type, char const *name, size_t len,
                            uint32_t const *numbers, uint32_t n);

/* Writes what is left. dbdigest: of the file `db`. Neither syncs nor closes.
   With very many names it raises the process's limit for the stack while it
   works: to be called by the first thread. 1; 0 and errno (ENOMEM also where
   that limit cannot be raised). Frees the maker either way. */
extern int s6rc_resolve_finish(s6rc_resolvemaker *, unsigned char const *dbdigest);
extern void s6rc_resolve_abort(s6rc_resolvemaker *);

#endif
