/* ISC license. */

#include <string.h>

#include <s6-rc/config.h>
#include <s6-rc/live.h>

#include "../cli/cli.h"
#include "../query/query.h"

static cli_option const options[] = {
    {.letter = 'l',
     .name = "livedir",
     .arg = "LIVE",
     .help = "ask the database of live directory LIVE (default " S6RC_LIVEDIR ")"},
    {.letter = 'c', .name = "compiled", .arg = "COMPILED", .help = "ask compiled database COMPILED instead"},
    {.letter = 'b', .name = "block", .help = "accepted; reading never waits for a lock"},
    {.letter = 'u', .name = "up", .help = "up scripts, up timeouts, dependencies (default)"},
    {.letter = 'd', .name = "down", .help = "down scripts, down timeouts, reverse dependencies"},
    {.letter = 'E', .name = "with-essentials", .help = "list essential services too (default)"},
    {.letter = 'e', .name = "without-essentials", .help = "leave essential services out of lists"},
    {.name = 0}};

static char const *const synopses[] = {
    "[ -l live | -c compiled ] [ -b ] [ -u | -d ] [ -E | -e ] command [ args... ]", 0};

/* Each command once: its function, name, operands and help. How many operands
   there must be is read from how they are written. */
static query_func help;
#define COMMANDS(C)                                                                                  \
  C(help, "help", "", "print this help")                                                             \
  C(query_check, "check", "", "check the whole database; exit 4 if it is damaged")                   \
  C(query_list, "list", "all|services|oneshots|longruns|bundles", "print all names of that kind")    \
  C(query_type, "type", "NAME", "print longrun, oneshot or bundle")                                  \
  C(query_timeout, "timeout", "NAME", "print a service's limit in milliseconds, 0 = none")           \
  C(query_contents, "contents", "BUNDLE", "print the services in a bundle")                          \
  C(query_dependencies, "dependencies", "NAME...", "print what they depend on (-d: the reverse)")    \
  C(query_closure, "all-dependencies", "NAME...", "the same, with all dependencies of dependencies") \
  C(query_atomics, "atomics", "NAME...", "print the services that the names stand for")              \
  C(query_pipeline, "pipeline", "LONGRUN", "print its pipeline, producer/consumer on each line")     \
  C(query_script, "script", "ONESHOT", "print the words of its script, a NUL byte after each")       \
  C(query_flags, "flags", "NAME", "print 8 hexadecimal digits: bit 0 essential, bit 1 recommended")  \
  C(query_graph, "graph", "[NAME...]", "print what they depend on as a graph for graphviz's dot")    \
  C(query_tree, "tree", "[NAME...]", "print the same as an indented text")                           \
  C(query_order, "order", "[NAME...]", "print the same, a service after those that it needs")

#define ABOUT(function, word, args, text)    {.name = word, .operands = args, .help = text},
#define FUNCTION(function, word, args, text) &function,
static cli_command const commands[] = {COMMANDS(ABOUT){.name = 0}};
static query_func *const functions[] = {COMMANDS(FUNCTION)};

static cli_tool const tool = {.name = "s6-rc-db",
                              .summary = "ask a compiled database",
                              .synopses = synopses,
                              .options = options,
                              .commands = commands};

static void help(query const *q, char const *const *operands)
{
  (void)q;
  (void)operands;
  cli_help(&tool);
}

/* Is word one of those that stand in a|b|c? */
static int is_one_of(char const *word, char const *words)
{
  size_t len = strlen(word);
  for (;;) {
    size_t n = strcspn(words, "|");
    if (n == len && !strncmp(words, word, n)) return 1;
    if (!words[n]) return 0;
    words += n + 1;
  }
}

/* "" is none, what is in brackets any number, what ends in "..." at least one,
   a|b|c one of these words, anything else one */
static void check_operands(cli_command const *command, char const *const *operands)
{
  size_t len = strlen(command->operands);
  if (command->operands[0] == '[') return;
  if (!len && operands[0]) cli_dieusage("this command takes no operands: ", command->name);
  if (len && !operands[0]) cli_dieusage("an operand is missing after ", command->name);
  if (len && operands[1] && command->operands[len - 1] != '.')
    cli_dieusage("this command takes one operand: ", command->name);
  if (strchr(command->operands, '|') && !is_one_of(operands[0], command->operands))
    cli_dieusage("there is no such list: ", operands[0]);
}

/* What is coloured by live state needs the state and the database of one
   instant. */
static void open_database(query *q, char const *live, int withstate)
{
  static s6rc_live l = S6RC_LIVE_ZERO;
  if (q->path) {
    /* anybody's: it is only read */
    if (!s6rc_db_open(&q->db, q->path)) cli_dieopendb(q->path);
  } else if (withstate) {
    cli_openlive(&l, live);
    q->path = live;
    q->db = l.db;
    q->state = l.state;
  } else {
    q->path = cli_openlivedb(&q->db, live);
  }
}

int main(int argc, char const *const *argv)
{
  query q = {.db = S6RC_DB_ZERO, .dir = S6RC_UP};
  char const *live = S6RC_LIVEDIR;
  cli_command const *command;
  query_func *answer;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'l': live = p.arg; break;
      case 'c': q.path = p.arg; break;
      case 'u': q.dir = S6RC_UP; break;
      case 'd': q.dir = S6RC_DOWN; break;
      case 'E': q.withoutessentials = 0; break;
      case 'e': q.withoutessentials = 1; break;
    }
  if (!p.argv[0]) cli_dieusage("a command is missing", 0);
  command = cli_command_find(&tool, p.argv[0]);
  if (!command) cli_dieusage("unknown command: ", p.argv[0]);
  check_operands(command, p.argv + 1);
  answer = functions[command - commands];
  if (answer != &help) open_database(&q, live, answer == &query_graph);
  (*answer)(&q, p.argv + 1);
  cli_flush();
  return 0;
}
