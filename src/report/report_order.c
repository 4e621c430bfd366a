/* ISC license. */

#include <errno.h>
#include <stdlib.h>

#include <skalibs/buffer.h>

#include "report-graph.h"

int report_order(report_part const *part)
{
  uint32_t *order = malloc(((size_t)part->graph.n + 1) * sizeof(uint32_t));
  int r = order ? s6rc_graph_order(&part->graph, order) : -1;
  if (!r) errno = EPROTO;
  for (uint32_t i = 0; r > 0 && i < part->graph.n; i++) {
    report_node const *node = part->nodes + order[i];
    if (node->shown &&
        (buffer_put(buffer_1, node->name, node->namelen) < 0 || buffer_put(buffer_1, "\n", 1) < 0))
      r = 0;
  }
  int e = errno;
  free(order);
  errno = e;
  return r > 0;
}
