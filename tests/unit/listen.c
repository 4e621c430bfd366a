/* ISC license. */

/* Listening to services: libs6's notifier sends, we hear. */

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <skalibs/genalloc.h>
#include <skalibs/iopause.h>

#include <s6/ftrigw.h>

#include <s6-rc/listen.h>

#include "test.h"

enum { MANY = 1000, NAME = 32 };

/* Service directories in test_dir(), which becomes the working directory. */
typedef struct services_s services;
struct services_s {
  uint32_t n;
  char name[MANY][NAME];
  int dirfd;
};

static void make_services(services *s, uint32_t n, char const *prefix)
{
  char path[NAME + 16];
  s->n = n;
  CHECK(!chdir(test_dir()));
  s->dirfd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CHECK(s->dirfd >= 0);
  for (uint32_t i = 0; i < n; i++) {
    snprintf(s->name[i], NAME, "%s%u", prefix, (unsigned int)i);
    CHECK(!mkdir(s->name[i], 0755));
    snprintf(path, sizeof path, "%s/event", s->name[i]);
    CHECK(ftrigw_fifodir_make(path, getegid(), 0));
  }
}

static char const *name_of(uint32_t i, void *data)
{
  return ((services const *)data)->name[i];
}

static void add(s6rc_listener *l, services *s, uint32_t i)
{
  if (!s6rc_listener_add(l, s->name[i], i, &name_of, s)) test_failed("%s: %s", s->name[i], strerror(errno));
}

static void notify(services const *s, uint32_t i, char what)
{
  char path[NAME + 16];
  snprintf(path, sizeof path, "%s/event", s->name[i]);
  CHECK(ftrigw_notify(path, what) >= 0);
}

/* Reads what has come, without waiting. events: by id, added to. The number of
   groups that had any. */
static unsigned int hear(s6rc_listener *l, unsigned int *events)
{
  size_t n = s6rc_listener_nfds(l);
  iopause_fd *x = malloc((n + 1) * sizeof *x);
  genalloc ids = GENALLOC_ZERO;
  unsigned int had = 0;
  CHECK(x);
  s6rc_listener_fds(l, x);
  for (size_t i = 0; i < n; i++) {
    struct pollfd p = {.fd = x[i].fd, .events = POLLIN};
    if (poll(&p, 1, 0) <= 0) continue;
    ids.len = 0;
    int r = s6rc_listener_read(l, i, &ids);
    CHECK(r >= 0);
    had += !!r;
    for (size_t k = 0; k < genalloc_len(uint32_t, &ids); k++)
      events[genalloc_s(uint32_t, &ids)[k]] |= (unsigned int)r;
  }
  free(x);
  genalloc_free(uint32_t, &ids);
  return had;
}

/* How many entries; . and .. do not count. */
static unsigned int entries(char const *path)
{
  unsigned int n = 0;
  DIR *dir = opendir(path);
  CHECK(dir);
  while (readdir(dir)) n++;
  closedir(dir);
  return n - 2;
}

static void check_nothing_left(services const *s)
{
  char path[NAME + 16];
  CHECK_INT(entries("."), s->n);
  for (uint32_t i = 0; i < s->n; i++) {
    snprintf(path, sizeof path, "%s/event", s->name[i]);
    if (entries(path)) FAIL(path);
  }
}

/* The next descriptor that would be opened */
static int next_fd(void)
{
  int fd = dup(0);
  CHECK(fd >= 0);
  close(fd);
  return fd;
}

static void limit_descriptors(rlim_t n)
{
  struct rlimit rl;
  CHECK(!getrlimit(RLIMIT_NOFILE, &rl));
  CHECK(rl.rlim_max >= n);
  rl.rlim_cur = n;
  CHECK(!setrlimit(RLIMIT_NOFILE, &rl));
}

static services s;
static unsigned int events[MANY];

TEST(each_event)
{
  static struct {
    char letter;
    unsigned int event;
  } const all[] = {{'s', S6RC_EVENT_SUPERVISED}, {'u', S6RC_EVENT_UP},
                   {'U', S6RC_EVENT_READY},      {'d', S6RC_EVENT_DOWN},
                   {'D', S6RC_EVENT_FINISHED},   {'O', S6RC_EVENT_GIVENUP},
                   {'x', S6RC_EVENT_GONE},       {'?', 0}};
  s6rc_listener l;
  int fd;
  make_services(&s, 1, "s");
  fd = next_fd();
  CHECK(s6rc_listener_init(&l, s.dirfd, 1, 1));
  add(&l, &s, 0);
  CHECK_INT(hear(&l, events), 0);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    events[0] = 0;
    notify(&s, 0, all[i].letter);
    CHECK_INT(hear(&l, events), !!all[i].event);
    CHECK_INT(events[0], all[i].event);
    CHECK_INT(hear(&l, events), 0);
  }
  events[0] = 0;
  notify(&s, 0, 'd');
  notify(&s, 0, 'D');
  notify(&s, 0, 'u');
  CHECK_INT(hear(&l, events), 1);
  CHECK_INT(events[0], S6RC_EVENT_DOWN | S6RC_EVENT_FINISHED | S6RC_EVENT_UP);
  s6rc_listener_free(&l, &name_of, &s);
  check_nothing_left(&s);
  CHECK_INT(next_fd(), fd);
}

/* Notifiers may be another user's: the FIFO can be written whatever the umask. */
TEST(mode_of_the_fifo)
{
  s6rc_listener l;
  struct dirent *d;
  struct stat st;
  DIR *dir;
  unsigned int found = 0;
  make_services(&s, 1, "s");
  umask(077);
  CHECK(s6rc_listener_init(&l, s.dirfd, 1, 1));
  add(&l, &s, 0);
  dir = opendir("s0/event");
  CHECK(dir);
  while ((d = readdir(dir))) {
    if (d->d_name[0] == '.') continue;
    CHECK_INT(strlen(d->d_name), S6RC_FIFO_NAME_LEN);
    CHECK(!strncmp(d->d_name, "ftrig1:@", 8));
    CHECK_INT(strspn(d->d_name + 8, "0123456789abcdef"), 24);
    CHECK_INT(d->d_name[32], ':');
    CHECK(!fstatat(dirfd(dir), d->d_name, &st, 0));
    CHECK(S_ISFIFO(st.st_mode));
    CHECK_INT(st.st_mode & 07777, 0622);
    found++;
  }
  closedir(dir);
  CHECK_INT(found, 1);
  s6rc_listener_free(&l, &name_of, &s);
}

/* What a run that was killed may have left is no obstacle. */
TEST(leftovers)
{
  s6rc_listener l;
  make_services(&s, 1, "s");
  CHECK(!mkfifo(".fifo", 0600));
  CHECK(!mkfifo("s0/event/ftrig1:@4000000000000000000000000:abcdef", 0600));
  CHECK(s6rc_listener_init(&l, s.dirfd, 1, 1));
  add(&l, &s, 0);
  notify(&s, 0, 'u');
  CHECK_INT(hear(&l, events), 1);
  s6rc_listener_free(&l, &name_of, &s);
  unlink("s0/event/ftrig1:@4000000000000000000000000:abcdef");
  check_nothing_left(&s);
}

TEST(a_thousand_with_few_descriptors)
{
  s6rc_listener l;
  int fd;
  make_services(&s, MANY, "s");
  fd = next_fd();
  limit_descriptors(128);
  CHECK(s6rc_listener_init(&l, s.dirfd, MANY, MANY));
  for (uint32_t i = 0; i < MANY; i++) add(&l, &s, i);
  CHECK(next_fd() < 100);
  for (uint32_t i = 0; i < MANY; i++) notify(&s, i, 'u');
  hear(&l, events);
  for (uint32_t i = 0; i < MANY; i++) CHECK_INT(events[i], S6RC_EVENT_UP);
  memset(events, 0, sizeof events);
  /* one at a time: it is heard, with not more than its group */
  for (uint32_t i = 0; i < MANY; i += 7) {
    unsigned int n = 0;
    notify(&s, i, 'D');
    CHECK_INT(hear(&l, events), 1);
    CHECK_INT(events[i], S6RC_EVENT_FINISHED);
    for (uint32_t k = 0; k < MANY; k++) n += !!events[k];
    CHECK(n <= MANY / 16);
    memset(events, 0, sizeof events);
  }
  s6rc_listener_free(&l, &name_of, &s);
  check_nothing_left(&s);
  CHECK_INT(next_fd(), fd);
}

TEST(members_come_and_go)
{
  enum { SOME = 60 };
  static unsigned char in[SOME];
  s6rc_listener l;
  uint32_t seed = 3;
  int fd;
  make_services(&s, SOME, "s");
  fd = next_fd();
  CHECK(s6rc_listener_init(&l, s.dirfd, SOME, SOME));
  for (int round = 0; round < 4000; round++) {
    seed = seed * 1664525 + 1013904223;
    uint32_t i = (seed >> 16) % SOME, k = (seed >> 8) % SOME;
    if (in[i])
      s6rc_listener_remove(&l, s.name[i], i);
    else
      add(&l, &s, i);
    in[i] = !in[i];
    /* a service that is not listened to is not heard, all others are */
    notify(&s, k, 'u');
    CHECK_INT(hear(&l, events), in[k]);
    CHECK_INT(events[k], in[k] ? S6RC_EVENT_UP : 0);
    for (uint32_t j = 0; j < SOME; j++) {
      if (!in[j]) CHECK_INT(events[j], 0);
      events[j] = 0;
    }
  }
  for (uint32_t i = 0; i < SOME; i++) {
    if (in[i]) s6rc_listener_remove(&l, s.name[i], i);
    s6rc_listener_remove(&l, s.name[i], i);
  }
  CHECK_INT(next_fd(), fd);
  check_nothing_left(&s);
  CHECK(s6rc_listener_nfds(&l) <= SOME);
  s6rc_listener_free(&l, &name_of, &s);
}

/* As it really goes: the status is written before each event, and read after
   it has been heard. In the end we know the last status of all. */
TEST(nothing_is_lost)
{
  enum { SOME = 200, EVENTS = 40000 };
  static unsigned int seen[SOME];
  static unsigned char in[SOME];
  unsigned int volatile *status;
  s6rc_listener l;
  uint32_t seed = 11;
  int wstat = 0, zero;
  pid_t pid, r = 0;
  make_services(&s, SOME, "s");
  zero = open("/dev/zero", O_RDWR);
  status = mmap(0, SOME * sizeof *status, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0);
  CHECK(status != MAP_FAILED);
  close(zero);
  limit_descriptors(100);
  CHECK(s6rc_listener_init(&l, s.dirfd, SOME, SOME));
  for (uint32_t i = 0; i < SOME; i++) {
    add(&l, &s, i);
    in[i] = 1;
  }
  pid = fork();
  CHECK(pid >= 0);
  if (!pid) {
    signal(SIGPIPE, SIG_IGN);
    for (unsigned int k = 1; k <= EVENTS; k++) {
      char path[NAME + 16];
      seed = seed * 1664525 + 1013904223;
      uint32_t i = (seed >> 16) % SOME;
      status[i] = k;
      snprintf(path, sizeof path, "%s/event", s.name[i]);
      if (ftrigw_notify(path, k % 2 ? 'u' : 'd') < 0) _exit(1);
    }
    _exit(0);
  }
  while (!r) {
    r = waitpid(pid, &wstat, WNOHANG);
    CHECK(r >= 0);
    hear(&l, events);
    for (uint32_t i = 0; i < SOME; i++) {
      if (in[i] && events[i]) seen[i] = status[i];
      events[i] = 0;
    }
    seed = seed * 1664525 + 1013904223;
    uint32_t i = (seed >> 16) % SOME;
    if (in[i])
      s6rc_listener_remove(&l, s.name[i], i);
    else {
      add(&l, &s, i);
      seen[i] = status[i];
    }
    in[i] = !in[i];
  }
  CHECK_INT(wstat, 0);
  hear(&l, events);
  for (uint32_t i = 0; i < SOME; i++) {
    if (in[i] && events[i]) seen[i] = status[i];
    if (in[i]) CHECK_INT(seen[i], status[i]);
  }
  s6rc_listener_free(&l, &name_of, &s);
  check_nothing_left(&s);
}

TEST(odd_names)
{
  static char const *const names[] = {" ", "#x", "a b", "\303\251\377", "a\nb", "-u", "'\"\\", "ftrig1:"};
  s6rc_listener l;
  CHECK(!chdir(test_dir()));
  s.dirfd = open(".", O_RDONLY | O_DIRECTORY);
  s.n = sizeof names / sizeof *names;
  for (uint32_t i = 0; i < s.n; i++) {
    char path[NAME + 16];
    strcpy(s.name[i], names[i]);
    CHECK(!mkdir(names[i], 0755));
    snprintf(path, sizeof path, "%s/event", names[i]);
    CHECK(ftrigw_fifodir_make(path, getegid(), 0));
  }
  CHECK(s6rc_listener_init(&l, s.dirfd, s.n, 2));
  for (uint32_t i = 0; i < s.n; i++) add(&l, &s, i);
  for (uint32_t i = 0; i < s.n; i++) {
    events[i] = 0;
    notify(&s, i, 'U');
    CHECK_INT(hear(&l, events), 1);
    CHECK_INT(events[i], S6RC_EVENT_READY);
  }
  s6rc_listener_free(&l, &name_of, &s);
  check_nothing_left(&s);
}

/* --- when it cannot be done */

TEST(no_event_directory)
{
  s6rc_listener l;
  int fd;
  make_services(&s, 3, "s");
  CHECK(!rmdir("s1/event"));
  fd = next_fd();
  CHECK(s6rc_listener_init(&l, s.dirfd, 3, 3));
  for (int round = 0; round < 100; round++) {
    if (round == 50) add(&l, &s, 0);
    CHECK(!s6rc_listener_add(&l, s.name[1], 1, &name_of, &s));
    CHECK_ERRNO(ENOENT);
    CHECK(!s6rc_listener_add(&l, "nowhere", 1, &name_of, &s));
    CHECK_ERRNO(ENOENT);
  }
  add(&l, &s, 2);
  CHECK(s6rc_listener_nfds(&l) <= 4);
  notify(&s, 0, 'u');
  notify(&s, 2, 'd');
  hear(&l, events);
  CHECK_INT(events[0] & ~(unsigned int)S6RC_EVENT_DOWN, S6RC_EVENT_UP);
  CHECK_INT(events[2] & ~(unsigned int)S6RC_EVENT_UP, S6RC_EVENT_DOWN);
  s6rc_listener_free(&l, &name_of, &s);
  CHECK(!mkdir("s1/event", 0700));
  check_nothing_left(&s);
  CHECK_INT(next_fd(), fd);
}

/* The limit looks generous, but somebody else has used the descriptors. */
enum { LIMIT = 256, SOME = 100 };
static int use_up_descriptors(s6rc_listener *l)
{
  int from, fd;
  make_services(&s, SOME, "s");
  limit_descriptors(LIMIT);
  CHECK(s6rc_listener_init(l, s.dirfd, SOME, SOME));
  from = next_fd();
  do fd = dup(0);
  while (fd >= 0);
  return from;
}

TEST(no_descriptors)
{
  s6rc_listener l;
  int from = use_up_descriptors(&l);
  CHECK(!s6rc_listener_add(&l, s.name[0], 0, &name_of, &s));
  CHECK_ERRNO(EMFILE);
  /* one end of a FIFO is not enough */
  close(LIMIT - 1);
  CHECK(!s6rc_listener_add(&l, s.name[0], 0, &name_of, &s));
  CHECK_ERRNO(EMFILE);
  CHECK_INT(next_fd(), LIMIT - 1);
  close(LIMIT - 2);
  add(&l, &s, 0);
  s6rc_listener_free(&l, &name_of, &s);
  CHECK_INT(next_fd(), LIMIT - 2);
  for (int fd = from; fd < LIMIT; fd++) close(fd);
  check_nothing_left(&s);
}

/* Four: two FIFOs for all of them. */
TEST(few_descriptors)
{
  s6rc_listener l;
  int from = use_up_descriptors(&l);
  for (int fd = LIMIT - 5; fd < LIMIT; fd++) close(fd);
  for (uint32_t i = 0; i < SOME; i++) add(&l, &s, i);
  for (int fd = from; fd < from + 4; fd++) close(fd); /* for who notifies */
  for (uint32_t i = 0; i < SOME; i++) notify(&s, i, 'x');
  CHECK_INT(hear(&l, events), 2);
  for (uint32_t i = 0; i < SOME; i++) CHECK_INT(events[i], S6RC_EVENT_GONE);
  for (uint32_t i = 0; i < SOME - 1; i++) s6rc_listener_remove(&l, s.name[i], i);
  memset(events, 0, sizeof events);
  notify(&s, SOME - 1, 's');
  notify(&s, 0, 's');
  CHECK_INT(hear(&l, events), 1);
  CHECK_INT(events[SOME - 1], S6RC_EVENT_SUPERVISED);
  s6rc_listener_free(&l, &name_of, &s);
  check_nothing_left(&s);
}

/* The name that others are linked to has been taken away. */
TEST(a_cleaned_event_directory)
{
  s6rc_listener l;
  make_services(&s, 8, "s");
  CHECK(s6rc_listener_init(&l, s.dirfd, 8, 1));
  CHECK(l.maxgroups < 4);
  for (uint32_t i = 0; i < 4; i++) add(&l, &s, i);
  CHECK_INT(system("rm -f s0/event/* s1/event/* s2/event/*"), 0);
  for (uint32_t i = 4; i < 8; i++) add(&l, &s, i);
  for (uint32_t i = 3; i < 8; i++) {
    events[i] = 0;
    notify(&s, i, 'u');
    CHECK_INT(hear(&l, events), 1);
    CHECK_INT(events[i], S6RC_EVENT_UP);
  }
  s6rc_listener_free(&l, &name_of, &s);
  check_nothing_left(&s);
}

/* More events than a FIFO holds do not block anybody, and those that fit are
   heard. */
TEST(a_flood)
{
  s6rc_listener l;
  make_services(&s, 2, "s");
  CHECK(s6rc_listener_init(&l, s.dirfd, 2, 2));
  add(&l, &s, 0);
  add(&l, &s, 1);
  notify(&s, 0, 'O');
  for (int i = 0; i < 70000; i++) notify(&s, 0, 'u');
  CHECK_INT(hear(&l, events), 1);
  CHECK_INT(events[0], S6RC_EVENT_GIVENUP | S6RC_EVENT_UP);
  events[0] = 0;
  CHECK_INT(hear(&l, events), 0);
  notify(&s, 0, 'd');
  CHECK_INT(hear(&l, events), 1);
  CHECK_INT(events[0], S6RC_EVENT_DOWN);
  s6rc_listener_free(&l, &name_of, &s);
  check_nothing_left(&s);
}

TEST(free_of_nothing)
{
  s6rc_listener l = S6RC_LISTENER_ZERO;
  s6rc_listener_free(&l, &name_of, &s);
  make_services(&s, 0, "s");
  CHECK(s6rc_listener_init(&l, s.dirfd, 0, 0));
  CHECK_INT(s6rc_listener_nfds(&l), 0);
  s6rc_listener_free(&l, &name_of, &s);
  s6rc_listener_free(&l, &name_of, &s);
}

/* FIFOs that nobody reads go, all else stays. */
TEST(cleaning)
{
  static char const dead[] = "s0/event/ftrig1:@400000000000000000000000:abcdef";
  static char const foreign[] = "s0/event/ftrig1:@400000000000000000000000:abcdefg";
  static char const link[] = "s0/event/ftrig1:@400000000000000000000000:abcdeg";
  s6rc_listener l;
  make_services(&s, 2, "s");
  CHECK(s6rc_listener_init(&l, s.dirfd, 2, 2));
  add(&l, &s, 0);
  CHECK(!mkfifo(dead, 0600) && !mkfifo(foreign, 0600));
  CHECK(!symlink("nowhere", "s0/event/other"));
  /* nor is what it leads to opened */
  CHECK(!mkfifo("s0/fifo", 0600) && !symlink("../fifo", link));
  CHECK(s6rc_listen_clean(s.dirfd, s.name[0]));
  CHECK_INT(access(dead, F_OK), -1);
  CHECK(!unlink(foreign));
  CHECK(!unlink("s0/event/other"));
  CHECK(!unlink(link) && !unlink("s0/fifo"));
  notify(&s, 0, 'u');
  CHECK_INT(hear(&l, events), 1);
  CHECK(s6rc_listen_clean(s.dirfd, s.name[1]));
  CHECK(s6rc_listen_clean(s.dirfd, "nowhere"));
  s6rc_listener_free(&l, &name_of, &s);
  check_nothing_left(&s);
}
