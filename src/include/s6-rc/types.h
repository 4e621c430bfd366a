/* ISC license. */

/* The words that everything else is written in: kinds of services,
   directions, flags, state bits. */

#ifndef S6RC_TYPES_H
#define S6RC_TYPES_H

#include <stdint.h>

typedef enum s6rc_type_e s6rc_type;
enum s6rc_type_e { S6RC_LONGRUN, S6RC_ONESHOT, S6RC_BUNDLE, S6RC_NTYPES };

/* "longrun", "oneshot", "bundle": as in the file `type` */
extern char const *const s6rc_type_names[S6RC_NTYPES];

/* What name begins with, if that is for the tools' own services; else null. */
extern char const *s6rc_name_reserved(char const *name);
/* May a service or a bundle have this name? 1 or 0 */
extern int s6rc_name_legal(char const *name);

typedef enum s6rc_dir_e s6rc_dir;
enum s6rc_dir_e { S6RC_UP, S6RC_DOWN };

/* scripts of a oneshot; the first two are indexed by s6rc_dir */
enum s6rc_script_e {
  S6RC_SCRIPT_UP = S6RC_UP,
  S6RC_SCRIPT_DOWN = S6RC_DOWN,
  S6RC_SCRIPT_RELOAD,
  S6RC_NSCRIPTS
};

/* the flags word of an atomic service */
enum s6rc_flag_e { S6RC_FLAG_ESSENTIAL = 1U << 0, S6RC_FLAG_RECOMMENDED = 1U << 1 };
#define S6RC_FLAGS_ALL (S6RC_FLAG_ESSENTIAL | S6RC_FLAG_RECOMMENDED)

/* the byte of an atomic service in live/state */
enum s6rc_statebit_e { S6RC_STATE_UP = 1U << 0, S6RC_STATE_WANTED = 1U << 1 };
#define S6RC_STATE_ALL (S6RC_STATE_UP | S6RC_STATE_WANTED)

/* no service has this number */
#define S6RC_NONE UINT32_MAX

/* the two generated longruns: names and numbers */
#define S6RC_ONESHOT_RUNNER "s6rc-oneshot-runner"
#define S6RC_FDHOLDER       "s6rc-fdholder"
enum s6rc_generated_e { S6RC_NUMBER_ONESHOT_RUNNER, S6RC_NUMBER_FDHOLDER, S6RC_NGENERATED };

/* The socket of either, in its service directory */
#define S6RC_LOCAL_SOCKET "s"

/* identifiers of the pipes' ends in the fd-holder: prefix and consumer's name */
#define S6RC_PIPE_READER "pipe:s6rc-r-"
#define S6RC_PIPE_WRITER "pipe:s6rc-w-"

/* s6-fdholderd takes identifiers of up to 255 bytes */
#define S6RC_PIPE_NAME_MAX (255 - (sizeof(S6RC_PIPE_READER) - 1))

/* exit codes that are part of the tools' interface */
enum s6rc_exit_e {
  S6RC_EXIT_OK = 0,
  S6RC_EXIT_FAILED = 1, /* transitions failed; a source has errors; diff found something */
  S6RC_EXIT_TIMEDOUT = 2,
  S6RC_EXIT_UNKNOWN = 3, /* no such identifier */
  S6RC_EXIT_DAMAGED = 4, /* invalid database or state */
  S6RC_EXIT_WRONGTYPE = 5,
  S6RC_EXIT_TWICE = 6,        /* conversion file: one service twice, or two become one */
  S6RC_EXIT_NOTSTOPPED = 9,   /* s6-rc-update: not switched, services failed to stop, or must not */
  S6RC_EXIT_STOPTIMEOUT = 10, /* s6-rc-update: not switched, timed out */
  S6RC_EXIT_USAGE = 100,
  S6RC_EXIT_DIFFERS = 102, /* s6-rc-init: in use, but differently */
  S6RC_EXIT_SYSTEM = 111,
  S6RC_EXIT_NOTEXECUTABLE = 126,
  S6RC_EXIT_NOTFOUND = 127
};

#endif
