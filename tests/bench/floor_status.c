/* ISC license. */

/* The least that it can cost to know what supervised services are: one small
   program that opens and reads the files that say so, in the plainest way, and
   counts those that are up.

   floor_status SERVICEDIRS PREFIX: of all directories whose names begin with
   PREFIX. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
  PATHMAX = 4096,
  STATUS_SIZE = 35, /* of supervise/status, and a place in it */
  STATUS_PID = 24,
  PID_SIZE = 8,
  TALLY_SIZE = 4096 * 14 /* of supervise/death_tally, at most */
};

static int die(char const *what, char const *name)
{
  fprintf(stderr, "floor_status: fatal: unable to %s %s: %s\n", what, name, strerror(errno));
  return 111;
}

/* Its bytes; 0 if there is no such file; -1 and errno */
static ssize_t get(char const *name, char const *file, char *s, size_t max)
{
  char path[PATHMAX];
  ssize_t r;
  int fd;
  snprintf(path, sizeof path, "%s/supervise/%s", name, file);
  fd = open(path, O_RDONLY);
  if (fd < 0) return errno == ENOENT ? 0 : -1;
  r = read(fd, s, max);
  close(fd);
  return r;
}

int main(int argc, char **argv)
{
  static char tally[TALLY_SIZE];
  struct dirent const *d;
  size_t up = 0, deaths = 0;
  DIR *dir = argc == 3 ? opendir(argv[1]) : 0;
  if (argc != 3) {
    fprintf(stderr, "floor_status: usage: floor_status SERVICEDIRS PREFIX\n");
    return 100;
  }
  if (!dir || chdir(argv[1]) < 0) return die("open", argv[1]);
  while ((d = readdir(dir))) {
    char s[STATUS_SIZE];
    int pid = 0;
    ssize_t r;
    if (strncmp(d->d_name, argv[2], strlen(argv[2]))) continue;
    if (get(d->d_name, "status", s, sizeof s) != STATUS_SIZE) return die("read the status of", d->d_name);
    for (int i = 0; i < PID_SIZE; i++) pid |= s[STATUS_PID + i];
    r = get(d->d_name, "death_tally", tally, sizeof tally);
    if (r < 0) return die("read the deaths of", d->d_name);
    up += !!pid;
    deaths += (size_t)r;
  }
  printf("%zu up, %zu bytes of deaths\n", up, deaths);
  return 0;
}
