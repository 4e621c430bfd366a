/* ISC license. */

#include "update.h"

static char const *name_of(s6rc_db const *db, uint32_t number)
{
  s6rc_service sv;
  return s6rc_db_service(db, number, &sv) ? sv.name : "?";
}

static int cat(stralloc *sa, char const *a, char const *b, char const *c)
{
  return stralloc_cats(sa, a) && stralloc_cats(sa, b) && stralloc_cats(sa, c);
}

static int cat_stop_reason(stralloc *sa, update_old const *o, s6rc_db const *olddb, s6rc_db const *newdb)
{
  switch (o->fate) {
    case UPDATE_STAYS: return 1;
    case UPDATE_GONE: return cat(sa, "not in the new database", "", "");
    case UPDATE_RETYPED: return cat(sa, "its type has changed", "", "");
    case UPDATE_BUNDLED: return cat(sa, "it is a bundle in the new database", "", "");
    case UPDATE_TOLD: return cat(sa, "the conversion file says so", "", "");
    case UPDATE_NEEDS_DOWN: return cat(sa, "new dependency ", name_of(newdb, o->because), " is down");
    case UPDATE_NEEDS_RESTARTED: return cat(sa, "dependency ", name_of(newdb, o->because), " restarts");
    case UPDATE_NEEDED_STOPPED: return cat(sa, "it depends on ", name_of(olddb, o->because), ", which stops");
  }
  return 1;
}

static int print_old(stralloc *sa, uint32_t i, update_old const *o, s6rc_db const *olddb,
                     s6rc_db const *newdb)
{
  char const *name = name_of(olddb, i);
  char const *to = o->to == S6RC_NONE ? 0 : name_of(newdb, o->to);
  if (o->up && (o->stops || o->fate != UPDATE_STAYS)) {
    char const *what = o->stops ? to ? ": restart: " : ": stop: " : ": essential, left running: ";
    if (!cat(sa, name, what, "") || !cat_stop_reason(sa, o, olddb, newdb) || !cat(sa, "\n", "", "")) return 0;
  }
  for (char const *a = name, *b = to; to; a++, b++) {
    if (*a != *b) return cat(sa, name, ": rename: now ", to) && cat(sa, "\n", "", "");
    if (!*a) break;
  }
  return 1;
}

static int print_new(stralloc *sa, uint32_t j, update_new const *n, s6rc_db const *olddb,
                     s6rc_db const *newdb)
{
  char const *name = name_of(newdb, j);
  switch (n->start) {
    case UPDATE_LEFT:
    case UPDATE_RESTARTS: return 1; /* said where it stops */
    case UPDATE_REPLACES:
      return cat(sa, name, ": start: it replaces ", name_of(olddb, n->because)) && cat(sa, "\n", "", "");
    case UPDATE_NEEDED:
      return cat(sa, name, ": start: needed by ", name_of(newdb, n->because)) && cat(sa, "\n", "", "");
  }
  return 1;
}

static int print_pipe(stralloc *sa, update_pipe const *pipe, s6rc_db const *olddb, s6rc_db const *newdb)
{
  char const *from = pipe->from == S6RC_NONE ? 0 : name_of(olddb, pipe->from);
  char const *to = pipe->to == S6RC_NONE ? 0 : name_of(newdb, pipe->to);
  if (!from) return cat(sa, to, ": create pipe: it is a consumer in the new database", "\n");
  if (!to) return cat(sa, from, ": delete pipe: it is no consumer in the new database", "\n");
  return cat(sa, from, ": rename pipe: now ", to) && cat(sa, "\n", "", "");
}

int update_plan_print(stralloc *sa, update_plan const *p, s6rc_db const *olddb, s6rc_db const *newdb)
{
  for (uint32_t i = 0; i < p->nold; i++)
    if (!print_old(sa, i, p->olds + i, olddb, newdb)) return 0;
  for (uint32_t j = 0; j < p->nnew; j++)
    if (!print_new(sa, j, p->news + j, olddb, newdb)) return 0;
  for (uint32_t k = 0; k < p->npipes; k++)
    if (!print_pipe(sa, p->pipes + k, olddb, newdb)) return 0;
  return 1;
}
