/* ISC license. */

#include <errno.h>

#include <skalibs/buffer.h>
#include <skalibs/genalloc.h>

#include "report-db.h"

/* A longrun and the one that it writes to: the name, because reading a
   record takes as long as its list of producers. */
typedef struct pair_s pair;
struct pair_s {
  uint32_t producer;
  uint32_t consumerlen;
  char const *consumer; /* null: it is where the pipeline ends */
};

/* The longrun where the pipeline of number ends. A chain that does not end
   is damage. */
static int last_consumer(s6rc_db const *db, uint32_t number, uint32_t *last)
{
  for (uint32_t steps = 0; steps < db->nlongruns; steps++) {
    s6rc_service sv;
    if (!s6rc_db_service(db, number, &sv)) return 0;
    *last = number;
    if (sv.consumer == S6RC_NONE) return 1;
    number = sv.consumer;
  }
  return (errno = EPROTO, 0);
}

/* Appends all pairs whose producer's output gets to the member that is there
   already, directly or not: each before those further upstream. */
static int add_upstream(s6rc_db const *db, genalloc *pairs)
{
  for (size_t i = 0; i < genalloc_len(pair, pairs); i++) {
    s6rc_service sv;
    if (!s6rc_db_service(db, genalloc_s(pair, pairs)[i].producer, &sv)) return 0;
    if (sv.producers.n > db->nlongruns - genalloc_len(pair, pairs)) return (errno = EPROTO, 0);
    /* backwards, because the whole is read backwards */
    for (uint32_t k = sv.producers.n; k--;) {
      pair p = {.producer = s6rc_list_get(&sv.producers, k), .consumer = sv.name, .consumerlen = sv.namelen};
      if (!genalloc_append(pair, pairs, &p)) return 0;
    }
  }
  return 1;
}

static int put_pair(s6rc_db const *db, pair const *p)
{
  s6rc_service sv;
  return s6rc_db_service(db, p->producer, &sv) && buffer_put(buffer_1, sv.name, sv.namelen) >= 0 &&
         buffer_put(buffer_1, "/", 1) >= 0 && buffer_put(buffer_1, p->consumer, p->consumerlen) >= 0 &&
         buffer_put(buffer_1, "\n", 1) >= 0;
}

int report_pipeline(s6rc_db const *db, uint32_t number)
{
  genalloc pairs = GENALLOC_ZERO;
  pair last = {.consumer = 0, .consumerlen = 0};
  int r = last_consumer(db, number, &last.producer) && genalloc_append(pair, &pairs, &last) &&
          add_upstream(db, &pairs);
  for (size_t i = genalloc_len(pair, &pairs); r && --i;) r = put_pair(db, genalloc_s(pair, &pairs) + i);
  int e = errno;
  genalloc_free(pair, &pairs);
  errno = e;
  return r;
}
