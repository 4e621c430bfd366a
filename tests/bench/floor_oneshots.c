/* ISC license. */

/* floor_oneshots N JOBS PROGRAM: forks and execs PROGRAM N times, JOBS at a
   time: the least that running so many scripts can cost. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>

int main(int argc, char **argv)
{
  if (argc != 4) {
    fprintf(stderr, "floor_oneshots: usage: floor_oneshots N JOBS PROGRAM\n");
    return 100;
  }
  int n = atoi(argv[1]), jobs = atoi(argv[2]), running = 0;
  while (n || running) {
    if (n && running < jobs) {
      pid_t pid = fork();
      if (pid < 0) return 111;
      if (!pid) {
        execl(argv[3], argv[3], (char *)0);
        _exit(127);
      }
      n--;
      running++;
      continue;
    }
    wait(0);
    running--;
  }
  return 0;
}
