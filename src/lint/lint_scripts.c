/* ISC license. */

/* What scripts say to the kernel and to execline, or what they seem to. */

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/stralloc.h>

#include <s6-rc/servicedir.h>

#include "lint-internal.h"

static char const *const runfiles[] = {S6RC_RUN, S6RC_FINISH};
enum { NRUNFILES = sizeof runfiles / sizeof *runfiles };

static unsigned int const scripts[S6RC_NSCRIPTS] = {
    [S6RC_SCRIPT_UP] = SOURCE_UP, [S6RC_SCRIPT_DOWN] = SOURCE_DOWN, [S6RC_SCRIPT_RELOAD] = SOURCE_RELOAD};

static int is_blank(char c)
{
  return (unsigned char)c <= ' ';
}

static int has_hashbang(lint_text t)
{
  return t.len >= 2 && t.s[0] == '#' && t.s[1] == '!';
}

/* The interpreter that the first line names, without its arguments. */
static lint_text interpreter(lint_text t)
{
  char const *s = t.s + 2, *end = t.s + t.len;
  char const *start;
  while (s < end && (*s == ' ' || *s == '\t')) s++;
  start = s;
  while (s < end && !is_blank(*s)) s++;
  return (lint_text){start, (size_t)(s - start)};
}

static int is_execlineb(lint_text line)
{
  static char const name[] = "execlineb";
  size_t len = sizeof name - 1;
  for (size_t i = 0; i + len <= line.len; i++)
    if (!memcmp(line.s + i, name, len)) return 1;
  return 0;
}

static lint_text first_line(lint_text t)
{
  char const *eol = memchr(t.s, '\n', t.len);
  return (lint_text){t.s, eol ? (size_t)(eol - t.s) : t.len};
}

/* Appends t as a string. 1; 0: no memory, src->lost is set. */
static int as_string(lint *l, lint_text t, stralloc *sa)
{
  sa->len = 0;
  if (stralloc_catb(sa, t.s, t.len) && stralloc_0(sa)) return 1;
  l->src->lost = errno;
  return 0;
}

/* A first line with "#!" is a comment for execline. That somebody expects
   something else of it is nearly certain if it is another program's. */
void lint_interpreter(lint *l, uint32_t service, source_service const *sv)
{
  stralloc sa = STRALLOC_ZERO;
  for (unsigned int i = 0; i < S6RC_NSCRIPTS; i++) {
    source_place place = {service, source_attribute_name(scripts[i]), 0, 1};
    lint_text t = lint_script(l->src, sv->script + i), line;
    if (!has_hashbang(t)) continue;
    line = first_line(t);
    if (line.s[line.len - 1] == '\r') line.len--;
    if (!as_string(l, line, &sa)) break;
    if (is_execlineb(line))
      lint_say(l, LINT_PERHAPS, &place,
               "%q is a comment here: the file is read by s6-rc-compile, not executed", sa.s);
    else
      lint_say(l, LINT_SURE, &place,
               "%q is a comment here, the rest is read as one execline command line: "
               "put a script in a file of its own, and its path here",
               sa.s);
  }
  stralloc_free(&sa);
}

/* The first word of execline text behind `from` bytes, and its line; of no
   length if it is not to be taken literally. */
static lint_text first_word(lint_text t, uint32_t *line)
{
  char const *s = t.s, *end = t.s + t.len, *start;
  *line = 1;
  while (s < end && (is_blank(*s) || *s == '#')) {
    if (*s == '#')
      while (s < end && *s != '\n') s++;
    else
      *line += *s++ == '\n';
  }
  start = s;
  for (; s < end && !is_blank(*s); s++)
    if (strchr("\"\\${}", *s)) return (lint_text){start, 0};
  return (lint_text){start, (size_t)(s - start)};
}

static void check_program(lint *l, source_place const *place, lint_text path, stralloc *sa)
{
  struct stat st;
  if (!path.len || path.s[0] != '/' || !as_string(l, path, sa)) return;
  if (!stat(sa->s, &st) && (S_ISDIR(st.st_mode) || !access(sa->s, X_OK))) {
    if (S_ISDIR(st.st_mode)) lint_say(l, LINT_PERHAPS, place, "%q is a directory, not a program", sa->s);
    return;
  }
  lint_say(l, LINT_PERHAPS, place, "%q cannot be executed here: %s", sa->s, strerror(errno));
}

void lint_executable(lint *l, uint32_t service, source_service const *sv)
{
  stralloc sa = STRALLOC_ZERO;
  source_place place = {service, 0, 0, 1};
  for (unsigned int i = 0; i < S6RC_NSCRIPTS; i++) {
    lint_text t = lint_script(l->src, sv->script + i);
    if (!t.s || !sv->script[i].argc) continue;
    place.file = source_attribute_name(scripts[i]);
    t = first_word(t, &place.line);
    check_program(l, &place, t, &sa);
  }
  for (unsigned int i = 0; i < NRUNFILES; i++) {
    lint_text t = lint_sdfile(l->src, sv, runfiles[i]);
    if (!has_hashbang(t)) continue;
    place.file = runfiles[i];
    place.line = 1;
    check_program(l, &place, interpreter(t), &sa);
    if (!is_execlineb(first_line(t))) continue;
    t = first_word(t, &place.line);
    check_program(l, &place, t, &sa);
  }
  stralloc_free(&sa);
}

/* The line of the first CRLF; 0: there is none. */
static uint32_t crlf_line(lint_text t)
{
  uint32_t line = 1;
  for (char const *s = t.s; s && (s = memchr(s, '\n', t.len - (size_t)(s - t.s))); s++, line++)
    if (s > t.s && s[-1] == '\r') return line;
  return 0;
}

void lint_crlf(lint *l, uint32_t service, source_service const *sv)
{
  static char const *const texts[] = {"down-signal", "reload-signal"};
  source_place place = {service, 0, 0, 0};
  for (unsigned int i = 0; i < S6RC_NSCRIPTS; i++) {
    place.file = source_attribute_name(scripts[i]);
    place.line = crlf_line(lint_script(l->src, sv->script + i));
    if (place.line) lint_say(l, LINT_PERHAPS, &place, "CRLF line end: the file should have Unix line ends");
  }
  for (unsigned int i = 0; i < NRUNFILES; i++) {
    lint_text t = lint_sdfile(l->src, sv, runfiles[i]);
    place.file = runfiles[i];
    place.line = crlf_line(t);
    if (place.line == 1 && has_hashbang(t))
      lint_say(l, LINT_SURE, &place,
               "CRLF line end: the kernel takes the CR for a part of the interpreter's name or argument: "
               "the file must have Unix line ends");
    else if (place.line)
      lint_say(l, LINT_PERHAPS, &place, "CRLF line end: the file should have Unix line ends");
  }
  for (unsigned int i = 0; i < sizeof texts / sizeof *texts; i++) {
    place.file = texts[i];
    place.line = crlf_line(lint_sdfile(l->src, sv, texts[i]));
    if (place.line) lint_say(l, LINT_PERHAPS, &place, "CRLF line end: s6 will not know this signal");
  }
}

/* Why the kernel will not execute it; null if it may. */
static char const *not_executable(lint_text t)
{
  static char const bom[] = SOURCE_BOM "#!";
  lint_text path;
  if (!t.len) return "empty: the kernel cannot execute it";
  if (t.len >= sizeof bom - 1 && !memcmp(t.s, bom, sizeof bom - 1))
    return "a byte order mark stands before #!: the kernel does not know the file for a script";
  if (has_hashbang(t)) {
    path = interpreter(t);
    if (!path.len) return "#! without an interpreter";
    return path.s[0] == '/' ? 0 : "the interpreter behind #! must be an absolute path";
  }
  return memchr(t.s, 0, t.len) ? 0
                               : "no #! and an interpreter in the first line: the kernel cannot execute it";
}

void lint_runfile(lint *l, uint32_t service, source_service const *sv)
{
  for (unsigned int i = 0; i < NRUNFILES; i++) {
    source_place place = {service, runfiles[i], 0, 1};
    lint_text t = lint_sdfile(l->src, sv, runfiles[i]);
    char const *why = t.s ? not_executable(t) : 0;
    if (why) lint_say(l, LINT_PERHAPS, &place, "%s", why);
  }
}
