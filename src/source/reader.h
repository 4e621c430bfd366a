/* ISC license. */

/* Private to src/source: what the readers of single files share. */

#ifndef S6RC_READER_H
#define S6RC_READER_H

#include <stddef.h>
#include <stdint.h>
#include <dirent.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include <s6-rc/servicedir.h>

#include "source.h"

/* The entries of a directory without those that start with a dot, in byte
   order: the kernel's order never shows. */
typedef struct entries_s entries;
struct entries_s {
  DIR *dir;
  stralloc text;
  genalloc names; /* of char const *, into text */
};

/* Takes fd over and reads the directory; replaces the names of the one
   before, which must be closed. It stays open until entries_close. 1; 0 and
   errno, fd is closed then. */
extern int entries_open(entries *, int fd);
extern void entries_close(entries *);
extern void entries_free(entries *);
#define entries_n(e)      genalloc_len(char const *, &(e)->names)
#define entries_get(e, i) (genalloc_s(char const *, &(e)->names)[i])

/* there are fewer attributes */
#define NATTRIBUTES_MAX 64

typedef struct reader_s reader;
struct reader_s {
  source *src;
  source_service *sv; /* the definition being read: the last one of src->services */
  int fd;             /* its directory */
  entries own;        /* what is in it */
  entries list;       /* of a list's directory */
  unsigned char present[NATTRIBUTES_MAX];
  stralloc buf;  /* content of a file */
  genalloc seen; /* of uint32_t, by name id: the last list that has it */
  uint32_t nlists;
  uint32_t otherfd; /* the descriptor that s6-supervise is told of in another file, if hasotherfd */
  int hasotherfd;
};

/* Complains about a file of the definition. */
#define reader_complain(r, severity, attribute, line, ...) \
  reader_complain_array(r, severity, attribute, line, (char const *const[]){__VA_ARGS__})
extern void reader_complain_array(reader *r, source_severity severity, unsigned int attribute, uint32_t line,
                                  char const *const *text);

static inline uint32_t reader_service(reader const *r)
{
  return source_nservices(r->src) - 1;
}

/* A reader takes one file or directory of the definition into the model. It
   complains where it has to; if it runs out of memory it sets src->lost. */
typedef void reader_func(reader *, unsigned int attribute);

extern reader_func read_type, read_flag, read_list, read_timeout, read_script;
extern reader_func read_producer_for, read_pipeline_name, read_sdfile;

/* An attribute: the kinds of service (bits 1 << type) that it means something
   to, and those that cannot do without it. */
typedef struct attribute_s attribute;
struct attribute_s {
  char const *name;
  unsigned int kinds;
  unsigned int mandatory;
  reader_func *read;
};
extern attribute attribute_get(unsigned int i);

/* Reads a regular file into r->buf, with a NUL behind that len does not count.
   1; 0: complained, or lost. */
extern int reader_slurp(reader *, unsigned int attribute);

/* Takes the content of a file as a number, trailing newlines aside. 1; 0:
   complained, or lost. */
extern int reader_number(reader *, unsigned int attribute, uint32_t *);

/* Is the file a list that is ignored because it is there as a directory too? */
extern int reader_directory_wins(reader const *, unsigned int attribute);

/* Is s good as a name that a user gives? 1; 0: complained. */
extern int reader_name(reader *, source_place const *, char const *s, size_t len);

#endif
