/* ISC license. */

#include <errno.h>
#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <s6-rc/config.h>
#include <s6-rc/live.h>

#include "../cli/cli.h"
#include "../status/status.h"

static cli_option const options[] = {CLI_OPTION_LIVEDIR,
                                     {.letter = 'f',
                                      .name = "faults",
                                      .help = "only what is not as it should be; exit 1 if there is any"},
                                     {.letter = 'o',
                                      .name = "output",
                                      .arg = "FIELDS",
                                      .help = "these fields, separated by commas; without -j: by tabs"},
                                     {.letter = 'j', .name = "json", .help = "one JSON document"},
                                     {.name = 0}};

static char const *const synopses[] = {"[ -l live ] [ -f ] [ -o fields ] [ -j ] [ names... ]", 0};

static cli_tool const tool = {.name = "s6-rc-status",
                              .summary = "show what services are, and what is not as it should be",
                              .synopses = synopses,
                              .options = options};

/* a field may be asked for more than once, but not for ever */
enum { MAXFIELDS = 64 };

typedef struct viewer_s viewer;
struct viewer_s {
  char const *livepath;
  char const *const *names; /* null-terminated; none: all services */
  status_field const *fields[MAXFIELDS];
  size_t nfields; /* 0: all */
  int faults;
  int json;
  s6rc_live live;
  status status;
};

static void read_fields(viewer *v, char const *s)
{
  stralloc text = STRALLOC_ZERO;
  char const *wrong;
  size_t len;
  int ok;
  v->nfields = status_find_fields(s, v->fields, MAXFIELDS, &wrong, &len);
  if (v->nfields) return;
  ok = stralloc_catb(&text, wrong, len) && stralloc_cats(&text, " (there are");
  for (size_t i = 0; ok && i < status_nfields; i++)
    ok = stralloc_cats(&text, i ? ", " : ": ") && stralloc_cats(&text, status_fields[i].name);
  if (!ok || !stralloc_cats(&text, ")") || !stralloc_0(&text))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "read the list of fields");
  cli_dieusage("not a field, or one too many: ", text.s);
}

static int read_it(void *st, s6rc_live const *live, unsigned char const *mark)
{
  return status_read(st, live, mark);
}

static void forget_it(void *st)
{
  status_free(st);
}

static void look(viewer *v)
{
  if (cli_read_live(&v->live, v->livepath, v->names, &read_it, &forget_it, &v->status)) return;
  if (errno == EPROTO) cli_diedamaged(v->livepath, "a record of its database is damaged");
  strerr_diefusys(S6RC_EXIT_SYSTEM, "read the state of the services in ", v->livepath);
}

static void warn_unreadable(viewer const *v)
{
  char fmt[UINT32_FMT];
  int e = v->status.recordserror;
  if (e && e != ENOENT)
    strerr_warnw("what became of transitions cannot be read: ", v->livepath, "/" S6RC_RECORDS_FILE, ": ",
                 e == EPROTO ? "damaged, or not made for its database" : strerror(e));
  if (!v->status.unreadable) return;
  fmt[uint32_fmt(fmt, v->status.unreadable)] = 0;
  strerr_warnw("what the supervisor", v->status.unreadable == 1 ? "" : "s", " of ",
               v->status.unreadable == 1 ? v->status.example : fmt,
               v->status.unreadable == 1 ? " says" : " longruns say",
               " cannot be read: ", strerror(v->status.error),
               v->status.error == EACCES ? " (it is for their owner, and root)" : "");
}

static void print(viewer *v)
{
  stralloc text = STRALLOC_ZERO;
  int ok;
  if (v->json && !v->nfields)
    while (v->nfields < status_nfields) {
      v->fields[v->nfields] = status_fields + v->nfields;
      v->nfields++;
    }
  ok = v->json      ? status_cat_json(&text, &v->status, v->fields, v->nfields)
       : v->nfields ? status_cat_fields(&text, &v->status, v->fields, v->nfields)
                    : status_cat_table(&text, &v->status);
  if (!ok || (text.len && buffer_put(buffer_1, text.s, text.len) < 0))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
  cli_flush();
  stralloc_free(&text);
}

int main(int argc, char const *const *argv)
{
  viewer v = {.livepath = S6RC_LIVEDIR, .live = S6RC_LIVE_ZERO, .status = STATUS_ZERO};
  uint32_t nproblems;
  int incomplete;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'l': v.livepath = p.arg; break;
      case 'f': v.faults = 1; break;
      case 'o': read_fields(&v, p.arg); break;
      case 'j': v.json = 1; break;
    }
  v.names = p.argv;
  look(&v);
  warn_unreadable(&v);
  nproblems = v.faults ? status_keep_problems(&v.status) : 0;
  print(&v);
  incomplete = status_incomplete(&v.status);
  status_free(&v.status);
  s6rc_live_close(&v.live);
  return incomplete ? S6RC_EXIT_SYSTEM : nproblems ? S6RC_EXIT_FAILED : S6RC_EXIT_OK;
}
