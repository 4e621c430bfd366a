/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/uint32.h>

#include "reader.h"

enum { CHUNK = 4096 };

void reader_complain_array(reader *r, source_severity severity, unsigned int attribute, uint32_t line,
                           char const *const *text)
{
  source_place place = {reader_service(r), source_attribute_name(attribute), 0, line};
  source_complain_array(r->src, severity, &place, text);
}

/* size: what the file is said to have. A read that gives less than it was
   asked for has met the end of a regular file. */
static int read_all(int fd, stralloc *sa, size_t size)
{
  size_t room = size < CHUNK ? CHUNK : size + 1;
  sa->len = 0;
  for (;;) {
    if (!stralloc_readyplus(sa, room + 1)) return 0;
    size_t r = fd_read(fd, sa->s + sa->len, room);
    if (r == (size_t)-1) return 0;
    sa->len += r;
    if (sa->len >= SOURCE_COPY) return (errno = EFBIG, 0);
    if (r < room) break;
    room = CHUNK;
  }
  sa->s[sa->len] = 0;
  return 1;
}

int reader_slurp(reader *r, unsigned int attribute)
{
  struct stat st;
  char const *name = source_attribute_name(attribute);
  source_place place = {reader_service(r), name, 0, 0};
  int ok = 0;
  int fd = openat(r->fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &st) < 0)
    source_complain_errno(r->src, &place, "open");
  else if (!S_ISREG(st.st_mode))
    source_complain(r->src, SOURCE_ERROR, &place, "not a regular file");
  else if (!read_all(fd, &r->buf, (size_t)st.st_size))
    source_complain_errno(r->src, &place, "read");
  else
    ok = 1;
  if (fd >= 0) close(fd);
  return ok;
}

int reader_number(reader *r, unsigned int attribute, uint32_t *u)
{
  size_t len;
  if (!reader_slurp(r, attribute)) return 0;
  len = r->buf.len;
  while (len && r->buf.s[len - 1] == '\n') len--;
  r->buf.s[len] = 0;
  if (strlen(r->buf.s) == len && uint320_scan(r->buf.s, u)) return 1;
  if (!len)
    reader_complain(r, SOURCE_ERROR, attribute, 0, "empty, an unsigned integer is wanted");
  else if (strlen(r->buf.s) < len)
    reader_complain(r, SOURCE_ERROR, attribute, 0, "not an unsigned integer: it holds a NUL byte");
  else if (source_has_bom(r->buf.s))
    reader_complain(r, SOURCE_ERROR, attribute, 0,
                    "not an unsigned integer: it begins with a byte order mark");
  else if (r->buf.s[len - 1] == '\r')
    reader_complain(r, SOURCE_ERROR, attribute, 0, "not an unsigned integer: CRLF line end");
  else if (strspn(r->buf.s, "0123456789") == len)
    reader_complain(r, SOURCE_ERROR, attribute, 0, "%s is too large, 4294967295 is the largest number",
                    r->buf.s);
  else
    reader_complain(r, SOURCE_ERROR, attribute, 0, "not an unsigned integer: %q", r->buf.s);
  return 0;
}

void read_timeout(reader *r, unsigned int attribute)
{
  uint32_t ms;
  if (reader_number(r, attribute, &ms))
    r->sv->timeout[attribute == SOURCE_TIMEOUT_UP ? S6RC_UP : S6RC_DOWN] = ms;
}

void read_flag(reader *r, unsigned int attribute)
{
  r->sv->flags |= attribute == SOURCE_FLAG_ESSENTIAL ? S6RC_FLAG_ESSENTIAL : S6RC_FLAG_RECOMMENDED;
}

/* The type that somebody has meant who wrote s: what is wrong with the rest
   of the definition can be told nevertheless. */
static s6rc_type likely_type(char const *s)
{
  static char const blanks[] = " \t\r\n";
  size_t len;
  if (source_has_bom(s)) s += sizeof SOURCE_BOM - 1;
  s += strspn(s, blanks);
  len = strlen(s);
  while (len && strchr(blanks, s[len - 1])) len--;
  for (s6rc_type t = S6RC_LONGRUN; t < S6RC_NTYPES; t++)
    if (!strncmp(s6rc_type_names[t], s, len) && !s6rc_type_names[t][len]) return t;
  return S6RC_NTYPES;
}

void read_type(reader *r, unsigned int attribute)
{
  size_t len;
  if (!reader_slurp(r, attribute)) return;
  len = r->buf.len;
  if (len && r->buf.s[len - 1] == '\n') r->buf.s[--len] = 0;
  r->sv->type = likely_type(r->buf.s);
  if (r->sv->type < S6RC_NTYPES && len == strlen(s6rc_type_names[r->sv->type])) return;
  if (!len)
    reader_complain(r, SOURCE_ERROR, attribute, 0, "empty: it must hold longrun, oneshot or bundle");
  else if (strlen(r->buf.s) < len)
    reader_complain(r, SOURCE_ERROR, attribute, 0, "bad type: it holds a NUL byte");
  else if (source_has_bom(r->buf.s))
    reader_complain(r, SOURCE_ERROR, attribute, 0, "bad type: it begins with a byte order mark");
  else if (r->buf.s[len - 1] == '\r')
    reader_complain(r, SOURCE_ERROR, attribute, 0, "CRLF line end: the file must have Unix line ends");
  else
    reader_complain(r, SOURCE_ERROR, attribute, 0, "bad type %q: it must be longrun, oneshot or bundle",
                    r->buf.s);
}
