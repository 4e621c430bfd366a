/* ISC license. */

/* What may be called how. */

#include <s6-rc/types.h>

#include "test.h"

TEST(legal)
{
  static char const *const good[] = {"a",      "-",   "s6rc", "s6-rc",    "s6rcx-",
                                     "xs6rc-", "a b", "a.b",  "\303\244", "$"};
  static char const *const bad[] = {"",     ".",     "..",     ".a",     "a/b",    "/",
                                    "a\nb", "s6rc-", "s6rc-x", "s6-rc-", "s6-rc-x"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) CHECK(s6rc_name_legal(good[i]));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(!s6rc_name_legal(bad[i]));
}

TEST(reserved)
{
  CHECK_STR(s6rc_name_reserved("s6rc-oneshot-runner"), "s6rc-");
  CHECK_STR(s6rc_name_reserved("s6-rc-"), "s6-rc-");
  CHECK(!s6rc_name_reserved("s6rc"));
}
