/* ISC license. */

#include <string.h>

#include <skalibs/bytestr.h>

#include <s6-rc/types.h>

char const *const s6rc_type_names[S6RC_NTYPES] = {
    [S6RC_LONGRUN] = "longrun", [S6RC_ONESHOT] = "oneshot", [S6RC_BUNDLE] = "bundle"};

char const *s6rc_name_reserved(char const *name)
{
  static char const *const prefixes[] = {"s6rc-", "s6-rc-"};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (str_start(name, prefixes[i])) return prefixes[i];
  return 0;
}

int s6rc_name_legal(char const *name)
{
  return *name && *name != '.' && !name[strcspn(name, "/\n")] && !s6rc_name_reserved(name);
}
