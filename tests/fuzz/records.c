/* ISC license. */

/* The files `state` and `records` of a live directory, and what is told from
   them: s6-rc-status, s6-rc-why and s6-rc-times. By the first byte (enum
   how_e) the rest of the input is a state, or records: then it begins with the
   state's byte for each service. */

#include "fuzz.h"

#include <skalibs/buffer.h>
#include <skalibs/stralloc.h>

#include <s6-rc/live.h>
#include <s6-rc/record.h>
#include <s6-rc/state.h>

#include "report/report-record.h"
#include "status/status.h"
#include "times/times.h"
#include "why/why.h"

#include "../unit/dbtext.h"

/* SIZE: the file gets the size that it must have; SEALS: its checks are made
   right; SMALL: directions and results are such as there are; TELL: what is told
   of them is made, otherwise a run of s6-rc */
enum how_e { STATE = 1, SIZE = 2, SEALS = 4, SMALL = 8, TELL = 16 };

/* where a record has its direction, its result, and its own check */
enum { DIRECTION = 0, RESULT = 4, SEAL = S6RC_RECORD_SIZE - 4 };

static char const text[] = "l a !; l b : a; l log; l in > log; o one : b; o two : one a; o three : two";

enum { N = 9 };

static s6rc_live live = S6RC_LIVE_ZERO;

static void start(void)
{
  int null = open("/dev/null", O_WRONLY);
  /* texts go to descriptor 1 */
  CHECK(null >= 0 && dup2(null, 1) == 1);
  dbtext_open(&live.db, fuzz_path("db"), text);
  CHECK(s6rc_db_n(&live.db) == N);
  CHECK(!mkdir(fuzz_path(S6RC_SERVICEDIRS), 0755));
  live.fd = open(fuzz_dir(), O_RDONLY | O_DIRECTORY);
  CHECK(live.fd >= 0);
}

static void put(char const *name, void const *s, size_t len)
{
  int fd = openat(live.fd, name, O_WRONLY | O_CREAT, 0644);
  CHECK(fd >= 0);
  fuzz_rewrite(fd, s, len);
  close(fd);
}

/* --- state */

static void try_state(fuzz_input in)
{
  uint32_t n = fuzz_word(&in) % 512;
  unsigned char *s = malloc((size_t)n + 1), *again = malloc((size_t)n + 1);
  int good = in.len == n;
  CHECK(s && again);
  for (uint32_t i = 0; good && i < n; i++) good = !(in.s[i] & ~S6RC_STATE_ALL);
  put(S6RC_STATE_FILE, in.s, in.len);
  CHECK(s6rc_state_read(live.fd, s, n) == good && (good || errno == EPROTO));
  if (good) {
    CHECK(!memcmp(s, in.s, n));
    if (n) s[n / 2] ^= S6RC_STATE_UP;
    CHECK(s6rc_state_write(live.fd, in.s, n));
    if (n) {
      int fd = s6rc_state_open(live.fd);
      CHECK(fd >= 0 && s6rc_state_set(fd, n / 2, s[n / 2]));
      close(fd);
    }
    CHECK(s6rc_state_read(live.fd, again, n) && !memcmp(again, s, n));
  }
  free(s);
  free(again);
}

/* --- records */

static void seal(unsigned char *s)
{
  s6rc_le32_put(s + SEAL, s6rc_hash_words(S6RC_HASH_INIT, s, SEAL / 4));
}

/* The file as the input has it, mended. Its header is in front. */
static void make_file(stralloc *sa, fuzz_input const *in, unsigned int how)
{
  size_t size = how & SIZE ? (N + 1) * S6RC_RECORD_SIZE : in->len;
  sa->len = 0;
  CHECK(stralloc_ready(sa, size + 1));
  memset(sa->s, 0, size + 1);
  if (in->len) memcpy(sa->s, in->s, size < in->len ? size : in->len);
  sa->len = size;
  for (size_t i = 0; how & SEALS && (i + 1) * S6RC_RECORD_SIZE <= size; i++) {
    static unsigned char const zero[S6RC_RECORD_SIZE];
    unsigned char *s = (unsigned char *)sa->s + i * S6RC_RECORD_SIZE;
    if (i && how & SMALL) {
      s[DIRECTION] %= S6RC_RECORD_NDIRS;
      s[RESULT] %= S6RC_NRESULTS;
      memset(s + DIRECTION + 1, 0, 3);
      memset(s + RESULT + 1, 0, 3);
    }
    if (memcmp(s, zero, sizeof zero)) seal(s);
  }
}

static void check_codec(unsigned char const *s)
{
  unsigned char packed[S6RC_RECORD_SIZE];
  s6rc_record r, again;
  stralloc words = STRALLOC_ZERO;
  if (!s6rc_record_unpack(s, &r)) {
    CHECK(errno == EPROTO && r.direction == S6RC_RECORD_NONE);
    return;
  }
  CHECK(r.direction < S6RC_RECORD_NDIRS && r.result < S6RC_NRESULTS);
  s6rc_record_pack(packed, &r);
  CHECK(s6rc_record_unpack(packed, &again));
  CHECK(r.direction == again.direction && r.result == again.result && r.value == again.value);
  CHECK(r.run == again.run && r.monobegin == again.monobegin && r.monoend == again.monoend);
  CHECK(r.begin.sec.x == again.begin.sec.x && r.begin.nano == again.begin.nano);
  CHECK(r.end.sec.x == again.end.sec.x && r.end.nano == again.end.nano);
  CHECK(report_record(&words, &r, 1, 0) && report_record(&words, &r, 0, "name"));
  fuzz_touch(words.s, words.len);
  stralloc_free(&words);
  /* one changed byte */
  if (r.direction) {
    memcpy(packed, s, sizeof packed);
    packed[s[DIRECTION + 8] % sizeof packed] ^= (unsigned char)(s[RESULT + 8] | 1);
    CHECK(!s6rc_record_unpack(packed, &again));
  }
}

/* Everything that is told of them; failures would be for want of memory. */
static void tell(unsigned char const *mark, uint32_t run)
{
  status st;
  times t;
  why w = WHY_ZERO;
  stralloc sa = STRALLOC_ZERO;
  status_field const *fields[32];
  CHECK(status_nfields <= sizeof fields / sizeof *fields);
  for (size_t i = 0; i < status_nfields; i++) fields[i] = status_fields + i;
  CHECK(status_read(&st, &live, mark));
  CHECK(status_cat_table(&sa, &st) && status_cat_json(&sa, &st, fields, status_nfields) &&
        status_cat_fields(&sa, &st, fields, status_nfields));
  fuzz_touch(sa.s, sa.len);
  status_keep_problems(&st);
  CHECK(status_cat_table(&sa, &st));
  stralloc_free(&sa);
  status_free(&st);
  CHECK(why_read(&w, &live, mark) && why_print(&w));
  why_free(&w);
  if (times_read(&t, &live, mark, run))
    CHECK(times_blame(&t) && times_chain(&t) && times_runs(&t) && times_plot(&t));
  times_free(&t);
  CHECK(buffer_flush(buffer_1));
}

/* What a run of s6-rc does with the file, whatever is in it. */
static void change(int whole, s6rc_records const *before)
{
  s6rc_record r = {.direction = S6RC_RECORD_UP, .result = S6RC_RESULT_DONE, .monobegin = 1, .monoend = 2},
              got;
  s6rc_records after;
  s6rc_records_found found;
  uint32_t run = 0;
  int fd = s6rc_records_open(live.fd, N, &run, &found);
  CHECK(fd >= 0 && run);
  CHECK(found == (whole ? S6RC_RECORDS_WHOLE : S6RC_RECORDS_DAMAGED));
  r.run = run;
  CHECK(s6rc_record_set(fd, N - 1, &r));
  close(fd);
  CHECK(s6rc_records_load(&after, live.fd, N, N) && after.lastrun == run);
  for (uint32_t i = 0; i < N - 1; i++) {
    s6rc_record was;
    int ok = s6rc_records_get(before, i, &was);
    CHECK(s6rc_records_get(&after, i, &got) == ok && got.direction == was.direction && got.run == was.run);
  }
  CHECK(s6rc_records_get(&after, N - 1, &got) && got.run == run && got.monoend == r.monoend);
  CHECK(s6rc_records_write(live.fd, &after));
  s6rc_records_free(&after);
  CHECK(s6rc_records_read(&after, live.fd, N) && after.lastrun == run && after.over == run);
  s6rc_records_free(&after);
}

static void try_records(fuzz_input in, unsigned int how)
{
  static stralloc file = STRALLOC_ZERO;
  unsigned char state[N], mark[N];
  s6rc_records r;
  int whole;
  for (unsigned int i = 0; i < N; i++) {
    unsigned int byte = fuzz_byte(&in);
    state[i] = byte & S6RC_STATE_ALL;
    mark[i] = !(byte & 128);
  }
  live.state = state;
  make_file(&file, &in, how);
  put(S6RC_RECORDS_FILE, file.s, file.len);
  whole = s6rc_records_load(&r, live.fd, N, N);
  CHECK(whole || (errno == EPROTO && !r.s));
  for (uint32_t i = 0; whole && i < N; i++) check_codec(r.s + (size_t)i * S6RC_RECORD_SIZE);
  if (how & TELL)
    tell(mark, state[0] & S6RC_STATE_UP ? TIMES_ALL : state[1] & S6RC_STATE_UP ? TIMES_LAST : 1);
  else
    change(whole, &r);
  s6rc_records_free(&r);
  live.state = 0;
}

int LLVMFuzzerTestOneInput(uint8_t const *s, size_t len)
{
  fuzz_input in = {s, len};
  unsigned int how = fuzz_byte(&in);
  if (live.fd < 0) start();
  if (how & STATE)
    try_state(in);
  else
    try_records(in, how);
  return 0;
}
