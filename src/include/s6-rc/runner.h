/* ISC license. */

/* What s6-rc and the oneshot runner say to each other, over the Unix stream
   socket S6RC_LOCAL_SOCKET in the runner's service directory. Each message is
   a frame of skalibs' unixmessage; its first byte tells what it is, numbers
   are 32-bit little-endian.

   A connection is one s6-rc run. The client says hello, is welcomed or
   refused, then sends requests whenever it wants; answers come in the order
   in which scripts end. When the client goes, nothing more is started, and
   scripts that run are left to finish. */

#ifndef S6RC_RUNNER_H
#define S6RC_RUNNER_H

#include <stdint.h>

#include <s6-rc/dbformat.h>

#define S6RC_RUNNER_VERSION 1

enum s6rc_runner_message_e {
  /* client: version (1 byte), digest of the database (S6RC_DIGEST_SIZE
     bytes); with it travel 3 descriptors: stdin, stdout, stderr for scripts */
  S6RC_RUNNER_HELLO = 'H',
  /* server: version (1 byte) */
  S6RC_RUNNER_WELCOME = 'W',
  /* server: why not, text to the end of the frame; then it hangs up */
  S6RC_RUNNER_REFUSE = 'X',
  /* client: s6rc_script_e (1 byte), service number: run this script */
  S6RC_RUNNER_RUN = 'R',
  /* client: service number: SIGTERM and SIGCONT to its script */
  S6RC_RUNNER_KILL = 'K',
  /* client: nothing more is to be started; what waits to be is reported as not
     started, with ECANCELED */
  S6RC_RUNNER_STOP = 'S',
  /* server: s6rc_runner_end_e (1 byte), service number, value */
  S6RC_RUNNER_END = 'E'
};

enum s6rc_runner_end_e {
  S6RC_END_EXITED,   /* value: exit code */
  S6RC_END_SIGNALED, /* value: signal */
  S6RC_END_NOTRUN    /* value: errno of starting it */
};

enum s6rc_runner_size_e {
  S6RC_RUNNER_HELLO_SIZE = 2 + S6RC_DIGEST_SIZE,
  S6RC_RUNNER_WELCOME_SIZE = 2,
  S6RC_RUNNER_RUN_SIZE = 6,
  S6RC_RUNNER_KILL_SIZE = 5,
  S6RC_RUNNER_STOP_SIZE = 1,
  S6RC_RUNNER_END_SIZE = 10,
  S6RC_RUNNER_NFDS = 3
};

/* variable in a script's environment that holds the service's name */
#define S6RC_RC_NAME "RC_NAME"

#endif
