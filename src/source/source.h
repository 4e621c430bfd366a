/* ISC license. */

/* Source directories as a plain model: services, names and lists are numbers
   into arrays, not pointers. What is wrong with a source is collected as
   complaints, each with its file and line; nothing stops at the first one. */

#ifndef S6RC_SOURCE_H
#define S6RC_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include <s6-rc/types.h>

/* What some editors put before a text: nobody sees it, and nothing that reads
   service definitions skips it. */
#define SOURCE_BOM "\xef\xbb\xbf"

static inline int source_has_bom(char const *s)
{
  return !strncmp(s, SOURCE_BOM, sizeof SOURCE_BOM - 1);
}

/* Interned names: equal names have equal ids, counted from 0. */
typedef struct source_nameentry_s source_nameentry;
struct source_nameentry_s {
  size_t start; /* in text */
  uint32_t len;
  uint32_t hash;
};

typedef struct source_names_s source_names;
struct source_names_s {
  stralloc text;    /* each name with a NUL behind it */
  genalloc entries; /* of source_nameentry, by id */
  uint32_t *slots;  /* open addressing: an id, or S6RC_NONE */
  size_t nslots;    /* a power of two, or 0 */
};

/* The files of a definition that mean something to s6-rc itself, in the
   order of their reading. Those for the service directory stand in
   s6rc_sdfiles. Together they are the attributes: a number below
   SOURCE_NFILES is one of these, SOURCE_NFILES + i is s6rc_sdfiles[i]. */
enum source_file_e {
  SOURCE_TYPE,
  SOURCE_FLAG_ESSENTIAL,
  SOURCE_FLAG_RECOMMENDED,
  SOURCE_DEPENDENCIES_D,
  SOURCE_DEPENDENCIES,
  SOURCE_OPTIONAL_D,
  SOURCE_CONTENTS_D,
  SOURCE_CONTENTS,
  SOURCE_TIMEOUT_UP,
  SOURCE_TIMEOUT_DOWN,
  SOURCE_UP,
  SOURCE_DOWN,
  SOURCE_RELOAD,
  SOURCE_PRODUCER_FOR,
  SOURCE_CONSUMER_FOR,
  SOURCE_PIPELINE_NAME,
  SOURCE_NFILES
};

/* Where something stands: file (an attribute's name; null: the definition's
   directory itself), entry (a name in the directory file, or null), line
   (from 1; 0: none). */
typedef struct source_place_s source_place;
struct source_place_s {
  uint32_t service;
  char const *file;
  char const *entry;
  uint32_t line;
};

/* SOURCE_SYSERROR: a system call failed */
typedef enum source_severity_e source_severity;
enum source_severity_e { SOURCE_INFO, SOURCE_WARNING, SOURCE_ERROR, SOURCE_SYSERROR, SOURCE_NSEVERITIES };

typedef struct source_complaint_s source_complaint;
struct source_complaint_s {
  source_severity severity;
  uint32_t key[4];   /* what it is sorted by */
  size_t start;      /* in complaint_text: PATH[:LINE]: what is wrong, and a NUL */
  size_t text;       /* in complaint_text: what is wrong */
  char const *label; /* src->label as it was, or null */
};

/* A name in a list, and its line; line 0: it is an entry of a directory. */
typedef struct source_item_s source_item;
struct source_item_s {
  uint32_t name;
  uint32_t line;
};

typedef struct source_list_s source_list;
struct source_list_s {
  uint32_t first; /* in items */
  uint32_t n;
  unsigned int file; /* where it stands: SOURCE_* */
};

/* argc words, each with a NUL behind it; and the file that they come from,
   which is there even if it is no command line. */
typedef struct source_script_s source_script;
struct source_script_s {
  size_t start; /* in text */
  uint32_t len;
  uint32_t argc;
  uint32_t rawlen; /* 0: there is none, or nothing in it */
  size_t raw;      /* in text, with a NUL behind it */
};

/* An entry of a definition that is ignored. */
typedef struct source_ignored_s source_ignored;
struct source_ignored_s {
  size_t name;   /* in text */
  int attribute; /* the one that it is, but not for this type, or beside its directory; -1: none */
};

/* A file for the service directory. */
typedef struct source_sdfile_s source_sdfile;
struct source_sdfile_s {
  uint32_t which; /* in s6rc_sdfiles */
  uint32_t len;   /* SOURCE_COPY: a directory, to be copied from where it is */
  size_t start;   /* in text */
};
#define SOURCE_COPY UINT32_MAX

/* A definition directory. Single names are S6RC_NONE where there is none. */
typedef struct source_service_s source_service;
struct source_service_s {
  uint32_t name;
  uint32_t dir;    /* the source directory it is in */
  s6rc_type type;  /* S6RC_NTYPES: unknown, which has been complained about */
  int duplicate;   /* the name belongs to an earlier definition */
  uint32_t broken; /* bits 1 << SOURCE_*: files with errors, what they say is incomplete */
  uint32_t flags;  /* S6RC_FLAG_* */
  uint32_t timeout[2];
  source_list deps;
  source_list optional;  /* deps, as far as they are defined */
  source_list contents;  /* bundles */
  source_list producers; /* longruns: consumer-for */
  source_item consumer;  /* longruns: producer-for */
  source_item pipeline;  /* last consumers: pipeline-name */
  source_script script[S6RC_NSCRIPTS];
  uint32_t sdfiles; /* longruns: first one in sdfiles, in the order of s6rc_sdfiles */
  uint32_t nsdfiles;
  uint32_t ignored; /* first one in ignored, in byte order of the names */
  uint32_t nignored;
};

/* What a name stands for. SOURCE_PIPELINE: the bundle that service, a last
   consumer, names for its pipeline. */
enum source_defkind_e { SOURCE_UNDEFINED, SOURCE_DEFINED, SOURCE_PIPELINE };

typedef struct source_definition_s source_definition;
struct source_definition_s {
  unsigned int kind;
  uint32_t service;
};

typedef struct source_s source;
struct source_s {
  char const *const *dirs; /* the caller's */
  uint32_t ndirs;
  unsigned int verbosity;
  int override; /* the caller's, see source_read */
  source_names names;
  genalloc definitions; /* of source_definition, by name id */
  genalloc services;    /* of source_service, in the order that numbers them */
  genalloc items;       /* of source_item */
  genalloc sdfiles;     /* of source_sdfile */
  genalloc ignored;     /* of source_ignored */
  genalloc seen;        /* of uint32_t, by directory: how many definitions it has, those not used included */
  stralloc text;        /* words of scripts, contents of files */
  genalloc complaints;  /* of source_complaint */
  stralloc complaint_text;
  char const *label; /* the caller's, for the complaints to come: which kind they are of; or null */
  uint32_t count[SOURCE_NSEVERITIES];
  int incomplete; /* a source directory could not be read: who knows what it defines */
  int lost;       /* errno of a complaint that could not be kept, or 0 */
};
#define SOURCE_ZERO                                                         \
  {                                                                         \
    .dirs = 0, .ndirs = 0, .verbosity = 1, .names = {.slots = 0}, .lost = 0 \
  }

/* Reads everything below dirs (ndirs of them, they stay the caller's) into a
   zero source. Below verbosity 2 nothing is noted about files that are
   ignored. If src->override has been set, of two definitions of a name that in
   the directory given last is taken, the other one is not read, and there is
   a warning; otherwise that is an error. 1: read, ask source_nerrors whether
   it is any good; 0 and errno (ENOMEM, EOVERFLOW). Free it either way. */
extern int source_read(source *, char const *const *dirs, uint32_t ndirs, unsigned int verbosity);
extern void source_free(source *);

/* What a user of the model may change before it is compiled. Takes out the
   definitions (by their numbers) whose byte in drop is not 0; the others get
   new numbers in the same order, and names lose their definition. */
extern void source_drop(source *, unsigned char const *drop);

/* Adds a bundle of n names (ids). 1; 0 and errno: EEXIST (it is defined
   already), ENOMEM, EOVERFLOW. */
extern int source_add_bundle(source *, char const *name, size_t len, uint32_t const *names, uint32_t n);

/* Errors of both severities so far. */
extern uint32_t source_nerrors(source const *);

/* Puts the complaints in order: by definition, file, line, then as they came. */
extern void source_sort_complaints(source *);

/* Prints them in this order to stderr, those of severity least and worse. */
extern void source_print_complaints(source *, source_severity least);

/* Notes that something is wrong. The first text is a format: %q takes the next
   text and quotes it, %s does not quote; control characters never get out as
   such. If there is no memory for it, src->lost is set. */
#define source_complain(src, severity, place, ...) \
  source_complain_array(src, severity, place, (char const *const[]){__VA_ARGS__})
extern void source_complain_array(source *src, source_severity severity, source_place const *place,
                                  char const *const *text);

/* The same with the text "unable to WHAT: " and errno's. */
extern void source_complain_errno(source *src, source_place const *place, char const *what);

/* Appends the path of a definition's directory, or of a file in it (file may
   be null), without a NUL. 1; 0 and ENOMEM. */
extern int source_path(source const *, uint32_t service, char const *file, stralloc *);

/* The id of a name; S6RC_NONE and errno (ENOMEM, EOVERFLOW) if it is new and
   there is no room. */
extern uint32_t source_intern(source *, char const *s, size_t len);
extern uint32_t source_nnames(source const *);
/* The same, S6RC_NONE if there is no such name. */
extern uint32_t source_find(source const *, char const *s, size_t len);
extern char const *source_name(source const *, uint32_t id); /* ends in a NUL */
extern uint32_t source_namelen(source const *, uint32_t id);

/* The place of an item in one of that service's lists. */
extern source_place source_item_place(source const *, uint32_t service, source_list const *,
                                      source_item const *);

/* Attributes: the name of one, which one a file is (-1: none), whether it
   means something for a type, and how many there are. */
extern char const *source_attribute_name(unsigned int attribute);
extern int source_attribute_find(char const *name);
extern int source_attribute_applies(unsigned int attribute, s6rc_type);
extern unsigned int source_nattributes(void);

static inline source_service *source_services(source const *src)
{
  return genalloc_s(source_service, &src->services);
}

static inline uint32_t source_nservices(source const *src)
{
  return (uint32_t)genalloc_len(source_service, &src->services);
}

static inline source_ignored const *source_ignored_of(source const *src, source_service const *sv)
{
  return genalloc_s(source_ignored, &src->ignored) + sv->ignored;
}

static inline source_definition *source_definition_of(source const *src, uint32_t name)
{
  return genalloc_s(source_definition, &src->definitions) + name;
}

static inline source_item const *source_items(source const *src, source_list const *l)
{
  return genalloc_s(source_item, &src->items) + l->first;
}

#endif
