/* ISC license. */

/* The oneshot runner's side of s6-rc/runner.h: one process a connection,
   whose children are the keepers of scripts, one each. */

#ifndef S6RC_RUNNER_SERVE_H
#define S6RC_RUNNER_SERVE_H

#include <s6-rc/db.h>

/* Serves the client on descriptor 0 (and 1) until it goes and all scripts
   have ended. live: the live directory. lockfile: made if absent, in the
   working directory; a script's byte in it is locked while it runs, so that
   no script runs twice at a time, even if the s6-rc that wanted it is gone.
   1; 0 and errno. */
extern int runner_serve(char const *live, char const *lockfile);

/* The environment of scripts: the process's own, less what the local service
   put there about its client, plus RC_NAME=name. Replaced by each call; null
   and ENOMEM. */
extern char **runner_environment(char const *name);

/* A script's argv, null terminated, to be freed; null and ENOMEM. */
extern char const **runner_argv(s6rc_script const *);

#endif
