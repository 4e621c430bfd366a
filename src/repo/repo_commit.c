/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <s6-rc/file.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

#include "repo.h"

/* --- the file from: what a committed set has been made from */

static int from_text(repo_from const *f, stralloc *sa)
{
  sa->len = 0;
  return stralloc_cats(sa, "sources ") && repo_hex_put(sa, f->sources) && stralloc_cats(sa, "\nsynced ") &&
         repo_hex_put(sa, f->synced) && stralloc_cats(sa, "\nbundle ") && stralloc_cats(sa, f->bundle) &&
         stralloc_cats(sa, "\n") &&
         (!f->fdhuser ||
          (stralloc_cats(sa, "fdholder-user ") && stralloc_cats(sa, f->fdhuser) && stralloc_cats(sa, "\n")));
}

/* The digest in the line that begins with word. 1; 0: there is none. */
static int digest_of(stralloc const *text, char const *word, unsigned char *digest)
{
  size_t len = strlen(word);
  for (size_t at = 0; at < text->len;) {
    char const *newline = memchr(text->s + at, '\n', text->len - at);
    if (!newline) return 0;
    if (text->len - at > len + 2 * S6RC_DIGEST_SIZE && !memcmp(text->s + at, word, len))
      return repo_hex_scan(text->s + at + len, digest);
    at = (size_t)(newline - text->s) + 1;
  }
  return 0;
}

/* Are they made alike? synced is no matter. */
static int made_alike(stralloc const *text, repo_from const *made)
{
  stralloc wanted = STRALLOC_ZERO;
  repo_from f = *made;
  int r = 0;
  if (digest_of(text, "synced ", f.synced) && from_text(&f, &wanted))
    r = wanted.len == text->len && !memcmp(wanted.s, text->s, text->len);
  stralloc_free(&wanted);
  return r;
}

static int equal(unsigned char const *a, unsigned char const *b)
{
  return !memcmp(a, b, S6RC_DIGEST_SIZE);
}

/* Has there been no sync since then that found anything else than what was
   compiled? */
static int still_synced(repo *r, stralloc const *text)
{
  unsigned char sources[S6RC_DIGEST_SIZE], before[S6RC_DIGEST_SIZE], last[S6RC_DIGEST_SIZE];
  repo_synced now;
  int ok = -1;
  if (repo_synced_read(r, &now) && (!now.there || repo_last_sync(r, last)))
    ok = now.there && digest_of(text, "sources ", sources) && digest_of(text, "synced ", before) &&
         (equal(now.fingerprint, sources) || equal(last, before));
  repo_synced_free(&now);
  return ok;
}

static int no(repo *r, char const *why)
{
  repo_wrong(r, why);
  return 0;
}

static int compare(repo *r, int fd, stralloc const *current, repo_from const *made)
{
  stralloc text = STRALLOC_ZERO;
  int ok = -1;
  if (!repo_slurp(fd, REPO_COMMITTED_SET, &text))
    ok = errno == ENOENT ? no(r, "what has been committed of it is damaged") : -1;
  else if (text.len != current->len || memcmp(text.s, current->s, text.len))
    ok = no(r, "it has been changed since it was committed");
  else if (!repo_slurp(fd, REPO_COMMITTED_FROM, &text))
    ok = errno == ENOENT ? no(r, "what has been committed of it is damaged") : -1;
  else if (made)
    ok = made_alike(&text, made) || no(r, "its services or options have been changed since it was committed");
  else {
    ok = still_synced(r, &text);
    if (!ok) no(r, "services have been changed since it was committed");
  }
  int e = errno;
  stralloc_free(&text);
  errno = e;
  return ok;
}

int repo_committed(repo *r, char const *set, stralloc const *current, repo_from const *made)
{
  stralloc path = STRALLOC_ZERO;
  int ok = -1, fd = -1;
  if (s6rc_path_set(&path, REPO_COMMITTED) && s6rc_path_push(&path, set)) {
    fd = openat(r->current, path.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
      ok = compare(r, fd, current, made);
    else if (errno == ENOENT)
      ok = no(r, "it has not been committed");
  }
  if (ok < 0 && errno != EPROTO) repo_failed(r, "read", REPO_CURRENT "/" REPO_COMMITTED, set);
  int e = errno;
  if (fd >= 0) close(fd);
  stralloc_free(&path);
  errno = e;
  return ok;
}

/* --- from a reading of the stores to the database of a set */

/* Marks the definitions that vanish: the masked services', and those of
   bundles that contain one. */
static void mark_masked(repo_reading const *x, unsigned char const *rx, unsigned char *drop)
{
  compiled const *db = &x->db;
  for (uint32_t i = 0; i < compiled_n(db); i++)
    if (rx[i] == REPO_MASKED) drop[db->service[i]] = 1;
  for (uint32_t i = 0; i < db->nbundles; i++) {
    compile_bundle const *b = db->bundles + i;
    source_definition const *d = source_definition_of(&x->src, b->name);
    for (uint32_t k = 0; d->kind == SOURCE_DEFINED && k < b->n; k++)
      if (rx[genalloc_s(uint32_t, &db->members)[b->first + k]] == REPO_MASKED) drop[d->service] = 1;
  }
}

/* What is essential is the set's affair: a bundle's flag would spread. */
static void set_flags(repo_reading *x, unsigned char const *rx)
{
  for (uint32_t i = 0; i < source_nservices(&x->src); i++)
    source_services(&x->src)[i].flags &= ~(uint32_t)S6RC_FLAG_ESSENTIAL;
  for (uint32_t i = 0; i < compiled_n(&x->db); i++)
    if (repo_prescribed(i) && rx[i] == REPO_ALWAYS)
      source_services(&x->src)[x->db.service[i]].flags |= S6RC_FLAG_ESSENTIAL;
}

static int add_bundle(repo_reading *x, unsigned char const *rx, char const *bundle)
{
  uint32_t n = 0, *names = malloc((compiled_n(&x->db) + (size_t)1) * sizeof *names);
  int ok = 0;
  if (names) {
    for (uint32_t i = 0; i < compiled_n(&x->db); i++)
      if (repo_prescribed(i) && rx[i] >= REPO_ACTIVE)
        names[n++] = source_services(&x->src)[x->db.service[i]].name;
    ok = source_add_bundle(&x->src, bundle, strlen(bundle), names, n);
  }
  int e = errno;
  free(names);
  errno = e;
  return ok;
}

int repo_mask(repo_reading *x, unsigned char const *rx, char const *bundle)
{
  /* one more than there are: the bundle comes last */
  unsigned char *drop = calloc((size_t)source_nservices(&x->src) + 2, 1);
  int ok = !!drop;
  if (ok) {
    mark_masked(x, rx, drop);
    set_flags(x, rx);
    ok = add_bundle(x, rx, bundle);
  }
  if (ok) source_drop(&x->src, drop);
  int e = errno;
  free(drop);
  compile_free(&x->db);
  errno = e;
  return ok;
}

/* --- writing it */

/* Fills the new directory, compiled/NAME. */
static int fill(repo *r, char const *name, stralloc const *set, compiled const *db, repo_from const *from,
                compile_options const *options)
{
  stralloc path = STRALLOC_ZERO, text = STRALLOC_ZERO;
  int fd = -1, ok;
  if (!s6rc_mkdirat(r->fd, REPO_COMPILED, S6RC_MODE_DIR) && errno != EEXIST)
    return repo_failed(r, "create", REPO_COMPILED, 0);
  ok = s6rc_path_set(&path, REPO_COMPILED) && s6rc_path_push(&path, name) &&
       s6rc_mkdirat(r->fd, path.s, S6RC_MODE_DIR) &&
       (fd = openat(r->fd, path.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) >= 0 &&
       from_text(from, &text) && repo_write(fd, REPO_COMMITTED_SET, set->s, set->len) &&
       repo_write(fd, REPO_COMMITTED_FROM, text.s, text.len) && repo_path(r, REPO_COMPILED, name, &path) &&
       s6rc_path_push(&path, REPO_COMMITTED_DB);
  if (!ok)
    repo_failed(r, "write", REPO_COMPILED, name);
  else
    ok = compile_write(db, path.s, options, &r->what) &&
         (s6rc_sync_files(fd) || repo_failed(r, "sync", REPO_COMPILED, name));
  int e = errno;
  if (fd >= 0) close(fd);
  stralloc_free(&path);
  stralloc_free(&text);
  errno = e;
  return ok;
}

/* Moves what was committed before out of reach of sweepers. */
static int keep_old(repo *r, char const *name, stralloc *old)
{
  stralloc from = STRALLOC_ZERO, to = STRALLOC_ZERO;
  int ok = (s6rc_mkdirat(r->fd, REPO_KEPT, S6RC_MODE_DIR) || errno == EEXIST) &&
           s6rc_path_set(&from, REPO_COMPILED) && s6rc_path_push(&from, name) &&
           s6rc_path_set(&to, REPO_KEPT) && s6rc_path_push(&to, name) &&
           !renameat(r->fd, from.s, r->fd, to.s) && repo_path(r, REPO_KEPT, name, old) &&
           s6rc_path_push(old, REPO_COMMITTED_DB);
  if (!ok) {
    repo_failed(r, "keep", REPO_COMPILED, name);
    old->len = 0;
  }
  int e = errno;
  stralloc_free(&from);
  stralloc_free(&to);
  errno = e;
  return ok;
}

/* The directory of what is committed now, in compiled; empty: none. */
static int committed_name(repo *r, char const *set, stralloc *name)
{
  stralloc link = STRALLOC_ZERO;
  int ok = s6rc_path_set(&link, REPO_COMMITTED) && s6rc_path_push(&link, set);
  if (ok && !s6rc_path_readlinkat(name, r->current, link.s)) {
    ok = errno == ENOENT;
    name->len = 0;
  } else if (ok) {
    char const *slash = strrchr(name->s, '/');
    if (slash) {
      size_t len = (size_t)(slash + 1 - name->s);
      memmove(name->s, name->s + len, name->len + 1 - len);
      name->len -= len;
    }
  }
  int e = errno;
  stralloc_free(&link);
  errno = e;
  return ok || repo_failed(r, "read", REPO_CURRENT "/" REPO_COMMITTED, set);
}

int repo_commit(repo *r, char const *set, stralloc const *text, compiled const *db, repo_from const *from,
                compile_options const *options, int keep, stralloc *old)
{
  stralloc name = STRALLOC_ZERO, prefix = STRALLOC_ZERO, before = STRALLOC_ZERO;
  repo_draft d;
  int ok = stralloc_cats(&prefix, set) && stralloc_cats(&prefix, ":") && stralloc_0(&prefix) &&
           repo_unique(&name, prefix.s);
  old->len = 0;
  if (!ok)
    repo_failed(r, "create", REPO_COMPILED, set);
  else if ((ok = committed_name(r, set, &before))) {
    ok = fill(r, name.s, text, db, from, options) && repo_draft_begin(r, &d, 0);
    if (ok) {
      ok = repo_draft_committed(r, &d, set, name.s);
      if (ok)
        ok = repo_draft_publish(r, &d);
      else
        repo_draft_abandon(r, &d);
    }
    if (ok && keep && before.len && !keep_old(r, before.s, old)) ok = 0;
  }
  int e = errno;
  stralloc_free(&name);
  stralloc_free(&prefix);
  stralloc_free(&before);
  errno = e;
  return ok;
}
