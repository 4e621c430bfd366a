/* ISC license. */

/* Reading compiled databases: what is right, what is damaged. */

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>

#include <s6-rc/db.h>

#include "test.h"

#include "dbmaker.h"

/* What most tests look at: a pipeline a -> b -> log, c -> log; two oneshots. */
enum { RUNNER, HOLDER, A, B, C, LOG, ONE, TWO, N };
#define NLONGRUNS ONE
static dbmaker_service const services[N] = {
    [RUNNER] = {.name = S6RC_ONESHOT_RUNNER, .flags = S6RC_FLAG_ESSENTIAL},
    [HOLDER] = {.name = S6RC_FDHOLDER, .flags = S6RC_FLAG_ESSENTIAL},
    [A] = {.name = "a", .deps = (uint32_t const[]){HOLDER, B, TWO, S6RC_NONE}, .consumer = B},
    [B] = {.name = "b b", .deps = (uint32_t const[]){HOLDER, LOG, S6RC_NONE}, .consumer = LOG},
    [C] = {.name = "\303\251", .deps = (uint32_t const[]){HOLDER, LOG, S6RC_NONE}, .consumer = LOG},
    [LOG] = {.name = "log",
             .flags = S6RC_FLAG_RECOMMENDED,
             .timeout = {1234567890, UINT32_MAX},
             .deps = (uint32_t const[]){HOLDER, S6RC_NONE}},
    [ONE] = {.name = "one",
             .deps = (uint32_t const[]){RUNNER, S6RC_NONE},
             .script = {DBMAKER_SCRIPT("true", 1), {"", 0, 0}, DBMAKER_SCRIPT("sh\0-c\0", 3)}},
    [TWO] = {.name = "two",
             .flags = S6RC_FLAGS_ALL,
             .timeout = {0, 7},
             .deps = (uint32_t const[]){RUNNER, ONE, S6RC_NONE},
             .script = {DBMAKER_SCRIPT("echo\0x", 2), DBMAKER_SCRIPT("", 1), {"", 0, 0}}}};
static dbmaker_bundle const bundles[] = {{.name = "all",
                                          .n = 6,
                                          .contents = (uint32_t const[]){A, B, C, LOG, ONE, TWO}},
                                         {.name = "none", .n = 0, .contents = 0},
                                         {.name = "pipe line", .n = 1, .contents = (uint32_t const[]){LOG}}};
#define NBUNDLES ((uint32_t)(sizeof bundles / sizeof *bundles))

static void make(dbmaker *m)
{
  dbmaker_make(m, services, NLONGRUNS, N - NLONGRUNS);
}

static void open_it(s6rc_db *db, dbmaker const *m)
{
  dbmaker_put(test_dir(), m, services, bundles, NBUNDLES);
  CHECK(s6rc_db_open(db, test_dir()));
}

static void check_numbers(s6rc_list const *l, uint32_t const *wanted, uint32_t n)
{
  CHECK_INT(l->n, n);
  for (uint32_t i = 0; i < n; i++) CHECK_INT(s6rc_list_get(l, i), wanted[i]);
}

/* --- what is right */

TEST(records)
{
  dbmaker m;
  s6rc_db db;
  s6rc_service sv;
  make(&m);
  open_it(&db, &m);
  CHECK_INT(db.nlongruns, NLONGRUNS);
  CHECK_INT(s6rc_db_n(&db), N);
  CHECK_MEM(s6rc_db_digest(&db), m.s + S6RC_HEADER_DIGEST, S6RC_DIGEST_SIZE);
  for (uint32_t i = 0; i < N; i++) {
    s6rc_list l;
    CHECK(s6rc_db_service(&db, i, &sv));
    CHECK_INT(sv.number, i);
    CHECK_INT(sv.type, i < NLONGRUNS ? S6RC_LONGRUN : S6RC_ONESHOT);
    CHECK_STR(sv.name, services[i].name);
    CHECK_INT(sv.namelen, strlen(services[i].name));
    CHECK_INT(sv.flags, services[i].flags);
    CHECK_INT(sv.timeout[S6RC_UP], services[i].timeout[S6RC_UP]);
    CHECK_INT(sv.timeout[S6RC_DOWN], services[i].timeout[S6RC_DOWN]);
    CHECK_INT(sv.consumer, services[i].consumer ? services[i].consumer : S6RC_NONE);
    CHECK(s6rc_db_deps(&db, &sv, S6RC_UP, &l));
    check_numbers(&l, services[i].deps, dbmaker_ndeps(services + i));
    for (unsigned int k = 0; k < S6RC_NSCRIPTS; k++) {
      CHECK_INT(sv.script[k].argc, services[i].script[k].argc);
      CHECK_INT(sv.script[k].len, services[i].script[k].len);
      if (sv.script[k].len) CHECK_MEM(sv.script[k].s, services[i].script[k].s, sv.script[k].len);
    }
  }
  CHECK(s6rc_db_service(&db, LOG, &sv));
  check_numbers(&sv.producers, (uint32_t const[]){B, C}, 2);
  CHECK(s6rc_db_service(&db, A, &sv));
  CHECK_INT(sv.producers.n, 0);
  s6rc_db_close(&db);
  s6rc_db_close(&db);
  dbmaker_free(&m);
}

TEST(reverse_dependencies)
{
  dbmaker m;
  s6rc_db db;
  s6rc_service sv;
  s6rc_list l;
  make(&m);
  open_it(&db, &m);
  CHECK(s6rc_db_service(&db, HOLDER, &sv));
  CHECK(s6rc_db_deps(&db, &sv, S6RC_DOWN, &l));
  check_numbers(&l, (uint32_t const[]){A, B, C, LOG}, 4);
  CHECK(s6rc_db_service(&db, A, &sv));
  CHECK(s6rc_db_deps(&db, &sv, S6RC_DOWN, &l));
  CHECK_INT(l.n, 0);
  s6rc_db_close(&db);
  dbmaker_free(&m);
}

TEST(numbers_out_of_range)
{
  dbmaker m;
  s6rc_db db;
  s6rc_service sv;
  make(&m);
  open_it(&db, &m);
  CHECK(!s6rc_db_service(&db, N, &sv));
  CHECK_ERRNO(EPROTO);
  CHECK(!s6rc_db_service(&db, S6RC_NONE, &sv));
  CHECK_ERRNO(EPROTO);
  s6rc_db_close(&db);
  dbmaker_free(&m);
}

TEST(names)
{
  dbmaker m;
  s6rc_db db;
  s6rc_identifier id;
  char const *name;
  size_t len;
  uint32_t pos = CDB_TRAVERSE_INIT();
  make(&m);
  open_it(&db, &m);
  for (uint32_t i = 0; i < N; i++) {
    CHECK_INT(s6rc_db_resolve(&db, services[i].name, strlen(services[i].name), &id), 1);
    CHECK_INT(id.type, i < NLONGRUNS ? S6RC_LONGRUN : S6RC_ONESHOT);
    check_numbers(&id.contents, &i, 1);
    CHECK_INT(s6rc_db_next(&db, &name, &len, &id, &pos), 1);
    CHECK_INT(len, strlen(services[i].name));
    CHECK_MEM(name, services[i].name, len);
    check_numbers(&id.contents, &i, 1);
  }
  for (uint32_t i = 0; i < NBUNDLES; i++) {
    CHECK_INT(s6rc_db_resolve(&db, bundles[i].name, strlen(bundles[i].name), &id), 1);
    CHECK_INT(id.type, S6RC_BUNDLE);
    check_numbers(&id.contents, bundles[i].contents, bundles[i].n);
    CHECK_INT(s6rc_db_next(&db, &name, &len, &id, &pos), 1);
    CHECK_INT(len, strlen(bundles[i].name));
    CHECK_MEM(name, bundles[i].name, len);
    CHECK_INT(id.type, S6RC_BUNDLE);
  }
  CHECK_INT(s6rc_db_next(&db, &name, &len, &id, &pos), 0);
  CHECK_INT(s6rc_db_resolve(&db, "", 0, &id), 0);
  CHECK_INT(s6rc_db_resolve(&db, "al", 2, &id), 0);
  CHECK_INT(s6rc_db_resolve(&db, "alle", 4, &id), 0);
  CHECK_INT(s6rc_db_resolve(&db, "all", 4, &id), 0);
  s6rc_db_close(&db);
  dbmaker_free(&m);
}

static void closure_of(s6rc_db const *db, s6rc_dir dir, uint32_t start, char const *wanted)
{
  unsigned char mark[N];
  char s[N + 1];
  memset(mark, 2, N);
  mark[start] |= 4;
  CHECK(s6rc_db_closure(db, dir, mark, 4));
  for (uint32_t i = 0; i < N; i++) s[i] = mark[i] == 6 ? '1' : mark[i] == 2 ? '0' : '?';
  s[N] = 0;
  CHECK_STR(s, wanted);
}

TEST(closures)
{
  dbmaker m;
  s6rc_db db;
  unsigned char mark[N] = {0};
  make(&m);
  open_it(&db, &m);
  /*                              RHabcL12 */
  closure_of(&db, S6RC_UP, A, "11110111");
  closure_of(&db, S6RC_UP, LOG, "01000100");
  closure_of(&db, S6RC_UP, TWO, "10000011");
  closure_of(&db, S6RC_DOWN, A, "00100000");
  closure_of(&db, S6RC_DOWN, LOG, "00111100");
  closure_of(&db, S6RC_DOWN, ONE, "00100011");
  CHECK(s6rc_db_closure(&db, S6RC_UP, mark, 1));
  for (uint32_t i = 0; i < N; i++) CHECK_INT(mark[i], 0);
  s6rc_db_close(&db);
  dbmaker_free(&m);
}

TEST(a_sound_database_checks)
{
  dbmaker m;
  s6rc_db db;
  s6rc_damage damage = {.what = 0};
  make(&m);
  open_it(&db, &m);
  if (!s6rc_db_check(&db, &damage)) FAIL(damage.what);
  s6rc_db_close(&db);
  dbmaker_free(&m);
}

TEST(only_the_generated_services)
{
  dbmaker m;
  s6rc_db db;
  s6rc_damage damage = {.what = 0};
  dbmaker_make(&m, services, S6RC_NGENERATED, 0);
  /* they depend on nothing */
  dbmaker_put(test_dir(), &m, services, 0, 0);
  CHECK(s6rc_db_open(&db, test_dir()));
  if (!s6rc_db_check(&db, &damage)) FAIL(damage.what);
  s6rc_db_close(&db);
  dbmaker_free(&m);
}

/* --- opening what is no database */

static void refuse(dbmaker const *m, int e)
{
  s6rc_db db;
  dbmaker_put_file(test_dir(), S6RC_DB_FILE, m->s, m->len);
  if (s6rc_db_open(&db, test_dir())) FAIL("opened");
  CHECK_INT(errno, e);
  CHECK_INT(db.fd, -1);
  CHECK(!db.map);
}

TEST(headers)
{
  dbmaker m;
  s6rc_db db;
  make(&m);
  dbmaker_put(test_dir(), &m, services, bundles, NBUNDLES);

  s6rc_le32_put(m.s + S6RC_HEADER_VERSION, S6RC_DB_VERSION + 1);
  dbmaker_seal_file(&m);
  refuse(&m, EPROTOTYPE);
  s6rc_le32_put(m.s + S6RC_HEADER_VERSION, S6RC_DB_VERSION);

  m.s[0] ^= 1;
  dbmaker_seal_file(&m);
  refuse(&m, EPROTO);
  m.s[0] ^= 1;

  /* counts that do not fit the sections, one of them only modulo 2^32 */
  for (uint32_t add = 1; add; add = add == 1 ? 0x40000000 : 0) {
    s6rc_le32_put(m.s + S6RC_HEADER_NLONGRUNS, NLONGRUNS + add);
    dbmaker_seal_file(&m);
    refuse(&m, EPROTO);
    s6rc_le32_put(m.s + S6RC_HEADER_NLONGRUNS, NLONGRUNS);
    s6rc_le32_put(m.s + S6RC_HEADER_NONESHOTS, N - NLONGRUNS + add);
    dbmaker_seal_file(&m);
    refuse(&m, EPROTO);
    s6rc_le32_put(m.s + S6RC_HEADER_NONESHOTS, N - NLONGRUNS);
  }

  for (unsigned int i = 0; i < S6RC_NSECTIONS; i++)
    for (unsigned int k = 0; k < 16; k += 8) {
      unsigned char *field = m.s + S6RC_HEADER_SECTIONS + 16 * i + k;
      uint64_t value = s6rc_le64(field);
      uint64_t const wrong[] = {0, value + 8, value - 8, UINT64_MAX, UINT64_MAX - 7, (uint64_t)1 << 32};
      for (size_t j = 0; j < sizeof wrong / sizeof *wrong; j++) {
        s6rc_le64_put(field, wrong[j]);
        dbmaker_seal_file(&m);
        refuse(&m, EPROTO);
      }
      s6rc_le64_put(field, value);
    }

  dbmaker_seal_file(&m);
  dbmaker_put_file(test_dir(), S6RC_DB_FILE, m.s, m.len);
  CHECK(s6rc_db_open(&db, test_dir()));
  s6rc_db_close(&db);
  dbmaker_free(&m);
}

static void replace(char const *name, int kind)
{
  char path[256];
  snprintf(path, sizeof path, "%s/%s", test_dir(), name);
  if (rmdir(path) < 0 && unlink(path) < 0 && errno != ENOENT) FAIL(path);
  if (kind == 'd') CHECK(!mkdir(path, 0755));
  if (kind == 'p') CHECK(!mkfifo(path, 0644));
  if (kind == 'f') dbmaker_put_file(test_dir(), name, "", 0);
}

TEST(files_of_the_wrong_kind)
{
  static char const *const names[] = {S6RC_DB_FILE, S6RC_RESOLVE_FILE};
  dbmaker m;
  s6rc_db db;
  make(&m);
  for (size_t i = 0; i < 2; i++) {
    dbmaker_put(test_dir(), &m, services, bundles, NBUNDLES);
    for (char const *kind = "dpf "; *kind; kind++) {
      replace(names[i], *kind);
      CHECK(!s6rc_db_open(&db, test_dir()));
      CHECK_ERRNO(EPROTO);
    }
  }
  CHECK(!s6rc_db_open(&db, "nowhere"));
  CHECK_ERRNO(ENOENT);
  dbmaker_free(&m);
}

/* A directory is opened once; what is opened is relative to that. */
TEST(relative_to_a_descriptor)
{
  dbmaker m;
  s6rc_db db;
  int fd;
  make(&m);
  dbmaker_put(test_dir(), &m, services, bundles, NBUNDLES);
  fd = open(".", O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  CHECK(!chdir("/"));
  CHECK(s6rc_db_openat(&db, fd, test_dir_name));
  s6rc_db_close(&db);
  CHECK(!fchdir(fd));
  dbmaker_free(&m);
}

/* --- damage that hashes do not show, because they are right */

/* `change` writes into an image; what check then says, and of which service. */
typedef void change_func(dbmaker *);

static void complain(change_func *change, char const *what, char const *name)
{
  dbmaker m;
  s6rc_db db;
  s6rc_damage damage = {.what = 0};
  make(&m);
  (*change)(&m);
  dbmaker_seal(&m);
  open_it(&db, &m);
  if (s6rc_db_check(&db, &damage)) FAIL(what);
  CHECK_ERRNO(EPROTO);
  CHECK_STR(damage.what, what);
  CHECK_STR(damage.file, S6RC_DB_FILE);
  if (name)
    CHECK_STR(damage.name, name);
  else
    CHECK(!damage.name);
  s6rc_db_close(&db);
  dbmaker_free(&m);
}

/* field of the record of a service, edge of its lists */
#define FIELD(m, i, f) (dbmaker_record(m, i) + offsetof(s6rc_servicerec, f))
#define EXTRA(m, i, f) (dbmaker_extra(m, i) + offsetof(s6rc_longrunrec, f))
static unsigned char *edge(dbmaker *m, unsigned char const *first, uint32_t k)
{
  return m->s + m->section[S6RC_SECTION_EDGES] + 4 * ((size_t)s6rc_le32(first) + k);
}

static void set_flags(dbmaker *m)
{
  s6rc_le32_put(FIELD(m, LOG, flags), 4);
}

static void set_slash(dbmaker *m)
{
  m->s[m->section[S6RC_SECTION_STRINGS] + s6rc_le32(FIELD(m, LOG, name))] = '/';
}

static void set_newline(dbmaker *m)
{
  m->s[m->section[S6RC_SECTION_STRINGS] + s6rc_le32(FIELD(m, LOG, name)) + 2] = '\n';
}

static void set_nul(dbmaker *m)
{
  m->s[m->section[S6RC_SECTION_STRINGS] + s6rc_le32(FIELD(m, LOG, name)) + 1] = 0;
}

static void swap_deps(dbmaker *m)
{
  s6rc_le32_put(edge(m, FIELD(m, A, deps), 0), B);
  s6rc_le32_put(edge(m, FIELD(m, A, deps), 1), HOLDER);
}

static void double_deps(dbmaker *m)
{
  s6rc_le32_put(edge(m, FIELD(m, A, deps), 1), HOLDER);
}

static void dep_out_of_range(dbmaker *m)
{
  s6rc_le32_put(edge(m, FIELD(m, A, deps), 2), N);
}

static void break_mirror(dbmaker *m)
{
  s6rc_le32_put(edge(m, FIELD(m, A, deps), 2), ONE);
}

static void shorten_mirror(dbmaker *m)
{
  s6rc_le32_put(FIELD(m, TWO, nrdeps), 0);
}

static void wrong_first(dbmaker *m)
{
  m->s[m->section[S6RC_SECTION_STRINGS] + s6rc_le32(FIELD(m, RUNNER, name))] = 'S';
}

static void two_consumers(dbmaker *m)
{
  /* a says log, b still lists a */
  s6rc_le32_put(EXTRA(m, B, consumer), S6RC_NONE);
}

static void forgotten_producer(dbmaker *m)
{
  s6rc_le32_put(EXTRA(m, B, nproducers), 0);
}

static void producer_of_another(dbmaker *m)
{
  s6rc_le32_put(edge(m, EXTRA(m, LOG, producers), 1), A);
}

static void swapped_producers(dbmaker *m)
{
  s6rc_le32_put(edge(m, EXTRA(m, LOG, producers), 0), C);
  s6rc_le32_put(edge(m, EXTRA(m, LOG, producers), 1), B);
}

static void oneshot_produces(dbmaker *m)
{
  s6rc_le32_put(edge(m, EXTRA(m, LOG, producers), 1), TWO);
}

TEST(well_hashed_damage)
{
  complain(&set_flags, "unknown flags", "log");
  complain(&set_slash, "a name is not legal", "/og");
  complain(&set_newline, "a name is not legal", "lo\n");
  complain(&set_nul, "a name is not legal", "l");
  complain(&swap_deps, "a list of dependencies is damaged", "a");
  complain(&double_deps, "a list of dependencies is damaged", "a");
  complain(&dep_out_of_range, "a list of dependencies is damaged", "a");
  complain(&break_mirror, "dependencies and reverse dependencies disagree", 0);
  complain(&shorten_mirror, "dependencies and reverse dependencies disagree", 0);
  complain(&wrong_first, "the generated services are not the first two", "S6rc-oneshot-runner");
  complain(&forgotten_producer, "a consumer does not know its producer", "b b");
  complain(&two_consumers, "a consumer has a producer that is not its own", "log");
  complain(&producer_of_another, "a list of producers is damaged", "log");
  complain(&swapped_producers, "a list of producers is damaged", "log");
  complain(&oneshot_produces, "a consumer has a producer that is not its own", "log");
}

/* Databases that are wrong from the start: made from another description. */
static void complain_of(dbmaker_service const *sv, char const *what, char const *name)
{
  dbmaker m;
  s6rc_db db;
  s6rc_damage damage = {.what = 0};
  dbmaker_make(&m, sv, NLONGRUNS, N - NLONGRUNS);
  dbmaker_put(test_dir(), &m, sv, bundles, NBUNDLES);
  CHECK(s6rc_db_open(&db, test_dir()));
  if (s6rc_db_check(&db, &damage)) FAIL(what);
  CHECK_ERRNO(EPROTO);
  CHECK_STR(damage.what, what);
  if (name) CHECK_STR(damage.name, name);
  s6rc_db_close(&db);
  dbmaker_free(&m);
}

TEST(inconsistent_services)
{
  dbmaker_service sv[N];
  memcpy(sv, services, sizeof sv);
  sv[LOG].deps = (uint32_t const[]){HOLDER, TWO, S6RC_NONE};
  sv[TWO].deps = (uint32_t const[]){RUNNER, LOG, S6RC_NONE};
  complain_of(sv, "there is a dependency cycle", 0);

  memcpy(sv, services, sizeof sv);
  sv[LOG].deps = (uint32_t const[]){HOLDER, LOG, S6RC_NONE};
  complain_of(sv, "there is a dependency cycle", 0);

  memcpy(sv, services, sizeof sv);
  sv[TWO].deps = (uint32_t const[]){ONE, S6RC_NONE};
  complain_of(sv, "a oneshot does not depend on the oneshot runner", "two");

  memcpy(sv, services, sizeof sv);
  sv[LOG].deps = 0;
  complain_of(sv, "a pipelined longrun does not depend on the fd-holder", "log");

  memcpy(sv, services, sizeof sv);
  sv[C].deps = (uint32_t const[]){HOLDER, S6RC_NONE};
  complain_of(sv, "a producer does not depend on its consumer", "\303\251");
}

TEST(wrong_names)
{
  dbmaker m;
  s6rc_db db;
  s6rc_damage damage = {.what = 0};
  dbmaker_service sv[N];
  make(&m);

  /* two services of one name */
  memcpy(sv, services, sizeof sv);
  sv[TWO].name = "one";
  dbmaker_free(&m);
  dbmaker_make(&m, sv, NLONGRUNS, N - NLONGRUNS);
  dbmaker_put(test_dir(), &m, sv, bundles, NBUNDLES);
  CHECK(s6rc_db_open(&db, test_dir()));
  CHECK(!s6rc_db_check(&db, &damage));
  CHECK_ERRNO(EPROTO);
  CHECK_STR(damage.file, S6RC_RESOLVE_FILE);
  CHECK_STR(damage.name, "one");
  s6rc_db_close(&db);
  dbmaker_free(&m);

  /* names that lead elsewhere */
  make(&m);
  memcpy(sv, services, sizeof sv);
  sv[A] = services[LOG];
  sv[LOG] = services[A];
  dbmaker_put(test_dir(), &m, services, bundles, NBUNDLES);
  dbmaker_put_resolve(test_dir(), &m, sv, bundles, NBUNDLES);
  CHECK(s6rc_db_open(&db, test_dir()));
  CHECK(!s6rc_db_check(&db, &damage));
  CHECK_ERRNO(EPROTO);
  CHECK_STR(damage.file, S6RC_RESOLVE_FILE);
  s6rc_db_close(&db);

  /* resolve.cdb of another database, of as many services */
  m.s[S6RC_HEADER_DIGEST] ^= 1;
  dbmaker_put_resolve(test_dir(), &m, services, bundles, NBUNDLES);
  CHECK(s6rc_db_open(&db, test_dir()));
  CHECK(!s6rc_db_check(&db, &damage));
  CHECK_ERRNO(EPROTO);
  CHECK_STR(damage.file, S6RC_RESOLVE_FILE);
  s6rc_identifier id;
  CHECK_INT(s6rc_db_resolve(&db, "nothing", 7, &id), -1);
  CHECK_ERRNO(EPROTO);
  s6rc_db_close(&db);
  dbmaker_free(&m);
}

/* --- every bit, every length */

/* The maps of a database, replaced by copies that end where memory does: who
   reads past them crashes. */
typedef struct fenced_s fenced;
struct fenced_s {
  void *area;
  size_t arealen;
  char *at;
  void const *map; /* the original */
};

static void *fence(fenced *f, void const *map, size_t size)
{
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t pages = (size + page - 1) / page * page;
  int zero = open("/dev/zero", O_RDWR);
  f->arealen = pages + page;
  f->area = mmap(0, f->arealen, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
  close(zero);
  CHECK(f->area != MAP_FAILED);
  f->map = map;
  f->at = (char *)f->area + pages - size;
  memcpy(f->at, map, size);
  CHECK(!mprotect((char *)f->area + pages, page, PROT_NONE));
  return f->at;
}

typedef struct fences_s fences;
struct fences_s {
  fenced db;
  fenced resolve;
};

static void fence_db(s6rc_db *db, fences *f)
{
  unsigned char const *old = db->map;
  db->map = fence(&f->db, db->map, db->size);
  for (unsigned int i = 0; i < S6RC_NSECTIONS; i++) db->section[i] = db->map + (db->section[i] - old);
  db->resolve.map = fence(&f->resolve, db->resolve.map, db->resolve.size);
}

static void unfence_db(s6rc_db *db, fences *f)
{
  db->map = f->db.map;
  db->resolve.map = f->resolve.map;
  munmap(f->db.area, f->db.arealen);
  munmap(f->resolve.area, f->resolve.arealen);
}

/* Answers to all that can be asked, each as bytes. len 0: EPROTO was said. */
enum {
  ASK_SERVICE = 0,
  ASK_DEPS = ASK_SERVICE + N,
  ASK_CLOSURE = ASK_DEPS + 2 * N,
  ASK_NAME = ASK_CLOSURE + 2 * N,
  NNAMES = N + 3 + 4, /* services, bundles, names that are not there */
  ASK_NEXT = ASK_NAME + NNAMES,
  ASK_CHECK = ASK_NEXT + N + 3 + 1, /* one for each entry, one for the end */
  NASKED
};

typedef struct answers_s answers;
struct answers_s {
  stralloc a[NASKED];
};

static void put_int(stralloc *sa, uint32_t u)
{
  unsigned char b[4];
  s6rc_le32_put(b, u);
  dbmaker_append(sa, b, 4);
}

static void put_list(stralloc *sa, s6rc_list const *l)
{
  put_int(sa, l->n);
  for (uint32_t i = 0; i < l->n; i++) put_int(sa, s6rc_list_get(l, i));
}

static void put_identifier(stralloc *sa, s6rc_identifier const *id)
{
  put_int(sa, id->type);
  put_list(sa, &id->contents);
}

static void ask_service(s6rc_db const *db, answers *x, uint32_t i)
{
  stralloc *sa = x->a + ASK_SERVICE + i;
  s6rc_service sv;
  if (!s6rc_db_service(db, i, &sv)) {
    CHECK_ERRNO(EPROTO);
    return;
  }
  put_int(sa, sv.type);
  dbmaker_append(sa, sv.name, sv.namelen + 1);
  put_int(sa, sv.flags);
  put_int(sa, sv.timeout[0]);
  put_int(sa, sv.timeout[1]);
  put_int(sa, sv.consumer);
  put_list(sa, &sv.producers);
  for (unsigned int k = 0; k < S6RC_NSCRIPTS; k++) {
    put_int(sa, sv.script[k].argc);
    dbmaker_append(sa, sv.script[k].s, sv.script[k].len);
  }
  for (unsigned int dir = 0; dir < 2; dir++) {
    s6rc_list l;
    sa = x->a + ASK_DEPS + 2 * i + dir;
    if (s6rc_db_deps(db, &sv, (s6rc_dir)dir, &l))
      put_list(sa, &l);
    else
      CHECK_ERRNO(EPROTO);
  }
}

static void ask_closure(s6rc_db const *db, answers *x, uint32_t i)
{
  for (unsigned int dir = 0; dir < 2; dir++) {
    unsigned char mark[N] = {0};
    mark[i] = 1;
    if (s6rc_db_closure(db, (s6rc_dir)dir, mark, 1))
      dbmaker_append(x->a + ASK_CLOSURE + 2 * i + dir, mark, N);
    else
      CHECK_ERRNO(EPROTO);
  }
}

static char const *name_asked(uint32_t i)
{
  static char const *const absent[] = {"x", "nothing", "al", "s6rc-"};
  return i < N ? services[i].name : i < N + NBUNDLES ? bundles[i - N].name : absent[i - N - NBUNDLES];
}

static void ask_name(s6rc_db const *db, answers *x, uint32_t i)
{
  stralloc *sa = x->a + ASK_NAME + i;
  s6rc_identifier id;
  int r = s6rc_db_resolve(db, name_asked(i), strlen(name_asked(i)), &id);
  if (r > 0)
    put_identifier(sa, &id);
  else if (!r)
    dbmaker_append(sa, "none", 4);
  else
    CHECK_ERRNO(EPROTO);
}

static void ask_all_names(s6rc_db const *db, answers *x)
{
  s6rc_identifier id;
  char const *name;
  size_t len;
  uint32_t pos = CDB_TRAVERSE_INIT();
  for (uint32_t i = 0; i < N + NBUNDLES + 1; i++) {
    stralloc *sa = x->a + ASK_NEXT + i;
    int r = s6rc_db_next(db, &name, &len, &id, &pos);
    if (r < 0) {
      CHECK_ERRNO(EPROTO);
      return;
    }
    if (!r) {
      dbmaker_append(sa, "end", 3);
      return;
    }
    dbmaker_append(sa, name, len);
    put_identifier(sa, &id);
  }
}

static void ask(s6rc_db const *db, answers *x)
{
  s6rc_damage damage = {.what = 0};
  for (size_t i = 0; i < NASKED; i++) x->a[i].len = 0;
  CHECK_INT(s6rc_db_n(db), N);
  CHECK_INT(db->nlongruns, NLONGRUNS);
  for (uint32_t i = 0; i < N; i++) {
    ask_service(db, x, i);
    ask_closure(db, x, i);
  }
  for (uint32_t i = 0; i < NNAMES; i++) ask_name(db, x, i);
  ask_all_names(db, x);
  if (s6rc_db_check(db, &damage))
    dbmaker_append(x->a + ASK_CHECK, "sound", 5);
  else {
    CHECK_ERRNO(EPROTO);
    CHECK(damage.what && damage.file);
  }
}

/* Each answer is the undamaged database's or none. */
static void compare(answers const *got, answers const *wanted, char const *file, size_t where)
{
  for (size_t i = 0; i < NASKED; i++) {
    stralloc const *g = got->a + i, *w = wanted->a + i;
    if (!g->len || (g->len == w->len && !memcmp(g->s, w->s, w->len))) continue;
    test_failed("%s, bit or length %zu: question %zu has another answer", file, where, i);
  }
}

/* Opens the database as it is now and asks. 1 if it could be opened. */
static int try_it(answers *x, answers const *wanted, char const *file, size_t where)
{
  s6rc_db db;
  fences f;
  if (!s6rc_db_open(&db, test_dir())) {
    if (errno != EPROTO && errno != EPROTOTYPE)
      test_failed("%s, bit or length %zu: %s", file, where, strerror(errno));
    return 0;
  }
  fence_db(&db, &f);
  ask(&db, x);
  unfence_db(&db, &f);
  s6rc_db_close(&db);
  compare(x, wanted, file, where);
  return 1;
}

/* The file as it is, then with each bit flipped, then cut to each length.
   From byte showfrom to showto a flip has to show in s6rc_db_check. */
static void damage_file(char const *file, size_t showfrom, size_t showto)
{
  static answers wanted, got;
  char path[256];
  struct stat st;
  int fd;
  snprintf(path, sizeof path, "%s/%s", test_dir(), file);
  fd = open(path, O_RDWR);
  CHECK(fd >= 0 && !fstat(fd, &st));
  CHECK(showto <= (size_t)st.st_size);
  CHECK(try_it(&wanted, &wanted, file, 0));
  for (size_t i = 0; i < NASKED; i++) CHECK(wanted.a[i].len);

  for (size_t i = 0; i < 8 * (size_t)st.st_size; i++) {
    off_t at = (off_t)(i / 8);
    unsigned char good, bad;
    CHECK_INT(pread(fd, &good, 1, at), 1);
    bad = (unsigned char)(good ^ 1U << i % 8);
    CHECK_INT(pwrite(fd, &bad, 1, at), 1);
    int opened = try_it(&got, &wanted, file, i);
    CHECK_INT(pwrite(fd, &good, 1, at), 1);
    if (opened && i / 8 >= showfrom && i / 8 < showto && got.a[ASK_CHECK].len)
      test_failed("%s, bit %zu: check does not see it", file, i);
  }
  for (size_t len = (size_t)st.st_size; len--;) {
    CHECK(!ftruncate(fd, (off_t)len));
    if (try_it(&got, &wanted, file, len) && got.a[ASK_CHECK].len)
      test_failed("%s, cut to %zu: check does not see it", file, len);
  }
  close(fd);
  for (size_t i = 0; i < NASKED; i++) {
    stralloc_free(wanted.a + i);
    stralloc_free(got.a + i);
  }
}

/* Offsets and counts that lead far away. */
TEST(every_field_with_extreme_values)
{
  static uint32_t const extremes[] = {0,          0x3fffffff, 0x40000000, 0x7fffffff,
                                      0x80000000, 0xfffffffe, 0xffffffff};
  static answers wanted, got;
  dbmaker m;
  s6rc_db db;
  fences f;
  make(&m);
  open_it(&db, &m);
  fence_db(&db, &f);
  ask(&db, &wanted);
  for (size_t at = m.section[S6RC_SECTION_SERVICES]; at < m.section[S6RC_SECTION_STRINGS]; at += 4)
    for (size_t k = 0; k < sizeof extremes / sizeof *extremes; k++) {
      unsigned char *field = (unsigned char *)f.db.at + at;
      uint32_t good = s6rc_le32(field);
      s6rc_le32_put(field, extremes[k]);
      ask(&db, &got);
      compare(&got, &wanted, S6RC_DB_FILE, 8 * at);
      s6rc_le32_put(field, good);
    }
  unfence_db(&db, &f);
  s6rc_db_close(&db);
  for (size_t i = 0; i < NASKED; i++) {
    stralloc_free(wanted.a + i);
    stralloc_free(got.a + i);
  }
  dbmaker_free(&m);
}

TEST(every_bit_and_length_of_db)
{
  dbmaker m;
  make(&m);
  dbmaker_put(test_dir(), &m, services, bundles, NBUNDLES);
  damage_file(S6RC_DB_FILE, 0, m.len);
  dbmaker_free(&m);
}

/* After the first 2048 bytes, which lead to the hash tables behind the
   records, as do these: where nothing is looked up, nothing shows. */
TEST(every_bit_and_length_of_resolve)
{
  dbmaker m;
  size_t end = CDB_TRAVERSE_INIT();
  make(&m);
  dbmaker_put(test_dir(), &m, services, bundles, NBUNDLES);
  for (uint32_t i = 0; i < N; i++) end += 8 + strlen(services[i].name) + 5 + 4;
  for (uint32_t i = 0; i < NBUNDLES; i++) end += 8 + strlen(bundles[i].name) + 5 + 4 * bundles[i].n;
  damage_file(S6RC_RESOLVE_FILE, CDB_TRAVERSE_INIT(), end + 8 + 2 * S6RC_DIGEST_SIZE);
  dbmaker_free(&m);
}

/* --- size */

/* Many producers of one consumer, each depending on the one before: with
   anything quadratic this does not end, with recursion it crashes. */
TEST(large_databases)
{
  enum { MANY = 400000, DEPS = 4, NAME = 16 };
  dbmaker_service *sv = calloc(MANY, sizeof *sv);
  uint32_t *deps = malloc(DEPS * MANY * sizeof *deps);
  char *names = malloc((size_t)NAME * MANY);
  unsigned char *mark = calloc(MANY, 1);
  dbmaker m;
  s6rc_db db;
  s6rc_damage damage = {.what = 0};
  CHECK(sv && deps && names && mark);
  sv[RUNNER] = services[RUNNER];
  sv[HOLDER] = services[HOLDER];
  for (uint32_t i = S6RC_NGENERATED; i < MANY; i++) {
    uint32_t *d = deps + DEPS * (size_t)i;
    sv[i].name = names + NAME * (size_t)i;
    sv[i].deps = d;
    snprintf(names + NAME * (size_t)i, NAME, "n%u", (unsigned int)i);
    *d++ = HOLDER;
    if (i > S6RC_NGENERATED) *d++ = sv[i].consumer = S6RC_NGENERATED;
    if (i > S6RC_NGENERATED + 1) *d++ = i - 1;
    *d = S6RC_NONE;
  }
  dbmaker_make(&m, sv, MANY, 0);
  dbmaker_put(test_dir(), &m, sv, 0, 0);
  CHECK(s6rc_db_open(&db, test_dir()));
  if (!s6rc_db_check(&db, &damage)) FAIL(damage.what ? damage.what : strerror(errno));
  mark[MANY - 1] = 1;
  CHECK(s6rc_db_closure(&db, S6RC_UP, mark, 1));
  for (uint32_t i = HOLDER; i < MANY; i++) CHECK_INT(mark[i], 1);
  memset(mark, 0, MANY);
  mark[HOLDER] = 1;
  CHECK(s6rc_db_closure(&db, S6RC_DOWN, mark, 1));
  for (uint32_t i = HOLDER; i < MANY; i++) CHECK_INT(mark[i], 1);
  CHECK_INT(mark[RUNNER], 0);
  s6rc_db_close(&db);
  dbmaker_free(&m);
  free(sv);
  free(deps);
  free(names);
  free(mark);
}
