/* ISC license. */

/* Commands about how services depend on each other. Without names they are
   about the whole database. */

#include <stdlib.h>
#include <string.h>

#include <skalibs/genalloc.h>

#include "../cli/cli.h"
#include "../report/report-graph.h"
#include "query.h"

static void add_named(query const *q, genalloc *named, char const *name)
{
  report_named n = {.name = name, .len = strlen(name)};
  cli_resolve(&q->db, q->path, name, &n.id);
  if (!genalloc_append(report_named, named, &n)) query_die(q);
}

static void add_all_bundles(query const *q, genalloc *named)
{
  report_named n;
  uint32_t pos = CDB_TRAVERSE_INIT();
  int r;
  while ((r = s6rc_db_next(&q->db, &n.name, &n.len, &n.id, &pos)) > 0)
    if (n.id.type == S6RC_BUNDLE && !genalloc_append(report_named, named, &n)) query_die(q);
  if (r < 0) query_die(q);
}

/* The services that the operands (none: all) stand for and what they need. */
static void read_part(query const *q, char const *const *operands, report_part *part, genalloc *named)
{
  uint32_t n = s6rc_db_n(&q->db);
  unsigned char *mark = calloc((size_t)n + 1, 1);
  if (!mark) query_die(q);
  if (!*operands) memset(mark, 1, n);
  for (; *operands; operands++) add_named(q, named, *operands);
  for (size_t i = 0; i < genalloc_len(report_named, named); i++) {
    s6rc_list const *contents = &genalloc_s(report_named, named)[i].id.contents;
    for (uint32_t k = 0; k < contents->n; k++) mark[s6rc_list_get(contents, k)] = 1;
  }
  if (!s6rc_db_closure(&q->db, q->dir, mark, 1) ||
      !report_part_read(part, &q->db, q->dir, mark, q->withoutessentials))
    query_die(q);
  free(mark);
}

void query_order(query const *q, char const *const *operands)
{
  report_part part = REPORT_PART_ZERO;
  genalloc named = GENALLOC_ZERO; /* of report_named */
  read_part(q, operands, &part, &named);
  if (!report_order(&part)) query_die(q);
  genalloc_free(report_named, &named);
  report_part_free(&part);
}

void query_tree(query const *q, char const *const *operands)
{
  report_part part = REPORT_PART_ZERO;
  genalloc named = GENALLOC_ZERO;
  read_part(q, operands, &part, &named);
  if (!report_tree(&part, genalloc_s(report_named, &named), genalloc_len(report_named, &named))) query_die(q);
  genalloc_free(report_named, &named);
  report_part_free(&part);
}

static int by_name(void const *a, void const *b)
{
  report_named const *x = a, *y = b;
  int r = memcmp(x->name, y->name, x->len < y->len ? x->len : y->len);
  return r ? r : x->len < y->len ? -1 : x->len > y->len;
}

/* Leaves only bundles, each once, by name. */
static void keep_bundles(genalloc *named)
{
  report_named *s = genalloc_s(report_named, named);
  size_t n = genalloc_len(report_named, named), k = 0;
  if (n) qsort(s, n, sizeof *s, &by_name);
  for (size_t i = 0; i < n; i++)
    if (s[i].id.type == S6RC_BUNDLE && (!k || by_name(s + k - 1, s + i))) s[k++] = s[i];
  genalloc_setlen(report_named, named, k);
}

void query_graph(query const *q, char const *const *operands)
{
  report_part part = REPORT_PART_ZERO;
  genalloc named = GENALLOC_ZERO;
  read_part(q, operands, &part, &named);
  if (!*operands) add_all_bundles(q, &named);
  keep_bundles(&named);
  if (!report_dot(&part, genalloc_s(report_named, &named), genalloc_len(report_named, &named), q->state))
    query_die(q);
  genalloc_free(report_named, &named);
  report_part_free(&part);
}
