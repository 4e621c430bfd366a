/* ISC license. */

/* The least that it can cost to bring many supervised services somewhere: one
   small program that does nothing else, in the plainest way. It looks at no
   service before it acts, listens with one FIFO for all, counts events, and
   checks at the end that what it counted is true.

   floor_longruns init SCANDIR SERVICEDIRS PREFIX: gives each directory a `down`
   file, links it into the scan directory, has it scanned and waits for all
   supervisors.
   floor_longruns up|down SERVICEDIRS PREFIX: writes the byte into the control
   FIFO of every supervisor at once and waits until all are up, or down.

   Only directories whose names begin with PREFIX count. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

/* what s6-supervise takes for the FIFO of somebody who listens */
#define FIFO  "ftrig1:@400000000000000000000000:floor0"
#define FRESH ".floor"

enum {
  PATHMAX = 4096,
  STATUS_SIZE = 35, /* of supervise/status, and places in it */
  STATUS_PID = 24,
  PID_SIZE = 8,
  STATUS_FLAGS = 34,
  FINISHING = 1 << 1
};

static char **names;
static size_t n;

static _Noreturn void die(char const *what, char const *name)
{
  fprintf(stderr, "floor_longruns: fatal: unable to %s %s: %s\n", what, name, strerror(errno));
  exit(111);
}

static char *path(char const *dir, char const *name)
{
  static char s[2][PATHMAX];
  static unsigned int k;
  k = !k;
  if (snprintf(s[k], PATHMAX, "%s/%s", dir, name) >= PATHMAX) {
    errno = ENAMETOOLONG;
    die("name", dir);
  }
  return s[k];
}

static void read_names(char const *servicedirs, char const *prefix)
{
  size_t room = 0;
  struct dirent const *d;
  DIR *dir = opendir(servicedirs);
  if (!dir || chdir(servicedirs) < 0) die("open", servicedirs);
  while ((d = readdir(dir))) {
    if (strncmp(d->d_name, prefix, strlen(prefix))) continue;
    if (n == room) {
      room = 2 * room + 64;
      names = realloc(names, room * sizeof *names);
      if (!names) die("remember", d->d_name);
    }
    names[n] = strdup(d->d_name);
    if (!names[n++]) die("remember", d->d_name);
  }
  closedir(dir);
}

/* The FIFO, open, with a name in every event directory. */
static int listen_to_all(void)
{
  int fd, fdw;
  if (mkfifo(FRESH, 0622) < 0 || chmod(FRESH, 0622) < 0) die("create", FRESH);
  fd = open(FRESH, O_RDONLY | O_NONBLOCK);
  fdw = open(FRESH, O_WRONLY);
  if (fd < 0 || fdw < 0 || fcntl(fd, F_SETFL, 0) < 0) die("open", FRESH);
  for (size_t i = 0; i < n; i++)
    if (link(FRESH, path(names[i], "event/" FIFO)) < 0) die("link the FIFO for", names[i]);
  if (unlink(FRESH) < 0) die("remove", FRESH);
  return fd;
}

static void put(char const *fifo, char c)
{
  int fd = open(fifo, O_WRONLY | O_NONBLOCK);
  if (fd < 0 || write(fd, &c, 1) != 1) die("write to", fifo);
  close(fd);
}

static void wait_for_all(int fd, char event)
{
  size_t missing = n;
  while (missing) {
    char buf[4096];
    ssize_t r = read(fd, buf, sizeof buf);
    if (r <= 0) die("read", "events");
    while (r--) missing -= missing && buf[r] == event;
  }
  for (size_t i = 0; i < n; i++)
    if (unlink(path(names[i], "event/" FIFO)) < 0) die("remove the FIFO of", names[i]);
}

static int is_up(char const *name)
{
  unsigned char s[STATUS_SIZE];
  int pid = 0;
  int fd = open(path(name, "supervise/status"), O_RDONLY);
  if (fd < 0 || read(fd, s, sizeof s) != (ssize_t)sizeof s) die("read the status of", name);
  close(fd);
  for (int i = 0; i < PID_SIZE; i++) pid |= s[STATUS_PID + i];
  return pid && !(s[STATUS_FLAGS] & FINISHING);
}

static void bring(int up)
{
  int fd = listen_to_all();
  for (size_t i = 0; i < n; i++) put(path(names[i], "supervise/control"), up ? 'u' : 'd');
  wait_for_all(fd, up ? 'u' : 'D');
  for (size_t i = 0; i < n; i++) {
    if (is_up(names[i]) == up) continue;
    errno = EAGAIN;
    die(up ? "start" : "stop", names[i]);
  }
}

static void init(char const *scandir)
{
  char here[PATHMAX];
  int fd;
  if (!getcwd(here, sizeof here)) die("get", "cwd");
  for (size_t i = 0; i < n; i++) {
    int down = open(path(names[i], "down"), O_WRONLY | O_CREAT | O_EXCL, 0644);
    char const *event = path(names[i], "event");
    if (down < 0 || close(down) < 0) die("create a down file in", names[i]);
    if (mkdir(event, 0700) < 0 || chmod(event, 03730) < 0) die("create", event);
  }
  fd = listen_to_all();
  for (size_t i = 0; i < n; i++)
    if (symlink(path(here, names[i]), path(scandir, names[i])) < 0) die("link", names[i]);
  put(path(scandir, ".s6-svscan/control"), 'a');
  wait_for_all(fd, 's');
}

int main(int argc, char **argv)
{
  int isinit = argc == 5 && !strcmp(argv[1], "init");
  int isup = argc == 4 && !strcmp(argv[1], "up");
  if (!isinit && !isup && (argc != 4 || strcmp(argv[1], "down"))) {
    fprintf(stderr, "floor_longruns: usage: floor_longruns init SCANDIR SERVICEDIRS PREFIX\n"
                    "                       floor_longruns up|down SERVICEDIRS PREFIX\n");
    return 100;
  }
  read_names(argv[argc - 2], argv[argc - 1]);
  if (isinit)
    init(argv[2]);
  else
    bring(isup);
  return 0;
}
