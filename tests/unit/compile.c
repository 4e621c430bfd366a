/* ISC license. */

/* src/compile: resolving, and the database that comes of it as libs6rc reads
   it. */

#include <fcntl.h>
#include <sys/wait.h>

#include <s6-rc/db.h>
#include <s6-rc/path.h>
#include <s6-rc/servicedir.h>

#include "compile/compile.h"
#include "compile/write.h"
#include "definitions.h"

static void define(char const *name, char const *type, char const *file, char const *content)
{
  char path[512];
  snprintf(path, sizeof path, "s/%s/type", name);
  puts_to(path, type);
  if (file) {
    snprintf(path, sizeof path, "s/%s/%s", name, file);
    puts_to(path, content);
  }
}

static void longrun(char const *name)
{
  define(name, "longrun\n", "run", "#!/bin/sh\n");
}

static void oneshot(char const *name)
{
  define(name, "oneshot\n", "up", "true\n");
}

static void bundle(char const *name, char const *contents)
{
  define(name, "bundle\n", "contents", contents);
}

static void add(char const *name, char const *file, char const *content)
{
  char path[512];
  snprintf(path, sizeof path, "s/%s/%s", name, file);
  puts_to(path, content);
}

/* Resolves what has been defined; wants n errors. */
static void resolve(compiled *c, source *src, uint32_t n)
{
  read_definitions(src, 1);
  CHECK(compile_resolve(c, src));
  source_sort_complaints(src);
  if (source_nerrors(src) != n)
    for (size_t i = 0; i < genalloc_len(source_complaint, &src->complaints); i++) puts(complaint(src, i));
  CHECK_INT(source_nerrors(src), n);
}

static void finish(compiled *c, source *src)
{
  compile_free(c);
  source_free(src);
}

static uint32_t number_of(compiled const *c, char const *name)
{
  for (uint32_t i = 0; i < compiled_n(c); i++)
    if (!strcmp(compiled_name(c, i), name)) return i;
  return S6RC_NONE;
}

/* "a b c": names of n numbers */
static char const *names(compiled const *c, uint32_t const *s, uint32_t n)
{
  static char text[4096];
  size_t len = 0;
  text[0] = 0;
  for (uint32_t i = 0; i < n; i++)
    len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "", compiled_name(c, s[i]));
  return text;
}

static char const *edges(compiled const *c, s6rc_graph const *g, char const *name)
{
  uint32_t i = number_of(c, name);
  CHECK(i != S6RC_NONE);
  return names(c, g->to + g->first[i], g->first[i + 1] - g->first[i]);
}

static char const *members(compiled const *c, char const *name)
{
  for (uint32_t i = 0; i < c->nbundles; i++)
    if (!strcmp(source_name(c->src, c->bundles[i].name), name))
      return names(c, genalloc_s(uint32_t, &c->members) + c->bundles[i].first, c->bundles[i].n);
  return "no such bundle";
}

TEST(numbers)
{
  source src = SOURCE_ZERO;
  compiled c = COMPILED_ZERO;
  oneshot("a");
  longrun("c");
  oneshot("B");
  longrun("D");
  bundle("b", "a\n");
  resolve(&c, &src, 0);
  CHECK_INT(c.nlongruns, 4);
  CHECK_INT(c.noneshots, 2);
  CHECK_INT(c.nbundles, 1);
  CHECK_INT(number_of(&c, S6RC_ONESHOT_RUNNER), S6RC_NUMBER_ONESHOT_RUNNER);
  CHECK_INT(number_of(&c, S6RC_FDHOLDER), S6RC_NUMBER_FDHOLDER);
  CHECK_INT(number_of(&c, "D"), 2);
  CHECK_INT(number_of(&c, "c"), 3);
  CHECK_INT(number_of(&c, "B"), 4);
  CHECK_INT(number_of(&c, "a"), 5);
  CHECK_INT(c.flags[S6RC_NUMBER_ONESHOT_RUNNER], S6RC_FLAG_ESSENTIAL);
  CHECK_INT(c.flags[2], 0);
  finish(&c, &src);
}

TEST(bundles_and_flags)
{
  source src = SOURCE_ZERO;
  compiled c = COMPILED_ZERO;
  oneshot("o1");
  oneshot("o2");
  longrun("l");
  bundle("x", "o2\no1\n");
  bundle("y", "x\nl\no1\n");
  bundle("z", "y\nx\n");
  bundle("empty", "");
  add("x", "flag-essential", "");
  add("y", "flag-recommended", "");
  add("o1", "dependencies", "empty\n");
  add("l", "dependencies", "x\no2\n");
  resolve(&c, &src, 0);
  CHECK_STR(members(&c, "x"), "o1 o2");
  CHECK_STR(members(&c, "y"), "l o1 o2");
  CHECK_STR(members(&c, "z"), "l o1 o2");
  CHECK_STR(members(&c, "empty"), "");
  CHECK_INT(c.flags[number_of(&c, "o1")], S6RC_FLAGS_ALL);
  CHECK_INT(c.flags[number_of(&c, "o2")], S6RC_FLAGS_ALL);
  CHECK_INT(c.flags[number_of(&c, "l")], S6RC_FLAG_RECOMMENDED);
  CHECK_STR(edges(&c, &c.deps, "l"), "o1 o2");
  CHECK_STR(edges(&c, &c.rdeps, "o1"), "l");
  CHECK_STR(edges(&c, &c.deps, "o1"), S6RC_ONESHOT_RUNNER);
  finish(&c, &src);
}

TEST(optional_dependencies)
{
  source src = SOURCE_ZERO;
  compiled c = COMPILED_ZERO;
  oneshot("a");
  oneshot("b");
  longrun("l");
  bundle("both", "a\nb\n");
  add("a", "optional-dependencies.d/ghost", "");
  add("b", "optional-dependencies.d/l", "");
  add("b", "optional-dependencies.d/a", "");
  add("b", "dependencies", "a\n");
  add("l", "dependencies.d/a", "");
  resolve(&c, &src, 0);
  CHECK_INT(source_services(&src)[1].deps.n, 1);
  CHECK_INT(source_services(&src)[1].optional.n, 2);
  CHECK_STR(edges(&c, &c.deps, "a"), S6RC_ONESHOT_RUNNER);
  CHECK_STR(edges(&c, &c.deps, "b"), S6RC_ONESHOT_RUNNER " l a");
  CHECK_STR(edges(&c, &c.rdeps, "l"), "b");
  finish(&c, &src);
}

TEST(pipelines)
{
  source src = SOURCE_ZERO;
  compiled c = COMPILED_ZERO;
  longrun("p1");
  longrun("p2");
  longrun("mid");
  longrun("end");
  longrun("alone");
  add("p1", "producer-for", "mid");
  add("p2", "producer-for", "mid");
  add("mid", "consumer-for", "p1\np2\n");
  add("mid", "producer-for", "end");
  add("end", "consumer-for", "mid\n");
  add("end", "pipeline-name", "pipe");
  add("alone", "dependencies", "pipe\n");
  resolve(&c, &src, 0);
  CHECK_STR(members(&c, "pipe"), "end mid p1 p2");
  CHECK_STR(edges(&c, &c.deps, "p1"), S6RC_FDHOLDER " mid");
  CHECK_STR(edges(&c, &c.deps, "mid"), S6RC_FDHOLDER " end");
  CHECK_STR(edges(&c, &c.deps, "end"), S6RC_FDHOLDER);
  CHECK_STR(edges(&c, &c.deps, "alone"), "end mid p1 p2");
  CHECK_STR(edges(&c, &c.producers, "mid"), "p1 p2");
  CHECK_INT(c.consumer[number_of(&c, "p2")], number_of(&c, "mid"));
  CHECK_INT(c.consumer[number_of(&c, "end")], S6RC_NONE);
  CHECK(compiled_pipelined(&c, number_of(&c, "end")) && !compiled_pipelined(&c, number_of(&c, "alone")));
  finish(&c, &src);
}

TEST(cycles)
{
  source src = SOURCE_ZERO;
  compiled c = COMPILED_ZERO;
  oneshot("a");
  oneshot("b");
  oneshot("c");
  oneshot("self");
  add("a", "dependencies", "b\n");
  add("b", "dependencies", "#\nc\n");
  add("c", "dependencies", "in\n");
  bundle("in", "a\n");
  add("self", "dependencies.d/self", "");
  bundle("x", "y\n");
  bundle("y", "x\na\n");
  longrun("p");
  longrun("q");
  add("p", "producer-for", "q");
  add("q", "consumer-for", "p");
  add("q", "dependencies", "p\n");
  resolve(&c, &src, 4);
  CHECK_STR(complaint(&src, 0), "s/a/dependencies:1: dependency cycle: a -> b -> c -> a (c depends on the "
                                "bundle in, which contains a)");
  CHECK_STR(complaint(&src, 1), "s/p/producer-for:1: dependency cycle: p -> q -> p (p is a producer for q)");
  CHECK_STR(complaint(&src, 2), "s/self/dependencies.d/self: dependency cycle: self -> self");
  CHECK_STR(complaint(&src, 3), "s/x/contents:1: bundles contain each other in a cycle: x -> y -> x");
  finish(&c, &src);
}

TEST(suggestions)
{
  source src = SOURCE_ZERO;
  compiled c = COMPILED_ZERO;
  oneshot("networking");
  oneshot("mount");
  add("mount", "dependencies", "netwroking\nqqqqqqqqqqqq\nnetwroking2\n");
  resolve(&c, &src, 3);
  CHECK_STR(complaint(&src, 0),
            "s/mount/dependencies:1: \"netwroking\" is not defined: did you mean \"networking\"?");
  CHECK_STR(complaint(&src, 1), "s/mount/dependencies:2: \"qqqqqqqqqqqq\" is not defined");
  CHECK_STR(complaint(&src, 2),
            "s/mount/dependencies:3: \"netwroking2\" is not defined: did you mean \"networking\"?");
  finish(&c, &src);
}

static compile_options const plain = {.fdhuser = 0, .block = 0, .stop = 0};

static char const *dest(char const *name)
{
  static char path[512];
  snprintf(path, sizeof path, "%s/%s", test_dir(), name);
  return path;
}

static void write_it(compiled const *c, char const *name)
{
  stralloc what = STRALLOC_ZERO;
  if (!compile_write(c, dest(name), &plain, &what)) test_failed("%s: %s", what.s, strerror(errno));
  stralloc_free(&what);
}

TEST(the_reader_finds_what_was_written)
{
  source src = SOURCE_ZERO;
  compiled c = COMPILED_ZERO;
  s6rc_db db = S6RC_DB_ZERO;
  s6rc_damage damage;
  s6rc_service sv;
  s6rc_list l;
  s6rc_identifier id;
  longrun("p");
  longrun("q");
  add("p", "producer-for", "q");
  add("q", "consumer-for", "p");
  define("o", "oneshot\n", "up", "echo \"a  b\" c");
  add("o", "down", "false");
  add("o", "timeout-up", "5000");
  add("o", "timeout-down", "70");
  add("o", "flag-recommended", "");
  add("o", "dependencies", "q\n");
  bundle("all", "o\np\n");
  resolve(&c, &src, 0);
  write_it(&c, "db");
  CHECK(s6rc_db_open(&db, dest("db")));
  if (!s6rc_db_check(&db, &damage)) test_failed("%s %s", damage.file, damage.what);
  CHECK_INT(s6rc_db_n(&db), 5);
  CHECK(s6rc_db_service(&db, 4, &sv));
  CHECK_STR(sv.name, "o");
  CHECK_INT(sv.type, S6RC_ONESHOT);
  CHECK_INT(sv.flags, S6RC_FLAG_RECOMMENDED);
  CHECK_INT(sv.timeout[S6RC_UP], 5000);
  CHECK_INT(sv.timeout[S6RC_DOWN], 70);
  CHECK_INT(sv.script[S6RC_SCRIPT_UP].argc, 3);
  CHECK_MEM(sv.script[S6RC_SCRIPT_UP].s, "echo\0a  b\0c", 12);
  CHECK_INT(sv.script[S6RC_SCRIPT_DOWN].argc, 1);
  CHECK_INT(sv.script[S6RC_SCRIPT_RELOAD].argc, 0);
  CHECK(s6rc_db_deps(&db, &sv, S6RC_UP, &l));
  CHECK_INT(l.n, 2);
  CHECK_INT(s6rc_list_get(&l, 0), S6RC_NUMBER_ONESHOT_RUNNER);
  CHECK_INT(s6rc_list_get(&l, 1), 3);
  CHECK(s6rc_db_service(&db, 2, &sv));
  CHECK_STR(sv.name, "p");
  CHECK_INT(sv.consumer, 3);
  CHECK(s6rc_db_service(&db, 3, &sv));
  CHECK_INT(sv.producers.n, 1);
  CHECK_INT(s6rc_list_get(&sv.producers, 0), 2);
  CHECK_INT(s6rc_db_resolve(&db, "all", 3, &id), 1);
  CHECK_INT(id.type, S6RC_BUNDLE);
  CHECK_INT(id.contents.n, 2);
  CHECK_INT(s6rc_list_get(&id.contents, 0), 2);
  CHECK_INT(s6rc_list_get(&id.contents, 1), 4);
  CHECK_INT(s6rc_db_resolve(&db, S6RC_FDHOLDER, sizeof S6RC_FDHOLDER - 1, &id), 1);
  CHECK_INT(id.type, S6RC_LONGRUN);
  s6rc_db_close(&db);
  finish(&c, &src);
}

TEST(nothing_but_the_generated)
{
  source src = SOURCE_ZERO;
  compiled c = COMPILED_ZERO;
  s6rc_db db = S6RC_DB_ZERO;
  s6rc_damage damage;
  puts_to("s/README", "");
  resolve(&c, &src, 0);
  CHECK_INT(src.count[SOURCE_WARNING], 1);
  write_it(&c, "db");
  CHECK(s6rc_db_open(&db, dest("db")));
  CHECK(s6rc_db_check(&db, &damage));
  CHECK_INT(s6rc_db_n(&db), S6RC_NGENERATED);
  s6rc_db_close(&db);
  finish(&c, &src);
}

static void write_refused(compiled const *c, char const *name, int error)
{
  stralloc what = STRALLOC_ZERO;
  CHECK(!compile_write(c, dest(name), &plain, &what));
  CHECK_ERRNO(error);
  CHECK(what.len && !what.s[what.len - 1]);
  stralloc_free(&what);
}

TEST(destinations)
{
  source src = SOURCE_ZERO;
  compiled c = COMPILED_ZERO;
  volatile sig_atomic_t stop = SIGTERM;
  compile_options const stopped = {.stop = &stop};
  stralloc what = STRALLOC_ZERO;
  struct stat st;
  oneshot("a");
  resolve(&c, &src, 0);
  CHECK(!mkdir(dest("empty"), 0711));
  puts_to("file", "x");
  write_refused(&c, "empty", EEXIST);
  write_refused(&c, "empty/", EEXIST);
  write_refused(&c, "file", EEXIST);
  write_refused(&c, "no/such", ENOENT);
  write_refused(&c, "file/db", ENOTDIR);
  CHECK(!stat(dest("empty"), &st) && (st.st_mode & 0777) == 0711);
  CHECK(!rmdir(dest("empty")));
  CHECK(!compile_write(&c, dest("db"), &stopped, &what));
  CHECK_ERRNO(EINTR);
  write_it(&c, "db///");
  write_refused(&c, "db", EEXIST);
  /* nothing is left beside */
  CHECK_INT(compile_sweep(dest("empty")), 0);
  CHECK_INT(compile_sweep(dest("db")), 0);
  CHECK(!unlink(dest("file")));
  stralloc_free(&what);
  finish(&c, &src);
}

TEST(sweeping)
{
  compile_staging s;
  int status;
  pid_t pid;
  char name[64];
  struct stat st;
  CHECK(compile_staging_start(&s, dest("db")));
  snprintf(name, sizeof name, "%s", s.name.s);
  /* a lock says nothing to the process that holds it: ask as another one */
  pid = fork();
  CHECK(pid >= 0);
  if (!pid) _exit((int)compile_sweep(dest("db")));
  CHECK(waitpid(pid, &status, 0) == pid);
  CHECK_INT(status, 0);
  CHECK(!stat(dest(name), &st));
  CHECK_INT(st.st_mode & 07777, 0700);
  close(s.lock);
  CHECK_INT(compile_sweep(dest("d")), 0);
  CHECK_INT(compile_sweep(dest("db")), 1);
  CHECK(stat(dest(name), &st) < 0);
  /* killed before there was a lock; a file and a link of such a name are none */
  CHECK(!mkdir(dest("db:s6-rc-compile:abcdef"), 0700));
  puts_to("db:s6-rc-compile:ghijkl", "");
  CHECK(!mkdir(dest("other"), 0700));
  CHECK(!symlink("other", dest("db:s6-rc-compile:mnopqr")));
  CHECK_INT(compile_sweep(dest("db")), 1);
  CHECK(!stat(dest("other"), &st) && !lstat(dest("db:s6-rc-compile:mnopqr"), &st));
  CHECK(!stat(dest("db:s6-rc-compile:ghijkl"), &st));
  close(s.fd);
  close(s.parent);
  stralloc_free(&s.name);
  stralloc_free(&s.dest);
}
