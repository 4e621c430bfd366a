/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <s6-rc/servicedir.h>

#include "lint-internal.h"

typedef struct check_s check;
struct check_s {
  lint_kind kind;
  lint_func *look;
  enum lint_sureness_e most; /* that a finding can be */
};

static check const checks[LINT_NCHECKS] = {
    [LINT_NAMES] = {{"names", "files whose names look like slips or belong elsewhere"},
                    &lint_names,
                    LINT_SURE},
    [LINT_UNKNOWN] = {{"unknown", "other files that nobody knows"}, &lint_unknown, LINT_PERHAPS},
    [LINT_TYPE] = {{"type", "files that mean nothing for the type of the service"}, &lint_type, LINT_PERHAPS},
    [LINT_FORMS] = {{"forms", "lists that are ignored because they are there as a directory too"},
                    &lint_forms,
                    LINT_PERHAPS},
    [LINT_OPTIONAL] = {{"optional", "optional dependencies that look like slips"},
                       &lint_optional,
                       LINT_PERHAPS},
    [LINT_INTERPRETER] = {{"interpreter", "#! lines in up, down and reload"}, &lint_interpreter, LINT_SURE},
    [LINT_EXECUTABLE] = {{"executable", "absolute paths of programs that cannot be executed here"},
                         &lint_executable,
                         LINT_PERHAPS},
    [LINT_CRLF] = {{"crlf", "CRLF line ends"}, &lint_crlf, LINT_SURE},
    [LINT_RUN] = {{"run", "run and finish that cannot be executed"}, &lint_runfile, LINT_PERHAPS},
    [LINT_READINESS] = {{"readiness", "longruns that others need, and no notification-fd"},
                        &lint_readiness,
                        LINT_PERHAPS},
    [LINT_LOGGER] = {{"logger", "loggers that nothing is written to"}, &lint_logger, LINT_PERHAPS},
    [LINT_TIMEOUTS] = {{"timeouts", "limits of less than 10 milliseconds"}, &lint_timeouts, LINT_PERHAPS},
    [LINT_ORPHANS] = {{"orphans", "services in no bundle that nothing needs (only with -o)"},
                      &lint_orphans,
                      LINT_PERHAPS},
};

lint_kind lint_kind_of(unsigned int i)
{
  return checks[i].kind;
}

void lint_say_array(lint *l, enum lint_sureness_e sureness, source_place const *place,
                    char const *const *text)
{
  if (!l->onlysure || sureness == LINT_SURE) source_complain_array(l->src, SOURCE_WARNING, place, text);
}

lint_text lint_sdfile(source const *src, source_service const *sv, char const *name)
{
  source_sdfile const *f = genalloc_s(source_sdfile, &src->sdfiles) + sv->sdfiles;
  for (uint32_t i = 0; i < sv->nsdfiles; i++)
    if (!strcmp(s6rc_sdfiles[f[i].which].name, name) && f[i].len != SOURCE_COPY)
      return (lint_text){src->text.s + f[i].start, f[i].len};
  return (lint_text){0, 0};
}

lint_text lint_script(source const *src, source_script const *x)
{
  return x->rawlen ? (lint_text){src->text.s + x->raw, x->rawlen} : (lint_text){0, 0};
}

/* What may stand around a word, in whatever language. */
static int is_edge(char c)
{
  return (unsigned char)c <= ' ' || !!strchr("\"'`;|&()<>=", c);
}

/* /etc/x/NAME, x/NAME, ./NAME, and x/NAME/y; but not /NAME/y, which is
   somewhere else. */
static int has_path(lint_text t, char const *name)
{
  size_t len = strlen(name);
  char const *s = t.s, *end;
  if (!s) return 0;
  end = s + t.len;
  while ((s = memchr(s, '/', (size_t)(end - s)))) {
    int inside = s > t.s && !is_edge(s[-1]);
    s++;
    if ((size_t)(end - s) < len || memcmp(s, name, len)) continue;
    if (s + len == end || is_edge(s[len]) || (s[len] == '/' && inside)) return 1;
  }
  return 0;
}

int lint_mentioned(source const *src, source_service const *sv, char const *name)
{
  int r = has_path(lint_sdfile(src, sv, S6RC_RUN), name) || has_path(lint_sdfile(src, sv, S6RC_FINISH), name);
  for (unsigned int i = 0; !r && i < S6RC_NSCRIPTS; i++) r = has_path(lint_script(src, sv->script + i), name);
  return r;
}

int lint_run(compiled const *c, uint32_t set, int onlysure)
{
  lint l = {.c = c, .src = c->src, .onlysure = onlysure, .suggester = COMPILE_SUGGESTER_ZERO(c)};
  source *src = c->src;
  for (uint32_t i = 0; !src->lost && i < source_nservices(src); i++) {
    for (unsigned int k = 0; k < LINT_NCHECKS; k++) {
      /* what is not wanted must cost nothing: looking at programs, or for names that are near */
      if (!(set & 1U << k) || (onlysure && checks[k].most < LINT_SURE)) continue;
      src->label = checks[k].kind.name;
      checks[k].look(&l, i, source_services(src) + i);
    }
  }
  src->label = 0;
  compile_suggester_free(&l.suggester);
  free(l.bundled);
  errno = src->lost;
  return !src->lost;
}
