/* ISC license. */

/* The oneshot runner's side of s6-rc/runner.h: one process a connection,
   whose children are the scripts. */

#ifndef S6RC_RUNNER_SERVE_H
#define S6RC_RUNNER_SERVE_H

#include <s6-rc/db.h>

/* Serves the client on descriptor 0 (and 1) until it goes and all scripts
   have ended. live: the live directory. lockfile and notes: a file and a
   directory, made if absent, the same for all connections: while a script runs
   there is a symbolic link in notes, of its service's name, to "pid:start", the
   script's process and when it began in clock ticks since boot (nothing, where
   the system has no /proc); whoever changes it has locked a byte of lockfile.
   So no script runs twice at a time, whatever was killed.
   1; 0 and errno. */
extern int runner_serve(char const *live, char const *lockfile, char const *notes);

/* The environment of scripts: the process's own, less what the local service
   put there about its client, plus RC_NAME=name. Replaced by each call; null
   and ENOMEM. */
extern char **runner_environment(char const *name);

/* A script's argv, null terminated, to be freed; null and ENOMEM. */
extern char const **runner_argv(s6rc_script const *);

#endif
