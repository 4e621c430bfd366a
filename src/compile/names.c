/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <s6-rc/nearest.h>

#include "resolve.h"

/* Comparing an unknown name with all others is work in proportion to their
   number. After this many comparisons no more suggestions are made. */
enum { SUGGEST_MAX = 20000000 };

typedef struct suggester_s suggester;
struct suggester_s {
  compiled const *c;
  uint32_t *known; /* by name: what to suggest for it; its own id: nothing; S6RC_NONE: not looked for yet */
  size_t tried;
};

static uint32_t suggest(suggester *g, uint32_t name)
{
  source const *src = g->c->src;
  uint32_t n = source_nnames(src);
  s6rc_nearest near;
  uint32_t best = name;
  if (g->known[name] != S6RC_NONE) return g->known[name];
  if (g->tried > SUGGEST_MAX) return name;
  s6rc_nearest_init(&near, source_name(src, name), source_namelen(src, name));
  for (uint32_t id = 0; id < n; id++) {
    if (source_definition_of(src, id)->kind == SOURCE_UNDEFINED) continue;
    char const *old = near.best;
    s6rc_nearest_try(&near, source_name(src, id), source_namelen(src, id));
    if (near.best != old) best = id;
  }
  g->tried += n;
  /* nothing in common is not near, however short */
  if (near.best && near.distance >= near.len) best = name;
  return g->known[name] = best;
}

static int start(suggester *g)
{
  uint32_t n = source_nnames(g->c->src);
  g->known = malloc(((size_t)n + 1) * sizeof(uint32_t));
  for (uint32_t i = 0; g->known && i < n; i++) g->known[i] = S6RC_NONE;
  return !!g->known;
}

static int check_item(suggester *g, uint32_t service, source_list const *l, source_item const *item)
{
  source *src = g->c->src;
  source_place place = source_item_place(src, service, l, item);
  char const *name = source_name(src, item->name);
  uint32_t len = source_namelen(src, item->name);
  uint32_t other;
  if (source_definition_of(src, item->name)->kind != SOURCE_UNDEFINED) return 1;
  if (!g->known && !start(g)) return 0;
  other = suggest(g, item->name);
  if (len && name[len - 1] == '\r')
    source_complain(src, SOURCE_ERROR, &place, "%q is not defined: CRLF line end?", name);
  else if (other == item->name)
    source_complain(src, SOURCE_ERROR, &place, "%q is not defined", name);
  else
    source_complain(src, SOURCE_ERROR, &place, "%q is not defined: did you mean %q?", name,
                    source_name(src, other));
  return 1;
}

static int check_list(suggester *g, uint32_t service, source_list const *l)
{
  for (uint32_t i = 0; i < l->n; i++)
    if (!check_item(g, service, l, source_items(g->c->src, l) + i)) return 0;
  return 1;
}

int compile_check_names(compiled *c)
{
  suggester g = {.c = c, .known = 0, .tried = 0};
  source_list const single = {.file = SOURCE_PRODUCER_FOR};
  int r = 1;
  if (c->src->incomplete) return 1;
  for (uint32_t i = 0; r && i < source_nservices(c->src); i++) {
    source_service const *sv = source_services(c->src) + i;
    r = check_list(&g, i, &sv->deps) && check_list(&g, i, &sv->contents) &&
        check_list(&g, i, &sv->producers) &&
        (sv->consumer.name == S6RC_NONE || check_item(&g, i, &single, &sv->consumer));
  }
  int e = errno;
  free(g.known);
  errno = e;
  return r;
}
