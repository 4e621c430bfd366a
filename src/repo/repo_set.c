/* ISC license. */

/* A set is a text: a line for each service, its prescription, a blank and its
   name, in byte order of the names. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/types.h>

#include <s6-rc/path.h>

#include "repo.h"

static int compare(void const *a, void const *b)
{
  return strcmp(((repo_entry const *)a)->name, ((repo_entry const *)b)->name);
}

int repo_set_print(repo_entry *x, size_t n, stralloc *text)
{
  text->len = 0;
  if (n > 1) qsort(x, n, sizeof *x, &compare);
  for (size_t i = 0; i < n; i++)
    if (!stralloc_cats(text, repo_rx_names[x[i].rx]) || !stralloc_cats(text, " ") ||
        !stralloc_catb(text, x[i].name, x[i].len) || !stralloc_cats(text, "\n"))
      return 0;
  /* never a null pointer */
  return stralloc_readyplus(text, 1);
}

static int wrong_line(repo *r, char const *set, size_t line, char const *why)
{
  char fmt[SIZE_FMT];
  fmt[size_fmt(fmt, line)] = 0;
  return repo_wrong(r, "line ", fmt, " of ", r->path, "/" REPO_CURRENT "/" REPO_SETS "/", set, " ", why);
}

int repo_set_parse(repo *r, char const *set, stralloc *text, genalloc *entries)
{
  size_t line = 1;
  char const *last = 0;
  for (size_t at = 0, end; at < text->len; at = end + 1, line++) {
    char *s = text->s + at, *newline = memchr(s, '\n', text->len - at);
    size_t word;
    repo_entry e;
    if (!newline) return wrong_line(r, set, line, "does not end");
    *newline = 0;
    end = (size_t)(newline - text->s);
    if (strlen(s) != end - at) return wrong_line(r, set, line, "has a NUL byte");
    word = strcspn(s, " ");
    if (!s[word] || !s[word + 1] || !repo_rx_scan(s, word, 0, &e.rx))
      return wrong_line(r, set, line, "is not a prescription, a blank and a name");
    e.name = s + word + 1;
    e.len = end - at - word - 1;
    if (last && strcmp(last, e.name) >= 0)
      return wrong_line(r, set, line, "is not in byte order of the names");
    last = e.name;
    if (!genalloc_append(repo_entry, entries, &e)) return repo_failed(r, "read set", REPO_SETS, set);
  }
  return 1;
}

int repo_set_slurp(repo *r, char const *set, stralloc *text)
{
  stralloc path = STRALLOC_ZERO;
  int ok =
      s6rc_path_set(&path, REPO_SETS) && s6rc_path_push(&path, set) && repo_slurp(r->current, path.s, text);
  int e = errno;
  stralloc_free(&path);
  errno = e;
  return ok || repo_failed(r, "read", REPO_CURRENT "/" REPO_SETS, set);
}

static int take(repo *r, s6rc_db const *db, char const *set, repo_entry const *e, size_t line,
                unsigned char *rx)
{
  s6rc_identifier id;
  int found = s6rc_db_resolve(db, e->name, e->len, &id);
  if (found < 0) return repo_wrong(r, "the reference database is damaged: run s6-rc-repo-sync");
  if (!found || id.type == S6RC_BUNDLE || !repo_prescribed(s6rc_list_get(&id.contents, 0)))
    return wrong_line(r, set, line, "is not about a service of the reference database: run s6-rc-repo-sync");
  rx[s6rc_list_get(&id.contents, 0)] = (unsigned char)e->rx;
  return 1;
}

int repo_set_read(repo *r, s6rc_db const *db, char const *set, unsigned char *rx)
{
  stralloc text = STRALLOC_ZERO;
  genalloc entries = GENALLOC_ZERO; /* of repo_entry */
  uint32_t n = s6rc_db_n(db);
  int ok = repo_set_slurp(r, set, &text) && repo_set_parse(r, set, &text, &entries);
  for (uint32_t i = 0; ok && i < n; i++) rx[i] = repo_prescribed(i) ? REPO_NRXS : REPO_ALWAYS;
  for (size_t i = 0; ok && i < genalloc_len(repo_entry, &entries); i++)
    ok = take(r, db, set, genalloc_s(repo_entry, &entries) + i, i + 1, rx);
  for (uint32_t i = 0; ok && i < n; i++) {
    s6rc_service sv;
    if (rx[i] < REPO_NRXS) continue;
    ok = s6rc_db_service(db, i, &sv) &&
         repo_wrong(r, "set ", set, " has no line about service ", sv.name, ": run s6-rc-repo-sync");
  }
  int e = errno;
  stralloc_free(&text);
  genalloc_free(repo_entry, &entries);
  errno = e;
  return ok;
}

int repo_set_write(s6rc_db const *db, unsigned char const *rx, stralloc *text)
{
  uint32_t n = s6rc_db_n(db);
  repo_entry *x = malloc(((size_t)n + 1) * sizeof *x);
  size_t k = 0;
  int ok = !!x;
  for (uint32_t i = 0; ok && i < n; i++) {
    s6rc_service sv;
    if (!repo_prescribed(i)) continue;
    ok = s6rc_db_service(db, i, &sv);
    x[k++] = (repo_entry){.name = sv.name, .len = sv.namelen, .rx = (repo_rx)rx[i]};
  }
  ok = ok && repo_set_print(x, k, text);
  int e = errno;
  free(x);
  errno = e;
  return ok;
}
