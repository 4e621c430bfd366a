/* ISC license. */

/* Answers out of a compiled database, as lines in buffer_1. All of them: 1; 0
   and errno, EPROTO if the database is damaged, else of writing or ENOMEM. */

#ifndef S6RC_REPORT_DB_H
#define S6RC_REPORT_DB_H

#include <stddef.h>
#include <stdint.h>

#include <s6-rc/db.h>

/* Bits for the kinds of identifiers */
#define REPORT_KIND(type) (1U << (type))
#define REPORT_ATOMIC     (REPORT_KIND(S6RC_LONGRUN) | REPORT_KIND(S6RC_ONESHOT))
#define REPORT_ALL        (REPORT_ATOMIC | REPORT_KIND(S6RC_BUNDLE))

/* The names of all identifiers of these kinds: atomic services by number,
   then bundles by name. withoutessentials leaves essential services out. */
extern int report_identifiers(s6rc_db const *, unsigned int kinds, int withoutessentials);

/* The names of n services, once each, by number. Sorts numbers. */
extern int report_services(s6rc_db const *, uint32_t *numbers, size_t n, int withoutessentials);

/* producer/consumer for each pair of the pipeline that longrun number is in,
   those furthest upstream first; nothing if it is in none. */
extern int report_pipeline(s6rc_db const *, uint32_t number);

#endif
