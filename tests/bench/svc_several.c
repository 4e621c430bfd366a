/* ISC license. */

/* Stands for the s6-svc of s6 2.14 and later, which takes several service
   directories, where an older one is installed: sends the letters to the
   supervisor of each.

   svc_several -LETTERS [--] SERVICEDIR...

   With SVC_SEVERAL_IGNORE in the environment it ignores all but the first, as an
   older one does. Exit codes: 100 a supervisor does not run, or wrong usage; 111 a system call
   failed. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATHMAX = 4096, MISUSED = 100, FAILED = 111 };

static int tell(char const *dir, char const *letters)
{
  char path[PATHMAX];
  size_t len = strlen(letters);
  if (snprintf(path, sizeof path, "%s/supervise/control", dir) >= (int)sizeof path) return FAILED;
  int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    int code = errno == ENXIO || errno == ENOENT ? MISUSED : FAILED;
    perror(path);
    return code;
  }
  int code = write(fd, letters, len) == (ssize_t)len ? 0 : FAILED;
  close(fd);
  return code;
}

int main(int argc, char **argv)
{
  int first = argc > 2 && !strcmp(argv[2], "--") ? 3 : 2;
  int code = 0;
  if (argc <= first || argv[1][0] != '-') {
    fprintf(stderr, "svc_several: usage: svc_several -LETTERS [--] SERVICEDIR...\n");
    return MISUSED;
  }
  if (getenv("SVC_SEVERAL_IGNORE")) argc = first + 1;
  for (int i = first; i < argc; i++) {
    int r = tell(argv[i], argv[1] + 1);
    if (r > code) code = r;
  }
  return code;
}
