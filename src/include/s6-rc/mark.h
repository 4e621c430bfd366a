/* ISC license. */

/* Sets of services: an array with a byte of bits for each, by number. A
   selection is such an array, and live/state is one. */

#ifndef S6RC_MARK_H
#define S6RC_MARK_H

#include <stdint.h>

/* The first service from number i (at most n) on that has one of the bits; n
   if none has. Passes over many bytes at a time, because most are clear:

     for (uint32_t i = 0; (i = s6rc_mark_next(mark, i, n, bits)) < n; i++) */
extern uint32_t s6rc_mark_next(unsigned char const *mark, uint32_t i, uint32_t n, unsigned char bits);

#endif
