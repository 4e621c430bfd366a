/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>

#include <s6-rc/dbformat.h>
#include <s6-rc/path.h>
#include <s6-rc/resolve.h>
#include <s6-rc/servicedir.h>

#include "write.h"

static int failed(writer *w, char const *verb, char const *dir, char const *path)
{
  int e = errno;
  w->what->len = 0;
  if (!stralloc_cats(w->what, verb) || !stralloc_cats(w->what, " ") || !stralloc_cats(w->what, dir) ||
      !stralloc_cats(w->what, *dir ? "/" : "") || !stralloc_cats(w->what, path) || !stralloc_0(w->what))
    w->what->len = 0;
  errno = e;
  return 0;
}

int writer_failed(writer *w, char const *verb, char const *path)
{
  return failed(w, verb, w->dest, path);
}

int writer_failed_on(writer *w, char const *verb, char const *path)
{
  return failed(w, verb, "", path);
}

static int push(writer *w, char const *name)
{
  return !name || s6rc_path_push(&w->path, name);
}

int writer_mkdir(writer *w, char const *name)
{
  size_t len = w->path.len;
  if (!push(w, name)) return 0;
  if (mkdirat(w->fd, w->path.s, S6RC_MODE_DIR) < 0 ||
      (!w->exact && fchmodat(w->fd, w->path.s, S6RC_MODE_DIR, 0) < 0))
    return writer_failed(w, "create", w->path.s);
  s6rc_path_pop(&w->path, len);
  return 1;
}

int writer_file(writer *w, char const *name, char const *s, size_t n, mode_t mode)
{
  size_t len = w->path.len;
  int fd, ok;
  if (!push(w, name)) return 0;
  fd = openat(w->fd, w->path.s, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return writer_failed(w, "create", w->path.s);
  ok = (!n || allwrite(fd, s, n) == n) && (w->exact || !fchmod(fd, mode));
  if (ok)
    ok = !close(fd);
  else
    fd_close(fd);
  if (!ok) return writer_failed(w, "write", w->path.s);
  s6rc_path_pop(&w->path, len);
  return 1;
}

/* Default ACLs and the like decide in the parent directory; it is the same
   for all that is in it. So the first two tell for the rest. */
static int probe_modes(writer *w)
{
  struct stat dir, file;
  if (!writer_mkdir(w, S6RC_SERVICEDIRS)) return 0;
  if (fstatat(w->fd, S6RC_SERVICEDIRS, &dir, 0) < 0 || fstatat(w->fd, S6RC_LOCK_FILE, &file, 0) < 0) return 0;
  w->exact = (dir.st_mode & 07777) == S6RC_MODE_DIR && (file.st_mode & 07777) == S6RC_MODE_FILE;
  return w->exact || (!fchmodat(w->fd, S6RC_SERVICEDIRS, S6RC_MODE_DIR, 0) &&
                      !fchmodat(w->fd, S6RC_LOCK_FILE, S6RC_MODE_FILE, 0));
}

static int write_servicedirs(writer *w)
{
  if (!s6rc_path_set(&w->path, S6RC_SERVICEDIRS)) return 0;
  size_t len = w->path.len;
  uint32_t n = w->options->graph ? S6RC_NGENERATED : w->c->nlongruns;
  for (uint32_t i = 0; i < n; i++) {
    if (w->options->stop && *w->options->stop) return (errno = EINTR, 0);
    if (!s6rc_path_pushb(&w->path, compiled_name(w->c, i), compiled_namelen(w->c, i))) return 0;
    if (i == S6RC_NUMBER_ONESHOT_RUNNER ? !compile_write_oneshot_runner(w)
        : i == S6RC_NUMBER_FDHOLDER     ? !compile_write_fdholder(w)
                                        : !compile_write_longrun(w, i))
      return 0;
    s6rc_path_pop(&w->path, len);
  }
  return 1;
}

static int resolve_all(s6rc_resolvemaker *m, compiled const *c)
{
  for (uint32_t i = 0; i < compiled_n(c); i++)
    if (!s6rc_resolve_add(m, i < c->nlongruns ? S6RC_LONGRUN : S6RC_ONESHOT, compiled_name(c, i),
                          compiled_namelen(c, i), &i, 1))
      return 0;
  for (uint32_t i = 0; i < c->nbundles; i++) {
    compile_bundle const *b = c->bundles + i;
    if (!s6rc_resolve_add(m, S6RC_BUNDLE, source_name(c->src, b->name), source_namelen(c->src, b->name),
                          genalloc_s(uint32_t, &c->members) + b->first, b->n))
      return 0;
  }
  return 1;
}

static int write_resolve(writer *w, unsigned char const *digest)
{
  s6rc_resolvemaker m;
  int r = 0;
  int fd = openat(w->fd, S6RC_RESOLVE_FILE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S6RC_MODE_FILE);
  if (fd < 0) return writer_failed(w, "create", S6RC_RESOLVE_FILE);
  if (s6rc_resolve_start(&m, fd)) {
    if (resolve_all(&m, w->c))
      r = s6rc_resolve_finish(&m, digest);
    else
      s6rc_resolve_abort(&m);
  }
  r = r && !fchmod(fd, S6RC_MODE_FILE);
  fd_close(fd);
  return r || writer_failed(w, "write", S6RC_RESOLVE_FILE);
}

/* The last file to be written: a directory without it is no database. */
static int write_db(writer *w, compile_image const *image)
{
  int r;
  int fd = openat(w->fd, S6RC_DB_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S6RC_MODE_FILE);
  if (fd < 0) return writer_failed(w, "create", S6RC_DB_FILE);
  r = allwrite(fd, (char const *)image->s, image->len) == image->len && !fchmod(fd, S6RC_MODE_FILE);
  fd_close(fd);
  return r || writer_failed(w, "write", S6RC_DB_FILE);
}

static int write_all(writer *w)
{
  compile_image image;
  int r, e;
  if (!probe_modes(w) || !write_servicedirs(w) || !compile_make_image(w->c, &image)) return 0;
  r = write_resolve(w, image.s + S6RC_HEADER_DIGEST) && write_db(w, &image);
  e = errno;
  free(image.s);
  errno = e;
  return r;
}

int compile_write(compiled const *c, char const *dest, compile_options const *options, stralloc *what)
{
  compile_staging s;
  writer w = {.c = c, .options = options, .dest = dest, .exact = 1, .what = what};
  mode_t mask = umask(0);
  int r = 0, e;
  what->len = 0;
  if (!compile_staging_start(&s, dest)) {
    writer_failed_on(&w, "create a directory beside", dest);
  } else {
    w.fd = s.fd;
    r = s6rc_path_set(&w.path, "") && write_all(&w);
    if (r) {
      r = compile_staging_sync(&s);
      if (!r) writer_failed_on(&w, "sync", dest);
    }
    if (r && options->stop && *options->stop) {
      errno = EINTR;
      r = 0;
    }
    if (r) {
      r = compile_staging_commit(&s);
      if (r <= 0) writer_failed_on(&w, r ? "sync the directory of" : "create", dest);
    }
    if (!r) compile_staging_abort(&s);
  }
  e = errno;
  if (!r && !what->len) writer_failed_on(&w, "create", dest);
  stralloc_free(&w.path);
  stralloc_free(&w.text);
  umask(mask);
  errno = e;
  return r;
}
