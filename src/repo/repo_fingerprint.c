/* ISC license. */

/* A digest over all that a database is compiled from. Numbers and texts are
   fed to it with their lengths, so that nothing can be taken for another. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/blake2s.h>
#include <skalibs/djbunix.h>

#include <s6-rc/config.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

#include "repo.h"

typedef struct hasher_s hasher;
struct hasher_s {
  source const *src;
  blake2s_ctx ctx;
  stralloc *where;
  stralloc todo; /* paths below a directory that is copied, each with a NUL: a stack */
};

static void number(hasher *h, uint64_t u)
{
  unsigned char s[8];
  s6rc_le64_put(s, u);
  blake2s_update(&h->ctx, (char const *)s, sizeof s);
}

static void text(hasher *h, char const *s, size_t len)
{
  number(h, len);
  if (len) blake2s_update(&h->ctx, s, len);
}

static void name(hasher *h, uint32_t id)
{
  number(h, id == S6RC_NONE);
  if (id != S6RC_NONE) text(h, source_name(h->src, id), source_namelen(h->src, id));
}

static void list(hasher *h, source_list const *l)
{
  number(h, l->n);
  for (uint32_t i = 0; i < l->n; i++) name(h, source_items(h->src, l)[i].name);
}

static int content(hasher *h, char const *path)
{
  enum { CHUNK = 65536 };
  char buf[CHUNK];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  size_t total = 0, n;
  if (fd < 0) return 0;
  while ((n = fd_read(fd, buf, CHUNK)) && n != (size_t)-1) {
    blake2s_update(&h->ctx, buf, n);
    total += n;
  }
  fd_close(fd);
  number(h, total);
  return !n;
}

static int link_text(hasher *h, char const *path)
{
  stralloc sa = STRALLOC_ZERO;
  int ok = s6rc_path_readlinkat(&sa, AT_FDCWD, path);
  if (ok) text(h, sa.s, sa.len);
  stralloc_free(&sa);
  return ok;
}

/* Puts what is in a directory on the stack, the first name on top. */
static int descend(hasher *h, char const *path, size_t len)
{
  repo_names names = {STRALLOC_ZERO, GENALLOC_ZERO};
  int ok = repo_names_read_all(&names, AT_FDCWD, path);
  if (ok) number(h, repo_names_n(&names));
  for (size_t i = repo_names_n(&names); ok && i--;) {
    char const *entry = repo_names_get(&names, i);
    /* path may be in todo itself, which moves */
    ok = stralloc_readyplus(&h->todo, len + strlen(entry) + 2) && stralloc_catb(&h->todo, path, len) &&
         stralloc_cats(&h->todo, "/") && stralloc_catb(&h->todo, entry, strlen(entry) + 1);
  }
  repo_names_free(&names);
  return ok;
}

/* What a copy of it would take over. */
static int entry(hasher *h, char const *path, size_t len, size_t top)
{
  struct stat st;
  if (lstat(path, &st) < 0) return 0;
  text(h, path + top, len - top);
  number(h, st.st_mode);
  number(h, st.st_uid);
  number(h, st.st_gid);
  if (S_ISREG(st.st_mode)) return content(h, path);
  if (S_ISLNK(st.st_mode)) return link_text(h, path);
  if (S_ISDIR(st.st_mode)) return descend(h, path, len);
  number(h, st.st_rdev);
  return 1;
}

static int tree(hasher *h, uint32_t service, char const *file)
{
  stralloc path = STRALLOC_ZERO;
  size_t top;
  int ok = source_path(h->src, service, file, &path) && stralloc_catb(&path, "/.", 2);
  top = path.len;
  h->todo.len = 0;
  ok = ok && stralloc_0(&path) && stralloc_copy(&h->todo, &path);
  while (ok && h->todo.len) {
    size_t start = h->todo.len - 1;
    while (start && h->todo.s[start - 1]) start--;
    ok = stralloc_copyb(&path, h->todo.s + start, h->todo.len - start);
    h->todo.len = start;
    ok = ok && entry(h, path.s, path.len - 1, top);
  }
  int e = errno;
  if (!ok && path.len && !s6rc_path_set(h->where, path.s)) h->where->len = 0;
  stralloc_free(&path);
  errno = e;
  return ok;
}

static int service(hasher *h, uint32_t i)
{
  source const *src = h->src;
  source_service const *sv = source_services(src) + i;
  name(h, sv->name);
  number(h, sv->type);
  number(h, sv->flags);
  number(h, sv->timeout[S6RC_UP]);
  number(h, sv->timeout[S6RC_DOWN]);
  list(h, &sv->deps);
  list(h, &sv->optional);
  list(h, &sv->contents);
  list(h, &sv->producers);
  name(h, sv->consumer.name);
  name(h, sv->pipeline.name);
  for (unsigned int k = 0; k < S6RC_NSCRIPTS; k++) {
    number(h, sv->script[k].argc);
    text(h, src->text.s + sv->script[k].start, sv->script[k].len);
  }
  number(h, sv->nsdfiles);
  for (uint32_t k = 0; k < sv->nsdfiles; k++) {
    source_sdfile const *x = genalloc_s(source_sdfile, &src->sdfiles) + sv->sdfiles + k;
    number(h, x->which);
    number(h, x->len == SOURCE_COPY);
    if (x->len != SOURCE_COPY)
      text(h, src->text.s + x->start, x->len);
    else if (!tree(h, i, s6rc_sdfiles[x->which].name))
      return 0;
  }
  return 1;
}

int repo_fingerprint(source const *src, unsigned char *digest, stralloc *where)
{
  static char const version[] = S6RC_VERSION;
  hasher h = {.src = src, .ctx = BLAKE2S_INIT(S6RC_DIGEST_SIZE), .where = where, .todo = STRALLOC_ZERO};
  int ok = 1;
  /* another version may generate other files */
  text(&h, version, sizeof version - 1);
  number(&h, S6RC_DB_VERSION);
  number(&h, source_nservices(src));
  for (uint32_t i = 0; ok && i < source_nservices(src); i++) ok = service(&h, i);
  blake2s_final(&h.ctx, (char *)digest);
  int e = errno;
  stralloc_free(&h.todo);
  errno = e;
  return ok;
}

int repo_last_sync(repo *r, unsigned char *digest)
{
  stralloc sa = STRALLOC_ZERO;
  int ok = s6rc_path_readlinkat(&sa, r->current, REPO_REFERENCE);
  if (ok) {
    blake2s_ctx ctx;
    blake2s_init(&ctx, S6RC_DIGEST_SIZE);
    blake2s_update(&ctx, sa.s, sa.len);
    blake2s_final(&ctx, (char *)digest);
  }
  int e = errno;
  stralloc_free(&sa);
  errno = e;
  return ok || repo_failed(r, "read", REPO_CURRENT "/" REPO_REFERENCE, 0);
}
