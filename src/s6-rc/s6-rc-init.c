/* ISC license. */

#include <stdlib.h>
#include <string.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>

#include <s6-rc/config.h>
#include <s6-rc/lock.h>

#include "../cli/cli.h"
#include "../init/init.h"

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
                                     CLI_OPTION_BLOCK,
                                     {.name = 0}};

static char const *const synopses[] = {
    "[ -c bootdb ] [ -l live ] [ -p prefix ] [ -t timeout ] [ -d ] [ -b ] scandir", 0};

static cli_tool const tool = {.name = "s6-rc-init",
                              .summary = "make a live directory and supervise its services, all down",
                              .synopses = synopses,
                              .options = options};

/* Linux file names end at 255; s6-svscan from s6 2.13 on takes 251 */
enum { SCANNAME_MAX = 251 };

static void read_names(init_run *o)
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

/* Without slashes at its end, unless it is nothing else. */
static char const *trim(char const *path)
{
  size_t len = strlen(path);
  char *s;
  if (len < 2 || path[len - 1] != '/') return path;
  s = strdup(path);
  if (!s) strerr_diefusys(S6RC_EXIT_SYSTEM, "read the command line");
  while (len > 1 && s[len - 1] == '/') s[--len] = 0;
  return s;
}

int main(int argc, char const *const *argv)
{
  init_run o = {.live = S6RC_LIVEDIR, .bootdb = S6RC_BOOTDB, .prefix = ""};
  int dereference = 0;
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
      case 'd': dereference = 1; break;
      case 'b': o.block = 1; break;
    }
  if (!p.argv[0] || p.argv[1]) cli_dieusage("exactly one scan directory is wanted", 0);
  o.scandir = trim(p.argv[0]);
  o.live = trim(o.live);
  if (o.scandir[0] != '/') cli_dieusage("not an absolute path: ", o.scandir);
  if (o.live[0] != '/') cli_dieusage("not an absolute path: ", o.live);
  if (!o.live[1]) cli_dieusage("this cannot be a live directory: ", o.live);
  if (o.bootdb[0] != '/' && !dereference) cli_dieusage("not an absolute path: ", o.bootdb);
  if (o.prefix[strcspn(o.prefix, "/\n")]) cli_dieusage("a prefix holds no slash and no newline: ", o.prefix);
  if (o.prefix[0] == '.')
    cli_dieusage("a prefix does not begin with a dot, s6-svscan would not look at the services: ", o.prefix);
  tain_add_g(&o.deadline, &tto);

  init_check_scandir(&o);
  if (dereference) {
    if (sarealpath(&real, o.bootdb) < 0 || !stralloc_0(&real))
      strerr_diefusys(S6RC_EXIT_SYSTEM, "find the real path of ", o.bootdb);
    o.bootdb = real.s;
  }
  cli_opendb(&o.db, o.bootdb);
  if (s6rc_db_lock(&o.db, o.block) == -1) cli_diebusy(o.bootdb, o.db.fd, S6RC_LOCK_FILE, S6RC_LOCK_SHARED);
  read_names(&o);
  init_make(&o);
  return 0;
}
