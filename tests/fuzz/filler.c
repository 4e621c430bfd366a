/* ISC license. */

/* The list of names that s6-rc-fdholder-filler reads. It is read a second
   time here, in another way, and both must agree. */

#include "fuzz.h"

#include <sys/uio.h>

#include <skalibs/buffer.h>

#include <s6-rc/types.h>

#include "fdholder/fdholder.h"

/* What comes out of the descriptor: the input, at most `piece` bytes at a time. */
static fuzz_input source;
static size_t piece;

static ssize_t give(int fd, struct iovec const *v, unsigned int n)
{
  fuzz_input part;
  (void)fd;
  CHECK(n);
  fuzz_part(&source, v->iov_len < piece ? v->iov_len : piece, &part);
  memcpy(v->iov_base, part.s, part.len);
  return (ssize_t)part.len;
}

/* The name in a line, in *name; 0 if there is none. */
static int name_in(fuzz_input *line, fuzz_input *name)
{
  *name = *line;
  if (name->len && *name->s == '/') {
    fuzz_byte(name);
    return 1;
  }
  while (name->len && (*name->s == ' ' || *name->s == '\t')) fuzz_byte(name);
  return name->len && *name->s != '#';
}

int LLVMFuzzerTestOneInput(uint8_t const *s, size_t len)
{
  fuzz_input in = {s, len};
  char buf[64];
  buffer b;
  stralloc names = STRALLOC_ZERO;
  size_t n, line, count = 0, at = 0, lines = 0;
  int ok, e, wanted = 0;
  piece = 1 + fuzz_byte(&in);
  source = in;
  CHECK(buffer_init(&b, &give, 0, buf, sizeof buf));
  ok = fdholder_read_names(&b, &names, &n, &line);
  e = errno;
  while (in.len && !wanted) {
    uint8_t const *end = memchr(in.s, '\n', in.len);
    fuzz_input one, name;
    fuzz_part(&in, end ? (size_t)(end - in.s) : in.len, &one);
    fuzz_byte(&in);
    lines++;
    if (!name_in(&one, &name)) continue;
    CHECK(names.len - at > name.len && !names.s[at + name.len]);
    CHECK(!name.len || !memcmp(names.s + at, name.s, name.len));
    at += name.len + 1;
    wanted = !name.len || memchr(name.s, 0, name.len) ? EINVAL
             : name.len > S6RC_PIPE_NAME_MAX          ? ENAMETOOLONG
                                                      : 0;
    count += !wanted;
  }
  CHECK(n == count && at == names.len);
  CHECK(ok == !wanted && (ok || (e == wanted && line == lines)));
  stralloc_free(&names);
  return 0;
}
