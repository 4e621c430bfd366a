/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/bytestr.h>
#include <skalibs/stralloc.h>

#include <execline/execline.h>

#include "update.h"

#define ARROW   "->"
#define RESTART "restart"

typedef struct reader_s reader;
struct reader_s {
  update_conversions *c;
  s6rc_db const *olddb;
  s6rc_db const *newdb;
  uint32_t line;
  uint32_t *taken; /* by new number: the old one that becomes it */
};

/* Adds a mistake: a, then name in quotes if there is one, then b. */
static int mistake(reader *r, int code, char const *a, char const *name, char const *b)
{
  update_conversions *c = r->c;
  update_mistake m = {.line = r->line, .code = code, .text = c->texts.len};
  return stralloc_cats(&c->texts, a) && (!name || (stralloc_cats(&c->texts, name))) &&
         stralloc_cats(&c->texts, b) && stralloc_0(&c->texts) &&
         genalloc_append(update_mistake, &c->mistakes, &m);
}

/* 1 and *old; 0: a mistake has been added; -1 and errno */
static int find_old(reader *r, char const *name, uint32_t *old)
{
  s6rc_identifier id;
  int k = s6rc_db_resolve(r->olddb, name, strlen(name), &id);
  if (k < 0) return -1;
  if (!k) return mistake(r, S6RC_EXIT_UNKNOWN, "the live database has no service ", name, "") ? 0 : -1;
  if (id.type == S6RC_BUNDLE)
    return mistake(r, S6RC_EXIT_WRONGTYPE, "not a service but a bundle: ", name, "") ? 0 : -1;
  *old = s6rc_list_get(&id.contents, 0);
  if (*old < S6RC_NGENERATED)
    return mistake(r, S6RC_EXIT_WRONGTYPE, "a generated service cannot be converted: ", name, "") ? 0 : -1;
  if (r->c->by_old[*old].line) return mistake(r, S6RC_EXIT_TWICE, "mentioned twice: ", name, "") ? 0 : -1;
  return 1;
}

/* words: n of them, each with a NUL. They are in c->words from `start` on. */
static int convert(reader *r, size_t start, int n)
{
  update_conversions *c = r->c;
  char const *words[4];
  s6rc_identifier id;
  update_conversion conv = {.line = r->line};
  uint32_t old;
  int i = 1, k;
  if (n > 4)
    return mistake(r, S6RC_EXIT_USAGE, "too many words: OLD [ -> NEW ] [ restart ] is wanted", 0, "");
  for (size_t w = 0, at = start; w < (size_t)n; w++, at += strlen(c->words.s + at) + 1)
    words[w] = c->words.s + at;
  k = find_old(r, words[0], &old);
  if (k <= 0) return !k;
  c->by_old[old].mistaken = 1;
  if (i < n && !strcmp(words[i], ARROW)) {
    if (i + 1 == n) return mistake(r, S6RC_EXIT_USAGE, "a name is missing after " ARROW, 0, "");
    k = s6rc_db_resolve(r->newdb, words[i + 1], strlen(words[i + 1]), &id);
    if (k < 0) return 0;
    if (!k)
      return mistake(r, S6RC_EXIT_DAMAGED, "the new database has no service or bundle ", words[i + 1], "");
    conv.newlen = (uint32_t)strlen(words[i + 1]);
    conv.newname = (size_t)(words[i + 1] - c->words.s);
    i += 2;
  }
  if (i < n && !strcmp(words[i], RESTART)) {
    conv.restart = 1;
    i++;
  }
  if (i < n)
    return mistake(r, S6RC_EXIT_USAGE, "not understood: ", words[i],
                   ": OLD [ -> NEW ] [ restart ] is wanted");
  c->by_old[old] = conv;
  return 1;
}

static int read_line(reader *r, char const *s, size_t len)
{
  stralloc line = STRALLOC_ZERO;
  size_t start = r->c->words.len;
  int n, ok = 0;
  r->line++;
  if (!stralloc_catb(&line, s, len) || !stralloc_0(&line)) goto end;
  n = el_parse_from_string(&r->c->words, line.s);
  if (n == -1) goto end;
  if (n < 0) {
    r->c->words.len = start;
    ok = mistake(r, S6RC_EXIT_USAGE, "syntax error (quotes or braces that are not closed?)", 0, "");
  } else
    ok = !n || convert(r, start, n);
end:
  stralloc_free(&line);
  return ok;
}

/* Takes the new service that old service i becomes, if any. */
static int settle_one(reader *r, uint32_t i)
{
  update_conversions *c = r->c;
  update_conversion const *conv = c->by_old + i;
  s6rc_service sv;
  s6rc_identifier id;
  char const *name;
  uint32_t to;
  int k;
  if (conv->mistaken) return 1;
  if (!s6rc_db_service(r->olddb, i, &sv)) return 0;
  name = conv->newlen ? c->words.s + conv->newname : sv.name;
  k = s6rc_db_resolve(r->newdb, name, strlen(name), &id);
  if (k < 0) return 0;
  if (!k || id.type == S6RC_BUNDLE) return 1;
  to = s6rc_list_get(&id.contents, 0);
  if (r->taken[to] != S6RC_NONE) {
    r->line = conv->line ? conv->line : c->by_old[r->taken[to]].line;
    return mistake(r, S6RC_EXIT_TWICE, "two services would become ", name, "");
  }
  r->taken[to] = i;
  return 1;
}

/* Two old services may not become one, be it that one of them only keeps its
   name. */
static int settle(reader *r)
{
  for (uint32_t i = 0; i < s6rc_db_n(r->olddb); i++)
    if (!settle_one(r, i)) return 0;
  return 1;
}

int update_conversions_read(update_conversions *c, char const *text, s6rc_db const *olddb,
                            s6rc_db const *newdb)
{
  reader r = {.c = c, .olddb = olddb, .newdb = newdb};
  int ok = 0, e;
  c->by_old = calloc(s6rc_db_n(olddb), sizeof(update_conversion));
  r.taken = malloc(s6rc_db_n(newdb) * sizeof(uint32_t));
  if (!c->by_old || !r.taken) goto end;
  memset(r.taken, 0xff, s6rc_db_n(newdb) * sizeof(uint32_t)); /* S6RC_NONE */
  while (text && *text) {
    size_t len = str_chr(text, '\n');
    if (!read_line(&r, text, len)) goto end;
    text += len + (text[len] == '\n');
  }
  ok = settle(&r);
end:
  e = errno;
  free(r.taken);
  errno = e;
  return ok;
}

void update_conversions_free(update_conversions *c)
{
  free(c->by_old);
  c->by_old = 0;
  stralloc_free(&c->words);
  genalloc_free(update_mistake, &c->mistakes);
  stralloc_free(&c->texts);
}
