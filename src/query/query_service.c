/* ISC license. */

/* What is asked about one name. */

#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/types.h>

#include "../cli/cli.h"
#include "../report/report-db.h"
#include "query.h"

/* digits of the flags word */
enum { FLAGS_WIDTH = 8 };

static void put(query const *q, char const *s, size_t len)
{
  if (buffer_put(buffer_1, s, len) < 0) query_die(q);
}

static void put_line(query const *q, char const *s, size_t len)
{
  put(q, s, len);
  put(q, "\n", 1);
}

static void find_service(query const *q, char const *name, unsigned int kinds, char const *wanted,
                         s6rc_service *sv)
{
  s6rc_identifier id;
  query_find(q, name, kinds, wanted, &id);
  if (!s6rc_db_service(&q->db, s6rc_list_get(&id.contents, 0), sv)) query_die(q);
}

void query_type(query const *q, char const *const *operands)
{
  s6rc_identifier id;
  cli_resolve(&q->db, q->path, operands[0], &id);
  put_line(q, s6rc_type_names[id.type], strlen(s6rc_type_names[id.type]));
}

void query_timeout(query const *q, char const *const *operands)
{
  s6rc_service sv;
  char fmt[UINT32_FMT];
  find_service(q, operands[0], REPORT_ATOMIC, "a service", &sv);
  put_line(q, fmt, uint32_fmt(fmt, sv.timeout[q->dir]));
}

void query_flags(query const *q, char const *const *operands)
{
  s6rc_service sv;
  char fmt[FLAGS_WIDTH];
  find_service(q, operands[0], REPORT_ATOMIC, "a service", &sv);
  uint320_xfmt(fmt, sv.flags, FLAGS_WIDTH);
  put_line(q, fmt, FLAGS_WIDTH);
}

void query_script(query const *q, char const *const *operands)
{
  s6rc_service sv;
  find_service(q, operands[0], REPORT_KIND(S6RC_ONESHOT), "a oneshot", &sv);
  put(q, sv.script[q->dir].s, sv.script[q->dir].len);
}

void query_pipeline(query const *q, char const *const *operands)
{
  s6rc_service sv;
  find_service(q, operands[0], REPORT_KIND(S6RC_LONGRUN), "a longrun", &sv);
  if (!report_pipeline(&q->db, sv.number)) query_die(q);
}
