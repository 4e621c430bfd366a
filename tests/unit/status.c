/* ISC license. */

/* What is a problem, and the forms of the output; without a live directory. */

#include <s6-rc/types.h>

#include "status/status.h"

#include "test.h"

#define DAYS 86400

static status_service const fine_up = {.type = S6RC_LONGRUN,
                                       .name = "a",
                                       .namelen = 1,
                                       .real = STATUS_UP,
                                       .pid = 7,
                                       .wanted = 1,
                                       .supervisorwants = 1,
                                       .record = {.direction = S6RC_RECORD_UP, .result = S6RC_RESULT_DONE}};
static status_service const fine_down = {.type = S6RC_LONGRUN,
                                         .name = "a",
                                         .namelen = 1,
                                         .real = STATUS_DOWN,
                                         .record = {.direction = S6RC_RECORD_DOWN,
                                                    .result = S6RC_RESULT_DONE}};

static status_problem judge(status_service sv, s6rc_recorddir dir, s6rc_result result)
{
  sv.record.direction = dir;
  sv.record.result = result;
  return status_judge(&sv);
}

TEST(fine)
{
  status_service sv = fine_down;
  CHECK_INT(status_judge(&fine_up), STATUS_FINE);
  CHECK_INT(status_judge(&fine_down), STATUS_FINE);
  sv.record.direction = S6RC_RECORD_NONE;
  CHECK_INT(status_judge(&sv), STATUS_FINE);
  sv = fine_up;
  sv.real = STATUS_PAUSED;
  CHECK_INT(status_judge(&sv), STATUS_FINE);
  /* nobody knows: no problem */
  sv = (status_service){.type = S6RC_LONGRUN, .real = STATUS_UNKNOWN, .wanted = 1};
  CHECK_INT(status_judge(&sv), STATUS_FINE);
}

TEST(supervisor)
{
  status_service sv = fine_up;
  sv.real = STATUS_UNSUPERVISED;
  CHECK_INT(judge(sv, S6RC_RECORD_UP, S6RC_RESULT_UNDERWAY), STATUS_NOSUPERVISOR);
  sv = fine_up;
  sv.supervisorwants = 0;
  CHECK_INT(status_judge(&sv), STATUS_DRIFTED);
  sv = fine_up;
  sv.real = STATUS_DOWN;
  CHECK_INT(status_judge(&sv), STATUS_DEAD);
  sv.real = STATUS_FINISHING;
  CHECK_INT(status_judge(&sv), STATUS_DEAD);
  sv = fine_up;
  sv.notifies = 1;
  CHECK_INT(status_judge(&sv), STATUS_UNREADY);
  sv.ready = 1;
  CHECK_INT(status_judge(&sv), STATUS_FINE);
  sv = fine_down;
  sv.supervisorwants = 1;
  CHECK_INT(status_judge(&sv), STATUS_DRIFTED);
  sv = fine_down;
  sv.real = STATUS_UP;
  sv.pid = 7;
  CHECK_INT(status_judge(&sv), STATUS_DRIFTED);
}

TEST(results)
{
  static status_problem const wanted[S6RC_NRESULTS] = {[S6RC_RESULT_UNDERWAY] = STATUS_FINE,
                                                       [S6RC_RESULT_DONE] = STATUS_FINE,
                                                       [S6RC_RESULT_LEFT] = STATUS_UNFINISHED,
                                                       [S6RC_RESULT_BLOCKED] = STATUS_BLOCKED,
                                                       [S6RC_RESULT_SKIPPED] = STATUS_BLOCKED};
  for (int i = 0; i < S6RC_NRESULTS; i++) {
    status_problem p = i > S6RC_RESULT_DONE && i < S6RC_RESULT_LEFT ? STATUS_FAILED : wanted[i];
    CHECK_INT(judge(fine_down, S6RC_RECORD_UP, (s6rc_result)i), p);
    CHECK_INT(judge(fine_up, S6RC_RECORD_DOWN, (s6rc_result)i), p);
    /* it is where that was to lead */
    CHECK_INT(judge(fine_up, S6RC_RECORD_UP, (s6rc_result)i), STATUS_FINE);
    CHECK_INT(judge(fine_down, S6RC_RECORD_DOWN, (s6rc_result)i), STATUS_FINE);
  }
}

TEST(both)
{
  status_service sv = fine_down;
  sv.real = STATUS_UP;
  sv.pid = 7;
  sv.supervisorwants = 1;
  /* on its way */
  CHECK_INT(judge(sv, S6RC_RECORD_UP, S6RC_RESULT_UNDERWAY), STATUS_FINE);
  sv.killed = 1;
  CHECK_INT(judge(sv, S6RC_RECORD_UP, S6RC_RESULT_UNDERWAY), STATUS_UNFINISHED);
  sv.killed = 0;
  CHECK_INT(judge(sv, S6RC_RECORD_UP, S6RC_RESULT_LEFT), STATUS_UNFINISHED);
  /* started by hand after that */
  CHECK_INT(judge(sv, S6RC_RECORD_UP, S6RC_RESULT_EXITED), STATUS_DRIFTED);
}

TEST(problems_are_kept)
{
  status_service all[4] = {fine_up, fine_up, fine_up, fine_up};
  status st = {.services = all, .n = 4};
  for (uint32_t i = 0; i < 4; i++) all[i].number = i;
  all[1].problem = STATUS_DEAD;
  all[3].problem = STATUS_FAILED;
  CHECK_INT(status_keep_problems(&st), 2);
  CHECK_INT(st.n, 2);
  CHECK_INT(all[0].number, 1);
  CHECK_INT(all[1].number, 3);
}

/* Empty, for one output; two of them, for who compares. */
static stralloc *output(void)
{
  static stralloc all[2];
  static unsigned int k;
  k = !k;
  all[k].len = 0;
  return all + k;
}

static char *text(stralloc *sa)
{
  CHECK(stralloc_0(sa));
  return sa->s;
}

static char const *name_of(char const *s)
{
  stralloc *sa = output();
  CHECK(status_cat_name(sa, s, strlen(s)));
  return text(sa);
}

TEST(names)
{
  CHECK_STR(name_of("plain name"), "plain name");
  CHECK_STR(name_of("a\tb\nc\1\177"), "a\\0011b\\0012c\\0001\\0177");
  CHECK_STR(name_of("back\\slash"), "back\\\\slash");
  CHECK_STR(name_of("\303\244\377"), "\303\244\377");
}

static status_field const *field(char const *name)
{
  status_field const *f;
  char const *wrong;
  size_t len;
  CHECK_INT(status_find_fields(name, &f, 1, &wrong, &len), 1);
  return f;
}

TEST(finding_fields)
{
  status_field const *list[3];
  char const *wrong;
  size_t len;
  CHECK_INT(status_find_fields("pid,name,pid", list, 3, &wrong, &len), 3);
  CHECK_STR(list[0]->name, "pid");
  CHECK_STR(list[1]->name, "name");
  CHECK(list[2] == list[0]);
  CHECK_INT(status_find_fields("pid,nope,x", list, 3, &wrong, &len), 0);
  CHECK_INT(len, 4);
  CHECK_MEM(wrong, "nope", 4);
  CHECK_INT(status_find_fields("pid,pid,pid,type", list, 3, &wrong, &len), 0);
  CHECK_MEM(wrong, "type", 4);
  CHECK_INT(status_find_fields("", list, 3, &wrong, &len), 0);
  CHECK_INT(status_find_fields("pid,", list, 3, &wrong, &len), 0);
  CHECK_INT(status_find_fields("na", list, 3, &wrong, &len), 0);
}

static char const *age_in_table(uint64_t seconds)
{
  static tain const begin = {.sec = {0x400000006b09e000}, .nano = 5};
  status_service sv = fine_up;
  status st = {.services = &sv, .n = 1, .now = begin};
  stralloc *sa = output();
  char *s, *end;
  sv.since = begin;
  st.now.sec.x += seconds;
  CHECK(status_cat_table(sa, &st));
  s = strstr(text(sa), "\na ");
  CHECK(s && (s = strstr(s, " -  ")));
  s += 3;
  s += strspn(s, " ");
  end = strstr(s, "  ");
  CHECK(end);
  *end = 0;
  return s;
}

TEST(ages)
{
  CHECK_STR(age_in_table(0), "0s");
  CHECK_STR(age_in_table(59), "59s");
  CHECK_STR(age_in_table(60), "1m 0s");
  CHECK_STR(age_in_table(3599), "59m 59s");
  CHECK_STR(age_in_table(3600), "1h 0m");
  CHECK_STR(age_in_table(DAYS - 1), "23h 59m");
  CHECK_STR(age_in_table(DAYS), "1d 0h");
  CHECK_STR(age_in_table(UINT64_C(1000) * DAYS + 7200), "1000d 2h");
  /* the clock has been set back */
  CHECK_STR(age_in_table((uint64_t)-5), "0s");
}

static char const *value_of(status_service const *sv, char const *name)
{
  stralloc *sa = output();
  status_field const *f = field(name);
  status st = {.n = 1};
  st.services = (status_service *)sv;
  CHECK(status_cat_fields(sa, &st, &f, 1));
  return text(sa);
}

/* TAI64N labels as skalibs makes them of the system's clock. */
TEST(times)
{
  status_service sv = fine_up;
  struct timespec const ts = {.tv_sec = 1795809272, .tv_nsec = 312999999};
  CHECK_STR(value_of(&sv, "since"), "-\n");
  CHECK(tain_from_timespec_sysclock(&sv.since, &ts));
  CHECK_STR(value_of(&sv, "since"), "2026-11-27T19:54:32.312Z\n");
  sv.since.sec.x = UINT64_MAX; /* what a damaged file may say: anything, but no crash */
  CHECK(*value_of(&sv, "since"));
}

static char const *json(char const *name, size_t len)
{
  status_service sv = {.type = S6RC_ONESHOT, .name = name, .namelen = (uint32_t)len};
  status_field const *f = field("name");
  status st = {.services = &sv, .n = 1, .lastrun = 12};
  stralloc *sa = output();
  CHECK(status_cat_json(sa, &st, &f, 1));
  return text(sa);
}

#define JSON(s) json(s, sizeof(s) - 1)
#define DOC(s)  "{\"run\": 12, \"services\": [\n{\"name\": " s "}\n]}\n"

TEST(json_strings)
{
  CHECK_STR(JSON("plain"), DOC("\"plain\""));
  CHECK_STR(JSON("q\"b\\c\n\177"), DOC("\"q\\\"b\\\\c\\u000a\\u007f\""));
  CHECK_STR(JSON("\303\244\342\202\254\360\237\231\202"), DOC("\"\303\244\342\202\254\360\237\231\202\""));
  /* the ends of what is UTF-8 */
  CHECK_STR(JSON("\302\200\355\237\277\356\200\200\364\217\277\277"),
            DOC("\"\302\200\355\237\277\356\200\200\364\217\277\277\""));
  CHECK_STR(JSON("\377"), DOC("\"\\ufffd\", \"name_hex\": \"ff\""));
  CHECK_STR(JSON("a\303"), DOC("\"a\\ufffd\", \"name_hex\": \"61c3\""));
  CHECK_STR(JSON("\300\200"), DOC("\"\\ufffd\\ufffd\", \"name_hex\": \"c080\""));
  CHECK_STR(JSON("\340\237\277"), DOC("\"\\ufffd\\ufffd\\ufffd\", \"name_hex\": \"e09fbf\""));
  CHECK_STR(JSON("\355\240\200"), DOC("\"\\ufffd\\ufffd\\ufffd\", \"name_hex\": \"eda080\""));
  CHECK_STR(JSON("\364\220\200\200"), DOC("\"\\ufffd\\ufffd\\ufffd\\ufffd\", \"name_hex\": \"f4908080\""));
  CHECK_STR(JSON("\342\202x"), DOC("\"\\ufffd\\ufffdx\", \"name_hex\": \"e28278\""));
}

TEST(json_without_services)
{
  status st = {.n = 0};
  status_field const *f = field("name");
  stralloc *sa = output();
  CHECK(status_cat_json(sa, &st, &f, 1));
  CHECK_STR(text(sa), "{\"run\": 0, \"services\": []}\n");
}

/* Every field of a service of which nothing is known. */
TEST(nothing_known)
{
  static char const *const wanted[] = {"a", "longrun", "down", "no", "unknown", "-", "-", "-", "-", "-",
                                       "-", "-",       "-",    "-",  "-",       "-", "-", "-", "-", "-"};
  status_service const sv = {.type = S6RC_LONGRUN, .name = "a", .namelen = 1};
  CHECK_INT(status_nfields, sizeof wanted / sizeof *wanted);
  for (size_t i = 0; i < status_nfields; i++) {
    char const *s = value_of(&sv, status_fields[i].name);
    CHECK_INT(strlen(s), strlen(wanted[i]) + 1);
    CHECK_MEM(s, wanted[i], strlen(wanted[i]));
  }
}
