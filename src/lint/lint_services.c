/* ISC license. */

/* What services are to one another. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/uint32.h>

#include "lint-internal.h"

/* Less is too short for anything: it was meant as seconds. */
enum { SHORTEST_MS = 10 };

static void check_ms(lint *l, source_place const *place, uint32_t ms)
{
  char fmt[UINT32_FMT];
  if (!ms || ms >= SHORTEST_MS) return;
  fmt[uint32_fmt(fmt, ms)] = 0;
  lint_say(l, LINT_PERHAPS, place, "only %s ms: the number is in milliseconds, did you mean %s000?", fmt,
           fmt);
}

void lint_timeouts(lint *l, uint32_t service, source_service const *sv)
{
  static char const *const files[] = {"timeout-kill", "timeout-finish"};
  source_place place = {service, source_attribute_name(SOURCE_TIMEOUT_UP), 0, 0};
  check_ms(l, &place, sv->timeout[S6RC_UP]);
  place.file = source_attribute_name(SOURCE_TIMEOUT_DOWN);
  check_ms(l, &place, sv->timeout[S6RC_DOWN]);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    lint_text t = lint_sdfile(l->src, sv, files[i]);
    uint32_t ms = 0;
    place.file = files[i];
    if (t.s && uint32_scan(t.s, &ms)) check_ms(l, &place, ms);
  }
}

/* A pipe waits for its reader: producers do not need a logger that is ready. */
void lint_readiness(lint *l, uint32_t service, source_service const *sv)
{
  compiled const *c = l->c;
  source_place place = {service, 0, 0, 0};
  uint32_t number = lint_number(l, sv), n = 0, first = S6RC_NONE;
  char fmt[UINT32_FMT];
  if (sv->type != S6RC_LONGRUN || number == S6RC_NONE || lint_sdfile(l->src, sv, "notification-fd").s) return;
  for (uint32_t i = c->rdeps.first[number]; i < c->rdeps.first[number + 1]; i++) {
    uint32_t user = c->rdeps.to[i];
    if (user < c->nlongruns && c->consumer[user] == number) continue;
    if (!n++) first = user;
  }
  if (!n) return;
  fmt[uint32_fmt(fmt, n - 1)] = 0;
  lint_say(l, LINT_PERHAPS, &place,
           "no notification-fd: %q%s%s%s started when this has been started, ready or not",
           compiled_name(c, first), n > 1 ? " and " : "", n > 1 ? fmt : "", n > 1 ? " more are" : " is");
}

/* The longrun whose logger this one is by its name; S6RC_NONE if none is. */
static uint32_t logged_by_name(lint const *l, source_service const *sv)
{
  static char const *const suffixes[] = {"-log", "-logger"};
  source const *src = l->src;
  char const *name = source_name(src, sv->name);
  size_t len = source_namelen(src, sv->name);
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    size_t n = strlen(suffixes[i]);
    uint32_t id;
    if (len <= n || memcmp(name + len - n, suffixes[i], n)) continue;
    id = source_find(src, name, len - n);
    if (id != S6RC_NONE && l->c->atomic[id] < l->c->nlongruns) return l->c->atomic[id];
  }
  return S6RC_NONE;
}

void lint_logger(lint *l, uint32_t service, source_service const *sv)
{
  compiled const *c = l->c;
  uint32_t number = lint_number(l, sv), logged;
  source_place place = {service, 0, 0, 0};
  if (sv->type != S6RC_LONGRUN || number == S6RC_NONE || compiled_pipelined(c, number)) return;
  if (sv->broken & (1U << SOURCE_CONSUMER_FOR | 1U << SOURCE_PRODUCER_FOR)) return;
  if (sv->producers.file == SOURCE_CONSUMER_FOR) {
    if (sv->producers.n) return;
    place.file = source_attribute_name(SOURCE_CONSUMER_FOR);
    lint_say(l, LINT_PERHAPS, &place, "no producer: nothing will be written to it");
    return;
  }
  logged = logged_by_name(l, sv);
  if (logged == S6RC_NONE || c->consumer[logged] != S6RC_NONE) return;
  lint_say(l, LINT_PERHAPS, &place,
           "a logger by its name, but %q does not write to it: producer-for there and consumer-for here "
           "are missing",
           compiled_name(c, logged));
}

/* The bundle that comes of pipeline-name puts a service in no company. */
static int find_bundled(lint *l)
{
  compiled const *c = l->c;
  l->bundled = calloc(compiled_n(c), 1);
  if (!l->bundled) return 0;
  for (uint32_t i = 0; i < c->nbundles; i++) {
    compile_bundle const *b = c->bundles + i;
    if (source_definition_of(l->src, b->name)->kind != SOURCE_DEFINED) continue;
    for (uint32_t k = 0; k < b->n; k++) l->bundled[genalloc_s(uint32_t, &c->members)[b->first + k]] = 1;
  }
  return 1;
}

void lint_orphans(lint *l, uint32_t service, source_service const *sv)
{
  compiled const *c = l->c;
  source_place place = {service, 0, 0, 0};
  uint32_t number = lint_number(l, sv);
  if (number == S6RC_NONE) return;
  if (!l->bundled && !find_bundled(l)) {
    l->src->lost = errno;
    return;
  }
  if (!l->bundled[number] && c->rdeps.first[number] == c->rdeps.first[number + 1])
    lint_say(l, LINT_PERHAPS, &place,
             "in no bundle, and no service depends on it: it is started by name only");
}
