/* ISC license. */

#include <errno.h>

#include <skalibs/strerr.h>

#include <s6-rc/config.h>
#include <s6-rc/live.h>

#include "../cli/cli.h"
#include "../times/times.h"

static cli_option const options[] = {
    CLI_OPTION_LIVEDIR,
    {.letter = 'r',
     .name = "run",
     .arg = "N",
     .help = "only transitions of run N; 0: of the last run (default for chain and plot)"},
    {.name = 0}};

static char const *const synopses[] = {"[ -l live ] [ -r run ] command [ names... ]", 0};

static cli_command const commands[] = {
    {.name = "help", .operands = "", .help = "print this help"},
    {.name = "blame", .operands = "[NAME...]", .help = "print the transitions, slowest first"},
    {.name = "chain",
     .operands = "[NAME...]",
     .help = "print what the end of the run had to wait for, link by link"},
    {.name = "plot", .operands = "[NAME...]", .help = "print a chart of the run, in SVG"},
    {.name = "runs", .operands = "[NAME...]", .help = "print the runs whose transitions are known"},
    {.name = 0}};

typedef int print_func(times const *);

/* In the order of the commands; the run that they are about if -r does not say. */
static struct {
  print_func *print;
  uint32_t run;
} const answers[] = {{0, 0},
                     {&times_blame, TIMES_ALL},
                     {&times_chain, TIMES_LAST},
                     {&times_plot, TIMES_LAST},
                     {&times_runs, TIMES_ALL}};

static cli_tool const tool = {.name = "s6-rc-times",
                              .summary = "show how long services took",
                              .synopses = synopses,
                              .options = options,
                              .commands = commands};

static void die_read(char const *path)
{
  if (errno == ENOENT)
    strerr_dief(S6RC_EXIT_SYSTEM, "nothing is known of transitions: there is no ", path,
                "/" S6RC_RECORDS_FILE " (the next s6-rc change makes it)");
  if (errno == EPROTO) cli_diedamaged(path, "its records, or its database");
  strerr_diefusys(S6RC_EXIT_SYSTEM, "read the records of live directory ", path);
}

typedef struct reading_s reading;
struct reading_s {
  uint32_t run;
  times t;
};

static int read_it(void *data, s6rc_live const *live, unsigned char const *mark)
{
  reading *r = data;
  return times_read(&r->t, live, mark, r->run);
}

static void forget_it(void *data)
{
  times_free(&((reading *)data)->t);
}

int main(int argc, char const *const *argv)
{
  char const *path = S6RC_LIVEDIR;
  reading r;
  s6rc_live live;
  int given = 0;
  cli_command const *command;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'l': path = p.arg; break;
      case 'r':
        r.run = cli_uint(&p);
        if (!r.run) r.run = TIMES_LAST;
        given = 1;
        break;
    }
  if (!p.argv[0]) cli_dieusage("a command is missing", 0);
  command = cli_command_find(&tool, p.argv[0]);
  if (!command) cli_dieusage("unknown command: ", p.argv[0]);
  if (!*command->operands && p.argv[1]) cli_dieusage("this command takes no names: ", command->name);
  if (!answers[command - commands].print) {
    cli_help(&tool);
    return 0;
  }
  if (!given) r.run = answers[command - commands].run;
  if (!cli_read_live(&live, path, p.argv + 1, &read_it, &forget_it, &r) ||
      !(*answers[command - commands].print)(&r.t))
    die_read(path);
  cli_flush();
  times_free(&r.t);
  s6rc_live_close(&live);
  return 0;
}
