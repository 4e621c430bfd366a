/* ISC license. */

/* The two longruns that every database has. */

#include <string.h>

#include <execline/config.h>
#include <s6/config.h>

#include <skalibs/skamisc.h>
#include <skalibs/stralloc.h>
#include <skalibs/uint32.h>

#include <s6-rc/config.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

#include "write.h"

#define EL(prog)   EXECLINE_EXTBINPREFIX prog
#define S6(prog)   S6_EXTBINPREFIX prog
#define S6RC(prog) S6RC_EXTLIBEXECPREFIX prog
#define SHEBANG    "#!" EXECLINE_SHEBANGPREFIX "execlineb -P\n"

/* Connections, that is runs of s6-rc, at the same time. Those beyond wait for
   their turn; were the limit for one user lower, they would be turned away. */
#define ONESHOTS_MAX "256"

/* Of the oneshot runner's socket: those whom the rules turn away do not even
   take one of its places. */
#define SOCKET_MODE "0700"

/* notification-fd of both */
#define NOTIFICATION "3"

/* How many descriptors the fd-holder takes. Each consumer has two. Filling
   needs room for all of them beside those that are held already, an update
   stores new ones before it deletes others: so twice that, and some. */
enum fdholder_limits_e { FDS_EACH = 2, FDS_SPARE = 256 };

static int put(writer *w, char const *s)
{
  return stralloc_cats(&w->text, s);
}

/* data/rules/uid/WHO, for root and for the owner of the supervision tree */
static int write_rules(writer *w, char const *const *rights)
{
  static char const *const who[] = {"0", "self"};
  size_t start = w->path.len;
  if (!writer_mkdir(w, "data") || !s6rc_path_push(&w->path, "data") || !writer_mkdir(w, "rules") ||
      !s6rc_path_push(&w->path, "rules") || !writer_mkdir(w, "uid") || !s6rc_path_push(&w->path, "uid"))
    return 0;
  for (size_t i = 0; i < sizeof who / sizeof *who; i++) {
    size_t uid = w->path.len;
    if (!writer_mkdir(w, who[i]) || !s6rc_path_push(&w->path, who[i]) ||
        !writer_file(w, "allow", "", 0, S6RC_MODE_FILE))
      return 0;
    if (*rights && (!writer_mkdir(w, "env") || !s6rc_path_push(&w->path, "env"))) return 0;
    /* just a newline: the variable is set, and a regular expression matches everything */
    for (size_t k = 0; rights[k]; k++)
      if (!writer_file(w, rights[k], "\n", 1, S6RC_MODE_FILE)) return 0;
    s6rc_path_pop(&w->path, uid);
  }
  s6rc_path_pop(&w->path, start);
  return 1;
}

int compile_write_oneshot_runner(writer *w)
{
  static char const *const rights[] = {0};
  w->text.len = 0;
  return put(w, SHEBANG EL("fdmove") " 1 3\n") &&
         put(w, S6("s6-ipcserver-socketbinder") " -a " SOCKET_MODE " -- " S6RC_LOCAL_SOCKET "\n") &&
         put(w, S6("s6-ipcserverd") " -1 -v0 -c " ONESHOTS_MAX " -C " ONESHOTS_MAX " --\n") &&
         put(w, S6("s6-ipcserver-access") " -v0 -E -i data/rules --\n") &&
         put(w, S6RC("s6-rc-oneshot-run") " -l ../..") && put(w, w->options->block ? " -b" : "") &&
         put(w, " -- serve\n") && writer_mkdir(w, 0) &&
         writer_file(w, S6RC_RUN, w->text.s, w->text.len, S6RC_MODE_SCRIPT) &&
         writer_file(w, "notification-fd", NOTIFICATION "\n", 2, S6RC_MODE_FILE) && write_rules(w, rights);
}

static uint32_t consumers(compiled const *c)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < c->nlongruns; i++) n += c->producers.first[i + 1] > c->producers.first[i];
  return n;
}

/* The daemon's readiness is a newline on its stdout. Then the pipes are made,
   and only then is the service ready. If that fails, the daemon must not stay
   behind empty: it is told to start again. */
static int put_filler(writer *w)
{
  return put(w, EL("pipeline") " -dw\n{\n") &&
         put(w, EL("if") " { " EL("forstdin") " -x 0 line " EL("exit") " 0 }\n") &&
         put(w, EL("ifelse") " -X -n\n{\n") && put(w, S6("s6-ipcclient") " -l0 -- " S6RC_LOCAL_SOCKET "\n") &&
         put(w, EL("fdmove") " 1 3\n") && put(w, EL("redirfd") " -r 0 data/pipes\n") &&
         put(w, S6RC("s6-rc-fdholder-filler") " -1\n}\n") && put(w, "{\n" S6("s6-svc") " -t .\n}\n") &&
         put(w, EL("exit") " 0\n}\n") && put(w, EL("fdclose") " 3\n");
}

/* The soft limit on descriptors is raised as far as it goes: the daemon would
   silently hold no more than fit. */
static int make_fdholder_run(writer *w)
{
  char fmt[UINT32_FMT];
  char const *user = w->options->fdhuser;
  uint64_t max = 2 * FDS_EACH * (uint64_t)consumers(w->c) + FDS_SPARE;
  if (max > COMPILE_FDS_MAX) max = COMPILE_FDS_MAX;
  fmt[uint32_fmt(fmt, (uint32_t)max)] = 0;
  w->text.len = 0;
  if (!put(w, SHEBANG) || !put(w, S6("s6-softlimit") " -o \"=\"\n")) return 0;
  if (user &&
      (!put(w, S6("s6-envuidgid") " -- ") || !string_quote(&w->text, user, strlen(user)) || !put(w, "\n")))
    return 0;
  return put_filler(w) && put(w, S6("s6-fdholder-daemon") " -1 -n ") && put(w, fmt) &&
         put(w, user ? " -U" : "") && put(w, " -i data/rules -- " S6RC_LOCAL_SOCKET "\n");
}

/* A slash first: what follows it, whatever it is, is a name. */
static int make_pipes(writer *w)
{
  compiled const *c = w->c;
  w->text.len = 0;
  for (uint32_t i = 0; i < c->nlongruns; i++) {
    if (c->producers.first[i + 1] == c->producers.first[i]) continue;
    if (!put(w, "/") || !stralloc_catb(&w->text, compiled_name(c, i), compiled_namelen(c, i)) ||
        !put(w, "\n"))
      return 0;
  }
  return stralloc_readyplus(&w->text, 1);
}

int compile_write_fdholder(writer *w)
{
  static char const *const rights[] = {"S6_FDHOLDER_STORE_REGEX", "S6_FDHOLDER_RETRIEVE_REGEX",
                                       "S6_FDHOLDER_LIST",        "S6_FDHOLDER_GETDUMP",
                                       "S6_FDHOLDER_SETDUMP",     0};
  return make_fdholder_run(w) && writer_mkdir(w, 0) &&
         writer_file(w, S6RC_RUN, w->text.s, w->text.len, S6RC_MODE_SCRIPT) &&
         writer_file(w, "notification-fd", NOTIFICATION "\n", 2, S6RC_MODE_FILE) && write_rules(w, rights) &&
         make_pipes(w) && writer_file(w, "data/pipes", w->text.s, w->text.len, S6RC_MODE_FILE);
}
