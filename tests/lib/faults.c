/* ISC license. */

/* To be preloaded (LD_PRELOAD) into a tool: lets one of its calls of the C
   library fail. $FAULTS is a directory:

     FAULTS/plan  read at the start: "none", "learn", or "CALL N ERROR": the Nth
                  CALL is to fail with that (a forked child goes on counting
                  where its parent was)
     FAULTS/log   "learn" appends a line for each call: CALL PLACE OBJECT.
                  PLACE: the addresses in the tool that led there; OBJECT: the
                  file, if it is about one
     FAULTS/hit   exists if the call was made: the text of the error, a newline,
                  OBJECT

   Nothing is synced: tests need not wait for disks. What the tool executes is
   left alone. tests/build/faults.sh compares what is here with what the tools
   use. */

#define _GNU_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
/* glibc declares the address as a union of its own */
#define connect     connect_of_system
#define getpeername getpeername_of_system
#include <sys/socket.h>
#undef connect
#undef getpeername
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_BEGUN, OFF, LEARN, FAIL };
enum { PLACE_WORDS = 6 };

static int mode = NOT_BEGUN;
static char wanted[32];
static unsigned long left; /* so many of them are not to fail */
static int error;
static char dir[256];
enum { OBJECT_MAX = 1024 };
static uintptr_t tool_start, code_start, code_end, stack_end;

static void *real(void **known, char const *name)
{
  if (!*known) *known = dlsym(RTLD_NEXT, name);
  return *known;
}

/* Declares real_NAME, the C library's own function of that name. */
#define REAL(name)           \
  static void *known_##name; \
  __typeof__(&name) real_##name = (__typeof__(&name))real(&known_##name, #name)

static int raw_open(char const *name, int flags)
{
  REAL(openat);
  char path[sizeof dir + 8];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  return real_openat(AT_FDCWD, path, flags | O_CLOEXEC, 0644);
}

static void raw_put(char const *name, char const *text, size_t len)
{
  REAL(write);
  REAL(close);
  int fd = raw_open(name, O_WRONLY | O_CREAT | O_APPEND);
  if (fd < 0 || real_write(fd, text, len) != (ssize_t)len) abort();
  real_close(fd);
}

static size_t raw_get(char const *name, char *s, size_t max)
{
  REAL(read);
  REAL(close);
  int fd = raw_open(name, O_RDONLY);
  ssize_t len = fd < 0 ? -1 : real_read(fd, s, max);
  if (len < 0) abort();
  real_close(fd);
  return (size_t)len;
}

/* --- which errors */

static struct {
  char const *name;
  int number;
} const errors[] = {{"EACCES", EACCES}, {"EAGAIN", EAGAIN}, {"EINTR", EINTR},   {"EIO", EIO},
                    {"EMFILE", EMFILE}, {"EMLINK", EMLINK}, {"ENOLCK", ENOLCK}, {"ENOMEM", ENOMEM},
                    {"ENOSPC", ENOSPC}, {"EPERM", EPERM}};

static int error_number(char const *name)
{
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (!strcmp(errors[i].name, name)) return errors[i].number;
  abort();
}

static int find_tool(struct dl_phdr_info *info, size_t size, void *data)
{
  (void)size;
  (void)data;
  tool_start = info->dlpi_addr;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_X)) continue;
    code_start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    code_end = code_start + info->dlpi_phdr[i].p_memsz;
  }
  return 1; /* the program itself comes first */
}

__attribute__((constructor)) static void begin(void)
{
  REAL(unlinkat);
  char plan[64], word[16];
  char const *s = getenv("FAULTS");
  mode = OFF;
  if (!s) return;
  stack_end = (uintptr_t)environ; /* the strings and pointers lie above all frames */
  snprintf(dir, sizeof dir, "%s", s);
  unsetenv("FAULTS");
  unsetenv("LD_PRELOAD");
  plan[raw_get("plan", plan, sizeof plan - 1)] = 0;
  if (sscanf(plan, "%31s %lu %15s", wanted, &left, word) == 3) {
    char path[sizeof dir + 8];
    snprintf(path, sizeof path, "%s/hit", dir);
    real_unlinkat(AT_FDCWD, path, 0);
    error = error_number(word);
    mode = FAIL;
  } else if (!strcmp(plan, "learn\n")) {
    dl_iterate_phdr(&find_tool, 0);
    mode = LEARN;
  }
}

/* --- what is learned */

/* Where the call comes from: the first few addresses of code of the tool that
   lie on the stack. Some may be left over from earlier calls; that only makes
   two places of one. */
static size_t put_place(char *s, size_t max)
{
  size_t len = 0;
  int n = 0;
  uintptr_t here;
  for (uintptr_t const *p = &here; (uintptr_t)p < stack_end && n < PLACE_WORDS; p++)
    if (*p >= code_start && *p < code_end)
      len += (size_t)snprintf(s + len, max - len, "%s%lx", n++ ? "," : "", (unsigned long)(*p - tool_start));
  return len;
}

static void put_object(char *s, int fd, char const *path)
{
  REAL(readlinkat);
  char of[32];
  ssize_t len = 0;
  if (fd >= 0 && !(path && *path == '/')) {
    snprintf(of, sizeof of, "/proc/self/fd/%d", fd);
    len = real_readlinkat(AT_FDCWD, of, s, OBJECT_MAX / 2);
    if (len < 0) len = 0;
  }
  snprintf(s + len, OBJECT_MAX - (size_t)len, "%s%s", len && path ? "/" : "", path ? path : "");
}

/* Whether this call, about the file at path below fd (either may be missing:
   null, negative), is to fail. */
static int fails(char const *call, int fd, char const *path)
{
  char object[OBJECT_MAX], place[32 * PLACE_WORDS] = "-", line[2 * OBJECT_MAX];
  int now = mode, failing = now == FAIL && !strcmp(call, wanted) && !--left, e = errno, len;
  if (now != LEARN && !failing) return 0;
  mode = OFF; /* what is called from here */
  put_object(object, fd, path);
  if (failing) {
    len = snprintf(line, sizeof line, "%s\n%s\n", strerror(error), object);
    raw_put("hit", line, (size_t)len);
    e = error;
  } else {
    put_place(place, sizeof place);
    len = snprintf(line, sizeof line, "%s %s %s\n", call, place, object);
    raw_put("log", line, (size_t)len);
    mode = now;
  }
  errno = e;
  return failing;
}

/* --- the calls */

#define CALL(type, name, parameters, arguments, fd, path, failed) \
  type name parameters                                            \
  {                                                               \
    REAL(name);                                                   \
    if (fails(#name, fd, path)) return failed;                    \
    return real_##name arguments;                                 \
  }

#define ALLOCATION(type, name, parameters, arguments) CALL(type, name, parameters, arguments, -1, 0, 0)

ALLOCATION(void *, malloc, (size_t n), (n))
ALLOCATION(void *, realloc, (void *p, size_t n), (p, n))
ALLOCATION(char *, strdup, (char const *s), (s))

/* dlsym may need it */
void *calloc(size_t n, size_t size)
{
  static char room[4096];
  static size_t used;
  static int within;
  static void *known;
  void *p;
  if (!known) {
    if (within) {
      p = room + used;
      used += (n * size + 15) & ~(size_t)15;
      if (used > sizeof room) abort();
      return p;
    }
    within = 1;
    known = dlsym(RTLD_NEXT, "calloc");
    within = 0;
  }
  if (fails("calloc", -1, 0)) return 0;
  return ((__typeof__(&calloc))known)(n, size);
}

#define OPEN(name, parameters, last, fd, path, arguments)               \
  int name parameters                                                   \
  {                                                                     \
    REAL(name);                                                         \
    mode_t permissions = 0;                                             \
    if (flags & O_CREAT) {                                              \
      va_list args;                                                     \
      va_start(args, flags);                                            \
      permissions = va_arg(args, mode_t);                               \
      va_end(args);                                                     \
    }                                                                   \
    if (fails(flags & O_CREAT ? "creat" : "open", fd, path)) return -1; \
    return real_##name arguments;                                       \
  }

OPEN(open, (char const *path, int flags, ...), flags, -1, path, (path, flags, permissions))
OPEN(openat, (int fd, char const *path, int flags, ...), flags, fd, path, (fd, path, flags, permissions))

extern int __open_2(char const *, int);
extern int __openat_2(int, char const *, int);
int __open_2(char const *path, int flags)
{
  return open(path, flags);
}
int __openat_2(int fd, char const *path, int flags)
{
  return openat(fd, path, flags);
}

int fcntl(int fd, int command, ...)
{
  REAL(fcntl);
  va_list args;
  void *arg;
  char const *name = "fcntl";
  va_start(args, command);
  arg = va_arg(args, void *);
  va_end(args);
  switch (command) {
    case F_SETLK:
    case F_SETLKW:
    case F_GETLK: name = "fcntl_lock"; break;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: name = "fcntl_dup"; break;
    case F_GETFD:
    case F_GETFL: return real_fcntl(fd, command, arg); /* of an open descriptor, it cannot fail */
  }
  if (fails(name, fd, 0)) return -1;
  return real_fcntl(fd, command, arg);
}

/* what it closes is closed */
int close(int fd)
{
  REAL(close);
  if (fails("close", fd, 0)) {
    int e = errno;
    real_close(fd);
    errno = e;
    return -1;
  }
  return real_close(fd);
}

/* renameat2, for all who use it */
long syscall(long number, ...)
{
  REAL(syscall);
  va_list args;
  long a[6];
  va_start(args, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(args, long);
  va_end(args);
  if (number == SYS_renameat2 && fails("renameat2", (int)a[2], (char const *)a[3])) return -1;
  return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int posix_spawnp(pid_t *pid, char const *file, posix_spawn_file_actions_t const *actions,
                 posix_spawnattr_t const *attributes, char *const argv[], char *const envp[])
{
  REAL(posix_spawnp);
  if (fails("posix_spawnp", -1, file)) return error;
  return real_posix_spawnp(pid, file, actions, attributes, argv, envp);
}

int fsync(int fd)
{
  return -fails("fsync", fd, 0);
}
int syncfs(int fd)
{
  return -fails("syncfs", fd, 0);
}

#define ON_FD(type, name, parameters, arguments)   CALL(type, name, parameters, arguments, fd, 0, -1)
#define ON_PATH(type, name, parameters, arguments) CALL(type, name, parameters, arguments, -1, path, -1)
#define BELOW(type, name, parameters, arguments)   CALL(type, name, parameters, arguments, fd, path, -1)
#define OTHER(type, name, parameters, arguments)   CALL(type, name, parameters, arguments, -1, 0, -1)

ON_FD(ssize_t, read, (int fd, void *s, size_t n), (fd, s, n))
ON_FD(ssize_t, readv, (int fd, struct iovec const *v, int n), (fd, v, n))
ON_FD(ssize_t, pread, (int fd, void *s, size_t n, off_t at), (fd, s, n, at))
ON_FD(ssize_t, write, (int fd, void const *s, size_t n), (fd, s, n))
ON_FD(ssize_t, writev, (int fd, struct iovec const *v, int n), (fd, v, n))
ON_FD(ssize_t, pwrite, (int fd, void const *s, size_t n, off_t at), (fd, s, n, at))
ON_FD(off_t, lseek, (int fd, off_t at, int from), (fd, at, from))
ON_FD(int, fstat, (int fd, struct stat *st), (fd, st))
ON_FD(int, fstatvfs, (int fd, struct statvfs *st), (fd, st))
ON_FD(int, fchmod, (int fd, mode_t m), (fd, m))
ON_FD(int, fchown, (int fd, uid_t u, gid_t g), (fd, u, g))
ON_FD(int, fchdir, (int fd), (fd))
ON_FD(int, dup2, (int fd, int to), (fd, to))

ON_PATH(int, stat, (char const *path, struct stat *st), (path, st))
ON_PATH(int, lstat, (char const *path, struct stat *st), (path, st))
ON_PATH(int, access, (char const *path, int m), (path, m))
ON_PATH(ssize_t, readlink, (char const *path, char *s, size_t n), (path, s, n))
ON_PATH(int, mkdir, (char const *path, mode_t m), (path, m))
ON_PATH(int, rmdir, (char const *path), (path))
ON_PATH(int, unlink, (char const *path), (path))
ON_PATH(int, chmod, (char const *path, mode_t m), (path, m))
ON_PATH(int, chown, (char const *path, uid_t u, gid_t g), (path, u, g))
ON_PATH(int, rename, (char const *from, char const *path), (from, path))
ON_PATH(int, symlink, (char const *to, char const *path), (to, path))
ON_PATH(int, execve, (char const *path, char *const argv[], char *const envp[]), (path, argv, envp))

BELOW(int, fstatat, (int fd, char const *path, struct stat *st, int f), (fd, path, st, f))
BELOW(int, faccessat, (int fd, char const *path, int m, int f), (fd, path, m, f))
BELOW(ssize_t, readlinkat, (int fd, char const *path, char *s, size_t n), (fd, path, s, n))
BELOW(int, mkdirat, (int fd, char const *path, mode_t m), (fd, path, m))
BELOW(int, mkfifoat, (int fd, char const *path, mode_t m), (fd, path, m))
BELOW(int, mknodat, (int fd, char const *path, mode_t m, dev_t d), (fd, path, m, d))
BELOW(int, unlinkat, (int fd, char const *path, int f), (fd, path, f))
BELOW(int, fchmodat, (int fd, char const *path, mode_t m, int f), (fd, path, m, f))
BELOW(int, fchownat, (int fd, char const *path, uid_t u, gid_t g, int f), (fd, path, u, g, f))
BELOW(int, symlinkat, (char const *to, int fd, char const *path), (to, fd, path))
BELOW(int, renameat, (int old, char const *from, int fd, char const *path), (old, from, fd, path))
BELOW(int, linkat, (int old, char const *from, int fd, char const *path, int f), (old, from, fd, path, f))

CALL(DIR *, opendir, (char const *path), (path), -1, path, 0)
CALL(DIR *, fdopendir, (int fd), (fd), fd, 0, 0)
CALL(struct dirent *, readdir, (DIR * d), (d), dirfd(d), 0, 0)
CALL(char *, realpath, (char const *path, char *to), (path, to), -1, path, 0)
CALL(char *, getcwd, (char *s, size_t n), (s, n), -1, 0, 0)
CALL(void *, mmap, (void *at, size_t n, int p, int f, int fd, off_t from), (at, n, p, f, fd, from), fd, 0,
     MAP_FAILED)

OTHER(int, socket, (int d, int t, int p), (d, t, p))
OTHER(int, pipe2, (int p[2], int f), (p, f))
OTHER(int, poll, (struct pollfd * x, nfds_t n, int ms), (x, n, ms))
OTHER(int, ppoll, (struct pollfd * x, nfds_t n, struct timespec const *t, sigset_t const *s), (x, n, t, s))
OTHER(int, signalfd, (int fd, sigset_t const *s, int f), (fd, s, f))
OTHER(pid_t, fork, (void), ())
OTHER(pid_t, waitpid, (pid_t p, int *w, int o), (p, w, o))
OTHER(int, setenv, (char const *n, char const *v, int o), (n, v, o))
ON_FD(ssize_t, sendmsg, (int fd, struct msghdr const *m, int f), (fd, m, f))
ON_FD(ssize_t, recvmsg, (int fd, struct msghdr *m, int f), (fd, m, f))
ON_FD(int, connect, (int fd, struct sockaddr const *a, socklen_t n), (fd, a, n))
ON_FD(int, getpeername, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n))
