/* ISC license. */

/* Between the files of this room. */

#ifndef S6RC_LINT_INTERNAL_H
#define S6RC_LINT_INTERNAL_H

#include <stddef.h>

#include "lint.h"

typedef struct lint_s lint;
struct lint_s {
  compiled const *c;
  source *src;
  int onlysure;
  compile_suggester suggester;
  unsigned char *bundled; /* by number: is it in a bundle that somebody has defined? Null: not known yet */
};

/* How sure it is that a finding is a mistake. */
enum lint_sureness_e { LINT_PERHAPS, LINT_SURE };

/* Looks at one definition. */
typedef void lint_func(lint *, uint32_t service, source_service const *);
extern lint_func lint_names, lint_unknown, lint_type, lint_forms, lint_optional;
extern lint_func lint_interpreter, lint_executable, lint_crlf, lint_runfile;
extern lint_func lint_readiness, lint_logger, lint_timeouts, lint_orphans;

/* Complains about a place, if that is wanted of what is so sure. */
#define lint_say(l, sureness, place, ...) \
  lint_say_array(l, sureness, place, (char const *const[]){__VA_ARGS__})
extern void lint_say_array(lint *, enum lint_sureness_e, source_place const *, char const *const *text);

/* Bytes in source.text; s is null if there are none. */
typedef struct lint_text_s lint_text;
struct lint_text_s {
  char const *s;
  size_t len;
};
/* The content of a file for the service directory, or of a script. */
extern lint_text lint_sdfile(source const *, source_service const *, char const *name);
extern lint_text lint_script(source const *, source_script const *);

/* Does a script of the definition speak of a file of this name, by a path? */
extern int lint_mentioned(source const *, source_service const *, char const *name);

/* The number of an atomic service; S6RC_NONE if the definition is none. */
static inline uint32_t lint_number(lint const *l, source_service const *sv)
{
  return sv->duplicate ? S6RC_NONE : l->c->atomic[sv->name];
}

/* How many slips of the pen a word of this length may hold and still be near
   to what was meant: less than where an error asks for a suggestion. */
static inline size_t lint_slips(size_t len)
{
  return len / 4;
}

#endif
