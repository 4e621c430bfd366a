/* ISC license. */

#include <errno.h>
#include <fcntl.h>

#include <skalibs/buffer.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/tai.h>
#include <skalibs/unix-transactional.h>

#include <s6-rc/config.h>

#include "../cli/cli.h"
#include "../rc/rc.h"
#include "../report/report.h"

static cli_option const options[] = {
    {.letter = 'v',
     .name = "verbosity",
     .arg = "N",
     .help = "0 errors, 1 warnings, 2 each transition (default 1)"},
    {.letter = 'n',
     .name = "dry-run",
     .arg = "MS",
     .help = "run no command, print it; each takes MS milliseconds"},
    {.letter = 't',
     .name = "timeout",
     .arg = "MS",
     .help = "stop waiting after MS milliseconds (default 0: never)"},
    CLI_OPTION_LIVEDIR,
    CLI_OPTION_BLOCK,
    {.letter = 'w',
     .name = "wait",
     .arg = "MS",
     .help = "the same, MS milliseconds at most (0: as long as it takes)"},
    {.letter = 'u', .name = "up", .help = "up (default)"},
    {.letter = 'd', .name = "down", .help = "down; essential services stay up"},
    {.letter = 'D', .name = "all-down", .help = "down, essential services too; in lists: -d -e"},
    {.letter = 'p', .name = "prune", .help = "bring all other services to the opposite state"},
    {.letter = 'a', .name = "add", .help = "add all services that are up to the selection"},
    {.letter = 'E', .name = "with-essentials", .help = "list essential services too (default)"},
    {.letter = 'e', .name = "without-essentials", .help = "leave essential services out of lists"},
    {.name = 0}};

static char const *const synopses[] = {
    "[ -v verbosity ] [ -n dryrunthrottle ] [ -t timeout ] [ -l live ] [ -b ] [ -w lockwait ] "
    "[ -u | -d | -D ] [ -p ] [ -a ] [ -E | -e ] command [ servicenames... ]",
    0};

enum command_e { HELP, LIST, LISTALL, DIFF, CHANGE, START, STOP, RESTART, RELOAD };
static cli_command const commands[] = {
    [HELP] = {.name = "help", .operands = "", .help = "print this help"},
    [LIST] = {.name = "list",
              .operands = "[NAME...]",
              .help = "print the selection; with -d, everything else"},
    [LISTALL] = {.name = "listall",
                 .operands = "[NAME...]",
                 .help = "print the selection and all that it needs"},
    [DIFF] = {.name = "diff",
              .operands = "",
              .help = "print where s6 and the live state differ; exit 1 if they do"},
    [CHANGE] = {.name = "change", .operands = "[NAME...]", .help = "bring the selection up (-d, -D: down)"},
    [START] = {.name = "start", .operands = "[NAME...]", .help = "-u change, without -p"},
    [STOP] = {.name = "stop", .operands = "[NAME...]", .help = "-d change, without -p"},
    [RESTART] = {.name = "restart",
                 .operands = "[NAME...]",
                 .help = "stop the selection and what needs it, start again what was up"},
    [RELOAD] = {.name = "reload",
                .operands = "NAME...",
                .help = "have services that are up read their settings again"},
    {.name = 0}};

static cli_tool const tool = {.name = "s6-rc",
                              .summary = "list and change the live state",
                              .synopses = synopses,
                              .options = options,
                              .commands = commands};

static int list(rc *o, char const *const *names, int closed)
{
  int others = !closed && o->dir == S6RC_DOWN;
  rc_open(o);
  rc_select(o, names);
  if (closed) rc_close_marks(o, o->dir, RC_CLOSURE);
  if (!report_marked(&o->live.db, o->mark, closed ? RC_CLOSURE : RC_SELECTED, others, o->withoutessentials)) {
    if (errno == EPROTO) rc_die_damaged(o);
    strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
  }
  cli_flush();
  return 0;
}

static int diff(rc *o)
{
  stralloc text = STRALLOC_ZERO;
  char const *failed = 0;
  int n;
  for (;;) {
    rc_open(o);
    int fd = open2_at(o->live.fd, S6RC_SERVICEDIRS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    n = fd < 0 ? -1 : report_diff(&text, &o->live.db, o->live.state, fd, &failed);
    if (fd >= 0) fd_close(fd);
    int e = errno;
    if (!s6rc_live_moved(&o->live, o->livepath)) {
      errno = e;
      break;
    }
    s6rc_live_close(&o->live); /* updated meanwhile: look at what it is now */
    text.len = 0;
  }
  if (n < 0 && errno == EPROTO && !failed) rc_die_damaged(o);
  if (n < 0)
    strerr_diefusys(S6RC_EXIT_SYSTEM, "compare live directory ", o->livepath, " with ",
                    failed ? "the supervisor of " : "its supervisors", failed ? failed : "");
  if (text.len && buffer_put(buffer_1, text.s, text.len) < 0)
    strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
  cli_flush();
  stralloc_free(&text);
  return n ? S6RC_EXIT_FAILED : 0;
}

static int change(rc *o, char const *const *names, int (*change_it)(rc *))
{
  engine_result r = ENGINE_OK;
  if (o->dryrun) {
    rc_open(o);
    rc_find_halfway(o);
  } else
    r = rc_open_locked(o);
  if (r != ENGINE_OK)
    strerr_dief(rc_exit_code(r), "nothing else has been done: an interrupted update had to come first");
  rc_select(o, names);
  return change_it(o);
}

static int restart(rc *o, char const *const *names)
{
  if (!*names && !o->addup) cli_dieusage("restart what?", 0);
  return change(o, names, &rc_restart);
}

static int reload(rc *o, char const *const *names)
{
  if (!*names) cli_dieusage("reload what?", 0);
  rc_open(o);
  rc_select(o, names);
  return rc_reload(o);
}

static int run(rc *o, enum command_e command, char const *const *names)
{
  switch (command) {
    case HELP: cli_help(&tool); return 0;
    case LIST: return list(o, names, 0);
    case LISTALL: return list(o, names, 1);
    case DIFF: return diff(o);
    case RELOAD: return reload(o, names);
    case RESTART: return restart(o, names);
    case CHANGE: break;
    case START:
    case STOP:
      o->prune = 0;
      o->dir = command == START ? S6RC_UP : S6RC_DOWN;
      break;
  }
  return change(o, names, &rc_change);
}

int main(int argc, char const *const *argv)
{
  rc o = {.livepath = S6RC_LIVEDIR,
          .verbosity = 1,
          .dir = S6RC_UP,
          .limit = tain_infinite_relative,
          .live = S6RC_LIVE_ZERO};
  cli_command const *command;
  cli_parser p;
  char c;
  int code;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'v': o.verbosity = cli_uint(&p); break;
      case 'n':
        o.dryrun = 1;
        o.throttle = cli_uint(&p);
        break;
      case 't':
        o.timeout = cli_uint(&p);
        cli_ms(&p, &o.limit);
        break;
      case 'l': o.livepath = p.arg; break;
      case 'b': o.wait.block = 1; break;
      case 'w': cli_wait(&p, &o.wait); break;
      case 'D':
        o.withoutessentials = o.force = 1;
        o.dir = S6RC_DOWN;
        break;
      case 'u':
      case 'd':
        o.dir = c == 'u' ? S6RC_UP : S6RC_DOWN;
        o.force = 0;
        break;
      case 'p': o.prune = 1; break;
      case 'a': o.addup = 1; break;
      case 'E':
      case 'e': o.withoutessentials = c == 'e'; break;
    }
  if (!p.argv[0]) cli_dieusage("a command is missing", 0);
  command = cli_command_find(&tool, p.argv[0]);
  if (!command) cli_dieusage("unknown command: ", p.argv[0]);
  if (!*command->operands && p.argv[1]) cli_dieusage("this command takes no names: ", command->name);
  code = run(&o, (enum command_e)(command - commands), p.argv + 1);
  rc_close(&o);
  return code;
}
