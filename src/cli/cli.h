/* ISC license. */

/* What the mains share: options, usage, help, the words for common failures.
   This room prints and exits; nothing below it does. */

#ifndef S6RC_CLI_H
#define S6RC_CLI_H

#include <stddef.h>

#include <skalibs/gccattributes.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

#include <s6-rc/config.h>
#include <s6-rc/db.h>
#include <s6-rc/live.h>
#include <s6-rc/lock.h>

/* An option: its letter (one below the blank: it has only a long name), its
   long name, the placeholder of its argument (null: it takes none), and what
   it does, for the help text. Rows with the same letter are the same option. */
typedef struct cli_option_s cli_option;
struct cli_option_s {
  char letter;
  char const *name;
  char const *arg;
  char const *help;
};

/* rows that several tools have */
#define CLI_OPTION_LIVEDIR                                                                                   \
  {                                                                                                          \
    .letter = 'l', .name = "livedir", .arg = "LIVE", .help = "the live directory (default " S6RC_LIVEDIR ")" \
  }
#define CLI_OPTION_BLOCK                                                                 \
  {                                                                                      \
    .letter = 'b', .name = "block", .help = "wait for a lock that another process holds" \
  }

#define cli_hasletter(o) ((o)->letter >= ' ')

/* A command of a tool that has commands: name, operands, meaning. */
typedef struct cli_command_s cli_command;
struct cli_command_s {
  char const *name;
  char const *operands;
  char const *help;
};

/* What else a tool's help lists: a headline, and rows as those of commands. */
typedef struct cli_topics_s cli_topics;
struct cli_topics_s {
  char const *title;
  cli_command const *rows;
};

/* A tool: everything that usage, help and the pages say about its command
   line. synopses: what follows the name; usage prints the first with the
   others below it. Arrays end with a null name. */
typedef struct cli_tool_s cli_tool;
struct cli_tool_s {
  char const *name;
  char const *summary;
  char const *const *synopses;
  cli_option const *options;
  cli_command const *commands;
  cli_topics topics;
};

/* Parses options, short ones bundled or not, long ones as --name,
   --name=value, --name value. */
typedef struct cli_parser_s cli_parser;
struct cli_parser_s {
  cli_tool const *tool;
  char const *const *argv;
  char const *rest; /* letters of the current word still to come, or null */
  char const *arg;  /* argument of the option just returned, or null */
};

/* Sets PROG, remembers the tool for cli_dieusage, makes sure that descriptors
   0 to 2 are open (if stdout was not, writing to buffer_1 fails nevertheless),
   starts the clock, makes SIGPIPE harmless (programs that we exec get the
   default back). argv as in main. With --complete first it does what
   cli_complete does. */
extern void cli_start(cli_parser *, cli_tool const *, char const *const *argv);

/* The next option's letter; 0 at the end: p->argv is then the operands (null
   terminated). --help prints the help text and exits 0. Dies with 100. */
extern char cli_next(cli_parser *p);

/* Dies with 100 and the usage; what (may be null) says what is wrong. */
extern void cli_dieusage(char const *what, char const *object) gccattr_noreturn;

/* The option's argument as a number; dies with 100 if it is none. */
extern unsigned int cli_uint(cli_parser const *p);

/* The option's argument in milliseconds as a duration, 0 = for ever. */
extern void cli_ms(cli_parser const *p, tain *);

/* The help text on stdout. */
extern void cli_help(cli_tool const *);

/* Finds an option; null if there is none. */
extern cli_option const *cli_option_by_letter(cli_tool const *, char letter);
extern cli_option const *cli_option_by_name(cli_tool const *, char const *name, size_t len);

/* Prints what may stand in the place of the last of words, when those before
   it are the command line so far; exits 0. Lines: HELP<tab>COMPLETION, or what
   the shell is to do: files, directories, users, commands (complete these),
   skip N (only behind the first N bytes of the word). */
extern void cli_complete(cli_tool const *, char const *const *words) gccattr_noreturn;

/* Finds a command by name; null if there is none. */
extern cli_command const *cli_command_find(cli_tool const *, char const *name);

/* Flushes stdout; dies with 111 if that fails. */
extern void cli_flush(void);

/* Appends " " and the word as a shell would read it. 1; 0 and ENOMEM. */
extern int cli_quote(stralloc *, char const *word);

/* Dies with 111: what path is not trusted, see s6-rc/trust.h. what ends in a
   blank. */
extern void cli_dieuntrusted(char const *what, char const *path) gccattr_noreturn;

/* Opens a database that is to be used or dies: 4 if it is none, 111 for other
   errors, and if it is not trusted. */
extern void cli_opendb(s6rc_db *, char const *path);

/* Dies with 111, by errno, because live directory live could not be opened. */
extern void cli_dieopenlive(char const *live) gccattr_noreturn;

/* Opens live directory live, with its database and its state, or dies: 4 if
   one of these is damaged, 111 for other errors. */
extern void cli_openlive(s6rc_live *, char const *live);

/* Dies likewise, by errno, because s6rc_live_open stumbled over part. */
extern void cli_dielive(char const *live, s6rc_livepart part) gccattr_noreturn;

/* How long to wait for locks. */
typedef struct cli_patience_s cli_patience;
struct cli_patience_s {
  int block;       /* wait at all */
  unsigned int ms; /* at most so long, for all locks together; 0: as long as it takes */
  tain deadline;   /* when ms will be over */
};

/* The option's argument, in ms, is how long to wait, from now on. */
extern void cli_wait(cli_parser const *p, cli_patience *);

/* Locks live directory live, exclusively, or dies with 111. A descriptor of
   the directory; the lock lasts as long as the process. */
extern int cli_lock_live(char const *live, cli_patience const *);

/* Locks a database as s6rc_db_lock does. Dies with 111 if it is busy; path is
   for the message. */
extern void cli_lock_db(s6rc_db const *, char const *path, cli_patience const *);

/* What to say where supervisors do not come, after other texts. */
#define CLI_SVSCAN_LIMIT(scandir) \
  ": is the limit of s6-svscan on ", (scandir), " high enough? (its options -c or -C)"
/* Says, as a warning, that n supervisors do not run yet, one of them name's. */
extern void cli_say_missing(uint32_t n, char const *name, char const *scandir);

/* The path of the database of live directory live, for messages, until the next
   call. errno stays. */
extern char const *cli_livedb_path(char const *live);

/* Opens the database of live directory live or dies: as cli_opendb, and 111 if
   there is no live directory. The database's path, for messages. */
extern char const *cli_openlivedb(s6rc_db *, char const *live);

/* Dies with 4 or 111, by errno, because database path could not be opened. */
extern void cli_dieopendb(char const *path) gccattr_noreturn;

/* Dies with 4: database path is damaged; what may be null. */
extern void cli_diedamaged(char const *path, char const *what) gccattr_noreturn;

/* ": did you mean NAME?" for a name that is not in the database, or "". */
extern char const *cli_suggestion(s6rc_db const *, char const *name);

/* Looks a name up, or dies with 3 (naming the closest one) or 4. */
extern void cli_resolve(s6rc_db const *, char const *dbpath, char const *name, s6rc_identifier *);

/* Marks the services that names stand for, all if there are none: a byte a
   service, 1 or 0; to be freed. Dies as cli_resolve, or with 111. */
extern unsigned char *cli_select(s6rc_db const *, char const *dbpath, char const *const *names);

/* Opens live directory live and reads something about the services that names
   stand for, see cli_select: read does it, as a function of the libraries, and
   forget undoes what it did. If an update moves the live directory meanwhile,
   starts again. 1; 0 and errno if read said so. Dies as cli_openlive and
   cli_select. */
typedef int cli_read_func(void *data, s6rc_live const *, unsigned char const *mark);
typedef void cli_forget_func(void *data);
extern int cli_read_live(s6rc_live *, char const *live, char const *const *names, cli_read_func *read,
                         cli_forget_func *forget, void *data);

/* Dies with 111 because file, in what ("live directory /run/s6-rc"), is
   locked: says who holds it if the system tells, and that -b waits, or, after
   having waited, how long (ms; 0: not at all). */
extern void cli_diebusy(char const *what, int fd, char const *file, s6rc_lockmode) gccattr_noreturn;
extern void cli_diebusy_after(char const *what, int fd, char const *file, s6rc_lockmode,
                              unsigned int ms) gccattr_noreturn;

#endif
