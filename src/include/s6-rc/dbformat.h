/* ISC license. */

/* The file `db` of a compiled database, byte by byte. Whoever writes it
   (src/compile) and whoever reads it (src/libs6rc) goes through this page.

   Everything is little-endian, whatever the machine. The file is

     header          S6RC_DB_HEADER_SIZE bytes, see the offsets below
     sections        in the order of enum s6rc_db_section_e, each at the next
                     multiple of S6RC_DB_ALIGN, the gaps filled with zeros

   A section of records holds records of 32-bit fields: the field tables
   below are the layout, in order. `services` has one record for each atomic
   service, by number; `longruns` one more for each longrun (record i belongs
   to service i), `oneshots` one more for each oneshot (record i belongs to
   service nlongruns + i). `edges` is an array of 32-bit service numbers,
   that records point into by index and count. `strings` is bytes, that
   records point into by offset and length.

   Damage is found where it is used: every record carries a hash over all
   that belongs to it, see s6rc_hash_*. One changed byte always changes it. */

#ifndef S6RC_DBFORMAT_H
#define S6RC_DBFORMAT_H

#include <stddef.h>
#include <stdint.h>

/* names of the entries of a compiled database */
#define S6RC_DB_FILE       "db"
#define S6RC_RESOLVE_FILE  "resolve.cdb"
#define S6RC_SERVICEDIRS   "servicedirs"
#define S6RC_LOCK_FILE     "lock"

#define S6RC_DB_MAGIC      "s6rc-db\n"
#define S6RC_DB_MAGIC_SIZE 8
#define S6RC_DB_VERSION    1
#define S6RC_DB_ALIGN      8
#define S6RC_DIGEST_SIZE   32 /* BLAKE2s */

enum s6rc_db_section_e {
  S6RC_SECTION_SERVICES,
  S6RC_SECTION_LONGRUNS,
  S6RC_SECTION_ONESHOTS,
  S6RC_SECTION_EDGES,
  S6RC_SECTION_STRINGS,
  S6RC_NSECTIONS
};

/* Offsets in the header. digest: BLAKE2s of the whole file, computed with
   `digest` and `hash` zero. hash: s6rc_hash_bytes of the bytes before it. */
enum s6rc_db_header_e {
  S6RC_HEADER_MAGIC = 0,                                           /* 8 bytes */
  S6RC_HEADER_VERSION = S6RC_HEADER_MAGIC + S6RC_DB_MAGIC_SIZE,    /* uint32 */
  S6RC_HEADER_HEADERSIZE = S6RC_HEADER_VERSION + 4,                /* uint32 */
  S6RC_HEADER_FILESIZE = S6RC_HEADER_HEADERSIZE + 4,               /* uint64 */
  S6RC_HEADER_NLONGRUNS = S6RC_HEADER_FILESIZE + 8,                /* uint32 */
  S6RC_HEADER_NONESHOTS = S6RC_HEADER_NLONGRUNS + 4,               /* uint32 */
  S6RC_HEADER_SECTIONS = S6RC_HEADER_NONESHOTS + 4,                /* uint64 offset, uint64 size, each */
  S6RC_HEADER_DIGEST = S6RC_HEADER_SECTIONS + 16 * S6RC_NSECTIONS, /* S6RC_DIGEST_SIZE bytes */
  S6RC_HEADER_HASH = S6RC_HEADER_DIGEST + S6RC_DIGEST_SIZE,        /* uint32 */
  S6RC_HEADER_END = S6RC_HEADER_HASH + 4
};
#define S6RC_DB_HEADER_SIZE ((S6RC_HEADER_END + S6RC_DB_ALIGN - 1) / S6RC_DB_ALIGN * S6RC_DB_ALIGN)

/* services. name: in strings, followed there by a NUL that namelen does not
   count. Timeouts in milliseconds, 0 = none. deps, rdeps: first index in
   edges, both lists in ascending order without duplicates. ndeps and nrdeps:
   their lengths. hash: see s6rc_dbrec_hash. depshash, rdepshash:
   s6rc_hash_words of the list. */
#define S6RC_SERVICE_FIELDS(F) \
  F(name)                      \
  F(namelen)                   \
  F(flags)                     \
  F(timeout_up)                \
  F(timeout_down)              \
  F(deps)                      \
  F(ndeps)                     \
  F(depshash)                  \
  F(rdeps)                     \
  F(nrdeps)                    \
  F(rdepshash)                 \
  F(hash)

/* longruns. consumer: service number or S6RC_NONE. producers: ascending. */
#define S6RC_LONGRUN_FIELDS(F) \
  F(consumer)                  \
  F(producers)                 \
  F(nproducers)

/* oneshots. A script is its argv: argc words, each followed by a NUL, all
   in all len bytes of strings. argc 0: nothing to do. */
#define S6RC_ONESHOT_FIELDS(F) \
  F(up)                        \
  F(up_len)                    \
  F(up_argc)                   \
  F(down)                      \
  F(down_len)                  \
  F(down_argc)                 \
  F(reload)                    \
  F(reload_len)                \
  F(reload_argc)

#define S6RC_FIELD_(f) uint32_t f;
typedef struct s6rc_servicerec_s s6rc_servicerec;
struct s6rc_servicerec_s {
  S6RC_SERVICE_FIELDS(S6RC_FIELD_)
};
typedef struct s6rc_longrunrec_s s6rc_longrunrec;
struct s6rc_longrunrec_s {
  S6RC_LONGRUN_FIELDS(S6RC_FIELD_)
};
typedef struct s6rc_oneshotrec_s s6rc_oneshotrec;
struct s6rc_oneshotrec_s {
  S6RC_ONESHOT_FIELDS(S6RC_FIELD_)
};
#undef S6RC_FIELD_

#define S6RC_COUNT_(f) +4
enum s6rc_recsize_e {
  S6RC_SERVICE_SIZE = 0 S6RC_SERVICE_FIELDS(S6RC_COUNT_),
  S6RC_LONGRUN_SIZE = 0 S6RC_LONGRUN_FIELDS(S6RC_COUNT_),
  S6RC_ONESHOT_SIZE = 0 S6RC_ONESHOT_FIELDS(S6RC_COUNT_)
};
#undef S6RC_COUNT_

/* Little-endian numbers at any address. Compilers make one load of it. */
static inline uint32_t s6rc_le32(unsigned char const *s)
{
  return (uint32_t)s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 | (uint32_t)s[3] << 24;
}

static inline uint64_t s6rc_le64(unsigned char const *s)
{
  return (uint64_t)s6rc_le32(s) | (uint64_t)s6rc_le32(s + 4) << 32;
}

static inline void s6rc_le32_put(unsigned char *s, uint32_t u)
{
  s[0] = u & 0xff;
  s[1] = u >> 8 & 0xff;
  s[2] = u >> 16 & 0xff;
  s[3] = u >> 24;
}

static inline void s6rc_le64_put(unsigned char *s, uint64_t u)
{
  s6rc_le32_put(s, (uint32_t)u);
  s6rc_le32_put(s + 4, (uint32_t)(u >> 32));
}

/* Records from and to their bytes (S6RC_*_SIZE of them). */
extern void s6rc_servicerec_pack(unsigned char *, s6rc_servicerec const *);
extern void s6rc_servicerec_unpack(unsigned char const *, s6rc_servicerec *);
extern void s6rc_longrunrec_pack(unsigned char *, s6rc_longrunrec const *);
extern void s6rc_longrunrec_unpack(unsigned char const *, s6rc_longrunrec *);
extern void s6rc_oneshotrec_pack(unsigned char *, s6rc_oneshotrec const *);
extern void s6rc_oneshotrec_unpack(unsigned char const *, s6rc_oneshotrec *);

/* FNV-1a, over bytes, and over little-endian 32-bit words taken whole. Every
   step is a bijection of the state, so one changed byte or word always
   shows. Start from S6RC_HASH_INIT, feed the result back in as h. */
#define S6RC_HASH_INIT 2166136261U
extern uint32_t s6rc_hash_bytes(uint32_t h, void const *s, size_t len);
extern uint32_t s6rc_hash_words(uint32_t h, unsigned char const *s, size_t nwords);

/* The hash of a service record: over the record's bytes before the field
   `hash`, the bytes of its longrun or oneshot record, its name, and then its
   producers (words) or its three scripts (bytes, in order). Everything must
   be in range already. rec: the packed service record; extra, extralen: the
   packed second record; edges, strings: the starts of those sections. */
extern uint32_t s6rc_servicerec_hash(unsigned char const *rec, unsigned char const *extra, int isoneshot,
                                     unsigned char const *edges, unsigned char const *strings);

#endif
