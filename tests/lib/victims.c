/* ISC license. */

/* For tests/hard/engine_kills.sh: services that tell when they run twice, and
   what strikes them. Needs a /proc.

   victims longrun, victims ready: runs until it is told to end, or its supervisor is
   gone: a supervisor that starts it again must not meet an older one.
   victims script DIR NAME RESULT MS: what a oneshot does: takes MS ms, then
   writes RESULT into DIR/NAME. Meanwhile nobody else may do the same; if
   somebody does, that is a line in DIR/twice.
   victims census LIVE SCAN: who runs: a line "SERVICE PROGRAM" for each process
   that works in a service directory of LIVE, "svscan PROGRAM" for those in SCAN.
   victims strike US SIGNAL PID: a signal, after some time.
   victims strike US SIGNAL SERVICE PROGRAM PARENT LIVE SCAN: to the first of
   these whose parent is a PARENT, whatever that is if empty. Exit 1: there is
   none. */

#define _GNU_SOURCE /* flock, prctl */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/prctl.h>

enum { PATH_SIZE = 4096, PROGRAM_SIZE = 16, LINE_SIZE = 512 };
enum { READY_FD = 3, READY_MS = 2 };

static void die(char const *what)
{
  perror(what);
  exit(111);
}

static void wait_us(long us)
{
  struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
  while (nanosleep(&t, &t) < 0) continue;
}

/* name, parent of a process; 0 if it is gone */
static int look_at(long pid, char *program, long *parent)
{
  char path[64], line[LINE_SIZE];
  char const *open, *close;
  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  FILE *f = fopen(path, "r");
  if (!f) return 0;
  char *got = fgets(line, sizeof line, f);
  fclose(f);
  if (!got || !(open = strchr(line, '(')) || !(close = strrchr(line, ')'))) return 0;
  snprintf(program, PROGRAM_SIZE, "%.*s", (int)(close - open - 1), open + 1);
  return sscanf(close + 1, " %*c %ld", parent) == 1;
}

static int longrun(int ready)
{
  char program[PROGRAM_SIZE];
  long parent;
  /* from a script's first line it has the name of the script */
  if (prctl(PR_SET_NAME, "victims") < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) die("prctl");
  /* it may have died before that */
  if (!look_at(getppid(), program, &parent) || strcmp(program, "s6-supervise")) return 111;
  if (ready) {
    wait_us(READY_MS * 1000);
    if (write(READY_FD, "\n", 1) < 1) die("notification");
    close(READY_FD);
  }
  for (;;) pause();
}

static int script(char const *dir, char const *name, char const *result, long ms)
{
  char path[PATH_SIZE];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) die(path);
  if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
    snprintf(path, sizeof path, "%s/twice", dir);
    int twice = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (twice < 0 || dprintf(twice, "%s\n", name) < 0) die(path);
    return 1;
  }
  wait_us(ms * 1000);
  if (ftruncate(fd, 0) < 0 || dprintf(fd, "%s\n", result) < 0) die(path);
  return 0;
}

/* The service that a process works for; 0: none that is ours. */
static char const *service_of(long pid, char const *live, char const *scan)
{
  static char const dirs[] = "/servicedirs/";
  static char cwd[PATH_SIZE];
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/cwd", pid);
  ssize_t r = readlink(path, cwd, sizeof cwd - 1);
  if (r < 0) return 0;
  cwd[r] = 0;
  if (!strcmp(cwd, scan)) return "svscan";
  if (strncmp(cwd, live, strlen(live)) || cwd[strlen(live)] != ':') return 0;
  char const *name = strstr(cwd + strlen(live), dirs);
  return name ? name + sizeof dirs - 1 : 0;
}

/* service: null for a list of all. program, parent: of whom to kill. 1: done */
static int find(char const *live, char const *scan, char const *service, char const *program,
                char const *parent, int sig)
{
  DIR *dir = opendir("/proc");
  struct dirent *d;
  if (!dir) die("/proc");
  while ((d = readdir(dir))) {
    char is[PROGRAM_SIZE], isparent[PROGRAM_SIZE] = "";
    long pid = strtol(d->d_name, 0, 10), ppid, other;
    char const *name = pid > 0 ? service_of(pid, live, scan) : 0;
    if (!name || !look_at(pid, is, &ppid)) continue;
    if (!service)
      printf("%s %s\n", name, is);
    else if (!strcmp(name, service) && !strcmp(is, program) &&
             (!*parent || (look_at(ppid, isparent, &other) && !strcmp(isparent, parent)))) {
      closedir(dir);
      return !kill((pid_t)pid, sig);
    }
  }
  closedir(dir);
  return !service;
}

int main(int argc, char **argv)
{
  char const *what = argc > 1 ? argv[1] : "";
  if (!strcmp(what, "longrun") || !strcmp(what, "ready")) return longrun(*what == 'r');
  if (!strcmp(what, "script") && argc == 6) return script(argv[2], argv[3], argv[4], atol(argv[5]));
  if (!strcmp(what, "census") && argc == 4) return !find(argv[2], argv[3], 0, "", "", 0);
  if (!strcmp(what, "strike") && argc > 4) {
    wait_us(atol(argv[2]));
    if (argc == 5) return atol(argv[4]) <= 0 || kill((pid_t)atol(argv[4]), atoi(argv[3])) < 0;
    if (argc == 9) return !find(argv[7], argv[8], argv[4], argv[5], argv[6], atoi(argv[3]));
  }
  fprintf(stderr, "victims: bad arguments\n");
  return 100;
}
