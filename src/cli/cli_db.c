/* ISC license. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include <s6-rc/db.h>
#include <s6-rc/live.h>
#include <s6-rc/lock.h>
#include <s6-rc/nearest.h>
#include <s6-rc/path.h>
#include <s6-rc/trust.h>

#include "cli.h"

void cli_diedamaged(char const *path, char const *what)
{
  strerr_dief(S6RC_EXIT_DAMAGED, path, " is not a valid compiled database", what ? ": " : "",
              what ? what : "");
}

void cli_dieopendb(char const *path)
{
  if (errno == EPROTO) cli_diedamaged(path, "damaged, or not written by s6-rc-compile");
  if (errno == EPROTOTYPE)
    cli_diedamaged(path, "its format is another version's: compile it again with this one");
  strerr_diefusys(S6RC_EXIT_SYSTEM, "open compiled database ", path);
}

void cli_dieuntrusted(char const *what, char const *path)
{
  strerr_dief(S6RC_EXIT_SYSTEM, what, path,
              " belongs to somebody else, in a directory that everybody may write to: not used");
}

void cli_opendb(s6rc_db *db, char const *path)
{
  int ok, fd = s6rc_open_trusted(path);
  if (fd < 0 && errno == EPERM) cli_dieuntrusted("compiled database ", path);
  ok = fd >= 0 && s6rc_db_openat(db, fd, ".");
  if (fd >= 0) fd_close(fd);
  if (!ok) cli_dieopendb(path);
}

char const *cli_livedb_path(char const *live)
{
  static stralloc path = STRALLOC_ZERO;
  int e = errno;
  int ok = s6rc_path_set(&path, live) && s6rc_path_push(&path, S6RC_LIVE_COMPILED);
  errno = e;
  return ok ? path.s : live;
}

char const *cli_openlivedb(s6rc_db *db, char const *live)
{
  s6rc_livepart part;
  if (!s6rc_live_opendb(db, live, &part)) cli_dielive(live, part);
  return cli_livedb_path(live);
}

char const *cli_suggestion(s6rc_db const *db, char const *name)
{
  static stralloc text = STRALLOC_ZERO;
  s6rc_nearest near;
  s6rc_identifier id;
  char const *s;
  size_t len;
  uint32_t pos = CDB_TRAVERSE_INIT();
  s6rc_nearest_init(&near, name, strlen(name));
  while (s6rc_db_next(db, &s, &len, &id, &pos) > 0) s6rc_nearest_try(&near, s, len);
  /* the name itself is there if it is about to be deleted */
  return near.best && near.distance && stralloc_copys(&text, ": did you mean ") &&
                 stralloc_catb(&text, near.best, near.bestlen) && stralloc_cats(&text, "?") &&
                 stralloc_0(&text)
             ? text.s
             : "";
}

void cli_resolve(s6rc_db const *db, char const *dbpath, char const *name, s6rc_identifier *id)
{
  int r = s6rc_db_resolve(db, name, strlen(name), id);
  if (!r)
    strerr_dief(S6RC_EXIT_UNKNOWN, "no service or bundle named ", name, " in ", dbpath,
                cli_suggestion(db, name));
  if (r < 0) cli_diedamaged(dbpath, "name resolution is damaged");
}

unsigned char *cli_select(s6rc_db const *db, char const *dbpath, char const *const *names)
{
  uint32_t n = s6rc_db_n(db);
  unsigned char *mark = calloc((size_t)n + 1, 1);
  if (!mark) strerr_diefusys(S6RC_EXIT_SYSTEM, "make the selection");
  if (!*names) memset(mark, 1, n);
  for (; *names; names++) {
    s6rc_identifier id;
    cli_resolve(db, dbpath, *names, &id);
    for (uint32_t i = 0; i < id.contents.n; i++) mark[s6rc_list_get(&id.contents, i)] = 1;
  }
  return mark;
}
