/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>
#include <skalibs/unix-transactional.h>

#include <s6/s6.h>

#include <s6-rc/config.h>
#include <s6-rc/live.h>
#include <s6-rc/livedir.h>
#include <s6-rc/lock.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

#include "../cli/cli.h"

static cli_option const options[] = {{.letter = 'c',
                                      .name = "bootdb",
                                      .arg = "BOOTDB",
                                      .help = "the compiled database (default " S6RC_BOOTDB ")"},
                                     {.letter = 'l',
                                      .name = "livedir",
                                      .arg = "LIVE",
                                      .help = "make live directory LIVE (default " S6RC_LIVEDIR ")"},
                                     {.letter = 'p',
                                      .name = "prefix",
                                      .arg = "PREFIX",
                                      .help = "begin all names in the scan directory with PREFIX"},
                                     {.letter = 't',
                                      .name = "timeout",
                                      .arg = "MS",
                                      .help = "fail after so many milliseconds (default 0: never)"},
                                     {.letter = 'd',
                                      .name = "dereference",
                                      .help = "point to the database's real path, not to the name given"},
                                     {.letter = 'b',
                                      .name = "block",
                                      .help = "wait for a lock that another process holds"},
                                     {.name = 0}};

static char const *const synopses[] = {
    "[ -c bootdb ] [ -l live ] [ -p prefix ] [ -t timeout ] [ -d ] [ -b ] scandir", 0};

static cli_tool const tool = {.name = "s6-rc-init",
                              .summary = "make a live directory and supervise its services, all down",
                              .synopses = synopses,
                              .options = options};

/* Linux file names end at 255; s6-svscan from s6 2.13 on takes 251 */
enum { SCANNAME_MAX = 251 };
/* how long a failed start may take to take its supervisors down, in s */
enum { UNDO_SECONDS = 5 };

typedef struct init_s init;
struct init_s {
  char const *live;
  char const *bootdb; /* as the live directory will name it */
  char const *scandir;
  char const *prefix;
  int dereference;
  int block;
  tain deadline;
  s6rc_db db;
  char const **names; /* of the longruns */
};

static void check_scandir(init const *o)
{
  int r = s6_svc_writectl(o->scandir, S6_SVSCAN_CTLDIR, "", 0);
  if (r > 0) return;
  if (r == -1) strerr_diefusys(S6RC_EXIT_SYSTEM, "look into scan directory ", o->scandir);
  strerr_dief(S6RC_EXIT_USAGE, "no s6-svscan is running on ", o->scandir);
}

/* An entry that leads nowhere keeps newer s6-svscan from scanning at all. */
static void warn_dangling(init const *o)
{
  stralloc names = STRALLOC_ZERO, path = STRALLOC_ZERO;
  size_t max = 0;
  int n = sals(o->scandir, &names, &max);
  char const *s = names.s;
  for (int i = 0; i < n; i++, s += strlen(s) + 1) {
    struct stat st;
    if (s[0] == '.' || !s6rc_path_set(&path, o->scandir) || !s6rc_path_push(&path, s)) continue;
    if (stat(path.s, &st) < 0 && errno == ENOENT && !lstat(path.s, &st))
      strerr_warnw(path.s, " is a dangling link: s6-svscan may not scan until it is removed");
  }
  stralloc_free(&names);
  stralloc_free(&path);
}

static void read_names(init *o)
{
  size_t prefixlen = strlen(o->prefix);
  o->names = malloc(((size_t)o->db.nlongruns + 1) * sizeof(char const *));
  if (!o->names) strerr_diefusys(S6RC_EXIT_SYSTEM, "read the names of the services");
  for (uint32_t i = 0; i < o->db.nlongruns; i++) {
    s6rc_service sv;
    if (!s6rc_db_service(&o->db, i, &sv)) cli_diedamaged(o->bootdb, "a record is damaged");
    o->names[i] = sv.name;
    if (prefixlen + sv.namelen > SCANNAME_MAX)
      strerr_warnw("service ", sv.name, ": its name in the scan directory is longer than ",
                   "251 bytes: newer s6-svscan will not supervise it");
  }
}

static void still_missing(uint32_t missing, char const *name, void *data)
{
  char fmt[UINT32_FMT];
  fmt[uint32_fmt(fmt, missing)] = 0;
  strerr_warnw("still waiting for ", fmt, " supervisors, one of them that of ", name,
               ": is the limit of s6-svscan on ", ((init const *)data)->scandir,
               " high enough? (its options -c or -C)");
}

/* Puts all longruns of live directory path under supervision. */
static int supervise(init *o, char const *path, stralloc *where)
{
  s6rc_supervision s = {.live = o->live, .scandir = o->scandir, .prefix = o->prefix};
  int fd = open2(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int ok;
  s6rc_path_set(where, path);
  if (fd < 0) return 0;
  s.servicedirsfd = open2_at(fd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  fd_close(fd);
  if (s.servicedirsfd < 0) return 0;
  ok = s6rc_supervision_begin(&s, o->names, o->db.nlongruns, &o->deadline, &still_missing, o, where);
  if (!ok && errno != EBUSY) {
    tain undo;
    int e = errno;
    tain_addsec_g(&undo, UNDO_SECONDS);
    if (!s6rc_supervision_end(&s, o->names, o->db.nlongruns, &undo))
      strerr_warnwusys("take the supervisors in ", o->scandir, " down again");
    errno = e;
  }
  fd_close(s.servicedirsfd);
  return ok;
}

/* Is what the live directory says what we were asked for? */
static int has_link(char const *path, char const *name, char const *wanted)
{
  stralloc file = STRALLOC_ZERO, there = STRALLOC_ZERO;
  int r = s6rc_path_set(&file, path) && s6rc_path_push(&file, name) && !sareadlink(&there, file.s) &&
          stralloc_0(&there) && !strcmp(there.s, wanted);
  stralloc_free(&file);
  stralloc_free(&there);
  return r;
}

static int has_prefix(char const *path, char const *wanted)
{
  stralloc file = STRALLOC_ZERO, there = STRALLOC_ZERO;
  int r = s6rc_path_set(&file, path) && s6rc_path_push(&file, S6RC_LIVE_PREFIX) &&
          openslurpclose(&there, file.s) && stralloc_0(&there) && !strcmp(there.s, wanted);
  stralloc_free(&file);
  stralloc_free(&there);
  return r;
}

static void check_same(init const *o, char const *path)
{
  char const *what = !has_link(path, S6RC_LIVE_SCANDIR, o->scandir)   ? "scan directory"
                     : !has_prefix(path, o->prefix)                   ? "prefix"
                     : !has_link(path, S6RC_LIVE_COMPILED, o->bootdb) ? "database"
                                                                      : 0;
  if (what)
    strerr_dief(S6RC_EXIT_DIFFERS, "live directory ", o->live, " is in use (", path, ") with another ", what);
}

/* A supervised live directory made for our name: finish what may have been
   left undone, and be content. */
static void adopt(init *o, char const *path)
{
  stralloc where = STRALLOC_ZERO;
  int fd, lockfd;
  check_same(o, path);
  fd = open2(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "open ", path);
  lockfd = s6rc_lockat(fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, o->block);
  if (lockfd < 0 && errno == EBUSY) cli_diebusy(o->live, fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE);
  if (lockfd < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "lock ", path);
  if (!s6rc_livedir_publish(o->live, path)) strerr_diefusys(S6RC_EXIT_SYSTEM, "make link ", o->live);
  if (!supervise(o, path, &where))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "supervise the services in ", path, ": ", where.s);
  strerr_warni("live directory ", o->live, " is in use already");
  _exit(0);
}

/* What is beside the live name: adopts what is supervised, sweeps what is not. */
static void look_around(init *o)
{
  stralloc paths = STRALLOC_ZERO;
  struct stat st;
  int n;
  char const *s;
  if (!lstat(o->live, &st) && !S_ISLNK(st.st_mode))
    strerr_dief(S6RC_EXIT_SYSTEM, o->live,
                " exists and is no symbolic link: the live directory is a link to a directory beside it, so "
                "it cannot "
                "be a directory, a mount point least of all (try a name below it)");
  n = s6rc_livedir_list(o->live, &paths);
  if (n < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "read the directory of ", o->live);
  s = paths.s;
  for (int i = 0; i < n; i++, s += strlen(s) + 1) {
    int fd = open2(s, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    int r = fd < 0 ? -1 : s6rc_livedir_supervised(fd);
    if (fd >= 0) fd_close(fd);
    if (r > 0) adopt(o, s);
    if (r < 0 || s6rc_livedir_sweep(s) < 0) strerr_warnwusys("remove ", s, ", left by an earlier run");
  }
  stralloc_free(&paths);
}

static void make(init *o)
{
  stralloc path = STRALLOC_ZERO, where = STRALLOC_ZERO;
  int fd, lockfd;
  if (!s6rc_livedir_create(o->live, S6RC_LIVE_TAG_INIT, &path, &lockfd))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "make a directory for ", o->live);
  fd = open2(path.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || !s6rc_livedir_fill(fd, &o->db, o->bootdb, o->scandir, o->prefix, &where)) {
    int e = errno;
    s6rc_treeremoveat(AT_FDCWD, path.s);
    errno = e;
    if (e == EPROTO) cli_diedamaged(o->bootdb, where.s);
    strerr_diefusys(S6RC_EXIT_SYSTEM, "fill ", path.s, ": ", where.s);
  }
  close(fd);
  if (s6rc_livedir_publish(o->live, path.s) && supervise(o, path.s, &where)) return;
  int e = errno;
  if (has_link(o->live, S6RC_LIVE_COMPILED, o->bootdb)) unlink(o->live);
  s6rc_treeremoveat(AT_FDCWD, path.s);
  errno = e;
  if (e == ETIMEDOUT)
    strerr_dief(S6RC_EXIT_SYSTEM, "timed out waiting for the supervisor of ", where.s,
                ": is the limit of s6-svscan on ", o->scandir, " high enough? (its options -c or -C)");
  strerr_diefusys(S6RC_EXIT_SYSTEM, "supervise the services in ", path.s, where.len ? ": " : "",
                  where.len ? where.s : "");
}

int main(int argc, char const *const *argv)
{
  init o = {.live = S6RC_LIVEDIR, .bootdb = S6RC_BOOTDB, .prefix = ""};
  stralloc real = STRALLOC_ZERO;
  tain tto = tain_infinite_relative;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'c': o.bootdb = p.arg; break;
      case 'l': o.live = p.arg; break;
      case 'p': o.prefix = p.arg; break;
      case 't': cli_ms(&p, &tto); break;
      case 'd': o.dereference = 1; break;
      case 'b': o.block = 1; break;
    }
  if (!p.argv[0] || p.argv[1]) cli_dieusage("exactly one scan directory is wanted", 0);
  o.scandir = p.argv[0];
  if (o.scandir[0] != '/') cli_dieusage("not an absolute path: ", o.scandir);
  if (o.live[0] != '/') cli_dieusage("not an absolute path: ", o.live);
  if (o.bootdb[0] != '/' && !o.dereference) cli_dieusage("not an absolute path: ", o.bootdb);
  if (o.prefix[strcspn(o.prefix, "/\n")]) cli_dieusage("a prefix holds no slash and no newline: ", o.prefix);
  tain_add_g(&o.deadline, &tto);

  check_scandir(&o);
  if (o.dereference) {
    if (sarealpath(&real, o.bootdb) < 0 || !stralloc_0(&real))
      strerr_diefusys(S6RC_EXIT_SYSTEM, "find the real path of ", o.bootdb);
    o.bootdb = real.s;
  }
  cli_opendb(&o.db, o.bootdb);
  if (s6rc_db_lock(&o.db, o.block) == -1) cli_diebusy(o.bootdb, o.db.fd, S6RC_LOCK_FILE, S6RC_LOCK_SHARED);
  read_names(&o);
  warn_dangling(&o);
  look_around(&o);
  make(&o);
  return 0;
}
