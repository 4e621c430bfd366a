/* ISC license. */

/* Filling an fd-holder with pipes. */

#ifndef S6RC_FDHOLDER_H
#define S6RC_FDHOLDER_H

#include <stddef.h>

#include <skalibs/buffer.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

#include <s6/fdholder.h>

/* Reads a list of names: appends each to names, with a NUL. A line that
   begins with a slash holds a name, all that follows the slash. In any other
   line blanks at the start are skipped, then it holds a name unless it is
   empty or begins with #. *n: how many. 1; 0 and errno: ENAMETOOLONG, or
   EINVAL for a name that is empty or has a NUL in it, *line is then where it
   stands and names has it at the end, *n does not count it; or ENOMEM; or of
   reading, *line is then 0. */
extern int fdholder_read_names(buffer *, stralloc *names, size_t *n, size_t *line);

/* Makes a pipe for each of n consumers and stores its ends, which never
   expire, under S6RC_PIPE_READER and S6RC_PIPE_WRITER with the consumer's
   name; what is there under these names is replaced. names: n strings in a
   row, each with its NUL. The global clock must be running. Makes do with as
   many descriptors as there are, if it is at least two. 1; 0 and errno: some may then be stored, *failed
   is the name of the first that is not. */
extern int fdholder_fill(s6_fdholder_t *, char const *names, size_t n, tain const *deadline,
                         char const **failed);

#endif
