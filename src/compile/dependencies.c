/* ISC license. */

#include <errno.h>
#include <stdlib.h>

#include <skalibs/stralloc.h>

#include "resolve.h"

typedef struct linker_s linker;
struct linker_s {
  compiled const *c;
  compile_builder b;
  uint32_t *last; /* by number: the last service that got a dependency on it */
};

static int add(linker *k, uint32_t to)
{
  if (k->last[to] == k->b.node) return 1;
  k->last[to] = k->b.node;
  return compile_builder_add(&k->b, to);
}

/* A name that is nothing adds nothing: it is optional, or an error by now. */
static int add_named(linker *k, uint32_t name)
{
  compiled const *c = k->c;
  if (c->atomic[name] != S6RC_NONE) return add(k, c->atomic[name]);
  if (c->bundleof[name] == S6RC_NONE) return 1;
  compile_bundle const *b = c->bundles + c->bundleof[name];
  for (uint32_t i = 0; i < b->n; i++)
    if (!add(k, genalloc_s(uint32_t, &c->members)[b->first + i])) return 0;
  return 1;
}

static int add_list(linker *k, source_list const *l)
{
  for (uint32_t i = 0; i < l->n; i++)
    if (!add_named(k, source_items(k->c->src, l)[i].name)) return 0;
  return 1;
}

static int add_all(linker *k, uint32_t number)
{
  compiled const *c = k->c;
  source_service const *sv = compiled_service(c, number);
  if (!sv) return 1;
  if (!add_list(k, &sv->deps) || !add_list(k, &sv->optional)) return 0;
  if (sv->type == S6RC_ONESHOT) return add(k, S6RC_NUMBER_ONESHOT_RUNNER);
  if (!compiled_pipelined(c, number)) return 1;
  if (c->consumer[number] != S6RC_NONE && !add(k, c->consumer[number])) return 0;
  return add(k, S6RC_NUMBER_FDHOLDER);
}

static int in_bundle(compiled const *c, compile_bundle const *b, uint32_t number)
{
  uint32_t const *s = genalloc_s(uint32_t, &c->members) + b->first;
  uint32_t low = 0, high = b->n;
  while (low < high) {
    uint32_t mid = low + (high - low) / 2;
    if (s[mid] < number)
      low = mid + 1;
    else
      high = mid;
  }
  return low < b->n && s[low] == number;
}

/* What makes a service depend on another one: an item of a list of its own. */
typedef struct cause_s cause;
struct cause_s {
  source_list const *list;
  source_item const *item; /* null: they are producer and consumer */
};

/* An item that names `to` itself, or else the first one of a bundle with it. */
static source_item const *find_item(compiled const *c, source_list const *l, uint32_t to)
{
  source_item const *through = 0;
  for (uint32_t i = 0; i < l->n; i++) {
    source_item const *item = source_items(c->src, l) + i;
    uint32_t bundle = c->bundleof[item->name];
    if (c->atomic[item->name] == to) return item;
    if (!through && bundle != S6RC_NONE && in_bundle(c, c->bundles + bundle, to)) through = item;
  }
  return through;
}

/* The cause that says it most directly. */
static cause reason(compiled const *c, uint32_t from, uint32_t to)
{
  static source_list const producer_for = {.file = SOURCE_PRODUCER_FOR};
  source_service const *sv = compiled_service(c, from);
  source_list const *const lists[] = {&sv->deps, &sv->optional};
  cause through = {&producer_for, 0};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    source_item const *item = find_item(c, lists[i], to);
    if (item && c->atomic[item->name] == to) return (cause){lists[i], item};
    if (item && !through.item) through = (cause){lists[i], item};
  }
  if (from < c->nlongruns && c->consumer[from] == to) return (cause){&producer_for, 0};
  return through;
}

/* What the files do not say in so many words. */
static int put_reason(compiled const *c, uint32_t from, uint32_t to, stralloc *sa)
{
  source_item const *item = reason(c, from, to).item;
  if (item && c->atomic[item->name] == to) return 1;
  if (!stralloc_cats(sa, sa->len ? "; " : " (") || !stralloc_cats(sa, compiled_name(c, from))) return 0;
  if (!item) return stralloc_cats(sa, " is a producer for ") && stralloc_cats(sa, compiled_name(c, to));
  return stralloc_cats(sa, " depends on the bundle ") && stralloc_cats(sa, source_name(c->src, item->name)) &&
         stralloc_cats(sa, ", which contains ") && stralloc_cats(sa, compiled_name(c, to));
}

static int complain_cycle(compiled *c, uint32_t const *nodes, uint32_t n, char const *text)
{
  stralloc sa = STRALLOC_ZERO;
  cause why = reason(c, nodes[0], nodes[n > 1]);
  source_place place = source_item_place(c->src, c->service[nodes[0]], why.list,
                                         why.item ? why.item : &compiled_service(c, nodes[0])->consumer);
  int r = 1;
  for (uint32_t i = 0; r && i < n; i++) r = put_reason(c, nodes[i], nodes[i + 1 < n ? i + 1 : 0], &sa);
  r = r && (!sa.len || stralloc_cats(&sa, ")")) && stralloc_0(&sa);
  if (r) source_complain(c->src, SOURCE_ERROR, &place, "dependency cycle: %s%s", text, sa.s);
  stralloc_free(&sa);
  return r;
}

/* Turned around twice, every list is in ascending order. */
static int link_all(compiled *c, linker *k)
{
  int r = 1;
  uint32_t n = compiled_n(c);
  if (!compile_builder_start(&k->b, n)) return 0;
  for (uint32_t i = 0; r && i < n; i++) {
    r = add_all(k, i);
    compile_builder_close(&k->b);
  }
  r = r && s6rc_graph_reverse(&k->b.graph, &c->rdeps) && s6rc_graph_reverse(&c->rdeps, &c->deps);
  s6rc_graph_free(&k->b.graph);
  return r;
}

int compile_dependencies(compiled *c)
{
  linker k = {.c = c, .last = malloc(compiled_n(c) * sizeof(uint32_t))};
  int r, e;
  if (!k.last) return 0;
  for (uint32_t i = 0; i < compiled_n(c); i++) k.last[i] = S6RC_NONE;
  r = link_all(c, &k);
  e = errno;
  free(k.last);
  errno = e;
  return r && compile_check_cycles(c, &c->deps, &compiled_name, &complain_cycle);
}
