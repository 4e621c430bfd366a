/* ISC license. */

#include <fcntl.h>
#include <string.h>
#include <signal.h>

#include <skalibs/buffer.h>
#include <skalibs/bytestr.h>
#include <skalibs/types.h>
#include <skalibs/strerr.h>
#include <skalibs/sig.h>
#include <skalibs/stddjb.h>

#include "cli.h"

static cli_tool const *the_tool;

void cli_start(cli_parser *p, cli_tool const *tool, char const *const *argv)
{
  int stdout_closed = fcntl(1, F_GETFD) < 0;
  the_tool = tool;
  PROG = tool->name;
  if (!fd_sanitize()) strerr_diefusys(S6RC_EXIT_SYSTEM, "sanitize standard descriptors");
  if (!sig_altignore(SIGPIPE)) strerr_diefusys(S6RC_EXIT_SYSTEM, "ignore SIGPIPE");
  /* what we start gets /dev/null, what we print shall not vanish there */
  if (stdout_closed) buffer_1->fd = -1;
  if (argv[0] && argv[1] && !strcmp(argv[1], "--complete")) cli_complete(tool, argv + 2);
  tain_now_set_stopwatch_g();
  p->tool = tool;
  p->argv = argv + !!argv[0];
  p->rest = 0;
  p->arg = 0;
}

cli_option const *cli_option_by_letter(cli_tool const *tool, char c)
{
  for (cli_option const *o = tool->options; o->name; o++)
    if (o->letter == c && cli_hasletter(o)) return o;
  return 0;
}

cli_option const *cli_option_by_name(cli_tool const *tool, char const *name, size_t len)
{
  for (cli_option const *o = tool->options; o->name; o++)
    if (!strncmp(o->name, name, len) && !o->name[len]) return o;
  return 0;
}

static char long_option(cli_parser *p)
{
  char const *word = *p->argv++ + 2;
  size_t len = str_chr(word, '=');
  cli_option const *o = cli_option_by_name(p->tool, word, len);
  p->arg = 0;
  if (!o) {
    if (!strcmp(word, "help")) {
      cli_help(p->tool);
      _exit(0);
    }
    cli_dieusage("unknown option: --", word);
  }
  if (!o->arg) {
    if (word[len]) cli_dieusage("this option takes no argument: --", o->name);
  } else if (word[len])
    p->arg = word + len + 1;
  else if (*p->argv)
    p->arg = *p->argv++;
  else
    cli_dieusage("this option needs an argument: --", o->name);
  return o->letter;
}

static char short_option(cli_parser *p)
{
  char letter[2] = {*p->rest++, 0};
  cli_option const *o = cli_option_by_letter(p->tool, letter[0]);
  p->arg = 0;
  if (!o) cli_dieusage("unknown option: -", letter);
  if (o->arg) {
    p->arg = *p->rest ? p->rest : *p->argv ? *p->argv++ : 0;
    p->rest = 0;
    if (!p->arg) cli_dieusage("this option needs an argument: -", letter);
  }
  return letter[0];
}

char cli_next(cli_parser *p)
{
  if (!p->rest || !*p->rest) {
    char const *word = *p->argv;
    p->rest = 0;
    if (!word || word[0] != '-' || !word[1]) return 0;
    if (word[1] == '-') {
      if (word[2]) return long_option(p);
      p->argv++;
      return 0;
    }
    p->rest = word + 1;
    p->argv++;
  }
  return short_option(p);
}

void cli_dieusage(char const *what, char const *object)
{
  if (what) strerr_warn(PROG, ": fatal: ", what, object ? object : "");
  for (char const *const *s = the_tool->synopses; *s; s++)
    strerr_warn(PROG, s == the_tool->synopses ? ": usage: " : ":        ", the_tool->name, **s ? " " : "",
                *s);
  _exit(S6RC_EXIT_USAGE);
}

unsigned int cli_uint(cli_parser const *p)
{
  unsigned int u;
  if (!uint0_scan(p->arg, &u)) cli_dieusage("not an unsigned integer: ", p->arg);
  return u;
}

void cli_ms(cli_parser const *p, tain *t)
{
  unsigned int ms = cli_uint(p);
  if (!ms) {
    *t = tain_infinite_relative;
    return;
  }
  tain_uint(t, ms / 1000);
  t->nano = ms % 1000 * 1000000;
}
