/* ISC license. */

/* Command lines: options, usage, help. */

#include <fcntl.h>

#include <skalibs/tai.h>

#include "cli/cli.h"

#include "test.h"

static cli_option const options[] = {
    {.letter = 'a', .name = "all", .help = "everything"},
    {.letter = 'b', .name = "block", .help = "wait"},
    {.letter = 't', .name = "timeout", .arg = "MS", .help = "milliseconds"},
    {.letter = 'n', .name = "name-that-is-so-long-that-it-fills-its-column", .arg = "X", .help = "a name"},
    {.name = 0}};
static cli_command const commands[] = {{.name = "go", .operands = "NAME...", .help = "go there"},
                                       {.name = "stay", .operands = "", .help = "do nothing"},
                                       {.name = 0}};
static char const *const synopses[] = {"[ -a ] [ -b ] command", "help", 0};
static cli_tool const tool = {.name = "a-tool",
                              .summary = "does something",
                              .synopses = synopses,
                              .options = options,
                              .commands = commands};
static char const *const no_synopsis[] = {"", 0};
static cli_tool const plain = {.name = "plain",
                               .summary = "does nothing",
                               .synopses = no_synopsis,
                               .options = options + 4};

/* --- a parser in a process of its own, because it may exit */

static char out[4096], err[4096];
static char const *const *words;

static void slurp(char const *name, char *s)
{
  int fd = open(name, O_RDONLY);
  ssize_t r;
  CHECK(fd >= 0);
  r = read(fd, s, sizeof out - 1);
  CHECK(r >= 0);
  s[r] = 0;
  close(fd);
}

static void redirect(int to, char const *name)
{
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || dup2(fd, to) < 0) _exit(99);
  close(fd);
}

/* Runs f with the words as command line. The exit code. */
static int run(void (*f)(void), char const *const *argv)
{
  char name[2][64];
  int wstat;
  pid_t pid;
  snprintf(name[0], sizeof name[0], "%s/out", test_dir());
  snprintf(name[1], sizeof name[1], "%s/err", test_dir());
  fflush(0);
  words = argv;
  pid = fork();
  CHECK(pid >= 0);
  if (!pid) {
    redirect(1, name[0]);
    redirect(2, name[1]);
    (*f)();
    fflush(0);
    _exit(0);
  }
  CHECK_INT(waitpid(pid, &wstat, 0), pid);
  CHECK(WIFEXITED(wstat));
  slurp(name[0], out);
  slurp(name[1], err);
  return WEXITSTATUS(wstat);
}
#define WORDS(...) ((char const *const[]){"argv0", __VA_ARGS__, 0})

/* Prints options as letter(argument), then operands as <operand>. */
static void parse(void)
{
  cli_parser p;
  char c;
  cli_start(&p, &tool, words);
  while ((c = cli_next(&p))) {
    if (p.arg)
      printf("%c(%s)", c, p.arg);
    else
      printf("%c", c);
  }
  for (; *p.argv; p.argv++) printf("<%s>", *p.argv);
}

static void check_parsed(char const *const *argv, char const *wanted)
{
  int code = run(&parse, argv);
  if (code) test_failed("exit code %d for \"%s\": %s", code, wanted, err);
  CHECK_STR(out, wanted);
  CHECK_STR(err, "");
}

static void check_usage(char const *const *argv, char const *what)
{
  CHECK_INT(run(&parse, argv), 100);
  CHECK_STR(out, "");
  if (!strstr(err, what)) test_failed("\"%s\" is not in: %s", what, err);
  CHECK(strstr(err, "a-tool: usage: a-tool [ -a ] [ -b ] command\n"));
  CHECK(strstr(err, "a-tool help\n"));
}

TEST(short_options)
{
  check_parsed((char const *const[]){0}, "");
  check_parsed((char const *const[]){"argv0", 0}, "");
  check_parsed(WORDS("x"), "<x>");
  check_parsed(WORDS("-a"), "a");
  check_parsed(WORDS("-a", "-b", "x"), "ab<x>");
  check_parsed(WORDS("-ab", "x"), "ab<x>");
  check_parsed(WORDS("-aab"), "aab");
  check_parsed(WORDS("-t5"), "t(5)");
  check_parsed(WORDS("-t", "5"), "t(5)");
  check_parsed(WORDS("-at", "5", "-b"), "at(5)b");
  check_parsed(WORDS("-bt5a", "x"), "bt(5a)<x>");
  check_parsed(WORDS("-t", "-a", "-b"), "t(-a)b");
  check_parsed(WORDS("-t", "--", "-b"), "t(--)b");
  check_parsed(WORDS("-t", ""), "t()");
}

TEST(where_options_end)
{
  check_parsed(WORDS("x", "-a"), "<x><-a>");
  check_parsed(WORDS("-a", "--", "-b"), "a<-b>");
  check_parsed(WORDS("--", "--", "-a"), "<--><-a>");
  check_parsed(WORDS("-a", "-", "-b"), "a<-><-b>");
  check_parsed(WORDS("", "-b"), "<><-b>");
  check_parsed(WORDS("--"), "");
}

TEST(long_options)
{
  check_parsed(WORDS("--all", "--block", "x"), "ab<x>");
  check_parsed(WORDS("--timeout=5", "x"), "t(5)<x>");
  check_parsed(WORDS("--timeout", "5", "x"), "t(5)<x>");
  check_parsed(WORDS("--timeout=", "x"), "t()<x>");
  check_parsed(WORDS("--timeout=a=b"), "t(a=b)");
  check_parsed(WORDS("--timeout", "--all"), "t(--all)");
  check_parsed(WORDS("--all", "-bt5", "--all"), "abt(5)a");
  check_parsed(WORDS("-b", "--all", "x", "--all"), "ba<x><--all>");
}

TEST(wrong_usage)
{
  check_usage(WORDS("-x"), "fatal: unknown option: -x\n");
  check_usage(WORDS("-ax"), "fatal: unknown option: -x\n");
  check_usage(WORDS("-a-"), "fatal: unknown option: --\n");
  check_usage(WORDS("-t"), "fatal: this option needs an argument: -t\n");
  check_usage(WORDS("-at"), "fatal: this option needs an argument: -t\n");
  check_usage(WORDS("--timeout"), "fatal: this option needs an argument: --timeout\n");
  check_usage(WORDS("--all=5"), "fatal: this option takes no argument: --all\n");
  check_usage(WORDS("--all="), "fatal: this option takes no argument: --all\n");
  check_usage(WORDS("--nothing"), "fatal: unknown option: --nothing\n");
  check_usage(WORDS("--al"), "fatal: unknown option: --al\n");
  check_usage(WORDS("--alles"), "fatal: unknown option: --alles\n");
  check_usage(WORDS("--=x"), "fatal: unknown option: --=x\n");
  check_usage(WORDS("--help=x"), "fatal: unknown option: --help=x\n");
}

TEST(help)
{
  CHECK_INT(run(&parse, WORDS("--help")), 0);
  CHECK_STR(err, "");
  CHECK_STR(out, "a-tool: does something\n"
                 "\n"
                 "usage: a-tool [ -a ] [ -b ] command\n"
                 "       a-tool help\n"
                 "\n"
                 "options:\n"
                 "  -a, --all                   everything\n"
                 "  -b, --block                 wait\n"
                 "  -t, --timeout MS            milliseconds\n"
                 "  -n, --name-that-is-so-long-that-it-fills-its-column X\n"
                 "                              a name\n"
                 "  --help                      print this help and exit\n"
                 "\n"
                 "commands:\n"
                 "  go NAME...                  go there\n"
                 "  stay                        do nothing\n");
  CHECK_INT(run(&parse, WORDS("-ab", "--help", "-x")), 0);
  CHECK_INT(run(&parse, WORDS("x", "--help")), 0);
  CHECK_STR(out, "<x><--help>");
}

static void parse_plain(void)
{
  cli_parser p;
  cli_start(&p, &plain, words);
  while (cli_next(&p))
    ;
  cli_dieusage(0, 0);
}

TEST(a_plain_tool)
{
  CHECK_INT(run(&parse_plain, WORDS("--help")), 0);
  CHECK_STR(out, "plain: does nothing\n"
                 "\n"
                 "usage: plain\n"
                 "\n"
                 "options:\n"
                 "  --help                      print this help and exit\n");
  CHECK_INT(run(&parse_plain, WORDS("-a")), 100);
  CHECK_STR(err, "plain: fatal: unknown option: -a\nplain: usage: plain\n");
  CHECK_INT(run(&parse_plain, WORDS("x")), 100);
  CHECK_STR(err, "plain: usage: plain\n");
}

static void parse_to_full(void)
{
  int fd = open("/dev/full", O_WRONLY);
  if (fd < 0 || dup2(fd, 1) < 0) _exit(99);
  parse();
}

TEST(help_that_cannot_be_written)
{
  CHECK_INT(run(&parse_to_full, WORDS("--help")), 111);
  CHECK_STR(err, "a-tool: fatal: unable to write to stdout: No space left on device\n");
}

TEST(commands_by_name)
{
  CHECK(cli_command_find(&tool, "go") == commands);
  CHECK(cli_command_find(&tool, "stay") == commands + 1);
  CHECK(!cli_command_find(&tool, "g"));
  CHECK(!cli_command_find(&tool, "gone"));
  CHECK(!cli_command_find(&tool, ""));
}

/* --- numbers */

static void numbers(void)
{
  cli_parser p;
  cli_start(&p, &tool, words);
  while (cli_next(&p)) printf("%u ", cli_uint(&p));
}

TEST(unsigned_integers)
{
  CHECK_INT(run(&numbers, WORDS("-t0", "-t", "1234567890", "-t4294967295", "-t007")), 0);
  CHECK_STR(out, "0 1234567890 4294967295 7 ");
  for (char const *const *s =
           (char const *const[]){"", "x", "-1", "+1", " 1", "1 ", "1x", "0x1", "1.0", "4294967296", 0};
       *s; s++) {
    CHECK_INT(run(&numbers, WORDS("--timeout", *s)), 100);
    CHECK(strstr(err, "fatal: not an unsigned integer: "));
    CHECK(strstr(err, *s));
  }
}

static void durations(void)
{
  cli_parser p;
  cli_start(&p, &tool, words);
  while (cli_next(&p)) {
    tain t;
    cli_ms(&p, &t);
    printf("%llu.%09lu ", (unsigned long long)tai_sec(tain_secp(&t)), (unsigned long)t.nano);
  }
}

static void forever(void)
{
  cli_parser p;
  tain t, deadline;
  cli_start(&p, &tool, words);
  cli_next(&p);
  cli_ms(&p, &t);
  if (memcmp(&t.sec, &tain_infinite_relative.sec, sizeof t.sec) || t.nano != tain_infinite_relative.nano)
    _exit(1);
  tain_add_g(&deadline, &t);
  _exit(!tain_future(&deadline));
}

TEST(milliseconds)
{
  CHECK_INT(run(&durations, WORDS("-t1", "-t999", "-t1000", "-t61001", "-t4294967295")), 0);
  CHECK_STR(out, "0.001000000 0.999000000 1.000000000 61.001000000 4294967.295000000 ");
  CHECK_INT(run(&durations, WORDS("-tx")), 100);
  CHECK_INT(run(&forever, WORDS("-t0")), 0);
}

/* --- what cli_start sees to */

static void closed_descriptors(void)
{
  cli_parser p;
  close(0);
  cli_start(&p, &tool, words);
  _exit(fcntl(0, F_GETFD) < 0);
}

static void broken_pipe(void)
{
  cli_parser p;
  int fd[2];
  cli_start(&p, &tool, words);
  if (pipe(fd) < 0) _exit(99);
  close(fd[0]);
  _exit(write(fd[1], "x", 1) >= 0 || errno != EPIPE);
}

TEST(what_a_tool_starts_with)
{
  CHECK_INT(run(&closed_descriptors, WORDS("x")), 0);
  CHECK_INT(run(&broken_pipe, WORDS("x")), 0);
}
