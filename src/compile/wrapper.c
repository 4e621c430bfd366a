/* ISC license. */

/* The wrappers around the scripts of pipelined longruns. They keep stdin and
   stdout apart with fdswap, so that no other descriptor is touched: any
   number may be the notification-fd. Names are quoted, and stand before
   elgetpositionals, which replaces only in what follows it. */

#include <string.h>

#include <execline/config.h>
#include <s6/config.h>

#include <skalibs/stralloc.h>
#include <skalibs/skamisc.h>

#include <s6-rc/servicedir.h>

#include "write.h"

#define EL(prog) EXECLINE_EXTBINPREFIX prog
#define S6(prog) S6_EXTBINPREFIX prog
#define SOCKET   "../" S6RC_FDHOLDER "/" S6RC_LOCAL_SOCKET

/* How long finish waits for the fd-holder to say that it has the pipe: well
   below what s6-supervise grants finish by default. */
#define FINISH_PATIENCE "1000"

static int retrieve(writer *w, char const *options, char const *prefix, uint32_t number)
{
  stralloc id = STRALLOC_ZERO;
  int r = stralloc_cats(&id, prefix) &&
          stralloc_catb(&id, compiled_name(w->c, number), compiled_namelen(w->c, number)) &&
          stralloc_cats(&w->text, S6("s6-fdholder-retrieve")) && stralloc_cats(&w->text, options) &&
          stralloc_cats(&w->text, " -- " SOCKET " ") && string_quote(&w->text, id.s, id.len) &&
          stralloc_cats(&w->text, "\n");
  stralloc_free(&id);
  return r;
}

/* Puts the pipes where they belong, then runs the user's script. */
static int put_pipes(writer *w, uint32_t number)
{
  compiled const *c = w->c;
  uint32_t consumer = c->consumer[number];
  if (consumer != S6RC_NONE)
    if (!stralloc_cats(&w->text, EL("fdswap") " 0 1\n") || !retrieve(w, "", S6RC_PIPE_WRITER, consumer) ||
        !stralloc_cats(&w->text, EL("fdswap") " 0 1\n"))
      return 0;
  return c->producers.first[number + 1] == c->producers.first[number] ||
         retrieve(w, "", S6RC_PIPE_READER, number);
}

static int put_script(writer *w, char const *script)
{
  return stralloc_cats(&w->text, EL("elgetpositionals") "\n" EL("emptyenv") " -P\n./") &&
         stralloc_cats(&w->text, script) && stralloc_cats(&w->text, " $@\n");
}

static int start(writer *w)
{
  w->text.len = 0;
  return stralloc_cats(&w->text, "#!" EXECLINE_SHEBANGPREFIX "execlineb\n");
}

int compile_make_run(writer *w, uint32_t number)
{
  return start(w) && put_pipes(w, number) && put_script(w, S6RC_RUN_USER);
}

/* Cleaning up must happen even where there is no pipe to talk to. All pipes
   are made at once: either both ends of ours can be had, or none. */
int compile_make_finish(writer *w, uint32_t number)
{
  compiled const *c = w->c;
  uint32_t consumer = c->consumer[number];
  return start(w) && stralloc_cats(&w->text, EL("ifelse") " -X\n{\n") &&
         (consumer != S6RC_NONE ? retrieve(w, " -t " FINISH_PATIENCE, S6RC_PIPE_WRITER, consumer)
                                : retrieve(w, " -t " FINISH_PATIENCE, S6RC_PIPE_READER, number)) &&
         stralloc_cats(&w->text, EL("exit") " 0\n}\n{\n") && put_pipes(w, number) &&
         put_script(w, S6RC_FINISH_USER) && stralloc_cats(&w->text, "}\n") && put_script(w, S6RC_FINISH_USER);
}
