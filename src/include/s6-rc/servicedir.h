/* ISC license. */

/* Service directories: the one table of their files, and what is done with
   whole ones. */

#ifndef S6RC_SERVICEDIR_H
#define S6RC_SERVICEDIR_H

#include <stddef.h>
#include <sys/types.h>

#include <skalibs/stralloc.h>

/* How a file of a longrun's definition gets to the service directory. */
typedef enum s6rc_sdkind_e s6rc_sdkind;
enum s6rc_sdkind_e {
  S6RC_SD_SCRIPT, /* regular file, copied, mode 0755 */
  S6RC_SD_NUMBER, /* unsigned integer: checked, written anew with a newline */
  S6RC_SD_TEXT,   /* regular file, copied, mode 0644 */
  S6RC_SD_FLAG,   /* only its presence counts: an empty file, mode 0644 */
  S6RC_SD_DIR     /* directory, copied recursively with modes */
};

typedef struct s6rc_sdfile_s s6rc_sdfile;
struct s6rc_sdfile_s {
  char const *name;
  s6rc_sdkind kind;
};

/* In byte order of the names. */
extern s6rc_sdfile const s6rc_sdfiles[];
extern size_t const s6rc_sdfiles_n;

/* The entry of that name, or null. */
extern s6rc_sdfile const *s6rc_sdfile_find(char const *name, size_t len);

/* the user's scripts behind the wrappers of a pipelined longrun */
#define S6RC_RUN         "run"
#define S6RC_RUN_USER    "run.user"
#define S6RC_FINISH      "finish"
#define S6RC_FINISH_USER "finish.user"
#define S6RC_TEMPLATE    "template"
#define S6RC_INSTANCE    "instance"
#define S6RC_INSTANCES   "instances"

#define S6RC_MODE_DIR    0755
#define S6RC_MODE_FILE   0644
#define S6RC_MODE_SCRIPT 0755

/* Gives an entry exactly this mode; a link is not followed: ELOOP, EOPNOTSUPP.
   1; 0 and errno. */
extern int s6rc_chmodat(int dirfd, char const *name, mode_t mode);

/* Makes a directory with exactly this mode, whatever the umask. 1; 0, errno. */
extern int s6rc_mkdirat(int dirfd, char const *name, mode_t mode);

/* Creates (it must not exist) a file with exactly this mode and content.
   1; 0 and errno, nothing is then left of it. */
extern int s6rc_writefileat(int dirfd, char const *name, char const *s, size_t len, mode_t mode);

/* Copies srcfd/src to dstfd/dst, which must not exist: regular files,
   directories, symlinks (as they are), FIFOs and device nodes; modes exactly,
   less the bits in maskout; owners too if the caller is root and keepowner.
   Every failure at every depth counts: 1; 0 and errno, *where (may be null)
   then the path below src that failed, and what was made stays for the caller
   to remove. The depth is limited: by descriptors, two a level, and to 2,048. */
extern int s6rc_treecopyat(int srcfd, char const *src, int dstfd, char const *dst, mode_t maskout,
                           int keepowner, stralloc *where);

/* Is tree bfd/b what s6rc_treecopyat would make of tree afd/a, with the same
   maskout and keepowner? Times and links to the same file are no matter. 1, 0
   (also: either is absent), -1 and errno. Depth as there. */
extern int s6rc_treesameat(int afd, char const *a, int bfd, char const *b, mode_t maskout, int keepowner);

/* Removes a tree, unwritable directories included. Absent is fine. 1; 0 and
   errno, and as much as could be removed is gone. */
extern int s6rc_treeremoveat(int dirfd, char const *name);

/* Gives service directory dst, which may have a running supervisor, the
   files of src: each one replaced by a rename if it differs, those that src
   does not have removed; what s6-supervise made and `down` stay. An
   interruption leaves every file whole, and a second call finishes. 1; 0 and
   errno, *where (may be null) then says which file. */
extern int s6rc_servicedir_refresh(int src, int dst, stralloc *where);

#endif
