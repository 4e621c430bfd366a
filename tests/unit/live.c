/* ISC license. */

/* Opening live directories, while others replace them. */

#include <fcntl.h>

#include <skalibs/stralloc.h>

#include <s6-rc/live.h>
#include <s6-rc/servicedir.h>
#include <s6-rc/state.h>

#include "test.h"

#include "dbmaker.h"

static dbmaker_service const services[] = {{.name = S6RC_ONESHOT_RUNNER}, {.name = S6RC_FDHOLDER}};
enum { N = sizeof services / sizeof *services };

/* A database `db` in test_dir(), which becomes the working directory. */
static void make_db(void)
{
  dbmaker m;
  CHECK(!chdir(test_dir()));
  dbmaker_make(&m, services, N, 0);
  dbmaker_put("db", &m, services, 0, 0);
  dbmaker_free(&m);
}

/* Live directory `name`, to which `live` then leads. */
static void make_live(char const *name, unsigned char const *state)
{
  int fd;
  CHECK(!mkdir(name, 0755));
  fd = open(name, O_RDONLY | O_DIRECTORY);
  CHECK(fd >= 0);
  CHECK(!symlinkat("../db", fd, S6RC_LIVE_COMPILED));
  CHECK(s6rc_state_write(fd, state, N));
  close(fd);
  CHECK(!symlink(name, "new"));
  CHECK(!rename("new", "live"));
}

static void check_fails(char const *path, int e, s6rc_livepart wanted)
{
  s6rc_live live;
  s6rc_db db;
  s6rc_livepart part;
  CHECK(!s6rc_live_open(&live, path, &part));
  CHECK_INT(errno, e);
  CHECK_INT(part, wanted);
  CHECK_INT(live.fd, -1);
  if (wanted == S6RC_PART_STATE) return;
  CHECK(!s6rc_live_opendb(&db, path, &part));
  CHECK_INT(errno, e);
  CHECK_INT(part, wanted);
}

TEST(opened)
{
  static unsigned char const state[N] = {S6RC_STATE_UP, 0}, later[N] = {S6RC_STATE_UP, S6RC_STATE_ALL};
  s6rc_live live;
  s6rc_db db;
  s6rc_livepart part;
  make_db();
  make_live("live:1", state);
  CHECK(s6rc_live_open(&live, "live", &part));
  CHECK_INT(s6rc_db_n(&live.db), N);
  CHECK_MEM(live.state, state, N);
  CHECK(s6rc_live_opendb(&db, "live", &part));
  CHECK_INT(s6rc_db_n(&db), N);
  s6rc_db_close(&db);
  CHECK(s6rc_state_write(live.fd, later, N));
  CHECK(s6rc_live_reread(&live));
  CHECK_MEM(live.state, later, N);
  s6rc_live_close(&live);
  s6rc_live_close(&live);
}

TEST(what_cannot_be_opened)
{
  static unsigned char const state[N];
  make_db();
  check_fails("live", ENOENT, S6RC_PART_LIVE);
  CHECK(!symlink("live:1", "live"));
  check_fails("live", ENOENT, S6RC_PART_LIVE);
  check_fails("db/db", ENOTDIR, S6RC_PART_LIVE);
  make_live("live:1", state);
  CHECK(!unlink("live:1/state"));
  check_fails("live", ENOENT, S6RC_PART_STATE);
  dbmaker_put_file("live:1", "state", "\1", 1);
  check_fails("live", EPROTO, S6RC_PART_STATE);
  dbmaker_put_file("db", S6RC_DB_FILE, "nonsense", 8);
  check_fails("live", EPROTO, S6RC_PART_DB);
  CHECK(!unlink("live:1/compiled"));
  check_fails("live", ENOENT, S6RC_PART_DB);
}

/* One update after the other, each removing what was there before: a reader
   never notices. */
TEST(replaced_while_it_is_opened)
{
  enum { GENERATIONS = 1000 };
  static unsigned char const state[N];
  int wstat = 0;
  pid_t pid, r = 0;
  make_db();
  make_live("live:0", state);
  pid = fork();
  CHECK(pid >= 0);
  if (!pid) {
    for (int i = 1; i <= GENERATIONS; i++) {
      char name[32], old[32];
      snprintf(name, sizeof name, "live:%d", i);
      snprintf(old, sizeof old, "live:%d", i - 1);
      make_live(name, state);
      if (!s6rc_treeremoveat(AT_FDCWD, old)) _exit(1);
    }
    _exit(0);
  }
  while (!r) {
    s6rc_live live;
    s6rc_db db;
    s6rc_livepart part;
    r = waitpid(pid, &wstat, WNOHANG);
    CHECK(r >= 0);
    if (!s6rc_live_open(&live, "live", &part)) test_failed("part %d: %s", part, strerror(errno));
    s6rc_live_close(&live);
    if (!s6rc_live_opendb(&db, "live", &part)) test_failed("part %d: %s", part, strerror(errno));
    s6rc_db_close(&db);
  }
  CHECK_INT(wstat, 0);
}

TEST(real_paths)
{
  static struct {
    char const *link;
    char const *target;
    char const *real;
  } const all[] = {{"l1", "live:1", "live:1"},
                   {"./l2", "live:1", "./live:1"},
                   {"../l3", "/abs/live:1", "/abs/live:1"}};
  stralloc sa = STRALLOC_ZERO;
  CHECK(!chdir(test_dir()));
  CHECK(!mkdir("sub", 0755) && !chdir("sub"));
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    CHECK(!symlink(all[i].target, all[i].link));
    CHECK(stralloc_copys(&sa, "before "));
    CHECK(s6rc_live_realpath(&sa, all[i].link));
    CHECK_STR(sa.s + 7, all[i].real);
    CHECK_INT(sa.len, strlen(sa.s));
  }
  CHECK(stralloc_copys(&sa, "before "));
  CHECK(!s6rc_live_realpath(&sa, "."));
  CHECK_ERRNO(EINVAL);
  CHECK(!s6rc_live_realpath(&sa, "nowhere"));
  CHECK_ERRNO(ENOENT);
  CHECK_INT(sa.len, 7);
  stralloc_free(&sa);
}
