/* ISC license. */

#include <stdlib.h>
#include <string.h>

#include <s6-rc/servicedir.h>

s6rc_sdfile const s6rc_sdfiles[] = {
    {.name = "data", .kind = S6RC_SD_DIR},
    {.name = "down-signal", .kind = S6RC_SD_TEXT},
    {.name = "env", .kind = S6RC_SD_DIR},
    {.name = S6RC_FINISH, .kind = S6RC_SD_SCRIPT},
    {.name = "flag-newpidns", .kind = S6RC_SD_FLAG},
    {.name = "flag-timeout-killpg", .kind = S6RC_SD_FLAG},
    {.name = "lock-fd", .kind = S6RC_SD_NUMBER},
    {.name = "max-death-tally", .kind = S6RC_SD_NUMBER},
    {.name = "notification-fd", .kind = S6RC_SD_NUMBER},
    {.name = "reload-signal", .kind = S6RC_SD_TEXT},
    {.name = S6RC_RUN, .kind = S6RC_SD_SCRIPT},
    {.name = S6RC_TEMPLATE, .kind = S6RC_SD_DIR},
    {.name = "timeout-finish", .kind = S6RC_SD_NUMBER},
    {.name = "timeout-kill", .kind = S6RC_SD_NUMBER},
};

size_t const s6rc_sdfiles_n = sizeof s6rc_sdfiles / sizeof *s6rc_sdfiles;

typedef struct key_s key;
struct key_s {
  char const *s;
  size_t len;
};

static int compare(void const *a, void const *b)
{
  key const *k = a;
  char const *name = ((s6rc_sdfile const *)b)->name;
  int r = strncmp(k->s, name, k->len);
  return r ? r : -!!name[k->len];
}

s6rc_sdfile const *s6rc_sdfile_find(char const *name, size_t len)
{
  key k = {.s = name, .len = len};
  return bsearch(&k, s6rc_sdfiles, s6rc_sdfiles_n, sizeof *s6rc_sdfiles, &compare);
}
