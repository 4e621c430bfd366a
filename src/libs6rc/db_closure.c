/* ISC license. */

#include <errno.h>
#include <stdlib.h>

#include <s6-rc/db.h>

int s6rc_db_closure(s6rc_db const *db, s6rc_dir dir, unsigned char *mark, unsigned char bit)
{
  uint32_t n = s6rc_db_n(db), len = 0;
  int r = 1;
  uint32_t *todo = malloc(n * sizeof(uint32_t));
  if (!todo) return 0;
  for (uint32_t i = 0; i < n; i++)
    if (mark[i] & bit) todo[len++] = i;
  while (r && len) {
    s6rc_service sv;
    s6rc_list deps;
    r = s6rc_db_service(db, todo[--len], &sv) && s6rc_db_deps(db, &sv, dir, &deps);
    for (uint32_t i = 0; r && i < deps.n; i++) {
      uint32_t d = s6rc_list_get(&deps, i);
      if (mark[d] & bit) continue;
      mark[d] |= bit;
      todo[len++] = d;
    }
  }
  int e = errno;
  free(todo);
  errno = e;
  return r;
}
