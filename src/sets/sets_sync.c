/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "sets.h"

void sets_read_stores(repo *r, sets_options const *o, repo_names const *stores, repo_reading *x,
                      unsigned int warnings_from)
{
  char fmt[UINT32_FMT];
  uint32_t n;
  if (!repo_read_stores(r, stores, o->verbosity, x)) sets_die(r);
  source_print_complaints(&x->src, o->verbosity >= SETS_STEPS      ? SOURCE_INFO
                                   : o->verbosity >= warnings_from ? SOURCE_WARNING
                                                                   : SOURCE_ERROR);
  n = source_nerrors(&x->src);
  if (!n) return;
  fmt[uint32_fmt(fmt, n)] = 0;
  repo_tidy(r);
  strerr_dief(x->src.count[SOURCE_SYSERROR] ? S6RC_EXIT_SYSTEM : S6RC_EXIT_FAILED, fmt,
              n == 1 ? " error" : " errors", " in the stores: nothing changed");
}

/* The command that says that the stores are meant to be as they are. */
static void die_emptied(repo *r, repo_names const *stores, char const *store)
{
  stralloc sa = STRALLOC_ZERO;
  int ok = stralloc_cats(&sa, "s6-rc-repo-init -U") &&
           (!strcmp(r->path, S6RC_REPODIR) || (stralloc_cats(&sa, " -r") && cli_quote(&sa, r->path)));
  for (size_t i = 0; ok && i < repo_names_n(stores); i++) ok = cli_quote(&sa, repo_names_get(stores, i));
  ok = ok && stralloc_0(&sa);
  repo_tidy(r);
  strerr_dief(S6RC_EXIT_FAILED, "there is no service definition in store ", store,
              " any more: nothing changed (if that is meant: ", ok ? sa.s : "s6-rc-repo-init -U", ")");
}

static void check_emptied(repo *r, repo_names const *stores, repo_reading const *x)
{
  repo_synced last;
  if (!repo_synced_read(r, &last) && errno != EPROTO) sets_die(r);
  for (size_t i = 0; last.there && i < repo_names_n(stores); i++)
    if (!genalloc_s(uint32_t, &x->src.seen)[i] && repo_synced_count(&last, repo_names_get(stores, i)))
      die_emptied(r, stores, repo_names_get(stores, i));
  repo_synced_free(&last);
}

static void print_news(repo_reading const *x)
{
  for (size_t i = 0; i < genalloc_len(repo_news, &x->news); i++) {
    repo_news const *news = genalloc_s(repo_news, &x->news) + i;
    char const *set = x->texts.s + news->set, *service = x->texts.s + news->service;
    if (news->came)
      strerr_warni("set ", set, ": ", service, ": new, ", repo_rx_names[news->rx]);
    else
      strerr_warni("set ", set, ": ", service, ": gone, was ", repo_rx_names[news->rx]);
  }
}

/* What sets have become inconsistent, or still are. */
static void warn_sets(repo *r)
{
  repo_names sets = {STRALLOC_ZERO, GENALLOC_ZERO};
  s6rc_db db;
  repo_services g;
  if (!repo_sets(r, &sets)) sets_die(r);
  if (!repo_names_n(&sets)) return;
  sets_reference(r, &db);
  sets_services(r, &db, &g);
  for (size_t i = 0; i < repo_names_n(&sets); i++) {
    sets_context c = {r, repo_names_get(&sets, i), &sets_name_of_db, &db};
    unsigned char *rx = sets_read(r, &db, c.set);
    sets_warn_conflicts(&c, &g, rx);
    free(rx);
  }
  repo_services_free(&g);
  s6rc_db_close(&db);
  repo_names_free(&sets);
}

void sets_sync(repo *r, sets_options const *o, repo_draft *d, repo_names const *stores, char const *fdhuser,
               int checkempty)
{
  repo_reading x = REPO_READING_ZERO;
  compile_options how = {.fdhuser = fdhuser, .graph = 1};
  sets_read_stores(r, o, stores, &x, SETS_WARNINGS);
  if (checkempty) check_emptied(r, stores, &x);
  if (!repo_sync(r, d, stores, &how, &x)) sets_die(r);
  sets_publish(r, d);
  if (o->verbosity >= SETS_STEPS) print_news(&x);
  repo_reading_free(&x);
  if (o->verbosity >= SETS_WARNINGS) warn_sets(r);
}
