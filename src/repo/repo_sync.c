/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/types.h>

#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

#include "repo.h"

/* --- the file synced: "sources HEX", then "N STORE" for each store */

static char const sources_word[] = "sources ";

int repo_hex_scan(char const *s, unsigned char *digest)
{
  static char const hex[] = "0123456789abcdef";
  for (size_t i = 0; i < 2 * S6RC_DIGEST_SIZE; i++) {
    char const *p = s[i] ? strchr(hex, s[i]) : 0;
    if (!p) return 0;
    digest[i / 2] = (unsigned char)((digest[i / 2] & 15) << 4 | (p - hex));
  }
  return 1;
}

int repo_hex_put(stralloc *sa, unsigned char const *digest)
{
  static char const hex[] = "0123456789abcdef";
  if (!stralloc_readyplus(sa, 2 * S6RC_DIGEST_SIZE)) return 0;
  for (size_t i = 0; i < S6RC_DIGEST_SIZE; i++) {
    sa->s[sa->len++] = hex[digest[i] >> 4];
    sa->s[sa->len++] = hex[digest[i] & 15];
  }
  return 1;
}

int repo_synced_read(repo *r, repo_synced *x)
{
  size_t word = sizeof sources_word - 1, line = word + 2 * S6RC_DIGEST_SIZE;
  *x = (repo_synced){.there = 1, .text = STRALLOC_ZERO};
  if (!repo_slurp(r->current, REPO_SYNCED, &x->text)) {
    x->there = 0;
    return errno == ENOENT || repo_failed(r, "read", REPO_CURRENT, REPO_SYNCED);
  }
  if (x->text.len > line && !memcmp(x->text.s, sources_word, word) && x->text.s[line] == '\n' &&
      x->text.s[x->text.len - 1] == '\n' && repo_hex_scan(x->text.s + word, x->fingerprint))
    return 1;
  return repo_wrong(r, r->path, "/" REPO_CURRENT "/" REPO_SYNCED " is damaged: run s6-rc-repo-sync");
}

uint32_t repo_synced_count(repo_synced const *x, char const *store)
{
  size_t len = strlen(store);
  for (size_t at = 0, end; at < x->text.len; at = end + 1) {
    char const *s = x->text.s + at;
    uint32_t n;
    size_t digits = uint32_scan(s, &n);
    end = at + (size_t)((char *)memchr(s, '\n', x->text.len - at) - s);
    if (digits && s[digits] == ' ' && end - at == digits + 1 + len && !memcmp(s + digits + 1, store, len))
      return n;
  }
  return 0;
}

void repo_synced_free(repo_synced *x)
{
  stralloc_free(&x->text);
}

static int write_synced(repo *r, repo_draft *d, repo_names const *stores, repo_reading const *x)
{
  stralloc text = STRALLOC_ZERO;
  int ok =
      stralloc_cats(&text, sources_word) && repo_hex_put(&text, x->fingerprint) && stralloc_cats(&text, "\n");
  for (size_t i = 0; ok && i < repo_names_n(stores); i++) {
    char fmt[UINT32_FMT];
    size_t n = uint32_fmt(fmt, genalloc_s(uint32_t, &x->src.seen)[i]);
    ok = stralloc_catb(&text, fmt, n) && stralloc_cats(&text, " ") &&
         stralloc_cats(&text, repo_names_get(stores, i)) && stralloc_cats(&text, "\n");
  }
  ok = ok && repo_draft_file(r, d, REPO_SYNCED, text.s, text.len);
  stralloc_free(&text);
  return ok;
}

static int write_optional(repo *r, repo_draft *d, repo_reading const *x)
{
  stralloc text = STRALLOC_ZERO;
  repo_services g;
  int ok = repo_services_of_compiled(&g, &x->db);
  if (ok) {
    ok = repo_services_print_optional(&g, &x->db, &text);
    repo_services_free(&g);
  }
  ok = ok ? repo_draft_file(r, d, REPO_OPTIONAL, text.s, text.len)
          : repo_failed(r, "write", d->name.s, REPO_OPTIONAL);
  int e = errno;
  stralloc_free(&text);
  errno = e;
  return ok;
}

/* --- the stores */

void repo_reading_free(repo_reading *x)
{
  compile_free(&x->db);
  source_free(&x->src);
  genalloc_free(repo_news, &x->news);
  stralloc_free(&x->texts);
}

int repo_read_stores(repo *r, repo_names const *stores, unsigned int verbosity, repo_reading *x)
{
  stralloc where = STRALLOC_ZERO;
  int ok;
  x->src.override = 1;
  if (!source_read(&x->src, genalloc_s(char const *, &stores->s), (uint32_t)repo_names_n(stores),
                   verbosity) ||
      !compile_resolve(&x->db, &x->src))
    return repo_failed(r, "read the stores of", 0, 0);
  if (source_nerrors(&x->src)) return 1;
  ok = repo_fingerprint(&x->src, x->fingerprint, &where);
  if (!ok) {
    int e = errno;
    if (!stralloc_copys(&r->what, "read ") || !stralloc_cats(&r->what, where.len ? where.s : "the stores") ||
        !stralloc_0(&r->what))
      r->what.len = 0;
    errno = e == EPROTO ? EIO : e;
  }
  int e = errno;
  stralloc_free(&where);
  errno = e;
  return ok;
}

/* --- the sets */

static int add_text(stralloc *sa, char const *s, size_t *at)
{
  *at = sa->len;
  return stralloc_catb(sa, s, strlen(s) + 1);
}

static int tell(repo_reading *x, char const *set, repo_entry const *e, int came)
{
  repo_news news = {.rx = e->rx, .came = came};
  return add_text(&x->texts, set, &news.set) && add_text(&x->texts, e->name, &news.service) &&
         genalloc_append(repo_news, &x->news, &news);
}

/* The services of what has been read, sorted, with what new ones get. */
static repo_entry *services(compiled const *db, size_t *n)
{
  stralloc text = STRALLOC_ZERO;
  repo_entry *x = malloc((compiled_n(db) + (size_t)1) * sizeof *x);
  *n = 0;
  for (uint32_t i = 0; x && i < compiled_n(db); i++)
    if (repo_prescribed(i))
      x[(*n)++] = (repo_entry){.name = compiled_name(db, i),
                               .len = compiled_namelen(db, i),
                               .rx = repo_rx_default(db->flags[i])};
  /* it sorts, too */
  if (x && !repo_set_print(x, *n, &text)) {
    free(x);
    x = 0;
  }
  stralloc_free(&text);
  return x;
}

/* Both lists are sorted: walks through them together. out: n entries. */
static int merge(repo_reading *x, char const *set, genalloc const *old, repo_entry const *services, size_t n,
                 repo_entry *out)
{
  repo_entry const *o = genalloc_s(repo_entry, old);
  size_t k = 0, nold = genalloc_len(repo_entry, old);
  for (size_t i = 0; i < n; i++) {
    for (; k < nold && strcmp(o[k].name, services[i].name) < 0; k++)
      if (!tell(x, set, o + k, 0)) return 0;
    out[i] = services[i];
    if (k < nold && !strcmp(o[k].name, services[i].name))
      out[i].rx = o[k++].rx;
    else if (!tell(x, set, services + i, 1))
      return 0;
  }
  for (; k < nold; k++)
    if (!tell(x, set, o + k, 0)) return 0;
  return 1;
}

static int sync_set(repo *r, repo_draft *d, char const *set, repo_reading *x, repo_entry const *services,
                    size_t n)
{
  stralloc text = STRALLOC_ZERO, now = STRALLOC_ZERO;
  genalloc old = GENALLOC_ZERO; /* of repo_entry */
  repo_entry *out = malloc((n + 1) * sizeof *out);
  int ok = out && repo_set_slurp(r, set, &text) && repo_set_parse(r, set, &text, &old);
  if (ok && (!merge(x, set, &old, services, n, out) || !repo_set_print(out, n, &now)))
    ok = repo_failed(r, "write set", REPO_SETS, set);
  ok = ok && repo_draft_set(r, d, set, now.s, now.len);
  int e = errno;
  free(out);
  genalloc_free(repo_entry, &old);
  stralloc_free(&text);
  stralloc_free(&now);
  errno = e;
  return ok;
}

static int sync_sets(repo *r, repo_draft *d, repo_reading *x)
{
  repo_names sets = {STRALLOC_ZERO, GENALLOC_ZERO};
  size_t n;
  repo_entry *all = services(&x->db, &n);
  int ok = all ? repo_names_read(&sets, d->sets, ".") || repo_failed(r, "read", d->name.s, REPO_SETS)
               : repo_failed(r, "read the stores of", 0, 0);
  for (size_t i = 0; ok && i < repo_names_n(&sets); i++)
    ok = sync_set(r, d, repo_names_get(&sets, i), x, all, n);
  int e = errno;
  free(all);
  repo_names_free(&sets);
  errno = e;
  return ok;
}

int repo_sync(repo *r, repo_draft *d, repo_names const *stores, compile_options const *options,
              repo_reading *x)
{
  stralloc name = STRALLOC_ZERO, path = STRALLOC_ZERO;
  int ok = repo_unique(&name, REPO_REFERENCES) && repo_path(r, name.s, 0, &path);
  if (!ok)
    repo_failed(r, "create the reference database of", 0, 0);
  else
    ok = compile_write(&x->db, path.s, options, &r->what) && repo_draft_reference(r, d, name.s) &&
         write_synced(r, d, stores, x) && write_optional(r, d, x) && sync_sets(r, d, x);
  int e = errno;
  stralloc_free(&name);
  stralloc_free(&path);
  errno = e;
  return ok;
}

int repo_reference(repo *r, s6rc_db *db)
{
  if (s6rc_db_openat(db, r->current, REPO_REFERENCE)) return 1;
  int e = errno;
  if (e != EPROTO && e != EPROTOTYPE) repo_failed(r, "open", REPO_CURRENT, REPO_REFERENCE);
  errno = e;
  return 0;
}
