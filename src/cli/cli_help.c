/* ISC license. */

#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/strerr.h>

#include "cli.h"

/* width of the left column of the help text */
enum { COLUMN = 30 };

int cli_quote(stralloc *sa, char const *s)
{
  static char const plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,";
  if (!stralloc_cats(sa, " ")) return 0;
  if (*s && !s[strspn(s, plain)]) return stralloc_cats(sa, s);
  if (!stralloc_cats(sa, "'")) return 0;
  for (; *s; s++)
    if (*s == '\'' ? !stralloc_cats(sa, "'\\''") : !stralloc_catb(sa, s, 1)) return 0;
  return stralloc_cats(sa, "'");
}

void cli_flush(void)
{
  if (!buffer_flush(buffer_1)) strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
}

static void put(char const *s)
{
  if (buffer_puts(buffer_1, s) < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
}

static void put_row(char const *const *left, size_t n, char const *right)
{
  size_t width = 0;
  for (size_t i = 0; i < n; i++) {
    put(left[i]);
    width += strlen(left[i]);
  }
  if (width >= COLUMN) {
    put("\n");
    width = 0;
  }
  while (width++ < COLUMN) put(" ");
  put(right);
  put("\n");
}

static void put_table(cli_topics t)
{
  if (!t.rows) return;
  put("\n");
  put(t.title);
  put(":\n");
  for (cli_command const *c = t.rows; c->name; c++) {
    char const *const left[] = {"  ", c->name, *c->operands ? " " : "", c->operands};
    put_row(left, sizeof left / sizeof *left, c->help);
  }
}

void cli_help(cli_tool const *tool)
{
  put(tool->name);
  put(": ");
  put(tool->summary);
  put("\n\n");
  for (char const *const *s = tool->synopses; *s; s++) {
    put(s == tool->synopses ? "usage: " : "       ");
    put(tool->name);
    put(**s ? " " : "");
    put(*s);
    put("\n");
  }
  put("\noptions:\n");
  for (cli_option const *o = tool->options; o && o->name; o++) {
    char letter[2] = {o->letter, 0};
    int has = cli_hasletter(o);
    char const *const left[] = {has ? "  -" : "  ", has ? letter : "",   has ? ", --" : "--", o->name,
                                o->arg ? " " : "",  o->arg ? o->arg : ""};
    put_row(left, sizeof left / sizeof *left, o->help);
  }
  put_row((char const *const[]){"  --help"}, 1, "print this help and exit");
  put_table((cli_topics){"commands", tool->commands});
  put_table(tool->topics);
  cli_flush();
}

cli_command const *cli_command_find(cli_tool const *tool, char const *name)
{
  for (cli_command const *c = tool->commands; c->name; c++)
    if (!strcmp(c->name, name)) return c;
  return 0;
}
