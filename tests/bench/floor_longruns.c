/* ISC license. */

/* floor_longruns u|d SERVICEDIRS PREFIX: writes the byte into the control FIFO
   of every supervisor whose service's name begins with PREFIX, at once, and
   waits until all are up, or down: the least that bringing them there can
   cost. */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/genalloc.h>
#include <skalibs/iopause.h>
#include <skalibs/strerr.h>
#include <skalibs/tai.h>

#include <s6/s6.h>

#include <s6-rc/listen.h>

char const *PROG = "floor_longruns";

static char **names;
static size_t n;

static char const *name_of(uint32_t i, void *data)
{
  (void)data;
  return names[i];
}

static int there(char const *name, int up)
{
  s6_svstatus_t st;
  return s6_svstatus_read(name, &st) && (up ? st.pid && !st.flagfinishing : !st.pid && !st.flagwantup);
}

int main(int argc, char const *const *argv)
{
  s6rc_listener l;
  genalloc ids = GENALLOC_ZERO;
  struct dirent *d;
  char *done;
  size_t missing;
  DIR *dir;
  int up;
  if (argc != 4) strerr_dieusage(100, "floor_longruns u|d SERVICEDIRS PREFIX");
  up = argv[1][0] == 'u';
  dir = opendir(argv[2]);
  if (!dir || chdir(argv[2]) < 0) strerr_diefusys(111, "open ", argv[2]);
  tain_now_set_stopwatch_g();
  while ((d = readdir(dir))) {
    if (strncmp(d->d_name, argv[3], strlen(argv[3]))) continue;
    names = realloc(names, (n + 1) * sizeof *names);
    names[n++] = strdup(d->d_name);
  }
  done = calloc(n + 1, 1);
  missing = n;
  if (!s6rc_listener_init(&l, dirfd(dir), (uint32_t)n, (uint32_t)n)) strerr_diefusys(111, "listen");
  for (size_t i = 0; i < n; i++)
    if (!s6rc_listener_add(&l, names[i], (uint32_t)i, &name_of, 0))
      strerr_diefusys(111, "listen to ", names[i]);
  for (size_t i = 0; i < n; i++)
    if (s6_svc_writectl(names[i], S6_SUPERVISE_CTLDIR, argv[1], 1) <= 0)
      strerr_diefusys(111, "control ", names[i]);
  while (missing) {
    size_t nfds = s6rc_listener_nfds(&l);
    iopause_fd *x = calloc(nfds, sizeof *x);
    s6rc_listener_fds(&l, x);
    if (iopause_g(x, (unsigned int)nfds, 0) < 0) strerr_diefusys(111, "iopause");
    for (size_t i = 0; i < nfds; i++) {
      if (!x[i].revents) continue;
      ids.len = 0;
      s6rc_listener_read(&l, i, &ids);
      for (size_t k = 0; k < genalloc_len(uint32_t, &ids); k++) {
        uint32_t id = genalloc_s(uint32_t, &ids)[k];
        if (done[id] || !there(names[id], up)) continue;
        done[id] = 1;
        missing--;
        s6rc_listener_remove(&l, names[id], id);
      }
    }
    free(x);
  }
  s6rc_listener_free(&l, &name_of, 0);
  return 0;
}
