/* ISC license. */

#include <stdlib.h>
#include <string.h>

#include <skalibs/stralloc.h>

#include <s6-rc/runner.h>

#include "runner.h"

extern char **environ;

/* set by s6-ipcserverd and s6-ipcserver-access: about whoever called */
static char const *const local_variables[] = {"PROTO",         "IPCREMOTEEUID", "IPCREMOTEEGID",
                                              "IPCREMOTEPATH", "IPCLOCALPATH",  "IPCCONNNUM",
                                              S6RC_RC_NAME};

static int is_local(char const *entry)
{
  for (size_t i = 0; i < sizeof local_variables / sizeof *local_variables; i++) {
    size_t len = strlen(local_variables[i]);
    if (!strncmp(entry, local_variables[i], len) && entry[len] == '=') return 1;
  }
  return 0;
}

char **runner_environment(char const *name)
{
  static char **env;
  static size_t n;
  static stralloc entry = STRALLOC_ZERO;
  if (!env) {
    size_t all = 0;
    while (environ[all]) all++;
    env = malloc((all + 2) * sizeof(char *));
    if (!env) return 0;
    for (size_t i = 0; i < all; i++)
      if (!is_local(environ[i])) env[n++] = environ[i];
    env[n + 1] = 0;
  }
  entry.len = 0;
  if (!stralloc_cats(&entry, S6RC_RC_NAME "=") || !stralloc_cats(&entry, name) || !stralloc_0(&entry))
    return 0;
  env[n] = entry.s;
  return env;
}

char const **runner_argv(s6rc_script const *script)
{
  char const **argv = malloc(((size_t)script->argc + 1) * sizeof(char const *));
  char const *s = script->s;
  if (!argv) return 0;
  for (uint32_t i = 0; i < script->argc; i++) {
    argv[i] = s;
    s += strlen(s) + 1;
  }
  argv[script->argc] = 0;
  return argv;
}
