/* ISC license. */

#include <errno.h>

#include <skalibs/buffer.h>
#include <skalibs/stralloc.h>

#include <s6-rc/mark.h>
#include <s6-rc/supervisor.h>

#include "report.h"

static int put_name(s6rc_service const *sv)
{
  return buffer_put(buffer_1, sv->name, sv->namelen) >= 0 && buffer_put(buffer_1, "\n", 1) >= 0;
}

int report_marked(s6rc_db const *db, unsigned char const *mark, unsigned char bit, int others,
                  int withoutessentials)
{
  uint32_t n = s6rc_db_n(db);
  for (uint32_t i = 0; i < n; i++) {
    s6rc_service sv;
    if (!others && (i = s6rc_mark_next(mark, i, n, bit)) == n) break;
    if (others && mark[i] & bit) continue;
    if (!s6rc_db_service(db, i, &sv)) return 0;
    if (withoutessentials && sv.flags & S6RC_FLAG_ESSENTIAL) continue;
    if (!put_name(&sv)) return 0;
  }
  return 1;
}

/* Does the supervisor want it up? 1, 0 (also if there is none); -1 and errno */
static int is_wanted(int servicedirsfd, char const *name, stralloc *path)
{
  s6_svstatus_t st = S6_SVSTATUS_ZERO;
  int r = s6rc_supervisor_status(servicedirsfd, name, &st, path);
  return r > 0 ? st.flagwantup : r;
}

static int add_difference(stralloc *text, s6rc_service const *sv, int wanted)
{
  return stralloc_catb(text, wanted ? "+" : "-", 1) && stralloc_catb(text, sv->name, sv->namelen) &&
         stralloc_catb(text, "\n", 1);
}

int report_diff(stralloc *text, s6rc_db const *db, unsigned char const *state, int servicedirsfd,
                char const **failed)
{
  stralloc path = STRALLOC_ZERO;
  int n = 0, e;
  *failed = 0;
  for (uint32_t i = 0; n >= 0 && i < db->nlongruns; i++) {
    s6rc_service sv;
    int up = !!(state[i] & S6RC_STATE_UP), wanted;
    if (!s6rc_db_service(db, i, &sv))
      n = -1;
    else if ((wanted = is_wanted(servicedirsfd, sv.name, &path)) < 0) {
      *failed = sv.name;
      n = -1;
    } else if (wanted != up)
      n = add_difference(text, &sv, wanted) ? n + 1 : -1;
  }
  e = errno;
  stralloc_free(&path);
  errno = e;
  return n;
}
