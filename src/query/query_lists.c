/* ISC license. */

/* Commands that print lists of names. */

#include <stdlib.h>
#include <string.h>

#include <skalibs/genalloc.h>

#include "../cli/cli.h"
#include "../report/report-db.h"
#include "../report/report.h"
#include "query.h"

/* The operand is one of these names: the command table says so. */
void query_list(query const *q, char const *const *operands)
{
  static struct {
    char const *name;
    unsigned int kinds;
  } const lists[] = {{"all", REPORT_ALL},
                     {"services", REPORT_ATOMIC},
                     {"oneshots", REPORT_KIND(S6RC_ONESHOT)},
                     {"longruns", REPORT_KIND(S6RC_LONGRUN)},
                     {"bundles", REPORT_KIND(S6RC_BUNDLE)}};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
    if (!strcmp(lists[i].name, operands[0]) &&
        !report_identifiers(&q->db, lists[i].kinds, q->withoutessentials))
      query_die(q);
}

static void add(query const *q, genalloc *numbers, s6rc_list const *l)
{
  uint32_t *out;
  if (!genalloc_readyplus(uint32_t, numbers, l->n)) query_die(q);
  out = genalloc_s(uint32_t, numbers) + genalloc_len(uint32_t, numbers);
  for (uint32_t i = 0; i < l->n; i++) out[i] = s6rc_list_get(l, i);
  genalloc_setlen(uint32_t, numbers, genalloc_len(uint32_t, numbers) + l->n);
}

/* Prints and frees them. */
static void put_services(query const *q, genalloc *numbers)
{
  if (!report_services(&q->db, genalloc_s(uint32_t, numbers), genalloc_len(uint32_t, numbers),
                       q->withoutessentials))
    query_die(q);
  genalloc_free(uint32_t, numbers);
}

void query_contents(query const *q, char const *const *operands)
{
  genalloc numbers = GENALLOC_ZERO;
  s6rc_identifier id;
  query_find(q, operands[0], REPORT_KIND(S6RC_BUNDLE), "a bundle", &id);
  add(q, &numbers, &id.contents);
  put_services(q, &numbers);
}

void query_atomics(query const *q, char const *const *operands)
{
  genalloc numbers = GENALLOC_ZERO;
  for (; *operands; operands++) {
    s6rc_identifier id;
    cli_resolve(&q->db, q->path, *operands, &id);
    add(q, &numbers, &id.contents);
  }
  put_services(q, &numbers);
}

void query_dependencies(query const *q, char const *const *operands)
{
  genalloc numbers = GENALLOC_ZERO;
  for (; *operands; operands++) {
    s6rc_identifier id;
    cli_resolve(&q->db, q->path, *operands, &id);
    for (uint32_t i = 0; i < id.contents.n; i++) {
      s6rc_service sv;
      s6rc_list deps;
      if (!s6rc_db_service(&q->db, s6rc_list_get(&id.contents, i), &sv) ||
          !s6rc_db_deps(&q->db, &sv, q->dir, &deps))
        query_die(q);
      add(q, &numbers, &deps);
    }
  }
  put_services(q, &numbers);
}

void query_closure(query const *q, char const *const *operands)
{
  unsigned char *mark = calloc(s6rc_db_n(&q->db), 1);
  if (!mark) query_die(q);
  for (; *operands; operands++) {
    s6rc_identifier id;
    cli_resolve(&q->db, q->path, *operands, &id);
    for (uint32_t i = 0; i < id.contents.n; i++) mark[s6rc_list_get(&id.contents, i)] = 1;
  }
  if (!s6rc_db_closure(&q->db, q->dir, mark, 1) || !report_marked(&q->db, mark, 1, 0, q->withoutessentials))
    query_die(q);
  free(mark);
}
