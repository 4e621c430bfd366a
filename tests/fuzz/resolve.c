/* ISC license. */

/* Name resolution, of a database whose file `db` is as it should be. By the
   first byte: the rest of the input is the file resolve.cdb; or it says what
   bundles to put into one that is made here, and which of its bytes to change
   then. Of that one it is known what may come out: what was put in, or an
   error, but nothing else. */

#include "fuzz.h"

#include <sys/mman.h>

#include <skalibs/stralloc.h>

#include <s6-rc/db.h>
#include <s6-rc/resolve.h>

#include "../unit/dbtext.h"

enum { RAW = 1, BUNDLES_MAX = 16, NAME_MAX_ = 255, NUMBERS_MAX = 16, ROOM = 1 << 20, BEHIND = 1 << 16 };

static char const text[] = "l a; l bb : a; l log; l in > log; o one : a; o two : one";

typedef struct entry_s entry;
struct entry_s {
  s6rc_type type;
  char const *name;
  size_t len;
  uint32_t n;
  uint32_t numbers[NUMBERS_MAX];
};

static s6rc_db base;
static entry entries[DBTEXT_MAX + BUNDLES_MAX];
static uint32_t nentries, nservices;
static int fd;
static char *end; /* of memory; what is behind it cannot be read */

static void start(void)
{
  int zero;
  dbtext_open(&base, fuzz_path("base"), text);
  nservices = s6rc_db_n(&base);
  for (uint32_t i = 0; i < nservices; i++) {
    s6rc_service sv;
    CHECK(s6rc_db_service(&base, i, &sv));
    entries[i] = (entry){.type = sv.type, .name = sv.name, .len = sv.namelen, .n = 1, .numbers = {i}};
  }
  fd = open(fuzz_path("cdb"), O_RDWR | O_CREAT | O_TRUNC, 0644);
  CHECK(fd >= 0);
  zero = open("/dev/zero", O_RDWR);
  CHECK(zero >= 0);
  end = mmap(0, ROOM + BEHIND, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
  CHECK(end != MAP_FAILED);
  close(zero);
  end += ROOM;
  CHECK(!mprotect(end, BEHIND, PROT_NONE));
}

/* Puts the file where it ends with the memory: a cdb is read by a library that
   no sanitizer knows. */
static void use_file(s6rc_db *db, void const *s, size_t len)
{
  CHECK(len <= ROOM);
  if (len) memcpy(end - len, s, len);
  *db = base;
  db->resolve = (cdb){.map = end - len, .size = (uint32_t)len};
}

/* --- what is put in */

static entry const *find(char const *name, size_t len)
{
  for (uint32_t i = 0; i < nentries; i++)
    if (entries[i].len == len && !memcmp(entries[i].name, name, len)) return entries + i;
  return 0;
}

static void read_bundles(fuzz_input *in)
{
  unsigned int n = fuzz_byte(in) % (BUNDLES_MAX + 1);
  nentries = nservices;
  while (n--) {
    entry *e = entries + nentries;
    fuzz_input name;
    fuzz_part(in, fuzz_byte(in), &name);
    *e = (entry){.type = S6RC_BUNDLE, .name = (char const *)name.s, .len = name.len};
    e->n = fuzz_byte(in) % (NUMBERS_MAX + 1);
    for (uint32_t i = 0; i < e->n; i++) {
      unsigned int byte = fuzz_byte(in);
      /* some that are no service's */
      e->numbers[i] = byte < 128 ? byte % nservices : byte < 255 ? byte : S6RC_NONE;
    }
    /* the empty name is the digests', and nobody has another one's */
    if (name.len && !find(e->name, e->len)) nentries++;
  }
}

static void make_file(void)
{
  s6rc_resolvemaker r;
  CHECK(!lseek(fd, 0, SEEK_SET) && !ftruncate(fd, 0));
  CHECK(s6rc_resolve_start(&r, fd));
  for (uint32_t i = 0; i < nentries; i++)
    CHECK(s6rc_resolve_add(&r, entries[i].type, entries[i].name, entries[i].len, entries[i].numbers,
                           entries[i].n));
  CHECK(s6rc_resolve_finish(&r, s6rc_db_digest(&base)));
}

static int is_legal(entry const *e)
{
  for (uint32_t i = 0; i < e->n; i++)
    if (e->numbers[i] >= nservices) return 0;
  return 1;
}

static void is_entry(entry const *e, s6rc_identifier const *id)
{
  CHECK(e && id->type == e->type && id->contents.n == e->n);
  for (uint32_t i = 0; i < e->n; i++) CHECK(s6rc_list_get(&id->contents, i) == e->numbers[i]);
}

/* --- what comes out */

static void touch(s6rc_db const *db, s6rc_identifier const *id)
{
  fuzz_touch(id->contents.s, 4 * (size_t)id->contents.n);
  CHECK((char const *)id->contents.s >= db->resolve.map && (char const *)id->contents.s <= end);
  CHECK(id->type == S6RC_BUNDLE || id->contents.n == 1);
  for (uint32_t i = 0; i < id->contents.n; i++) CHECK(s6rc_list_get(&id->contents, i) < nservices);
}

/* Looks one name up. known: the file was made here; whole: and not changed. */
static void look_up(s6rc_db const *db, char const *name, size_t len, int known, int whole)
{
  s6rc_identifier id;
  entry const *e = len ? find(name, len) : 0;
  int r = s6rc_db_resolve(db, name, len, &id);
  CHECK(r >= 0 || errno == EPROTO);
  if (r > 0) touch(db, &id);
  if (!known) return;
  if (r > 0) is_entry(e, &id);
  if (!r) CHECK(!e);
  if (whole && e) CHECK(r == (is_legal(e) ? 1 : -1));
}

/* All in the order in which they were put in, up to where it is damaged. */
static void list_all(s6rc_db const *db, int known, int whole)
{
  uint32_t pos = CDB_TRAVERSE_INIT(), i = 0;
  s6rc_identifier id;
  char const *name;
  size_t len;
  int r;
  while ((r = s6rc_db_next(db, &name, &len, &id, &pos)) > 0) {
    touch(db, &id);
    CHECK(len && name >= db->resolve.map && len <= (size_t)(end - name));
    if (known) {
      CHECK(i < nentries && len == entries[i].len && !memcmp(name, entries[i].name, len));
      is_entry(entries + i, &id);
    }
    i++;
  }
  CHECK(r >= 0 || errno == EPROTO);
  if (whole) CHECK(r ? !is_legal(entries + i) : i == nentries);
}

static void ask(s6rc_db const *db, fuzz_input in, int known, int whole)
{
  s6rc_damage damage = {.what = 0};
  if (!known) nentries = nservices;
  for (uint32_t i = 0; i < nentries; i++) look_up(db, entries[i].name, entries[i].len, known, whole);
  look_up(db, "", 0, known, whole);
  look_up(db, "/", 1, known, whole);
  look_up(db, (char const *)in.s, in.len < NAME_MAX_ ? in.len : NAME_MAX_, known, whole);
  list_all(db, known, whole);
  if (s6rc_db_check(db, &damage)) {
    for (uint32_t i = 0; i < nservices; i++) {
      s6rc_identifier id;
      CHECK(s6rc_db_resolve(db, entries[i].name, entries[i].len, &id) == 1);
      is_entry(entries + i, &id);
    }
  } else
    CHECK(errno == EPROTO && damage.what && !strcmp(damage.file, S6RC_RESOLVE_FILE));
}

int LLVMFuzzerTestOneInput(uint8_t const *s, size_t len)
{
  static stralloc file = STRALLOC_ZERO;
  fuzz_input in = {s, len};
  s6rc_db db;
  unsigned int how;
  int changed = 0;
  if (!end) start();
  how = fuzz_byte(&in);
  if (how & RAW) {
    use_file(&db, in.s, in.len < ROOM ? in.len : ROOM);
    ask(&db, in, 0, 0);
    return 0;
  }
  read_bundles(&in);
  make_file();
  file.len = 0;
  CHECK(openslurpclose(&file, fuzz_path("cdb")));
  while (in.len > 2) {
    size_t at = fuzz_word(&in) % file.len;
    unsigned int change = fuzz_byte(&in);
    file.s[at] = (char)(file.s[at] ^ change);
    changed |= !!change;
  }
  use_file(&db, file.s, file.len);
  ask(&db, in, 1, !changed);
  return 0;
}
