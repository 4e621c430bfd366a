/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/buffer.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <s6-rc/config.h>
#include <s6-rc/livedir.h>
#include <s6-rc/lock.h>
#include <s6-rc/servicedir.h>

#include "../cli/cli.h"
#include "../rc/rc.h"
#include "../update/update.h"

static cli_option const options[] = {
    {.letter = 'n', .name = "dry-run", .help = "print what would be run, change nothing"},
    {.letter = 'v',
     .name = "verbosity",
     .arg = "N",
     .help = "0 errors, 1 warnings, 2 each step and reason (default 1)"},
    {.letter = 't',
     .name = "timeout",
     .arg = "MS",
     .help = "stop waiting after MS milliseconds (default 0: never)"},
    {.letter = 'l',
     .name = "livedir",
     .arg = "LIVE",
     .help = "the live directory (default " S6RC_LIVEDIR ")"},
    {.letter = 'f',
     .name = "conversion-file",
     .arg = "FILE",
     .help = "what becomes of renamed or restarting services"},
    {.letter = 'E', .name = "no-force-essentials", .help = "never stop an essential service (default)"},
    {.letter = 'e', .name = "force-essentials", .help = "stop and restart essential services like others"},
    {.letter = 'b', .name = "block", .help = "wait for a lock that another process holds"},
    {.name = 0}};

static char const *const synopses[] = {
    "[ -n ] [ -v verbosity ] [ -t timeout ] [ -l live ] [ -f convfile ] [ -E | -e ] [ -b ] newdb", 0};

static cli_tool const tool = {.name = "s6-rc-update",
                              .summary = "switch a live directory to another compiled database",
                              .synopses = synopses,
                              .options = options};

typedef struct updater_s updater;
struct updater_s {
  rc rc;
  char const *newpath;
  char const *convfile;
  s6rc_db newdb;
  update_conversions conversions;
  update_plan plan;
  update_context context;
};

static void read_conversions(updater *u)
{
  stralloc text = STRALLOC_ZERO;
  update_mistake const *m;
  size_t n;
  if (u->convfile && (!openslurpclose(&text, u->convfile) || !stralloc_0(&text)))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read conversion file ", u->convfile);
  if (u->convfile && strlen(text.s) + 1 != text.len)
    strerr_dief(S6RC_EXIT_USAGE, "conversion file ", u->convfile, " is not a text: it has a NUL byte");
  if (!update_conversions_read(&u->conversions, text.s, &u->rc.live.db, &u->newdb)) {
    if (errno == EPROTO) cli_diedamaged(u->newpath, "this one, or the live one");
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read conversion file ", u->convfile ? u->convfile : "");
  }
  stralloc_free(&text);
  m = genalloc_s(update_mistake, &u->conversions.mistakes);
  n = genalloc_len(update_mistake, &u->conversions.mistakes);
  for (size_t i = 0; i < n; i++) {
    char line[UINT32_FMT];
    line[uint32_fmt(line, m[i].line)] = 0;
    strerr_warn(PROG, ": fatal: ", u->convfile, ":", line, ": ", u->conversions.texts.s + m[i].text);
  }
  if (n) _exit(m[0].code);
}

static void make_plan(updater *u, int force)
{
  stralloc text = STRALLOC_ZERO;
  s6rc_service sv;
  if (!update_plan_make(&u->plan, &u->rc.live.db, &u->newdb, u->rc.live.state, &u->conversions, force) ||
      (u->rc.verbosity >= 2 && !update_plan_print(&text, &u->plan, &u->rc.live.db, &u->newdb))) {
    if (errno == EPROTO) cli_diedamaged(u->newpath, "this one, or the live one");
    strerr_diefusys(S6RC_EXIT_SYSTEM, "make a plan");
  }
  for (size_t at = 0, end; at < text.len; at = end + 1) {
    for (end = at; text.s[end] != '\n';) end++;
    text.s[end] = 0;
    strerr_warni(text.s + at);
  }
  stralloc_free(&text);
  for (uint32_t i = 0; u->rc.verbosity && i < u->plan.nold; i++) {
    update_old const *o = u->plan.olds + i;
    if (!o->up || o->stops || o->fate == UPDATE_STAYS || o->to == S6RC_NONE) continue;
    if (s6rc_db_service(&u->rc.live.db, i, &sv))
      strerr_warnw("service ", sv.name,
                   " is essential, or needed by one that is: left running, although it would ",
                   "have to restart (-e restarts it)");
  }
  if (u->plan.refused == S6RC_NONE) return;
  if (!s6rc_db_service(&u->rc.live.db, u->plan.refused, &sv)) rc_die_damaged(&u->rc);
  strerr_dief(UPDATE_EXIT_NOTSTOPPED, "service ", sv.name, " is essential, or needed by one that is, and ",
              u->newpath, " does not have it as what it is: nothing changed (-e stops it)");
}

/* Generations are named after the public name: no slash may follow it. */
static void strip_slashes(char const **path)
{
  static stralloc sa = STRALLOC_ZERO;
  size_t len = strlen(*path);
  while (len > 1 && (*path)[len - 1] == '/') len--;
  if (!(*path)[len]) return;
  if (!stralloc_catb(&sa, *path, len) || !stralloc_0(&sa)) strerr_diefusys(S6RC_EXIT_SYSTEM, "copy a path");
  *path = sa.s;
}

static void put(char const *s)
{
  if (buffer_puts(buffer_1, s) < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
}

/* As a shell would read it. */
static void put_word(char const *s)
{
  static char const plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,";
  put(" ");
  if (*s && !s[strspn(s, plain)]) {
    put(s);
    return;
  }
  put("'");
  for (; *s; s++) {
    char const c[2] = {*s, 0};
    put(*s == '\'' ? "'\\''" : c);
  }
  put("'");
}

static void put_start(updater const *u, char const *down)
{
  put("s6-rc -l");
  put_word(u->rc.livepath);
  put(down);
  put(" -- change");
}

static int print_commands(updater *u, int force)
{
  s6rc_service sv;
  put_start(u, force ? " -D" : " -d");
  for (uint32_t i = 0; i < u->plan.nold; i++)
    if (u->plan.olds[i].stops && s6rc_db_service(&u->rc.live.db, i, &sv)) put_word(sv.name);
  put("\n");
  put_start(u, " -u");
  for (uint32_t j = 0; j < u->plan.nnew; j++)
    if (u->plan.news[j].start != UPDATE_LEFT && s6rc_db_service(&u->newdb, j, &sv)) put_word(sv.name);
  put("\n");
  cli_flush();
  return 0;
}

/* The old database's part. On failure the live directory stays what it is. */
static engine_result stop_services(updater *u)
{
  engine_plan plan;
  engine_result r;
  unsigned char *mark = u->rc.mark;
  for (uint32_t i = 0; i < u->plan.nold; i++) mark[i] = u->plan.olds[i].stops ? RC_CLOSURE : 0;
  if (!engine_plan_make(&plan, &u->rc.live.db, u->rc.live.state, mark, RC_CLOSURE, S6RC_DOWN))
    return ENGINE_SYSTEM;
  r = rc_carry_out(&u->rc, &plan);
  engine_plan_free(&plan);
  return r;
}

static void die_step(updater *u, char const *what)
{
  strerr_diefusys(S6RC_EXIT_SYSTEM, what, u->context.where.len ? ": " : "",
                  u->context.where.len ? u->context.where.s : "");
}

/* Everything up to the switch: what fails here is as if it had never been. */
static void prepare(updater *u, stralloc *path, int *lockfd)
{
  engine_result r;
  if (!update_announce(&u->context, &u->plan, u->rc.live.fd, u->rc.live.state)) {
    int e = errno;
    update_forget(u->rc.live.fd);
    errno = e;
    die_step(u, "note in the live directory that an update begins");
  }
  if (!update_build(&u->context, &u->plan, u->rc.live.fd, &u->rc.live.db, &u->newdb, u->newpath, path,
                    lockfd)) {
    int e = errno;
    update_forget(u->rc.live.fd);
    errno = e;
    die_step(u, "build a live directory for the new database");
  }
  r = stop_services(u);
  if (r == ENGINE_OK) return;
  int e = errno;
  if (!s6rc_treeremoveat(AT_FDCWD, path->s) || !update_forget(u->rc.live.fd))
    strerr_warnwusys("remove ", path->s, " (the next s6-rc will do it)");
  errno = e;
  if (r == ENGINE_SYSTEM) die_step(u, "stop services");
  strerr_dief(r == ENGINE_TIMEOUT ? UPDATE_EXIT_STOPTIMEOUT : UPDATE_EXIT_NOTSTOPPED,
              "not switched: the live database is still the old one");
}

static int update(updater *u)
{
  stralloc path = STRALLOC_ZERO;
  engine_result r = ENGINE_OK;
  int lockfd, fd;
  prepare(u, &path, &lockfd);
  fd = open2(path.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0 && !update_records(&u->plan, u->rc.live.fd, fd) && u->rc.verbosity)
    strerr_warnwusys("keep the records of transitions");
  if (fd < 0 || !s6rc_livedir_publish(u->rc.livepath, path.s)) {
    int e = errno;
    update_phase undo = update_find(u->rc.live.fd);
    if (!update_recover(&u->context, undo, u->rc.live.fd, &u->rc.live.db, &r))
      strerr_warnwusys("undo what was done (the next s6-rc will do it)");
    errno = e;
    die_step(u, "switch the live directory to the new database");
  }
  /* switched: from here on it is only forward, by us or by the next one */
  if (!update_recover(&u->context, UPDATE_AFTER_SWITCH, fd, &u->newdb, &r))
    die_step(u, "complete the update (the live directory has the new database; the next s6-rc goes on)");
  return rc_exit_code(r);
}

int main(int argc, char const *const *argv)
{
  updater u = {.rc = {.livepath = S6RC_LIVEDIR,
                      .verbosity = 1,
                      .limit = tain_infinite_relative,
                      .live = S6RC_LIVE_ZERO},
               .newdb = S6RC_DB_ZERO,
               .conversions = UPDATE_CONVERSIONS_ZERO,
               .plan = UPDATE_PLAN_ZERO};
  int force = 0, dryrun = 0;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'n': dryrun = 1; break;
      case 'v': u.rc.verbosity = cli_uint(&p); break;
      case 't':
        u.rc.timeout = cli_uint(&p);
        cli_ms(&p, &u.rc.limit);
        break;
      case 'l': u.rc.livepath = p.arg; break;
      case 'f': u.convfile = p.arg; break;
      case 'e':
      case 'E': force = c == 'e'; break;
      case 'b': u.rc.wait.block = 1; break;
    }
  if (!p.argv[0] || p.argv[1]) cli_dieusage("exactly one database is wanted", 0);
  u.newpath = p.argv[0];
  if (u.newpath[0] != '/') cli_dieusage("not an absolute path: ", u.newpath);
  if (u.rc.livepath[0] != '/') cli_dieusage("not an absolute path: ", u.rc.livepath);

  strip_slashes(&u.rc.livepath);
  if (dryrun)
    rc_open(&u.rc);
  else
    rc_open_locked(&u.rc);
  rc_select(&u.rc, (char const *const[]){0});
  cli_opendb(&u.newdb, u.newpath);
  if (!dryrun) cli_lock_db(&u.newdb, u.newpath, &u.rc.wait);
  read_conversions(&u);
  make_plan(&u, force);
  if (dryrun) return print_commands(&u, force);
  rc_start_clock(&u.rc);
  u.context = (update_context){.live = u.rc.livepath,
                               .deadline = u.rc.deadline,
                               .where = STRALLOC_ZERO,
                               .carry_out = &rc_carry_out_update,
                               .data = &u.rc};
  return update(&u);
}
