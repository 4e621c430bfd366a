/* ISC license. */

/* What is in a definition, and is not read. */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <s6-rc/nearest.h>

#include "lint-internal.h"

/* What other service managers, or habit, call things. */
static struct {
  char const *name;
  char const *meant;
} const habits[] = {{"after", "optional-dependencies.d"},
                    {"consumer", "consumer-for"},
                    {"contains", "contents.d"},
                    {"depends", "dependencies.d"},
                    {"depends-on", "dependencies.d"},
                    {"depends.d", "dependencies.d"},
                    {"deps", "dependencies.d"},
                    {"deps.d", "dependencies.d"},
                    {"environ", "env"},
                    {"environment", "env"},
                    {"essential", "flag-essential"},
                    {"kill-signal", "down-signal"},
                    {"members", "contents.d"},
                    {"need", "dependencies.d"},
                    {"needs", "dependencies.d"},
                    {"pipeline", "pipeline-name"},
                    {"producer", "producer-for"},
                    {"readiness-fd", "notification-fd"},
                    {"ready-fd", "notification-fd"},
                    {"recommended", "flag-recommended"},
                    {"requires", "dependencies.d"},
                    {"requires.d", "dependencies.d"},
                    {"services", "contents.d"},
                    {"start", "up"},
                    {"stop", "down"},
                    {"stop-signal", "down-signal"},
                    {"timeout", "timeout-up"},
                    {"wants", "optional-dependencies.d"},
                    {"wants.d", "optional-dependencies.d"}};

/* Names that are known to mean nothing. */
static struct {
  char const *name;
  char const *why;
} const foreign[] = {
    {"log", "s6-rc takes no logger from here: it is a longrun of its own, with consumer-for"},
    {"nosetsid", "it has no meaning any more, s6 puts every service in a session of its own"},
};

/* What comes behind a name when somebody keeps a copy. contents.dir is none. */
static int is_copy_suffix(char const *s)
{
  static char const *const words[] = {"bak", "backup", "new", "old", "orig", "save"};
  if (*s == '.') return s[1] && s[1] != 'd' && s[1] != 'D';
  if (*s == '-' || *s == '_')
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
      if (!strcmp(s + 1, words[i])) return 1;
  return *s == '~' || *s == '#' || *s == ',' || *s == '@';
}

/* The attribute that a file is a copy of; null if it is none. */
static char const *copy_of(char const *name)
{
  for (unsigned int i = 0; i < source_nattributes(); i++) {
    char const *known = source_attribute_name(i);
    size_t len = strlen(known);
    if (!strncmp(name, known, len) && is_copy_suffix(name + len)) return known;
  }
  return 0;
}

/* Of a type that is not known, nothing can be said against a file. */
static int applies(source_service const *sv, int attribute)
{
  return sv->type == S6RC_NTYPES || source_attribute_applies((unsigned int)attribute, sv->type);
}

/* What is meant by a name that is unknown; null: who knows. *slip: it is an
   attribute's but for a slip. */
static char const *meant_by(source_service const *sv, char const *name, int *slip)
{
  enum { MAX = 64, SHORT = 4 };
  char lower[MAX];
  size_t len = strlen(name);
  s6rc_nearest near;
  *slip = 0;
  for (size_t i = 0; i < sizeof habits / sizeof *habits; i++)
    if (!strcasecmp(habits[i].name, name)) return habits[i].meant;
  if (len > MAX || copy_of(name)) return 0;
  for (size_t i = 0; i < len; i++)
    lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i]);
  s6rc_nearest_init(&near, lower, len);
  /* of equals the first wins: what can be meant in a service of this type */
  for (int other = 0; other <= 1; other++)
    for (unsigned int i = 0; i < source_nattributes(); i++)
      if (applies(sv, (int)i) == !other)
        s6rc_nearest_try(&near, source_attribute_name(i), strlen(source_attribute_name(i)));
  if (!near.best || near.distance > lint_slips(len)) return 0;
  if (near.distance && near.bestlen < SHORT) return 0;
  *slip = 1;
  return near.best;
}

static char const *name_of(source const *src, source_ignored const *x)
{
  return src->text.s + x->name;
}

/* Short names are near to many others: that these are meant is less sure. */
static int is_sure(char const *meant)
{
  enum { LONG = 6 };
  return strlen(meant) >= LONG;
}

void lint_names(lint *l, uint32_t service, source_service const *sv)
{
  source_ignored const *x = source_ignored_of(l->src, sv);
  for (uint32_t i = 0; i < sv->nignored; i++) {
    source_place place = {service, name_of(l->src, x + i), 0, 0};
    int slip;
    char const *meant = x[i].attribute < 0 ? meant_by(sv, place.file, &slip) : 0;
    if (!meant || (!slip && lint_mentioned(l->src, sv, place.file))) continue;
    lint_say(l, slip && is_sure(meant) ? LINT_SURE : LINT_PERHAPS, &place,
             "ignored: not known: did you mean %q?", meant);
  }
}

void lint_unknown(lint *l, uint32_t service, source_service const *sv)
{
  source_ignored const *x = source_ignored_of(l->src, sv);
  for (uint32_t i = 0; i < sv->nignored; i++) {
    source_place place = {service, name_of(l->src, x + i), 0, 0};
    char const *copy = copy_of(place.file), *why = 0;
    int slip;
    if (x[i].attribute >= 0 || meant_by(sv, place.file, &slip) || lint_mentioned(l->src, sv, place.file))
      continue;
    for (size_t k = 0; k < sizeof foreign / sizeof *foreign; k++)
      if (!strcmp(foreign[k].name, place.file)) why = foreign[k].why;
    if (why)
      lint_say(l, LINT_PERHAPS, &place, "ignored: %s", why);
    else if (copy)
      lint_say(l, LINT_PERHAPS, &place, "ignored: a copy of %q? Keep copies elsewhere", copy);
    else if (sv->type == S6RC_LONGRUN)
      lint_say(l, LINT_PERHAPS, &place, "ignored: not known, and not copied: what run needs belongs in data");
    else
      lint_say(l, LINT_PERHAPS, &place, "ignored: not known, and no script speaks of it");
  }
}

/* What somebody may have wanted who gave a file to the wrong type. */
static struct {
  s6rc_type type;
  char const *name;
  char const *instead;
} const instead[] = {
    {S6RC_ONESHOT, "run", "its command line is in up"},
    {S6RC_ONESHOT, "finish", "its command line for going down is in down"},
    {S6RC_ONESHOT, "notification-fd", "it is up when its script has succeeded"},
    {S6RC_LONGRUN, "up", "it is started by run"},
    {S6RC_LONGRUN, "down", "s6-rc alone decides what is down; finish is what runs when it has died"},
    {S6RC_LONGRUN, "reload", "reload-signal says which signal it gets"},
    {S6RC_BUNDLE, "dependencies.d", "give the dependencies to the services in it"},
    {S6RC_BUNDLE, "dependencies", "give the dependencies to the services in it"},
    {S6RC_BUNDLE, "optional-dependencies.d", "give the dependencies to the services in it"},
    {S6RC_BUNDLE, "timeout-up", "give the limit to the services in it"},
    {S6RC_BUNDLE, "timeout-down", "give the limit to the services in it"},
};

void lint_type(lint *l, uint32_t service, source_service const *sv)
{
  source_ignored const *x = source_ignored_of(l->src, sv);
  for (uint32_t i = 0; i < sv->nignored; i++) {
    source_place place = {service, name_of(l->src, x + i), 0, 0};
    char const *hint = 0;
    if (x[i].attribute < 0 || applies(sv, x[i].attribute)) continue;
    /* run, for one, may be what `up` executes */
    if (lint_mentioned(l->src, sv, place.file)) continue;
    for (size_t k = 0; k < sizeof instead / sizeof *instead; k++)
      if (instead[k].type == sv->type && !strcmp(instead[k].name, place.file)) hint = instead[k].instead;
    lint_say(l, LINT_PERHAPS, &place, "ignored: it means nothing for a %s%s%s", s6rc_type_names[sv->type],
             hint ? ": " : "", hint ? hint : "");
  }
}

void lint_forms(lint *l, uint32_t service, source_service const *sv)
{
  source_ignored const *x = source_ignored_of(l->src, sv);
  for (uint32_t i = 0; i < sv->nignored; i++) {
    source_place place = {service, name_of(l->src, x + i), 0, 0};
    if (x[i].attribute >= 0 && applies(sv, x[i].attribute))
      lint_say(l, LINT_PERHAPS, &place, "ignored because there is %s.d: move what is in it there",
               place.file);
  }
}

/* An undefined name is fine here, unless another one is that near. */
void lint_optional(lint *l, uint32_t service, source_service const *sv)
{
  source const *src = l->src;
  for (uint32_t i = 0; i < sv->optional.n; i++) {
    source_item const *item = source_items(src, &sv->optional) + i;
    char const *name = source_name(src, item->name);
    uint32_t best;
    if (source_definition_of(src, item->name)->kind != SOURCE_UNDEFINED) continue;
    if (!compile_suggest(&l->suggester, item->name, &best)) {
      l->src->lost = errno;
      return;
    }
    s6rc_nearest near;
    s6rc_nearest_init(&near, name, strlen(name));
    s6rc_nearest_try(&near, source_name(src, best), source_namelen(src, best));
    if (best == item->name || near.distance > lint_slips(near.len)) continue;
    source_place place = source_item_place(src, service, &sv->optional, item);
    lint_say(l, LINT_PERHAPS, &place, "%q is not defined: did you mean %q?", name, source_name(src, best));
  }
}
