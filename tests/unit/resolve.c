/* ISC license. */

/* Writing resolve.cdb: what stands in it, byte by byte, and what s6rc_db
   makes of it. */

#include <fcntl.h>
#include <sys/resource.h>

#include <skalibs/cdb.h>

#include <s6-rc/db.h>
#include <s6-rc/resolve.h>

#include "test.h"

#include "dbmaker.h"

static dbmaker_service const services[] = {{.name = S6RC_ONESHOT_RUNNER}, {.name = S6RC_FDHOLDER}};
static unsigned char const digest[S6RC_DIGEST_SIZE] = "0123456789abcdef0123456789abcde";

static int open_file(void)
{
  char path[256];
  int fd;
  snprintf(path, sizeof path, "%s/%s", test_dir(), S6RC_RESOLVE_FILE);
  fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
  CHECK(fd >= 0);
  return fd;
}

/* The value that resolve.h promises. */
static size_t value(unsigned char *s, char kind, char const *name, uint32_t const *numbers, uint32_t n)
{
  uint32_t h = s6rc_hash_bytes(S6RC_HASH_INIT, name, strlen(name));
  s[0] = (unsigned char)kind;
  for (uint32_t i = 0; i < n; i++) s6rc_le32_put(s + 5 + 4 * i, numbers[i]);
  h = s6rc_hash_bytes(h, s, 1);
  h = s6rc_hash_words(h, s + 5, n);
  s6rc_le32_put(s + 1, h);
  return 5 + 4 * n;
}

TEST(entries)
{
  static uint32_t const members[] = {1, 2, 4000000000};
  static struct {
    char const *name;
    s6rc_type type;
    uint32_t n;
    uint32_t const *numbers;
    char kind;
  } const entries[] = {{"a", S6RC_LONGRUN, 1, members, 'l'},
                       {"b \303\251", S6RC_ONESHOT, 1, members + 1, 'o'},
                       {"all", S6RC_BUNDLE, 3, members, 'b'},
                       {"none", S6RC_BUNDLE, 0, 0, 'b'}};
  enum { NENTRIES = sizeof entries / sizeof *entries };
  unsigned char wanted[64], lens[8];
  blake2s_ctx ctx = BLAKE2S_INIT(S6RC_DIGEST_SIZE);
  s6rc_resolvemaker m;
  cdb c = CDB_ZERO;
  cdb_data key, data;
  uint32_t pos = CDB_TRAVERSE_INIT();
  int fd = open_file();
  CHECK(s6rc_resolve_start(&m, fd));
  for (int i = 0; i < NENTRIES; i++)
    CHECK(s6rc_resolve_add(&m, entries[i].type, entries[i].name, strlen(entries[i].name), entries[i].numbers,
                           entries[i].n));
  CHECK(s6rc_resolve_finish(&m, digest));
  CHECK(cdb_init_fromfd(&c, fd));
  for (int i = 0; i < NENTRIES; i++) {
    size_t len = value(wanted, entries[i].kind, entries[i].name, entries[i].numbers, entries[i].n);
    CHECK_INT(cdb_traverse_next(&c, &key, &data, &pos), 1);
    CHECK_INT(key.len, strlen(entries[i].name));
    CHECK_MEM(key.s, entries[i].name, key.len);
    CHECK_INT(data.len, len);
    CHECK_MEM(data.s, wanted, len);
    CHECK_INT(cdb_find(&c, &data, entries[i].name, (uint32_t)strlen(entries[i].name)), 1);
    CHECK_MEM(data.s, wanted, len);
    s6rc_le32_put(lens, key.len);
    s6rc_le32_put(lens + 4, data.len);
    blake2s_update(&ctx, (char *)lens, 8);
    blake2s_update(&ctx, key.s, key.len);
    blake2s_update(&ctx, data.s, data.len);
  }
  blake2s_final(&ctx, (char *)wanted);
  CHECK_INT(cdb_traverse_next(&c, &key, &data, &pos), 1);
  CHECK_INT(key.len, 0);
  CHECK_INT(data.len, 2 * S6RC_DIGEST_SIZE);
  CHECK_MEM(data.s, digest, S6RC_DIGEST_SIZE);
  CHECK_MEM(data.s + S6RC_DIGEST_SIZE, wanted, S6RC_DIGEST_SIZE);
  CHECK_INT(cdb_traverse_next(&c, &key, &data, &pos), 0);
  cdb_free(&c);
  close(fd);
}

TEST(giving_up)
{
  uint32_t number = 0;
  s6rc_resolvemaker m;
  int fd = open_file();
  CHECK(s6rc_resolve_start(&m, fd));
  s6rc_resolve_abort(&m);
  CHECK(s6rc_resolve_start(&m, fd));
  CHECK(s6rc_resolve_add(&m, S6RC_LONGRUN, "a", 1, &number, 1));
  s6rc_resolve_abort(&m);
  close(fd);
}

TEST(write_errors)
{
  s6rc_resolvemaker m;
  uint32_t number = 0;
  int fd = open("/dev/full", O_RDWR), ok;
  CHECK(fd >= 0);
  ok = s6rc_resolve_start(&m, fd);
  for (int i = 0; ok && i < 10000; i++) ok = s6rc_resolve_add(&m, S6RC_LONGRUN, "a", 1, &number, 1);
  if (ok)
    CHECK(!s6rc_resolve_finish(&m, digest));
  else
    s6rc_resolve_abort(&m);
  close(fd);
}

/* Entries that are right in themselves but not for this database. */
static void check_decoded(s6rc_type type, uint32_t const *numbers, uint32_t n, int wanted)
{
  dbmaker m;
  s6rc_db db;
  s6rc_identifier id;
  s6rc_resolvemaker r;
  int fd;
  dbmaker_make(&m, services, 2, 0);
  dbmaker_put(test_dir(), &m, services, 0, 0);
  fd = open_file();
  CHECK(s6rc_resolve_start(&r, fd));
  CHECK(s6rc_resolve_add(&r, type, "x", 1, numbers, n));
  CHECK(s6rc_resolve_finish(&r, m.s + S6RC_HEADER_DIGEST));
  close(fd);
  CHECK(s6rc_db_open(&db, test_dir()));
  CHECK_INT(s6rc_db_resolve(&db, "x", 1, &id), wanted);
  if (wanted < 0) CHECK_ERRNO(EPROTO);
  s6rc_db_close(&db);
  dbmaker_free(&m);
}

TEST(entries_of_another_database)
{
  static uint32_t const numbers[] = {0, 1, 2, S6RC_NONE};
  check_decoded(S6RC_BUNDLE, numbers, 2, 1);
  check_decoded(S6RC_BUNDLE, numbers, 0, 1);
  check_decoded(S6RC_BUNDLE, numbers, 3, -1);
  check_decoded(S6RC_BUNDLE, numbers + 3, 1, -1);
  check_decoded(S6RC_LONGRUN, numbers + 1, 1, 1);
  check_decoded(S6RC_LONGRUN, numbers + 2, 1, -1);
  check_decoded(S6RC_LONGRUN, numbers, 0, -1);
  check_decoded(S6RC_LONGRUN, numbers, 2, -1);
  check_decoded(S6RC_ONESHOT, numbers + 3, 1, -1);
}

/* More names than a hash table finds by luck, or than fit on the stack. */
TEST(many_names)
{
  enum { MANY = 200000, STACK = 1 << 20 };
  struct rlimit stack;
  CHECK(!getrlimit(RLIMIT_STACK, &stack));
  stack.rlim_cur = STACK;
  CHECK(!setrlimit(RLIMIT_STACK, &stack));
  dbmaker m;
  s6rc_db db;
  s6rc_resolvemaker r;
  int fd;
  dbmaker_make(&m, services, 2, 0);
  dbmaker_put(test_dir(), &m, services, 0, 0);
  fd = open_file();
  CHECK(s6rc_resolve_start(&r, fd));
  for (uint32_t i = 0; i < MANY; i++) {
    char name[16];
    int len = snprintf(name, sizeof name, "name%u", (unsigned int)i);
    uint32_t number = i % 2;
    CHECK(s6rc_resolve_add(&r, S6RC_BUNDLE, name, (size_t)len, &number, 1));
  }
  CHECK(s6rc_resolve_finish(&r, m.s + S6RC_HEADER_DIGEST));
  close(fd);
  CHECK(s6rc_db_open(&db, test_dir()));
  for (uint32_t i = 0; i < MANY; i++) {
    char name[16];
    int len = snprintf(name, sizeof name, "name%u", (unsigned int)i);
    s6rc_identifier id;
    CHECK_INT(s6rc_db_resolve(&db, name, (size_t)len, &id), 1);
    CHECK_INT(id.contents.n, 1);
    CHECK_INT(s6rc_list_get(&id.contents, 0), i % 2);
  }
  s6rc_db_close(&db);
  dbmaker_free(&m);
}
