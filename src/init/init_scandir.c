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
#include <s6-rc/trust.h>

#include "../cli/cli.h"
#include "init.h"

void init_check_scandir(init_run const *o)
{
  int fd = s6rc_open_trusted(o->scandir), r;
  if (fd < 0 && errno == EPERM) cli_dieuntrusted("scan directory ", o->scandir);
  if (fd >= 0) fd_close(fd);
  r = s6_svc_writectl(o->scandir, S6_SVSCAN_CTLDIR, "", 0);
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

/* Calls f for each entry of the scan directory that s6-svscan looks at, and adds
   up what it returns. */
static int for_each_entry(init_run const *o, int (*f)(init_run const *, char const *))
{
  stralloc names = STRALLOC_ZERO, path = STRALLOC_ZERO;
  size_t max = 0;
  int n = sals(o->scandir, &names, &max), sum = 0;
  char const *s = names.s;
  if (n < 0) strerr_warnwusys("read scan directory ", o->scandir);
  for (int i = 0; i < n; i++, s += strlen(s) + 1)
    if (s[0] != '.' && s6rc_path_set(&path, o->scandir) && s6rc_path_push(&path, s)) sum += (*f)(o, path.s);
  stralloc_free(&names);
  stralloc_free(&path);
  return sum;
}

/* An entry that leads nowhere keeps newer s6-svscan from scanning at all. */
static int warn_if_dangling(init_run const *o, char const *path)
{
  struct stat st;
  (void)o;
  if (!stat(path, &st) || errno != ENOENT || lstat(path, &st) < 0) return 0;
  strerr_warnw(path, " is a dangling link: s6-svscan may not scan until it is removed");
  return 1;
}

void init_warn_dangling(init_run const *o)
{
  for_each_entry(o, &warn_if_dangling);
}

/* Nothing of ours is supervised: links to it are leftovers. */
static int unlink_if_ours(init_run const *o, char const *path)
{
  if (!is_ours(o, path)) return 0;
  if (unlink(path) < 0 && errno != ENOENT) strerr_warnwusys("remove ", path, ", left by an earlier run");
  return 1;
}

/* An s6-svscan that was told to scan by a run that was killed may be about to
   start supervisors: it has to end them again, before it gets other ones. */
void init_sweep_links(init_run const *o)
{
  if (for_each_entry(o, &unlink_if_ours) && s6_svc_writectl(o->scandir, S6_SVSCAN_CTLDIR, "an", 2) <= 0)
    strerr_warnwusys("tell s6-svscan on ", o->scandir);
}
