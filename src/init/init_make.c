/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <s6-rc/livedir.h>
#include <s6-rc/lock.h>

#include "../cli/cli.h"
#include "init.h"

/* Of two runs that start together each may look around before the other one
   is there. So: is anybody else here, now that we are? */
static int is_alone(init_run const *o, char const *path)
{
  stralloc paths = STRALLOC_ZERO;
  int n = s6rc_livedir_list(o->live, &paths), alone = 1;
  char const *s = paths.s;
  for (int i = 0; alone && i < n; i++, s += strlen(s) + 1) {
    int fd = strcmp(s, path) ? open2(s, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0) continue;
    alone = !s6rc_lock_holder(fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE);
    close(fd);
  }
  stralloc_free(&paths);
  return alone;
}

void init_make(init_run *o)
{
  stralloc path = STRALLOC_ZERO, where = STRALLOC_ZERO;
  int fd, lockfd, ok;
  for (;;) {
    init_look_around(o);
    if (!s6rc_livedir_create(o->live, S6RC_LIVE_TAG_INIT, &path, &lockfd))
      strerr_diefusys(S6RC_EXIT_SYSTEM, "make a directory for ", o->live);
    if (is_alone(o, path.s)) break;
    init_undo(o, path.s);
    close(lockfd);
  }
  init_sweep_links(o);
  init_warn_dangling(o);
  fd = open2(path.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  ok = fd >= 0 && s6rc_livedir_fill(fd, &o->db, o->bootdb, o->scandir, o->prefix, &where);
  if (fd >= 0) fd_close(fd); /* removing may need it */
  if (!ok) {
    init_undo(o, path.s);
    if (errno == EPROTO) cli_diedamaged(o->bootdb, where.s);
    strerr_diefusys(S6RC_EXIT_SYSTEM, "fill ", path.s, where.len ? ": " : "", where.len ? where.s : "");
  }
  if (!s6rc_livedir_publish(o->live, path.s)) {
    init_undo(o, path.s);
    strerr_diefusys(S6RC_EXIT_SYSTEM, "make link ", o->live);
  }
  if (init_supervise(o, path.s, &where)) return;
  init_undo(o, path.s);
  init_die_supervise(o, path.s, where.s);
}
