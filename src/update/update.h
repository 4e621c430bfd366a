/* ISC license. */

/* Moving a running system to another database. First the plan, which is data
   and touches nothing; then its execution, in steps that a crash can come
   between anywhere: see update_record.

   Old services are known by their numbers in the old database, new ones by
   those in the new one. */

#ifndef S6RC_UPDATE_H
#define S6RC_UPDATE_H

#include <stdint.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

#include <s6-rc/db.h>

#include "../engine/engine.h"

/* --- the conversion file: what becomes of old services, by old number */

typedef struct update_conversion_s update_conversion;
struct update_conversion_s {
  size_t newname;  /* offset in words */
  uint32_t newlen; /* 0: it keeps its name */
  uint32_t line;   /* 0: not mentioned */
  unsigned char restart;
  unsigned char mistaken; /* its line is not understood: nothing follows from that */
};

/* A mistake in it: the exit code that is documented for it, and a sentence
   (offset into a stralloc of sentences). */
typedef struct update_mistake_s update_mistake;
struct update_mistake_s {
  uint32_t line;
  int code;
  size_t text;
};

typedef struct update_conversions_s update_conversions;
struct update_conversions_s {
  update_conversion *by_old; /* one for each old service */
  stralloc words;            /* the names, each with a NUL */
  genalloc mistakes;         /* of update_mistake */
  stralloc texts;
};
#define UPDATE_CONVERSIONS_ZERO                                                            \
  {                                                                                        \
    .by_old = 0, .words = STRALLOC_ZERO, .mistakes = GENALLOC_ZERO, .texts = STRALLOC_ZERO \
  }

/* Reads the text of a conversion file (NUL-terminated; null: there is none).
   All mistakes are collected. 1; 0 and errno (ENOMEM, EPROTO). */
extern int update_conversions_read(update_conversions *, char const *text, s6rc_db const *olddb,
                                   s6rc_db const *newdb);
extern void update_conversions_free(update_conversions *);

/* --- the plan */

/* Why an old service that is up stops, or may have to. */
typedef enum update_fate_e update_fate;
enum update_fate_e {
  UPDATE_STAYS,
  UPDATE_GONE,            /* not in the new database */
  UPDATE_RETYPED,         /* a longrun there, a oneshot here, or the reverse */
  UPDATE_BUNDLED,         /* a bundle there */
  UPDATE_TOLD,            /* by the conversion file */
  UPDATE_NEEDS_DOWN,      /* depends, in the new database, on new service `because`, which is down */
  UPDATE_NEEDS_RESTARTED, /* depends, in the new database, on new service `because`, which restarts */
  UPDATE_NEEDED_STOPPED   /* depends, in the old database, on old service `because`, which stops */
};

/* Why a new service that is not up after the switch starts. */
typedef enum update_why_e update_why;
enum update_why_e {
  UPDATE_LEFT,     /* it does not */
  UPDATE_RESTARTS, /* it was stopped for the update */
  UPDATE_REPLACES, /* it stands for old service `because` of another type, or is in a bundle that does */
  UPDATE_NEEDED    /* new service `because` depends on it */
};

typedef struct update_old_s update_old;
struct update_old_s {
  uint32_t to; /* the same service in the new database, or S6RC_NONE */
  uint32_t because;
  update_fate fate; /* what it is, if it stops (or would, if held) */
  unsigned char up;
  unsigned char stops;
  unsigned char held; /* essential, or needed by one that is: not stopped */
};

typedef struct update_new_s update_new;
struct update_new_s {
  uint32_t from; /* the same service in the old database, or S6RC_NONE */
  uint32_t because;
  update_why start;
  unsigned char up;     /* right after the switch */
  unsigned char wanted; /* explicitly */
};

/* What becomes of a pipe that the fd-holder has for a consumer. Those whose
   consumer keeps its name are not mentioned. */
typedef struct update_pipe_s update_pipe;
struct update_pipe_s {
  uint32_t from;           /* old consumer; S6RC_NONE: the pipe is created */
  uint32_t to;             /* new consumer; S6RC_NONE: the pipe is deleted */
  unsigned char name_free; /* no other old pipe gets the name that it had */
};

typedef struct update_plan_s update_plan;
struct update_plan_s {
  uint32_t nold;
  uint32_t nnew;
  uint32_t npipes;
  update_old *olds;
  update_new *news;
  update_pipe *pipes; /* renamed and deleted ones by old number, then created ones by new number */
  uint32_t refused;   /* old essential service that would have to stop for good, or S6RC_NONE */
};
#define UPDATE_PLAN_ZERO                                                                      \
  {                                                                                           \
    .nold = 0, .nnew = 0, .npipes = 0, .olds = 0, .news = 0, .pipes = 0, .refused = S6RC_NONE \
  }

/* Makes the plan from two databases, the old state and the conversions,
   which have no mistakes. force: essential services may stop. 1; 0 and errno
   (ENOMEM, EPROTO). O(size of the databases). */
extern int update_plan_make(update_plan *, s6rc_db const *olddb, s6rc_db const *newdb,
                            unsigned char const *state, update_conversions const *, int force);
extern void update_plan_free(update_plan *);

/* The part of it that is about pipes, once olds and news say what is what. 1; 0
   and errno. */
extern int update_plan_pipes(update_plan *, s6rc_db const *olddb, s6rc_db const *newdb);

/* Appends the plan as text, a line a service that stops, moves, is held or
   starts, each with the reason: first old ones, then new ones, by number; then
   a line a pipe. 1; 0 and errno. */
extern int update_plan_print(stralloc *, update_plan const *, s6rc_db const *olddb, s6rc_db const *newdb);

/* --- carrying it out

   Every generation of the live directory is complete in itself. The first one
   is also the home of all service directories that have ever been supervised:
   in later generations they are symbolic links to there, so they do not move
   when the live directory becomes another one. (What is new is built in its
   generation and moves home last of all: whoever works in a directory does not
   see its name.) So up to the switch nothing that the old generation shows is touched,
   and all that happens after it is said in the new generation's record and can
   be done again. What a crash leaves:

   - The public name leads to the old generation, which has a record: the
     update has not happened. Undone by removing the new generation and
     starting again what was stopped for it.
   - The public name leads to the new generation, which has a record: the
     update has happened. Completed by doing all that the record says.

   Either is the business of whoever locks the live directory next. */

/* The record: a file in a generation, words that each end in a NUL. The first
   one says which kind it is, the second is the public name of the live
   directory. */
#define UPDATE_RECORD     "update"
#define UPDATE_RECORD_OLD "leaving"
#define UPDATE_RECORD_NEW "entering"
/* state as it was when the update began (in the old generation), and as it
   is meant to be when it is over (in the new one) */
#define UPDATE_STATE_BEFORE "state.before"
#define UPDATE_STATE_AFTER  "state.after"
#define UPDATE_STOPS        0x80
/* how far the fd-holder has been adjusted (in the new one) */
#define UPDATE_PIPES "update.pipes"

/* The further words of UPDATE_RECORD_NEW, by their first letter. */
enum update_word_e {
  UPDATE_WORD_KEEPS = 'K',  /* NAME: a longrun that keeps its supervisor, to be given its new files */
  UPDATE_WORD_LEAVES = 'L', /* NAME: of a longrun that has no service of this name any more */
  UPDATE_WORD_DROPS = 'D',  /* GENERATION/servicedirs/NAME: a service directory that is not used any more */
  UPDATE_WORD_PIPE_GONE = '-', /* CONSUMER: a name that no pipe has any more */
  UPDATE_WORD_PIPE_NEW = '+',  /* CONSUMER */
  UPDATE_WORD_PIPE_FROM = '<', /* CONSUMER, before its renaming; a PIPE_TO follows */
  UPDATE_WORD_PIPE_TO = '>'    /* CONSUMER, after */
};

/* Carries out a plan of the engine; wanted: bytes with S6RC_STATE_WANTED set
   for what is explicitly wanted. ENGINE_SYSTEM: errno. */
typedef engine_result update_carry_out_func(engine_plan *, s6rc_db const *, int livefd,
                                            unsigned char const *wanted, void *data);

/* Says that n supervisors do not run yet, one of them name's. */
typedef void update_missing_func(uint32_t n, char const *name, char const *scandir);

/* Where and how. */
typedef struct update_context_s update_context;
struct update_context_s {
  char const *live; /* public name; absolute, unless there is a record that has it */
  tain deadline;
  stralloc where; /* what failed, after a failure */
  update_carry_out_func *carry_out;
  void *data;
  /* for undoing: old services that were to be stopped, and certainly have not
     been (non-zero bytes, by number); null: nobody knows */
  unsigned char const *untouched;
  /* says which supervisors are waited for, as in s6rc_supervision_begin; null: nobody does */
  update_missing_func *missing;
  /* set: the scan directory, with a NUL, if the time ran out for supervisors,
     where says which one */
  stralloc unserved;
  /* set: the errno for which the fd-holder was told to start again */
  int holder_error;
};

/* Writes the record of the old generation fd, whose state is given. 1; 0 and
   errno. */
extern int update_announce(update_context *, update_plan const *, int fd, unsigned char const *state);

/* Builds the new generation for a plan: path is set to it, *lockfd holds its
   lock. 1; 0 and errno, nothing is left of it. */
extern int update_build(update_context *, update_plan const *, int oldfd, s6rc_db const *olddb,
                        s6rc_db const *newdb, char const *newdbpath, stralloc *path, int *lockfd);

/* Gives the new generation newfd the records of the old one, oldfd, of what
   is still there, by its new number. The last thing before the switch: what
   the update has stopped is recorded too. 1; 0 and errno. */
extern int update_records(update_plan const *, int oldfd, int newfd);

/* Completes an update whose switch has happened: fd is the live directory
   that the public name leads to, db its database. Can be repeated. All but
   the starting of services. 1; 0 and errno. */
extern int update_complete(update_context *, int fd, s6rc_db const *db);

/* Moves service directories that were made in live directory fd home, and
   removes the generations between. Can be repeated. 1; 0 and errno. */
extern int update_settle(update_context *, int fd, s6rc_db const *db);

/* Removes what an update that did not come to its switch has made. */
extern int update_clean(update_context *, int fd);

/* The adjustment of the fd-holder, by the record's words. Changes the working
   directory to servicedirsfd. 1; 0 and errno. */
extern int update_pipes(update_context *, int livefd, int servicedirsfd, char const *words, size_t len);

/* The update is over: removes what is left of its record. 1; 0 and errno. */
extern int update_forget(int fd);

/* What a live directory says about an update, for whoever has just locked it. */
typedef enum update_phase_e update_phase;
enum update_phase_e { UPDATE_NONE, UPDATE_BEFORE_SWITCH, UPDATE_AFTER_SWITCH, UPDATE_UNREADABLE /* errno */ };
extern update_phase update_find(int fd);

/* Undoes, or completes, what update_find has found. 1, *result is then what
   came of the services that it started; 0 and errno. */
extern int update_recover(update_context *, update_phase, int fd, s6rc_db const *db, engine_result *result);

#endif
