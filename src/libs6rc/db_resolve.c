/* ISC license. */

#include <errno.h>
#include <string.h>

#include <skalibs/blake2s.h>
#include <skalibs/bytestr.h>
#include <skalibs/cdb.h>

#include <s6-rc/db.h>
#include <s6-rc/resolve.h>

/* a value: the kind byte, the hash, the numbers */
enum { KIND = 0, HASH = 1, NUMBERS = 5 };

/* cdb trusts the lengths it reads */
static int inside(cdb const *c, cdb_data const *d)
{
  return d->s >= c->map && d->len <= c->size && (size_t)(d->s - c->map) <= c->size - d->len;
}

static int decode(s6rc_db const *db, char const *name, size_t len, cdb_data const *data, s6rc_identifier *id)
{
  unsigned char const *s = (unsigned char const *)data->s;
  uint32_t h;
  char const *kind;
  if (data->len < NUMBERS || data->len % 4 != NUMBERS % 4) return 0;
  kind = memchr(S6RC_KINDS, s[KIND], S6RC_NTYPES);
  if (!kind) return 0;
  h = s6rc_hash_bytes(S6RC_HASH_INIT, name, len);
  h = s6rc_hash_bytes(h, s, 1);
  h = s6rc_hash_words(h, s + NUMBERS, (data->len - NUMBERS) / 4);
  if (h != s6rc_le32(s + HASH)) return 0;
  id->type = (s6rc_type)(kind - S6RC_KINDS);
  id->contents = (s6rc_list){.s = s + NUMBERS, .n = (data->len - NUMBERS) / 4};
  for (uint32_t i = 0; i < id->contents.n; i++)
    if (s6rc_list_get(&id->contents, i) >= s6rc_db_n(db)) return 0;
  return id->type == S6RC_BUNDLE || id->contents.n == 1;
}

/* A name that is not found may be one that damage hides: what is not there
   is worth a look at everything. */
static int is_whole(s6rc_db const *db)
{
  blake2s_ctx ctx = BLAKE2S_INIT(S6RC_DIGEST_SIZE);
  uint32_t pos = CDB_TRAVERSE_INIT();
  cdb_data key, data;
  char digest[S6RC_DIGEST_SIZE];
  for (;;) {
    unsigned char lens[8];
    cdb_data again;
    int r = cdb_traverse_next(&db->resolve, &key, &data, &pos);
    if (r <= 0 || !inside(&db->resolve, &key) || !inside(&db->resolve, &data)) return 0;
    if (cdb_find(&db->resolve, &again, key.s, key.len) != 1 || again.s != data.s || again.len != data.len)
      return 0;
    if (!key.len) break;
    s6rc_le32_put(lens, key.len);
    s6rc_le32_put(lens + 4, data.len);
    blake2s_update(&ctx, (char *)lens, sizeof lens);
    blake2s_update(&ctx, key.s, key.len);
    blake2s_update(&ctx, data.s, data.len);
  }
  blake2s_final(&ctx, digest);
  return data.len == 2 * S6RC_DIGEST_SIZE && !memcmp(data.s, s6rc_db_digest(db), S6RC_DIGEST_SIZE) &&
         !memcmp(data.s + S6RC_DIGEST_SIZE, digest, S6RC_DIGEST_SIZE) &&
         !cdb_traverse_next(&db->resolve, &key, &data, &pos);
}

int s6rc_db_resolve(s6rc_db const *db, char const *name, size_t len, s6rc_identifier *id)
{
  cdb_data data;
  int r = !len || len > UINT32_MAX ? 0 : cdb_find(&db->resolve, &data, name, (uint32_t)len);
  if (r > 0 && inside(&db->resolve, &data) && decode(db, name, len, &data, id)) return 1;
  if (!r && is_whole(db)) return 0;
  return (errno = EPROTO, -1);
}

int s6rc_db_next(s6rc_db const *db, char const **name, size_t *len, s6rc_identifier *id, uint32_t *pos)
{
  cdb_data key, data;
  int r = cdb_traverse_next(&db->resolve, &key, &data, pos);
  if (r > 0 && inside(&db->resolve, &key) && inside(&db->resolve, &data)) {
    /* the digests are the end, anything else without a key is damage */
    if (!key.len && data.len == 2 * S6RC_DIGEST_SIZE && !memcmp(data.s, s6rc_db_digest(db), S6RC_DIGEST_SIZE))
      return 0;
    if (key.len && decode(db, key.s, key.len, &data, id)) {
      *name = key.s;
      *len = key.len;
      return 1;
    }
  }
  return (errno = EPROTO, -1);
}
