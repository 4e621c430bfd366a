/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <skalibs/uint32.h>

#include "reader.h"

int reader_name(reader *r, source_place const *place, char const *s, size_t len)
{
  if (strlen(s) < len) {
    source_complain(r->src, SOURCE_ERROR, place, "a name holds a NUL byte");
    return 0;
  }
  if (strchr(s, '/') || strchr(s, '\n')) {
    source_complain(r->src, SOURCE_ERROR, place, "bad name %q: a name holds no %s", s,
                    strchr(s, '/') ? "slash" : "newline");
    return 0;
  }
  char const *reserved = s6rc_name_reserved(s);
  if (reserved) {
    source_complain(r->src, SOURCE_ERROR, place, "bad name %q: names that begin with %s are reserved", s,
                    reserved);
    return 0;
  }
  return 1;
}

/* Is the name in this list already? If not, it is from now on. */
static int seen(reader *r, uint32_t id)
{
  size_t n = genalloc_len(uint32_t, &r->seen);
  if (id >= n) {
    size_t more = source_nnames(r->src) - n;
    if (!genalloc_readyplus(uint32_t, &r->seen, more)) {
      r->src->lost = errno;
      return 1;
    }
    memset(genalloc_s(uint32_t, &r->seen) + n, 0, more * sizeof(uint32_t));
    genalloc_setlen(uint32_t, &r->seen, n + more);
  }
  uint32_t *last = genalloc_s(uint32_t, &r->seen) + id;
  if (*last == r->nlists) return 1;
  *last = r->nlists;
  return 0;
}

static void add(reader *r, source_list *l, source_place const *place, char const *s, size_t len)
{
  source_item item = {.line = place->line};
  if (!reader_name(r, place, s, len)) return;
  item.name = source_intern(r->src, s, len);
  if (item.name == S6RC_NONE) {
    r->src->lost = errno;
    return;
  }
  if (seen(r, item.name)) {
    source_complain(r->src, SOURCE_WARNING, place, "%q is given twice", s);
    return;
  }
  if (genalloc_len(source_item, &r->src->items) >= UINT32_MAX) {
    r->src->lost = EOVERFLOW;
    return;
  }
  if (!genalloc_append(source_item, &r->src->items, &item)) r->src->lost = errno;
  l->n++;
}

/* A name a line, in r->buf. */
static void parse_lines(reader *r, unsigned int attribute, source_list *l)
{
  source_place place = {reader_service(r), source_attribute_name(attribute), 0, 0};
  char *s = r->buf.s, *end = r->buf.s + r->buf.len;
  while (s < end) {
    char *eol = memchr(s, '\n', (size_t)(end - s));
    if (!eol) eol = end;
    *eol = 0;
    place.line++;
    while (*s == ' ' || *s == '\t') s++;
    if (s < eol && *s != '#') add(r, l, &place, s, (size_t)(eol - s));
    s = eol + 1;
  }
}

static void start_list(reader *r, unsigned int attribute, source_list *l)
{
  *l = (source_list){.first = (uint32_t)genalloc_len(source_item, &r->src->items), .n = 0, .file = attribute};
  r->nlists++;
}

static void read_directory(reader *r, unsigned int attribute, source_list *l)
{
  source_place place = {reader_service(r), source_attribute_name(attribute), 0, 0};
  int fd = openat(r->fd, place.file, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && errno == ENOTDIR) {
    source_complain(r->src, SOURCE_ERROR, &place, "not a directory");
    return;
  }
  if (fd < 0 || !entries_open(&r->list, fd)) {
    source_complain_errno(r->src, &place, "read directory");
    return;
  }
  for (size_t i = 0; i < entries_n(&r->list); i++) {
    place.entry = entries_get(&r->list, i);
    add(r, l, &place, place.entry, strlen(place.entry));
  }
  entries_close(&r->list);
}

static source_list *list_of(source_service *sv, unsigned int attribute)
{
  switch (attribute) {
    case SOURCE_CONSUMER_FOR: return &sv->producers;
    case SOURCE_CONTENTS_D:
    case SOURCE_CONTENTS: return &sv->contents;
    case SOURCE_OPTIONAL_D: return &sv->optional;
    default: return &sv->deps;
  }
}

/* The lists that are directories: each entry is a name. */
static int is_directory_form(unsigned int attribute)
{
  return attribute == SOURCE_DEPENDENCIES_D || attribute == SOURCE_OPTIONAL_D ||
         attribute == SOURCE_CONTENTS_D;
}

int reader_directory_wins(reader const *r, unsigned int attribute)
{
  return (attribute == SOURCE_DEPENDENCIES && r->present[SOURCE_DEPENDENCIES_D]) ||
         (attribute == SOURCE_CONTENTS && r->present[SOURCE_CONTENTS_D]);
}

void read_list(reader *r, unsigned int attribute)
{
  source_list *l = list_of(r->sv, attribute);
  if (reader_directory_wins(r, attribute)) return;
  start_list(r, attribute, l);
  if (is_directory_form(attribute))
    read_directory(r, attribute, l);
  else if (reader_slurp(r, attribute))
    parse_lines(r, attribute, l);
}

/* A file that must hold one name and no more. */
static void read_single(reader *r, unsigned int attribute, source_item *item)
{
  source_list l;
  uint32_t errors = source_nerrors(r->src);
  start_list(r, attribute, &l);
  if (!reader_slurp(r, attribute)) return;
  parse_lines(r, attribute, &l);
  if (r->src->lost) return;
  if (l.n == 1 && errors == source_nerrors(r->src))
    *item = *source_items(r->src, &l);
  else if (errors == source_nerrors(r->src)) {
    char fmt[UINT32_FMT];
    fmt[uint32_fmt(fmt, l.n)] = 0;
    reader_complain(r, SOURCE_ERROR, attribute, 0, "exactly one name is wanted, not %s", l.n ? fmt : "none");
  }
  genalloc_setlen(source_item, &r->src->items, l.first);
}

void read_producer_for(reader *r, unsigned int attribute)
{
  read_single(r, attribute, &r->sv->consumer);
}

/* Only the end of a pipeline names it. A file with errors says enough about
   which side the service is on. */
void read_pipeline_name(reader *r, unsigned int attribute)
{
  int consumes = r->sv->producers.n || r->sv->broken & 1U << SOURCE_CONSUMER_FOR;
  if (!consumes || r->present[SOURCE_PRODUCER_FOR]) {
    reader_complain(r, SOURCE_WARNING, attribute, 0, "ignored: %s",
                    consumes ? "only the last consumer of a pipeline can name it"
                             : "only a consumer can name a pipeline");
    return;
  }
  read_single(r, attribute, &r->sv->pipeline);
}
