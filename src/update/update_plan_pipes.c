/* ISC license. */

#include <stdlib.h>
#include <string.h>

#include "update.h"

/* Is service number in db a consumer? -1: errno. */
static int is_consumer(s6rc_db const *db, uint32_t number, s6rc_service *sv)
{
  if (number == S6RC_NONE) return 0;
  return s6rc_db_service(db, number, sv) ? !!sv->producers.n : -1;
}

static void add(update_plan *p, uint32_t from, uint32_t to)
{
  p->pipes[p->npipes++] = (update_pipe){.from = from, .to = to};
}

/* Is the pipe that has this name in the new database one that had another
   name in the old one? -1: errno. */
static int is_taken(update_plan const *p, s6rc_db const *olddb, s6rc_db const *newdb, s6rc_service const *old)
{
  s6rc_service sv;
  s6rc_identifier id;
  uint32_t j;
  int r = s6rc_db_resolve(newdb, old->name, old->namelen, &id);
  if (r <= 0 || id.type != S6RC_LONGRUN) return r < 0 ? -1 : 0;
  j = s6rc_list_get(&id.contents, 0);
  r = is_consumer(newdb, j, &sv);
  return r > 0 ? is_consumer(olddb, p->news[j].from, &sv) : r;
}

int update_plan_pipes(update_plan *p, s6rc_db const *olddb, s6rc_db const *newdb)
{
  s6rc_service old, new;
  p->pipes = malloc(((size_t)olddb->nlongruns + newdb->nlongruns) * sizeof(update_pipe));
  if (!p->pipes) return 0;
  for (uint32_t i = 0; i < olddb->nlongruns; i++) {
    int was = is_consumer(olddb, i, &old), is = was, taken;
    if (was > 0) is = is_consumer(newdb, p->olds[i].to, &new);
    if (is < 0) return 0;
    if (!was || (is && old.namelen == new.namelen && !memcmp(old.name, new.name, old.namelen))) continue;
    taken = is_taken(p, olddb, newdb, &old);
    if (taken < 0) return 0;
    add(p, i, is ? p->olds[i].to : S6RC_NONE);
    p->pipes[p->npipes - 1].name_free = !taken;
  }
  for (uint32_t j = 0; j < newdb->nlongruns; j++) {
    int is = is_consumer(newdb, j, &new), was = is;
    if (is > 0) was = is_consumer(olddb, p->news[j].from, &old);
    if (was < 0) return 0;
    if (is && !was) add(p, S6RC_NONE, j);
  }
  return 1;
}
