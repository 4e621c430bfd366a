/* ISC license. */

/* Source directories, read, resolved, linted and compiled. After the first
   byte (enum how_e) the input is text, a part for each file:

     @DEFINITION FILE     its content is all up to the next line that begins
     content              with @ or ~; with a ~ it is in the second source
     ~DEFINITION FILE     directory, with a ! behind that it lacks its last
     ~!DEFINITION FILE    newline. FILE may be DIRECTORY/ or DIRECTORY/ENTRY
     @NAME                a file beside the definitions */

#include "fuzz.h"

#include <skalibs/stralloc.h>

#include <s6-rc/db.h>

#include "compile/compile.h"
#include "lint/lint.h"
#include "source/source.h"

/* WRITE: what has no error is compiled */
enum how_e { QUIET = 1, OVERRIDE = 2, GRAPH = 4, LINT = 8, BLOCK = 16, WRITE = 32 };

enum { NDIRS = 2, PARTS_MAX = 64, NAME_LEN_MAX = 255 };

static char *dirs[NDIRS];
static char *database;

static void start(void)
{
  dirs[0] = strdup(fuzz_path("first"));
  dirs[1] = strdup(fuzz_path("second"));
  database = strdup(fuzz_path("db"));
  CHECK(dirs[0] && dirs[1] && database);
  CHECK(!mkdir(dirs[0], 0755) && !mkdir(dirs[1], 0755));
}

/* --- from the input to files */

static int is_name(char const *s, size_t len)
{
  return len && len <= NAME_LEN_MAX && !memchr(s, 0, len) && !memchr(s, '/', len) &&
         !(s[0] == '.' && (len == 1 || (len == 2 && s[1] == '.')));
}

/* Appends /NAME, if it is a name. */
static int push(stralloc *path, char const *s, size_t len)
{
  if (!is_name(s, len)) return 0;
  CHECK(stralloc_catb(path, "/", 1) && stralloc_catb(path, s, len) && stralloc_0(path));
  path->len--;
  return 1;
}

/* What there is, to be removed backwards: a letter for its kind and a path. */
static stralloc made = STRALLOC_ZERO;

static void note(char kind, char const *path)
{
  size_t len = strlen(path) + 1;
  /* the length comes last */
  CHECK(stralloc_catb(&made, &kind, 1) && stralloc_catb(&made, path, len) &&
        stralloc_catb(&made, (char *)&len, sizeof len));
}

static void make_dir(char const *path)
{
  if (!mkdir(path, 0755)) note('d', path);
}

static void remove_source(void)
{
  while (made.len) {
    size_t len;
    memcpy(&len, made.s + made.len - sizeof len, sizeof len);
    made.len -= sizeof len + len + 1;
    CHECK(!(made.s[made.len] == 'd' ? rmdir : unlink)(made.s + made.len + 1));
  }
}

/* A part that cannot be is left out: its directory is a file, and the like. */
static void put_part(unsigned int dir, char const *head, size_t headlen, fuzz_input content)
{
  static stralloc path = STRALLOC_ZERO;
  char const *blank = memchr(head, ' ', headlen), *slash = 0, *file = 0;
  size_t deflen = blank ? (size_t)(blank - head) : headlen, filelen = 0;
  int fd;
  path.len = 0;
  CHECK(stralloc_cats(&path, dirs[dir]));
  if (!push(&path, head, deflen)) return;
  if (blank) {
    file = blank + 1;
    filelen = headlen - deflen - 1;
    slash = memchr(file, '/', filelen);
    make_dir(path.s);
    if (!push(&path, file, slash ? (size_t)(slash - file) : filelen)) return;
    if (slash) {
      make_dir(path.s);
      if (!push(&path, slash + 1, filelen - (size_t)(slash + 1 - file))) return;
    }
  }
  fd = open(path.s, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (fd < 0) return;
  note('f', path.s);
  CHECK(write(fd, content.s, content.len) == (ssize_t)content.len);
  close(fd);
}

/* The next line that begins a part, or the end. */
static uint8_t const *next_part(uint8_t const *s, uint8_t const *end)
{
  while (s < end) {
    s = memchr(s, '\n', (size_t)(end - s));
    if (!s || ++s == end) break;
    if (*s == '@' || *s == '~') return s;
  }
  return end;
}

static void put_source(fuzz_input in)
{
  uint8_t const *s = in.s, *end = in.s + in.len;
  for (unsigned int i = 0; s < end && i < PARTS_MAX; i++) {
    uint8_t const *next = next_part(s, end), *eol = memchr(s, '\n', (size_t)(next - s));
    unsigned int dir = *s++ == '~';
    int cut = s < next && *s == '!';
    fuzz_input content;
    if (!eol) eol = next;
    s += cut;
    content.s = eol < next ? eol + 1 : next;
    content.len = (size_t)(next - content.s);
    content.len -= cut && content.len;
    if (s <= eol) put_part(dir, (char const *)s, (size_t)(eol - s), content);
    s = next;
  }
}

/* --- what comes of it */

static void check_complaints(source *src)
{
  source_complaint const *c = genalloc_s(source_complaint, &src->complaints);
  uint32_t count[SOURCE_NSEVERITIES] = {0};
  source_sort_complaints(src);
  for (size_t i = 0; i < genalloc_len(source_complaint, &src->complaints); i++) {
    char const *s = src->complaint_text.s + c[i].start;
    CHECK(c[i].start <= c[i].text && c[i].text < src->complaint_text.len);
    CHECK(c[i].severity < SOURCE_NSEVERITIES);
    count[c[i].severity]++;
    for (; *s; s++) CHECK((unsigned char)*s >= ' ' && *s != 127);
    CHECK(src->complaint_text.s + c[i].text <= s);
  }
  CHECK(!memcmp(count, src->count, sizeof count));
  CHECK(!src->lost);
}

/* All that the database has of service i is what the source says. */
static void check_service(s6rc_db const *db, compiled const *c, uint32_t i)
{
  source_service const *model = compiled_service(c, i);
  s6rc_service sv;
  s6rc_list l;
  s6rc_identifier id;
  CHECK(s6rc_db_service(db, i, &sv));
  CHECK(sv.namelen == compiled_namelen(c, i) && !memcmp(sv.name, compiled_name(c, i), sv.namelen));
  CHECK(s6rc_db_resolve(db, sv.name, sv.namelen, &id) == 1 && s6rc_list_get(&id.contents, 0) == i);
  CHECK(sv.flags == c->flags[i]);
  CHECK(s6rc_db_deps(db, &sv, S6RC_UP, &l) && l.n == c->deps.first[i + 1] - c->deps.first[i]);
  for (uint32_t k = 0; k < l.n; k++) CHECK(s6rc_list_get(&l, k) == c->deps.to[c->deps.first[i] + k]);
  if (sv.type == S6RC_LONGRUN) CHECK(sv.consumer == c->consumer[i]);
  if (!model) return;
  CHECK(sv.type == model->type && !memcmp(sv.timeout, model->timeout, sizeof sv.timeout));
  for (unsigned int k = 0; sv.type == S6RC_ONESHOT && k < S6RC_NSCRIPTS; k++) {
    source_script const *x = model->script + k;
    CHECK(sv.script[k].argc == x->argc && sv.script[k].len == x->len);
    CHECK(!x->len || !memcmp(sv.script[k].s, c->src->text.s + x->start, x->len));
  }
}

static void check_database(compiled const *c, unsigned int how)
{
  compile_options const options = {.graph = !!(how & GRAPH), .block = !!(how & BLOCK)};
  stralloc what = STRALLOC_ZERO;
  s6rc_damage damage = {.what = "not opened"};
  s6rc_db db;
  if (!compile_write(c, database, &options, &what)) FAIL(what.s);
  if (!s6rc_db_open(&db, database) || !s6rc_db_check(&db, &damage)) FAIL(damage.what);
  CHECK(s6rc_db_n(&db) == compiled_n(c));
  for (uint32_t i = 0; i < s6rc_db_n(&db); i++) check_service(&db, c, i);
  for (uint32_t i = 0; i < c->nbundles; i++) {
    compile_bundle const *b = c->bundles + i;
    s6rc_identifier id;
    CHECK(s6rc_db_resolve(&db, source_name(c->src, b->name), source_namelen(c->src, b->name), &id) == 1);
    CHECK(id.type == S6RC_BUNDLE && id.contents.n == b->n);
    for (uint32_t k = 0; k < b->n; k++)
      CHECK(s6rc_list_get(&id.contents, k) == genalloc_s(uint32_t, &c->members)[b->first + k]);
  }
  s6rc_db_close(&db);
  stralloc_free(&what);
  CHECK(!rm_rf(database));
}

int LLVMFuzzerTestOneInput(uint8_t const *s, size_t len)
{
  fuzz_input in = {s, len};
  unsigned int how = fuzz_byte(&in);
  source src = SOURCE_ZERO;
  compiled c = COMPILED_ZERO;
  uint32_t errors;
  if (!database) start();
  put_source(in);
  src.override = !!(how & OVERRIDE);
  CHECK(source_read(&src, (char const *const *)dirs, NDIRS, how & QUIET ? 1 : 2));
  check_complaints(&src);
  CHECK(compile_resolve(&c, &src));
  check_complaints(&src);
  errors = source_nerrors(&src);
  if (how & LINT) {
    CHECK(lint_run(&c, LINT_ALL, 0));
    check_complaints(&src);
  }
  if (!errors && how & WRITE) check_database(&c, how);
  remove_source();
  compile_free(&c);
  source_free(&src);
  return 0;
}
