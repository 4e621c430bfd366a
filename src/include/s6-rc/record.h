/* ISC license. */

/* live/records: what became of the last transition of each atomic service.

   The file is a header of S6RC_RECORD_SIZE bytes and then a record of as many
   for each atomic service, by number: that of number n is at
   (n + 1) * S6RC_RECORD_SIZE. s6-rc writes a whole record when a transition
   begins (result: under way), and again when it ends; for what was not
   attempted, once, when the run is over. All of it in place, under the live
   directory's lock. Whoever reads takes no lock: a check in every record says
   if it has been read whole.

   What a reader may meet:
   - no file: the live directory was made by a version that has none. The next
     change makes it. To a reader that is: nothing is known.
   - a record of zeros: no transition yet.
   - under way, by a run that is over: that one was killed. See
     s6rc_record_killed.
   - a direction is what was tried, not what is: whether the service is up is
     said by live/state alone. */

#ifndef S6RC_RECORD_H
#define S6RC_RECORD_H

#include <stdint.h>

#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

#define S6RC_RECORDS_FILE    "records"
#define S6RC_RECORDS_NEW     "records.new" /* before it is renamed */
#define S6RC_RECORDS_VERSION 1
#define S6RC_RECORD_SIZE     64

/* what was tried */
typedef enum s6rc_recorddir_e s6rc_recorddir;
enum s6rc_recorddir_e { S6RC_RECORD_NONE, S6RC_RECORD_UP, S6RC_RECORD_DOWN, S6RC_RECORD_NDIRS };

/* What came of it, and what the value then says (0 if nothing is said). The
   numbers are in files: new ones are added at the end. */
typedef enum s6rc_result_e s6rc_result;
enum s6rc_result_e {
  S6RC_RESULT_UNDERWAY,     /* or its run was killed */
  S6RC_RESULT_DONE,         /* the service is where it was to be */
  S6RC_RESULT_EXITED,       /* a script failed: exit code */
  S6RC_RESULT_SIGNALED,     /* a script was killed: signal */
  S6RC_RESULT_TIMEDOUT,     /* its own limit, timeout-up or timeout-down, in ms */
  S6RC_RESULT_GIVENUP,      /* its finish script said: permanent failure */
  S6RC_RESULT_UNWANTED,     /* its supervisor was told by others to bring it down */
  S6RC_RESULT_NOEXEC,       /* its run, or its script, cannot be executed: errno */
  S6RC_RESULT_INTERPRETER,  /* the interpreter of its run cannot be executed: errno */
  S6RC_RESULT_UNSUPERVISED, /* no s6-supervise there */
  S6RC_RESULT_COMMAND,      /* s6-svc failed: exit code, or 256 + signal */
  S6RC_RESULT_INTERRUPTED,  /* a longrun, by a signal to s6-rc */
  S6RC_RESULT_RUNNER,       /* trouble with the oneshot runner: errno or 0 */
  S6RC_RESULT_SYSTEM,       /* a system call failed: errno */
  S6RC_RESULT_LEFT,         /* still under way when the run ended: s6rc_runend */
  S6RC_RESULT_BLOCKED,      /* not attempted: number of the service whose failure did it, S6RC_NONE if
                               an update has removed that one */
  S6RC_RESULT_SKIPPED,      /* not attempted, the run ended before its turn: s6rc_runend */
  S6RC_NRESULTS
};

/* One word each: "underway", "done", "exited", ... */
extern char const *const s6rc_result_names[S6RC_NRESULTS];

/* what ended a run before its time */
typedef enum s6rc_runend_e s6rc_runend;
enum s6rc_runend_e { S6RC_RUNEND_SYSTEM, S6RC_RUNEND_INTERRUPTED, S6RC_RUNEND_TIMEDOUT };

/* Times: by the wall clock, which may have been set in between, and in
   nanoseconds of CLOCK_MONOTONIC, since the machine started. What was not
   attempted has no begin (0), what is under way no end. */
typedef struct s6rc_record_s s6rc_record;
struct s6rc_record_s {
  uint32_t direction; /* s6rc_recorddir */
  uint32_t result;    /* s6rc_result */
  uint32_t value;
  uint32_t run; /* number of the run of s6-rc, from 1 on: all transitions of one run have the same */
  tain begin;
  tain end;
  uint64_t monobegin;
  uint64_t monoend;
};

/* The codec: S6RC_RECORD_SIZE bytes. unpack: 1; 0 and EPROTO if they are
   damaged, the record then has no transition. */
extern void s6rc_record_pack(unsigned char *, s6rc_record const *);
extern int s6rc_record_unpack(unsigned char const *, s6rc_record *);

/* --- reading */

/* All records of a live directory, in memory. */
typedef struct s6rc_records_s s6rc_records;
struct s6rc_records_s {
  unsigned char *s; /* n records without the header; null: none are known */
  uint32_t n;
  uint32_t lastrun; /* the number of the last run that began a transition */
  uint32_t over;    /* runs up to this number have ended, or were killed */
};
#define S6RC_RECORDS_ZERO                   \
  {                                         \
    .s = 0, .n = 0, .lastrun = 0, .over = 0 \
  }

/* Reads the records of live directory livefd, whose database has n services.
   Not for a process that has the live directory's lock: it would lose it. 1; 0
   and errno: ENOENT if there are none, EPROTO if the file is damaged or one for
   another number of services, ENOMEM..., *r is then empty but can be used. */
extern int s6rc_records_read(s6rc_records *r, int livefd, uint32_t n);

/* The record of service number; one without transition if none is known. 1;
   0 and EPROTO if this one is damaged. */
extern int s6rc_records_get(s6rc_records const *r, uint32_t number, s6rc_record *);
extern void s6rc_records_free(s6rc_records *);

/* Is it under way, although its run is over? (Of the last run a stranger, who
   may not look at the lock, does not know.) */
static inline int s6rc_record_killed(s6rc_records const *r, s6rc_record const *rec)
{
  return rec->direction && rec->result == S6RC_RESULT_UNDERWAY && rec->run <= r->over;
}

/* --- writing: for whoever has the live directory's lock */

/* As s6rc_records_read, of the first `wanted` services: the others have no
   record then. */
extern int s6rc_records_load(s6rc_records *r, int livefd, uint32_t n, uint32_t wanted);

/* Replaces the file: n records and lastrun as in r; s null: n without a
   transition. Written beside and renamed; as the state it is not synced, and
   keeps the owner of the directory. 1; 0 and errno, the old file is whole. */
extern int s6rc_records_write(int livefd, s6rc_records const *r);

/* What s6rc_records_open found. */
typedef enum s6rc_records_found_e s6rc_records_found;
enum s6rc_records_found_e { S6RC_RECORDS_WHOLE, S6RC_RECORDS_ABSENT, S6RC_RECORDS_DAMAGED };

/* Opens the file for s6rc_record_set, for a run whose number is *run; 0: for a
   new one, which gets the next number, in *run. A file that is absent or
   damaged is made anew; *found says so. Constant time, if it has not to. A
   descriptor (close-on-exec); -1 and errno. */
extern int s6rc_records_open(int livefd, uint32_t n, uint32_t *run, s6rc_records_found *found);

/* Writes one service's record in place, with one system call. 1; 0, errno. */
extern int s6rc_record_set(int fd, uint32_t number, s6rc_record const *);

/* CLOCK_MONOTONIC in nanoseconds; 0 if there is none. */
extern uint64_t s6rc_monotonic(void);

#endif
