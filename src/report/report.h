/* ISC license. */

/* What only reads and prints. */

#ifndef S6RC_REPORT_H
#define S6RC_REPORT_H

#include <s6-rc/db.h>

#include "../engine/engine.h"

/* Transitions as they happen: an engine_say_func. data: report_verbosity. */
typedef struct report_verbosity_s report_verbosity;
struct report_verbosity_s {
  unsigned int verbosity;
  s6rc_dir dir;
  int reload;
};
extern void report_notice(engine_notice, engine_job const *, void *data);

/* What came of a plan that was not carried out whole: what failed and how,
   what is still under way, what was not attempted because of which. timeout:
   the limit of the whole run in ms, for ENGINE_TIMEOUT. */
extern void report_summary(engine_plan const *, engine_result, unsigned int timeout, unsigned int verbosity);

/* Names the services of a plan that will not be carried out: they were to be
   started again, and will not be. Nothing if there are none. */
extern void report_not_again(engine_plan const *, unsigned int verbosity);

/* Appends how job failed, as words. 1; 0 and ENOMEM. */
extern int report_failure(stralloc *, engine_job const *, s6rc_dir);

/* Prints the names of all services whose mark has (or, with others, has not)
   `bit` set, a line each, in buffer_1. withoutessentials leaves essential
   ones out. 1; 0 and errno (EPROTO, or of writing). */
extern int report_marked(s6rc_db const *, unsigned char const *mark, unsigned char bit, int others,
                         int withoutessentials);

/* Appends +name for a longrun that its supervisor wants up and state does not,
   -name for the reverse, a line each. servicedirsfd: live/servicedirs. The
   number of lines; -1 and errno, failed: the service that it is about, or
   null. */
extern int report_diff(stralloc *, s6rc_db const *, unsigned char const *state, int servicedirsfd,
                       char const **failed);

#endif
