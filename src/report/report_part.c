/* ISC license. */

#include <errno.h>
#include <stdlib.h>

#include <skalibs/genalloc.h>

#include "report-graph.h"

static int read_node(report_part *part, s6rc_db const *db, uint32_t i, int withoutessentials, genalloc *to)
{
  s6rc_service sv;
  s6rc_list deps;
  uint32_t *out;
  if (!s6rc_db_service(db, i, &sv) || !s6rc_db_deps(db, &sv, part->dir, &deps)) return 0;
  part->nodes[i] = (report_node){.name = sv.name,
                                 .namelen = sv.namelen,
                                 .flags = sv.flags,
                                 .consumer = sv.consumer,
                                 .type = sv.type,
                                 .shown = !(withoutessentials && sv.flags & S6RC_FLAG_ESSENTIAL)};
  /* a list belongs to one service, so all together are not more than there are */
  if (genalloc_len(uint32_t, to) + deps.n > db->sectionlen[S6RC_SECTION_EDGES] / 4)
    return (errno = EPROTO, 0);
  if (!genalloc_readyplus(uint32_t, to, deps.n)) return 0;
  out = genalloc_s(uint32_t, to) + genalloc_len(uint32_t, to);
  for (uint32_t k = 0; k < deps.n; k++) out[k] = s6rc_list_get(&deps, k);
  genalloc_setlen(uint32_t, to, genalloc_len(uint32_t, to) + deps.n);
  return 1;
}

int report_part_read(report_part *part, s6rc_db const *db, s6rc_dir dir, unsigned char const *mark,
                     int withoutessentials)
{
  uint32_t n = s6rc_db_n(db);
  genalloc to = GENALLOC_ZERO;
  int r;
  part->dir = dir;
  part->nodes = calloc((size_t)n + 1, sizeof(report_node));
  part->graph = (s6rc_graph){.n = n, .first = calloc((size_t)n + 1, sizeof(uint32_t)), .to = 0};
  r = part->nodes && part->graph.first && genalloc_ready(uint32_t, &to, 1);
  for (uint32_t i = 0; r && i < n; i++) {
    if (mark[i] & 1) r = read_node(part, db, i, withoutessentials, &to);
    part->graph.first[i + 1] = (uint32_t)genalloc_len(uint32_t, &to);
  }
  part->graph.to = genalloc_s(uint32_t, &to);
  return r;
}

void report_part_free(report_part *part)
{
  int e = errno;
  free(part->nodes);
  part->nodes = 0;
  s6rc_graph_free(&part->graph);
  errno = e;
}
