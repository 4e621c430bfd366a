/* ISC license. */

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/bytestr.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <s6/s6.h>

#include <s6-rc/path.h>

#include "init.h"

void init_check_scandir(init_run const *o)
{
  int r = s6_svc_writectl(o->scandir, S6_SVSCAN_CTLDIR, "", 0);
  if (r > 0) return;
  if (r == -1 && errno != ENOENT && errno != ENOTDIR)
    strerr_diefusys(S6RC_EXIT_SYSTEM, "look into scan directory ", o->scandir);
  strerr_dief(S6RC_EXIT_USAGE, "no s6-svscan is running on ", o->scandir, r == -1 ? ": " : "",
              r == -1 ? strerror(errno) : "");
}

/* Is the link at path one to a service of our live directory? */
static int is_ours(init_run const *o, char const *path)
{
  stralloc target = STRALLOC_ZERO;
  size_t len = strlen(o->live);
  int r = !sareadlink(&target, path) && stralloc_0(&target) && !strncmp(target.s, o->live, len) &&
          str_start(target.s + len, "/" S6RC_SERVICEDIRS "/");
  stralloc_free(&target);
  return r;
}

/* An entry that leads nowhere keeps newer s6-svscan from scanning at all. sweep:
   nothing of ours is supervised, so links to it are leftovers. */
void init_look_for_dangling(init_run const *o, int sweep)
{
  stralloc names = STRALLOC_ZERO, path = STRALLOC_ZERO;
  size_t max = 0;
  int n = sals(o->scandir, &names, &max);
  char const *s = names.s;
  for (int i = 0; i < n; i++, s += strlen(s) + 1) {
    struct stat st;
    if (s[0] == '.' || !s6rc_path_set(&path, o->scandir) || !s6rc_path_push(&path, s)) continue;
    if (sweep && is_ours(o, path.s)) {
      if (unlink(path.s) < 0 && errno != ENOENT)
        strerr_warnwusys("remove ", path.s, ", left by an earlier run");
    } else if (stat(path.s, &st) < 0 && errno == ENOENT && !lstat(path.s, &st))
      strerr_warnw(path.s, " is a dangling link: s6-svscan may not scan until it is removed");
  }
  stralloc_free(&names);
  stralloc_free(&path);
}
