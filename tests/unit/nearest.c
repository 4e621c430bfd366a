/* ISC license. */

/* "did you mean": against a slow and plain way of counting slips. */

#include <s6-rc/nearest.h>

#include "test.h"

/* The edit distance with neighbours swapped, as it stands in books. */
static size_t slips(char const *a, size_t alen, char const *b, size_t blen)
{
  static size_t d[300][300];
  for (size_t i = 0; i <= alen; i++)
    for (size_t j = 0; j <= blen; j++) {
      size_t n = i + j;
      if (i && j) {
        n = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
        if (d[i - 1][j] + 1 < n) n = d[i - 1][j] + 1;
        if (d[i][j - 1] + 1 < n) n = d[i][j - 1] + 1;
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < n)
          n = d[i - 2][j - 2] + 1;
      }
      d[i][j] = n;
    }
  return d[alen][blen];
}

static char const *nearest_of(char const *word, char const *const *names)
{
  static char best[256];
  s6rc_nearest x;
  s6rc_nearest_init(&x, word, strlen(word));
  for (; *names; names++) s6rc_nearest_try(&x, *names, strlen(*names));
  if (!x.best) return "none";
  memcpy(best, x.best, x.bestlen);
  best[x.bestlen] = 0;
  return best;
}

TEST(slips_of_the_fingers)
{
  static char const *const names[] = {"syslogd", "sshd", "nginx", "postgresql", "networking", 0};
  CHECK_STR(nearest_of("sshd", names), "sshd");
  CHECK_STR(nearest_of("shsd", names), "sshd");
  CHECK_STR(nearest_of("ssh", names), "sshd");
  CHECK_STR(nearest_of("ssshd", names), "sshd");
  CHECK_STR(nearest_of("nignx", names), "nginx");
  CHECK_STR(nearest_of("postgres", names), "postgresql");
  CHECK_STR(nearest_of("postgreslq", names), "postgresql");
  CHECK_STR(nearest_of("netwroking", names), "networking");
  CHECK_STR(nearest_of("apache", names), "none");
  CHECK_STR(nearest_of("x", names), "none");
  CHECK_STR(nearest_of("", names), "none");
}

TEST(the_first_of_equals)
{
  static char const *const names[] = {"ax", "bx", "cx", 0};
  CHECK_STR(nearest_of("dx", names), "ax");
  CHECK_STR(nearest_of("bx", names), "bx");
}

TEST(no_names)
{
  static char const *const names[] = {0};
  CHECK_STR(nearest_of("a", names), "none");
}

TEST(long_words)
{
  char word[301], name[301];
  s6rc_nearest x;
  memset(word, 'a', 300);
  memset(name, 'a', 300);
  s6rc_nearest_init(&x, word, 255);
  name[100] = 'b';
  s6rc_nearest_try(&x, name, 255);
  CHECK(x.best == name);
  CHECK_INT(x.distance, 1);
  s6rc_nearest_try(&x, word, 256);
  CHECK(x.best == name);
  s6rc_nearest_init(&x, word, 256);
  s6rc_nearest_try(&x, word, 256);
  s6rc_nearest_try(&x, word, 255);
  CHECK(!x.best);
}

/* Whatever is near is found, with the right distance; what is not, is not. */
TEST(against_the_slow_way)
{
  uint32_t seed = 7;
  int near = 0;
  for (int round = 0; round < 60000; round++) {
    char a[16], b[16];
    size_t len[2];
    for (int k = 0; k < 2; k++) {
      seed = seed * 1664525 + 1013904223;
      len[k] = 1 + (seed >> 16) % 15;
      for (size_t i = 0; i < len[k]; i++) {
        seed = seed * 1664525 + 1013904223;
        (k ? b : a)[i] = "abc"[(seed >> 16) % (round % 2 ? 2 : 3)];
      }
    }
    s6rc_nearest x;
    s6rc_nearest_init(&x, a, len[0]);
    size_t limit = x.distance, d = slips(a, len[0], b, len[1]);
    s6rc_nearest_try(&x, b, len[1]);
    if (d < limit) {
      near++;
      CHECK(x.best == b);
      CHECK_INT(x.bestlen, len[1]);
      CHECK_INT(x.distance, d);
    } else
      CHECK(!x.best);
  }
  CHECK(near > 1000);
}
