/* ISC license. */

/* What compiles, and is hardly what was meant. */

#ifndef S6RC_LINT_H
#define S6RC_LINT_H

#include <stdint.h>

#include "../compile/compile.h"

/* A check: its name, for those who do not want it, and what it finds. */
typedef struct lint_kind_s lint_kind;
struct lint_kind_s {
  char const *name;
  char const *help;
};

enum lint_check_e {
  LINT_NAMES,
  LINT_UNKNOWN,
  LINT_TYPE,
  LINT_FORMS,
  LINT_OPTIONAL,
  LINT_INTERPRETER,
  LINT_EXECUTABLE,
  LINT_CRLF,
  LINT_RUN,
  LINT_READINESS,
  LINT_LOGGER,
  LINT_TIMEOUTS,
  LINT_ORPHANS,
  LINT_NCHECKS
};
#define LINT_ALL ((1U << LINT_NCHECKS) - 1)

extern lint_kind lint_kind_of(unsigned int check);

/* Makes the checks in the set `checks` (bits 1 << LINT_*) on a source that has
   been read and resolved, and complains about what they find: warnings, whose
   label is the name of the check. onlysure: only about what is nearly always
   a mistake. 1; 0 and errno (ENOMEM). */
extern int lint_run(compiled const *, uint32_t checks, int onlysure);

#endif
