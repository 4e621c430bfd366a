/* ISC license. */

/* Private to src/compile: the steps of compile_write. */

#ifndef S6RC_COMPILE_WRITE_H
#define S6RC_COMPILE_WRITE_H

#include <sys/types.h>

#include <skalibs/stralloc.h>

#include "compile.h"

/* The file `db`, whole, in memory; s is to be freed. 1; 0 and errno (ENOMEM,
   EOVERFLOW: more than 32 bits can count). */
typedef struct compile_image_s compile_image;
struct compile_image_s {
  unsigned char *s;
  size_t len;
};
extern int compile_make_image(compiled const *, compile_image *);

/* Where a database is built: a directory beside its destination. While it is
   being built the process holds a lock in it; one without such a lock was
   left behind. */
typedef struct compile_staging_s compile_staging;
struct compile_staging_s {
  int parent;    /* the directory that dest is in */
  stralloc dest; /* names of the destination and the staging directory in it, both with a NUL */
  stralloc name;
  int fd;   /* the staging directory */
  int lock; /* the lock file in it */
};

/* Makes one. 1; 0 and errno. */
extern int compile_staging_start(compile_staging *, char const *dest);

/* Gives it its mode and syncs it, with all that is in it. 1; 0 and errno. */
extern int compile_staging_sync(compile_staging *);

/* Gives it the name of the destination: the point of no return. 1, or -1 and
   errno if the directory that it is in could not be synced: everything is
   freed; 0 and errno (EEXIST): it must still be aborted. */
extern int compile_staging_commit(compile_staging *);

/* Removes it and frees everything. Keeps errno. */
extern void compile_staging_abort(compile_staging *);

/* Writes into the staging directory. */
typedef struct writer_s writer;
struct writer_s {
  compiled const *c;
  compile_options const *options;
  char const *dest; /* for messages: what the staging directory will be */
  int fd;           /* of the staging directory */
  int exact;        /* modes come out as they are asked for */
  stralloc path;    /* in the staging directory: where the next file goes */
  stralloc text;    /* what goes into a generated file */
  stralloc *what;   /* see compile_write */
};

/* Makes a directory, a file: `name` in the directory w->path, or w->path
   itself if name is null. 1; 0 and errno, w->what set. */
extern int writer_mkdir(writer *, char const *name);
extern int writer_file(writer *, char const *name, char const *s, size_t len, mode_t mode);

/* Notes what could not be done to a path in the staging directory; to any
   other path. Return 0, keep errno. */
extern int writer_failed(writer *, char const *verb, char const *path);
extern int writer_failed_on(writer *, char const *verb, char const *path);

/* Write a service directory, whose name has been pushed to w->path. */
extern int compile_write_oneshot_runner(writer *);
extern int compile_write_fdholder(writer *);
extern int compile_write_longrun(writer *, uint32_t number);

/* Makes in w->text the wrappers of a pipelined longrun. */
extern int compile_make_run(writer *, uint32_t number);
extern int compile_make_finish(writer *, uint32_t number);

#endif
