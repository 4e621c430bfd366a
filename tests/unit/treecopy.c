/* ISC license. */

/* Copying and removing trees, and the two ways to make what has an exact mode. */

#include <fcntl.h>
#include <dirent.h>
#include <sys/resource.h>

#include <skalibs/stralloc.h>

#include <s6-rc/servicedir.h>

#include "test.h"

/* who runs it as root becomes this user where root can do too much */
enum { ORDINARY_USER = 65534 };

static int open_dir(void)
{
  int fd = open(test_dir(), O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  umask(022);
  return fd;
}

static void make_file(int dirfd, char const *name, char const *s, size_t len, mode_t mode)
{
  int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  CHECK(fd >= 0);
  CHECK_INT(write(fd, s, len), len);
  CHECK(!fchmod(fd, mode));
  close(fd);
}

static void make_dir(int dirfd, char const *name, mode_t mode)
{
  CHECK(!mkdirat(dirfd, name, 0700));
  CHECK(!fchmodat(dirfd, name, mode, 0));
}

static struct stat stat_of(int dirfd, char const *name)
{
  struct stat st;
  if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) FAIL(name);
  return st;
}

static void check_mode(int dirfd, char const *name, mode_t mode)
{
  mode_t got = stat_of(dirfd, name).st_mode & 07777;
  if (got != mode) test_failed("mode of %s is %o, not %o", name, (unsigned int)got, (unsigned int)mode);
}

static void check_content(int dirfd, char const *name, char const *s, size_t len)
{
  char *got = malloc(len + 1);
  int fd = openat(dirfd, name, O_RDONLY);
  size_t n = 0;
  ssize_t r;
  CHECK(got && fd >= 0);
  while ((r = read(fd, got + n, len + 1 - n)) > 0) n += (size_t)r;
  CHECK_INT(n, len);
  CHECK_MEM(got, s, len);
  close(fd);
  free(got);
}

static void check_link(int dirfd, char const *name, char const *target)
{
  char got[5000];
  ssize_t r = readlinkat(dirfd, name, got, sizeof got - 1);
  CHECK(r >= 0);
  got[r] = 0;
  CHECK_STR(got, target);
}

static int absent(int dirfd, char const *name)
{
  struct stat st;
  return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

/* Runs f in a process that is not root. Whatever it leaves must be possible
   to remove for the user who runs the tests. */
static void as_ordinary_user(void (*f)(int), int dirfd)
{
  pid_t pid;
  int wstat;
  fflush(0);
  if (!geteuid()) CHECK(!fchown(dirfd, ORDINARY_USER, ORDINARY_USER));
  pid = fork();
  CHECK(pid >= 0);
  if (!pid) {
    if (!geteuid()) {
      CHECK(!fchdir(dirfd));
      CHECK(!setgid(ORDINARY_USER) && !setuid(ORDINARY_USER));
    }
    (*f)(dirfd);
    fflush(0);
    _exit(0);
  }
  CHECK_INT(waitpid(pid, &wstat, 0), pid);
  if (wstat) _exit(1); /* it has said why */
}

TEST(everything_that_can_be_in_a_tree)
{
  static char big[200000];
  static char target[4000];
  int fd = open_dir(), src, dst;
  stralloc where = STRALLOC_ZERO;
  for (size_t i = 0; i < sizeof big; i++) big[i] = (char)(i % 251);
  memset(target, 't', sizeof target - 1);
  make_dir(fd, "src", 0755);
  src = openat(fd, "src", O_RDONLY | O_DIRECTORY);
  make_file(src, "empty", "", 0, 0644);
  make_file(src, "big", big, sizeof big, 0600);
  make_file(src, "run", "#!/bin/sh\n", 10, 0755);
  make_file(src, "suid", "x", 1, 06711);
  make_file(src, "readonly", "x", 1, 0400);
  make_file(src, " \n\303\251\\", "odd", 3, 0644);
  make_file(src, ".hidden", "h", 1, 0644);
  CHECK(!symlinkat("nowhere", src, "dangling"));
  CHECK(!symlinkat("sub", src, "todir"));
  CHECK(!symlinkat(target, src, "longlink"));
  CHECK(!mkfifoat(src, "fifo", 0600));
  CHECK(!fchmodat(src, "fifo", 0622, 0));
  make_dir(src, "sub", 0755);
  make_dir(src, "sub/sub", 0755);
  make_file(src, "sub/sub/file", "deep", 4, 0640);
  CHECK(!fchmodat(src, "sub/sub", 0555, 0));
  CHECK(!fchmodat(src, "sub", 01777, 0));
  CHECK(!fchmodat(fd, "src", 02750, 0));

  for (mode_t mask = 0; mask <= 077; mask += 077) {
    umask(mask);
    if (!s6rc_treecopyat(fd, "src", fd, "dst", 0, 0, &where)) test_failed("%s: %s", where.s, strerror(errno));
    umask(022);
    check_mode(fd, "dst", 02750);
    dst = openat(fd, "dst", O_RDONLY | O_DIRECTORY);
    CHECK(dst >= 0);
    check_content(dst, "empty", "", 0);
    check_mode(dst, "empty", 0644);
    check_content(dst, "big", big, sizeof big);
    check_mode(dst, "big", 0600);
    check_mode(dst, "run", 0755);
    check_mode(dst, "suid", 06711);
    check_mode(dst, "readonly", 0400);
    check_content(dst, " \n\303\251\\", "odd", 3);
    check_content(dst, ".hidden", "h", 1);
    check_link(dst, "dangling", "nowhere");
    check_link(dst, "todir", "sub");
    check_link(dst, "longlink", target);
    CHECK(S_ISFIFO(stat_of(dst, "fifo").st_mode));
    check_mode(dst, "fifo", 0622);
    check_mode(dst, "sub", 01777);
    check_mode(dst, "sub/sub", 0555);
    check_content(dst, "sub/sub/file", "deep", 4);
    check_mode(dst, "sub/sub/file", 0640);
    close(dst);
    CHECK(s6rc_treeremoveat(fd, "dst"));
    CHECK(absent(fd, "dst"));
  }

  CHECK(s6rc_treecopyat(fd, "src", fd, "dst", 06022, 0, 0));
  check_mode(fd, "dst/suid", 0711);
  check_mode(fd, "dst/fifo", 0600);
  check_mode(fd, "dst/sub", 01755);
  CHECK(s6rc_treeremoveat(fd, "dst"));
  CHECK(s6rc_treeremoveat(fd, "src"));
  close(src);
  stralloc_free(&where);
}

TEST(single_files)
{
  int fd = open_dir();
  make_file(fd, "f", "content", 7, 0640);
  CHECK(s6rc_treecopyat(fd, "f", fd, "g", 0, 0, 0));
  check_content(fd, "g", "content", 7);
  check_mode(fd, "g", 0640);
  CHECK(!symlinkat("f", fd, "l"));
  CHECK(s6rc_treecopyat(fd, "l", fd, "m", 0, 0, 0));
  check_link(fd, "m", "f");
}

TEST(what_exists_is_not_touched)
{
  static char const *const existing[] = {"file", "dir", "link"};
  int fd = open_dir();
  make_file(fd, "src-file", "new", 3, 0644);
  make_dir(fd, "src-dir", 0755);
  make_file(fd, "target", "old", 3, 0644);
  make_file(fd, "file", "old", 3, 0600);
  make_dir(fd, "dir", 0700);
  CHECK(!symlinkat("target", fd, "link"));
  for (size_t i = 0; i < 3; i++) {
    CHECK(!s6rc_treecopyat(fd, "src-file", fd, existing[i], 0, 0, 0));
    CHECK_ERRNO(EEXIST);
    CHECK(!s6rc_treecopyat(fd, "src-dir", fd, existing[i], 0, 0, 0));
    CHECK_ERRNO(EEXIST);
    CHECK(!s6rc_writefileat(fd, existing[i], "new", 3, 0644));
    CHECK_ERRNO(EEXIST);
    CHECK(!s6rc_mkdirat(fd, existing[i], 0755));
    CHECK_ERRNO(EEXIST);
  }
  check_content(fd, "file", "old", 3);
  check_mode(fd, "file", 0600);
  check_mode(fd, "dir", 0700);
  check_content(fd, "target", "old", 3);
  check_link(fd, "link", "target");
}

TEST(owners)
{
  int fd = open_dir();
  struct stat st;
  if (geteuid()) SKIP("needs root");
  make_dir(fd, "src", 0755);
  make_file(fd, "src/f", "x", 1, 04755);
  CHECK(!symlinkat("f", fd, "src/l"));
  CHECK(!mkfifoat(fd, "src/p", 0600));
  CHECK(!fchownat(fd, "src/f", 1234, 4321, 0));
  CHECK(!fchmodat(fd, "src/f", 04755, 0));
  CHECK(!fchownat(fd, "src/l", 1234, 4321, AT_SYMLINK_NOFOLLOW));
  CHECK(!fchownat(fd, "src/p", 1234, 4321, 0));
  CHECK(!fchownat(fd, "src", 1234, 4321, 0));
  CHECK(s6rc_treecopyat(fd, "src", fd, "kept", 0, 1, 0));
  CHECK(s6rc_treecopyat(fd, "src", fd, "mine", 0, 0, 0));
  for (char const *const *name = (char const *const[]){"", "/f", "/l", "/p", 0}; *name; name++) {
    char path[32];
    snprintf(path, sizeof path, "kept%s", *name);
    st = stat_of(fd, path);
    CHECK_INT(st.st_uid, 1234);
    CHECK_INT(st.st_gid, 4321);
    snprintf(path, sizeof path, "mine%s", *name);
    st = stat_of(fd, path);
    CHECK_INT(st.st_uid, 0);
  }
  check_mode(fd, "kept/f", 04755);
}

/* --- failures below the top */

static void unreadable_file(int fd)
{
  stralloc where = STRALLOC_ZERO;
  make_dir(fd, "src", 0755);
  make_dir(fd, "src/sub", 0755);
  make_file(fd, "src/sub/secret", "x", 1, 0);
  CHECK(!s6rc_treecopyat(fd, "src", fd, "dst", 0, 0, &where));
  CHECK_ERRNO(EACCES);
  CHECK_STR(where.s, "src/sub/secret");
  CHECK_INT(where.len, strlen(where.s));
  CHECK(s6rc_treeremoveat(fd, "dst"));
  CHECK(!fchmodat(fd, "src/sub/secret", 0600, 0));
  CHECK(!fchmodat(fd, "src/sub", 0, 0));
  CHECK(!s6rc_treecopyat(fd, "src", fd, "dst", 0, 0, &where));
  CHECK_ERRNO(EACCES);
  CHECK_STR(where.s, "src/sub");
  CHECK(!s6rc_treecopyat(fd, "src", fd, "dst", 0, 0, 0));
  CHECK(s6rc_treeremoveat(fd, "dst"));
  CHECK(s6rc_treeremoveat(fd, "src"));
  stralloc_free(&where);
}

TEST(an_unreadable_file)
{
  as_ordinary_user(&unreadable_file, open_dir());
}

static void unwritable_destination(int fd)
{
  make_dir(fd, "dst", 0500);
  make_file(fd, "f", "x", 1, 0644);
  CHECK(!s6rc_treecopyat(fd, "f", fd, "dst/f", 0, 0, 0));
  CHECK_ERRNO(EACCES);
  CHECK(!s6rc_writefileat(fd, "dst/f", "x", 1, 0644));
  CHECK_ERRNO(EACCES);
  CHECK(!s6rc_mkdirat(fd, "dst/f", 0755));
  CHECK_ERRNO(EACCES);
}

TEST(an_unwritable_destination)
{
  as_ordinary_user(&unwritable_destination, open_dir());
}

TEST(no_source)
{
  stralloc where = STRALLOC_ZERO;
  int fd = open_dir();
  CHECK(!s6rc_treecopyat(fd, "nothing", fd, "dst", 0, 0, &where));
  CHECK_ERRNO(ENOENT);
  CHECK_STR(where.s, "nothing");
  CHECK(absent(fd, "dst"));
  stralloc_free(&where);
}

/* --- what is made with a mode */

TEST(exact_modes)
{
  int fd = open_dir();
  for (mode_t mask = 0; mask <= 077; mask += 077) {
    umask(mask);
    CHECK(s6rc_mkdirat(fd, "d", 0755));
    check_mode(fd, "d", 0755);
    CHECK(!unlinkat(fd, "d", AT_REMOVEDIR));
    CHECK(s6rc_mkdirat(fd, "d", 03730));
    check_mode(fd, "d", 03730);
    CHECK(!unlinkat(fd, "d", AT_REMOVEDIR));
    CHECK(s6rc_writefileat(fd, "f", "abc", 3, 0644));
    check_mode(fd, "f", 0644);
    check_content(fd, "f", "abc", 3);
    CHECK(!unlinkat(fd, "f", 0));
    CHECK(s6rc_writefileat(fd, "f", "", 0, 0400));
    check_mode(fd, "f", 0400);
    check_content(fd, "f", "", 0);
    CHECK(!unlinkat(fd, "f", 0));
  }
}

TEST(modes_of_links_stay)
{
  int fd = open_dir();
  CHECK(s6rc_writefileat(fd, "f", "", 0, 0600) && s6rc_mkdirat(fd, "d", 0700));
  CHECK(!symlinkat("f", fd, "lf") && !symlinkat("d", fd, "ld") && !symlinkat("nowhere", fd, "ln"));
  CHECK(!s6rc_chmodat(fd, "lf", 0666) && !s6rc_chmodat(fd, "ld", 0777) && !s6rc_chmodat(fd, "ln", 0777));
  check_mode(fd, "f", 0600);
  check_mode(fd, "d", 0700);
  CHECK(s6rc_chmodat(fd, "f", 0640) && s6rc_chmodat(fd, "d", 03730));
  check_mode(fd, "f", 0640);
  check_mode(fd, "d", 03730);
  CHECK(!s6rc_chmodat(fd, "none", 0600));
  CHECK_ERRNO(ENOENT);
}

TEST(a_file_that_does_not_fit)
{
  struct rlimit rl;
  int fd = open_dir();
  static char big[20000];
  make_file(fd, "src", big, sizeof big, 0644);
  CHECK(!getrlimit(RLIMIT_FSIZE, &rl));
  rl.rlim_cur = 10000;
  CHECK(!setrlimit(RLIMIT_FSIZE, &rl));
  signal(SIGXFSZ, SIG_IGN);
  CHECK(!s6rc_writefileat(fd, "f", big, sizeof big, 0644));
  CHECK_ERRNO(EFBIG);
  CHECK(absent(fd, "f"));
  CHECK(!s6rc_treecopyat(fd, "src", fd, "g", 0, 0, 0));
  CHECK_ERRNO(EFBIG);
}

/* --- removing */

TEST(removing)
{
  int fd = open_dir();
  make_dir(fd, "outside", 0755);
  make_file(fd, "outside/f", "x", 1, 0644);
  make_dir(fd, "d", 0755);
  make_dir(fd, "d/empty", 0755);
  make_dir(fd, "d/full", 0755);
  make_file(fd, "d/full/f", "x", 1, 0444);
  make_file(fd, "d/...", "x", 1, 0444);
  make_file(fd, "d/..x", "x", 1, 0444);
  make_file(fd, "d/.x", "x", 1, 0444);
  CHECK(!mkfifoat(fd, "d/p", 0));
  CHECK(!symlinkat("../outside", fd, "d/l"));
  CHECK(!symlinkat("outside", fd, "l"));
  CHECK(s6rc_treeremoveat(fd, "d"));
  CHECK(absent(fd, "d"));
  CHECK(s6rc_treeremoveat(fd, "l"));
  CHECK(absent(fd, "l"));
  check_content(fd, "outside/f", "x", 1);
  CHECK(s6rc_treeremoveat(fd, "outside/f"));
  CHECK(absent(fd, "outside/f"));
  CHECK(s6rc_treeremoveat(fd, "nothing"));
  CHECK(s6rc_treeremoveat(fd, "outside"));
}

static void unwritable_directories(int fd)
{
  static mode_t const modes[] = {0, 0100, 0200, 0400, 0500, 0600};
  char path[32];
  make_dir(fd, "d", 0700);
  for (int i = 0; i < 6; i++) {
    snprintf(path, sizeof path, "d/%d", i);
    make_dir(fd, path, 0700);
    snprintf(path, sizeof path, "d/%d/sub", i);
    make_dir(fd, path, 0700);
    snprintf(path, sizeof path, "d/%d/sub/f", i);
    make_file(fd, path, "x", 1, 0);
    snprintf(path, sizeof path, "d/%d/sub", i);
    CHECK(!fchmodat(fd, path, modes[i], 0));
    snprintf(path, sizeof path, "d/%d", i);
    CHECK(!fchmodat(fd, path, modes[i], 0));
  }
  CHECK(!fchmodat(fd, "d", 0500, 0));
  CHECK(s6rc_treeremoveat(fd, "d"));
  CHECK(absent(fd, "d"));
}

TEST(removing_unwritable_directories)
{
  as_ordinary_user(&unwritable_directories, open_dir());
}

/* What somebody else owns stays, with the way to it; the rest goes. */
static void foreign_files(int fd)
{
  CHECK(!s6rc_treeremoveat(fd, "d"));
  CHECK_ERRNO(EACCES);
  CHECK(absent(fd, "d/a"));
  CHECK(absent(fd, "d/z"));
  CHECK(!absent(fd, "d/m/foreign"));
}

TEST(removing_as_much_as_can_be)
{
  int fd = open_dir();
  if (geteuid()) SKIP("needs root");
  make_dir(fd, "d", 0755);
  make_dir(fd, "d/a", 0755);
  make_file(fd, "d/a/f", "x", 1, 0644);
  make_dir(fd, "d/z", 0755);
  make_file(fd, "d/z/f", "x", 1, 0644);
  for (char const *const *name = (char const *const[]){"d", "d/a", "d/z", 0}; *name; name++)
    CHECK(!fchownat(fd, *name, ORDINARY_USER, ORDINARY_USER, 0));
  make_dir(fd, "d/m", 0755);
  make_file(fd, "d/m/foreign", "x", 1, 0644);
  as_ordinary_user(&foreign_files, fd);
}

/* --- depth: neither crashes, and what is too deep is said to be */

static void deep_tree(int fd, unsigned int depth)
{
  int at = dup(fd);
  for (unsigned int i = 0; i < depth; i++) {
    CHECK(!mkdirat(at, "d", 0755));
    int next = openat(at, "d", O_RDONLY | O_DIRECTORY);
    CHECK(next >= 0);
    close(at);
    at = next;
  }
  close(at);
}

static rlim_t all_descriptors(void)
{
  struct rlimit rl;
  CHECK(!getrlimit(RLIMIT_NOFILE, &rl));
  rl.rlim_cur = rl.rlim_max;
  CHECK(!setrlimit(RLIMIT_NOFILE, &rl));
  return rl.rlim_cur == RLIM_INFINITY ? 1 << 20 : rl.rlim_cur;
}

TEST(removing_deep_trees)
{
  int fd = open_dir();
  struct rlimit rl;
  rlim_t most = all_descriptors();
  deep_tree(fd, most < 3100 ? (unsigned int)most - 100 : 3000);
  /* too little for a call a level */
  CHECK(!getrlimit(RLIMIT_STACK, &rl));
  rl.rlim_cur = 128 << 10;
  CHECK(!setrlimit(RLIMIT_STACK, &rl));
  CHECK(s6rc_treeremoveat(fd, "d"));
  CHECK(absent(fd, "d"));
}

TEST(copying_deep_trees)
{
  int fd = open_dir();
  all_descriptors();
  deep_tree(fd, 300);
  CHECK(s6rc_treecopyat(fd, "d", fd, "copy", 0, 0, 0));
  CHECK(s6rc_treeremoveat(fd, "copy"));
  CHECK(s6rc_treeremoveat(fd, "d"));
  deep_tree(fd, 5000);
  CHECK(!s6rc_treecopyat(fd, "d", fd, "copy", 0, 0, 0));
  CHECK(errno == ENAMETOOLONG || errno == EMFILE);
}

/* The limit on descriptors is met in the middle: all of them come back. */
TEST(too_few_descriptors)
{
  int fd = open_dir(), before, after;
  struct rlimit rl;
  deep_tree(fd, 100);
  before = dup(0);
  close(before);
  CHECK(!getrlimit(RLIMIT_NOFILE, &rl));
  rl.rlim_cur = (rlim_t)before + 50;
  CHECK(!setrlimit(RLIMIT_NOFILE, &rl));
  CHECK(!s6rc_treecopyat(fd, "d", fd, "copy", 0, 0, 0));
  CHECK_ERRNO(EMFILE);
  CHECK(!s6rc_treeremoveat(fd, "d"));
  CHECK_ERRNO(EMFILE);
  after = dup(0);
  close(after);
  CHECK_INT(after, before);
}
