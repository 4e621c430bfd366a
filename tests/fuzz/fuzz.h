/* ISC license. */

/* For the programs in tests/fuzz: include it once, first of all that is ours.
   Each has one function, LLVMFuzzerTestOneInput, which gives an input to a
   reader and checks what comes of it: a check that does not hold ends the
   process. libFuzzer calls it (tools/fuzz), or replay.c with the inputs that
   are kept (tests/fuzz/run).

   CHECK(cond), FAIL(text)   as in unit/test.h, whose other headers can be used
   fuzz_dir(), fuzz_path()   a directory for all inputs, emptied by nobody
   fuzz_byte(), fuzz_word()  the start of an input, as a choice of what to do
   fuzz_touch(s, len)        reads every byte, which is where it must not be
                             outside of anything */

#ifndef S6RC_FUZZ_H
#define S6RC_FUZZ_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include <s6-rc/dbformat.h>

extern int LLVMFuzzerTestOneInput(uint8_t const *, size_t);

#define FAIL(text)                                              \
  do {                                                          \
    fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, (text)); \
    abort();                                                    \
  } while (0)
#define CHECK(cond)           \
  do {                        \
    if (!(cond)) FAIL(#cond); \
  } while (0)

typedef struct fuzz_input_s fuzz_input;
struct fuzz_input_s {
  uint8_t const *s;
  size_t len;
};

/* The next byte; 0 at the end. */
static inline unsigned int fuzz_byte(fuzz_input *in)
{
  if (!in->len) return 0;
  in->len--;
  return *in->s++;
}

static inline unsigned int fuzz_word(fuzz_input *in)
{
  unsigned int low = fuzz_byte(in);
  return low | fuzz_byte(in) << 8;
}

/* The next n bytes, or what there is of them, in *part. */
static inline void fuzz_part(fuzz_input *in, size_t n, fuzz_input *part)
{
  part->s = in->s;
  part->len = n < in->len ? n : in->len;
  in->s += part->len;
  in->len -= part->len;
}

static inline void fuzz_touch(void const *s, size_t len)
{
  s6rc_hash_bytes(S6RC_HASH_INIT, s, len);
}

static char fuzz_dirname[128];

static inline void fuzz_remove_dir(void)
{
  rm_rf(fuzz_dirname);
}

/* An absolute path. The directory goes when the process ends in peace. */
static inline char const *fuzz_dir(void)
{
  char const *base = getenv("TMPDIR");
  if (*fuzz_dirname) return fuzz_dirname;
  if ((size_t)snprintf(fuzz_dirname, sizeof fuzz_dirname, "%s/fuzz-XXXXXX", base && *base ? base : "/tmp") >=
      sizeof fuzz_dirname)
    FAIL("TMPDIR is too long");
  if (!mkdtemp(fuzz_dirname)) FAIL(strerror(errno));
  atexit(&fuzz_remove_dir);
  return fuzz_dirname;
}

/* A path in there, good until the next call. */
static inline char const *fuzz_path(char const *name)
{
  static char path[sizeof fuzz_dirname + 32];
  CHECK((size_t)snprintf(path, sizeof path, "%s/%s", fuzz_dir(), name) < sizeof path);
  return path;
}

/* Replaces what is in a file, which stays the same one. */
static inline void fuzz_rewrite(int fd, void const *s, size_t len)
{
  CHECK(pwrite(fd, s, len, 0) == (ssize_t)len && !ftruncate(fd, (off_t)len));
}

#endif
