/* ISC license. */

#include <stdint.h>

#include <skalibs/buffer.h>

#include "report-text.h"

/* The forms of UTF-8: bits that lead, how many bytes, the least value. */
static struct {
  unsigned char mask;
  unsigned char lead;
  unsigned char len;
  uint32_t least;
} const forms[] = {
    {.mask = 0x80, .lead = 0x00, .len = 1, .least = 0x00},
    {.mask = 0xe0, .lead = 0xc0, .len = 2, .least = 0x80},
    {.mask = 0xf0, .lead = 0xe0, .len = 3, .least = 0x800},
    {.mask = 0xf8, .lead = 0xf0, .len = 4, .least = 0x10000},
};

static int is_character(uint32_t c)
{
  return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

static int is_for_xml(uint32_t c)
{
  return c >= 0x20 && (c < 0x7f || c > 0x9f) && c != 0xfffe && c != 0xffff;
}

size_t report_utf8(char const *s, size_t len, uint32_t *character)
{
  for (size_t i = 0; len && i < sizeof forms / sizeof *forms; i++) {
    unsigned char first = (unsigned char)s[0];
    uint32_t c = first & (unsigned char)~forms[i].mask;
    if ((first & forms[i].mask) != forms[i].lead) continue;
    if (forms[i].len > len) return 0;
    for (size_t k = 1; k < forms[i].len; k++) {
      if (((unsigned char)s[k] & 0xc0) != 0x80) return 0;
      c = c << 6 | ((unsigned char)s[k] & 0x3f);
    }
    *character = c;
    return c >= forms[i].least && is_character(c) ? forms[i].len : 0;
  }
  return 0;
}

int report_put_text(char const *s, size_t len, report_escape_func *escape, char const *before)
{
  static char const digits[] = "0123456789abcdef";
  while (len) {
    uint32_t c;
    size_t n = report_utf8(s, len, &c);
    if (n && !is_for_xml(c)) n = 0;
    char const *instead = n ? (*escape)(*s) : before;
    if ((instead ? buffer_puts(buffer_1, instead) : buffer_put(buffer_1, s, n)) < 0) return 0;
    if (!n) {
      char const hex[2] = {digits[(unsigned char)*s >> 4], digits[(unsigned char)*s & 15]};
      if (buffer_put(buffer_1, hex, sizeof hex) < 0) return 0;
      n = 1;
    }
    s += n;
    len -= n;
  }
  return 1;
}
