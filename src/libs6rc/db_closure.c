/* ISC license. */

#include <errno.h>

#include <skalibs/genalloc.h>

#include <s6-rc/db.h>
#include <s6-rc/mark.h>

/* The services whose dependencies are still to be looked at are kept in a
   stack that grows as it has to: most closures are small. */
static int add_needed(s6rc_db const *db, s6rc_dir dir, uint32_t number, unsigned char *mark,
                      unsigned char bit, genalloc *todo)
{
  s6rc_service sv;
  s6rc_list deps;
  if (!s6rc_db_service(db, number, &sv) || !s6rc_db_deps(db, &sv, dir, &deps)) return 0;
  for (uint32_t i = 0; i < deps.n; i++) {
    uint32_t d = s6rc_list_get(&deps, i);
    if (mark[d] & bit) continue;
    mark[d] |= bit;
    if (!genalloc_append(uint32_t, todo, &d)) return 0;
  }
  return 1;
}

int s6rc_db_closure(s6rc_db const *db, s6rc_dir dir, unsigned char *mark, unsigned char bit)
{
  genalloc todo = GENALLOC_ZERO; /* of uint32_t */
  uint32_t n = s6rc_db_n(db);
  size_t len;
  int r = 1;
  for (uint32_t i = 0; r && (i = s6rc_mark_next(mark, i, n, bit)) < n; i++)
    r = genalloc_append(uint32_t, &todo, &i);
  while (r && (len = genalloc_len(uint32_t, &todo))) {
    uint32_t number = genalloc_s(uint32_t, &todo)[--len];
    genalloc_setlen(uint32_t, &todo, len);
    r = add_needed(db, dir, number, mark, bit, &todo);
  }
  int e = errno;
  genalloc_free(uint32_t, &todo);
  errno = e;
  return r;
}
