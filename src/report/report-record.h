/* ISC license. */

/* The records of a live directory in words. All of them append to a stralloc:
   1; 0 and ENOMEM. */

#ifndef S6RC_REPORT_RECORD_H
#define S6RC_REPORT_RECORD_H

#include <skalibs/stralloc.h>

#include <s6-rc/record.h>

/* How a transition in that direction failed: "its script exited with code 1".
   For what has failed, not for the other results. */
extern int report_how(stralloc *, s6rc_result, uint32_t value, s6rc_recorddir);

/* What became of the last transition: "up after 12 ms", "failed to start: ...",
   "not started because of NAME"; nothing if there was none. killed: it is
   under way, but its run was killed. culprit: name of the service that blocked
   it, or null. */
extern int report_record(stralloc *, s6rc_record const *, int killed, char const *culprit);

/* Milliseconds that it took, or that it has been under way at monotonic time
   now. */
extern uint64_t report_took(s6rc_record const *, uint64_t now);

#endif
