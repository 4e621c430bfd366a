/* ISC license. */

/* JSON is UTF-8, and names are bytes. A byte that belongs to no UTF-8 character
   becomes U+FFFD, and the name's bytes are then told in another member too. */

#include <string.h>

#include <skalibs/types.h>

#include "../report/report-text.h"
#include "status.h"

static char const hex[] = "0123456789abcdef";

static int cat_escaped(stralloc *sa, unsigned char c)
{
  char const u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
  char const plain[2] = {'\\', (char)c};
  return c == '"' || c == '\\' ? stralloc_catb(sa, plain, 2) : stralloc_catb(sa, u, sizeof u);
}

/* *whole: 0 if something in it is no UTF-8 */
static int cat_string(stralloc *sa, char const *str, size_t len, int *whole)
{
  uint32_t c;
  int ok = stralloc_cats(sa, "\"");
  *whole = 1;
  for (size_t i = 0, n; ok && i < len; i += n ? n : 1) {
    n = report_utf8(str + i, len - i, &c);
    if (!n) {
      *whole = 0;
      ok = stralloc_cats(sa, "\\ufffd");
    } else if (c < ' ' || c == 0x7f || c == '"' || c == '\\')
      ok = cat_escaped(sa, (unsigned char)c);
    else
      ok = stralloc_catb(sa, str + i, n);
  }
  return ok && stralloc_cats(sa, "\"");
}

static int cat_hex(stralloc *sa, char const *s, size_t len)
{
  int ok = stralloc_cats(sa, "\"");
  for (size_t i = 0; ok && i < len; i++) {
    unsigned char c = (unsigned char)s[i];
    char const digits[2] = {hex[c >> 4], hex[c & 15]};
    ok = stralloc_catb(sa, digits, 2);
  }
  return ok && stralloc_cats(sa, "\"");
}

static int cat_member(stralloc *sa, status_field const *f, stralloc const *text)
{
  int whole = 1, ok = stralloc_cats(sa, "\"") && stralloc_cats(sa, f->name) && stralloc_cats(sa, "\": ");
  if (!ok) return 0;
  if (!text->len) return stralloc_cats(sa, "null");
  switch (f->kind) {
    case STATUS_NUMBER: return stralloc_catb(sa, text->s, text->len);
    case STATUS_TRUTH: return stralloc_cats(sa, text->s[0] == 'y' ? "true" : "false");
    case STATUS_TEXT:
    case STATUS_NAME: break;
  }
  if (!cat_string(sa, text->s, text->len, &whole)) return 0;
  if (whole) return 1;
  return stralloc_cats(sa, ", \"") && stralloc_cats(sa, f->name) && stralloc_cats(sa, "_hex\": ") &&
         cat_hex(sa, text->s, text->len);
}

int status_cat_json(stralloc *sa, status const *st, status_field const *const *fields, size_t n)
{
  stralloc text = STRALLOC_ZERO;
  char run[UINT32_FMT];
  int ok = stralloc_cats(sa, "{\"run\": ") && stralloc_catb(sa, run, uint32_fmt(run, st->lastrun)) &&
           stralloc_cats(sa, ", \"services\": [");
  for (uint32_t i = 0; ok && i < st->n; i++) {
    ok = stralloc_cats(sa, i ? ",\n{" : "\n{");
    for (size_t k = 0; ok && k < n; k++) {
      text.len = 0;
      ok = (!k || stralloc_cats(sa, ", ")) && (*fields[k]->cat)(&text, st, st->services + i) &&
           cat_member(sa, fields[k], &text);
    }
    ok = ok && stralloc_cats(sa, "}");
  }
  stralloc_free(&text);
  return ok && stralloc_cats(sa, st->n ? "\n]}\n" : "]}\n");
}
