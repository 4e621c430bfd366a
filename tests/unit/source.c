/* ISC license. */

/* src/source: from files to the model, and what is said about them. */

#include "definitions.h"

TEST(interned_names)
{
  source src = SOURCE_ZERO;
  char name[16];
  for (unsigned int i = 0; i < 5000; i++) {
    int n = snprintf(name, sizeof name, "n%u", i);
    CHECK_INT(source_intern(&src, name, (size_t)n), i);
  }
  for (unsigned int i = 0; i < 5000; i++) {
    int n = snprintf(name, sizeof name, "n%u", i);
    CHECK_INT(source_intern(&src, name, (size_t)n), i);
    CHECK_STR(source_name(&src, i), name);
    CHECK_INT(source_namelen(&src, i), n);
  }
  CHECK_INT(source_nnames(&src), 5000);
  CHECK_INT(source_intern(&src, "n1x", 2), 1);
  source_free(&src);
}

TEST(attributes)
{
  for (unsigned int i = 0; i < SOURCE_NFILES; i++)
    CHECK_INT(source_attribute_find(source_attribute_name(i)), i);
  CHECK_INT(source_attribute_find("type"), SOURCE_TYPE);
  CHECK_STR(source_attribute_name((unsigned int)source_attribute_find("run")), "run");
  CHECK_INT(source_attribute_find("log"), -1);
  CHECK_INT(source_attribute_find("ru"), -1);
  CHECK_INT(source_attribute_find("runs"), -1);
  CHECK_INT(source_attribute_find(""), -1);
}

TEST(services_in_byte_order)
{
  static char const *const names[] = {"A", "a", "a b", "a-b", "ab", "\303\251"};
  source src = SOURCE_ZERO;
  for (size_t i = sizeof names / sizeof *names; i; i--) {
    char path[64];
    snprintf(path, sizeof path, "s/%s/type", names[i - 1]);
    puts_to(path, "oneshot");
    snprintf(path, sizeof path, "s/%s/up", names[i - 1]);
    puts_to(path, "");
  }
  puts_to("s/.hidden/type", "nonsense");
  puts_to("s/file", "");
  read_definitions(&src, 1);
  CHECK_INT(source_nservices(&src), sizeof names / sizeof *names);
  for (uint32_t i = 0; i < source_nservices(&src); i++) {
    CHECK_STR(source_name(&src, source_services(&src)[i].name), names[i]);
    CHECK_INT(source_services(&src)[i].type, S6RC_ONESHOT);
  }
  CHECK_COMPLAINTS(&src, 0);
  source_free(&src);
}

TEST(lists)
{
  source src = SOURCE_ZERO;
  source_service const *sv;
  source_item const *items;
  puts_to("s/a/type", "oneshot\n");
  puts_to("s/a/up", "true");
  puts_to("s/a/dependencies", "b\n\n  \t c d \n# comment\n   #more\nb\n\t\nlast");
  read_definitions(&src, 1);
  sv = source_services(&src);
  CHECK_INT(sv->deps.n, 3);
  CHECK_INT(sv->deps.file, SOURCE_DEPENDENCIES);
  items = source_items(&src, &sv->deps);
  CHECK_STR(source_name(&src, items[0].name), "b");
  CHECK_INT(items[0].line, 1);
  CHECK_STR(source_name(&src, items[1].name), "c d ");
  CHECK_INT(items[1].line, 3);
  CHECK_STR(source_name(&src, items[2].name), "last");
  CHECK_INT(items[2].line, 8);
  CHECK_COMPLAINTS(&src, 1);
  CHECK_STR(complaint(&src, 0), "s/a/dependencies:6: \"b\" is given twice");
  CHECK_INT(src.count[SOURCE_WARNING], 1);
  CHECK_INT(source_nerrors(&src), 0);
  source_free(&src);
}

TEST(the_directory_wins)
{
  source src = SOURCE_ZERO;
  source_service const *sv;
  puts_to("s/a/type", "bundle\n");
  puts_to("s/a/contents", "x\ny\n");
  puts_to("s/a/contents.d/z", "what it holds\n");
  puts_to("s/a/contents.d/.hidden", "");
  read_definitions(&src, 2);
  sv = source_services(&src);
  CHECK_INT(sv->contents.n, 1);
  CHECK_INT(sv->contents.file, SOURCE_CONTENTS_D);
  CHECK_STR(source_name(&src, source_items(&src, &sv->contents)->name), "z");
  CHECK_INT(source_items(&src, &sv->contents)->line, 0);
  CHECK_COMPLAINTS(&src, 1);
  CHECK_STR(complaint(&src, 0), "s/a/contents: ignored because of contents.d");
  source_free(&src);
}

TEST(numbers)
{
  static char const *const good[] = {"0", "5000\n", "5000\n\n\n", "0007", "4294967295"};
  static uint32_t const values[] = {0, 5000, 5000, 7, UINT32_MAX};
  static char const *const bad[] = {"",    "\n",    " 5",   "5 ",         "+5", "-5",
                                    "0x5", "5\r\n", "5\n6", "4294967296", "5s"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    source src = SOURCE_ZERO;
    puts_to("s/a/type", "oneshot\n");
    puts_to("s/a/up", "true");
    puts_to("s/a/timeout-down", good[i]);
    read_definitions(&src, 1);
    CHECK_COMPLAINTS(&src, 0);
    CHECK_INT(source_services(&src)->timeout[S6RC_DOWN], values[i]);
    CHECK_INT(source_services(&src)->timeout[S6RC_UP], 0);
    source_free(&src);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    source src = SOURCE_ZERO;
    puts_to("s/a/timeout-down", bad[i]);
    read_definitions(&src, 1);
    CHECK_INT(source_nerrors(&src), 1);
    CHECK(!strncmp(complaint(&src, 0), "s/a/timeout-down: ", 18));
    source_free(&src);
  }
  source src = SOURCE_ZERO;
  put("s/a/timeout-down", "5\0", 2);
  read_definitions(&src, 1);
  CHECK_INT(source_nerrors(&src), 1);
  source_free(&src);
}

TEST(scripts)
{
  source src = SOURCE_ZERO;
  source_script const *x;
  puts_to("s/a/type", "oneshot\n");
  puts_to("s/a/up", "#!/bin/execlineb\n  if { echo \"a  b\" } true");
  puts_to("s/a/down", "");
  read_definitions(&src, 1);
  CHECK_COMPLAINTS(&src, 0);
  x = source_services(&src)->script;
  CHECK_INT(x[S6RC_SCRIPT_UP].argc, 5);
  CHECK_INT(x[S6RC_SCRIPT_UP].len, sizeof "if\0 echo\0 a  b\0\0true");
  CHECK_MEM(src.text.s + x[S6RC_SCRIPT_UP].start, "if\0 echo\0 a  b\0\0true", x[S6RC_SCRIPT_UP].len);
  CHECK_INT(x[S6RC_SCRIPT_DOWN].argc, 0);
  CHECK_INT(x[S6RC_SCRIPT_RELOAD].argc, 0);
  source_free(&src);
}

TEST(lines_of_lexing_errors)
{
  static struct {
    char const *script;
    char const *said;
  } const cases[] = {
      {"a\nb \"c\nd\n", "s/a/up:2: a quote is opened here and never closed"},
      {"a \"b\nc\" d\\\n\"e", "s/a/up:3: a quote is opened here and never closed"},
      {"# {\nif { a\n{ b }\n", "s/a/up:2: a block is opened here and never closed: } is missing"},
      {"if { a {\n b\n }\n", "s/a/up:1: a block is opened here and never closed: } is missing"},
      {"if {", "s/a/up:1: a block is opened here and never closed: } is missing"},
      {"a\nb\n}\nc", "s/a/up:3: a } closes a block that was never opened"},
      {"a\nb \"\\0x00\"\nc", "s/a/up:2: syntax error: not an execline command line"},
      {"a\nb \"\\999\"", "s/a/up:2: syntax error: not an execline command line"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    source src = SOURCE_ZERO;
    puts_to("s/a/type", "oneshot\n");
    puts_to("s/a/up", cases[i].script);
    read_definitions(&src, 1);
    CHECK_INT(source_nerrors(&src), 1);
    CHECK_STR(complaint(&src, 0), cases[i].said);
    source_free(&src);
  }
}

TEST(files_for_the_service_directory)
{
  source src = SOURCE_ZERO;
  source_sdfile const *f;
  puts_to("s/a/type", "longrun\n");
  puts_to("s/a/run", "#!/bin/sh\n");
  puts_to("s/a/notification-fd", "03\n\n");
  puts_to("s/a/flag-newpidns", "whatever");
  puts_to("s/a/down-signal", "SIGHUP");
  puts_to("s/a/data/x", "");
  puts_to("s/a/down", "");
  read_definitions(&src, 1);
  CHECK_COMPLAINTS(&src, 0);
  CHECK_INT(source_services(&src)->nsdfiles, 5);
  f = genalloc_s(source_sdfile, &src.sdfiles) + source_services(&src)->sdfiles;
#define CHECK_FILE(name, n, content)                                            \
  CHECK_STR(source_attribute_name(SOURCE_NFILES + f->which), name);             \
  CHECK_INT(f->len, n);                                                         \
  if (f->len != SOURCE_COPY) CHECK_MEM(src.text.s + f->start, content, f->len); \
  f++;
  CHECK_FILE("data", SOURCE_COPY, "")
  CHECK_FILE("down-signal", 6, "SIGHUP")
  CHECK_FILE("flag-newpidns", 0, "")
  CHECK_FILE("notification-fd", 2, "3\n")
  CHECK_FILE("run", 10, "#!/bin/sh\n")
  source_free(&src);
}

TEST(large_files)
{
  size_t const size = 300001;
  source src = SOURCE_ZERO;
  source_sdfile const *f;
  char *s = malloc(size);
  CHECK(s);
  for (size_t i = 0; i < size; i++) s[i] = (char)(i % 251);
  puts_to("s/a/type", "longrun\n");
  put("s/a/run", s, size);
  read_definitions(&src, 1);
  f = genalloc_s(source_sdfile, &src.sdfiles);
  CHECK_INT(f->len, size);
  CHECK_MEM(src.text.s + f->start, s, size);
  free(s);
  source_free(&src);
}

TEST(an_unknown_type_does_not_hide_the_rest)
{
  source src = SOURCE_ZERO;
  puts_to("s/a/type", "oneshot \n");
  puts_to("s/a/timeout-up", "x\n");
  puts_to("s/b/dependencies", "x/y\n");
  puts_to("s/b/up", "{");
  read_definitions(&src, 1);
  CHECK_COMPLAINTS(&src, 5);
  CHECK_STR(complaint(&src, 0), "s/a: a oneshot needs a file up, and there is none");
  CHECK_STR(complaint(&src, 1), "s/a/type: bad type \"oneshot \": it must be longrun, oneshot or bundle");
  CHECK_STR(complaint(&src, 2), "s/a/timeout-up: not an unsigned integer: \"x\"");
  CHECK_STR(complaint(&src, 3), "s/b: no file type: is this a service definition?");
  CHECK_STR(complaint(&src, 4), "s/b/dependencies:1: bad name \"x/y\": a name holds no slash");
  CHECK_INT(source_services(&src)[0].type, S6RC_ONESHOT);
  CHECK_INT(source_services(&src)[1].type, S6RC_NTYPES);
  source_free(&src);
}

TEST(messages_are_one_line)
{
  source src = SOURCE_ZERO;
  source_place place = {S6RC_NONE, "dir\n", "e\033", 7};
  source_complain(&src, SOURCE_ERROR, &place, "%q and %s", "a\"\\\n\001\303\251", "\"x\r");
  CHECK_STR(src.complaint_text.s, "dir\\n/e\\x1b:7: \"a\\\"\\\\\\n\\x01\303\251\" and \"x\\r");
  CHECK_INT(source_nerrors(&src), 1);
  source_free(&src);
}

TEST(system_errors)
{
  source src = SOURCE_ZERO;
  char path[64];
  puts_to("s/a/type", "longrun\n");
  snprintf(path, sizeof path, "%s/s/a/run", test_dir());
  CHECK(!symlink("run", path));
  read_definitions(&src, 1);
  CHECK_COMPLAINTS(&src, 1);
  CHECK_INT(src.count[SOURCE_SYSERROR], 1);
  CHECK(!strncmp(complaint(&src, 0), "s/a/run: unable to open: ", 25));
  source_free(&src);
}

TEST(paths)
{
  static char const *const dirs[] = {"x/", "y"};
  source src = SOURCE_ZERO;
  source_service sv = {.dir = 0};
  stralloc path = STRALLOC_ZERO;
  src.dirs = dirs;
  sv.name = source_intern(&src, "a b", 3);
  CHECK(genalloc_append(source_service, &src.services, &sv));
  CHECK(source_path(&src, 0, "run", &path) && stralloc_0(&path));
  CHECK_STR(path.s, "x/a b/run");
  source_services(&src)->dir = 1;
  path.len = 0;
  CHECK(source_path(&src, 0, 0, &path) && stralloc_0(&path));
  CHECK_STR(path.s, "y/a b");
  stralloc_free(&path);
  source_free(&src);
}
