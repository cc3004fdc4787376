#ifndef HM_POWER_CURVE_H
#define HM_POWER_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The power of a plant in a day, minute by minute, as a DTU has kept it, and
 * the distribution of an energy over it. Times are seconds since 1970, powers
 * are W.
 */

/* The longest local day, with some room. */
#define HM_CURVE_MINUTES ((size_t)(28 * 60))

struct hm_power_curve {
	int64_t begin; /* of the first minute */
	bool known[HM_CURVE_MINUTES];
	double watts[HM_CURVE_MINUTES];
};

/* What the curve is in a time. */
struct hm_curve_part {
	size_t count; /* minutes with a value */
	double mean, least, most;
};

/* An empty curve. */
void hm_power_curve_start(struct hm_power_curve *curve, int64_t begin);

/*
 * A value for the `step` seconds from `time` on. It replaces earlier values;
 * what is outside of the curve, negative, or of a step of no or more than 3600
 * seconds is ignored.
 */
void hm_power_curve_add(struct hm_power_curve *curve, int64_t time,
    int64_t step, double watts);

/* The energy from `from` to `to`, in Wh; minutes without a value have none. */
double hm_power_curve_energy(const struct hm_power_curve *curve, int64_t from,
    int64_t to);

/* All zero if no minute from `from` to `to` has a value. */
struct hm_curve_part hm_power_curve_part(const struct hm_power_curve *curve,
    int64_t from, int64_t to);

/* A counter that is known at two moments, with the curve between them. */
struct hm_curve_span {
	int64_t from, to;
	double first, last; /* the counter, in Wh; last >= first */
};

/*
 * The counter at a moment of the span, in whole Wh above `first`: it grows as
 * the curve does, and reaches `last` at the end. So hours that follow one
 * another add up to the growth of the counter, to the watt-hour. Without a
 * curve in the span it is `first` until the end.
 */
double hm_power_curve_counter(const struct hm_power_curve *curve,
    const struct hm_curve_span *span, int64_t moment);

#endif
