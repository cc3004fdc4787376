#ifndef HM_HEX_H
#define HM_HEX_H

#include <stdint.h>

#include "slice.h"

/* The value of a hex digit of either case, or -1. */
int hm_hex_digit(char c);

/*
 * Bytes from pairs of hex digits of either case. False if the text is
 * anything else or more than cap bytes.
 */
bool hm_hex_read(struct hm_slice text, uint8_t *out, size_t cap, size_t *n);

#define HM_SERIAL_TEXT 17 /* 16 hex digits and a NUL */

/*
 * A serial number as we print it: lower-case hex digits, at least `width` of
 * them. The hex digits are what the label of the device shows.
 */
struct hm_slice hm_serial_format(uint64_t serial, unsigned width,
    char buf[HM_SERIAL_TEXT]);

#define HM_SERIAL_WORD 33 /* 32 characters and a NUL */

/*
 * A serial number that a DTU sent as text, in lower case. Empty if it is
 * longer than 32 characters or holds anything but letters and digits.
 */
struct hm_slice hm_serial_word(const char *text, char buf[HM_SERIAL_WORD]);

#endif
