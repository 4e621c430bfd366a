/* ISC license. */

#include <stdlib.h>
#include <string.h>

#include <s6-rc/mark.h>

#include "test.h"

TEST(finds_each_place)
{
  enum { N = 100 };
  unsigned char mark[N] = {0};
  for (uint32_t n = 0; n <= N; n++) {
    CHECK(s6rc_mark_next(mark, 0, n, 1) == n);
    for (uint32_t at = 0; at < n; at++) {
      mark[at] = 1;
      for (uint32_t from = 0; from <= n; from++)
        CHECK(s6rc_mark_next(mark, from, n, 1) == (from <= at ? at : n));
      mark[at] = 0;
    }
  }
}

TEST(sees_only_its_bits)
{
  unsigned char mark[50];
  memset(mark, 0xf0, sizeof mark);
  CHECK(s6rc_mark_next(mark, 0, sizeof mark, 0x0f) == sizeof mark);
  mark[40] = 0xf8;
  mark[33] |= 0x02;
  CHECK(s6rc_mark_next(mark, 0, sizeof mark, 0x0f) == 33);
  CHECK(s6rc_mark_next(mark, 0, sizeof mark, 0x0d) == 40);
  CHECK(s6rc_mark_next(mark, 0, sizeof mark, 0x80) == 0);
}

TEST(goes_through_all)
{
  enum { N = 1000 };
  unsigned char *mark = calloc(N, 1);
  uint32_t k = 0;
  for (uint32_t i = 0; i < N; i += 7) mark[i] = 4;
  for (uint32_t i = 0; (i = s6rc_mark_next(mark, i, N, 4)) < N; i++) CHECK(i == 7 * k++);
  CHECK(k == (N + 6) / 7);
  free(mark);
}
