/* ISC license. */

/* For fuzz/runner.c: frames of skalibs' unixmessage, byte by byte, as nobody
   sends them who uses that. */

#ifndef S6RC_FUZZ_FRAMES_H
#define S6RC_FUZZ_FRAMES_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <skalibs/stralloc.h>

#include "fuzz.h"

enum { FDS_MAX = 4 };

static int nullfd; /* what travels as a descriptor */

/* Of the next frame, so many bytes come first. */
static unsigned int split;

static void send_bytes(int fd, char const *s, size_t len, unsigned int nfds)
{
  union {
    struct cmsghdr align;
    char buf[CMSG_SPACE(FDS_MAX * sizeof(int))];
  } control;
  struct iovec v = {.iov_base = (char *)s, .iov_len = len};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
  if (!len) return;
  if (nfds) {
    struct cmsghdr *c;
    memset(&control, 0, sizeof control);
    m.msg_control = control.buf;
    m.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
    c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
    for (unsigned int i = 0; i < nfds; i++) memcpy(CMSG_DATA(c) + i * sizeof(int), &nullfd, sizeof(int));
  }
  /* it may be gone */
  if (sendmsg(fd, &m, MSG_NOSIGNAL) < 0) CHECK(errno == EPIPE || errno == EAGAIN || errno == ECONNRESET);
}

/* Who reads what comes: after every part of it. */
static void pump(void);

/* A frame of unixmessage: lengths of text and number of descriptors, big-endian. */
static void send_frame(int fd, void const *s, size_t len, unsigned int nfds)
{
  stralloc sa = STRALLOC_ZERO;
  char const head[6] = {0, 0, (char)(len >> 8), (char)len, 0, (char)nfds};
  size_t first;
  CHECK(stralloc_catb(&sa, head, sizeof head) && stralloc_readyplus(&sa, len + 1));
  if (len) CHECK(stralloc_catb(&sa, s, len));
  first = split < sa.len ? split : sa.len;
  split = 0;
  send_bytes(fd, sa.s, first, first ? nfds : 0);
  if (first) pump();
  send_bytes(fd, sa.s + first, sa.len - first, first ? 0 : nfds);
  stralloc_free(&sa);
}

#endif
