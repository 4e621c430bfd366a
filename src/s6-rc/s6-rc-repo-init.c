/* ISC license. */

#include <errno.h>
#include <string.h>

#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>

#include <s6-rc/path.h>

#include "../sets/sets.h"

static cli_option const options[] = {
    SETS_OPTIONS,
    SETS_FDHOLDER,
    {.letter = 'f', .name = "force", .help = "replace a repository that exists, sets included"},
    {.letter = 'U', .name = "update-stores", .help = "change the stores of a repository that exists"},
    {.letter = 'B', .name = "bare", .help = "do not sync"},
    {.name = 0}};

static char const *const synopses[] = {
    "[ -v verbosity ] [ -r repodir ] [ -h fdhuser ] [ -f ] [ -U ] [ -B ] store...", 0};

static cli_tool const tool = {.name = "s6-rc-repo-init",
                              .summary = "create a repository of stores and sets",
                              .synopses = synopses,
                              .options = options};

/* Makes a path absolute, as it is spelled otherwise, without slashes at its end. */
static void add_store(stralloc *text, char const *path)
{
  size_t len = strlen(path), start = text->len;
  if (!len || strchr(path, '\n')) cli_dieusage("not a path that can be a store: ", path);
  while (len > 1 && path[len - 1] == '/') len--;
  if (*path != '/' && (sagetcwd(text) < 0 || !stralloc_cats(text, "/")))
    strerr_diefusys(S6RC_EXIT_SYSTEM, "get the current directory");
  if (!stralloc_catb(text, path, len) || !stralloc_0(text)) strerr_diefusys(S6RC_EXIT_SYSTEM, "copy a path");
  for (size_t at = 0; at < start; at += strlen(text->s + at) + 1)
    if (!strcmp(text->s + at, text->s + start)) cli_dieusage("a store is given twice: ", text->s + start);
}

static void get_stores(char const *const *argv, repo_names *stores)
{
  for (; *argv; argv++) add_store(&stores->text, *argv);
  for (size_t at = 0; at < stores->text.len; at += strlen(stores->text.s + at) + 1) {
    char const *s = stores->text.s + at;
    if (!genalloc_append(char const *, &stores->s, &s)) strerr_diefusys(S6RC_EXIT_SYSTEM, "copy a path");
  }
}

static void write_stores(repo *r, repo_draft *d, repo_names const *stores)
{
  stralloc text = STRALLOC_ZERO;
  for (size_t i = 0; i < repo_names_n(stores); i++)
    if (!stralloc_cats(&text, repo_names_get(stores, i)) || !stralloc_cats(&text, "\n")) sets_die(r);
  if (!repo_draft_file(r, d, REPO_STORES, text.s, text.len)) sets_die(r);
  stralloc_free(&text);
}

int main(int argc, char const *const *argv)
{
  sets_options o = SETS_OPTIONS_DEFAULT;
  char const *fdhuser = 0;
  int force = 0, update = 0, bare = 0;
  repo_names stores = {STRALLOC_ZERO, GENALLOC_ZERO};
  repo r;
  repo_draft d;
  cli_parser p;
  char c;
  (void)argc;
  cli_start(&p, &tool, argv);
  while ((c = cli_next(&p))) switch (c) {
      case 'h': fdhuser = p.arg; break;
      case 'f': force = 1; break;
      case 'U': update = 1; break;
      case 'B': bare = 1; break;
      default: sets_option(&o, &p, c);
    }
  if (!p.argv[0]) cli_dieusage("a store is missing", 0);
  get_stores(p.argv, &stores);

  if (update)
    sets_open(&r, &o, S6RC_LOCK_EXCLUSIVE);
  else if (!repo_create(&r, o.path))
    sets_die(&r);
  else if (r.current >= 0 && !force)
    strerr_dief(S6RC_EXIT_FAILED, o.path,
                " exists already (-U changes its stores, -f replaces it and all its sets)");
  sets_begin(&r, &d, !update);
  write_stores(&r, &d, &stores);
  if (bare)
    sets_publish(&r, &d);
  else
    sets_sync(&r, &o, &d, &stores, fdhuser, 0);
  return 0;
}
