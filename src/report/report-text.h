/* ISC license. */

/* Names are any bytes but NUL, slash and newline: what makes them text for
   formats that are particular. */

#ifndef S6RC_REPORT_TEXT_H
#define S6RC_REPORT_TEXT_H

#include <stddef.h>

/* The number of bytes (1 to 4, at most len) of the character at s; 0 if it is
   not UTF-8, or a control character, or none that XML may contain. */
extern size_t report_utf8(char const *s, size_t len);

/* Writes a name in buffer_1 with `escape` for characters that need it: called
   with one, it returns what to write instead, or null. Bytes for which
   report_utf8 is 0 become `before` and two hexadecimal digits. 1; 0 and errno. */
typedef char const *report_escape_func(char c);
extern int report_put_text(char const *s, size_t len, report_escape_func *escape, char const *before);

#endif
