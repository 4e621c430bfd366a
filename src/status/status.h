/* ISC license. */

/* What services are, and whether that is what they should be: read from the
   live directory and from the supervisors' own files, judged, and put into
   words. Nothing here takes a lock, prints or exits. */

#ifndef S6RC_STATUS_H
#define S6RC_STATUS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

#include <s6-rc/live.h>
#include <s6-rc/record.h>

/* What a service really is. Of a oneshot nobody but s6-rc knows. */
typedef enum status_real_e status_real;
enum status_real_e {
  STATUS_UNKNOWN,      /* we may not, or cannot, read what its supervisor says */
  STATUS_UNSUPERVISED, /* no s6-supervise runs for it */
  STATUS_DOWN,
  STATUS_UP,
  STATUS_PAUSED,    /* up, and stopped by a signal */
  STATUS_FINISHING, /* its finish script runs */
  STATUS_NREALS
};

/* What is not as it should be. */
typedef enum status_problem_e status_problem;
enum status_problem_e {
  STATUS_FINE,
  STATUS_NOSUPERVISOR, /* it has no supervisor */
  STATUS_FAILED,       /* its last transition failed */
  STATUS_BLOCKED,      /* its last transition was not attempted: another one failed, or the run ended */
  STATUS_UNFINISHED,   /* s6-rc did not wait for the end of its last transition, or was killed */
  STATUS_DRIFTED,      /* its supervisor wants it, or has it, where s6-rc has not */
  STATUS_DEAD,         /* up for s6-rc and for its supervisor, but dead at the moment */
  STATUS_UNREADY,      /* up, but has not said that it is ready */
  STATUS_NPROBLEMS
};

typedef struct status_service_s status_service;
struct status_service_s {
  uint32_t number;
  uint32_t namelen;
  char const *name; /* in the database's map */
  char const *culprit;
  s6rc_type type;
  status_real real;
  status_problem problem;
  pid_t pid;
  uint32_t restarts;
  tain since; /* of its real state; 0: unknown */
  s6rc_record record;
  unsigned int wanted : 1;          /* s6-rc has it up */
  unsigned int explicitly : 1;      /* by name */
  unsigned int supervisorwants : 1; /* longruns: its supervisor wants it up */
  unsigned int notifies : 1;        /* longruns that are up: has a notification-fd */
  unsigned int ready : 1;
  unsigned int tallied : 1; /* restarts is known */
  unsigned int killed : 1;  /* its record is under way, but that run was killed */
  unsigned int damaged : 1; /* its record is */
};

typedef struct status_s status;
struct status_s {
  status_service *services; /* by number */
  uint32_t n;
  uint32_t lastrun;    /* of the records; 0: there was none */
  uint32_t unreadable; /* longruns whose supervisor's files cannot be read */
  int error;           /* for this reason, */
  char const *example; /* this one for example */
  int recordserror;    /* why no records are known: errno; 0: they are */
  tain now;
  uint64_t monotonic; /* the same */
};
#define STATUS_ZERO                                                                                    \
  {                                                                                                    \
    .services = 0, .n = 0, .lastrun = 0, .unreadable = 0, .error = 0, .example = 0, .recordserror = 0, \
    .now = TAIN_ZERO, .monotonic = 0                                                                   \
  }

/* Reads all about the services whose mark is not 0. Names point into the
   database of the live directory, which has to stay open. 1; 0 and errno
   (EPROTO: the database is damaged, ENOMEM, what the system said). If the
   live directory has moved meanwhile, see s6rc_live_moved, it is to be done again. */
extern int status_read(status *, s6rc_live const *, unsigned char const *mark);

/* Has a system call failed, so that more could be known? Not: what is for
   others to read, what there is none of, what is damaged. */
extern int status_incomplete(status const *);
extern void status_free(status *);

/* What of a service is not as it should be, from all else. */
extern status_problem status_judge(status_service const *);

/* Keeps only what is not as it should be. How many that are. */
extern uint32_t status_keep_problems(status *);

/* For how many seconds it has been what it really is; 0 also if the clock has
   been set back. has: is that known? */
extern int status_has_age(status const *, status_service const *);
extern uint64_t status_age(status const *, status_service const *);

/* --- as text; appended. 1; 0 and ENOMEM */

/* A field that can be asked for. */
typedef struct status_field_s status_field;
typedef int status_cat_func(stralloc *, status const *, status_service const *);
typedef enum status_kind_e status_kind;
enum status_kind_e { STATUS_TEXT, STATUS_NUMBER, STATUS_TRUTH, STATUS_NAME /* any bytes but NUL, / */ };
struct status_field_s {
  char const *name;
  status_kind kind;
  status_cat_func *cat; /* appends nothing if there is nothing to say; truths are "yes", "no" */
};
extern status_field const status_fields[];
extern size_t const status_nfields;

/* Finds fields by name, the words of s between commas, and puts at most max of
   them into list. Their number; 0: the wronglen bytes at *wrong, in s, are none,
   or one too many. */
extern size_t status_find_fields(char const *s, status_field const **list, size_t max, char const **wrong,
                                 size_t *wronglen);

/* For people: with a line of titles above; nothing at all for no services. */
extern int status_cat_table(stralloc *, status const *);
/* For scripts: a line a service, n fields separated by tabs. */
extern int status_cat_fields(stralloc *, status const *, status_field const *const *fields, size_t n);
/* For programs: one JSON document. */
extern int status_cat_json(stralloc *, status const *, status_field const *const *fields, size_t n);

/* A time as RFC 3339 has it, in UTC, with milliseconds; nothing for 0. */
extern int status_cat_time(stralloc *, tain const *);

/* Seconds as their two largest units: "3h 25m". */
extern int status_cat_seconds(stralloc *, uint64_t s);

/* A name as it is in tables and fields: what would break a line or a terminal
   as \0NNN, octal, a backslash as \\; printf %b of a shell undoes it. */
extern int status_cat_name(stralloc *, char const *name, size_t len);

#endif
