/* ISC license. */

/* For the programs in tests/unit: include it once, write TEST functions, no
   main. Every test runs in a process of its own, so a crash ends one test;
   the first check that does not hold ends it too. Arguments of the program
   are the names of the tests to run; none means all.

   TEST(name) { ... }        a test
   CHECK(cond)               holds
   CHECK_INT(got, wanted)    equal, as intmax_t
   CHECK_STR(got, wanted)    equal strings, neither null
   CHECK_MEM(got, wanted, n) n equal bytes
   CHECK_ERRNO(wanted)       errno
   FAIL(text)                does not hold
   SKIP(reason)              ends the test: it cannot be done here
   test_dir()                an empty directory for this test alone, removed after it */

#ifndef S6RC_TEST_H
#define S6RC_TEST_H

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct test_case_s test_case;
struct test_case_s {
  char const *name;
  char const *file;
  void (*run)(void);
  test_case *next;
};

static test_case *test_first = 0;
static test_case **test_last = &test_first;
static test_case const *test_current = 0;
static char test_dir_name[32];

static inline void test_add(test_case *t)
{
  *test_last = t;
  test_last = &t->next;
}

#define TEST(id)                                                                            \
  static void test_run_##id(void);                                                          \
  __attribute__((constructor)) static void test_add_##id(void)                              \
  {                                                                                         \
    static test_case t = {.name = #id, .file = __FILE__, .run = &test_run_##id, .next = 0}; \
    test_add(&t);                                                                           \
  }                                                                                         \
  static void test_run_##id(void)

/* "unit/FILE/name" */
static inline void test_print_id(test_case const *t)
{
  char const *slash = strrchr(t->file, '/');
  char const *base = slash ? slash + 1 : t->file;
  printf("unit/%.*s/%s", (int)strcspn(base, "."), base, t->name);
}

#define test_failed(...)                     \
  do {                                       \
    printf("not ok ");                       \
    test_print_id(test_current);             \
    printf(": %s:%d: ", __FILE__, __LINE__); \
    printf(__VA_ARGS__);                     \
    printf("\n");                            \
    exit(1);                                 \
  } while (0)

#define FAIL(text) test_failed("%s", (text))

enum { TEST_SKIPPED = 77 };
#define SKIP(reason)             \
  do {                           \
    printf("skipped ");          \
    test_print_id(test_current); \
    printf(": %s\n", (reason));  \
    exit(TEST_SKIPPED);          \
  } while (0)

#define CHECK(cond)                        \
  do {                                     \
    if (!(cond)) test_failed("%s", #cond); \
  } while (0)

#define CHECK_INT(got, wanted)                                                                    \
  do {                                                                                            \
    intmax_t test_g = (intmax_t)(got), test_w = (intmax_t)(wanted);                               \
    if (test_g != test_w) test_failed("%s is %" PRIdMAX ", not %" PRIdMAX, #got, test_g, test_w); \
  } while (0)

#define CHECK_STR(got, wanted)                                                                 \
  do {                                                                                         \
    char const *test_g = (got), *test_w = (wanted);                                            \
    if (!test_g || !test_w) test_failed("%s is null", test_g ? #wanted : #got);                \
    if (strcmp(test_g, test_w)) test_failed("%s is \"%s\", not \"%s\"", #got, test_g, test_w); \
  } while (0)

#define CHECK_MEM(got, wanted, n)                                                                        \
  do {                                                                                                   \
    unsigned char const *test_g = (void const *)(got), *test_w = (void const *)(wanted);                 \
    for (size_t test_i = 0; test_i < (size_t)(n); test_i++)                                              \
      if (test_g[test_i] != test_w[test_i])                                                              \
        test_failed("%s: byte %zu is 0x%02x, not 0x%02x", #got, test_i, test_g[test_i], test_w[test_i]); \
  } while (0)

#define CHECK_ERRNO(wanted)                                                                             \
  do {                                                                                                  \
    int test_e = errno;                                                                                 \
    if (test_e != (wanted)) test_failed("errno is %d (%s), not %s", test_e, strerror(test_e), #wanted); \
  } while (0)

/* Its path is relative to the working directory, which is this program's own
   scratch directory under tests/run. */
static inline char const *test_dir(void)
{
  if (mkdir(test_dir_name, 0700) < 0 && errno != EEXIST)
    test_failed("mkdir %s: %s", test_dir_name, strerror(errno));
  return test_dir_name;
}

/* 1 if it passed */
static inline int test_case_run(test_case const *t)
{
  int wstat;
  pid_t pid;
  test_current = t;
  snprintf(test_dir_name, sizeof test_dir_name, "t.%ld", (long)getpid());
  fflush(0);
  pid = fork();
  if (pid < 0) test_failed("fork: %s", strerror(errno));
  if (!pid) {
    (*t->run)();
    fflush(0);
    exit(0);
  }
  while (waitpid(pid, &wstat, 0) < 0)
    if (errno != EINTR) test_failed("waitpid: %s", strerror(errno));
  if (!access(test_dir_name, F_OK)) {
    char command[sizeof test_dir_name + 16];
    snprintf(command, sizeof command, "rm -rf ./%s", test_dir_name);
    if (system(command)) fprintf(stderr, "unable to remove %s\n", test_dir_name);
  }
  if (WIFEXITED(wstat) && !WEXITSTATUS(wstat)) {
    printf("ok ");
    test_print_id(t);
    printf("\n");
    return 1;
  }
  if (WIFEXITED(wstat) && WEXITSTATUS(wstat) == TEST_SKIPPED) return 1;
  if (WIFSIGNALED(wstat) || WEXITSTATUS(wstat) != 1) {
    printf("not ok ");
    test_print_id(t);
    printf(": %s %d\n", WIFSIGNALED(wstat) ? "killed by signal" : "exit code",
           WIFSIGNALED(wstat) ? WTERMSIG(wstat) : WEXITSTATUS(wstat));
  }
  return 0;
}

int main(int argc, char const *const *argv)
{
  int failed = 0;
  int found = 0;
  for (test_case const *t = test_first; t; t = t->next) {
    int wanted = argc < 2;
    for (int i = 1; i < argc; i++) wanted |= !strcmp(argv[i], t->name);
    if (!wanted) continue;
    found = 1;
    failed |= !test_case_run(t);
  }
  if (!found) fprintf(stderr, "no such test\n");
  return failed || !found;
}

#endif
