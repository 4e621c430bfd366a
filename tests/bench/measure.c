/* ISC license. */

/* measure COMMAND...: runs it and prints, tab-separated: wall time in ms, CPU
   time of the whole machine in ms meanwhile, processes started meanwhile on the
   whole machine, the largest peak memory of the command and its children in
   KiB. Its stdout and stderr go to stderr. Exits as the command does.

   CPU time and processes are the machine's because what a command sets off
   in a supervision tree is not its child: use a quiet machine. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { NJIFFIES = 8, IDLE = 3, IOWAIT = 4 };

typedef struct sample_s sample;
struct sample_s {
  double wall;
  double cpu;
  unsigned long processes;
};

static void take(sample *s)
{
  char line[4096];
  struct timespec ts;
  unsigned long long j[NJIFFIES] = {0};
  FILE *f = fopen("/proc/stat", "r");
  if (!f) {
    fprintf(stderr, "measure: unable to read /proc/stat: %s\n", strerror(errno));
    exit(111);
  }
  while (fgets(line, sizeof line, f)) {
    sscanf(line, "cpu  %llu %llu %llu %llu %llu %llu %llu %llu", j, j + 1, j + 2, j + 3, j + 4, j + 5, j + 6,
           j + 7);
    sscanf(line, "processes %lu", &s->processes);
  }
  fclose(f);
  s->cpu = 0;
  for (int i = 0; i < NJIFFIES; i++)
    if (i != IDLE && i != IOWAIT) s->cpu += (double)j[i] * 1000.0 / (double)sysconf(_SC_CLK_TCK);
  clock_gettime(CLOCK_MONOTONIC, &ts);
  s->wall = (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
  sample before, after;
  struct rusage ru;
  int wstat;
  pid_t pid;
  if (argc < 2) return 100;
  take(&before);
  pid = fork();
  if (pid < 0) return 111;
  if (!pid) {
    dup2(2, 1);
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  waitpid(pid, &wstat, 0);
  take(&after);
  getrusage(RUSAGE_CHILDREN, &ru);
  printf("%.2f\t%.0f\t%lu\t%ld\n", after.wall - before.wall, after.cpu - before.cpu,
         after.processes - before.processes, ru.ru_maxrss);
  return WIFEXITED(wstat) ? WEXITSTATUS(wstat) : 128 + WTERMSIG(wstat);
}
