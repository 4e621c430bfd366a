/* ISC license. */

#include <skalibs/buffer.h>
#include <skalibs/strerr.h>

#include "../cli/cli.h"
#include "updater.h"

static void put(char const *s)
{
  if (buffer_puts(buffer_1, s) < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
}

static void put_word(char const *s)
{
  static stralloc sa = STRALLOC_ZERO;
  sa.len = 0;
  if (!cli_quote(&sa, s) || buffer_put(buffer_1, sa.s, sa.len) < 0)
    strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
}

static void put_start(updater const *u, char const *down)
{
  put("s6-rc -l");
  put_word(u->rc.livepath);
  put(down);
  put(" -- change");
}

void updater_print_commands(updater *u)
{
  s6rc_service sv;
  put_start(u, u->force ? " -D" : " -d");
  for (uint32_t i = 0; i < u->plan.nold; i++)
    if (u->plan.olds[i].stops && s6rc_db_service(&u->rc.live.db, i, &sv)) put_word(sv.name);
  put("\n");
  put_start(u, " -u");
  for (uint32_t j = 0; j < u->plan.nnew; j++)
    if (u->plan.news[j].start != UPDATE_LEFT && s6rc_db_service(&u->newdb, j, &sv)) put_word(sv.name);
  put("\n");
  cli_flush();
}
