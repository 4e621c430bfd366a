/* ISC license. */

/* What may stand at the end of a command line: for completions/, which has
   shells ask with `TOOL --complete WORD...`. Options, commands and their
   operands are those of the tables that usage and help come from. Whatever is
   wrong here is no reason to disturb somebody who is typing: nothing is said
   then. */

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <skalibs/buffer.h>
#include <skalibs/bytestr.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/types.h>

#include <s6-rc/config.h>
#include <s6-rc/live.h>
#include <s6-rc/path.h>

#include "cli.h"

#define KIND(type) (1U << (type))
#define ATOMIC     (KIND(S6RC_LONGRUN) | KIND(S6RC_ONESHOT))
#define ANY        (ATOMIC | KIND(S6RC_BUNDLE))

/* What the placeholders of options, commands and synopses stand for, in any
   case: names of these kinds; or else a word that the shells know what to do
   with; or else the entries of a directory in the repository; or anything,
   which we cannot know. */
static struct {
  char const *word;
  unsigned int kinds;
  char const *action;
  char const *entries;
} const placeholders[] = {
    {.word = "bootdb", .action = "directories"},
    {.word = "bundle", .kinds = KIND(S6RC_BUNDLE)},
    {.word = "cmd", .action = "commands"},
    {.word = "compiled", .action = "directories"},
    {.word = "contents", .kinds = ANY},
    {.word = "convfile", .action = "files"},
    {.word = "dir", .action = "directories"},
    {.word = "dst"},
    {.word = "fields"},
    {.word = "file", .action = "files"},
    {.word = "live", .action = "directories"},
    {.word = "longrun", .kinds = KIND(S6RC_LONGRUN)},
    {.word = "ms"},
    {.word = "n"},
    {.word = "name", .kinds = ANY},
    {.word = "names", .kinds = ANY},
    {.word = "newdb", .action = "directories"},
    {.word = "number"},
    {.word = "oneshot", .kinds = KIND(S6RC_ONESHOT)},
    {.word = "prefix"},
    {.word = "rx"},
    {.word = "scandir", .action = "directories"},
    {.word = "service"},
    {.word = "set", .entries = "current/sets"},
    {.word = "source", .action = "directories"},
    {.word = "src", .entries = "current/sets"},
    {.word = "store", .action = "directories"},
    {.word = "user", .action = "users"},
};

typedef struct completion_s completion;
struct completion_s {
  cli_tool const *tool;
  char const *const *operands; /* from here */
  char const *const *end;      /* to here, where the word to complete is */
  char const *live;
  char const *compiled; /* null: the database of live */
  char const *repository;
};

/* --- what is printed. A failure shows when everything is flushed. */

static void put(char const *s)
{
  buffer_puts(buffer_1, s);
}

/* What it means, a tab, the completion: in this order, because names may have
   tabs. Lines without a tab are for the shell to act on. */
static void put_line(char const *help, char const *s, size_t len)
{
  put(help);
  put("\t");
  buffer_put(buffer_1, s, len);
  put("\n");
}

/* The word's first bytes are an option, what is completed comes after it. */
static void put_skip(size_t n)
{
  char fmt[SIZE_FMT];
  if (!n) return;
  put("skip ");
  buffer_put(buffer_1, fmt, size_fmt(fmt, n));
  put("\n");
}

static void put_identifiers(s6rc_db const *db, unsigned char const *state, unsigned int kinds)
{
  uint32_t pos = CDB_TRAVERSE_INIT();
  s6rc_identifier id;
  char const *name;
  size_t len;
  while (s6rc_db_next(db, &name, &len, &id, &pos) > 0) {
    if (!(kinds & KIND(id.type))) continue;
    put(s6rc_type_names[id.type]);
    if (state && id.type != S6RC_BUNDLE)
      put(state[s6rc_list_get(&id.contents, 0)] & S6RC_STATE_UP ? ", up" : ", down");
    put_line("", name, len);
  }
}

static void put_names(completion const *c, unsigned int kinds)
{
  s6rc_live live;
  s6rc_db db;
  s6rc_livepart part;
  if (c->compiled) {
    if (s6rc_db_open(&db, c->compiled)) put_identifiers(&db, 0, kinds);
  } else if (s6rc_live_open(&live, c->live, &part)) {
    put_identifiers(&live.db, live.state, kinds);
  } else if (s6rc_live_opendb(&db, c->live, &part)) {
    put_identifiers(&db, 0, kinds);
  }
}

/* s6-rc-repository(5): a set is a file */
static void put_entries(char const *dir, char const *subdir)
{
  stralloc path = STRALLOC_ZERO, names = STRALLOC_ZERO;
  size_t max = 0;
  int n = s6rc_path_set(&path, dir) && s6rc_path_push(&path, subdir) ? sals(path.s, &names, &max) : 0;
  char const *name = names.s;
  for (; n > 0; n--, name += strlen(name) + 1)
    if (name[0] != '.') put_line("", name, strlen(name));
  stralloc_free(&path);
  stralloc_free(&names);
}

/* --- placeholders */

static int is_word(char const *word, char const *s, size_t len)
{
  return !strncasecmp(word, s, len) && !word[len];
}

/* a|b|c: one of these words */
static void put_choices(char const *s, size_t len)
{
  while (len) {
    size_t n = byte_chr(s, len, '|');
    put_line("", s, n);
    s += n;
    len -= n;
    if (len) s++, len--;
  }
}

/* Words of a table, separated by commas: one more of them. */
static void put_topics(completion const *c, size_t at)
{
  char const *comma = *c->end ? strrchr(*c->end + at, ',') : 0;
  put_skip(comma ? (size_t)(comma - *c->end) + 1 : at);
  for (cli_command const *row = c->tool->topics.rows; row->name; row++)
    put_line(row->help, row->name, strlen(row->name));
}

/* at: where in the word it is that it begins */
static void put_placeholder(completion const *c, char const *s, size_t len, size_t at)
{
  if (c->tool->topics.rows && is_word(c->tool->topics.title, s, len)) {
    put_topics(c, at);
    return;
  }
  put_skip(at);
  if (byte_chr(s, len, '|') < len) {
    put_choices(s, len);
    return;
  }
  for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++) {
    if (!is_word(placeholders[i].word, s, len)) continue;
    if (placeholders[i].kinds) put_names(c, placeholders[i].kinds);
    if (placeholders[i].entries) put_entries(c->repository, placeholders[i].entries);
    if (placeholders[i].action) {
      put(placeholders[i].action);
      put("\n");
    }
    return;
  }
  put("unknown ");
  buffer_put(buffer_1, s, len);
  put("\n");
}

/* --- operands, as tables write them: words, of which one that ends in "..."
   may come again; [ ] mean nothing here. Execline blocks are not for shells. */

static void complete_spec(completion const *c, char const *spec, char const *const *operands)
{
  for (;; operands++) {
    size_t len;
    int again;
    spec += strspn(spec, " []");
    len = strcspn(spec, " []");
    if (!len || *spec == '<' || *spec == '{') return;
    again = len > 3 && !strncmp(spec + len - 3, "...", 3);
    if (again || operands == c->end) {
      put_placeholder(c, spec, len - (again ? 3 : 0), 0);
      return;
    }
    spec += len;
  }
}

/* Where the operands begin in a synopsis: behind all [ -x ... ]. */
static char const *skip_options(char const *synopsis)
{
  while (!strncmp(synopsis, "[ -", 3)) {
    synopsis += strcspn(synopsis, "]");
    synopsis += strspn(synopsis, "] ");
  }
  return synopsis;
}

static void complete_operand(completion const *c)
{
  cli_command const *command;
  if (!c->tool->commands) {
    complete_spec(c, skip_options(c->tool->synopses[0]), c->operands);
  } else if (c->operands == c->end) {
    for (command = c->tool->commands; command->name; command++)
      put_line(command->help, command->name, strlen(command->name));
  } else {
    command = cli_command_find(c->tool, *c->operands);
    if (command) complete_spec(c, command->operands, c->operands + 1);
  }
}

/* --- options */

static void put_options(cli_tool const *tool)
{
  for (cli_option const *o = tool->options; o->name; o++) {
    char const letter[2] = {'-', o->letter};
    /* a second row of a letter is only another long name */
    if (cli_option_by_letter(tool, o->letter) == o) put_line(o->help, letter, sizeof letter);
    put(o->help);
    put("\t--");
    put(o->name);
    put("\n");
  }
  put_line("print a help text", "--help", strlen("--help"));
}

static void note(completion *c, cli_option const *o, char const *arg)
{
  if (!strcmp(o->arg, "LIVE")) c->live = arg;
  if (!strcmp(o->arg, "COMPILED")) c->compiled = arg;
  if (!strcmp(o->arg, "DIR")) c->repository = arg;
}

/* The option in word that takes an argument, and where in word that begins;
   null: none does. */
static cli_option const *option_with_argument(cli_tool const *tool, char const *word, size_t *at)
{
  cli_option const *o = 0;
  if (word[1] == '-') {
    size_t len = str_chr(word + 2, '=');
    o = cli_option_by_name(tool, word + 2, len);
    *at = 2 + len + !!word[2 + len];
    return o && o->arg ? o : 0;
  }
  for (*at = 1; word[*at]; ++*at) {
    o = cli_option_by_letter(tool, word[*at]);
    if (o && o->arg) return ++*at, o;
  }
  return 0;
}

void cli_complete(cli_tool const *tool, char const *const *words)
{
  completion c = {.tool = tool, .live = S6RC_LIVEDIR, .compiled = 0, .repository = S6RC_REPODIR};
  char const *const *p = words;
  cli_option const *o;
  size_t at;
  for (c.end = words; *c.end && c.end[1];) c.end++;
  for (; p != c.end && p[0][0] == '-' && p[0][1]; p++) {
    int separate;
    if (!strcmp(*p, "--")) break;
    o = option_with_argument(tool, *p, &at);
    if (!o) continue;
    separate = !p[0][at] && (p[0][1] != '-' || p[0][at - 1] != '=');
    if (separate && ++p == c.end) {
      put_placeholder(&c, o->arg, strlen(o->arg), 0);
      goto end;
    }
    note(&c, o, separate ? *p : *p + at);
  }
  c.operands = p != c.end && !strcmp(*p, "--") ? p + 1 : p;
  if (*c.end && c.end[0][0] == '-' && p == c.end) {
    o = option_with_argument(tool, *c.end, &at);
    if (o && (c.end[0][at] || c.end[0][at - 1] == '='))
      put_placeholder(&c, o->arg, strlen(o->arg), at);
    else
      put_options(tool);
  } else
    complete_operand(&c);
end:
  cli_flush();
  _exit(0);
}
