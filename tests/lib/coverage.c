/* ISC license. */

/* Linked, with -Wl,--wrap=_exit, into tools that are built with --coverage:
 * what they executed is written also where they end with _exit(), as most of
 * them do when something failed.
 */

#include <unistd.h>

void __gcov_dump(void);
_Noreturn void __real__exit(int code);
_Noreturn void __wrap__exit(int code);

void __wrap__exit(int code)
{
  __gcov_dump();
  __real__exit(code);
}
