/* ISC license. */

#include <errno.h>
#include <string.h>

#include <skalibs/strerr.h>

#include <execline/execline.h>

#include <s6-rc/config.h>
#include <s6-rc/lock.h>

#include "../bundle/bundle.h"
#include "../cli/cli.h"

static cli_option const options[] = {
    {.letter = 'f', .name = "force", .help = "replace what exists, ignore what does not"},
    {.letter = 'l',
     .name = "livedir",
     .arg = "LIVE",
     .help = "change the database of LIVE (default " S6RC_LIVEDIR ")"},
    {.letter = 'c', .name = "compiled", .arg = "COMPILED", .help = "change database COMPILED"},
    CLI_OPTION_BLOCK,
    {.name = 0}};

static char const *const synopses[] = {
    "[ -f ] [ -l live | -c compiled ] [ -b ] add name contents...",
    "[ -f ] [ -l live | -c compiled ] [ -b ] delete name...",
    "[ -f ] [ -l live | -c compiled ] [ -b ] multiple { deleted... } name { contents... } ...", "help", 0};

enum command_e { HELP, ADD, DELETE, MULTIPLE };
static cli_command const commands[] = {
    [HELP] = {.name = "help", .operands = "", .help = "print this help"},
    [ADD] = {.name = "add", .operands = "NAME CONTENTS...", .help = "add bundle NAME"},
    [DELETE] = {.name = "delete", .operands = "BUNDLE...", .help = "delete bundles"},
    [MULTIPLE] = {.name = "multiple",
                  .operands = "{ DELETED... } NAME { CONTENTS... } ...",
                  .help = "delete bundles, then add others, all or nothing"},
    {.name = 0}};

static cli_tool const tool = {.name = "s6-rc-bundle",
                              .summary = "add bundles to a compiled database, or delete them",
                              .synopses = synopses,
                              .options = options,
                              .commands = commands};

static void check(bundle_change const *c, bundle_verdict v, char const *verb, char const *bundle,
                  char const *culprit, char const *dbpath)
{
  switch (v) {
    case BUNDLE_OK: return;
    case BUNDLE_ERROR:
      if (errno == EPROTO) cli_diedamaged(dbpath, "name resolution is damaged");
      strerr_diefusys(S6RC_EXIT_SYSTEM, verb, " bundle ", bundle);
    case BUNDLE_ILLEGAL:
      strerr_dief(S6RC_EXIT_USAGE, "not a name for a bundle: ", bundle,
                  " (no slash, no newline, no dot at the start, no prefix s6rc- or s6-rc-)");
    case BUNDLE_EXISTS:
      strerr_dief(S6RC_EXIT_FAILED, bundle, " exists already in ", dbpath, " (-f replaces a bundle)");
    case BUNDLE_UNKNOWN:
      strerr_dief(S6RC_EXIT_UNKNOWN, "unable to ", verb, " bundle ", bundle, ": no service or bundle named ",
                  culprit, " in ", dbpath, cli_suggestion(c->db, culprit));
    case BUNDLE_WRONGTYPE:
      strerr_dief(S6RC_EXIT_WRONGTYPE, "unable to ", verb, " ", bundle, ": it is a service, not a bundle");
  }
}

static void add(bundle_change *c, char const *name, char const *const *contents, size_t n, int force,
                char const *dbpath)
{
  char const *culprit;
  bundle_verdict v = bundle_add(c, name, contents, n, force, &culprit);
  check(c, v, "add", name, culprit, dbpath);
}

static void delete (bundle_change *c, char const *name, int force, char const *dbpath)
{
  check(c, bundle_delete(c, name, force), "delete", name, name, dbpath);
}

/* The words of the block that begins at *argv, which is moved behind it. */
static int block(char const **argv, int argc, int *at)
{
  int n = *at < argc ? el_semicolon(argv + *at) : 1;
  if (*at + n >= argc) cli_dieusage("a block does not end", 0);
  *at += n + 1;
  return n;
}

static void multiple(bundle_change *c, char const **argv, int argc, int force, char const *dbpath)
{
  int at = 0, n;
  n = block(argv, argc, &at);
  for (int i = 0; i < n; i++) delete (c, argv[i], force, dbpath);
  while (at < argc) {
    char const *name = argv[at++];
    int first = at;
    n = block(argv, argc, &at);
    add(c, name, argv + first, (size_t)n, force, dbpath);
  }
}

/* Opens the database and takes its lock. What was there before we had the lock
   may have been replaced, so it is read after that. */
static void open_locked(s6rc_db *db, char const *live, char const *compiled, int wait, char const **dbpath)
{
  s6rc_db before;
  *dbpath = compiled;
  if (compiled)
    cli_opendb(&before, compiled);
  else
    *dbpath = cli_openlivedb(&before, live);
  if (s6rc_lockat(before.fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE, wait) < 0) {
    if (errno == EBUSY) cli_diebusy(*dbpath, before.fd, S6RC_LOCK_FILE, S6RC_LOCK_EXCLUSIVE);
    strerr_diefusys(S6RC_EXIT_SYSTEM, "lock database ", *dbpath);
  }
  if (!s6rc_db_openat(db, before.fd, ".")) cli_dieopendb(*dbpath);
  s6rc_db_close(&before);
}

int main(int argc, char const **argv)
{
  char const *live = S6RC_LIVEDIR, *compiled = 0, *dbpath;
  cli_command const *command;
  bundle_change change;
  int force = 0, wait = 0, n = 0;
  s6rc_db db;
  cli_parser p;
  char c;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'f': force = 1; break;
      case 'l':
        live = p.arg;
        compiled = 0;
        break;
      case 'c': compiled = p.arg; break;
      case 'b': wait = 1; break;
    }
  if (!p.argv[0]) cli_dieusage("a command is missing", 0);
  command = cli_command_find(&tool, p.argv[0]);
  if (!command) cli_dieusage("unknown command: ", p.argv[0]);
  if (command == commands + HELP) {
    cli_help(&tool);
    return 0;
  }
  argv += p.argv + 1 - (char const *const *)argv;
  while (argv[n]) n++;
  if (!n) cli_dieusage("a name is missing", 0);

  (void)argc;
  open_locked(&db, live, compiled, wait, &dbpath);
  if (!bundle_begin(&change, &db)) {
    if (errno == EPROTO) cli_diedamaged(dbpath, "name resolution is damaged");
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read the bundles of ", dbpath);
  }
  if (command == commands + ADD)
    add(&change, argv[0], argv + 1, (size_t)n - 1, force, dbpath);
  else if (command == commands + DELETE)
    for (; *argv; argv++) delete (&change, *argv, force, dbpath);
  else
    multiple(&change, argv, n, force, dbpath);
  switch (bundle_commit(&change)) {
    case 0: strerr_diefusys(S6RC_EXIT_SYSTEM, "write " S6RC_RESOLVE_FILE " in database ", dbpath);
    case -1: strerr_diefusys(S6RC_EXIT_SYSTEM, "sync database ", dbpath, ", which is changed");
  }
  return 0;
}
