/* ISC license. */

/* Graphs in the DOT language, for graphviz and others. Nodes are called sN by
   service number and bN by place in the list of bundles: names are in labels,
   where every byte has a way to be written. */

#include <errno.h>
#include <stdlib.h>

#include <skalibs/buffer.h>
#include <skalibs/types.h>

#include "report-graph.h"
#include "report-text.h"

#define FILL_UP     "#b5e2b0"
#define FILL_WANTED "#7cc576"
#define FILL_DOWN   "#e4e4e4"
#define GREY        "#7f7f7f"

static char const head[] =
    "graph [rankdir=LR, fontname=\"sans-serif\"];\n"
    "node [shape=box, style=filled, fillcolor=white, fontname=\"sans-serif\"];\n"
    "// box: longrun; ellipse: oneshot; folder: bundle, dashed lines to its contents;\n"
    "// double frame: essential; box around services: a pipeline, bold arrows along its pipes\n";
static char const head_state[] =
    "// " FILL_WANTED ": up, and wanted; " FILL_UP ": up, as others need it; " FILL_DOWN ": down\n";

static int put(char const *s)
{
  return buffer_puts(buffer_1, s) >= 0;
}

static int put_id(char const *kind, size_t i)
{
  char fmt[SIZE_FMT];
  return put(kind) && buffer_put(buffer_1, fmt, size_fmt(fmt, i)) >= 0;
}

/* Backslashes are special in labels, and so are the character references of HTML. */
static char const *escape(char c)
{
  switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '&': return "&amp;";
    default: return 0;
  }
}

static int put_label(char const *s, size_t len)
{
  return put("label=\"") && report_put_text(s, len, &escape, "\\\\x") && put("\"");
}

/* "longrun, essential, up": what shape and colour say, in words */
static int put_tooltip(report_node const *node, unsigned char const *state)
{
  return put(", tooltip=\"") && put(s6rc_type_names[node->type]) &&
         (!(node->flags & S6RC_FLAG_ESSENTIAL) || put(", essential")) &&
         (!(node->flags & S6RC_FLAG_RECOMMENDED) || put(", recommended")) &&
         (!state || put(!(*state & S6RC_STATE_UP)    ? ", down"
                        : *state & S6RC_STATE_WANTED ? ", up, wanted"
                                                     : ", up")) &&
         put("\"");
}

static int put_node(report_part const *part, uint32_t i, unsigned char const *state)
{
  report_node const *node = part->nodes + i;
  if (!put_id("s", i) || !put(" [") || !put_label(node->name, node->namelen)) return 0;
  if (node->type == S6RC_ONESHOT && !put(", shape=ellipse")) return 0;
  if (node->flags & S6RC_FLAG_ESSENTIAL && !put(", peripheries=2")) return 0;
  if (state && !put(!(state[i] & S6RC_STATE_UP)    ? ", fillcolor=\"" FILL_DOWN "\""
                    : state[i] & S6RC_STATE_WANTED ? ", fillcolor=\"" FILL_WANTED "\""
                                                   : ", fillcolor=\"" FILL_UP "\""))
    return 0;
  return put_tooltip(node, state ? state + i : 0) && put("];\n");
}

static int is_pipe(report_part const *part, uint32_t a, uint32_t b)
{
  return part->nodes[a].consumer == b || part->nodes[b].consumer == a;
}

static int put_edges(report_part const *part)
{
  s6rc_graph const *g = &part->graph;
  for (uint32_t i = 0; i < g->n; i++) {
    if (!part->nodes[i].shown) continue;
    for (uint32_t e = g->first[i]; e < g->first[i + 1]; e++)
      if (part->nodes[g->to[e]].shown && (!put_id("s", i) || !put_id(" -> s", g->to[e]) ||
                                          !put(is_pipe(part, i, g->to[e]) ? " [style=bold];\n" : ";\n")))
        return 0;
  }
  return 1;
}

static int put_bundle(report_part const *part, report_named const *bundle, size_t number)
{
  s6rc_list const *contents = &bundle->id.contents;
  if (!put_id("b", number) || !put(" [") || !put_label(bundle->name, bundle->len) ||
      !put(", shape=folder, tooltip=\"bundle\"];\n"))
    return 0;
  for (uint32_t i = 0; i < contents->n; i++)
    if (part->nodes[s6rc_list_get(contents, i)].shown &&
        (!put_id("b", number) || !put_id(" -> s", s6rc_list_get(contents, i)) ||
         !put(" [style=dashed, color=\"" GREY "\"];\n")))
      return 0;
  return 1;
}

/* Services and the pipelines that they are in: edges from each to the last
   consumer of its pipeline, as far as that is known. */
static int find_pipelines(report_part const *part, s6rc_graph *g)
{
  report_node const *nodes = part->nodes;
  g->n = part->graph.n;
  g->first = calloc((size_t)g->n + 1, sizeof(uint32_t));
  g->to = malloc(((size_t)g->n + 1) * sizeof(uint32_t));
  uint32_t *last = malloc(((size_t)g->n + 1) * sizeof(uint32_t));
  int r = g->first && g->to && last;
  for (uint32_t i = 0; r && i < g->n; i++) last[i] = S6RC_NONE;
  for (uint32_t i = 0; r && i < g->n; i++) {
    uint32_t end = i, steps = 0, next;
    if (!nodes[i].shown || nodes[i].consumer == S6RC_NONE) continue;
    for (; last[end] == S6RC_NONE && nodes[end].shown && nodes[end].consumer != S6RC_NONE; steps++) {
      end = nodes[end].consumer;
      if (steps == g->n) break;
    }
    if (steps == g->n) r = (errno = EPROTO, 0);
    if (last[end] != S6RC_NONE) end = last[end];
    for (uint32_t k = i; r && k != end && last[k] == S6RC_NONE; k = next) {
      next = nodes[k].consumer;
      last[k] = end;
    }
    if (r) last[end] = end;
  }
  for (uint32_t i = 0; r && i < g->n; i++) {
    g->first[i + 1] = g->first[i];
    if (nodes[i].shown && last[i] != S6RC_NONE) g->to[g->first[i + 1]++] = last[i];
  }
  int e = errno;
  free(last);
  errno = e;
  return r;
}

static int put_pipelines(s6rc_graph const *pipelines)
{
  for (uint32_t i = 0; i < pipelines->n; i++) {
    if (pipelines->first[i] == pipelines->first[i + 1]) continue;
    if (!put_id("subgraph cluster_", i) || !put(" {\nlabel=pipeline; style=rounded; color=\"" GREY "\";\n"))
      return 0;
    for (uint32_t k = pipelines->first[i]; k < pipelines->first[i + 1]; k++)
      if (!put_id("s", pipelines->to[k]) || !put(";\n")) return 0;
    if (!put("}\n")) return 0;
  }
  return 1;
}

int report_dot(report_part const *part, report_named const *bundles, size_t n, unsigned char const *state)
{
  s6rc_graph ways = S6RC_GRAPH_ZERO, pipelines = S6RC_GRAPH_ZERO;
  int r = find_pipelines(part, &ways) && s6rc_graph_reverse(&ways, &pipelines) &&
          put("digraph \"s6-rc\" {\n") &&
          put(part->dir == S6RC_UP ? "// an arrow leads to what must be up before\n"
                                   : "// an arrow leads to what must be down before\n") &&
          put(head) && (!state || put(head_state));
  for (uint32_t i = 0; r && i < part->graph.n; i++)
    if (part->nodes[i].shown) r = put_node(part, i, state);
  r = r && put_pipelines(&pipelines) && put_edges(part);
  for (size_t i = 0; r && i < n; i++) r = put_bundle(part, bundles + i, i);
  r = r && put("}\n");
  int e = errno;
  s6rc_graph_free(&ways);
  s6rc_graph_free(&pipelines);
  errno = e;
  return r;
}
