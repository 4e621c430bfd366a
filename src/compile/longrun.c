/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <skalibs/stralloc.h>

#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

#include "write.h"

/* Owners are copied where that can be: in a user namespace not all exist. */
static int copy_tree(writer *w, char const *from, stralloc *where)
{
  if (s6rc_treecopyat(AT_FDCWD, from, w->fd, w->path.s, S_IWOTH, 1, where)) return 1;
  if (errno != EPERM && errno != EINVAL) return 0;
  return s6rc_treeremoveat(w->fd, w->path.s) &&
         s6rc_treecopyat(AT_FDCWD, from, w->fd, w->path.s, S_IWOTH, 0, where);
}

/* Copies a directory from the source, with all modes except writing for
   others. "/." follows a symlink to it. */
static int copy(writer *w, uint32_t number, char const *name)
{
  stralloc from = STRALLOC_ZERO, where = STRALLOC_ZERO;
  size_t len = w->path.len;
  int r = source_path(w->c->src, w->c->service[number], name, &from) && stralloc_catb(&from, "/.", 3) &&
          s6rc_path_push(&w->path, name);
  if (r && !copy_tree(w, from.s, &where)) r = writer_failed_on(w, "copy", where.len ? where.s : from.s);
  int e = errno;
  s6rc_path_pop(&w->path, len);
  stralloc_free(&from);
  stralloc_free(&where);
  errno = e;
  return r;
}

/* The scripts of a pipelined longrun get wrappers. Returns the name that the
   user's own script gets; null and errno. */
static char const *wrap(writer *w, uint32_t number, char const *name)
{
  int isrun = !strcmp(name, S6RC_RUN);
  if (!(isrun ? compile_make_run : compile_make_finish)(w, number)) return 0;
  if (!writer_file(w, name, w->text.s, w->text.len, S6RC_MODE_SCRIPT)) return 0;
  return isrun ? S6RC_RUN_USER : S6RC_FINISH_USER;
}

int compile_write_longrun(writer *w, uint32_t number)
{
  source const *src = w->c->src;
  source_service const *sv = compiled_service(w->c, number);
  int pipelined = compiled_pipelined(w->c, number);
  if (!writer_mkdir(w, 0)) return 0;
  for (uint32_t i = 0; i < sv->nsdfiles; i++) {
    source_sdfile const *x = genalloc_s(source_sdfile, &src->sdfiles) + sv->sdfiles + i;
    s6rc_sdfile const *f = s6rc_sdfiles + x->which;
    char const *name = f->name;
    int isscript = f->kind == S6RC_SD_SCRIPT;
    if (isscript && pipelined) name = wrap(w, number, name);
    if (!name) return 0;
    if (x->len == SOURCE_COPY) {
      if (!copy(w, number, name)) return 0;
    } else if (!writer_file(w, name, src->text.s + x->start, x->len,
                            isscript ? S6RC_MODE_SCRIPT : S6RC_MODE_FILE))
      return 0;
    if (!strcmp(name, S6RC_TEMPLATE) && (!writer_mkdir(w, S6RC_INSTANCE) || !writer_mkdir(w, S6RC_INSTANCES)))
      return 0;
  }
  return 1;
}
