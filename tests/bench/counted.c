/* ISC license. */

/* counted COMMAND...: executes it in a session of its own, with a counter of
   the CPU time of itself and of every process that it and its descendants
   start, also of those that leave it, as supervised processes do. The counter
   is an open descriptor, whose number is in the variable BENCH_COUNTER of the
   environment; reading it gives nanoseconds, 64 bits in the machine's byte
   order. Where the system has no such counter, or forbids it, the variable is
   not set. */

#define _GNU_SOURCE /* syscall */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __has_include
#if __has_include(<linux/perf_event.h>)
#define HAS_COUNTER
#endif
#endif

#ifdef HAS_COUNTER

#include <linux/perf_event.h>
#include <sys/syscall.h>

static int open_counter(void)
{
  /* without exclude_kernel only root may count; the time in the kernel is part
     of a task's clock nevertheless */
  struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
                                 .size = sizeof attr,
                                 .config = PERF_COUNT_SW_TASK_CLOCK,
                                 .inherit = 1,
                                 .exclude_kernel = 1,
                                 .exclude_hv = 1};
  return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

#else

static int open_counter(void)
{
  return -1;
}

#endif

int main(int argc, char **argv)
{
  char number[16];
  int fd;
  if (argc < 2) {
    fprintf(stderr, "counted: usage: counted COMMAND...\n");
    return 100;
  }
  setsid(); /* fails only for the leader of a group: then it is one already */
  fd = open_counter();
  snprintf(number, sizeof number, "%d", fd);
  if (fd < 0 ? unsetenv("BENCH_COUNTER") : setenv("BENCH_COUNTER", number, 1)) {
    fprintf(stderr, "counted: fatal: unable to change the environment: %s\n", strerror(errno));
    return 111;
  }
  execvp(argv[1], argv + 1);
  fprintf(stderr, "counted: fatal: unable to execute %s: %s\n", argv[1], strerror(errno));
  return errno == ENOENT ? 127 : 126;
}
