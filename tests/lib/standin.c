/* ISC license. */

/* Stands for libexecline and libs6 where a machine has none: the lexer, what
   reads a status, and failures for what needs a supervision tree. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <execline/execline.h>
#include <s6/fdholder.h>
#include <s6/ftrigw.h>
#include <s6/supervise.h>
#include <skalibs/uint16.h>
#include <skalibs/uint64.h>

/* what el_parse returns */
enum result_e { R_SYSTEM = -1, R_SYNTAX = -2, R_OPEN_BLOCK = -3, R_STRAY_BRACE = -4 };

typedef struct lexer_s lexer;
struct lexer_s {
  stralloc *sa;
  el_chargen_func *next;
  void *p;
  unsigned char c; /* the byte looked at; 0: the end */
  int result;      /* not 0: what went wrong */
};

static void advance(lexer *l)
{
  int r = l->result ? 0 : l->next(&l->c, l->p);
  if (r < 0) l->result = R_SYSTEM;
  if (r <= 0) l->c = 0;
}

static void put(lexer *l, char c)
{
  if (!stralloc_catb(l->sa, &c, 1)) l->result = R_SYSTEM;
}

/* Reads up to MAX digits, leaves the byte after them. */
static void put_number(lexer *l, int base, int max)
{
  static char const digits[] = "0123456789abcdef";
  unsigned int value = 0;
  for (int i = 0; i < max; i++) {
    char lower = (char)(l->c >= 'A' && l->c <= 'F' ? l->c - 'A' + 'a' : l->c);
    char const *at = l->c ? memchr(digits, lower, (size_t)base) : 0;
    if (!at) break;
    value = value * (unsigned int)base + (unsigned int)(at - digits);
    advance(l);
  }
  if (!value || value > 255)
    l->result = R_SYNTAX;
  else
    put(l, (char)value);
}

/* In quotes, after a backslash. */
static void escaped(lexer *l)
{
  static char const names[] = "abtnvfr", values[] = "\a\b\t\n\v\f\r";
  char const *at = l->c ? strchr(names, l->c) : 0;
  if (l->c == '0') {
    advance(l);
    if (l->c != 'x') {
      put_number(l, 8, 3);
      return;
    }
    advance(l);
    put_number(l, 16, 2);
  } else if (l->c >= '1' && l->c <= '9') {
    put_number(l, 10, 3);
  } else {
    if (!l->c)
      l->result = R_SYNTAX;
    else if (l->c != '\n')
      put(l, at ? values[at - names] : (char)l->c);
    advance(l);
  }
}

static void quoted(lexer *l)
{
  advance(l);
  while (!l->result && l->c != '"') {
    unsigned char c = l->c;
    if (!c) l->result = R_SYNTAX;
    advance(l);
    if (c == '\\')
      escaped(l);
    else
      put(l, (char)c);
  }
  advance(l);
}

/* Appends a word without its final NUL; returns whether nothing in it was quoted. */
static int word(lexer *l)
{
  int plain = 1;
  while (!l->result && l->c > ' ') {
    if (l->c == '"') {
      plain = 0;
      quoted(l);
      continue;
    }
    if (l->c == '\\') {
      plain = 0;
      advance(l);
      if (!l->c) l->result = R_SYNTAX;
    }
    put(l, (char)l->c);
    advance(l);
  }
  return plain;
}

/* Goes to the next word; false at the end. */
static int skip(lexer *l)
{
  while (!l->result && l->c) {
    if (l->c == '#')
      while (l->c && l->c != '\n') advance(l);
    else if (l->c <= ' ')
      advance(l);
    else
      return 1;
  }
  return 0;
}

int el_parse(stralloc *sa, el_chargen_func_ref next, void *p)
{
  lexer l = {.sa = sa, .next = next, .p = p};
  size_t depth = 0;
  int words = 0;
  advance(&l);
  while (skip(&l)) {
    size_t start = sa->len;
    for (size_t i = 0; i < depth; i++) put(&l, EXECLINE_BLOCK_QUOTE_CHAR);
    int joined = l.c == '\\'; /* a line that goes on is no word */
    size_t text = sa->len;
    if (joined) {
      advance(&l);
      if (l.c == '\n' || !l.c) {
        sa->len = start;
        advance(&l);
        continue;
      }
      put(&l, (char)l.c);
      advance(&l);
    }
    int plain = word(&l) && !joined;
    int single = !l.result && plain && sa->len == text + 1;
    if (single && sa->s[text] == '{') {
      if (!l.c) l.result = R_SYNTAX;
      sa->len = start;
      depth++;
      continue;
    }
    if (single && sa->s[text] == '}') {
      if (!depth) return R_STRAY_BRACE;
      depth--;
      sa->len = start + depth;
    }
    put(&l, 0);
    words++;
  }
  return l.result ? l.result : depth ? R_OPEN_BLOCK : words;
}

static int next_of_string(unsigned char *c, void *p)
{
  char const **s = p;
  *c = (unsigned char)**s;
  *s += !!*c;
  return 1;
}

int el_parse_from_string(stralloc *sa, char const *s)
{
  return el_parse(sa, &next_of_string, &s);
}

int el_semicolon(char const **argv)
{
  int n = 0;
  for (; argv[n] && argv[n][0]; n++)
    if (argv[n][0] == EXECLINE_BLOCK_QUOTE_CHAR) argv[n]++;
  return argv[n] ? n : n + 1;
}

/* --- s6 */

enum status_e {
  AT_READYSTAMP = TAIN_PACK,
  AT_PID = 2 * TAIN_PACK,
  AT_WSTAT = AT_PID + 8,
  AT_FLAGS = AT_WSTAT + 2
};

void s6_svstatus_unpack(char const *s, s6_svstatus_t *a)
{
  uint64_t pid;
  uint16_t wstat;
  tain_unpack(s, &a->stamp);
  tain_unpack(s + AT_READYSTAMP, &a->readystamp);
  uint64_unpack_big(s + AT_PID, &pid);
  uint16_unpack_big(s + AT_WSTAT, &wstat);
  a->pid = (pid_t)pid;
  a->wstat = wstat;
  a->flagpaused = s[AT_FLAGS] & 1;
  a->flagfinishing = s[AT_FLAGS] >> 1 & 1;
  a->flagwantup = s[AT_FLAGS] >> 2 & 1;
  a->flagready = s[AT_FLAGS] >> 3 & 1;
}

#define ABSENT(prototype, result) \
  prototype                       \
  {                               \
    errno = ENOSYS;               \
    return result;                \
  }

#pragma GCC diagnostic ignored "-Wunused-parameter"
ABSENT(int s6_svstatus_read(char const *dir, s6_svstatus_t *a), 0)
ABSENT(int s6_svc_ok(char const *dir), -1)
ABSENT(int s6_svc_writectl(char const *dir, char const *sub, char const *s, size_t n), -1)
ABSENT(void s6_dtally_unpack(char const *s, s6_dtally_t *a), )
ABSENT(int ftrigw_notify(char const *path, char c), -1)
ABSENT(int ftrigw_fifodir_make(char const *path, gid_t gid, int force), 0)
ABSENT(int s6_fdholder_start(s6_fdholder_t *a, char const *path, tain const *deadline, tain *stamp), 0)
ABSENT(void s6_fdholder_end(s6_fdholder_t *a), )
ABSENT(int s6_fdholder_store(s6_fdholder_t *a, int fd, char const *id, tain const *limit,
                             tain const *deadline, tain *stamp),
       0)
ABSENT(int s6_fdholder_delete(s6_fdholder_t *a, char const *id, tain const *deadline, tain *stamp), 0)
ABSENT(int s6_fdholder_retrieve_maybe_delete(s6_fdholder_t *a, char const *id, int del, tain const *deadline,
                                             tain *stamp),
       -1)
ABSENT(int s6_fdholder_setdump(s6_fdholder_t *a, s6_fdholder_fd_t const *list, unsigned int n,
                               tain const *deadline, tain *stamp),
       0)
