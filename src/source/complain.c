/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/strerr.h>
#include <skalibs/uint32.h>

#include <s6-rc/path.h>

#include "source.h"

/* A message is one line, whatever a name holds. */
static int put_safe(stralloc *sa, char const *s, char const *special)
{
  static char const hex[] = "0123456789abcdef";
  size_t len = strlen(s);
  if (!stralloc_readyplus(sa, 4 * len + 1)) return 0;
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c < 32 || c == 127) {
      char const *letter = c == '\t' ? "\\t" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : 0;
      char const number[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
      size_t n = letter ? 2 : sizeof number;
      memcpy(sa->s + sa->len, letter ? letter : number, n);
      sa->len += n;
    } else {
      if (strchr(special, c)) sa->s[sa->len++] = '\\';
      sa->s[sa->len++] = (char)c;
    }
  }
  return 1;
}

int source_path(source const *src, uint32_t service, char const *file, stralloc *sa)
{
  source_service const *sv = source_services(src) + service;
  char const *dir = src->dirs[sv->dir];
  size_t start = sa->len, len = strlen(dir);
  if (!stralloc_catb(sa, dir, len)) return 0;
  if ((!len || dir[len - 1] != '/') && !stralloc_catb(sa, "/", 1)) goto err;
  if (!stralloc_catb(sa, source_name(src, sv->name), source_namelen(src, sv->name))) goto err;
  if (file && (!stralloc_catb(sa, "/", 1) || !stralloc_cats(sa, file))) goto err;
  return 1;
err:
  sa->len = start;
  return 0;
}

source_place source_item_place(source const *src, uint32_t service, source_list const *l,
                               source_item const *item)
{
  return (source_place){.service = service,
                        .file = source_attribute_name(l->file),
                        .entry = item->line ? 0 : source_name(src, item->name),
                        .line = item->line};
}

static int put_place(source *src, source_place const *p, stralloc *sa)
{
  stralloc path = STRALLOC_ZERO;
  char fmt[UINT32_FMT];
  int r =
      p->service == S6RC_NONE ? stralloc_cats(&path, p->file) : source_path(src, p->service, p->file, &path);
  r = r && stralloc_0(&path);
  if (r && p->entry) {
    path.len--;
    r = s6rc_path_push(&path, p->entry);
  }
  r = r && put_safe(sa, path.s, "");
  stralloc_free(&path);
  if (!r || !p->line) return r;
  return stralloc_catb(sa, ":", 1) && stralloc_catb(sa, fmt, uint32_fmt(fmt, p->line));
}

static int put_text(stralloc *sa, char const *const *text)
{
  char const *format = *text++;
  for (;;) {
    size_t n = strcspn(format, "%");
    if (!stralloc_catb(sa, format, n)) return 0;
    if (!format[n]) return 1;
    int quoted = format[n + 1] == 'q';
    if (quoted) {
      if (!stralloc_catb(sa, "\"", 1) || !put_safe(sa, *text, "\"\\") || !stralloc_catb(sa, "\"", 1))
        return 0;
    } else if (!put_safe(sa, *text, ""))
      return 0;
    text++;
    format += n + 2;
  }
}

/* The directory itself comes first, then what is known, then what is not. */
static uint32_t file_order(source_place const *p)
{
  int i;
  if (p->service == S6RC_NONE || !p->file) return 0;
  i = source_attribute_find(p->file);
  return i < 0 ? UINT32_MAX : (uint32_t)i + 1;
}

void source_complain_array(source *src, source_severity severity, source_place const *p,
                           char const *const *text)
{
  stralloc *sa = &src->complaint_text;
  source_complaint c = {.severity = severity,
                        .key = {p->service == S6RC_NONE ? source_nservices(src) : p->service, file_order(p),
                                p->line, (uint32_t)genalloc_len(source_complaint, &src->complaints)},
                        .start = sa->len,
                        .label = src->label};
  src->count[severity]++;
  if (put_place(src, p, sa) && stralloc_cats(sa, ": ")) {
    c.text = sa->len;
    if (put_text(sa, text) && stralloc_0(sa) && genalloc_append(source_complaint, &src->complaints, &c))
      return;
  }
  src->lost = errno;
  sa->len = c.start;
}

void source_complain_errno(source *src, source_place const *p, char const *what)
{
  int e = errno;
  source_complain(src, SOURCE_SYSERROR, p, "unable to %s: %s", what, strerror(e));
  errno = e;
}

uint32_t source_nerrors(source const *src)
{
  return src->count[SOURCE_ERROR] + src->count[SOURCE_SYSERROR];
}

static int compare(void const *a, void const *b)
{
  uint32_t const *x = ((source_complaint const *)a)->key, *y = ((source_complaint const *)b)->key;
  size_t i = 0, n = sizeof((source_complaint *)0)->key / sizeof(uint32_t);
  while (i < n - 1 && x[i] == y[i]) i++;
  return x[i] < y[i] ? -1 : x[i] > y[i];
}

void source_sort_complaints(source *src)
{
  size_t n = genalloc_len(source_complaint, &src->complaints);
  if (n) qsort(src->complaints.s, n, sizeof(source_complaint), &compare);
}

void source_print_complaints(source *src, source_severity least)
{
  static char const *const words[SOURCE_NSEVERITIES] = {[SOURCE_INFO] = ": info: ",
                                                        [SOURCE_WARNING] = ": warning: ",
                                                        [SOURCE_ERROR] = ": fatal: ",
                                                        [SOURCE_SYSERROR] = ": fatal: "};
  source_complaint const *c = genalloc_s(source_complaint, &src->complaints);
  source_sort_complaints(src);
  for (size_t i = 0; i < genalloc_len(source_complaint, &src->complaints); i++)
    if (c[i].severity >= least) strerr_warn(PROG, words[c[i].severity], src->complaint_text.s + c[i].start);
}
