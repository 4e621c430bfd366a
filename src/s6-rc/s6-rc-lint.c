/* ISC license. */

#include <errno.h>
#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/bytestr.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <s6-rc/nearest.h>

#include "../cli/cli.h"
#include "../lint/lint.h"

static cli_option const options[] = {{.letter = 'v',
                                      .name = "verbosity",
                                      .arg = "N",
                                      .help = "how much to say on stderr: 0 little, 1 a summary (default)"},
                                     {.letter = 'o',
                                      .name = "orphans",
                                      .help = "look for services that nothing needs, too"},
                                     {.letter = 'x',
                                      .name = "except",
                                      .arg = "CHECKS",
                                      .help = "without these checks: names, separated by commas"},
                                     {.name = 0}};

static char const *const synopses[] = {"[ -v verbosity ] [ -o ] [ -x checks ] source...", 0};

static cli_command checks[LINT_NCHECKS + 1];

static cli_tool const tool = {.name = "s6-rc-lint",
                              .summary = "find what compiles and is hardly what was meant",
                              .synopses = synopses,
                              .options = options,
                              .topics = {"checks", checks}};

static void list_checks(void)
{
  for (unsigned int i = 0; i < LINT_NCHECKS; i++)
    checks[i] = (cli_command){.name = lint_kind_of(i).name, .operands = "", .help = lint_kind_of(i).help};
}

static void die_unknown(char const *name, size_t len)
{
  s6rc_nearest near;
  s6rc_nearest_init(&near, name, len);
  for (unsigned int i = 0; i < LINT_NCHECKS; i++)
    s6rc_nearest_try(&near, checks[i].name, strlen(checks[i].name));
  if (near.best) strerr_warnw("did you mean ", near.best, "?");
  cli_dieusage("no such check in: ", name);
}

/* The set of the checks that a list names. */
static uint32_t parse_checks(char const *s)
{
  uint32_t set = 0;
  for (;;) {
    size_t len = str_chr(s, ',');
    unsigned int i = 0;
    while (i < LINT_NCHECKS && (strncmp(checks[i].name, s, len) || checks[i].name[len])) i++;
    if (i == LINT_NCHECKS) die_unknown(s, len);
    set |= 1U << i;
    if (!s[len]) return set;
    s += len + 1;
  }
}

static void put(char const *s, size_t len)
{
  if (buffer_put(buffer_1, s, len) < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
}

static void puts_all(char const *const *s, size_t n)
{
  for (size_t i = 0; i < n; i++) put(s[i], strlen(s[i]));
}

/* PATH[:LINE]: error|warning: what is wrong [CHECK] */
static void print_findings(source *src)
{
  source_complaint const *c = genalloc_s(source_complaint, &src->complaints);
  source_sort_complaints(src);
  for (size_t i = 0; i < genalloc_len(source_complaint, &src->complaints); i++) {
    char const *text = src->complaint_text.s;
    char const *const rest[] = {c[i].severity == SOURCE_WARNING ? "warning: " : "error: ", text + c[i].text,
                                c[i].label ? " [" : "", c[i].label ? c[i].label : "",
                                c[i].label ? "]\n" : "\n"};
    put(text + c[i].start, c[i].text - c[i].start);
    puts_all(rest, sizeof rest / sizeof *rest);
  }
  cli_flush();
}

static int summarize(source const *src, unsigned int verbosity)
{
  char errors[UINT32_FMT], warnings[UINT32_FMT];
  uint32_t n = source_nerrors(src), nwarnings = src->count[SOURCE_WARNING];
  errors[uint32_fmt(errors, n)] = 0;
  warnings[uint32_fmt(warnings, nwarnings)] = 0;
  if (verbosity && n + nwarnings)
    strerr_warni(errors, n == 1 ? " error, " : " errors, ", warnings,
                 nwarnings == 1 ? " warning" : " warnings");
  return src->count[SOURCE_SYSERROR] ? S6RC_EXIT_SYSTEM : n + nwarnings ? S6RC_EXIT_FAILED : 0;
}

int main(int argc, char const *const *argv)
{
  unsigned int verbosity = 1;
  uint32_t set = LINT_ALL & ~(1U << LINT_ORPHANS), except = 0, ndirs = 0;
  source src = SOURCE_ZERO;
  compiled db = COMPILED_ZERO;
  cli_parser p;
  char c;
  int code;
  (void)argc;
  list_checks();
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'v': verbosity = cli_uint(&p); break;
      case 'o': set |= 1U << LINT_ORPHANS; break;
      case 'x': except |= parse_checks(p.arg); break;
    }
  if (!p.argv[0]) cli_dieusage("a source is wanted", 0);
  while (p.argv[ndirs]) ndirs++;
  if (!source_read(&src, p.argv, ndirs, 1) || !compile_resolve(&db, &src) ||
      !lint_run(&db, set & ~except, 0)) {
    int e = errno;
    print_findings(&src);
    errno = e;
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read ", p.argv[0]);
  }
  print_findings(&src);
  code = summarize(&src, verbosity);
  compile_free(&db);
  source_free(&src);
  return code;
}
