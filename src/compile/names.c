/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <s6-rc/nearest.h>

#include "resolve.h"

/* Comparing an unknown name with all others is work in proportion to their
   number. After this many comparisons no more suggestions are made. */
enum { SUGGEST_MAX = 2000000 };

static uint32_t look_for(compile_suggester *g, uint32_t name)
{
  source const *src = g->c->src;
  uint32_t n = source_nnames(src);
  s6rc_nearest near;
  uint32_t best = name;
  s6rc_nearest_init(&near, source_name(src, name), source_namelen(src, name));
  for (uint32_t id = 0; id < n; id++) {
    if (source_definition_of(src, id)->kind == SOURCE_UNDEFINED) continue;
    char const *old = near.best;
    s6rc_nearest_try(&near, source_name(src, id), source_namelen(src, id));
    if (near.best != old) best = id;
  }
  g->tried += n;
  /* nothing in common is not near, however short */
  return near.best && near.distance >= near.len ? name : best;
}

static int start(compile_suggester *g)
{
  uint32_t n = source_nnames(g->c->src);
  g->known = malloc(((size_t)n + 1) * sizeof(uint32_t));
  for (uint32_t i = 0; g->known && i < n; i++) g->known[i] = S6RC_NONE;
  return !!g->known;
}

int compile_suggest(compile_suggester *g, uint32_t name, uint32_t *best)
{
  if (!g->known && !start(g)) return 0;
  if (g->known[name] == S6RC_NONE) {
    if (g->tried > SUGGEST_MAX) return (*best = name, 1);
    g->known[name] = look_for(g, name);
  }
  *best = g->known[name];
  return 1;
}

void compile_suggester_free(compile_suggester *g)
{
  int e = errno;
  free(g->known);
  g->known = 0;
  errno = e;
}

static int check_item(compile_suggester *g, uint32_t service, source_list const *l, source_item const *item)
{
  source *src = g->c->src;
  source_place place = source_item_place(src, service, l, item);
  char const *name = source_name(src, item->name);
  uint32_t len = source_namelen(src, item->name);
  uint32_t other;
  if (source_definition_of(src, item->name)->kind != SOURCE_UNDEFINED) return 1;
  if (!compile_suggest(g, item->name, &other)) return 0;
  if (len && name[len - 1] == '\r')
    source_complain(src, SOURCE_ERROR, &place, "%q is not defined: CRLF line end?", name);
  else if (source_has_bom(name))
    source_complain(src, SOURCE_ERROR, &place, "%q is not defined: a byte order mark stands before the name",
                    name);
  else if (other == item->name)
    source_complain(src, SOURCE_ERROR, &place, "%q is not defined", name);
  else
    source_complain(src, SOURCE_ERROR, &place, "%q is not defined: did you mean %q?", name,
                    source_name(src, other));
  return 1;
}

static int check_list(compile_suggester *g, uint32_t service, source_list const *l)
{
  for (uint32_t i = 0; i < l->n; i++)
    if (!check_item(g, service, l, source_items(g->c->src, l) + i)) return 0;
  return 1;
}

int compile_check_names(compiled *c)
{
  compile_suggester g = COMPILE_SUGGESTER_ZERO(c);
  source_list const single = {.file = SOURCE_PRODUCER_FOR};
  int r = 1;
  if (c->src->incomplete) return 1;
  for (uint32_t i = 0; r && i < source_nservices(c->src); i++) {
    source_service const *sv = source_services(c->src) + i;
    r = check_list(&g, i, &sv->deps) && check_list(&g, i, &sv->contents) &&
        check_list(&g, i, &sv->producers) &&
        (sv->consumer.name == S6RC_NONE || check_item(&g, i, &single, &sv->consumer));
  }
  compile_suggester_free(&g);
  return r;
}
