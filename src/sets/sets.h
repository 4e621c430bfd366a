/* ISC license. */

/* What the tools for repositories and sets share: options, opening or dying,
   words for what does not go together and for what moves. May print and exit. */

#ifndef S6RC_SETS_H
#define S6RC_SETS_H

#include <stddef.h>
#include <stdint.h>

#include <skalibs/gccattributes.h>
#include <skalibs/stralloc.h>

#include <s6-rc/config.h>

#include "../cli/cli.h"
#include "../repo/repo.h"

enum sets_exit_e { SETS_EXIT_STALE = 7, SETS_EXIT_REPOSITORY = 102 };

enum sets_verbosity_e { SETS_WARNINGS = 1, SETS_STEPS = 2 };

/* rows of every tool's table */
#define SETS_OPTIONS                                                                                         \
  {.letter = 'v', .name = "verbosity", .arg = "N", .help = "how much to say: 0 errors, 1 warnings, 2 more"}, \
      {.letter = 'r', .name = "repodir", .arg = "DIR", .help = "the repository (default " S6RC_REPODIR ")"}, \
  {                                                                                                          \
    .letter = 'r', .name = "repository", .arg = "DIR", .help = "the same"                                    \
  }

#define SETS_FDHOLDER                                                                                   \
  {                                                                                                     \
    .letter = 'h', .name = "fdholder-user", .arg = "USER", .help = "run the fd-holder's daemon as USER" \
  }

/* What the common options say. */
typedef struct sets_options_s sets_options;
struct sets_options_s {
  unsigned int verbosity;
  char const *path;
};
#define SETS_OPTIONS_DEFAULT                         \
  {                                                  \
    .verbosity = SETS_WARNINGS, .path = S6RC_REPODIR \
  }

/* Takes an option that is one of the common ones. */
extern void sets_option(sets_options *, cli_parser const *, char letter);

/* Dies with 102 (EPROTO) or 111, by errno and r->what; tidies up first. If
   there was no lock, what failed may have failed because something has changed:
   then that is said, here and by the other functions that die. */
extern void sets_die(repo *) gccattr_noreturn;

/* Opens the repository, or dies. */
extern void sets_open(repo *, sets_options const *, s6rc_lockmode);
/* Dies if what has been read without a lock has been replaced meanwhile. Keeps
   errno. */
extern void sets_check_read(repo *);

/* Opens the reference database, and makes the graph of it; or dies: 4, 102 */
extern void sets_reference(repo *, s6rc_db *);
extern void sets_services(repo *, s6rc_db const *, repo_services *);
/* Dies with 4: a record of the reference database is damaged; or by errno. */
extern void sets_die_reference(repo *) gccattr_noreturn;

/* 1 or 0; or dies. */
extern int sets_exists(repo *, char const *set);

/* Dies with 3, naming the nearest, if there is no such set. */
extern void sets_need(repo *, char const *set);
/* Dies with 100 if no set could have that name. */
extern void sets_check_name(char const *set);

/* Marks the services that names (a null-terminated list) stand for. Dies with
   3 or 4. To be freed. */
extern unsigned char *sets_select(repo *, s6rc_db const *, char const *const *names);

/* Reads a set, writes one, makes the draft current; or dies. */
extern unsigned char *sets_read(repo *, s6rc_db const *, char const *set);
extern void sets_begin(repo *, repo_draft *, int blank);
extern void sets_write(repo *, repo_draft *, s6rc_db const *, char const *set, unsigned char const *rx);
extern void sets_publish(repo *, repo_draft *);
/* Dies if publishing has failed (0); warns if a loss of power may undo it (-1). */
extern void sets_check_published(repo *, int published);

/* The name of a service, by its number. */
typedef char const *sets_name_func(void const *data, uint32_t number);
extern sets_name_func sets_name_of_db, sets_name_of_compiled;

/* A set as it is talked about. */
typedef struct sets_context_s sets_context;
struct sets_context_s {
  repo *r;
  char const *set;
  sets_name_func *name;
  void const *data;
};

/* Prints each conflict, with the command that mends it, as a warning, or as an
   error if fatal. */
extern void sets_print_conflicts(sets_context const *, repo_move const *moves, genalloc const *conflicts,
                                 int fatal);

/* Which moves are printed: those that nobody has asked for, or all; where to:
   as messages, or on stdout. */
typedef enum sets_moves_e sets_moves;
enum sets_moves_e { SETS_MOVES_PULLED, SETS_MOVES_ALL, SETS_MOVES_STDOUT };
extern void sets_print_moves(sets_context const *, unsigned char const *before, repo_move const *moves,
                             uint32_t n, sets_moves);

/* Dies with 1 if one of the moves is to or from always. */
extern void sets_spare_essentials(sets_context const *, unsigned char const *before, repo_move const *moves,
                                  uint32_t n);

/* Warns of all that does not go together in a set. The number of conflicts. */
extern size_t sets_warn_conflicts(sets_context const *, repo_services const *, unsigned char const *rx);

/* Reads the stores, says what is wrong with them, warnings from that verbosity
   on, and dies if anything is: 1, or 111 if something could not be read. */
extern void sets_read_stores(repo *, sets_options const *, repo_names const *stores, repo_reading *,
                             unsigned int warnings_from);

/* Syncs into the draft and makes it current, whatever that takes to say. checkempty: dies
   with 1 if a store that had definitions has none any more. */
extern void sets_sync(repo *, sets_options const *, repo_draft *, repo_names const *stores,
                      char const *fdhuser, int checkempty);

#endif
