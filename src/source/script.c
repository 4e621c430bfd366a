/* ISC license. */

#include <errno.h>
#include <string.h>

#include <execline/execline.h>
#include <skalibs/uint32.h>

#include "reader.h"

/* what el_parse says */
enum lexed_e { LEX_SYSTEM = -1, LEX_SYNTAX = -2, LEX_OPEN_BLOCK = -3, LEX_STRAY_BRACE = -4 };

typedef struct feed_s feed;
struct feed_s {
  char const *s;
  uint32_t line;
};

static int next(unsigned char *c, void *p)
{
  feed *f = p;
  *c = (unsigned char)*f->s;
  if (*c) f->s++;
  f->line += *c == '\n';
  return 1;
}

/* What is still open where the lexer found the end: a quote, or blocks. Both
   0: nothing is. Knows just enough of the syntax to keep count of lines. */
typedef struct opened_s opened;
struct opened_s {
  uint32_t quote;
  uint32_t block;
};

static int is_blank(char c)
{
  return (unsigned char)c <= ' ';
}

/* Goes over a word. A quote may be a part of it. */
static char const *skip_word(char const *s, uint32_t *line, opened *o)
{
  uint32_t quote = 0;
  for (; *s && (quote || !is_blank(*s)); s++) {
    if (*s == '\n') ++*line;
    if (*s == '"') quote = quote ? 0 : *line;
    if (*s == '\\' && s[1] && *++s == '\n') ++*line;
  }
  o->quote = quote;
  return s;
}

static int find_opened(char const *s, opened *o)
{
  genalloc blocks = GENALLOC_ZERO; /* of uint32_t: lines */
  uint32_t line = 1;
  int r = 1;
  *o = (opened){0, 0};
  while (r && *s) {
    if (*s == '#') {
      s += strcspn(s, "\n");
    } else if (is_blank(*s)) {
      line += *s++ == '\n';
    } else {
      size_t n = genalloc_len(uint32_t, &blocks);
      uint32_t start = line;
      char const *word = s;
      s = skip_word(s, &line, o);
      if (s - word != 1) continue;
      if (*word == '{') r = genalloc_append(uint32_t, &blocks, &start);
      if (*word == '}' && n) genalloc_setlen(uint32_t, &blocks, n - 1);
    }
  }
  size_t n = genalloc_len(uint32_t, &blocks);
  if (n) o->block = genalloc_s(uint32_t, &blocks)[n - 1];
  genalloc_free(uint32_t, &blocks);
  return r;
}

static void complain_lexed(reader *r, unsigned int attribute, int code, feed const *f)
{
  uint32_t line = f->line - (f->s > r->buf.s && f->s[-1] == '\n');
  opened o = {0, 0};
  if (!*f->s && code != LEX_STRAY_BRACE && !find_opened(r->buf.s, &o)) r->src->lost = errno;
  if (code == LEX_STRAY_BRACE)
    reader_complain(r, SOURCE_ERROR, attribute, line, "a } closes a block that was never opened");
  else if (o.quote)
    reader_complain(r, SOURCE_ERROR, attribute, o.quote, "a quote is opened here and never closed");
  else if (o.block)
    reader_complain(r, SOURCE_ERROR, attribute, o.block,
                    "a block is opened here and never closed: } is missing");
  else
    reader_complain(r, SOURCE_ERROR, attribute, line, "syntax error: not an execline command line");
}

void read_script(reader *r, unsigned int attribute)
{
  source *src = r->src;
  source_script *x = &r->sv->script[attribute == SOURCE_UP     ? S6RC_SCRIPT_UP
                                    : attribute == SOURCE_DOWN ? S6RC_SCRIPT_DOWN
                                                               : S6RC_SCRIPT_RELOAD];
  size_t start;
  feed f;
  int argc;
  if (!reader_slurp(r, attribute)) return;
  if (strlen(r->buf.s) < r->buf.len) {
    reader_complain(r, SOURCE_ERROR, attribute, 0, "not text: it holds a NUL byte");
    return;
  }
  if (source_has_bom(r->buf.s))
    reader_complain(r, SOURCE_WARNING, attribute, 1,
                    "begins with a byte order mark, which becomes a part of the first word");
  x->raw = src->text.len;
  x->rawlen = (uint32_t)r->buf.len;
  if (!stralloc_catb(&src->text, r->buf.s, r->buf.len + 1)) {
    src->lost = errno;
    return;
  }
  start = src->text.len;
  f = (feed){.s = r->buf.s, .line = 1};
  argc = el_parse(&src->text, &next, &f);
  if (argc == LEX_SYSTEM)
    src->lost = errno;
  else if (argc < 0)
    complain_lexed(r, attribute, argc, &f);
  else if (src->text.len - start > UINT32_MAX)
    src->lost = EOVERFLOW;
  else {
    x->start = start;
    x->len = (uint32_t)(src->text.len - start);
    x->argc = (uint32_t)argc;
    return;
  }
  src->text.len = start;
}
