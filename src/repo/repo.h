/* ISC license. */

/* The repository of stores and sets: its layout, its lock, reading and
   writing what is in it. Everything that a tool may change is in one
   generation, a directory; a change is a new generation, and a rename of the
   link that leads to it. doc/man/s6-rc-repository.5 shows all the files.

   Functions return 1, or 0 and errno; repo.what then says what could not be
   done ("create /var/lib/s6-rc/repository/lock"). EPROTO: what is there is
   not as it has to be, and repo.what is a sentence about it. */

#ifndef S6RC_REPO_H
#define S6RC_REPO_H

#include <stddef.h>
#include <stdint.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include <s6-rc/db.h>
#include <s6-rc/dbformat.h>
#include <s6-rc/lock.h>

#include "../compile/compile.h"
#include "../source/source.h"
#include "consistency.h"

/* in the repository */
#define REPO_LOCK       "lock"
#define REPO_CURRENT    "current"
#define REPO_GENERATION "generation:" /* and a unique part, as the next two */
#define REPO_REFERENCES "reference:"
#define REPO_NEW        "current:"
#define REPO_COMPILED   "compiled"
#define REPO_KEPT       "kept"

/* in a generation */
#define REPO_STORES    "stores"
#define REPO_SYNCED    "synced"
#define REPO_OPTIONAL  "optional"
#define REPO_REFERENCE "reference"
#define REPO_SETS      "sets"
#define REPO_COMMITTED "committed"

/* in the directory of a committed set */
#define REPO_COMMITTED_DB   "db"
#define REPO_COMMITTED_SET  "set"
#define REPO_COMMITTED_FROM "from"

/* a set's name also begins the names of directories: room for what follows */
#define REPO_SETNAME_MAX 240

typedef struct repo_s repo;
struct repo_s {
  char const *path;
  int fd;
  s6rc_lockmode mode;
  int made;      /* repo_create has made it */
  int lock;      /* -1: reading without one */
  int current;   /* the generation; -1: there is none yet */
  stralloc name; /* of the generation, with a NUL */
  stralloc what;
};
#define REPO_ZERO                                                                                \
  {                                                                                              \
    .path = 0, .fd = -1, .lock = -1, .current = -1, .name = STRALLOC_ZERO, .what = STRALLOC_ZERO \
  }

/* Opens a repository and takes its lock, waiting. Exclusive: also removes what
   killed runs have left. Shared, and we may not: goes on without, see
   repo_unchanged. 1; 0: ENOENT if there is no such directory, EPROTO if it is
   no repository. path must live as long. */
extern int repo_open(repo *, char const *path, s6rc_lockmode);

/* The same for one that need not exist: what is missing is made, directories
   above included; current stays -1 if there is no generation. EPROTO:
   something else is there. */
extern int repo_create(repo *, char const *path);
extern void repo_close(repo *);

/* After a failure: removes what no generation leads to; without a generation,
   what repo_create has made. Keeps errno. */
extern void repo_tidy(repo *);
/* Makes a directory with mode 0755, with all that is missing above it. */
extern int repo_make_directory(char const *path);

/* Without a lock: is the generation that is read still the current one? If not,
   files of it may be gone, and directories may lack entries. */
extern int repo_unchanged(repo const *);

/* The path of something in the repository, for messages and for the compiler;
   name or both may be null. 1; 0 and ENOMEM. */
extern int repo_path(repo const *, char const *dir, char const *name, stralloc *);

/* Sets what: "VERB PATH", PATH as in repo_path. Returns 0, keeps errno. */
extern int repo_failed(repo *, char const *verb, char const *dir, char const *name);

/* The same for path, which s6-rc/trust.h says not to use. */
extern int repo_failed_untrusted(repo *, char const *path);
/* The same with texts: "VERB ", "PATH", ...; the list ends in a null. */
#define repo_cannot(r, ...) repo_cannot_array(r, (char const *const[]){__VA_ARGS__, 0})
extern int repo_cannot_array(repo *, char const *const *texts);
/* Sets what to the texts, and errno to EPROTO. The list ends in a null. */
#define repo_wrong(r, ...) repo_wrong_array(r, (char const *const[]){__VA_ARGS__, 0})
extern int repo_wrong_array(repo *, char const *const *texts);

/* Names, sorted; each ends in a NUL. */
typedef struct repo_names_s repo_names;
struct repo_names_s {
  stralloc text;
  genalloc s; /* of char const * */
};
#define repo_names_n(x)      genalloc_len(char const *, &(x)->s)
#define repo_names_get(x, i) (genalloc_s(char const *, &(x)->s)[i])
extern void repo_names_free(repo_names *);
/* What is in a directory, without what begins with a dot. 1; 0 and errno. */
extern int repo_names_read(repo_names *, int dirfd, char const *dir);
/* The same with them. */
extern int repo_names_read_all(repo_names *, int dirfd, char const *dir);

/* --- stores */

/* The stores' paths, in their order. */
extern int repo_stores(repo *, repo_names *);

/* What is known of the last sync: the fingerprint of all sources, and how many
   definitions each store had (by its path: 0 if it was none). there: 0 if
   there has been no sync. */
typedef struct repo_synced_s repo_synced;
struct repo_synced_s {
  int there;
  unsigned char fingerprint[S6RC_DIGEST_SIZE];
  stralloc text;
};
extern int repo_synced_read(repo *, repo_synced *);
extern uint32_t repo_synced_count(repo_synced const *, char const *store);
extern void repo_synced_free(repo_synced *);

/* A digest in hexadecimal: reads one, appends one. 1; 0: it is none; ENOMEM. */
extern int repo_hex_scan(char const *s, unsigned char *digest);
extern int repo_hex_put(stralloc *, unsigned char const *digest);

/* Everything that decides on a database compiled of these sources, contents of
   files and directories included, as a digest. 1; 0 and errno, *where: the
   file. The source must have no errors. */
extern int repo_fingerprint(source const *, unsigned char *digest, stralloc *where);

/* Tells one sync from all others, also from those that found the same. */
extern int repo_last_sync(repo *, unsigned char *digest);

/* --- sets */

extern int repo_setname_legal(char const *);
extern int repo_sets(repo *, repo_names *);
/* 1, 0; -1 and errno, what */
extern int repo_set_exists(repo *, char const *set);

/* Opens the reference database. 0: ENOENT if there is none (yet); EPROTO,
   EPROTOTYPE if it is damaged. */
extern int repo_reference(repo *, s6rc_db *);

/* Does the service have a prescription? The two generated ones have none. */
static inline int repo_prescribed(uint32_t number)
{
  return number >= S6RC_NGENERATED;
}

/* Reads a set of the reference database: rx has s6rc_db_n bytes, by number,
   REPO_ALWAYS for the generated services. */
extern int repo_set_read(repo *, s6rc_db const *, char const *set, unsigned char *rx);
/* The text of a set. 1; 0 and errno (EPROTO, ENOMEM). */
extern int repo_set_write(s6rc_db const *, unsigned char const *rx, stralloc *text);
/* The text as it stands in the file. */
extern int repo_set_slurp(repo *, char const *set, stralloc *text);

/* A set's line. Name and prescription, and which line it is. */
typedef struct repo_entry_s repo_entry;
struct repo_entry_s {
  char const *name; /* ends in a NUL */
  size_t len;
  repo_rx rx;
};
/* Parses a set's text, whose newlines become NULs, to entries (of repo_entry). */
extern int repo_set_parse(repo *, char const *set, stralloc *text, genalloc *entries);
/* Sorts entries and makes the text of them. 1; 0 and ENOMEM. */
extern int repo_set_print(repo_entry *, size_t n, stralloc *text);

/* The graph of a source that has been resolved; of the reference database,
   with the text of the file optional. 1; 0 and errno (EPROTO, ENOMEM). */
extern int repo_services_of_compiled(repo_services *, compiled const *);
extern int repo_services_of_db(repo_services *, s6rc_db const *, stralloc const *optional);
/* That text: which dependencies are optional, which no database tells. 1; 0
   and ENOMEM. */
extern int repo_services_print_optional(repo_services const *, compiled const *, stralloc *);
extern void repo_services_free(repo_services *);

/* --- changes */

/* A generation in the making: begun as a copy of the current one. */
typedef struct repo_draft_s repo_draft;
struct repo_draft_s {
  int fd;
  int sets;
  int committed;
  stralloc name;
};
#define REPO_DRAFT_ZERO                                          \
  {                                                              \
    .fd = -1, .sets = -1, .committed = -1, .name = STRALLOC_ZERO \
  }
/* blank: begun empty */
extern int repo_draft_begin(repo *, repo_draft *, int blank);
/* Writes a file of the generation, in place of the one that is there. */
extern int repo_draft_file(repo *, repo_draft *, char const *name, char const *s, size_t len);
extern int repo_draft_set(repo *, repo_draft *, char const *set, char const *s, size_t len);
/* Removes a set, and what has been committed of it. */
extern int repo_draft_unset(repo *, repo_draft *, char const *set);
/* Makes a link of the generation lead to name, in the repository. */
extern int repo_draft_reference(repo *, repo_draft *, char const *name);
extern int repo_draft_committed(repo *, repo_draft *, char const *set, char const *name);
/* Makes it the current one: the rename in it is the point of no return, and
   all before it has been synced. Frees the draft, in any case. What it
   replaces is left to repo_sweep. 1; 0 and errno; -1 and errno: it is current,
   but the repository's directory could not be synced. */
extern int repo_draft_publish(repo *, repo_draft *);
extern void repo_draft_abandon(repo *, repo_draft *);

/* Puts prefix and a unique part into name, with a NUL. 1; 0 and ENOMEM. */
extern int repo_unique(stralloc *name, char const *prefix);
/* Creates (it must not exist) a file with mode 0644 and syncs it. 1; 0, errno. */
extern int repo_write(int dirfd, char const *name, char const *s, size_t len);
/* Reads a file into text. 1; 0 and errno. */
extern int repo_slurp(int dirfd, char const *name, stralloc *text);
/* Removes what no generation leads to. Failures are left to the next one. */
extern void repo_sweep(repo *);

/* --- sync */

/* A service that has come to a set, or left it. */
typedef struct repo_news_s repo_news;
struct repo_news_s {
  size_t set; /* in texts */
  size_t service;
  repo_rx rx;
  int came;
};

/* The reading of the stores, and what became of it. */
typedef struct repo_reading_s repo_reading;
struct repo_reading_s {
  source src;
  compiled db;
  unsigned char fingerprint[S6RC_DIGEST_SIZE];
  genalloc news; /* of repo_news */
  stralloc texts;
};
#define REPO_READING_ZERO                                                                  \
  {                                                                                        \
    .src = SOURCE_ZERO, .db = COMPILED_ZERO, .news = GENALLOC_ZERO, .texts = STRALLOC_ZERO \
  }

/* Reads the stores and resolves all names; then source_nerrors tells whether
   there are errors, and if there are none the fingerprint is known. */
extern int repo_read_stores(repo *, repo_names const *stores, unsigned int verbosity, repo_reading *);
extern void repo_reading_free(repo_reading *);

/* Compiles the reference database and brings all sets in line, in the draft;
   no set at all if there are none in the current generation. */
extern int repo_sync(repo *, repo_draft *, repo_names const *stores, compile_options const *, repo_reading *);

/* --- commit */

/* What a committed set was made from. */
typedef struct repo_from_s repo_from;
struct repo_from_s {
  unsigned char sources[S6RC_DIGEST_SIZE]; /* fingerprint of the stores as they were compiled */
  unsigned char synced[S6RC_DIGEST_SIZE];  /* which sync was the last one then: repo_last_sync */
  char const *bundle;
  char const *fdhuser; /* or null */
};

/* Has the set been committed, and has nothing changed since? current: the text
   of the set. made: compare with this; null: with the last sync. 1 yes; 0 no,
   repo.what says why; -1 and errno. */
extern int repo_committed(repo *, char const *set, stralloc const *current, repo_from const *made);

/* Takes out of a reading what the set (rx by number of reading->db) masks,
   sets flags, adds the bundle. reading->db is used up. 1; 0: EEXIST, the
   stores define a service or bundle of that name. */
extern int repo_mask(repo_reading *, unsigned char const *rx, char const *bundle);

/* Compiles a masked and resolved reading, and makes it what has been committed
   of the set. *old: where what it replaces is kept, if keep and there was
   one; or empty. -1: as from repo_draft_publish. */
extern int repo_commit(repo *, char const *set, stralloc const *text, compiled const *, repo_from const *,
                       compile_options const *, int keep, stralloc *old);

#endif
