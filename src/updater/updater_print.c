/* ISC license. */

#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/strerr.h>

#include "../cli/cli.h"
#include "updater.h"

static void put(char const *s)
{
  if (buffer_puts(buffer_1, s) < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
}

/* As a shell would read it. */
static void put_word(char const *s)
{
  static char const plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,";
  put(" ");
  if (*s && !s[strspn(s, plain)]) {
    put(s);
    return;
  }
  put("'");
  for (; *s; s++) {
    char const c[2] = {*s, 0};
    put(*s == '\'' ? "'\\''" : c);
  }
  put("'");
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
