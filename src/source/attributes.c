/* ISC license. */

#include <string.h>

#include <s6-rc/servicedir.h>

#include "reader.h"

#define LONGRUN (1U << S6RC_LONGRUN)
#define ONESHOT (1U << S6RC_ONESHOT)
#define BUNDLE  (1U << S6RC_BUNDLE)
#define ATOMIC  (LONGRUN | ONESHOT)
#define ALL     (ATOMIC | BUNDLE)

/* A missing contents.d is missed as `contents`. */
static attribute const files[SOURCE_NFILES] = {
    [SOURCE_TYPE] = {"type", ALL, 0, &read_type},
    [SOURCE_FLAG_ESSENTIAL] = {"flag-essential", ALL, 0, &read_flag},
    [SOURCE_FLAG_RECOMMENDED] = {"flag-recommended", ALL, 0, &read_flag},
    [SOURCE_DEPENDENCIES_D] = {"dependencies.d", ATOMIC, 0, &read_list},
    [SOURCE_DEPENDENCIES] = {"dependencies", ATOMIC, 0, &read_list},
    [SOURCE_OPTIONAL_D] = {"optional-dependencies.d", ATOMIC, 0, &read_list},
    [SOURCE_CONTENTS_D] = {"contents.d", BUNDLE, 0, &read_list},
    [SOURCE_CONTENTS] = {"contents", BUNDLE, BUNDLE, &read_list},
    [SOURCE_TIMEOUT_UP] = {"timeout-up", ATOMIC, 0, &read_timeout},
    [SOURCE_TIMEOUT_DOWN] = {"timeout-down", ATOMIC, 0, &read_timeout},
    [SOURCE_UP] = {"up", ONESHOT, ONESHOT, &read_script},
    [SOURCE_DOWN] = {"down", ONESHOT, 0, &read_script},
    [SOURCE_RELOAD] = {"reload", ONESHOT, 0, &read_script},
    [SOURCE_PRODUCER_FOR] = {"producer-for", LONGRUN, 0, &read_producer_for},
    [SOURCE_CONSUMER_FOR] = {"consumer-for", LONGRUN, 0, &read_list},
    [SOURCE_PIPELINE_NAME] = {"pipeline-name", LONGRUN, 0, &read_pipeline_name},
};

attribute attribute_get(unsigned int i)
{
  if (i < SOURCE_NFILES) return files[i];
  char const *name = s6rc_sdfiles[i - SOURCE_NFILES].name;
  return (attribute){name, LONGRUN, strcmp(name, S6RC_RUN) ? 0 : LONGRUN, &read_sdfile};
}

char const *source_attribute_name(unsigned int i)
{
  return attribute_get(i).name;
}

int source_attribute_find(char const *name)
{
  s6rc_sdfile const *f = s6rc_sdfile_find(name, strlen(name));
  if (f) return (int)(SOURCE_NFILES + (f - s6rc_sdfiles));
  for (unsigned int i = 0; i < SOURCE_NFILES; i++)
    if (!strcmp(files[i].name, name)) return (int)i;
  return -1;
}

int source_attribute_applies(unsigned int i, s6rc_type type)
{
  return !!(attribute_get(i).kinds & 1U << type);
}

unsigned int source_nattributes(void)
{
  return (unsigned int)(SOURCE_NFILES + s6rc_sdfiles_n);
}
