/* ISC license. */

#include <string.h>

#include <s6-rc/mark.h>

uint32_t s6rc_mark_next(unsigned char const *mark, uint32_t i, uint32_t n, unsigned char bits)
{
  uint64_t word, mask;
  memset(&mask, bits, sizeof mask);
  for (; n - i >= sizeof word; i += (uint32_t)sizeof word) {
    memcpy(&word, mark + i, sizeof word);
    if (word & mask) break;
  }
  while (i < n && !(mark[i] & bits)) i++;
  return i;
}
