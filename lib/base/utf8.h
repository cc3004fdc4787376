#ifndef HM_UTF8_H
#define HM_UTF8_H

#include <stdint.h>

#include "slice.h"

/*
 * The length (1-4) of the well-formed UTF-8 sequence at the start of n bytes,
 * or 0: overlong forms, surrogates and values past U+10FFFF are not well-formed
 * (Unicode 15, table 3-7).
 */
size_t hm_utf8_len(const char *p, size_t n);

/*
 * The length of the longest beginning of text that is well-formed and has at
 * most `most` bytes: no character is cut.
 */
size_t hm_utf8_fit(struct hm_slice text, size_t most);

/*
 * Whether text is well-formed and holds no control character, and none that
 * ends a line or a stream in YAML: such text can go into a log, a record and a
 * settings file.
 */
bool hm_utf8_plain(struct hm_slice text);

/*
 * Write '?' in place of every character and byte that hm_utf8_plain refuses.
 * Returns the new length, which is never more.
 */
size_t hm_utf8_clean(char *text, size_t n);

/* Write a code point up to U+10FFFF; returns the bytes written (1-4). */
size_t hm_utf8_put(uint32_t code, char out[4]);

#endif
