/* ISC license. */

/* Making live directories, putting their services under supervision, and
   finding what earlier runs left. */

#ifndef S6RC_LIVEDIR_H
#define S6RC_LIVEDIR_H

#include <stdint.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

#include <s6-rc/db.h>

/* A live directory is LIVE:TAG:XXXXXX, beside its public name LIVE. */
#define S6RC_LIVE_TAG_INIT   "s6-rc-init"
#define S6RC_LIVE_TAG_UPDATE "s6-rc-update"

/* only the owner may lock: whoever can read a file can hold it against us */
#define S6RC_MODE_LOCK 0600

/* Makes an empty live directory for public name live, with its lock, which
   it takes (exclusively): until *lockfd is closed nobody else changes it or
   takes it for a leftover. path: set to its path, NUL-terminated. 1; 0 and
   errno, nothing is left then. */
extern int s6rc_livedir_create(char const *live, char const *tag, stralloc *path, int *lockfd);

/* Fills live directory fd: links, prefix, a state in which all is down, records
   of no transition, and a service directory with a `down` file for every longrun of db, copied from
   it. dbpath, scandir, prefix: as they will be found there. 1; 0 and errno,
   *where then says what it was at; what is there stays. */
extern int s6rc_livedir_fill(int fd, s6rc_db const *db, char const *dbpath, char const *scandir,
                             char const *prefix, stralloc *where);

/* Makes the public name lead to the directory, with one rename; a link that
   is there is replaced. The point of no return. 1; 0 and errno. */
extern int s6rc_livedir_publish(char const *live, char const *path);

/* Is the public name a link that leads to directory path? */
extern int s6rc_livedir_published(char const *live, char const *path);

/* Is live the public name of the live directory that it leads to? A link to
   that name, or to the directory itself, is none: generations are made beside
   the public name, and known by it. 1; 0, *other is then the public name; -1
   and errno (EINVAL: live is no link). */
extern int s6rc_livedir_is_public(char const *live, stralloc *other);

/* Does an s6-supervise run in any service directory of live directory fd?
   follow: also in those of other generations that it leads to. 1, 0; -1 and
   errno. */
extern int s6rc_livedir_supervised(int fd, int follow);

/* The live directories that were made for public name live, by somebody who is
   trusted there (s6-rc/trust.h): appends their paths, each with a NUL. Their
   number; -1 and errno. */
extern int s6rc_livedir_list(char const *live, stralloc *paths);

/* Removes live directory path, unless somebody has it locked or supervises
   anything in it. 1 removed; 0 in use, or being removed by another process;
   -1 and errno. */
extern int s6rc_livedir_sweep(char const *path);

/* A scan directory's contents as a live directory wants them. */
typedef struct s6rc_supervision_s s6rc_supervision;
struct s6rc_supervision_s {
  char const *live; /* public name: links lead through it */
  char const *scandir;
  char const *prefix;
  int servicedirsfd;
};

/* What happens while services are put under supervision: called every
   S6RC_SUPERVISION_PATIENCE_MS with the number that is still missing and the
   name of one of them. s6-svscan is told to scan once more, then. */
typedef void s6rc_stillmissing_func(uint32_t missing, char const *name, void *data);
#define S6RC_SUPERVISION_PATIENCE_MS 10000

/* Could a link to service name be made, or is it there, made for the same
   live directory? 1; 0: something else has its name; -1 and errno. link: set
   to its path. */
extern int s6rc_supervision_isfree(s6rc_supervision const *, char const *name, stralloc *link);

/* Does an s6-svscan run on scandir? 1; 0 and errno (ENXIO, ENOENT...). */
extern int s6rc_supervision_svscan(char const *scandir);

/* Links the services of names (n) into the scan directory, unless they are
   there, has s6-svscan look, and waits until each is supervised. Changes the
   working directory to servicedirsfd. The global clock must be running.
   1; 0 and errno (ETIMEDOUT, ENXIO: no s6-svscan, EEXIST: an entry of that
   name that is not ours...), where says what it was at. What it linked stays:
   see s6rc_supervision_end. */
extern int s6rc_supervision_begin(s6rc_supervision const *, char const *const *names, uint32_t n,
                                  tain const *deadline, s6rc_stillmissing_func *say, void *data,
                                  stralloc *where);

/* Links a service into the scan directory, unless it is there; nobody is told.
   1; 0 and errno as above, where: the link. */
extern int s6rc_supervision_link(s6rc_supervision const *, char const *name, stralloc *where);

/* Removes a service's link from the scan directory, if it is there and ours,
   however it spells the live directory; nobody is told. 1; 0 and errno. */
extern int s6rc_supervision_unlink(s6rc_supervision const *, char const *name);

/* Ends the supervisors of n service directories (paths from servicedirsfd)
   whose links have been removed, bringing the services down, and has s6-svscan
   forget them; waits until they are gone, but not past deadline. A failure
   does not keep it from doing the rest. Changes the working directory to
   servicedirsfd. 1; 0 and errno. */
extern int s6rc_supervision_end(s6rc_supervision const *, char const *const *dirs, uint32_t n,
                                tain const *deadline);

#endif
