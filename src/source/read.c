/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "reader.h"

#define ATOMIC (1U << S6RC_LONGRUN | 1U << S6RC_ONESHOT)

/* Does the attribute mean something to this definition? Of one whose type is
   not known, only what all atomic services have can be judged. */
static int applies(source_service const *sv, unsigned int i)
{
  unsigned int kinds = attribute_get(i).kinds;
  return sv->type < S6RC_NTYPES ? !!(kinds & 1U << sv->type) : (kinds & ATOMIC) == ATOMIC;
}

static void read_attribute(reader *r, unsigned int i)
{
  uint32_t errors = source_nerrors(r->src);
  attribute_get(i).read(r, i);
  if (i < SOURCE_NFILES && source_nerrors(r->src) > errors) r->sv->broken |= 1U << i;
}

static void note_ignored(reader *r, char const *name, int i)
{
  source_place place = {reader_service(r), name, 0, 0};
  if (r->src->verbosity < 2) return;
  if (i < 0)
    source_complain(r->src, SOURCE_INFO, &place, "ignored: nothing that s6-rc-compile knows");
  else if (applies(r->sv, (unsigned int)i))
    source_complain(r->src, SOURCE_INFO, &place, "ignored because of %s.d", name);
  else
    source_complain(r->src, SOURCE_INFO, &place, "ignored: it means nothing for a %s",
                    s6rc_type_names[r->sv->type]);
}

static int keep_ignored(reader *r, char const *name, int i)
{
  source *src = r->src;
  source_ignored x = {.name = src->text.len, .attribute = i};
  if (genalloc_len(source_ignored, &src->ignored) >= UINT32_MAX) return (errno = EOVERFLOW, 0);
  return stralloc_catb(&src->text, name, strlen(name) + 1) &&
         genalloc_append(source_ignored, &src->ignored, &x);
}

/* Of a definition whose type is not known, only what nobody knows. */
static void collect_ignored(reader *r)
{
  source *src = r->src;
  r->sv->ignored = (uint32_t)genalloc_len(source_ignored, &src->ignored);
  for (size_t k = 0; !src->lost && k < entries_n(&r->own); k++) {
    char const *name = entries_get(&r->own, k);
    int i = source_attribute_find(name);
    if (i >= 0 && (applies(r->sv, (unsigned int)i) ? !reader_directory_wins(r, (unsigned int)i)
                                                   : r->sv->type == S6RC_NTYPES))
      continue;
    if (!keep_ignored(r, name, i)) src->lost = errno;
    note_ignored(r, name, i);
    r->sv->nignored++;
  }
}

static void complain_missing(reader *r)
{
  source_place place = {reader_service(r), 0, 0, 0};
  for (unsigned int i = 0; r->sv->type < S6RC_NTYPES && i < SOURCE_NFILES + s6rc_sdfiles_n; i++) {
    if (r->present[i] || !(attribute_get(i).mandatory & 1U << r->sv->type)) continue;
    if (i == SOURCE_CONTENTS && r->present[SOURCE_CONTENTS_D]) continue;
    if (i == SOURCE_CONTENTS)
      source_complain(r->src, SOURCE_ERROR, &place,
                      "a bundle needs a directory contents.d or a file contents, and there is neither");
    else
      source_complain(r->src, SOURCE_ERROR, &place, "a %s needs a file %s, and there is none",
                      s6rc_type_names[r->sv->type], attribute_get(i).name);
  }
}

static void read_files(reader *r)
{
  source_place place = {reader_service(r), 0, 0, 0};
  size_t n = SOURCE_NFILES + s6rc_sdfiles_n;
  memset(r->present, 0, sizeof r->present);
  r->hasotherfd = 0;
  for (size_t k = 0; k < entries_n(&r->own); k++) {
    int i = source_attribute_find(entries_get(&r->own, k));
    if (i >= 0) r->present[i] = 1;
  }
  if (r->present[SOURCE_TYPE])
    read_attribute(r, SOURCE_TYPE);
  else
    source_complain(r->src, SOURCE_ERROR, &place, "no file type: is this a service definition?");
  r->sv->sdfiles = (uint32_t)genalloc_len(source_sdfile, &r->src->sdfiles);
  for (unsigned int i = SOURCE_TYPE + 1; !r->src->lost && i < n; i++)
    if (r->present[i] && applies(r->sv, i)) read_attribute(r, i);
  complain_missing(r);
  collect_ignored(r);
}

/* Defines the name, or complains that somebody else has it. */
static int define(source *src, source_place const *place, uint32_t name, unsigned int kind)
{
  source_definition *d = source_definition_of(src, name);
  if (d->kind != SOURCE_UNDEFINED) {
    stralloc other = STRALLOC_ZERO;
    char const *file = d->kind == SOURCE_PIPELINE ? source_attribute_name(SOURCE_PIPELINE_NAME) : 0;
    if (source_path(src, d->service, file, &other) && stralloc_0(&other))
      source_complain(src, SOURCE_ERROR, place, "%q is already defined by %s", source_name(src, name),
                      other.s);
    else
      src->lost = errno;
    stralloc_free(&other);
    return 0;
  }
  d->kind = kind;
  d->service = place->service;
  return 1;
}

/* Has a directory that was given later, and has been read before, defined it? */
static int overridden(source *src, uint32_t dir, char const *name)
{
  source_place place = {S6RC_NONE, src->dirs[dir], name, 0};
  uint32_t id = source_intern(src, name, strlen(name));
  if (id == S6RC_NONE) {
    src->lost = errno;
    return 1;
  }
  source_definition const *d = source_definition_of(src, id);
  if (d->kind == SOURCE_UNDEFINED) return 0;
  source_complain(src, SOURCE_WARNING, &place, "not used: the one in %s comes later",
                  src->dirs[source_services(src)[d->service].dir]);
  return 1;
}

/* fd: the definition's directory, which is closed in the end; or -1 and errno */
static void read_definition(reader *r, uint32_t dir, char const *name, int fd)
{
  int e = errno;
  source *src = r->src;
  source_place place = {source_nservices(src), 0, 0, 0};
  source_service sv = {.name = source_intern(src, name, strlen(name)),
                       .dir = dir,
                       .type = S6RC_NTYPES,
                       .consumer = {.name = S6RC_NONE},
                       .pipeline = {.name = S6RC_NONE}};
  if (place.service >= S6RC_NONE - S6RC_NGENERATED) {
    sv.name = S6RC_NONE;
    errno = EOVERFLOW;
  }
  if (sv.name == S6RC_NONE || !genalloc_append(source_service, &src->services, &sv)) {
    src->lost = errno;
    if (fd >= 0) close(fd);
    return;
  }
  r->sv = source_services(src) + place.service;
  r->fd = fd;
  reader_name(r, &place, name, strlen(name));
  r->sv->duplicate = !define(src, &place, sv.name, SOURCE_DEFINED);
  errno = e;
  if (fd < 0)
    source_complain_errno(src, &place, "open");
  else if (!entries_open(&r->own, fd))
    source_complain_errno(src, &place, "read directory");
  else {
    read_files(r);
    entries_close(&r->own);
  }
}

static void complain_entry(source *src, uint32_t dir, char const *name, int e)
{
  source_place place = {S6RC_NONE, src->dirs[dir], name, 0};
  if (e == ENOTDIR) {
    if (src->verbosity >= 2) source_complain(src, SOURCE_INFO, &place, "ignored: not a directory");
  } else
    source_complain(src, SOURCE_WARNING, &place, "ignored: a symlink that leads nowhere: %s", strerror(e));
}

static void read_dir(reader *r, entries *top, uint32_t dir)
{
  source *src = r->src;
  source_place place = {S6RC_NONE, src->dirs[dir], 0, 0};
  uint32_t *seen = genalloc_s(uint32_t, &src->seen) + dir;
  int fd = open(src->dirs[dir], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || !entries_open(top, fd)) {
    source_complain_errno(src, &place, "read source directory");
    src->incomplete = 1;
    return;
  }
  for (size_t i = 0; !src->lost && i < entries_n(top); i++) {
    char const *name = entries_get(top, i);
    int def = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
    if (def < 0 && (errno == ENOTDIR || errno == ENOENT || errno == ELOOP)) {
      complain_entry(src, dir, name, errno);
      continue;
    }
    ++*seen;
    if (src->override && overridden(src, dir, name)) {
      fd_close(def);
      continue;
    }
    read_definition(r, dir, name, def);
  }
  entries_close(top);
  if (!*seen)
    source_complain(src, SOURCE_WARNING, &place, "there is no service definition in this source directory");
}

static void define_pipelines(source *src)
{
  for (uint32_t i = 0; i < source_nservices(src); i++) {
    source_service const *sv = source_services(src) + i;
    source_place place = {i, source_attribute_name(SOURCE_PIPELINE_NAME), 0, sv->pipeline.line};
    if (sv->pipeline.name != S6RC_NONE && !sv->duplicate)
      define(src, &place, sv->pipeline.name, SOURCE_PIPELINE);
  }
}

int source_read(source *src, char const *const *dirs, uint32_t ndirs, unsigned int verbosity)
{
  reader r = {.src = src, .fd = -1};
  entries top = {0, STRALLOC_ZERO, GENALLOC_ZERO};
  src->dirs = dirs;
  src->ndirs = ndirs;
  src->verbosity = verbosity;
  /* so that they are never null: what is empty has an address too */
  if (!stralloc_ready(&src->text, 1) || !genalloc_ready(source_item, &src->items, 1) ||
      !genalloc_ready(source_sdfile, &src->sdfiles, 1) ||
      !genalloc_ready(source_service, &src->services, 1) ||
      !genalloc_ready(source_ignored, &src->ignored, 1) ||
      !genalloc_ready(uint32_t, &src->seen, (size_t)ndirs + 1))
    src->lost = errno;
  for (uint32_t i = 0; !src->lost && i < ndirs; i++) genalloc_s(uint32_t, &src->seen)[i] = 0;
  for (uint32_t i = 0; !src->lost && i < ndirs; i++) read_dir(&r, &top, src->override ? ndirs - 1 - i : i);
  define_pipelines(src);
  entries_free(&top);
  entries_free(&r.own);
  entries_free(&r.list);
  stralloc_free(&r.buf);
  genalloc_free(uint32_t, &r.seen);
  errno = src->lost;
  return !src->lost;
}

void source_free(source *src)
{
  stralloc_free(&src->names.text);
  genalloc_free(source_nameentry, &src->names.entries);
  free(src->names.slots);
  genalloc_free(source_definition, &src->definitions);
  genalloc_free(source_service, &src->services);
  genalloc_free(source_item, &src->items);
  genalloc_free(source_sdfile, &src->sdfiles);
  genalloc_free(source_ignored, &src->ignored);
  genalloc_free(uint32_t, &src->seen);
  stralloc_free(&src->text);
  genalloc_free(source_complaint, &src->complaints);
  stralloc_free(&src->complaint_text);
  *src = (source)SOURCE_ZERO;
}
