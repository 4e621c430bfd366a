/* ISC license. */

/* One script of a service at a time, whoever started it, whoever was killed. */

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>

#include <skalibs/djbunix.h>
#include <skalibs/types.h>

#include "runner/runner-internal.h"

#include "test.h"

enum { NOTE = 64, ENDS = 64 };

static runner r;
static int ends[ENDS], nends; /* of all scripts */

static void begin(void)
{
  CHECK(!chdir(test_dir()) && !mkdir("notes", 0700));
  r.lockfd = open("lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  r.notesfd = open("notes", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CHECK(r.lockfd >= 0 && r.notesfd >= 0 && pipecoe(r.lifeline) >= 0);
}

static int is_noted(char const *name)
{
  char note[NOTE];
  return readlinkat(r.notesfd, name, note, sizeof note) >= 0;
}

static void plant(pid_t pid, char const *start, char const *name)
{
  char note[NOTE];
  snprintf(note, sizeof note, "%ld:%s", (long)pid, start);
  CHECK(!symlinkat(note, r.notesfd, name));
}

/* A script. It says its letter when its turn has come; then it is a cat that
   ends with its standard input. */
typedef struct script_s script;
struct script_s {
  pid_t pid;
  int end;
};

static script start(char const *name, char letter, int said)
{
  static char const *const argv[] = {"cat", 0};
  script s;
  int hold[2];
  CHECK(!pipe(hold));
  s.pid = fork();
  CHECK(s.pid >= 0);
  if (!s.pid) {
    close(hold[1]);
    close(r.lifeline[1]);
    for (int i = 0; i < nends; i++) close(ends[i]);
    if (!runner_turn_take(&r, name)) _exit(errno == ECANCELED ? 2 : 3);
    if (write(said, &letter, 1) < 1 || dup2(hold[0], 0) < 0) _exit(4);
    execvp(argv[0], (char *const *)argv);
    _exit(5);
  }
  close(hold[0]);
  s.end = hold[1];
  ends[nends++] = s.end;
  return s;
}

static void end(script *s, int exitcode)
{
  int wstat;
  close(s->end);
  CHECK_INT(waitpid(s->pid, &wstat, 0), s->pid);
  CHECK_INT(wstat, exitcode << 8);
}

static char heard(int said)
{
  char c;
  CHECK_INT(read(said, &c, 1), 1);
  return c;
}

/* Is there nothing to hear, for a while? */
static int silent(int said)
{
  enum { WHILE_MS = 100 };
  struct pollfd x = {.fd = said, .events = POLLIN};
  return !poll(&x, 1, WHILE_MS);
}

TEST(note)
{
  char note[NOTE];
  ssize_t n;
  uint32_t pid;
  size_t len;
  begin();
  CHECK(runner_turn_take(&r, "a b"));
  n = readlinkat(r.notesfd, "a b", note, sizeof note - 1);
  CHECK(n > 0);
  note[n] = 0;
  len = uint32_scan(note, &pid);
  CHECK_INT(pid, getpid());
  CHECK(note[len] == ':');
  if (!access("/proc/self/stat", R_OK)) CHECK(note[len + 1]);
  CHECK_INT(strspn(note + len + 1, "0123456789"), strlen(note + len + 1));
  /* of another process, of another service */
  runner_turn_end(&r, "a b", getpid() + 1);
  runner_turn_end(&r, "a", getpid());
  CHECK(is_noted("a b"));
  runner_turn_end(&r, "a b", getpid());
  CHECK(!is_noted("a b"));
}

TEST(next_one_waits)
{
  script a, b, c;
  int said[2];
  begin();
  CHECK(pipecoe(said) >= 0);
  a = start("s", 'a', said[1]);
  CHECK_INT(heard(said[0]), 'a');
  b = start("s", 'b', said[1]);
  c = start("other", 'c', said[1]);
  CHECK_INT(heard(said[0]), 'c');
  CHECK(silent(said[0]));
  end(&a, 0);
  /* with the note of a still there */
  CHECK_INT(heard(said[0]), 'b');
  /* which is b's now */
  runner_turn_end(&r, "s", a.pid);
  CHECK(is_noted("s"));
  end(&b, 0);
  end(&c, 0);
  runner_turn_end(&r, "s", b.pid);
  CHECK(!is_noted("s"));
}

TEST(many_take_turns)
{
  enum { N = 12 };
  script all[N];
  int said[2];
  begin();
  CHECK(pipecoe(said) >= 0);
  for (int i = 0; i < N; i++) all[i] = start("s", (char)i, said[1]);
  for (int i = 0; i < N; i++) {
    int which = heard(said[0]);
    if (!i) CHECK(silent(said[0]));
    end(all + which, 0);
    all[which].pid = 0;
  }
  for (int i = 0; i < N; i++) CHECK_INT(all[i].pid, 0);
}

TEST(nobody_waits_any_more)
{
  script a, b;
  int said[2];
  begin();
  CHECK(pipecoe(said) >= 0);
  a = start("s", 'a', said[1]);
  CHECK_INT(heard(said[0]), 'a');
  b = start("s", 'b', said[1]);
  CHECK(silent(said[0]));
  close(r.lifeline[1]);
  end(&b, 2);
  CHECK(is_noted("s"));
  end(&a, 0);
  /* nor is one started whose turn it would be */
  CHECK(!runner_turn_take(&r, "t"));
  CHECK_ERRNO(ECANCELED);
  CHECK(!is_noted("t"));
}

/* It has looked at the note, or written one, and no more. */
TEST(killed_with_the_lock)
{
  int wstat;
  pid_t pid;
  begin();
  pid = fork();
  CHECK(pid >= 0);
  if (!pid) {
    if (runner_turn_take(&r, "s")) raise(SIGKILL);
    _exit(1);
  }
  CHECK_INT(waitpid(pid, &wstat, 0), pid);
  CHECK(WIFSIGNALED(wstat) && WTERMSIG(wstat) == SIGKILL);
  CHECK(is_noted("s"));
  CHECK(runner_turn_take(&r, "s"));
}

/* A child that has ended and is not waited for. */
static pid_t zombie(void)
{
  siginfo_t info;
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (!pid) _exit(0);
  CHECK(!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
  return pid;
}

TEST(old_notes)
{
  static char const *const garbage[] = {"",     ":", "1", "x:1", "0:1", "-1:1", "4294967295:1", "2147483648:",
                                        "1.5:1"};
  pid_t pid;
  begin();
  if (access("/proc/self/stat", R_OK)) SKIP("there is no /proc");
  /* its number has another process now: this one */
  plant(getpid(), "1", "reused");
  CHECK(runner_turn_take(&r, "reused"));
  pid = zombie();
  plant(pid, "", "zombie");
  CHECK(runner_turn_take(&r, "zombie"));
  CHECK_INT(waitpid(pid, 0, 0), pid);
  plant(pid, "", "ended");
  CHECK(runner_turn_take(&r, "ended"));
  for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
    if (*garbage[i]) CHECK(!symlinkat(garbage[i], r.notesfd, "garbage"));
    CHECK(runner_turn_take(&r, "garbage"));
    runner_turn_end(&r, "garbage", getpid());
    CHECK(!is_noted("garbage"));
  }
}

/* The number of a process that ended long ago is this one's now. */
TEST(own_number)
{
  begin();
  plant(getpid(), "", "s");
  CHECK(runner_turn_take(&r, "s"));
}

static void *wait_for_ever(void *x)
{
  for (;;) pause();
  return x;
}

/* It looks like a zombie when its first thread has ended. */
TEST(threads)
{
  script a;
  int said[2], ready[2];
  char c;
  pid_t pid;
  begin();
  CHECK(pipecoe(said) >= 0 && pipecoe(ready) >= 0);
  pid = fork();
  CHECK(pid >= 0);
  if (!pid) {
    pthread_t thread;
    struct flock fl = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    if (!runner_turn_take(&r, "s") || fcntl(r.lockfd, F_SETLK, &fl) < 0) _exit(1);
    if (pthread_create(&thread, 0, &wait_for_ever, 0)) _exit(1);
    if (write(ready[1], "", 1) < 1) _exit(1);
    pthread_exit(0);
  }
  CHECK_INT(read(ready[0], &c, 1), 1);
  a = start("s", 'a', said[1]);
  CHECK(silent(said[0]));
  CHECK(!kill(pid, SIGKILL));
  CHECK_INT(waitpid(pid, 0, 0), pid);
  CHECK_INT(heard(said[0]), 'a');
  end(&a, 0);
}

/* Whoever has the lock takes long to execute its script. */
TEST(lock_is_held)
{
  script a;
  int said[2], ready[2];
  char c;
  pid_t pid;
  begin();
  CHECK(pipecoe(said) >= 0 && pipecoe(ready) >= 0);
  pid = fork();
  CHECK(pid >= 0);
  if (!pid) {
    close(r.lifeline[1]);
    if (!runner_turn_take(&r, "s") || write(ready[1], "", 1) < 1) _exit(1);
    for (;;) pause();
  }
  CHECK_INT(read(ready[0], &c, 1), 1);
  a = start("s", 'a', said[1]);
  CHECK(silent(said[0]));
  close(r.lifeline[1]);
  end(&a, 2);
  CHECK(!kill(pid, SIGKILL));
  CHECK_INT(waitpid(pid, 0, 0), pid);
}

/* Where the system did not tell when it began, its number decides. */
TEST(without_start)
{
  script a;
  int said[2];
  begin();
  CHECK(pipecoe(said) >= 0);
  plant(getpid(), "", "s");
  a = start("s", 'a', said[1]);
  CHECK(silent(said[0]));
  runner_turn_end(&r, "s", getpid());
  CHECK_INT(heard(said[0]), 'a');
  end(&a, 0);
}

/* It runs all the same. */
TEST(no_note_can_be_made)
{
  char name[256];
  begin();
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = 0;
  CHECK(runner_turn_take(&r, name));
  CHECK(is_noted(name));
  CHECK(!mkdirat(r.notesfd, "s", 0700));
  CHECK(runner_turn_take(&r, "s"));
  runner_turn_end(&r, "s", getpid());
  CHECK(!unlinkat(r.notesfd, "s", AT_REMOVEDIR));
  close(r.notesfd);
  r.notesfd = -1;
  CHECK(runner_turn_take(&r, "t"));
}

TEST(no_locks)
{
  begin();
  close(r.lockfd);
  r.lockfd = -1;
  CHECK(!runner_turn_take(&r, "s"));
  CHECK_ERRNO(EBADF);
}
