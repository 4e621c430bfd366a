/* ISC license. */

#include <errno.h>
#include <stdlib.h>

#include <skalibs/uint32.h>

#include "resolve.h"

static source_list const producer_for = {.file = SOURCE_PRODUCER_FOR};

/* The longrun that an item of a pipeline's file names; S6RC_NONE if it names
   something else: complained about, or it has been already. */
static uint32_t named_longrun(compiled *c, uint32_t service, source_list const *l, source_item const *item)
{
  source *src = c->src;
  source_place place = source_item_place(src, service, l, item);
  source_definition const *d = source_definition_of(src, item->name);
  uint32_t number = c->atomic[item->name];
  if (number < c->nlongruns) return number;
  if (d->kind == SOURCE_UNDEFINED) return S6RC_NONE;
  if (number != S6RC_NONE || c->bundleof[item->name] != S6RC_NONE)
    source_complain(src, SOURCE_ERROR, &place, "%q is a %s, only a longrun can be in a pipeline",
                    source_name(src, item->name),
                    s6rc_type_names[number == S6RC_NONE ? S6RC_BUNDLE : S6RC_ONESHOT]);
  return S6RC_NONE;
}

/* Consumer number lists a producer: does that one agree? */
static void check_producer(compiled *c, uint32_t number, source_item const *item)
{
  source *src = c->src;
  source_service const *sv = compiled_service(c, number);
  uint32_t p = named_longrun(c, c->service[number], &sv->producers, item);
  source_place place = source_item_place(src, c->service[number], &sv->producers, item);
  char const *name = compiled_name(c, number), *producer;
  if (p == S6RC_NONE) return;
  producer = compiled_name(c, p);
  sv = compiled_service(c, p);
  if (sv->consumer.name == S6RC_NONE) {
    if (!(sv->broken & 1U << SOURCE_PRODUCER_FOR))
      source_complain(src, SOURCE_ERROR, &place, "%q does not say that it is a producer for %q", producer,
                      name);
  } else if (c->atomic[sv->consumer.name] == number)
    c->consumer[p] = number;
  else if (c->atomic[sv->consumer.name] < c->nlongruns)
    source_complain(src, SOURCE_ERROR, &place, "%q says that it is a producer for %q, not for %q", producer,
                    source_name(src, sv->consumer.name), name);
}

/* A producer names a consumer: has that one agreed? */
static void check_consumer(compiled *c, uint32_t number)
{
  source *src = c->src;
  source_service const *sv = compiled_service(c, number);
  source_place place = source_item_place(src, c->service[number], &producer_for, &sv->consumer);
  uint32_t consumer = named_longrun(c, c->service[number], &producer_for, &sv->consumer);
  if (consumer == S6RC_NONE || c->consumer[number] != S6RC_NONE) return;
  if (compiled_service(c, consumer)->broken & 1U << SOURCE_CONSUMER_FOR) return;
  source_complain(src, SOURCE_ERROR, &place, "%q does not say that it is a consumer for %q",
                  compiled_name(c, consumer), compiled_name(c, number));
}

static void check_name_length(compiled *c, uint32_t number)
{
  char fmt[UINT32_FMT];
  source_place place = {c->service[number], source_attribute_name(SOURCE_CONSUMER_FOR), 0, 0};
  if (compiled_namelen(c, number) <= S6RC_PIPE_NAME_MAX) return;
  fmt[uint32_fmt(fmt, (uint32_t)S6RC_PIPE_NAME_MAX)] = 0;
  source_complain(
      c->src, SOURCE_ERROR, &place,
      "the name of a consumer is limited to %s bytes, the fd-holder cannot hold its pipe otherwise", fmt);
}

/* No dependency comes of a pipeline that is a cycle: one complaint is enough. */
static int complain_cycle(compiled *c, uint32_t const *nodes, uint32_t n, char const *text)
{
  source_service const *sv = compiled_service(c, nodes[0]);
  source_place place = source_item_place(c->src, c->service[nodes[0]], &producer_for, &sv->consumer);
  source_complain(c->src, SOURCE_ERROR, &place, "the pipeline is a cycle: %s", text);
  for (uint32_t i = 0; i < n; i++) c->consumer[nodes[i]] = S6RC_NONE;
  return 1;
}

/* The graph of those who have a consumer. */
static int build(compiled const *c, compile_builder *b)
{
  if (!compile_builder_start(b, c->nlongruns)) return 0;
  for (uint32_t i = 0; i < c->nlongruns; i++) {
    if (c->consumer[i] != S6RC_NONE && !compile_builder_add(b, c->consumer[i])) {
      s6rc_graph_free(&b->graph);
      return 0;
    }
    compile_builder_close(b);
  }
  return 1;
}

static void check_number(compiled *c, uint32_t nconsumers)
{
  char have[UINT32_FMT], most[UINT32_FMT];
  source_place place = {S6RC_NONE, c->src->dirs[0], 0, 0};
  if (nconsumers <= COMPILE_FDS_MAX / 2) return;
  have[uint32_fmt(have, nconsumers)] = 0;
  most[uint32_fmt(most, COMPILE_FDS_MAX / 2)] = 0;
  source_complain(c->src, SOURCE_ERROR, &place,
                  "%s longruns are consumers, each has a pipe, and the fd-holder cannot hold more than %s",
                  have, most);
}

int compile_pipelines(compiled *c)
{
  compile_builder b;
  uint32_t nconsumers = 0;
  int r;
  c->consumer = malloc(c->nlongruns * sizeof(uint32_t));
  if (!c->consumer) return 0;
  for (uint32_t i = 0; i < c->nlongruns; i++) c->consumer[i] = S6RC_NONE;
  for (uint32_t i = S6RC_NGENERATED; i < c->nlongruns; i++) {
    source_service const *sv = compiled_service(c, i);
    for (uint32_t k = 0; k < sv->producers.n; k++)
      check_producer(c, i, source_items(c->src, &sv->producers) + k);
    if (!sv->producers.n) continue;
    nconsumers++;
    check_name_length(c, i);
  }
  check_number(c, nconsumers);
  for (uint32_t i = S6RC_NGENERATED; i < c->nlongruns; i++)
    if (compiled_service(c, i)->consumer.name != S6RC_NONE) check_consumer(c, i);
  if (!build(c, &b)) return 0;
  r = compile_check_cycles(c, &b.graph, &compiled_name, &complain_cycle);
  s6rc_graph_free(&b.graph);
  if (!r || !build(c, &b)) return 0;
  r = s6rc_graph_reverse(&b.graph, &c->producers);
  s6rc_graph_free(&b.graph);
  return r;
}
