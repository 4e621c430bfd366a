/* ISC license. */

#include <errno.h>

#include <s6-rc/db.h>

/* Is [offset, offset + count * unit) inside the section? */
static int inside(s6rc_db const *db, unsigned int section, uint32_t offset, uint32_t count, unsigned int unit)
{
  uint64_t units = db->sectionlen[section] / unit;
  return offset <= units && count <= units - offset;
}

static int list(s6rc_db const *db, uint32_t first, uint32_t n, s6rc_list *l)
{
  if (!inside(db, S6RC_SECTION_EDGES, first, n, 4)) return 0;
  l->s = db->section[S6RC_SECTION_EDGES] + 4 * (size_t)first;
  l->n = n;
  return 1;
}

/* argc words must end where the script ends; each ends in a NUL, so this is
   checked by the last byte and, for whoever walks it, by counting NULs */
static int script(s6rc_db const *db, uint32_t offset, uint32_t len, uint32_t argc, s6rc_script *x)
{
  char const *strings = (char const *)db->section[S6RC_SECTION_STRINGS];
  uint32_t words = 0;
  if (!inside(db, S6RC_SECTION_STRINGS, offset, len, 1)) return 0;
  for (uint32_t i = 0; i < len; i++) words += !strings[offset + i];
  if (words != argc || (len && strings[offset + len - 1])) return 0;
  *x = (s6rc_script){.s = strings + offset, .len = len, .argc = argc};
  return 1;
}

static int longrun(s6rc_db const *db, unsigned char const *extra, s6rc_service *sv)
{
  s6rc_longrunrec l;
  s6rc_longrunrec_unpack(extra, &l);
  sv->consumer = l.consumer;
  return (l.consumer == S6RC_NONE || l.consumer < db->nlongruns) &&
         list(db, l.producers, l.nproducers, &sv->producers);
}

static int oneshot(s6rc_db const *db, unsigned char const *extra, s6rc_service *sv)
{
  s6rc_oneshotrec o;
  s6rc_oneshotrec_unpack(extra, &o);
  return script(db, o.up, o.up_len, o.up_argc, &sv->script[S6RC_SCRIPT_UP]) &&
         script(db, o.down, o.down_len, o.down_argc, &sv->script[S6RC_SCRIPT_DOWN]) &&
         script(db, o.reload, o.reload_len, o.reload_argc, &sv->script[S6RC_SCRIPT_RELOAD]);
}

int s6rc_db_service(s6rc_db const *db, uint32_t number, s6rc_service *sv)
{
  s6rc_servicerec r;
  unsigned char const *rec, *extra;
  unsigned char const *strings = db->section[S6RC_SECTION_STRINGS];
  int isoneshot = number >= db->nlongruns;
  errno = EPROTO;
  if (number >= s6rc_db_n(db)) return 0;
  rec = db->section[S6RC_SECTION_SERVICES] + (size_t)number * S6RC_SERVICE_SIZE;
  extra = isoneshot
              ? db->section[S6RC_SECTION_ONESHOTS] + (size_t)(number - db->nlongruns) * S6RC_ONESHOT_SIZE
              : db->section[S6RC_SECTION_LONGRUNS] + (size_t)number * S6RC_LONGRUN_SIZE;
  s6rc_servicerec_unpack(rec, &r);
  *sv = (s6rc_service){.number = number,
                       .type = isoneshot ? S6RC_ONESHOT : S6RC_LONGRUN,
                       .namelen = r.namelen,
                       .flags = r.flags,
                       .timeout = {[S6RC_UP] = r.timeout_up, [S6RC_DOWN] = r.timeout_down},
                       .consumer = S6RC_NONE,
                       .depshash_ = {[S6RC_UP] = r.depshash, [S6RC_DOWN] = r.rdepshash}};
  if (!r.namelen || r.namelen == UINT32_MAX || !inside(db, S6RC_SECTION_STRINGS, r.name, r.namelen + 1, 1))
    return 0;
  sv->name = (char const *)strings + r.name;
  if (sv->name[r.namelen]) return 0;
  if (!list(db, r.deps, r.ndeps, &sv->deps_[S6RC_UP]) || !list(db, r.rdeps, r.nrdeps, &sv->deps_[S6RC_DOWN]))
    return 0;
  if (isoneshot ? !oneshot(db, extra, sv) : !longrun(db, extra, sv)) return 0;
  return s6rc_servicerec_hash(rec, extra, isoneshot, db->section[S6RC_SECTION_EDGES], strings) == r.hash;
}

int s6rc_db_deps(s6rc_db const *db, s6rc_service const *sv, s6rc_dir dir, s6rc_list *l)
{
  uint32_t n = s6rc_db_n(db);
  *l = sv->deps_[dir];
  errno = EPROTO;
  if (s6rc_hash_words(S6RC_HASH_INIT, l->s, l->n) != sv->depshash_[dir]) return 0;
  for (uint32_t i = 0; i < l->n; i++)
    if (s6rc_list_get(l, i) >= n) return 0;
  return 1;
}
