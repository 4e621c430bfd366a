/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <s6-rc/dbformat.h>

#include "source.h"

enum { FIRST_SLOTS = 1024 };

static inline source_nameentry *entries(source_names const *n)
{
  return genalloc_s(source_nameentry, &n->entries);
}

uint32_t source_nnames(source const *src)
{
  return (uint32_t)genalloc_len(source_nameentry, &src->names.entries);
}

char const *source_name(source const *src, uint32_t id)
{
  return src->names.text.s + entries(&src->names)[id].start;
}

uint32_t source_namelen(source const *src, uint32_t id)
{
  return entries(&src->names)[id].len;
}

static int grow(source_names *n)
{
  size_t nslots = n->nslots ? 2 * n->nslots : FIRST_SLOTS;
  uint32_t *slots = malloc(nslots * sizeof(uint32_t));
  if (!slots) return 0;
  for (size_t i = 0; i < nslots; i++) slots[i] = S6RC_NONE;
  for (size_t i = 0; i < n->nslots; i++) {
    if (n->slots[i] == S6RC_NONE) continue;
    size_t k = entries(n)[n->slots[i]].hash & (nslots - 1);
    while (slots[k] != S6RC_NONE) k = (k + 1) & (nslots - 1);
    slots[k] = n->slots[i];
  }
  free(n->slots);
  n->slots = slots;
  n->nslots = nslots;
  return 1;
}

/* The slot that has this name, or that it would get. */
static size_t slot_of(source_names const *n, char const *s, size_t len, uint32_t hash)
{
  size_t k;
  for (k = hash & (n->nslots - 1); n->slots[k] != S6RC_NONE; k = (k + 1) & (n->nslots - 1)) {
    source_nameentry const *e = &entries(n)[n->slots[k]];
    if (e->hash == hash && e->len == len && !memcmp(n->text.s + e->start, s, len)) break;
  }
  return k;
}

uint32_t source_find(source const *src, char const *s, size_t len)
{
  source_names const *n = &src->names;
  return n->nslots ? n->slots[slot_of(n, s, len, s6rc_hash_bytes(S6RC_HASH_INIT, s, len))] : S6RC_NONE;
}

uint32_t source_intern(source *src, char const *s, size_t len)
{
  static source_definition const undefined = {.kind = SOURCE_UNDEFINED, .service = S6RC_NONE};
  source_names *n = &src->names;
  uint32_t h = s6rc_hash_bytes(S6RC_HASH_INIT, s, len);
  uint32_t id = source_nnames(src);
  source_nameentry e = {.start = n->text.len, .len = (uint32_t)len, .hash = h};
  size_t k;
  if (len >= UINT32_MAX || id >= S6RC_NONE - 1) return (errno = EOVERFLOW, S6RC_NONE);
  if (n->nslots / 2 <= id && !grow(n)) return S6RC_NONE;
  k = slot_of(n, s, len, h);
  if (n->slots[k] != S6RC_NONE) return n->slots[k];
  if (!stralloc_readyplus(&n->text, len + 1) || !genalloc_readyplus(source_nameentry, &n->entries, 1) ||
      !genalloc_append(source_definition, &src->definitions, &undefined))
    return S6RC_NONE;
  memcpy(n->text.s + n->text.len, s, len);
  n->text.len += len;
  n->text.s[n->text.len++] = 0;
  genalloc_append(source_nameentry, &n->entries, &e);
  n->slots[k] = id;
  return id;
}
