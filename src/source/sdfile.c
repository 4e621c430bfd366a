/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <skalibs/uint32.h>

#include "reader.h"

/* Keeps len bytes as the content of a file. */
static void keep(reader *r, unsigned int attribute, char const *s, uint32_t len)
{
  source *src = r->src;
  source_sdfile f = {.which = attribute - SOURCE_NFILES, .len = len, .start = src->text.len};
  if (genalloc_len(source_sdfile, &src->sdfiles) >= UINT32_MAX) {
    src->lost = EOVERFLOW;
    return;
  }
  if ((len && len != SOURCE_COPY && !stralloc_catb(&src->text, s, len)) ||
      !genalloc_append(source_sdfile, &src->sdfiles, &f)) {
    src->lost = errno;
    return;
  }
  r->sv->nsdfiles++;
}

static void read_dir(reader *r, unsigned int attribute)
{
  struct stat st;
  source_place place = {reader_service(r), source_attribute_name(attribute), 0, 0};
  if (fstatat(r->fd, place.file, &st, 0) < 0)
    source_complain_errno(r->src, &place, "stat");
  else if (!S_ISDIR(st.st_mode))
    source_complain(r->src, SOURCE_ERROR, &place, "not a directory");
  else
    keep(r, attribute, 0, SOURCE_COPY);
}

/* s6-supervise opens these itself, for run. */
static char const *const descriptors[] = {"lock-fd", "notification-fd"};

static void check_descriptor(reader *r, unsigned int attribute, uint32_t fd)
{
  char const *name = source_attribute_name(attribute);
  if (strcmp(name, descriptors[0]) && strcmp(name, descriptors[1])) return;
  if (fd < 3)
    reader_complain(r, SOURCE_WARNING, attribute, 0, "descriptors 0, 1 and 2 are the standard ones");
  if (r->hasotherfd && r->otherfd == fd)
    reader_complain(r, SOURCE_ERROR, attribute, 0, "the same descriptor as in %s", descriptors[0]);
  r->hasotherfd = 1;
  r->otherfd = fd;
}

static void read_number(reader *r, unsigned int attribute)
{
  char fmt[UINT32_FMT];
  uint32_t u;
  size_t len;
  if (!reader_number(r, attribute, &u)) return;
  check_descriptor(r, attribute, u);
  len = uint32_fmt(fmt, u);
  fmt[len++] = '\n';
  keep(r, attribute, fmt, (uint32_t)len);
}

void read_sdfile(reader *r, unsigned int attribute)
{
  switch (s6rc_sdfiles[attribute - SOURCE_NFILES].kind) {
    case S6RC_SD_SCRIPT:
    case S6RC_SD_TEXT:
      if (!reader_slurp(r, attribute)) return;
      keep(r, attribute, r->buf.s, (uint32_t)r->buf.len);
      return;
    case S6RC_SD_NUMBER: read_number(r, attribute); return;
    case S6RC_SD_FLAG: keep(r, attribute, 0, 0); return;
    case S6RC_SD_DIR: read_dir(r, attribute); return;
  }
}
