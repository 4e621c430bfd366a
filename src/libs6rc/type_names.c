/* ISC license. */

#include <s6-rc/types.h>

char const *const s6rc_type_names[S6RC_NTYPES] = {
    [S6RC_LONGRUN] = "longrun", [S6RC_ONESHOT] = "oneshot", [S6RC_BUNDLE] = "bundle"};
