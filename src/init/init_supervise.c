/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/unix-transactional.h>

#include <s6-rc/livedir.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

#include "../cli/cli.h"
#include "init.h"

/* between attempts to remove what supervisors still work in */
enum { PAUSE_MS = 20 };

static void still_missing(uint32_t missing, char const *name, void *data)
{
  cli_say_missing(missing, name, ((init_run const *)data)->scandir);
}

static int open_supervision(init_run const *o, char const *path, s6rc_supervision *s)
{
  int fd = open2(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return 0;
  *s =
      (s6rc_supervision){.live = o->live,
                         .scandir = o->scandir,
                         .prefix = o->prefix,
                         .servicedirsfd = open2_at(fd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  fd_close(fd);
  return s->servicedirsfd >= 0;
}

int init_supervise(init_run *o, char const *path, stralloc *where)
{
  s6rc_supervision s;
  int ok;
  s6rc_path_set(where, path);
  if (!open_supervision(o, path, &s)) return 0;
  ok = s6rc_supervision_begin(&s, o->names, o->db.nlongruns, &o->deadline, &still_missing, o, where);
  fd_close(s.servicedirsfd);
  return ok;
}

int init_try_again(tain const *limit)
{
  tain pause;
  int e = errno;
  if ((e != ENOTEMPTY && e != EEXIST && e != EBUSY) || !tain_future(limit)) return 0;
  tain_from_millisecs(&pause, PAUSE_MS);
  tain_add_g(&pause, &pause);
  iopause_g(0, 0, &pause);
  return 1;
}

void init_undo(init_run const *o, char const *path)
{
  s6rc_supervision s;
  tain limit;
  int e = errno;
  tain_addsec_g(&limit, INIT_UNDO_SECONDS);
  if (s6rc_livedir_published(o->live, path)) {
    if (open_supervision(o, path, &s)) {
      for (uint32_t i = 0; i < o->db.nlongruns; i++)
        if (!s6rc_supervision_unlink(&s, o->names[i]))
          strerr_warnwusys("remove the link of ", o->names[i], " from ", o->scandir);
      if (!s6rc_supervision_end(&s, o->names, o->db.nlongruns, &limit))
        strerr_warnwusys("take the supervisors in ", o->scandir, " down again");
      close(s.servicedirsfd);
    }
    if (unlink(o->live) < 0) strerr_warnwusys("remove link ", o->live);
  }
  while (!s6rc_treeremoveat(AT_FDCWD, path))
    if (!init_try_again(&limit)) {
      strerr_warnwusys("remove ", path);
      break;
    }
  errno = e;
}

void init_die_supervise(init_run const *o, char const *path, char const *where)
{
  if (errno == ETIMEDOUT)
    strerr_dief(S6RC_EXIT_SYSTEM, "timed out waiting for the supervisor of ", where,
                CLI_SVSCAN_LIMIT(o->scandir));
  strerr_diefusys(S6RC_EXIT_SYSTEM, "supervise the services in ", path, ": ", where);
}
