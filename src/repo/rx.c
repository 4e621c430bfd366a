/* ISC license. */

#include <string.h>

#include <s6-rc/types.h>

#include "consistency.h"

char const *const repo_rx_names[REPO_NRXS] = {
    [REPO_MASKED] = "masked", [REPO_USABLE] = "usable", [REPO_ACTIVE] = "active", [REPO_ALWAYS] = "always"};

/* other words that may be used on a command line */
static struct {
  char const *name;
  repo_rx rx;
} const other_names[] = {{"unmasked", REPO_USABLE}, {"latent", REPO_USABLE},  {"disabled", REPO_USABLE},
                         {"inactive", REPO_USABLE}, {"enabled", REPO_ACTIVE}, {"essential", REPO_ALWAYS}};

static int is(char const *name, char const *s, size_t len)
{
  return strlen(name) == len && !memcmp(name, s, len);
}

int repo_rx_scan(char const *s, size_t len, int aliases, repo_rx *rx)
{
  for (unsigned int i = 0; i < REPO_NRXS; i++)
    if (is(repo_rx_names[i], s, len)) {
      *rx = (repo_rx)i;
      return 1;
    }
  for (size_t i = 0; aliases && i < sizeof other_names / sizeof *other_names; i++)
    if (is(other_names[i].name, s, len)) {
      *rx = other_names[i].rx;
      return 1;
    }
  return 0;
}

repo_rx repo_rx_default(uint32_t flags)
{
  return flags & S6RC_FLAG_ESSENTIAL     ? REPO_ALWAYS
         : flags & S6RC_FLAG_RECOMMENDED ? REPO_ACTIVE
                                         : REPO_USABLE;
}
