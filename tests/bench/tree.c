/* ISC license. */

/* tree KIND N DIR: makes a source directory with N services.

   mixed      half longruns (a third of them pipelined in pairs), half
              oneshots, each with up to 4 dependencies on earlier ones, and
              a bundle for every 100: shaped like real trees
   longruns   N longruns without dependencies, and the bundle `all`
   oneshots   N oneshots without dependencies, and the bundle `all`
   chain      N oneshots, each depending on the one before, and `all` */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#define RUN "#!/bin/sh\nexec 2>&1\nexec sleep 86400\n"

static void die(char const *what)
{
  fprintf(stderr, "tree: unable to %s: %s\n", what, strerror(errno));
  exit(111);
}

static void file(char const *dir, char const *name, char const *content)
{
  char path[4096];
  int fd;
  size_t len = strlen(content);
  snprintf(path, sizeof path, "%s/%s", dir, name);
  fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (fd < 0 || write(fd, content, len) != (ssize_t)len || close(fd) < 0) die(path);
}

static void definition(char *dir, size_t max, char const *name, char const *type)
{
  char content[64];
  snprintf(dir, max, "%s", name);
  if (mkdir(dir, 0777) < 0) die(dir);
  snprintf(content, sizeof content, "%s\n", type);
  file(dir, "type", content);
}

static void list(char *dir, char const *sub, char const *entry)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", dir, sub);
  if (mkdir(path, 0777) < 0 && errno != EEXIST) die(path);
  file(path, entry, "");
}

static void mixed(unsigned long i)
{
  char dir[256], name[64], other[64];
  int longrun = i % 2 == 0;
  snprintf(name, sizeof name, "%s-%06lu", longrun ? "daemon" : "setup", i);
  definition(dir, sizeof dir, name, longrun ? "longrun" : "oneshot");
  if (longrun) {
    file(dir, "run", RUN);
    if (i % 4 == 0) file(dir, "notification-fd", "3\n");
    if (i % 12 == 0) {
      snprintf(other, sizeof other, "daemon-%06lu\n", i + 2);
      file(dir, "producer-for", other);
    } else if (i % 12 == 2) {
      snprintf(other, sizeof other, "daemon-%06lu\n", i - 2);
      file(dir, "consumer-for", other);
      snprintf(other, sizeof other, "pipeline-%06lu\n", i);
      file(dir, "pipeline-name", other);
    }
  } else {
    file(dir, "up", "if { test -d /tmp }\nmkdir -p /tmp/some/where\n");
    if (i % 3 == 0) file(dir, "down", "rmdir /tmp/some/where\n");
  }
  if (i % 5 == 0) file(dir, "timeout-up", "10000\n");
  for (unsigned long k = 1; k <= i % 5; k++) {
    unsigned long d = i > 20 * k ? i - 20 * k : 0;
    if (!d) break;
    snprintf(other, sizeof other, "%s-%06lu", d % 2 ? "setup" : "daemon", d);
    list(dir, "dependencies.d", other);
  }
  snprintf(name, sizeof name, "bundle-%06lu", i / 100);
  if (i % 100 == 0) {
    definition(dir, sizeof dir, name, "bundle");
  } else
    snprintf(dir, sizeof dir, "%s", name);
  snprintf(other, sizeof other, "%s-%06lu", longrun ? "daemon" : "setup", i);
  list(dir, "contents.d", other);
}

static void plain(char const *kind, unsigned long i)
{
  char dir[256], name[64], other[64], all[] = "all";
  int longrun = !strcmp(kind, "longruns");
  snprintf(name, sizeof name, "service-%06lu", i);
  definition(dir, sizeof dir, name, longrun ? "longrun" : "oneshot");
  if (longrun)
    file(dir, "run", RUN);
  else
    file(dir, "up", "/bin/true\n");
  if (!strcmp(kind, "chain") && i) {
    snprintf(other, sizeof other, "service-%06lu", i - 1);
    list(dir, "dependencies.d", other);
  }
  if (!i) definition(dir, sizeof dir, "all", "bundle");
  list(all, "contents.d", name);
}

int main(int argc, char const *const *argv)
{
  unsigned long n;
  if (argc != 4) {
    fprintf(stderr, "tree: usage: tree mixed|longruns|oneshots|chain N DIR\n");
    return 100;
  }
  n = strtoul(argv[2], 0, 10);
  if (!strcmp(argv[1], "mixed")) n = n / 12 * 12; /* whole pipelines */
  if (mkdir(argv[3], 0777) < 0 || chdir(argv[3]) < 0) die(argv[3]);
  for (unsigned long i = 0; i < n; i++) {
    if (!strcmp(argv[1], "mixed"))
      mixed(i);
    else
      plain(argv[1], i);
  }
  return 0;
}
