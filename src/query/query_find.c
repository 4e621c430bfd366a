/* ISC license. */

#include <errno.h>

#include <skalibs/strerr.h>

#include "../cli/cli.h"
#include "../report/report-db.h"
#include "query.h"

void query_die(query const *q)
{
  if (errno == EPROTO) cli_diedamaged(q->path, "a record is damaged");
  strerr_diefusys(S6RC_EXIT_SYSTEM, "print what is in ", q->path);
}

void query_find(query const *q, char const *name, unsigned int kinds, char const *wanted, s6rc_identifier *id)
{
  cli_resolve(&q->db, q->path, name, id);
  if (kinds & REPORT_KIND(id->type)) return;
  strerr_dief(S6RC_EXIT_WRONGTYPE, name, " is a ", s6rc_type_names[id->type], ", not ", wanted);
}
