/* ISC license. */

/* Names are any bytes but NUL, slash and newline: what makes them text for
   formats that are particular. */

#ifndef S6RC_REPORT_TEXT_H
#define S6RC_REPORT_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The number of bytes (1 to 4, at most len) of the UTF-8 character at s, and
   the character; 0 if there is none: no overlong forms, no surrogates, nothing
   above U+10FFFF. */
extern size_t report_utf8(char const *s, size_t len, uint32_t *character);

/* Writes a name in buffer_1 with `escape` for characters that need it: called
   with one, it returns what to write instead, or null. Bytes that are not
   UTF-8, and the first one of a control character or one that XML may not
   contain, become `before` and two hexadecimal digits. 1; 0 and errno. */
typedef char const *report_escape_func(char c);
extern int report_put_text(char const *s, size_t len, report_escape_func *escape, char const *before);

#endif
