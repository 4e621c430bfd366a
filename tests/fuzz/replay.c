/* ISC license. */

/* Instead of libFuzzer: gives each file named on the command line to the
   target once. */

#include "fuzz.h"

#include <skalibs/stralloc.h>

int main(int argc, char const *const *argv)
{
  stralloc sa = STRALLOC_ZERO;
  for (int i = 1; i < argc; i++) {
    uint8_t *s;
    size_t len;
    sa.len = 0;
    if (!openslurpclose(&sa, argv[i])) FAIL(argv[i]);
    /* of its exact size, so that a sanitizer sees what is behind it */
    len = sa.len;
    s = malloc(len ? len : 1);
    CHECK(s);
    if (len) memcpy(s, sa.s, len);
    fprintf(stderr, "%s\n", argv[i]);
    LLVMFuzzerTestOneInput(s, len);
    free(s);
  }
  stralloc_free(&sa);
  return argc < 2;
}
