/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/strerr.h>

#include <s6-rc/nearest.h>

#include "sets.h"

void sets_option(sets_options *o, cli_parser const *p, char letter)
{
  switch (letter) {
    case 'v': o->verbosity = cli_uint(p); break;
    case 'r': o->path = p->arg; break;
  }
}

void sets_check_read(repo *r)
{
  int e = errno, unchanged = repo_unchanged(r);
  errno = e;
  if (unchanged) return;
  strerr_dief(S6RC_EXIT_SYSTEM, r->path,
              " has been changed while it was read (there is no right to lock it): try again");
}

void sets_die(repo *r)
{
  int e = errno;
  sets_check_read(r);
  repo_tidy(r);
  if (e == EPROTO)
    strerr_dief(SETS_EXIT_REPOSITORY, r->what.len ? r->what.s : "a file of the repository is damaged");
  strerr_diefusys(S6RC_EXIT_SYSTEM, r->what.len ? r->what.s : "use the repository");
}

void sets_open(repo *r, sets_options const *o, s6rc_lockmode mode)
{
  if (repo_open(r, o->path, mode)) return;
  if (errno == ENOENT || errno == ENOTDIR)
    strerr_dief(SETS_EXIT_REPOSITORY, "there is no repository ", o->path, ": s6-rc-repo-init makes one");
  sets_die(r);
}

void sets_die_reference(repo *r)
{
  int e = errno;
  sets_check_read(r);
  repo_tidy(r);
  if (e == EPROTO)
    strerr_dief(S6RC_EXIT_DAMAGED, "the reference database of ", r->path, " is damaged: run s6-rc-repo-sync");
  if (e == EPROTOTYPE)
    strerr_dief(S6RC_EXIT_DAMAGED, "the reference database of ", r->path,
                " has the format of another version: run s6-rc-repo-sync");
  if (e == ENOENT)
    strerr_dief(SETS_EXIT_REPOSITORY, "there is no reference database in ", r->path, ": run s6-rc-repo-sync");
  sets_die(r);
}

void sets_reference(repo *r, s6rc_db *db)
{
  if (!repo_reference(r, db)) sets_die_reference(r);
}

void sets_services(repo *r, s6rc_db const *db, repo_services *g)
{
  stralloc optional = STRALLOC_ZERO;
  if (!repo_slurp(r->current, REPO_OPTIONAL, &optional)) {
    repo_failed(r, "read", REPO_CURRENT, REPO_OPTIONAL);
    sets_die(r);
  }
  if (!repo_services_of_db(g, db, &optional)) {
    r->what.len = 0;
    sets_die_reference(r);
  }
  stralloc_free(&optional);
}

int sets_exists(repo *r, char const *set)
{
  int found = repo_set_exists(r, set);
  if (found < 0) sets_die(r);
  return found;
}

void sets_need(repo *r, char const *set)
{
  repo_names sets = {STRALLOC_ZERO, GENALLOC_ZERO};
  s6rc_nearest near;
  if (sets_exists(r, set)) return;
  sets_check_read(r);
  if (!repo_sets(r, &sets)) sets_die(r);
  s6rc_nearest_init(&near, set, strlen(set));
  for (size_t i = 0; i < repo_names_n(&sets); i++)
    s6rc_nearest_try(&near, repo_names_get(&sets, i), strlen(repo_names_get(&sets, i)));
  strerr_dief(S6RC_EXIT_UNKNOWN, "no set named ", set, " in ", r->path, near.best ? ": did you mean " : "",
              near.best ? near.best : "", near.best ? "?" : "");
}

void sets_check_name(char const *set)
{
  if (repo_setname_legal(set)) return;
  strerr_dief(S6RC_EXIT_USAGE, "not a name for a set: ", set,
              " (no slash, no newline, no dot at the start, up to 240 bytes)");
}

unsigned char *sets_read(repo *r, s6rc_db const *db, char const *set)
{
  unsigned char *rx = malloc(s6rc_db_n(db));
  if (!rx || !repo_set_read(r, db, set, rx)) sets_die(r);
  return rx;
}

unsigned char *sets_select(repo *r, s6rc_db const *db, char const *const *names)
{
  stralloc path = STRALLOC_ZERO;
  unsigned char *mark = calloc(s6rc_db_n(db), 1);
  if (!mark || !repo_path(r, REPO_CURRENT, REPO_REFERENCE, &path)) sets_die(r);
  for (; *names; names++) {
    s6rc_identifier id;
    cli_resolve(db, path.s, *names, &id);
    for (uint32_t i = 0; i < id.contents.n; i++) {
      uint32_t number = s6rc_list_get(&id.contents, i);
      if (!repo_prescribed(number))
        strerr_dief(S6RC_EXIT_UNKNOWN, *names, " is in every database: no set has a prescription for it");
      mark[number] = 1;
    }
  }
  stralloc_free(&path);
  return mark;
}

void sets_begin(repo *r, repo_draft *d, int blank)
{
  if (!repo_draft_begin(r, d, blank)) sets_die(r);
}

void sets_write(repo *r, repo_draft *d, s6rc_db const *db, char const *set, unsigned char const *rx)
{
  stralloc text = STRALLOC_ZERO;
  if (!repo_set_write(db, rx, &text)) sets_die_reference(r);
  if (!repo_draft_set(r, d, set, text.s, text.len)) sets_die(r);
  stralloc_free(&text);
}

void sets_check_published(repo *r, int published)
{
  if (!published) sets_die(r);
  if (published < 0)
    strerr_warnwusys(r->what.len ? r->what.s : "sync the repository",
                     " (the change is made, but a loss of power may take it back)");
}

void sets_publish(repo *r, repo_draft *d)
{
  sets_check_published(r, repo_draft_publish(r, d));
  repo_sweep(r);
}
