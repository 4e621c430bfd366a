/* ISC license. */

/* floor_oneshots N JOBS PROGRAM: forks and execs PROGRAM N times, JOBS at a
   time: the least that running so many scripts can cost. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>

static _Noreturn void die(char const *what)
{
  fprintf(stderr, "floor_oneshots: fatal: unable to %s: %s\n", what, strerror(errno));
  exit(111);
}

int main(int argc, char **argv)
{
  unsigned long left, jobs, running = 0;
  if (argc != 4) {
    fprintf(stderr, "floor_oneshots: usage: floor_oneshots N JOBS PROGRAM\n");
    return 100;
  }
  left = strtoul(argv[1], 0, 10);
  jobs = strtoul(argv[2], 0, 10);
  while (left || running) {
    if (left && running < jobs) {
      pid_t pid = fork();
      if (pid < 0) die("fork");
      if (!pid) {
        execl(argv[3], argv[3], (char *)0);
        _exit(127);
      }
      left--;
      running++;
    } else {
      int wstat;
      if (wait(&wstat) < 0) die("wait");
      if (wstat) {
        fprintf(stderr, "floor_oneshots: fatal: %s ended with wait status %d\n", argv[3], wstat);
        return 111;
      }
      running--;
    }
  }
  return 0;
}
