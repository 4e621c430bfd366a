/* ISC license. */

/* What names, renames and syncs of files need in more than one place. */

#ifndef S6RC_FILE_H
#define S6RC_FILE_H

#include <sys/stat.h>

/* Is it "." or ".."? */
extern int s6rc_is_dots(char const *name);

/* Are they of the same file? */
extern int s6rc_same_file(struct stat const *, struct stat const *);

/* Renames from to to, which must not exist, not even as an empty directory,
   which a rename would replace. 1; 0 and errno (EEXIST). Where the kernel
   cannot do that, looks first: then what comes in between is replaced, if a
   rename can. */
extern int s6rc_rename_new(int dirfd, char const *from, char const *to);

/* Exchanges two names, at once. 1; 0 and errno; -1: the kernel or the file
   system cannot do that. */
extern int s6rc_rename_exchange(int afd, char const *a, int bfd, char const *b);

/* Once it returns, all that has been written to the file system of fd is on
   the disk: for trees, of which thousands of files one by one would take
   thousands of times as long. 1; 0 and errno. */
extern int s6rc_sync_files(int fd);

/* Puts on the disk what has become of the names in directory fd. 1, also on a
   file system that cannot do that; 0 and errno. */
extern int s6rc_sync_directory(int fd);

#endif
