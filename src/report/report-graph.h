/* ISC license. */

/* Parts of a database as pictures, outlines and orders, in buffer_1. All
   functions that return int: 1; 0 and errno, EPROTO if the database is
   damaged, else of writing or ENOMEM. All are linear in the size of what they
   are given, and none recurses. */

#ifndef S6RC_REPORT_GRAPH_H
#define S6RC_REPORT_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include <s6-rc/db.h>
#include <s6-rc/graph.h>

/* What is printed of a service. name points into the database's map. */
typedef struct report_node_s report_node;
struct report_node_s {
  char const *name;
  uint32_t namelen;
  uint32_t flags;
  uint32_t consumer; /* S6RC_NONE: none */
  s6rc_type type;
  unsigned char shown; /* in the part, and not left out */
};

/* Some services of a database, with the edges among them. Each record is read
   once: reading one takes as long as its list of producers. graph has the
   edges of all services in the part, also of those that are not shown. */
typedef struct report_part_s report_part;
struct report_part_s {
  s6rc_dir dir;
  report_node *nodes; /* graph.n */
  s6rc_graph graph;
};
#define REPORT_PART_ZERO                                 \
  {                                                      \
    .dir = S6RC_UP, .nodes = 0, .graph = S6RC_GRAPH_ZERO \
  }

/* Reads the services whose mark has bit 0 set: the marks must be closed in
   direction dir (s6rc_db_closure). Edges lead to what must be up before (down
   before, with S6RC_DOWN). withoutessentials: essential services are not
   shown. Free with report_part_free also after a failure. */
extern int report_part_read(report_part *, s6rc_db const *, s6rc_dir, unsigned char const *mark,
                            int withoutessentials);
extern void report_part_free(report_part *);

/* A name that was asked for, and what it stands for. name need not end in a
   NUL. */
typedef struct report_named_s report_named;
struct report_named_s {
  char const *name;
  size_t len;
  s6rc_identifier id;
};

/* The shown services, each after all that its edges lead to. */
extern int report_order(report_part const *);

/* The shown services as an outline: first what is named (n, in this order; a
   bundle with its contents below it), then all that has not been shown and
   that nothing shown leads to; below each service what its edges lead to. A
   service that is there already is marked and not expanded again, and from
   some depth on lines are numbered instead of indented: so the text is linear
   in the part's size. */
extern int report_tree(report_part const *, report_named const *named, size_t n);

/* The shown services and bundles (n) as a graph in the DOT language.
   state: the live state by number, for colours; null: none. */
extern int report_dot(report_part const *, report_named const *bundles, size_t n, unsigned char const *state);

#endif
