/* ISC license. */

/* The file `db`, opened, asked for everything, checked, and put to the uses
   that tools have for it. The first byte says what is made right before (enum
   mend_e), because no fuzzer guesses a checksum; the rest is the file. In front
   of it are three bytes more with FLIP: what is changed afterwards. */

#include "fuzz.h"

#include <skalibs/buffer.h>

#include <s6-rc/db.h>
#include <s6-rc/graph.h>

#include "engine/engine.h"
#include "report/report-db.h"
#include "report/report-graph.h"

#include "../unit/dbmaker.h"

enum mend_e { LAYOUT = 1, RECORDS = 2, SEALS = 4, FLIP = 8 };

/* How many services are looked at one by one where all would be too many. */
enum { SOME = 8 };

static int dirfd, dbfd, resolvefd;

static void start(void)
{
  int null = open("/dev/null", O_WRONLY);
  /* reports go to descriptor 1 */
  CHECK(null >= 0 && dup2(null, 1) == 1);
  dbfd = open(fuzz_path(S6RC_DB_FILE), O_RDWR | O_CREAT | O_TRUNC, 0644);
  resolvefd = open(fuzz_path(S6RC_RESOLVE_FILE), O_RDWR | O_CREAT | O_TRUNC, 0644);
  dirfd = open(fuzz_dir(), O_RDONLY | O_DIRECTORY);
  CHECK(dbfd >= 0 && resolvefd >= 0 && dirfd >= 0);
}

/* --- making things right */

static void put_section(dbmaker *m, unsigned int section, size_t size, size_t *end)
{
  size_t at = (*end + S6RC_DB_ALIGN - 1) / S6RC_DB_ALIGN * S6RC_DB_ALIGN;
  m->section[section] = at;
  m->sectionlen[section] = size;
  s6rc_le64_put(m->s + S6RC_HEADER_SECTIONS + 16 * section, at);
  s6rc_le64_put(m->s + S6RC_HEADER_SECTIONS + 16 * section + 8, size);
  *end = at + size;
}

/* The header gives the counts, as far as there is room for them; what is left
   when they have what they need is strings. */
static void mend_layout(dbmaker *m)
{
  size_t end = S6RC_DB_HEADER_SIZE;
  uint32_t nl = s6rc_le32(m->s + S6RC_HEADER_NLONGRUNS), no = s6rc_le32(m->s + S6RC_HEADER_NONESHOTS);
  size_t edges = s6rc_le32(m->s + S6RC_HEADER_SECTIONS + 16 * S6RC_SECTION_EDGES + 8);
  size_t room = m->len - end < 4 * S6RC_DB_ALIGN ? 0 : m->len - end - 4 * S6RC_DB_ALIGN;
  m->nlongruns = nl = nl < room / (S6RC_SERVICE_SIZE + S6RC_LONGRUN_SIZE)
                          ? nl
                          : (uint32_t)(room / (S6RC_SERVICE_SIZE + S6RC_LONGRUN_SIZE));
  room -= (size_t)nl * (S6RC_SERVICE_SIZE + S6RC_LONGRUN_SIZE);
  m->noneshots = no = no < room / (S6RC_SERVICE_SIZE + S6RC_ONESHOT_SIZE)
                          ? no
                          : (uint32_t)(room / (S6RC_SERVICE_SIZE + S6RC_ONESHOT_SIZE));
  room -= (size_t)no * (S6RC_SERVICE_SIZE + S6RC_ONESHOT_SIZE);
  if (edges > room) edges = room;
  memcpy(m->s + S6RC_HEADER_MAGIC, S6RC_DB_MAGIC, S6RC_DB_MAGIC_SIZE);
  s6rc_le32_put(m->s + S6RC_HEADER_VERSION, S6RC_DB_VERSION);
  s6rc_le32_put(m->s + S6RC_HEADER_HEADERSIZE, S6RC_DB_HEADER_SIZE);
  s6rc_le64_put(m->s + S6RC_HEADER_FILESIZE, m->len);
  s6rc_le32_put(m->s + S6RC_HEADER_NLONGRUNS, nl);
  s6rc_le32_put(m->s + S6RC_HEADER_NONESHOTS, no);
  memset(m->s + S6RC_HEADER_END, 0, S6RC_DB_HEADER_SIZE - S6RC_HEADER_END);
  put_section(m, S6RC_SECTION_SERVICES, (size_t)(nl + no) * S6RC_SERVICE_SIZE, &end);
  put_section(m, S6RC_SECTION_LONGRUNS, (size_t)nl * S6RC_LONGRUN_SIZE, &end);
  put_section(m, S6RC_SECTION_ONESHOTS, (size_t)no * S6RC_ONESHOT_SIZE, &end);
  put_section(m, S6RC_SECTION_EDGES, edges / 4 * 4, &end);
  put_section(m, S6RC_SECTION_STRINGS, 0, &end);
  m->len = m->len > end ? m->len : end;
  put_section(m, S6RC_SECTION_STRINGS, m->len - m->section[S6RC_SECTION_STRINGS],
              &(size_t){m->section[S6RC_SECTION_STRINGS]});
}

static int within(dbmaker const *m, unsigned int section, uint32_t first, uint32_t n, unsigned int unit)
{
  return (uint64_t)first + n <= m->sectionlen[section] / unit;
}

/* Is all that belongs to the record where it can be hashed? */
static int can_seal(dbmaker const *m, uint32_t i)
{
  s6rc_servicerec r;
  s6rc_servicerec_unpack(dbmaker_record(m, i), &r);
  if (!within(m, S6RC_SECTION_STRINGS, r.name, r.namelen, 1) ||
      !within(m, S6RC_SECTION_EDGES, r.deps, r.ndeps, 4) ||
      !within(m, S6RC_SECTION_EDGES, r.rdeps, r.nrdeps, 4))
    return 0;
  if (i < m->nlongruns) {
    s6rc_longrunrec l;
    s6rc_longrunrec_unpack(dbmaker_extra(m, i), &l);
    return within(m, S6RC_SECTION_EDGES, l.producers, l.nproducers, 4);
  }
  s6rc_oneshotrec o;
  s6rc_oneshotrec_unpack(dbmaker_extra(m, i), &o);
  return within(m, S6RC_SECTION_STRINGS, o.up, o.up_len, 1) &&
         within(m, S6RC_SECTION_STRINGS, o.down, o.down_len, 1) &&
         within(m, S6RC_SECTION_STRINGS, o.reload, o.reload_len, 1);
}

static void mend(dbmaker *m, unsigned int what)
{
  if (what & LAYOUT) {
    mend_layout(m);
    for (uint32_t i = 0; what & RECORDS && i < dbmaker_n(m); i++)
      if (can_seal(m, i)) dbmaker_seal_service(m, i);
  }
  if (what & SEALS) dbmaker_seal_file(m);
}

/* --- asking */

/* Is s in the map, and len bytes of it? */
static void inside(s6rc_db const *db, void const *p, size_t len)
{
  unsigned char const *s = p;
  CHECK(s >= db->map && len <= db->size && (size_t)(s - db->map) <= db->size - len);
  fuzz_touch(s, len);
}

static int ask_deps(s6rc_db const *db, s6rc_service const *sv, s6rc_dir dir)
{
  s6rc_list l;
  if (!s6rc_db_deps(db, sv, dir, &l)) {
    CHECK(errno == EPROTO);
    return 0;
  }
  inside(db, l.s, 4 * (size_t)l.n);
  for (uint32_t k = 0; k < l.n; k++) CHECK(s6rc_list_get(&l, k) < s6rc_db_n(db));
  return 1;
}

/* 1; 0: it is damaged */
static int ask_service(s6rc_db const *db, uint32_t i)
{
  s6rc_service sv;
  int up, down;
  if (!s6rc_db_service(db, i, &sv)) {
    CHECK(errno == EPROTO);
    return 0;
  }
  CHECK(i < s6rc_db_n(db) && sv.number == i && sv.namelen);
  CHECK(sv.type == (i < db->nlongruns ? S6RC_LONGRUN : S6RC_ONESHOT));
  inside(db, sv.name, (size_t)sv.namelen + 1);
  CHECK(!sv.name[sv.namelen]);
  CHECK(sv.consumer == S6RC_NONE || sv.consumer < db->nlongruns);
  inside(db, sv.producers.s ? sv.producers.s : db->map, 4 * (size_t)sv.producers.n);
  for (unsigned int k = 0; sv.type == S6RC_ONESHOT && k < S6RC_NSCRIPTS; k++) {
    char const *word = sv.script[k].s;
    inside(db, word, sv.script[k].len);
    for (uint32_t w = 0; w < sv.script[k].argc; w++) word += strlen(word) + 1;
    CHECK(word == sv.script[k].s + sv.script[k].len);
  }
  up = ask_deps(db, &sv, S6RC_UP);
  down = ask_deps(db, &sv, S6RC_DOWN);
  return up && down;
}

static int ask_all(s6rc_db const *db)
{
  int ok = 1;
  for (uint32_t i = 0; i < s6rc_db_n(db); i++) ok &= ask_service(db, i);
  CHECK(!ask_service(db, s6rc_db_n(db)));
  return ok;
}

/* The names that can be read, to their numbers. */
static void make_resolve(s6rc_db *db)
{
  s6rc_resolvemaker r;
  CHECK(!ftruncate(resolvefd, 0) && !lseek(resolvefd, 0, SEEK_SET));
  CHECK(s6rc_resolve_start(&r, resolvefd));
  for (uint32_t i = 0; i < s6rc_db_n(db); i++) {
    s6rc_service sv;
    if (s6rc_db_service(db, i, &sv)) CHECK(s6rc_resolve_add(&r, sv.type, sv.name, sv.namelen, &i, 1));
  }
  CHECK(s6rc_resolve_finish(&r, s6rc_db_digest(db)));
  cdb_free(&db->resolve);
  CHECK(cdb_init_fromfd(&db->resolve, resolvefd));
}

/* --- using: r says whether it has to succeed */

static void used(int ok, int must)
{
  CHECK(ok || (!must && errno == EPROTO));
}

static void use_plan(s6rc_db const *db, unsigned char const *mark, s6rc_dir dir, int must)
{
  engine_plan p;
  unsigned char *state = calloc(s6rc_db_n(db), 1);
  int ok;
  CHECK(state);
  if (dir == S6RC_DOWN) memset(state, S6RC_STATE_UP, s6rc_db_n(db));
  ok = engine_plan_make(&p, db, state, mark, 1, dir);
  used(ok, must);
  if (ok) engine_plan_free(&p);
  free(state);
}

static void use_part(s6rc_db const *db, unsigned char const *mark, s6rc_dir dir, int must)
{
  report_part part = REPORT_PART_ZERO;
  int ok = report_part_read(&part, db, dir, mark, 0);
  used(ok, must);
  if (ok) {
    used(report_order(&part), must);
    used(report_tree(&part, 0, 0), must);
    used(report_dot(&part, 0, 0, 0), must);
  }
  report_part_free(&part);
}

/* The closure of one service: it is as large as a search in its dependencies,
   whatever their order, finds it. */
static void check_closure(s6rc_db const *db, unsigned char const *mark, uint32_t start, s6rc_dir dir)
{
  uint32_t n = s6rc_db_n(db), more = 1;
  unsigned char *found = calloc(n, 1);
  CHECK(found);
  found[start] = 1;
  while (more) {
    more = 0;
    for (uint32_t i = 0; i < n; i++) {
      s6rc_service sv;
      s6rc_list l;
      if (found[i] != 1) continue;
      found[i] = 2;
      CHECK(s6rc_db_service(db, i, &sv) && s6rc_db_deps(db, &sv, dir, &l));
      for (uint32_t k = 0; k < l.n; k++)
        if (!found[s6rc_list_get(&l, k)]) more = found[s6rc_list_get(&l, k)] = 1;
    }
  }
  for (uint32_t i = 0; i < n; i++) CHECK(!mark[i] == !found[i]);
  free(found);
}

static void use(s6rc_db const *db, int must)
{
  uint32_t n = s6rc_db_n(db);
  unsigned char *mark = malloc(n);
  CHECK(mark);
  for (unsigned int dir = S6RC_UP; dir <= S6RC_DOWN; dir++) {
    for (uint32_t i = 0; i < n && i < SOME; i++) {
      memset(mark, 0, n);
      mark[i] = 1;
      if (!s6rc_db_closure(db, (s6rc_dir)dir, mark, 1)) {
        used(0, must);
        continue;
      }
      if (must) check_closure(db, mark, i, (s6rc_dir)dir);
      use_plan(db, mark, (s6rc_dir)dir, must);
    }
    memset(mark, 1, n);
    use_plan(db, mark, (s6rc_dir)dir, must);
    use_part(db, mark, (s6rc_dir)dir, must);
  }
  for (uint32_t i = 0; i < db->nlongruns && i < SOME; i++) used(report_pipeline(db, i), must);
  used(report_identifiers(db, REPORT_ALL, 0), must);
  free(mark);
  buffer_flush(buffer_1);
}

/* All that is said of a sound database holds. */
static void check_sound(s6rc_db const *db)
{
  for (uint32_t i = 0; i < s6rc_db_n(db); i++) {
    s6rc_service sv;
    s6rc_identifier id;
    CHECK(ask_service(db, i));
    CHECK(s6rc_db_service(db, i, &sv));
    CHECK(s6rc_db_resolve(db, sv.name, sv.namelen, &id) == 1);
    CHECK(id.type == sv.type && id.contents.n == 1 && s6rc_list_get(&id.contents, 0) == i);
  }
}

/* One changed byte: a record can no longer be read, or says what it said. */
static void check_flip(s6rc_db *db, fuzz_input const *flip)
{
  uint32_t n = s6rc_db_n(db);
  size_t at = (flip->s[0] | (size_t)flip->s[1] << 8) % db->size;
  s6rc_service *before = calloc(n, sizeof *before);
  s6rc_damage damage;
  unsigned char *could = calloc(n, 1);
  unsigned char *map = malloc(db->size);
  s6rc_db changed = *db;
  if (at < S6RC_DB_HEADER_SIZE || !flip->s[2]) goto end;
  CHECK(before && could && map);
  for (uint32_t i = 0; i < n; i++) could[i] = (unsigned char)s6rc_db_service(db, i, before + i);
  memcpy(map, db->map, db->size);
  map[at] ^= flip->s[2];
  changed.map = map;
  for (unsigned int k = 0; k < S6RC_NSECTIONS; k++) changed.section[k] = map + (db->section[k] - db->map);
  for (uint32_t i = 0; i < n; i++) {
    s6rc_service sv;
    if (!could[i] || !s6rc_db_service(&changed, i, &sv)) continue;
    CHECK(sv.namelen == before[i].namelen && !memcmp(sv.name, before[i].name, sv.namelen));
    CHECK(sv.flags == before[i].flags && sv.consumer == before[i].consumer);
    CHECK(!memcmp(sv.timeout, before[i].timeout, sizeof sv.timeout));
    CHECK(sv.producers.n == before[i].producers.n);
    CHECK(!sv.producers.n || !memcmp(sv.producers.s, before[i].producers.s, 4 * (size_t)sv.producers.n));
    for (unsigned int k = 0; k < S6RC_NSCRIPTS; k++) {
      CHECK(sv.script[k].argc == before[i].script[k].argc && sv.script[k].len == before[i].script[k].len);
      CHECK(!sv.script[k].len || !memcmp(sv.script[k].s, before[i].script[k].s, sv.script[k].len));
    }
    for (unsigned int dir = S6RC_UP; dir <= S6RC_DOWN; dir++) {
      s6rc_list l, was;
      if (!s6rc_db_deps(db, before + i, (s6rc_dir)dir, &was)) continue;
      if (!s6rc_db_deps(&changed, &sv, (s6rc_dir)dir, &l)) continue;
      CHECK(l.n == was.n && !memcmp(l.s, was.s, 4 * (size_t)l.n));
    }
  }
  CHECK(!s6rc_db_check(&changed, &damage));
end:
  free(before);
  free(could);
  free(map);
}

static void look_at(s6rc_db *db, fuzz_input const *flip)
{
  s6rc_damage damage = {.what = 0};
  int whole = ask_all(db), sound;
  make_resolve(db);
  sound = s6rc_db_check(db, &damage);
  if (sound)
    check_sound(db);
  else {
    CHECK(errno == EPROTO && damage.what);
    fuzz_touch(damage.what, strlen(damage.what));
  }
  CHECK(whole || !sound);
  use(db, sound);
  if (flip->len == 3) check_flip(db, flip);
}

int LLVMFuzzerTestOneInput(uint8_t const *s, size_t len)
{
  fuzz_input in = {s, len}, flip = {0, 0};
  unsigned int what = fuzz_byte(&in);
  dbmaker m = {.s = 0};
  s6rc_db db;
  if (!dbfd) start();
  if (what & FLIP) fuzz_part(&in, 3, &flip);
  if (in.len < S6RC_DB_HEADER_SIZE) what = 0;
  /* mending may make it longer, but not by much */
  m.s = calloc(1, in.len + S6RC_DB_HEADER_SIZE);
  m.len = in.len;
  CHECK(m.s);
  if (in.len) memcpy(m.s, in.s, in.len);
  mend(&m, what);
  fuzz_rewrite(dbfd, m.s, m.len);
  fuzz_rewrite(resolvefd, "x", 1);
  if (s6rc_db_openat(&db, dirfd, ".")) {
    /* the same in memory of its exact size */
    s6rc_db exact = db;
    unsigned char *map = malloc(db.size);
    CHECK(map && db.size == m.len);
    memcpy(map, db.map, db.size);
    exact.map = map;
    for (unsigned int k = 0; k < S6RC_NSECTIONS; k++) exact.section[k] = map + (db.section[k] - db.map);
    look_at(&exact, &flip);
    db.resolve = exact.resolve;
    s6rc_db_close(&db);
    free(map);
  } else {
    CHECK(errno == EPROTO || errno == EPROTOTYPE);
    CHECK(what != (LAYOUT | SEALS) || m.nlongruns < S6RC_NGENERATED);
  }
  dbmaker_free(&m);
  return 0;
}
