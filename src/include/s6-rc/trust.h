/* ISC license. */

/* What lies in a directory that everybody may write to, /tmp say, may have
   been put there by anybody, so that a tool that runs as root takes it for its
   own. In such a directory (sticky, or writable for all) only what belongs to
   root, to the caller, or to whom the directory belongs, is trusted. In every
   other one everything is: who may write there is trusted. */

#ifndef S6RC_TRUST_H
#define S6RC_TRUST_H

#include <sys/stat.h>

/* Is what st says of an entry, not followed, trusted in the directory of which
   dir is the status? */
extern int s6rc_trusts(struct stat const *dir, struct stat const *st);

/* Is what has this name trusted? A link counts as itself. 1, 0; -1 and errno. */
extern int s6rc_trusts_path(char const *path);

/* Is directory fd trusted where it lies? 1, 0; -1 and errno. */
extern int s6rc_trusts_fd(int fd);

/* Opens a directory for reading, through a link if path is one, if both are
   trusted. A descriptor; -1 and errno, EPERM if one of them is not. */
extern int s6rc_open_trusted(char const *path);

#endif
