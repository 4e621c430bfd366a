/* ISC license. */

/* Changes to a model that has been read. */

#include <errno.h>

#include "source.h"

void source_drop(source *src, unsigned char const *drop)
{
  uint32_t n = source_nservices(src), kept = 0;
  source_service *all = source_services(src);
  for (uint32_t id = 0; id < source_nnames(src); id++) {
    source_definition *d = source_definition_of(src, id);
    if (d->kind != SOURCE_UNDEFINED && drop[d->service]) d->kind = SOURCE_UNDEFINED;
  }
  for (uint32_t i = 0; i < n; i++) {
    if (drop[i]) continue;
    if (!all[i].duplicate) source_definition_of(src, all[i].name)->service = kept;
    if (all[i].pipeline.name != S6RC_NONE) {
      source_definition *d = source_definition_of(src, all[i].pipeline.name);
      if (d->kind == SOURCE_PIPELINE && d->service == i) d->service = kept;
    }
    all[kept++] = all[i];
  }
  genalloc_setlen(source_service, &src->services, kept);
}

int source_add_bundle(source *src, char const *name, size_t len, uint32_t const *names, uint32_t n)
{
  size_t first = genalloc_len(source_item, &src->items);
  source_service sv = {.type = S6RC_BUNDLE,
                       .consumer = {.name = S6RC_NONE},
                       .pipeline = {.name = S6RC_NONE},
                       .contents = {.n = n, .file = SOURCE_CONTENTS}};
  source_definition *d;
  sv.name = source_intern(src, name, len);
  if (sv.name == S6RC_NONE) return 0;
  d = source_definition_of(src, sv.name);
  if (d->kind != SOURCE_UNDEFINED) return (errno = EEXIST, 0);
  if (first > UINT32_MAX - n || source_nservices(src) >= S6RC_NONE - S6RC_NGENERATED)
    return (errno = EOVERFLOW, 0);
  if (!genalloc_readyplus(source_item, &src->items, n) ||
      !genalloc_readyplus(source_service, &src->services, 1))
    return 0;
  sv.contents.first = (uint32_t)first;
  for (uint32_t i = 0; i < n; i++) {
    source_item item = {.name = names[i], .line = i + 1};
    genalloc_append(source_item, &src->items, &item);
  }
  d->kind = SOURCE_DEFINED;
  d->service = source_nservices(src);
  genalloc_append(source_service, &src->services, &sv);
  return 1;
}
