/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "resolve.h"

/* What a bundle's contents file lists; null for the bundle of a pipeline. */
static source_list const *contents(compiled const *c, uint32_t bundle)
{
  source_definition const *d = source_definition_of(c->src, c->bundles[bundle].name);
  return d->kind == SOURCE_PIPELINE ? 0 : &source_services(c->src)[d->service].contents;
}

static char const *bundle_name(compiled const *c, uint32_t bundle)
{
  return source_name(c->src, c->bundles[bundle].name);
}

static int complain_cycle(compiled *c, uint32_t const *nodes, uint32_t n, char const *text)
{
  source_list const *l = contents(c, nodes[0]);
  uint32_t service = source_definition_of(c->src, c->bundles[nodes[0]].name)->service;
  uint32_t next = c->bundles[nodes[n > 1]].name;
  source_item const *item = source_items(c->src, l);
  while (item->name != next) item++;
  source_place place = source_item_place(c->src, service, l, item);
  source_complain(c->src, SOURCE_ERROR, &place, "bundles contain each other in a cycle: %s", text);
  return 1;
}

/* The graph of bundles in bundles. */
static int build(compiled const *c, compile_builder *b)
{
  if (!compile_builder_start(b, c->nbundles)) return 0;
  for (uint32_t i = 0; i < c->nbundles; i++) {
    source_list const *l = contents(c, i);
    for (uint32_t k = 0; l && k < l->n; k++) {
      uint32_t sub = c->bundleof[source_items(c->src, l)[k].name];
      if (sub == S6RC_NONE || compile_builder_add(b, sub)) continue;
      s6rc_graph_free(&b->graph);
      return 0;
    }
    compile_builder_close(b);
  }
  return 1;
}

/* Marks who is in the bundle that is being filled. */
typedef struct filler_s filler;
struct filler_s {
  compiled *c;
  uint32_t *last; /* by number: the last bundle that got it */
  uint32_t bundle;
};

static int add(filler *f, uint32_t number)
{
  if (f->last[number] == f->bundle) return 1;
  f->last[number] = f->bundle;
  return genalloc_append(uint32_t, &f->c->members, &number);
}

/* The last consumer, and everybody upstream: the members themselves are the
   queue of those to look at. */
static int fill_pipeline(filler *f, compile_bundle const *bundle)
{
  compiled *c = f->c;
  source_definition const *d = source_definition_of(c->src, bundle->name);
  if (!add(f, c->atomic[source_services(c->src)[d->service].name])) return 0;
  for (size_t i = bundle->first; i < genalloc_len(uint32_t, &c->members); i++) {
    uint32_t number = genalloc_s(uint32_t, &c->members)[i];
    for (uint32_t e = c->producers.first[number]; e < c->producers.first[number + 1]; e++)
      if (!add(f, c->producers.to[e])) return 0;
  }
  return 1;
}

static int fill_contents(filler *f, source_list const *l)
{
  compiled *c = f->c;
  for (uint32_t k = 0; k < l->n; k++) {
    uint32_t name = source_items(c->src, l)[k].name;
    if (c->atomic[name] != S6RC_NONE && !add(f, c->atomic[name])) return 0;
    if (c->bundleof[name] == S6RC_NONE) continue;
    compile_bundle const *sub = c->bundles + c->bundleof[name];
    for (uint32_t i = 0; i < sub->n; i++)
      if (!add(f, genalloc_s(uint32_t, &c->members)[sub->first + i])) return 0;
  }
  return 1;
}

static int compare(void const *a, void const *b)
{
  uint32_t x = *(uint32_t const *)a, y = *(uint32_t const *)b;
  return x < y ? -1 : x > y;
}

static int fill(filler *f, uint32_t bundle)
{
  compiled *c = f->c;
  compile_bundle *b = c->bundles + bundle;
  source_list const *l = contents(c, bundle);
  f->bundle = bundle;
  b->first = genalloc_len(uint32_t, &c->members);
  if (!(l ? fill_contents(f, l) : fill_pipeline(f, b))) return 0;
  b->n = (uint32_t)(genalloc_len(uint32_t, &c->members) - b->first);
  if (b->n) qsort(genalloc_s(uint32_t, &c->members) + b->first, b->n, sizeof(uint32_t), &compare);
  return 1;
}

/* Fills the bundles, each after those that it contains. Where there is a
   cycle (and nothing will be written), the rest follows in any order: what
   they then contain is less than the whole, but never wrong. */
static int fill_all(compiled *c, s6rc_graph const *g)
{
  filler f = {.c = c, .last = malloc((compiled_n(c) + (size_t)1) * sizeof(uint32_t))};
  uint32_t *order = malloc(((size_t)c->nbundles + 1) * sizeof(uint32_t));
  unsigned char *done = calloc((size_t)c->nbundles + 1, 1);
  int r = f.last && order && done;
  for (uint32_t i = 0; r && i < compiled_n(c); i++) f.last[i] = S6RC_NONE;
  for (uint32_t i = 0; r && i < c->nbundles; i++) order[i] = S6RC_NONE;
  if (r && s6rc_graph_order(g, order) < 0) r = 0;
  for (uint32_t i = 0; r && i < c->nbundles && order[i] != S6RC_NONE; i++) {
    r = fill(&f, order[i]);
    done[order[i]] = 1;
  }
  for (uint32_t i = 0; r && i < c->nbundles; i++)
    if (!done[i]) r = fill(&f, i);
  int e = errno;
  free(f.last);
  free(order);
  free(done);
  errno = e;
  return r;
}

static int make_flags(compiled *c)
{
  c->flags = calloc(compiled_n(c), sizeof(uint32_t));
  if (!c->flags) return 0;
  for (uint32_t i = 0; i < compiled_n(c); i++)
    c->flags[i] = compiled_service(c, i) ? compiled_service(c, i)->flags : S6RC_FLAG_ESSENTIAL;
  for (uint32_t i = 0; i < c->nbundles; i++) {
    source_definition const *d = source_definition_of(c->src, c->bundles[i].name);
    uint32_t flags = d->kind == SOURCE_PIPELINE ? 0 : source_services(c->src)[d->service].flags;
    for (uint32_t k = 0; flags && k < c->bundles[i].n; k++)
      c->flags[genalloc_s(uint32_t, &c->members)[c->bundles[i].first + k]] |= flags;
  }
  return 1;
}

int compile_bundles(compiled *c)
{
  compile_builder b;
  int r;
  if (!genalloc_ready(uint32_t, &c->members, 1) || !build(c, &b)) return 0;
  r = compile_check_cycles(c, &b.graph, &bundle_name, &complain_cycle) && fill_all(c, &b.graph) &&
      make_flags(c);
  s6rc_graph_free(&b.graph);
  return r;
}
