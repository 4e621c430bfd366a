/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#include <s6-rc/dbformat.h>
#include <s6-rc/live.h>
#include <s6-rc/record.h>

/* The layout of a record, in order: W is 4 bytes, D 8, all little-endian.
   Then zeros, and at the very end a hash of all before. */
#define RECORD_FIELDS(W, D) \
  W(direction)              \
  W(result)                 \
  W(value)                  \
  W(run)                    \
  D(begin.sec.x)            \
  D(end.sec.x)              \
  D(monobegin)              \
  D(monoend)                \
  W(begin.nano)             \
  W(end.nano)

/* and of the header, which ends likewise */
enum {
  HEADER_MAGIC = 0, /* with the NUL */
  HEADER_VERSION = 8,
  HEADER_N = 12,
  HEADER_RUN = 16,
  HASH = S6RC_RECORD_SIZE - 4
};
#define MAGIC "s6rcrec"

/* How often a record is read again that a writer was just at. */
enum { ATTEMPTS = 3 };

#define NANO 1000000000U

char const *const s6rc_result_names[S6RC_NRESULTS] = {[S6RC_RESULT_UNDERWAY] = "underway",
                                                      [S6RC_RESULT_DONE] = "done",
                                                      [S6RC_RESULT_EXITED] = "exited",
                                                      [S6RC_RESULT_SIGNALED] = "signaled",
                                                      [S6RC_RESULT_TIMEDOUT] = "timedout",
                                                      [S6RC_RESULT_GIVENUP] = "givenup",
                                                      [S6RC_RESULT_UNWANTED] = "unwanted",
                                                      [S6RC_RESULT_NOEXEC] = "noexec",
                                                      [S6RC_RESULT_INTERPRETER] = "interpreter",
                                                      [S6RC_RESULT_UNSUPERVISED] = "unsupervised",
                                                      [S6RC_RESULT_COMMAND] = "command",
                                                      [S6RC_RESULT_INTERRUPTED] = "interrupted",
                                                      [S6RC_RESULT_RUNNER] = "runner",
                                                      [S6RC_RESULT_SYSTEM] = "system",
                                                      [S6RC_RESULT_LEFT] = "left",
                                                      [S6RC_RESULT_BLOCKED] = "blocked",
                                                      [S6RC_RESULT_SKIPPED] = "skipped"};

static void seal(unsigned char *s)
{
  s6rc_le32_put(s + HASH, s6rc_hash_words(S6RC_HASH_INIT, s, HASH / 4));
}

static int is_sealed(unsigned char const *s)
{
  return s6rc_le32(s + HASH) == s6rc_hash_words(S6RC_HASH_INIT, s, HASH / 4);
}

static int is_zero(unsigned char const *s)
{
  static unsigned char const zero[S6RC_RECORD_SIZE];
  return !memcmp(s, zero, sizeof zero);
}

#define PUT_W(f)          \
  s6rc_le32_put(p, r->f); \
  p += 4;
#define PUT_D(f)          \
  s6rc_le64_put(p, r->f); \
  p += 8;
#define GET_W(f)       \
  r->f = s6rc_le32(p); \
  p += 4;
#define GET_D(f)       \
  r->f = s6rc_le64(p); \
  p += 8;

void s6rc_record_pack(unsigned char *s, s6rc_record const *r)
{
  unsigned char *p = s;
  memset(s, 0, S6RC_RECORD_SIZE);
  if (r->direction == S6RC_RECORD_NONE) return;
  RECORD_FIELDS(PUT_W, PUT_D)
  seal(s);
}

int s6rc_record_unpack(unsigned char const *s, s6rc_record *r)
{
  unsigned char const *p = s;
  *r = (s6rc_record){.direction = S6RC_RECORD_NONE};
  if (is_zero(s)) return 1;
  RECORD_FIELDS(GET_W, GET_D)
  if (is_sealed(s) && r->direction && r->direction < S6RC_RECORD_NDIRS && r->result < S6RC_NRESULTS &&
      r->begin.nano < NANO && r->end.nano < NANO)
    return 1;
  *r = (s6rc_record){.direction = S6RC_RECORD_NONE};
  return (errno = EPROTO, 0);
}

static void make_header(unsigned char *s, uint32_t n, uint32_t run)
{
  memset(s, 0, S6RC_RECORD_SIZE);
  memcpy(s + HEADER_MAGIC, MAGIC, sizeof MAGIC);
  s6rc_le32_put(s + HEADER_VERSION, S6RC_RECORDS_VERSION);
  s6rc_le32_put(s + HEADER_N, n);
  s6rc_le32_put(s + HEADER_RUN, run);
  seal(s);
}

static int is_header(unsigned char const *s, uint32_t n)
{
  return is_sealed(s) && !memcmp(s + HEADER_MAGIC, MAGIC, sizeof MAGIC) &&
         s6rc_le32(s + HEADER_VERSION) == S6RC_RECORDS_VERSION && s6rc_le32(s + HEADER_N) == n;
}

/* where record number is; the header is in front of number 0 */
static off_t offset(uint32_t number)
{
  return ((off_t)number + 1) * S6RC_RECORD_SIZE;
}

static int read_at(int fd, unsigned char *s, off_t where)
{
  ssize_t r;
  do r = pread(fd, s, S6RC_RECORD_SIZE, where);
  while (r < 0 && errno == EINTR);
  if (r == S6RC_RECORD_SIZE) return 1;
  if (r >= 0) errno = EPROTO;
  return 0;
}

static int write_at(int fd, unsigned char const *s, off_t where)
{
  ssize_t r;
  do r = pwrite(fd, s, S6RC_RECORD_SIZE, where);
  while (r < 0 && errno == EINTR);
  if (r == S6RC_RECORD_SIZE) return 1;
  if (r >= 0) errno = ENOSPC;
  return 0;
}

/* Is this the file for n services? *lastrun as in its header. 1; 0, errno. */
static int check(int fd, uint32_t n, uint32_t *lastrun)
{
  unsigned char header[S6RC_RECORD_SIZE];
  struct stat st;
  if (fstat(fd, &st) < 0) return 0;
  if (!S_ISREG(st.st_mode) || st.st_size != offset(n)) return (errno = EPROTO, 0);
  for (int i = 0; i < ATTEMPTS; i++) {
    if (!read_at(fd, header, 0)) return 0;
    if (!is_header(header, n)) continue;
    *lastrun = s6rc_le32(header + HEADER_RUN);
    return 1;
  }
  return (errno = EPROTO, 0);
}

void s6rc_records_free(s6rc_records *r)
{
  int e = errno;
  free(r->s);
  errno = e;
  *r = (s6rc_records)S6RC_RECORDS_ZERO;
}

/* All but the header. r->n, r->s are there. */
static int read_all(int fd, s6rc_records *r)
{
  size_t len = (size_t)r->n * S6RC_RECORD_SIZE;
  s6rc_record rec;
  if (lseek(fd, offset(0), SEEK_SET) < 0) return 0;
  errno = EPROTO; /* if it ends early */
  if (allread(fd, (char *)r->s, len) < len) return 0;
  for (uint32_t i = 0; i < r->n; i++) {
    unsigned char *s = r->s + (size_t)i * S6RC_RECORD_SIZE;
    for (int k = 0; k < ATTEMPTS && !s6rc_record_unpack(s, &rec); k++)
      if (!read_at(fd, s, offset(i))) return 0;
  }
  return 1;
}

/* Has anybody the live directory's lock? Yes, if we may not know. */
static int is_locked(int livefd)
{
  int fd = openat(livefd, S6RC_LOCK_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), r;
  if (fd < 0) return errno != ENOENT;
  r = fd_islocked(fd);
  fd_close(fd);
  return !!r;
}

/* The order makes `over` true: a run that was in the header before, and had no
   lock when we looked, writes no record after that. */
static int read_records(s6rc_records *r, int livefd, uint32_t n, uint32_t wanted, int look)
{
  int fd = openat(livefd, S6RC_RECORDS_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  *r = (s6rc_records)S6RC_RECORDS_ZERO;
  /* a link, like all that is no file, is not of our making */
  if (fd < 0) return (errno = errno == ELOOP ? EPROTO : errno, 0);
  if (check(fd, n, &r->lastrun)) {
    r->over = r->lastrun - (r->lastrun && (!look || is_locked(livefd)));
    r->n = wanted;
    r->s = malloc((size_t)wanted * S6RC_RECORD_SIZE + 1); /* none of no services is not a failure */
    if (r->s && read_all(fd, r)) {
      fd_close(fd);
      return 1;
    }
  }
  fd_close(fd);
  s6rc_records_free(r);
  return 0;
}

int s6rc_records_read(s6rc_records *r, int livefd, uint32_t n)
{
  return read_records(r, livefd, n, n, 1);
}

int s6rc_records_load(s6rc_records *r, int livefd, uint32_t n, uint32_t wanted)
{
  return read_records(r, livefd, n, wanted, 0);
}

int s6rc_records_get(s6rc_records const *r, uint32_t number, s6rc_record *rec)
{
  if (r->s && number < r->n) return s6rc_record_unpack(r->s + (size_t)number * S6RC_RECORD_SIZE, rec);
  *rec = (s6rc_record){.direction = S6RC_RECORD_NONE};
  return 1;
}

int s6rc_records_write(int livefd, s6rc_records const *r)
{
  size_t len = (size_t)r->n * S6RC_RECORD_SIZE;
  unsigned char *s = calloc((size_t)r->n + 1, S6RC_RECORD_SIZE);
  int ok, e;
  if (!s) return 0;
  make_header(s, r->n, r->lastrun);
  if (r->s) memcpy(s + S6RC_RECORD_SIZE, r->s, len);
  ok = s6rc_live_replace(livefd, S6RC_RECORDS_FILE, S6RC_RECORDS_NEW, s, S6RC_RECORD_SIZE + len);
  e = errno;
  free(s);
  errno = e;
  return ok;
}

static int open_whole(int livefd, uint32_t n, uint32_t *lastrun)
{
  int fd = openat(livefd, S6RC_RECORDS_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 || check(fd, n, lastrun)) return fd;
  fd_close(fd);
  return -1;
}

int s6rc_records_open(int livefd, uint32_t n, uint32_t *run, s6rc_records_found *found)
{
  unsigned char header[S6RC_RECORD_SIZE];
  s6rc_records const none = {.s = 0, .n = n, .lastrun = 0};
  uint32_t lastrun;
  int fd = open_whole(livefd, n, &lastrun);
  *found = S6RC_RECORDS_WHOLE;
  if (fd < 0) {
    *found = errno == ENOENT ? S6RC_RECORDS_ABSENT : S6RC_RECORDS_DAMAGED;
    if (!s6rc_records_write(livefd, &none)) return -1;
    fd = open_whole(livefd, n, &lastrun);
    if (fd < 0) return -1;
  }
  if (!*run) *run = lastrun < UINT32_MAX ? lastrun + 1 : 1;
  if (*run == lastrun) return fd;
  make_header(header, n, *run);
  if (write_at(fd, header, 0)) return fd;
  fd_close(fd);
  return -1;
}

int s6rc_record_set(int fd, uint32_t number, s6rc_record const *r)
{
  unsigned char s[S6RC_RECORD_SIZE];
  s6rc_record_pack(s, r);
  return write_at(fd, s, offset(number));
}

uint64_t s6rc_monotonic(void)
{
  struct timespec ts;
  if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0) return 0;
  return (uint64_t)ts.tv_sec * NANO + (uint64_t)ts.tv_nsec;
}
