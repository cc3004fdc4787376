#ifndef HM_DECIMAL_H
#define HM_DECIMAL_H

#include <stdint.h>

#include "slice.h"

/*
 * A decimal number: units * 10^-scale. Readings are scaled integers on the wire
 * and stay integers until they are printed; they are never a double.
 */
struct hm_decimal {
	int64_t units;
	unsigned scale; /* 0 .. HM_DECIMAL_SCALE_MAX */
};

#define HM_DECIMAL_SCALE_MAX 18
#define HM_DECIMAL_TEXT 24 /* bytes of a printed number and its NUL */

static inline struct hm_decimal
hm_decimal(int64_t units, unsigned scale)
{
	return (struct hm_decimal){units, scale};
}

/*
 * Read a JSON number, exponent included. False if the text is not one, or if
 * it cannot be held exactly.
 */
bool hm_decimal_parse(struct hm_slice text, struct hm_decimal *out);

/*
 * The nearest double, on every machine: floating point that rounds more than
 * once, as that of i387 does, has no part in it.
 */
double hm_decimal_double(struct hm_decimal value);

/* Read a whole number from `min` to `max`; false if the text is none. */
bool hm_decimal_whole(struct hm_slice text, int64_t min, int64_t max,
    int64_t *out);

/*
 * Print without trailing zeros ("230.1", "50", "-0.5"). Returns the length;
 * the text is ended by a NUL.
 */
size_t hm_decimal_format(struct hm_decimal value, char buf[HM_DECIMAL_TEXT]);

/* The units of `value` at another scale; false if not exact or too large. */
bool hm_decimal_rescale(struct hm_decimal value, unsigned scale,
    int64_t *units);

/* `value` without the digits behind a scale, towards zero. */
struct hm_decimal hm_decimal_cut(struct hm_decimal value, unsigned scale);

/* a + b at the larger of both scales; false if either does not fit there. */
bool hm_decimal_add(struct hm_decimal a, struct hm_decimal b,
    struct hm_decimal *out);

/*
 * a * b, exact, without trailing zeros; false if it, or the product of the
 * digits of both, does not fit.
 */
bool hm_decimal_mul(struct hm_decimal a, struct hm_decimal b,
    struct hm_decimal *out);

#endif
