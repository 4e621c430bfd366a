/* ISC license. */

#include <errno.h>
#include <string.h>

#include <skalibs/strerr.h>

#include <s6-rc/config.h>
#include <s6-rc/live.h>

#include "../cli/cli.h"
#include "../why/why.h"

static cli_option const options[] = {CLI_OPTION_LIVEDIR, {.name = 0}};

static char const *const synopses[] = {"[ -l live ] names...", 0};

static cli_tool const tool = {.name = "s6-rc-why",
                              .summary = "say why services are up or down",
                              .synopses = synopses,
                              .options = options};

static int read_it(void *w, s6rc_live const *live, unsigned char const *mark)
{
  return why_read(w, live, mark);
}

static void forget_it(void *w)
{
  why_free(w);
}

static void warn_unreadable(why const *w, char const *path)
{
  int e = w->status.recordserror;
  if (e)
    strerr_warnw("what became of transitions is not known: ", path, "/" S6RC_RECORDS_FILE, ": ",
                 e == EPROTO ? "damaged, or not made for its database" : strerror(e));
  if (w->status.unreadable)
    strerr_warnw("what the supervisor of ", w->status.example,
                 " says cannot be read: ", strerror(w->status.error),
                 w->status.error == EACCES ? " (it is for their owner, and root)" : "");
}

int main(int argc, char const *const *argv)
{
  char const *path = S6RC_LIVEDIR;
  s6rc_live live;
  why w;
  int incomplete;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'l': path = p.arg; break;
    }
  if (!p.argv[0]) cli_dieusage("a name is missing", 0);
  if (!cli_read_live(&live, path, p.argv, &read_it, &forget_it, &w)) {
    if (errno == EPROTO) cli_diedamaged(path, "a record of its database is damaged");
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read the state of the services in ", path);
  }
  warn_unreadable(&w, path);
  if (!why_print(&w)) strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
  cli_flush();
  incomplete = status_incomplete(&w.status);
  why_free(&w);
  s6rc_live_close(&live);
  return incomplete ? S6RC_EXIT_SYSTEM : S6RC_EXIT_OK;
}
