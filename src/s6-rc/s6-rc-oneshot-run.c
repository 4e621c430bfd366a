/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include <skalibs/djbunix.h>
#include <skalibs/exec.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <s6-rc/config.h>
#include <s6-rc/live.h>

#include "../cli/cli.h"
#include "../runner/runner.h"

/* in the runner's service directory, see runner_serve */
#define LOCKFILE "lock"
#define NOTES    "running"

static cli_option const options[] = {CLI_OPTION_LIVEDIR,
                                     {.letter = 'b',
                                      .name = "block",
                                      .help = "accepted; no lock here is held for long"},
                                     {.name = 0}};

static cli_command const commands[] = {
    {.name = "up", .operands = "NUMBER", .help = "exec the up script of oneshot NUMBER"},
    {.name = "down", .operands = "NUMBER", .help = "exec its down script"},
    {.name = "reload", .operands = "NUMBER", .help = "exec its reload script"},
    {.name = "serve",
     .operands = "",
     .help = "run scripts for the s6-rc that is connected to stdin and stdout"},
    {.name = 0}};

static char const *const synopses[] = {"[ -l live ] [ -b ] up|down|reload number", "[ -l live ] [ -b ] serve",
                                       0};

static cli_tool const tool = {.name = "s6-rc-oneshot-run",
                              .summary = "execute a oneshot's script out of the live database",
                              .synopses = synopses,
                              .options = options,
                              .commands = commands};

static void exec_script(char const *live, unsigned int which, char const *arg)
{
  s6rc_db db;
  s6rc_service sv;
  uint32_t number;
  char const **argv;
  char **env;
  int fd;
  if (!uint320_scan(arg, &number)) cli_dieusage("not a service number: ", arg);
  fd = openat(AT_FDCWD, live, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "open live directory ", live);
  if (!s6rc_db_openat(&db, fd, S6RC_LIVE_COMPILED)) cli_dieopendb(live);
  if (number < db.nlongruns || number >= s6rc_db_n(&db))
    strerr_dief(S6RC_EXIT_UNKNOWN, arg, " is not the number of a oneshot in the database of ", live);
  if (!s6rc_db_service(&db, number, &sv)) cli_diedamaged(live, "a record is damaged");
  if (!sv.script[which].argc) _exit(0);
  argv = runner_argv(&sv.script[which]);
  env = runner_environment(sv.name);
  if (!argv || !env) strerr_diefusys(S6RC_EXIT_SYSTEM, "prepare the script of ", sv.name);
  exec_ae(argv[0], argv, (char const *const *)env);
  strerr_diefusys(errno == ENOENT ? S6RC_EXIT_NOTFOUND : S6RC_EXIT_NOTEXECUTABLE, "execute ", argv[0],
                  " for service ", sv.name);
}

int main(int argc, char const *const *argv)
{
  cli_parser p;
  cli_command const *command;
  char const *live = S6RC_LIVEDIR;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p)))
    if (c == 'l') live = p.arg;
  if (!p.argv[0]) cli_dieusage("a command is missing", 0);
  command = cli_command_find(&tool, p.argv[0]);
  if (!command) cli_dieusage("unknown command: ", p.argv[0]);
  if (!!*command->operands != !!p.argv[1] || (p.argv[1] && p.argv[2]))
    cli_dieusage("wrong number of operands", 0);
  /* the scripts stand in the table in the order of s6rc_script_e */
  if (p.argv[1]) exec_script(live, (unsigned int)(command - commands), p.argv[1]);
  if (!runner_serve(live, LOCKFILE, NOTES)) strerr_diefusys(S6RC_EXIT_SYSTEM, "serve a client");
  return 0;
}
