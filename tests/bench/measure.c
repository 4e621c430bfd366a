/* ISC license. */

/* measure [ -n ROUNDS ] [ -s STACK ] COMMAND... [ , COMMAND... ]: runs the
   commands one after the other, ROUNDS times (1), each with a stack of at most
   STACK KiB, and prints, tab-separated:

     wall time of one round in ms
     CPU time of one round in ms
     processes started in one round
     the largest peak memory of a command and its children in KiB
     what others took of the machine's processors meanwhile, in per cent

   The commands' stdout goes to /dev/null. Exits as the first command that fails
   does; then it prints nothing.

   What a command sets off in a supervision tree is not its child and may go on
   when it has ended. So CPU time is that of all that the benchmark has started
   (see counted.c), until it is quiet again; without that counter it is the
   whole machine's, and nobody is another. Processes are always the whole
   machine's. */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum {
  NJIFFIES = 8, /* fields of /proc/stat that are no part of others */
  IDLE = 3,
  IOWAIT = 4,
  QUIET_LOOK_MS = 20, /* how long nothing may happen for all to be quiet */
  QUIET_MAX_LOOKS = 500
};
/* CPU time in QUIET_LOOK_MS, in ms, that is no more than looking takes */
static double const quiet_cpu = 1.0;

extern char **environ;

static _Noreturn void die(char const *what)
{
  fprintf(stderr, "measure: fatal: unable to %s: %s\n", what, strerror(errno));
  exit(111);
}

/* CPU time in ms of the machine, and the processes that it has ever started */
static double machine(unsigned long *processes)
{
  char line[4096];
  unsigned long long j[NJIFFIES] = {0};
  double ticks = 0;
  FILE *f = fopen("/proc/stat", "r");
  if (!f) die("open /proc/stat");
  while (fgets(line, sizeof line, f)) {
    if (!strncmp(line, "cpu ", 4))
      sscanf(line + 4, "%llu %llu %llu %llu %llu %llu %llu %llu", j, j + 1, j + 2, j + 3, j + 4, j + 5, j + 6,
             j + 7);
    sscanf(line, "processes %lu", processes);
  }
  fclose(f);
  for (int i = 0; i < NJIFFIES; i++)
    if (i != IDLE && i != IOWAIT) ticks += (double)j[i];
  return ticks * 1000.0 / (double)sysconf(_SC_CLK_TCK);
}

static double cpu(int counter)
{
  unsigned long processes;
  uint64_t ns;
  if (counter < 0) return machine(&processes);
  if (read(counter, &ns, sizeof ns) != (ssize_t)sizeof ns) die("read the counter");
  return (double)ns / 1e6;
}

static double quiet(int counter)
{
  struct timespec look = {.tv_sec = 0, .tv_nsec = QUIET_LOOK_MS * 1000000L};
  double last = cpu(counter);
  for (int i = 0; i < QUIET_MAX_LOOKS; i++) {
    double now;
    nanosleep(&look, 0);
    now = cpu(counter);
    if (counter < 0 || now - last < quiet_cpu) return now;
    last = now;
  }
  return last;
}

static double wall(void)
{
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* Runs one command; argv ends in a null. */
static void run(char **argv, posix_spawn_file_actions_t const *actions)
{
  pid_t pid;
  int wstat;
  errno = posix_spawnp(&pid, argv[0], actions, 0, argv, environ);
  if (errno) die(argv[0]);
  while (waitpid(pid, &wstat, 0) < 0)
    if (errno != EINTR) die("wait");
  if (WIFEXITED(wstat) && !WEXITSTATUS(wstat)) return;
  fprintf(stderr, "measure: fatal: %s ended with wait status %d\n", argv[0], wstat);
  exit(WIFEXITED(wstat) ? WEXITSTATUS(wstat) : 128 + WTERMSIG(wstat));
}

static void limit_stack(char const *kib)
{
  struct rlimit rl;
  if (getrlimit(RLIMIT_STACK, &rl) < 0) die("get the limit of the stack");
  rl.rlim_cur = (rlim_t)strtoul(kib, 0, 10) * 1024;
  if (setrlimit(RLIMIT_STACK, &rl) < 0) die("limit the stack");
}

int main(int argc, char **argv)
{
  posix_spawn_file_actions_t actions;
  unsigned long before, after;
  struct rusage ru;
  double cpu0, cpu1, wall0, wall1, busy;
  char const *word = getenv("BENCH_COUNTER");
  int counter = word ? atoi(word) : -1;
  int rounds = 1, usage = 0, c;
  while ((c = getopt(argc, argv, "+n:s:")) != -1) switch (c) {
      case 'n': rounds = atoi(optarg); break;
      case 's': limit_stack(optarg); break;
      default: usage = 1;
    }
  if (usage || optind == argc || rounds < 1) {
    fprintf(stderr, "measure: usage: measure [ -n ROUNDS ] [ -s STACK ] COMMAND... [ , COMMAND... ]\n");
    return 100;
  }
  for (int i = optind; i < argc; i++)
    if (!strcmp(argv[i], ",")) argv[i] = 0;
  errno = posix_spawn_file_actions_init(&actions);
  if (!errno) errno = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  /* what is measured must not keep the counter busy, nor know of it */
  if (!errno && counter >= 0) errno = posix_spawn_file_actions_addclose(&actions, counter);
  if (errno || unsetenv("BENCH_COUNTER") < 0) die("prepare");

  cpu0 = quiet(counter);
  busy = -machine(&before);
  wall0 = wall();
  for (int k = 0; k < rounds; k++)
    for (int i = optind; i < argc; i++)
      if (argv[i] && (i == optind || !argv[i - 1])) run(argv + i, &actions);
  wall1 = wall();
  busy += machine(&after) - cpu(counter) + cpu0;
  if (counter < 0 || busy < 0) busy = 0;
  cpu1 = quiet(counter);
  machine(&after);
  getrusage(RUSAGE_CHILDREN, &ru);
  printf("%.3f\t%.3f\t%.0f\t%ld\t%.0f\n", (wall1 - wall0) / rounds, (cpu1 - cpu0) / rounds,
         (double)(after - before) / rounds, ru.ru_maxrss,
         100 * busy / (wall1 - wall0) / (double)sysconf(_SC_NPROCESSORS_ONLN));
  return 0;
}
