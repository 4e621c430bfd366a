/* ISC license. */

#include <stdlib.h>

#include <skalibs/strerr.h>

#include <s6-rc/mark.h>

#include "../cli/cli.h"
#include "rc.h"

void rc_make_marks(rc *o)
{
  o->mark = calloc(s6rc_db_n(&o->live.db), 1);
  if (!o->mark) strerr_diefusys(S6RC_EXIT_SYSTEM, "make the selection");
}

void rc_select(rc *o, char const *const *names)
{
  uint32_t n = s6rc_db_n(&o->live.db);
  rc_make_marks(o);
  for (; *names; names++) {
    s6rc_identifier id;
    cli_resolve(&o->live.db, o->livepath, *names, &id);
    unsigned char alone = id.type == S6RC_BUNDLE ? 0 : RC_ALONE;
    for (uint32_t i = 0; i < id.contents.n; i++)
      o->mark[s6rc_list_get(&id.contents, i)] |= alone | RC_NAMED | RC_SELECTED | RC_CLOSURE;
  }
  for (uint32_t i = 0; o->addup && (i = s6rc_mark_next(o->live.state, i, n, S6RC_STATE_UP)) < n; i++)
    o->mark[i] |= RC_SELECTED | RC_CLOSURE;
}

void rc_close_marks(rc *o, s6rc_dir dir, unsigned char bit)
{
  if (!s6rc_db_closure(&o->live.db, dir, o->mark, bit)) rc_die_damaged(o);
}

/* Without -D, essential services that are up, and what they need, leave the
   set `bit` of what is to go down. The two generated ones go without saying. */
void rc_spare_essentials(rc *o, unsigned char bit)
{
  uint32_t n = s6rc_db_n(&o->live.db);
  for (uint32_t i = 0; (i = s6rc_mark_next(o->mark, i, n, bit)) < n; i++) {
    s6rc_service sv;
    if (!(o->state[i] & (S6RC_STATE_UP | ENGINE_STATE_HALFWAY))) continue;
    if (!s6rc_db_service(&o->live.db, i, &sv)) rc_die_damaged(o);
    if (!(sv.flags & S6RC_FLAG_ESSENTIAL)) continue;
    o->mark[i] |= RC_ESSENTIAL;
    if (o->verbosity && i >= S6RC_NGENERATED)
      strerr_warnw("service ", sv.name, " is essential: it stays up (only -D stops it)");
  }
  rc_close_marks(o, S6RC_UP, RC_ESSENTIAL);
  for (uint32_t i = 0; (i = s6rc_mark_next(o->mark, i, n, RC_ESSENTIAL)) < n; i++)
    o->mark[i] &= (unsigned char)~(RC_ESSENTIAL | bit);
}
