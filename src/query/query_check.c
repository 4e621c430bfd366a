/* ISC license. */

#include <errno.h>

#include <skalibs/strerr.h>

#include "query.h"

void query_check(query const *q, char const *const *operands)
{
  s6rc_damage damage = {.what = 0};
  (void)operands;
  if (s6rc_db_check(&q->db, &damage)) return;
  if (errno != EPROTO) strerr_diefusys(S6RC_EXIT_SYSTEM, "check ", q->path);
  strerr_dief(S6RC_EXIT_DAMAGED, q->path, "/", damage.file, " is damaged: ", damage.what,
              damage.name ? ": " : "", damage.name ? damage.name : "", " (compile the database again)");
}
