/* ISC license. */

/* tree KIND N DIR [ SCRIPT ]: makes a source directory with N services.

   mixed      half longruns (a third of them pipelined in pairs), half
              oneshots, each with up to 4 dependencies on earlier ones, and
              a bundle for every 100: shaped like real trees
   longruns   N longruns without dependencies, and the bundle `all`
   oneshots   N oneshots without dependencies, and the bundle `all`
   chain      N oneshots, each depending on the one before, and `all`
   tenth      one longrun in ten services, the others oneshots; no
              dependencies, and `all`

   SCRIPT: the program that oneshots run, but for `mixed` (default: true; an
   empty word: none). */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#define RUN "#!/bin/sh\nexec 2>&1\nexec sleep 86400\n"

enum {
  PIPELINE_EVERY = 12, /* mixed: the first of so many is the producer for the third */
  MAXDEPS = 4,
  DEP_DISTANCE = 20,
  LONGRUN_EVERY = 10, /* tenth */
  BUNDLE_EVERY = 100
};

static _Noreturn void die(char const *what)
{
  fprintf(stderr, "tree: fatal: unable to create %s: %s\n", what, strerror(errno));
  exit(111);
}

static void file(char const *dir, char const *name, char const *content)
{
  char path[4096];
  size_t len = strlen(content);
  int fd;
  snprintf(path, sizeof path, "%s/%s", dir, name);
  fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (fd < 0 || write(fd, content, len) != (ssize_t)len || close(fd) < 0) die(path);
}

static void definition(char const *name, char const *type)
{
  char content[64];
  if (mkdir(name, 0777) < 0) die(name);
  snprintf(content, sizeof content, "%s\n", type);
  file(name, "type", content);
}

static void list(char const *dir, char const *sub, char const *entry)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", dir, sub);
  if (mkdir(path, 0777) < 0 && errno != EEXIST) die(path);
  file(path, entry, "");
}

/* even numbers are longruns, odd ones oneshots */
static char const *mixed_name(unsigned long i)
{
  static char s[2][64];
  static unsigned int k;
  k = !k;
  snprintf(s[k], sizeof s[k], "%s-%06lu", i % 2 ? "setup" : "daemon", i);
  return s[k];
}

static void pipeline(char const *name, unsigned long i)
{
  char text[64];
  if (i % PIPELINE_EVERY == 0) {
    snprintf(text, sizeof text, "%s\n", mixed_name(i + 2));
    file(name, "producer-for", text);
  } else if (i % PIPELINE_EVERY == 2) {
    snprintf(text, sizeof text, "%s\n", mixed_name(i - 2));
    file(name, "consumer-for", text);
    snprintf(text, sizeof text, "pipeline-%06lu\n", i);
    file(name, "pipeline-name", text);
  }
}

static void mixed(unsigned long i)
{
  char name[64], bundle[64];
  snprintf(name, sizeof name, "%s", mixed_name(i));
  snprintf(bundle, sizeof bundle, "bundle-%06lu", i / BUNDLE_EVERY);
  if (i % 2 == 0) {
    definition(name, "longrun");
    file(name, "run", RUN);
    if (i % 4 == 0) file(name, "notification-fd", "3\n");
    pipeline(name, i);
  } else {
    definition(name, "oneshot");
    file(name, "up", "if { test -d /tmp }\nmkdir -p /tmp/some/where\n");
    if (i % 3 == 0) file(name, "down", "rmdir /tmp/some/where\n");
  }
  if (i % 5 == 0) file(name, "timeout-up", "10000\n");
  for (unsigned long k = 1; k <= i % (MAXDEPS + 1) && i > DEP_DISTANCE * k; k++)
    list(name, "dependencies.d", mixed_name(i - DEP_DISTANCE * k));
  if (i % BUNDLE_EVERY == 0) definition(bundle, "bundle");
  list(bundle, "contents.d", name);
}

static void plain(char const *kind, unsigned long i, char const *script)
{
  char name[64], before[64], line[4096];
  int longrun = !strcmp(kind, "longruns") || (!strcmp(kind, "tenth") && i % LONGRUN_EVERY == 0);
  snprintf(name, sizeof name, "service-%06lu", i);
  definition(name, longrun ? "longrun" : "oneshot");
  if (longrun)
    file(name, "run", RUN);
  else {
    snprintf(line, sizeof line, "%s\n", script);
    file(name, "up", line);
    file(name, "down", line);
  }
  if (!strcmp(kind, "chain") && i) {
    snprintf(before, sizeof before, "service-%06lu", i - 1);
    list(name, "dependencies.d", before);
  }
  if (!i) definition("all", "bundle");
  list("all", "contents.d", name);
}

int main(int argc, char const *const *argv)
{
  static char const *const kinds[] = {"mixed", "longruns", "oneshots", "chain", "tenth"};
  size_t kind = 0;
  unsigned long n;
  while (argc > 1 && kind < sizeof kinds / sizeof *kinds && strcmp(argv[1], kinds[kind])) kind++;
  if (argc < 4 || argc > 5 || kind == sizeof kinds / sizeof *kinds) {
    fprintf(stderr, "tree: usage: tree mixed|longruns|oneshots|chain|tenth N DIR [ SCRIPT ]\n");
    return 100;
  }
  n = strtoul(argv[2], 0, 10);
  if (!kind) n = n / PIPELINE_EVERY * PIPELINE_EVERY; /* whole pipelines */
  if (mkdir(argv[3], 0777) < 0 || chdir(argv[3]) < 0) die(argv[3]);
  for (unsigned long i = 0; i < n; i++) {
    if (!kind)
      mixed(i);
    else
      plain(kinds[kind], i, argc > 4 ? argv[4] : "true");
  }
  return 0;
}
