/* ISC license. */

/* update_conversions_read: what conversion files say, and all the mistakes in
   them. */

#include <s6-rc/db.h>

#include "update/update.h"

#include "test.h"
#include "dbtext.h"

typedef struct convcase_s convcase;
struct convcase_s {
  char const *text;
  char const *wanted; /* "LINE: OLD -> NEW restart" or "LINE CODE SENTENCE", a line each */
};

static char const olds[] = "l a; l b; l c; l restart; l ->; o s; b both a b";
static char const news[] = "l a; l b; l c; l x; l restart; l y; o s; b all a b x";

static void print(stralloc *sa, update_conversions const *c, s6rc_db const *db)
{
  char line[1024];
  update_mistake const *m = genalloc_s(update_mistake, &c->mistakes);
  for (uint32_t i = 0; i < s6rc_db_n(db); i++) {
    update_conversion const *conv = c->by_old + i;
    s6rc_service sv;
    CHECK(s6rc_db_service(db, i, &sv));
    if (!conv->line) continue;
    snprintf(line, sizeof line, "%u: %s%s%s%s\n", (unsigned int)conv->line, sv.name,
             conv->newlen ? " -> " : "", conv->newlen ? c->words.s + conv->newname : "",
             conv->restart ? " restart" : "");
    if (conv->newlen) CHECK_INT(strlen(c->words.s + conv->newname), conv->newlen);
    CHECK(stralloc_cats(sa, line));
  }
  for (size_t i = 0; i < genalloc_len(update_mistake, &c->mistakes); i++) {
    snprintf(line, sizeof line, "%u %d %s\n", (unsigned int)m[i].line, m[i].code, c->texts.s + m[i].text);
    CHECK(stralloc_cats(sa, line));
  }
}

static void check_with(char const *oldtext, char const *newtext, convcase const *cases, size_t n)
{
  char dir[256];
  s6rc_db olddb, newdb;
  snprintf(dir, sizeof dir, "%s/old", test_dir());
  dbtext_open(&olddb, dir, oldtext);
  snprintf(dir, sizeof dir, "%s/new", test_dir());
  dbtext_open(&newdb, dir, newtext);
  for (size_t i = 0; i < n; i++) {
    update_conversions c = UPDATE_CONVERSIONS_ZERO;
    stralloc got = STRALLOC_ZERO;
    CHECK(update_conversions_read(&c, cases[i].text, &olddb, &newdb));
    print(&got, &c, &olddb);
    CHECK(stralloc_0(&got));
    if (strcmp(got.s, cases[i].wanted))
      test_failed("case \"%s\":\n# got:\n%s# wanted:\n%s", cases[i].text ? cases[i].text : "(null)", got.s,
                  cases[i].wanted);
    stralloc_free(&got);
    update_conversions_free(&c);
  }
  s6rc_db_close(&olddb);
  s6rc_db_close(&newdb);
}
#define check(cases) check_with(olds, news, (cases), sizeof(cases) / sizeof *(cases))

TEST(nothing)
{
  static convcase const cases[] = {{0, ""},           {"", ""},      {"\n", ""},
                                   {"\n \t\n\n", ""}, {"# a\n", ""}, {"# a -> b restart", ""}};
  check(cases);
}

TEST(what_can_be_said)
{
  static convcase const cases[] = {
      {"a -> x\n", "1: a -> x\n"},
      {"a -> x", "1: a -> x\n"},
      {"a restart\n", "1: a restart\n"},
      {"a -> x restart\n", "1: a -> x restart\n"},
      {"a\n", "1: a\n"},
      {"a -> a\n", "1: a -> a\n"},
      {"a -> restart\nrestart -> x\n", "1: a -> restart\n2: restart -> x\n"},
      {"restart restart\n", "1: restart restart\n"},
      {"\n\n  a  ->\tx \t# why\n# b\nb restart\n", "3: a -> x\n5: b restart\n"},
      {"s -> all\n", "1: s -> all\n"},
      {"s -> x\n", "1: s -> x\n"},
      {"\"a\" \"->\" \"x\" \"restart\"\n", "1: a -> x restart\n"},
  };
  check(cases);
}

TEST(circles)
{
  static convcase const cases[] = {
      {"a -> b\nb -> a\n", "1: a -> b\n2: b -> a\n"},
      {"b -> a\na -> b\n", "2: a -> b\n1: b -> a\n"},
      {"a -> b\nb -> c\nc -> a restart\n", "1: a -> b\n2: b -> c\n3: c -> a restart\n"},
      {"a -> b\nb -> x\n", "1: a -> b\n2: b -> x\n"},
  };
  check(cases);
}

TEST(odd_names)
{
  static convcase const cases[] = {
      {"-> -> y\n", "1: -> -> y\n"},
      {"-> restart\n", "1: -> restart\n"},
      {"\"->\"\n", "1: ->\n"},
  };
  check(cases);
}

static uint32_t const nothing[] = {S6RC_NONE};

/* Names that a text of definitions cannot have. */
TEST(blanks_and_quotes)
{
  static dbmaker_service const sv[] = {{.name = S6RC_ONESHOT_RUNNER},
                                       {.name = S6RC_FDHOLDER},
                                       {.name = " two words", .deps = nothing},
                                       {.name = "#hash"},
                                       {.name = "quote\"", .deps = nothing},
                                       {.name = "tab\there"},
                                       {.name = "{"}};
  enum { N = sizeof sv / sizeof *sv };
  static char const text[] = "\" two words\" -> \"#hash\"\n\"#hash\" -> \" two words\"\n"
                             "\"quote\\\"\" restart # \"\n\"tab\\there\"\n\"{\" restart\n";
  update_conversions c = UPDATE_CONVERSIONS_ZERO;
  stralloc got = STRALLOC_ZERO;
  dbmaker m;
  s6rc_db db;
  dbmaker_make(&m, sv, N, 0);
  dbmaker_put(test_dir(), &m, sv, 0, 0);
  dbmaker_free(&m);
  CHECK(s6rc_db_open(&db, test_dir()));
  CHECK(update_conversions_read(&c, text, &db, &db));
  print(&got, &c, &db);
  CHECK(stralloc_0(&got));
  CHECK_STR(
      got.s,
      "1:  two words -> #hash\n2: #hash ->  two words\n3: quote\" restart\n4: tab\there\n5: { restart\n");
  update_conversions_free(&c);
  stralloc_free(&got);
}

TEST(mistakes)
{
  static convcase const cases[] = {
      {"q\n", "1 3 the live database has no service q\n"},
      {"x -> a\n", "1 3 the live database has no service x\n"},
      {"\"\" restart\n", "1 3 the live database has no service \n"},
      {"a -> q\n", "1 4 the new database has no service or bundle q\n"},
      {"a -> both\n", "1 4 the new database has no service or bundle both\n"},
      {"both -> x\n", "1 5 not a service but a bundle: both\n"},
      {"both restart\n", "1 5 not a service but a bundle: both\n"},
      {"s6rc-fdholder restart\n", "1 5 a generated service cannot be converted: s6rc-fdholder\n"},
      {"s6rc-oneshot-runner -> x\n", "1 5 a generated service cannot be converted: s6rc-oneshot-runner\n"},
      {"a restart\na restart\n", "1: a restart\n2 6 mentioned twice: a\n"},
      {"a -> x\n\na -> y\n", "1: a -> x\n3 6 mentioned twice: a\n"},
      {"a -> x\nb -> x\n", "1: a -> x\n2: b -> x\n2 6 two services would become x\n"},
      {"b -> x\na -> x\n", "2: a -> x\n1: b -> x\n1 6 two services would become x\n"},
      {"a -> b\n", "1: a -> b\n1 6 two services would become b\n"},
      {"b -> a\n", "1: b -> a\n1 6 two services would become a\n"},
      {"a -> s6rc-fdholder\n", "1: a -> s6rc-fdholder\n1 6 two services would become s6rc-fdholder\n"},
      {"a ->\n", "1 100 a name is missing after ->\n"},
      {"a x\n", "1 100 not understood: x: OLD [ -> NEW ] [ restart ] is wanted\n"},
      {"a restart -> x\n", "1 100 not understood: ->: OLD [ -> NEW ] [ restart ] is wanted\n"},
      {"a -> x y\n", "1 100 not understood: y: OLD [ -> NEW ] [ restart ] is wanted\n"},
      {"a -> x restart y\n", "1 100 too many words: OLD [ -> NEW ] [ restart ] is wanted\n"},
      {"a -> \"x\n", "1 100 syntax error (quotes or braces that are not closed?)\n"},
      {"a -> { x\n", "1 100 syntax error (quotes or braces that are not closed?)\n"},
      {"a }\n", "1 100 syntax error (quotes or braces that are not closed?)\n"},
  };
  check(cases);
}

/* All of them, each with its line; the first one's code counts. */
TEST(several_mistakes)
{
  static convcase const cases[] = {
      {"q restart\n# comment\n\na -> q\nboth\n\"\nb restart\nb -> x\ns ->",
       "7: b restart\n1 3 the live database has no service q\n4 4 the new database has no service or bundle "
       "q\n"
       "5 5 not a service but a bundle: both\n6 100 syntax error (quotes or braces that are not closed?)\n"
       "8 6 mentioned twice: b\n9 100 a name is missing after ->\n"},
  };
  check(cases);
}

/* A mistaken line is no reason to complain about another that is fine. */
TEST(no_consequential_mistakes)
{
  static convcase const cases[] = {
      {"a -> b\nb -> q\n", "1: a -> b\n2 4 the new database has no service or bundle q\n"},
  };
  check(cases);
}

TEST(long_file)
{
  stralloc text = STRALLOC_ZERO;
  for (unsigned int i = 0; i < 20000; i++) CHECK(stralloc_cats(&text, "# nothing in this line\n"));
  CHECK(stralloc_cats(&text, "a restart\n") && stralloc_0(&text));
  convcase const cases[] = {{text.s, "20001: a restart\n"}};
  check(cases);
  stralloc_free(&text);
}
