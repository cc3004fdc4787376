#ifndef HM_DEC_H
#define HM_DEC_H

#include <stdint.h>

#include "slice.h"

/*
 * A decimal number: units * 10^-scale. Readings are scaled integers on the
 * wire and stay so until they are printed; no double comes near them.
 */
struct hm_dec {
	int64_t units;
	unsigned scale; /* 0 .. HM_DEC_SCALE_MAX */
};

#define HM_DEC_SCALE_MAX 18
#define HM_DEC_TEXT 24 /* bytes that hold any printed hm_dec and a NUL */

static inline struct hm_dec
hm_dec(int64_t units, unsigned scale)
{
	return (struct hm_dec){units, scale};
}

/*
 * Read a JSON number, exponent included. False if the text is not one, or if
 * it cannot be held exactly.
 */
bool hm_dec_parse(struct hm_slice text, struct hm_dec *out);

/*
 * Print without trailing zeros ("230.1", "50", "-0.5"). Returns the length;
 * the text is ended by a NUL.
 */
size_t hm_dec_format(struct hm_dec value, char buf[HM_DEC_TEXT]);

/* The units of `value` at another scale; false if not exact or too large. */
bool hm_dec_rescale(struct hm_dec value, unsigned scale, int64_t *units);

/* a + b at the larger of both scales; false if either does not fit there. */
bool hm_dec_add(struct hm_dec a, struct hm_dec b, struct hm_dec *out);

/*
 * a * b, exact, without trailing zeros; false if it, or the product of the
 * digits of both, does not fit.
 */
bool hm_dec_mul(struct hm_dec a, struct hm_dec b, struct hm_dec *out);

#endif
