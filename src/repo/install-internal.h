/* ISC license. */

/* Between the files of this room that are about installing. */

#ifndef S6RC_REPO_INSTALL_INTERNAL_H
#define S6RC_REPO_INSTALL_INTERNAL_H

#include "install.h"

/* How a directory has to look for a database of ours: nothing else may be in
   it, and */
typedef enum repo_shape_e repo_shape;
enum repo_shape_e {
  REPO_WHOLE,   /* it can be opened */
  REPO_REMOVED, /* the same, or it is what repo_install_remove leaves when it is killed */
  REPO_COPIED   /* whatever the copying had come to: only for one that nobody ever used */
};

/* Does the directory look like that? 1, 0; -1 and errno. */
extern int repo_install_has_shape(int fd, repo_shape);

/* Removes a database of that shape, holding its lock: what relies on it holds
   it, too. 1; 0: there is something else, left as it is; -1 and errno. */
extern int repo_install_remove(char const *path, repo_shape);

/* The record's lines: boot and live, which begin a group; a database that is to
   go. 1; 0 and ENOMEM. */
extern int repo_install_put_group(stralloc *, char const *boot, char const *live);
extern int repo_install_put_db(stralloc *, repo_shape, char const *db);
/* Writes the record, with these lines; what is left over then stays in it,
   and nothing else. 1; 0 and errno, with what. */
extern int repo_install_note(repo *, stralloc const *text);
extern int repo_install_forget(repo *, repo_install const *);

/* The boot link before it is in its place, with a NUL. 1; 0 and ENOMEM. */
extern int repo_install_link_name(stralloc *, char const *boot);

#endif
