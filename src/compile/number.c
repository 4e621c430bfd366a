/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <s6-rc/servicedir.h>

#include "resolve.h"

/* s6-svscan supervises no service with a longer name */
enum { SUPERVISED_NAME_MAX = 251 };

static uint32_t *table(size_t n)
{
  uint32_t *t = malloc((n + 1) * sizeof(uint32_t));
  for (size_t i = 0; t && i < n; i++) t[i] = S6RC_NONE;
  return t;
}

char const *compiled_name(compiled const *c, uint32_t number)
{
  source_service const *sv = compiled_service(c, number);
  if (sv) return source_name(c->src, sv->name);
  return number == S6RC_NUMBER_FDHOLDER ? S6RC_FDHOLDER : S6RC_ONESHOT_RUNNER;
}

uint32_t compiled_namelen(compiled const *c, uint32_t number)
{
  source_service const *sv = compiled_service(c, number);
  return sv ? source_namelen(c->src, sv->name) : (uint32_t)strlen(compiled_name(c, number));
}

static void number_type(compiled *c, s6rc_type type, uint32_t number)
{
  for (uint32_t i = 0; i < source_nservices(c->src); i++) {
    source_service const *sv = source_services(c->src) + i;
    if (sv->duplicate || sv->type != type) continue;
    c->service[number] = i;
    c->atomic[sv->name] = number++;
  }
}

typedef struct bundlename_s bundlename;
struct bundlename_s {
  char const *s;
  uint32_t id;
};

static int compare(void const *a, void const *b)
{
  return strcmp(((bundlename const *)a)->s, ((bundlename const *)b)->s);
}

static int is_bundle(source const *src, uint32_t name)
{
  source_definition const *d = source_definition_of(src, name);
  return d->kind == SOURCE_PIPELINE ||
         (d->kind == SOURCE_DEFINED && source_services(src)[d->service].type == S6RC_BUNDLE);
}

static int number_bundles(compiled *c)
{
  source const *src = c->src;
  uint32_t k = 0, nnames = source_nnames(src);
  bundlename *names;
  for (uint32_t id = 0; id < nnames; id++) c->nbundles += is_bundle(src, id);
  c->bundles = calloc((size_t)c->nbundles + 1, sizeof *c->bundles);
  names = malloc(((size_t)c->nbundles + 1) * sizeof *names);
  if (!c->bundles || !names) {
    free(names);
    return 0;
  }
  for (uint32_t id = 0; id < nnames; id++)
    if (is_bundle(src, id)) names[k++] = (bundlename){.s = source_name(src, id), .id = id};
  qsort(names, c->nbundles, sizeof *names, &compare);
  for (k = 0; k < c->nbundles; k++) {
    c->bundles[k].name = names[k].id;
    c->bundleof[names[k].id] = k;
  }
  free(names);
  return 1;
}

int compile_number(compiled *c)
{
  source *src = c->src;
  uint32_t count[S6RC_NTYPES + 1] = {0};
  for (uint32_t i = 0; i < source_nservices(src); i++) {
    source_service const *sv = source_services(src) + i;
    source_place place = {i, 0, 0, 0};
    if (sv->duplicate) continue;
    count[sv->type]++;
    if (sv->type == S6RC_LONGRUN && source_namelen(src, sv->name) > SUPERVISED_NAME_MAX)
      source_complain(src, SOURCE_WARNING, &place,
                      "the name is longer than 251 bytes: recent versions of s6-svscan do not supervise it");
  }
  c->nlongruns = S6RC_NGENERATED + count[S6RC_LONGRUN];
  c->noneshots = count[S6RC_ONESHOT];
  c->service = table(compiled_n(c));
  c->atomic = table(source_nnames(src));
  c->bundleof = table(source_nnames(src));
  if (!c->service || !c->atomic || !c->bundleof) return 0;
  number_type(c, S6RC_LONGRUN, S6RC_NGENERATED);
  number_type(c, S6RC_ONESHOT, c->nlongruns);
  return number_bundles(c);
}

int compile_resolve(compiled *c, source *src)
{
  c->src = src;
  return compile_number(c) && compile_check_names(c) && compile_pipelines(c) && compile_bundles(c) &&
         compile_dependencies(c) && (!src->lost || (errno = src->lost, 0));
}

void compile_free(compiled *c)
{
  int e = errno;
  free(c->service);
  free(c->atomic);
  free(c->bundleof);
  free(c->bundles);
  genalloc_free(uint32_t, &c->members);
  free(c->flags);
  free(c->consumer);
  s6rc_graph_free(&c->producers);
  s6rc_graph_free(&c->deps);
  s6rc_graph_free(&c->rdeps);
  *c = (compiled)COMPILED_ZERO;
  errno = e;
}
