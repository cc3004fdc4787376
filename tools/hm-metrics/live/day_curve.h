#ifndef HM_DAY_CURVE_H
#define HM_DAY_CURVE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The power of one local day (base/zone.h), as means over five minutes. A new
 * day starts with an empty curve; the hour that comes twice when summer time
 * ends counts as one.
 */

#define HM_DAY_CURVE_STEP 300 /* seconds */
#define HM_DAY_CURVE_POINTS 288

struct hm_day_curve {
	int64_t day;  /* as hm_zone_day, 0 before the first sample */
	int64_t last; /* time of the newest sample */
	struct hm_day_curve_point {
		int64_t sum; /* of samples, in milliwatts */
		uint32_t count;
	} point[HM_DAY_CURVE_POINTS];
};

/*
 * Add a sample of the power at a time in seconds since 1970. A sample of a day
 * before the curve's is ignored.
 */
void hm_day_curve_add(struct hm_day_curve *curve, int64_t time,
    int64_t milliwatts);

/*
 * Turn to the day of a time, which may be an earlier one if somebody sets the
 * clock: `curve` goes into `other`, from which that day's curve comes back.
 */
void hm_day_curve_turn(struct hm_day_curve *curve, struct hm_day_curve *other,
    int64_t time);

/* Fill the gaps of a curve with the points of another one of the same day. */
void hm_day_curve_fill(struct hm_day_curve *curve,
    const struct hm_day_curve *other);

/* The mean of a point in milliwatts; false if it has no sample. */
bool hm_day_curve_mean(const struct hm_day_curve *curve, unsigned point,
    int64_t *milliwatts);

#endif
