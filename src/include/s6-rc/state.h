/* ISC license. */

/* live/state: a byte of s6rc_statebit_e for each atomic service. */

#ifndef S6RC_STATE_H
#define S6RC_STATE_H

#include <stdint.h>

#define S6RC_STATE_FILE "state"
#define S6RC_STATE_NEW  "state.new" /* before it is renamed */

/* Reads the state of n services from live directory livefd to s (n bytes).
   1; 0 and errno: EPROTO if the file is not n bytes of known bits, or what
   the system said. */
extern int s6rc_state_read(int livefd, unsigned char *s, uint32_t n);

/* Replaces the whole file: written beside, synced to nothing (it lives as
   long as the machine runs), renamed. 1; 0 and errno, the old file is whole. */
extern int s6rc_state_write(int livefd, unsigned char const *s, uint32_t n);

/* Opens the file for s6rc_state_set. A descriptor (close-on-exec); -1, errno. */
extern int s6rc_state_open(int livefd);

/* Writes one service's byte in place: one byte cannot tear. 1; 0 and errno. */
extern int s6rc_state_set(int fd, uint32_t number, unsigned char byte);

#endif
