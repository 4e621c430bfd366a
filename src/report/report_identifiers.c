/* ISC license. */

#include <stdlib.h>

#include <skalibs/buffer.h>

#include "report-db.h"

static int put_line(char const *s, size_t len)
{
  return buffer_put(buffer_1, s, len) >= 0 && buffer_put(buffer_1, "\n", 1) >= 0;
}

static int put_service(s6rc_db const *db, uint32_t number, int withoutessentials)
{
  s6rc_service sv;
  if (!s6rc_db_service(db, number, &sv)) return 0;
  return (withoutessentials && sv.flags & S6RC_FLAG_ESSENTIAL) || put_line(sv.name, sv.namelen);
}

static int put_bundles(s6rc_db const *db)
{
  uint32_t pos = CDB_TRAVERSE_INIT();
  s6rc_identifier id;
  char const *name;
  size_t len;
  int r;
  while ((r = s6rc_db_next(db, &name, &len, &id, &pos)) > 0)
    if (id.type == S6RC_BUNDLE && !put_line(name, len)) return 0;
  return !r;
}

int report_identifiers(s6rc_db const *db, unsigned int kinds, int withoutessentials)
{
  uint32_t first = kinds & REPORT_KIND(S6RC_LONGRUN) ? 0 : db->nlongruns;
  uint32_t end = kinds & REPORT_KIND(S6RC_ONESHOT) ? s6rc_db_n(db) : db->nlongruns;
  for (uint32_t i = first; i < end; i++)
    if (!put_service(db, i, withoutessentials)) return 0;
  return !(kinds & REPORT_KIND(S6RC_BUNDLE)) || put_bundles(db);
}

static int by_number(void const *a, void const *b)
{
  uint32_t x = *(uint32_t const *)a, y = *(uint32_t const *)b;
  return x < y ? -1 : x > y;
}

int report_services(s6rc_db const *db, uint32_t *numbers, size_t n, int withoutessentials)
{
  if (n) qsort(numbers, n, sizeof *numbers, &by_number);
  for (size_t i = 0; i < n; i++)
    if ((!i || numbers[i] != numbers[i - 1]) && !put_service(db, numbers[i], withoutessentials)) return 0;
  return 1;
}
