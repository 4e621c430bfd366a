/* ISC license. */

/* For unit tests: databases from a line of text, made with dbmaker.h. Include
   it after test.h. Definitions are separated by semicolons, in any order of
   longruns and oneshots, bundles by name:

     l NAME [!] [: DEPENDENCY...] [> CONSUMER]   longrun; !: essential
     o NAME [!] [: DEPENDENCY...]                oneshot
     b NAME [MEMBER...]                          bundle

   Numbers: the two generated longruns, longruns, oneshots, as they come. What
   s6-rc-compile adds is added: dependencies on the generated services, those
   of producers on consumers. */

#ifndef S6RC_DBTEXT_H
#define S6RC_DBTEXT_H

#include <s6-rc/db.h>

#include "dbmaker.h"

enum { DBTEXT_MAX = 32, DBTEXT_WORDS = 256 };

typedef struct dbtext_s dbtext;
struct dbtext_s {
  char text[4096];
  char *words[DBTEXT_WORDS]; /* null ends a definition; two end all */
  dbmaker_service sv[DBTEXT_MAX];
  uint32_t deps[DBTEXT_MAX][DBTEXT_MAX];
  dbmaker_bundle bundles[DBTEXT_MAX];
  uint32_t contents[DBTEXT_MAX][DBTEXT_MAX];
  uint32_t n;
  uint32_t nlongruns;
  uint32_t nbundles;
};

static inline uint32_t dbtext_number(dbtext const *t, char const *name)
{
  for (uint32_t i = 0; i < t->n; i++)
    if (!strcmp(t->sv[i].name, name)) return i;
  FAIL(name);
  return S6RC_NONE;
}

static inline void dbtext_split(dbtext *t, char const *s)
{
  size_t n = 0;
  CHECK(strlen(s) < sizeof t->text);
  strcpy(t->text, s);
  for (char *at = t->text; *at;) {
    size_t len = strcspn(at, " ;");
    char end = at[len];
    CHECK(n + 3 < DBTEXT_WORDS);
    if (len) t->words[n++] = at;
    if (end == ';') t->words[n++] = 0;
    at[len] = 0;
    at += len + !!end;
  }
  t->words[n] = t->words[n + 1] = 0;
}

/* The definition after this one. */
static inline char **dbtext_next(char **w)
{
  while (*w) w++;
  return w + 1;
}

static inline void dbtext_name_all(dbtext *t, char kind)
{
  for (char **w = t->words; *w; w = dbtext_next(w))
    if (w[0][0] == kind) t->sv[t->n++].name = w[1];
}

static inline void dbtext_depend(dbtext *t, uint32_t i, uint32_t on)
{
  uint32_t *d = t->deps[i], n = 0, at;
  while (d[n] != S6RC_NONE) n++;
  CHECK(n + 1 < DBTEXT_MAX);
  for (at = 0; at < n && d[at] < on; at++) {
  }
  if (d[at] == on) return;
  memmove(d + at + 1, d + at, (n - at + 1) * sizeof *d);
  d[at] = on;
}

static inline void dbtext_fill(dbtext *t, char **w)
{
  uint32_t i = dbtext_number(t, w[1]);
  if (w[0][0] == 'o') dbtext_depend(t, i, S6RC_NUMBER_ONESHOT_RUNNER);
  for (w += 2; *w; w++) {
    if (!strcmp(*w, "!"))
      t->sv[i].flags = S6RC_FLAG_ESSENTIAL;
    else if (!strcmp(*w, ">")) {
      t->sv[i].consumer = dbtext_number(t, *++w);
      dbtext_depend(t, i, t->sv[i].consumer);
      dbtext_depend(t, i, S6RC_NUMBER_FDHOLDER);
      dbtext_depend(t, t->sv[i].consumer, S6RC_NUMBER_FDHOLDER);
    } else if (strcmp(*w, ":"))
      dbtext_depend(t, i, dbtext_number(t, *w));
  }
}

static inline void dbtext_fill_bundle(dbtext *t, char **w)
{
  uint32_t k = t->nbundles++;
  t->bundles[k] = (dbmaker_bundle){.name = w[1], .contents = t->contents[k]};
  for (w += 2; *w; w++) t->contents[k][t->bundles[k].n++] = dbtext_number(t, *w);
}

/* Makes database `text` in directory dir, and opens it. */
static inline void dbtext_open(s6rc_db *db, char const *dir, char const *text)
{
  dbtext *t = calloc(1, sizeof *t);
  dbmaker m;
  CHECK(t);
  dbtext_split(t, text);
  t->sv[0] = (dbmaker_service){.name = S6RC_ONESHOT_RUNNER, .flags = S6RC_FLAG_ESSENTIAL};
  t->sv[1] = (dbmaker_service){.name = S6RC_FDHOLDER, .flags = S6RC_FLAG_ESSENTIAL};
  t->n = S6RC_NGENERATED;
  dbtext_name_all(t, 'l');
  t->nlongruns = t->n;
  dbtext_name_all(t, 'o');
  CHECK(t->n <= DBTEXT_MAX);
  memset(t->deps, 0xff, sizeof t->deps); /* S6RC_NONE */
  for (uint32_t i = 0; i < t->n; i++) t->sv[i].deps = t->deps[i];
  for (char **w = t->words; *w; w = dbtext_next(w))
    if (w[0][0] == 'b')
      dbtext_fill_bundle(t, w);
    else
      dbtext_fill(t, w);
  dbmaker_make(&m, t->sv, t->nlongruns, t->n - t->nlongruns);
  dbmaker_put(dir, &m, t->sv, t->bundles, t->nbundles);
  dbmaker_free(&m);
  free(t);
  if (!s6rc_db_open(db, dir)) FAIL(text);
}

#endif
