/* ISC license. */

#include <s6-rc/types.h>
#include <s6-rc/dbformat.h>

/* Both directions walk the field table of dbformat.h: the order there is
   the layout. */

#define PUT(f)            \
  s6rc_le32_put(s, r->f); \
  s += 4;
#define GET(f)         \
  r->f = s6rc_le32(s); \
  s += 4;

#define CODEC(kind, FIELDS)                                                 \
  void s6rc_##kind##rec_pack(unsigned char *s, s6rc_##kind##rec const *r)   \
  {                                                                         \
    FIELDS(PUT)                                                             \
  }                                                                         \
  void s6rc_##kind##rec_unpack(unsigned char const *s, s6rc_##kind##rec *r) \
  {                                                                         \
    FIELDS(GET)                                                             \
  }

CODEC(service, S6RC_SERVICE_FIELDS)
CODEC(longrun, S6RC_LONGRUN_FIELDS)
CODEC(oneshot, S6RC_ONESHOT_FIELDS)

#define FNV_PRIME 16777619U

uint32_t s6rc_hash_bytes(uint32_t h, void const *p, size_t len)
{
  unsigned char const *s = p;
  for (size_t i = 0; i < len; i++) h = (h ^ s[i]) * FNV_PRIME;
  return h;
}

uint32_t s6rc_hash_words(uint32_t h, unsigned char const *s, size_t nwords)
{
  for (size_t i = 0; i < nwords; i++) h = (h ^ s6rc_le32(s + 4 * i)) * FNV_PRIME;
  return h;
}

uint32_t s6rc_servicerec_hash(unsigned char const *rec, unsigned char const *extra, int isoneshot,
                              unsigned char const *edges, unsigned char const *strings)
{
  s6rc_servicerec r;
  uint32_t h = s6rc_hash_words(S6RC_HASH_INIT, rec, S6RC_SERVICE_SIZE / 4 - 1);
  s6rc_servicerec_unpack(rec, &r);
  h = s6rc_hash_words(h, extra, (isoneshot ? S6RC_ONESHOT_SIZE : S6RC_LONGRUN_SIZE) / 4);
  h = s6rc_hash_bytes(h, strings + r.name, r.namelen);
  if (isoneshot) {
    s6rc_oneshotrec o;
    s6rc_oneshotrec_unpack(extra, &o);
    h = s6rc_hash_bytes(h, strings + o.up, o.up_len);
    h = s6rc_hash_bytes(h, strings + o.down, o.down_len);
    return s6rc_hash_bytes(h, strings + o.reload, o.reload_len);
  } else {
    s6rc_longrunrec l;
    s6rc_longrunrec_unpack(extra, &l);
    return s6rc_hash_words(h, edges + 4 * (size_t)l.producers, l.nproducers);
  }
}
