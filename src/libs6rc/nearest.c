/* ISC license. */

/* Damerau's edit distance (insertion, deletion, change, neighbours swapped),
   kept to a band as wide as what still counts as near. */

#include <s6-rc/nearest.h>

enum { WORDMAX = 255, FAR = WORDMAX + 1 };

void s6rc_nearest_init(s6rc_nearest *x, char const *word, size_t len)
{
  x->word = word;
  x->len = len;
  /* one slip in three characters, and at least one; but not all there is */
  x->distance = len > 1 ? len / 3 + 2 : 1;
  x->best = 0;
  x->bestlen = 0;
}

static unsigned int least(unsigned int a, unsigned int b)
{
  return a < b ? a : b;
}

/* The distance of a and b, or something >= limit. */
static unsigned int distance(char const *a, size_t alen, char const *b, size_t blen, size_t limit)
{
  unsigned short row[3][WORDMAX + 1];
  for (size_t j = 0; j <= blen; j++) row[0][j] = (unsigned short)j;
  for (size_t i = 1; i <= alen; i++) {
    unsigned short *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
    unsigned int best = FAR;
    size_t from = i > limit ? i - limit : 1, to = i + limit < blen ? i + limit : blen;
    now[from - 1] = from == 1 ? (unsigned short)i : FAR;
    if (from == 1) best = now[0];
    for (size_t j = from; j <= to; j++) {
      unsigned int d = last[j - 1] + (a[i - 1] != b[j - 1]);
      d = least(d, now[j - 1] + 1U);
      if (j < i + limit) d = least(d, last[j] + 1U);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d = least(d, before[j - 2] + 1U);
      now[j] = (unsigned short)least(d, FAR);
      best = least(best, now[j]);
    }
    if (best >= limit) return FAR;
  }
  return row[alen % 3][blen];
}

void s6rc_nearest_try(s6rc_nearest *x, char const *name, size_t len)
{
  size_t gap = len > x->len ? len - x->len : x->len - len;
  unsigned int d;
  if (gap >= x->distance || len > WORDMAX || x->len > WORDMAX || !x->len) return;
  d = distance(x->word, x->len, name, len, x->distance);
  if (d >= x->distance) return;
  x->distance = d;
  x->best = name;
  x->bestlen = len;
}
