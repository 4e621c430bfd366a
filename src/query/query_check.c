/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

#include "query.h"

static void die_damaged(query const *q, char const *file, char const *what,
                        char const *name) gccattr_noreturn;
static void die_damaged(query const *q, char const *file, char const *what, char const *name)
{
  strerr_dief(S6RC_EXIT_DAMAGED, q->path, "/", file, " is damaged: ", what, name ? ": " : "",
              name ? name : "", " (compile the database again)");
}

static void die_system(query const *q) gccattr_noreturn;
static void die_system(query const *q)
{
  strerr_diefusys(S6RC_EXIT_SYSTEM, "check ", q->path);
}

/* Is there something for s6-supervise to run? */
static int has_run(query const *q, s6rc_service const *sv, stralloc *path)
{
  struct stat st;
  if (!s6rc_path_set(path, S6RC_SERVICEDIRS) || !s6rc_path_pushb(path, sv->name, sv->namelen) ||
      !s6rc_path_push(path, S6RC_RUN))
    die_system(q);
  if (!fstatat(q->db.fd, path->s, &st, 0)) return S_ISREG(st.st_mode) && st.st_mode & S_IXUSR;
  if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
    strerr_diefusys(S6RC_EXIT_SYSTEM, "look at ", q->path, "/", path->s);
  return 0;
}

/* The service directories are there: all, or none but the generated two,
   because a set's reference, which is only asked, has no others. */
static void check_servicedirs(query const *q)
{
  stralloc path = STRALLOC_ZERO;
  s6rc_service sv, lacking = {.name = 0};
  uint32_t n = 0;
  for (uint32_t i = 0; i < q->db.nlongruns; i++) {
    if (!s6rc_db_service(&q->db, i, &sv)) query_die(q);
    if (has_run(q, &sv, &path))
      n++;
    else if (!lacking.name)
      lacking = sv;
  }
  if (lacking.name && (n != S6RC_NGENERATED || lacking.number < S6RC_NGENERATED))
    die_damaged(q, S6RC_SERVICEDIRS, "no run that can be executed", lacking.name);
  stralloc_free(&path);
}

void query_check(query const *q, char const *const *operands)
{
  s6rc_damage damage = {.what = 0};
  (void)operands;
  if (!s6rc_db_check(&q->db, &damage)) {
    if (errno == EPROTO) die_damaged(q, damage.file, damage.what, damage.name);
    die_system(q);
  }
  check_servicedirs(q);
}
