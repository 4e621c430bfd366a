/* ISC license. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <skalibs/stddjb.h>

#include <s6-rc/db.h>

/* size of a record of each section; 0: the section's own count says */
static uint64_t expected_size(s6rc_db const *db, unsigned int section)
{
  switch (section) {
    case S6RC_SECTION_SERVICES: return (uint64_t)s6rc_db_n(db) * S6RC_SERVICE_SIZE;
    case S6RC_SECTION_LONGRUNS: return (uint64_t)db->nlongruns * S6RC_LONGRUN_SIZE;
    case S6RC_SECTION_ONESHOTS: return (uint64_t)db->noneshots * S6RC_ONESHOT_SIZE;
    default: return db->sectionlen[section];
  }
}

/* Sections stand in order, each right behind the one before. */
static int read_header(s6rc_db *db)
{
  unsigned char const *h = db->map;
  uint64_t end = S6RC_DB_HEADER_SIZE;
  if (db->size < S6RC_DB_HEADER_SIZE || memcmp(h + S6RC_HEADER_MAGIC, S6RC_DB_MAGIC, S6RC_DB_MAGIC_SIZE))
    return (errno = EPROTO, 0);
  if (s6rc_le32(h + S6RC_HEADER_VERSION) != S6RC_DB_VERSION) return (errno = EPROTOTYPE, 0);
  errno = EPROTO;
  if (s6rc_le32(h + S6RC_HEADER_HASH) != s6rc_hash_bytes(S6RC_HASH_INIT, h, S6RC_HEADER_HASH)) return 0;
  if (s6rc_le32(h + S6RC_HEADER_HEADERSIZE) != S6RC_DB_HEADER_SIZE) return 0;
  if (s6rc_le64(h + S6RC_HEADER_FILESIZE) != db->size) return 0;
  for (size_t i = S6RC_HEADER_END; i < S6RC_DB_HEADER_SIZE; i++)
    if (h[i]) return 0;
  db->nlongruns = s6rc_le32(h + S6RC_HEADER_NLONGRUNS);
  db->noneshots = s6rc_le32(h + S6RC_HEADER_NONESHOTS);
  if (db->nlongruns < S6RC_NGENERATED || db->noneshots >= S6RC_NONE - db->nlongruns) return 0;
  for (unsigned int i = 0; i < S6RC_NSECTIONS; i++) {
    uint64_t offset = s6rc_le64(h + S6RC_HEADER_SECTIONS + 16 * i);
    uint64_t size = s6rc_le64(h + S6RC_HEADER_SECTIONS + 16 * i + 8);
    if (offset != (end + S6RC_DB_ALIGN - 1) / S6RC_DB_ALIGN * S6RC_DB_ALIGN) return 0;
    if (offset > db->size || size > db->size - offset) return 0;
    db->section[i] = h + offset;
    db->sectionlen[i] = (size_t)size;
    if (expected_size(db, i) != size) return 0;
    end = offset + size;
  }
  return end == db->size && !(db->sectionlen[S6RC_SECTION_EDGES] % 4);
}

/* Opens a file of the database and tells its size. -1 and errno: EPROTO if it
   is none that can be mapped. */
static int open_file(s6rc_db const *db, char const *name, size_t *size)
{
  struct stat st;
  int fd = openat(db->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno == ENOENT ? (errno = EPROTO, -1) : -1;
  if (!fstat(fd, &st)) {
    if (S_ISREG(st.st_mode) && st.st_size && (uintmax_t)st.st_size <= SIZE_MAX) {
      *size = (size_t)st.st_size;
      return fd;
    }
    errno = EPROTO;
  }
  fd_close(fd);
  return -1;
}

static int map_db(s6rc_db *db)
{
  size_t size;
  void *map;
  int fd = open_file(db, S6RC_DB_FILE, &size);
  if (fd < 0) return 0;
  map = mmap(0, size, PROT_READ, MAP_SHARED, fd, 0);
  fd_close(fd);
  if (map == MAP_FAILED) return 0;
  db->map = map;
  db->size = size;
  return 1;
}

static int map_resolve(s6rc_db *db)
{
  size_t size;
  int r, fd = open_file(db, S6RC_RESOLVE_FILE, &size);
  if (fd < 0) return 0;
  r = cdb_init_fromfd(&db->resolve, fd);
  fd_close(fd);
  /* what it says of a file that is too large */
  if (!r && errno == EOVERFLOW) errno = EPROTO;
  return r;
}

int s6rc_db_openat(s6rc_db *db, int dirfd, char const *path)
{
  *db = (s6rc_db)S6RC_DB_ZERO;
  db->fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (db->fd < 0) return 0;
  if (map_db(db) && read_header(db) && map_resolve(db)) return 1;
  s6rc_db_close(db);
  return 0;
}

int s6rc_db_open(s6rc_db *db, char const *path)
{
  return s6rc_db_openat(db, AT_FDCWD, path);
}

void s6rc_db_close(s6rc_db *db)
{
  int e = errno;
  cdb_free(&db->resolve);
  if (db->map) munmap((void *)db->map, db->size);
  if (db->fd >= 0) fd_close(db->fd);
  *db = (s6rc_db)S6RC_DB_ZERO;
  errno = e;
}

unsigned char const *s6rc_db_digest(s6rc_db const *db)
{
  return db->map + S6RC_HEADER_DIGEST;
}
