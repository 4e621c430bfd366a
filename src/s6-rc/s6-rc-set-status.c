/* ISC license. */

#include <stdlib.h>
#include <string.h>

#include <skalibs/buffer.h>
#include <skalibs/strerr.h>

#include "../sets/sets.h"

static cli_option const options[] = {
    SETS_OPTIONS,
    {.letter = 'E', .name = "with-essentials", .help = "show all services (default)"},
    {.letter = 'e', .name = "without-essentials", .help = "leave out those that are always"},
    {.letter = 'L', .name = "list", .help = "names only"},
    {.name = 0}};

static char const *const synopses[] = {
    "[ -v verbosity ] [ -r repodir ] [ -E | -e ] [ -L ] set [ service... ]", 0};

static cli_tool const tool = {.name = "s6-rc-set-status",
                              .summary = "show what a set prescribes for services",
                              .synopses = synopses,
                              .options = options};

static int compare(void const *a, void const *b)
{
  return strcmp(((repo_entry const *)a)->name, ((repo_entry const *)b)->name);
}

static void put(char const *s, size_t len)
{
  if (buffer_put(buffer_1, s, len) < 0) strerr_diefusys(S6RC_EXIT_SYSTEM, "write to stdout");
}

/* In byte order of the names. mark: null for all. */
static void print(repo *r, s6rc_db const *db, unsigned char const *rx, unsigned char const *mark,
                  int withoutessentials, int names)
{
  uint32_t n = s6rc_db_n(db), k = 0;
  repo_entry *x = malloc(n * sizeof *x);
  if (!x) sets_die(r);
  for (uint32_t i = 0; i < n; i++) {
    s6rc_service sv;
    if (!repo_prescribed(i) || (mark && !mark[i]) || (withoutessentials && rx[i] == REPO_ALWAYS)) continue;
    if (!s6rc_db_service(db, i, &sv)) sets_die_reference(r);
    x[k++] = (repo_entry){.name = sv.name, .len = sv.namelen, .rx = (repo_rx)rx[i]};
  }
  qsort(x, k, sizeof *x, &compare);
  for (uint32_t i = 0; i < k; i++) {
    put(x[i].name, x[i].len);
    if (!names) {
      put("/", 1);
      put(repo_rx_names[x[i].rx], strlen(repo_rx_names[x[i].rx]));
    }
    put("\n", 1);
  }
  free(x);
}

int main(int argc, char const *const *argv)
{
  sets_options o = SETS_OPTIONS_DEFAULT;
  int withoutessentials = 0, names = 0;
  unsigned char *rx, *mark;
  repo r;
  s6rc_db db;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'E':
      case 'e': withoutessentials = c == 'e'; break;
      case 'L': names = 1; break;
      default: sets_option(&o, &p, c);
    }
  if (!p.argv[0]) cli_dieusage("a set is missing", 0);

  sets_open(&r, &o, S6RC_LOCK_SHARED);
  sets_need(&r, p.argv[0]);
  sets_reference(&r, &db);
  rx = sets_read(&r, &db, p.argv[0]);
  sets_check_read(&r);
  mark = p.argv[1] ? sets_select(&r, &db, p.argv + 1) : 0;
  print(&r, &db, rx, mark, withoutessentials, names);
  cli_flush();
  return 0;
}
