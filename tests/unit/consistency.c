/* ISC license. */

/* repo_consistency as a table. Services are letters from a on. */

#include <skalibs/genalloc.h>

#include <s6-rc/types.h>

#include "repo/repo.h"

#include "test.h"

/* deps: pairs "ab", a depends on b; after a blank, pairs that are optional. pipes: pairs "ab", a writes to b
   (and so depends on it). before, after: a letter for each service, m u a A in the order of repo_rx. asked:
   "ac=u", or "". mode: . P U D. left: what does not go together afterwards, "ab" (depends) or "a<b" (reads).
   why: for each service its move's letter, "." stays, "!" asked, else who is the reason. */
typedef struct row_s row;
struct row_s {
  char const *name;
  char const *deps;
  char const *pipes;
  char const *before;
  char const *asked;
  char mode;
  char const *after;
  char const *left;
  char const *why;
};

static char const letters[] = "muaA", modes[] = ".PUD";

static row const rows[] = {
    /* a change alone: does what is asked, tells what does not fit */
    {"nothing", "", "", "u", "", '.', "u", "", "."},
    {"no service", "", "", "", "", '.', "", "", ""},
    {"raise one", "", "", "uu", "a=a", '.', "au", "", "!."},
    {"lower one", "", "", "aa", "b=m", '.', "am", "", ".!"},
    {"raise two", "", "", "umu", "ac=a", '.', "ama", "", "!.!"},
    {"already there", "", "", "au", "a=a", '.', "au", "", ".."},
    {"to always", "", "", "u", "a=A", '.', "A", "", "!"},
    {"from always", "", "", "A", "a=u", '.', "u", "", "!"},
    {"fits: equal", "ab", "", "uu", "ab=a", '.', "aa", "", "!!"},
    {"fits: dependency higher", "ab", "", "uA", "a=a", '.', "aA", "", "!."},
    {"raised over its dependency", "ab", "", "uu", "a=a", '.', "au", "ab", "!."},
    {"lowered under its dependent", "ab", "", "aa", "b=u", '.', "au", "ab", ".!"},
    {"masked under its dependent", "ab", "", "uu", "b=m", '.', "um", "ab", ".!"},
    {"always over active", "ab", "", "aa", "a=A", '.', "Aa", "ab", "!."},
    {"only direct pairs", "abbc", "", "aaa", "c=m", '.', "aam", "bc", "..!"},
    {"two dependents", "acbc", "", "aaa", "c=u", '.', "aau", "acbc", "..!"},
    {"two dependencies", "abac", "", "uuu", "a=a", '.', "auu", "abac", "!.."},
    {"what was wrong before and is elsewhere", "abcd", "", "amuu", "c=a", '.', "amau", "cd", "..!."},
    {"what was wrong before, of who is asked", "ab", "", "am", "a=a", '.', "am", "ab", ".."},
    {"what was wrong and is mended", "ab", "", "am", "b=a", '.', "aa", "", ".!"},
    {"what was wrong and is half mended", "ab", "", "am", "b=u", '.', "au", "ab", ".!"},
    {"consumer of a masked producer", "", "ab", "uu", "a=m", '.', "mu", "b<a", "!."},
    {"producer without consumer", "", "ab", "uu", "b=m", '.', "um", "ab", ".!"},
    {"pipeline masked as a whole", "", "abbc", "uuu", "abc=m", '.', "mmm", "", "!!!"},
    {"pipeline masked in the middle", "", "abbc", "uuu", "b=m", '.', "umu", "abc<b", ".!."},
    {"consumer may be higher than its producer", "", "ab", "uu", "b=a", '.', "ua", "", ".!"},
    {"producer may not be higher than its consumer", "", "ab", "uu", "a=a", '.', "au", "ab", "!."},
    {"several producers, one masked", "", "acbc", "uuu", "b=m", '.', "umu", "c<b", ".!."},

    /* pulling along */
    {"pull nothing", "", "", "uu", "a=a", 'P', "au", "", "!."},
    {"pull up", "ab", "", "uu", "a=a", 'P', "aa", "", "!a"},
    {"pull up a chain", "abbccd", "", "uumm", "a=a", 'P', "aaaa", "", "!abc"},
    {"pull up stops where it is high enough", "abbc", "", "uAA", "a=a", 'P', "aAA", "", "!.."},
    {"pull up no further than asked", "abbc", "", "mmm", "a=u", 'P', "uuu", "", "!ab"},
    {"pull up a diamond", "abacbdcd", "", "uuuu", "a=a", 'P', "aaaa", "", "!aab"},
    {"pull up leaves dependents", "abcb", "", "uuu", "a=a", 'P', "aau", "", "!a."},
    {"pull up to always", "abbc", "", "aau", "a=A", 'P', "AAA", "", "!ab"},
    {"pull down", "ab", "", "aa", "b=u", 'P', "uu", "", "b!"},
    {"pull down a chain", "abbccd", "", "Aaaa", "d=u", 'P', "uuuu", "", "bcd!"},
    {"pull down stops where it is low enough", "abbc", "", "muu", "c=u", 'P', "muu", "", "..."},
    {"pull down no further than asked", "abbc", "", "AAA", "c=a", 'P', "aaa", "", "bc!"},
    {"pull down leaves dependencies", "abbc", "", "aaa", "b=m", 'P', "mma", "", "b!."},
    {"pull down a diamond", "abacbdcd", "", "aaaa", "d=m", 'P', "mmmm", "", "bdd!"},
    {"pull both ways: some up, some down", "abcd", "", "uuaa", "ad=a", 'P', "aaaa", "", "!a.."},
    {"pull both ways, same service asked", "abbc", "", "aau", "b=u", 'P', "uuu", "", "b!."},
    {"pull down past always", "ab", "", "AA", "b=u", 'P', "uu", "", "b!"},
    {"already there, dependency too low", "ab", "", "am", "a=a", 'P', "aa", "", ".a"},
    {"already there, dependent too high", "ab", "", "au", "b=u", 'P', "uu", "", "b."},
    {"raised, but a dependent is higher still", "ab", "", "am", "b=u", 'P', "au", "ab", ".!"},
    {"wrong elsewhere stays", "abcd", "", "amuu", "c=a", 'P', "amaa", "", "..!c"},
    {"mask a producer: its consumer too", "", "ab", "uu", "a=m", 'P', "mm", "", "!a"},
    {"mask a consumer: its producer too", "", "ab", "uu", "b=m", 'P', "mm", "", "b!"},
    {"mask the middle: the whole pipeline", "", "abbc", "uau", "b=m", 'P', "mmm", "", "b!b"},
    {"mask a producer: the other producers too", "", "acbc", "uua", "a=m", 'P', "mmm", "", "!ca"},
    {"mask a producer: what needs its consumer too", "cb", "ab", "uua", "a=m", 'P', "mmm", "", "!ab"},
    {"lower a producer: the consumer stays", "", "ab", "aa", "a=u", 'P', "ua", "", "!."},
    {"lower a consumer: the producer too", "", "ab", "aa", "b=u", 'P', "uu", "", "b!"},
    {"unmask a consumer: its producer gets usable", "", "ab", "mm", "b=a", 'P', "ua", "", "b!"},
    {"unmask a producer: its consumer gets as much", "", "ab", "mm", "a=a", 'P', "aa", "", "!a"},
    {"unmask a producer: other producers get usable", "", "acbc", "mmm", "a=a", 'P', "aua", "", "!ca"},
    {"unmask a consumer: what its producer needs", "ac", "ab", "mmm", "b=A", 'P', "uAu", "", "b!a"},
    {"unmask a long pipeline from its end", "", "abbccd", "mmmm", "d=u", 'P', "uuuu", "", "bcd!"},
    {"mask a long pipeline from its start", "", "abbccd", "uuuu", "a=m", 'P', "mmmm", "", "!abc"},
    {"everything asked for", "abbc", "bc", "mua", "abc=a", 'P', "aaa", "", "!!."},

    /* dependencies that are optional */
    {"optional: masked does not matter", " ab", "", "am", "a=A", '.', "Am", "", "!."},
    {"optional: masking does not matter", " ab", "", "aa", "b=m", '.', "am", "", ".!"},
    {"optional: otherwise it does", " ab", "", "aa", "b=u", '.', "au", "ab", ".!"},
    {"optional: unmasked under its dependent", " ab", "", "am", "b=u", '.', "au", "ab", ".!"},
    {"optional: nothing to pull down to masked", " ab", "", "aa", "b=m", 'P', "am", "", ".!"},
    {"optional: pull down to usable", " ab", "", "aa", "b=u", 'P', "uu", "", "b!"},
    {"optional: pull up what is not masked", " ab", "", "uu", "a=a", 'P', "aa", "", "!a"},
    {"optional: leave what is masked", " ab", "", "um", "a=a", 'P', "am", "", "!."},
    {"optional: pulled out of its mask", "cb ab", "", "amm", "c=u", 'P', "auu", "ab", ".c!"},
    {"optional: fix down", "bc ab", "", "aam", "", 'D', "amm", "", ".c."},
    {"optional: fix up", "cb ab", "", "Amu", "", 'U', "AAu", "", ".a."},

    /* mending a whole set */
    {"fix down: nothing to do", "abbc", "", "uaA", "", 'D', "uaA", "", "..."},
    {"fix down", "ab", "", "au", "", 'D', "uu", "", "b."},
    {"fix down a chain", "abbccd", "", "Aaam", "", 'D', "mmmm", "", "bcd."},
    {"fix down in steps", "abac", "", "Aam", "", 'D', "mam", "", "c.."},
    {"fix down two components", "abcd", "", "auAm", "", 'D', "uumm", "", "b.d."},
    {"fix down a pipeline: producer masked", "", "ab", "mu", "", 'D', "mm", "", ".a"},
    {"fix down a pipeline: consumer masked", "", "ab", "um", "", 'D', "mm", "", "b."},
    {"fix down a pipeline: and who needs it", "cb", "ab", "mua", "", 'D', "mmm", "", ".ab"},
    {"fix down a pipeline: rx apart is fine", "", "ab", "uA", "", 'D', "uA", "", ".."},
    {"fix up: nothing to do", "abbc", "", "uaA", "", 'U', "uaA", "", "..."},
    {"fix up", "ab", "", "au", "", 'U', "aa", "", ".a"},
    {"fix up a chain", "abbccd", "", "Aaam", "", 'U', "AAAA", "", ".abc"},
    {"fix up: the highest dependent decides", "acbc", "", "uAm", "", 'U', "uAA", "", "..b"},
    {"fix up two components", "abcd", "", "auAm", "", 'U', "aaAA", "", ".a.c"},
    {"fix up a pipeline: producer masked", "", "ab", "mA", "", 'U', "uA", "", "b."},
    {"fix up a pipeline: consumer masked", "", "ab", "am", "", 'U', "aa", "", ".a"},
    {"fix up a pipeline: what the producer needs", "ac", "ab", "mum", "", 'U', "uuu", "", "b.a"},
};

static int index_of(char const *set, char c)
{
  char const *p = c ? strchr(set, c) : 0;
  if (!p) FAIL("a letter of the table");
  return (int)(p - set);
}

/* The graph of pairs. */
static void edges(s6rc_graph *g, uint32_t n, char const *one, char const *two)
{
  uint32_t k = 0;
  g->n = n;
  g->first = calloc((size_t)n + 1, sizeof(uint32_t));
  g->to = calloc(strlen(one) + strlen(two) + 1, sizeof(uint32_t));
  CHECK(g->first && g->to);
  for (uint32_t i = 0; i < n; i++) {
    g->first[i] = k;
    for (char const *s = one; *s; s += 2)
      if (s[0] - 'a' == (int)i) g->to[k++] = (uint32_t)(s[1] - 'a');
    for (char const *s = two; *s; s += 2)
      if (s[0] - 'a' == (int)i) g->to[k++] = (uint32_t)(s[1] - 'a');
  }
  g->first[n] = k;
}

static void make(repo_services *g, row const *x)
{
  s6rc_graph consumers;
  char hard[96];
  char const *optional = strchr(x->deps, ' ');
  snprintf(hard, sizeof hard, "%.*s", (int)strcspn(x->deps, " "), x->deps);
  g->n = (uint32_t)strlen(x->before);
  edges(&g->deps, g->n, hard, x->pipes);
  edges(&g->optional, g->n, "", optional ? optional + 1 : "");
  CHECK(s6rc_graph_reverse(&g->optional, &g->roptional));
  edges(&consumers, g->n, "", x->pipes);
  CHECK(s6rc_graph_reverse(&g->deps, &g->rdeps));
  CHECK(s6rc_graph_reverse(&consumers, &g->producers));
  g->consumer = calloc((size_t)g->n + 1, sizeof(uint32_t));
  CHECK(g->consumer);
  for (uint32_t i = 0; i < g->n; i++)
    g->consumer[i] =
        consumers.first[i + 1] > consumers.first[i] ? consumers.to[consumers.first[i]] : S6RC_NONE;
  s6rc_graph_free(&consumers);
}

static void print_left(char *s, genalloc const *conflicts)
{
  for (size_t i = 0; i < genalloc_len(repo_conflict, conflicts); i++) {
    repo_conflict const *c = genalloc_s(repo_conflict, conflicts) + i;
    *s++ = (char)('a' + c->service);
    if (c->tie == REPO_CONSUMES) *s++ = '<';
    *s++ = (char)('a' + c->other);
  }
  *s = 0;
}

static void check(row const *x)
{
  repo_services g;
  unsigned char before[8], asked[8] = {0};
  repo_move moves[8];
  genalloc conflicts = GENALLOC_ZERO;
  repo_change change = {.asked = *x->asked ? asked : 0, .mode = (repo_mode)index_of(modes, x->mode)};
  char after[9] = "", why[9] = "", left[64], got[128], wanted[128];
  make(&g, x);
  for (uint32_t i = 0; i < g.n; i++) before[i] = (unsigned char)index_of(letters, x->before[i]);
  for (char const *s = x->asked; *s && *s != '='; s++) asked[*s - 'a'] = 1;
  if (*x->asked) change.to = (repo_rx)index_of(letters, strchr(x->asked, '=')[1]);
  CHECK(repo_consistency(&g, before, &change, moves, &conflicts));
  for (uint32_t i = 0; i < g.n; i++) {
    after[i] = letters[moves[i].rx];
    why[i] = moves[i].why == REPO_STAYS   ? '.'
             : moves[i].why == REPO_ASKED ? '!'
                                          : (char)('a' + moves[i].because);
    /* a reason is given exactly where something has moved */
    CHECK_INT(moves[i].why != REPO_STAYS, moves[i].rx != before[i]);
  }
  print_left(left, &conflicts);
  snprintf(got, sizeof got, "%s: %s/%s/%s", x->name, after, left, why);
  snprintf(wanted, sizeof wanted, "%s: %s/%s/%s", x->name, x->after, x->left, x->why);
  CHECK_STR(got, wanted);
  genalloc_free(repo_conflict, &conflicts);
  repo_services_free(&g);
}

TEST(table)
{
  CHECK(sizeof rows / sizeof *rows >= 50);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) check(rows + i);
}

/* Whatever the set: after a fix nothing is left, and a second one does nothing.
   Pulling leaves nothing that was not wrong before. */
static uint32_t dice(void)
{
  static uint32_t x = 2463534242U;
  x ^= x << 13;
  x ^= x >> 17;
  return x ^= x << 5;
}

static size_t run(repo_services const *g, unsigned char *rx, unsigned char const *asked, repo_rx to,
                  repo_mode mode, int *moved)
{
  repo_change change = {.asked = asked, .to = to, .mode = mode};
  repo_move moves[8];
  genalloc conflicts = GENALLOC_ZERO;
  size_t n;
  CHECK(repo_consistency(g, rx, &change, moves, &conflicts));
  *moved = 0;
  for (uint32_t i = 0; i < g->n; i++) {
    *moved |= rx[i] != moves[i].rx;
    rx[i] = moves[i].rx;
  }
  n = genalloc_len(repo_conflict, &conflicts);
  genalloc_free(repo_conflict, &conflicts);
  return n;
}

TEST(any_set)
{
  for (unsigned int round = 0; round < 3000; round++) {
    char deps[96] = "", optional[48] = "", pipes[16] = "", before[8] = "uuuuuu";
    row x = {.deps = deps, .pipes = pipes, .before = before};
    unsigned char rx[8], asked[8];
    repo_mode fix = round % 2 ? REPO_FIX_UP : REPO_FIX_DOWN;
    repo_services g;
    int moved;
    /* edges from lower to higher letters: no cycle */
    for (char a = 'a'; a < 'f'; a++) {
      if (dice() % 3 == 0) snprintf(pipes + strlen(pipes), 3, "%c%c", a, a + 1);
      for (char b = (char)(a + 1); b <= 'f'; b++)
        if (dice() % 4 == 0) snprintf(deps + strlen(deps), 3, "%c%c", a, b);
    }
    for (char a = 'a'; round % 3 && a < 'f'; a++)
      if (dice() % 3 == 0 && a < 'e') snprintf(optional + strlen(optional), 3, "%c%c", a, a + 2);
    snprintf(deps + strlen(deps), sizeof optional, "%s%s", *optional ? " " : "", optional);
    make(&g, &x);
    for (int i = 0; i < 6; i++) rx[i] = (unsigned char)(dice() % REPO_NRXS);
    CHECK_INT(run(&g, rx, 0, REPO_MASKED, fix, &moved), 0);
    CHECK_INT(run(&g, rx, 0, REPO_MASKED, fix, &moved), 0);
    CHECK(!moved);
    for (int i = 0; i < 6; i++) asked[i] = dice() % 2;
    repo_rx to = (repo_rx)(dice() % REPO_NRXS);
    size_t left = run(&g, rx, asked, to, REPO_PULL, &moved);
    for (int i = 0; i < 6; i++)
      if (asked[i]) CHECK_INT(rx[i], to);
    /* what has been asked out of its mask may be lower than who may depend on it */
    if (!*optional) CHECK_INT(left, 0);
    CHECK_INT(run(&g, rx, 0, REPO_MASKED, REPO_ALONE, &moved), left);
    repo_services_free(&g);
  }
}

/* A long chain needs heap, not stack; and time in proportion. */
TEST(long_chain)
{
  enum { N = 300000 };
  repo_services g = {.n = N};
  uint32_t *consumer = malloc(N * sizeof(uint32_t)), *first = malloc((N + 1) * sizeof(uint32_t)),
           *to = malloc(N * sizeof(uint32_t));
  unsigned char *rx = malloc(N);
  repo_move *moves = malloc(N * sizeof *moves);
  repo_change change = {.asked = 0, .mode = REPO_FIX_UP};
  genalloc conflicts = GENALLOC_ZERO;
  CHECK(consumer && first && to && rx && moves);
  for (uint32_t i = 0; i < N; i++) {
    first[i] = i;
    to[i] = i + 1;
    consumer[i] = S6RC_NONE;
    rx[i] = REPO_MASKED;
  }
  first[N] = first[N - 1];
  g.optional = g.roptional = (s6rc_graph){.n = N, .first = calloc(N + 1, sizeof(uint32_t)), .to = 0};
  g.deps = (s6rc_graph){.n = N, .first = first, .to = to};
  g.consumer = consumer;
  g.producers = (s6rc_graph){.n = N, .first = calloc(N + 1, sizeof(uint32_t)), .to = 0};
  CHECK(s6rc_graph_reverse(&g.deps, &g.rdeps));
  rx[0] = REPO_ALWAYS;
  CHECK(repo_consistency(&g, rx, &change, moves, &conflicts));
  CHECK_INT(moves[N - 1].rx, REPO_ALWAYS);
  CHECK_INT(genalloc_len(repo_conflict, &conflicts), 0);
  free(rx);
  free(moves);
  g.roptional = (s6rc_graph)S6RC_GRAPH_ZERO;
  repo_services_free(&g);
}

TEST(names_of_prescriptions)
{
  static struct {
    char const *word;
    int rx, alias;
  } const words[] = {{"masked", 0, 0},   {"usable", 1, 0},   {"active", 2, 0},   {"always", 3, 0},
                     {"unmasked", 1, 1}, {"latent", 1, 1},   {"disabled", 1, 1}, {"inactive", 1, 1},
                     {"enabled", 2, 1},  {"essential", 3, 1}};
  repo_rx rx;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    CHECK(repo_rx_scan(words[i].word, strlen(words[i].word), 1, &rx));
    CHECK_INT(rx, words[i].rx);
    CHECK_INT(repo_rx_scan(words[i].word, strlen(words[i].word), 0, &rx), !words[i].alias);
  }
  CHECK(!repo_rx_scan("mask", 4, 1, &rx));
  CHECK(!repo_rx_scan("maskedx", 7, 1, &rx));
  CHECK(!repo_rx_scan("", 0, 1, &rx));
  CHECK_INT(repo_rx_default(0), REPO_USABLE);
  CHECK_INT(repo_rx_default(S6RC_FLAG_RECOMMENDED), REPO_ACTIVE);
  CHECK_INT(repo_rx_default(S6RC_FLAG_ESSENTIAL), REPO_ALWAYS);
  CHECK_INT(repo_rx_default(S6RC_FLAGS_ALL), REPO_ALWAYS);
}
