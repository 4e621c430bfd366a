/* ISC license. */

/* Private to src/compile: the steps of compile_resolve. Each returns 1; 0 and
   errno (ENOMEM, EOVERFLOW), and complains in c->src. */

#ifndef S6RC_COMPILE_RESOLVE_H
#define S6RC_COMPILE_RESOLVE_H

#include "compile.h"

/* Makes service, atomic, bundleof, the names of bundles. */
extern int compile_number(compiled *);

/* Complains about names that are used and not defined, if it is known what is
   defined. */
extern int compile_check_names(compiled *);

/* Makes consumer and producers. */
extern int compile_pipelines(compiled *);

/* Makes the members of bundles, and flags. */
extern int compile_bundles(compiled *);

/* Makes deps and rdeps. */
extern int compile_dependencies(compiled *);

/* A graph that grows node by node: add what leads out of a node, then close
   it and go on with the next. */
typedef struct compile_builder_s compile_builder;
struct compile_builder_s {
  s6rc_graph graph;
  size_t len; /* of graph.to, filled */
  size_t room;
  uint32_t node;
};
extern int compile_builder_start(compile_builder *, uint32_t n);
extern int compile_builder_add(compile_builder *, uint32_t to);
extern void compile_builder_close(compile_builder *);

/* Finds the cycles of a graph and calls complain for each, its nodes in order
   and as text, "a -> b -> a". */
typedef char const *compile_name_func(compiled const *, uint32_t node);
typedef int compile_cycle_func(compiled *, uint32_t const *nodes, uint32_t n, char const *text);
extern int compile_check_cycles(compiled *, s6rc_graph const *, compile_name_func *,
                                compile_cycle_func *complain);

#endif
