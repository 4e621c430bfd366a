/* ISC license. */

/* "did you mean": the name that is closest to a word, by edit distance. */

#ifndef S6RC_NEAREST_H
#define S6RC_NEAREST_H

#include <stddef.h>

typedef struct s6rc_nearest_s s6rc_nearest;
struct s6rc_nearest_s {
  char const *word;
  size_t len;
  size_t distance; /* of best; what is further away does not count as near */
  char const *best;
  size_t bestlen;
};

/* word stays the caller's and must live as long. */
extern void s6rc_nearest_init(s6rc_nearest *, char const *word, size_t len);

/* Offers a candidate, which must live as long; the first of equals wins.
   Words over 255 bytes are never near. */
extern void s6rc_nearest_try(s6rc_nearest *, char const *name, size_t len);

#endif
