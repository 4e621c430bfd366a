/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/cdb.h>

#include "bundle.h"

#define ENTRIES(c)  (genalloc_s(bundle_entry, &(c)->entries))
#define NENTRIES(c) (genalloc_len(bundle_entry, &(c)->entries))

void bundle_free(bundle_change *c)
{
  genalloc_free(bundle_entry, &c->entries);
  genalloc_free(uint32_t, &c->numbers);
}

int bundle_begin(bundle_change *c, s6rc_db const *db)
{
  uint32_t pos = CDB_TRAVERSE_INIT();
  s6rc_identifier id;
  char const *name;
  size_t len;
  int r;
  *c = (bundle_change){.db = db, .entries = GENALLOC_ZERO, .numbers = GENALLOC_ZERO};
  while ((r = s6rc_db_next(db, &name, &len, &id, &pos)) > 0) {
    bundle_entry e = {.name = name, .len = len, .type = id.type, .contents = id.contents};
    if (!genalloc_append(bundle_entry, &c->entries, &e)) r = -1;
    if (r < 0) break;
  }
  c->nold = NENTRIES(c);
  if (!r) return 1;
  bundle_free(c);
  return 0;
}

static int is_called(bundle_entry const *e, char const *name, size_t len)
{
  return e->len == len && !memcmp(e->name, name, len);
}

/* The entry of that name as it will be, or null. The command line is short:
   looking through all is fine. */
static bundle_entry *find(bundle_change *c, char const *name)
{
  size_t len = strlen(name);
  for (size_t i = 0; i < NENTRIES(c); i++)
    if (!ENTRIES(c)[i].deleted && is_called(ENTRIES(c) + i, name, len)) return ENTRIES(c) + i;
  return 0;
}

/* As it is in the database: so the order on the command line is no matter,
   and a bundle can get another name. */
static bundle_entry const *find_old(bundle_change const *c, char const *name)
{
  size_t len = strlen(name);
  for (size_t i = 0; i < c->nold; i++)
    if (is_called(ENTRIES(c) + i, name, len)) return ENTRIES(c) + i;
  return 0;
}

bundle_verdict bundle_delete(bundle_change *c, char const *name, int force)
{
  bundle_entry *e = find(c, name);
  if (!e) return force ? BUNDLE_OK : BUNDLE_UNKNOWN;
  if (e->type != S6RC_BUNDLE) return BUNDLE_WRONGTYPE;
  e->deleted = 1;
  return BUNDLE_OK;
}

static int ascending(void const *a, void const *b)
{
  uint32_t x = *(uint32_t const *)a, y = *(uint32_t const *)b;
  return x < y ? -1 : x > y;
}

/* The union of what the names stand for, in the new entry's part of numbers. */
static bundle_verdict gather(bundle_change *c, bundle_entry *e, char const *const *contents, size_t n,
                             char const **culprit)
{
  uint32_t *numbers;
  size_t k = 0;
  e->first = genalloc_len(uint32_t, &c->numbers);
  for (size_t i = 0; i < n; i++) {
    bundle_entry const *member = find_old(c, contents[i]);
    *culprit = contents[i];
    if (!member) return BUNDLE_UNKNOWN;
    for (uint32_t j = 0; j < member->contents.n; j++) {
      uint32_t number = s6rc_list_get(&member->contents, j);
      if (!genalloc_append(uint32_t, &c->numbers, &number)) return BUNDLE_ERROR;
    }
  }
  numbers = genalloc_s(uint32_t, &c->numbers) + e->first;
  size_t len = genalloc_len(uint32_t, &c->numbers) - e->first;
  if (len) qsort(numbers, len, sizeof(uint32_t), &ascending);
  for (size_t i = 0; i < len; i++)
    if (!i || numbers[i] != numbers[i - 1]) numbers[k++] = numbers[i];
  genalloc_setlen(uint32_t, &c->numbers, e->first + k);
  e->n = (uint32_t)k;
  return BUNDLE_OK;
}

bundle_verdict bundle_add(bundle_change *c, char const *name, char const *const *contents, size_t n,
                          int force, char const **culprit)
{
  bundle_entry e = {.name = name, .len = strlen(name), .type = S6RC_BUNDLE, .added = 1};
  bundle_entry const *there = find(c, name);
  bundle_verdict v;
  *culprit = name;
  if (!s6rc_name_legal(name)) return BUNDLE_ILLEGAL;
  if (there && there->type != S6RC_BUNDLE) return force ? BUNDLE_WRONGTYPE : BUNDLE_EXISTS;
  if (there && (!force || there->added)) return BUNDLE_EXISTS;
  v = gather(c, &e, contents, n, culprit);
  if (v != BUNDLE_OK) return v;
  bundle_delete(c, name, 1);
  return genalloc_append(bundle_entry, &c->entries, &e) ? BUNDLE_OK : BUNDLE_ERROR;
}
