#include "power_curve.h"

#include <math.h>

#define MINUTE 60
#define STEP_MAX 3600
/* Above what a sum of doubles may lack, below any share of a watt-hour. */
#define ROUNDING 1e-6

void
hm_power_curve_start(struct hm_power_curve *curve, int64_t begin)
{
	*curve = (struct hm_power_curve){.begin = begin};
}

static int64_t
end_of(const struct hm_power_curve *curve)
{
	return curve->begin + (int64_t)HM_CURVE_MINUTES * MINUTE;
}

static int64_t
within(const struct hm_power_curve *curve, int64_t time)
{
	return time < curve->begin ? curve->begin :
	    time > end_of(curve) ? end_of(curve) : time;
}

/* The first minute that begins at or after a time within the curve. */
static size_t
minute_from(const struct hm_power_curve *curve, int64_t time)
{
	return (size_t)((within(curve, time) - curve->begin + MINUTE - 1) /
	    MINUTE);
}

void
hm_power_curve_add(struct hm_power_curve *curve, int64_t time, int64_t step,
    double watts)
{
	if (step <= 0 || step > STEP_MAX || !(watts >= 0) ||
	    time < curve->begin - STEP_MAX || time >= end_of(curve))
		return;
	for (size_t i = minute_from(curve, time);
	     i < minute_from(curve, time + step); i++) {
		curve->known[i] = true;
		curve->watts[i] = watts;
	}
}

/* How many seconds of a minute are from `from` to `to`. */
static int64_t
seconds_of(const struct hm_power_curve *curve, size_t minute, int64_t from,
    int64_t to)
{
	int64_t begin = curve->begin + (int64_t)minute * MINUTE;
	int64_t end = begin + MINUTE;

	if (begin < from)
		begin = from;
	if (end > to)
		end = to;
	return end > begin ? end - begin : 0;
}

double
hm_power_curve_energy(const struct hm_power_curve *curve, int64_t from,
    int64_t to)
{
	double sum = 0;

	for (size_t i = 0; i < HM_CURVE_MINUTES; i++)
		sum += curve->watts[i] *
		    (double)seconds_of(curve, i, from, to);
	return sum / 3600;
}

static void
add_to_part(struct hm_curve_part *part, double watts)
{
	if (part->count == 0 || watts < part->least)
		part->least = watts;
	if (part->count == 0 || watts > part->most)
		part->most = watts;
	part->count++;
	part->mean += (watts - part->mean) / (double)part->count;
}

struct hm_curve_part
hm_power_curve_part(const struct hm_power_curve *curve, int64_t from,
    int64_t to)
{
	struct hm_curve_part part = {.count = 0};

	for (size_t i = minute_from(curve, from); i < minute_from(curve, to);
	     i++)
		if (curve->known[i])
			add_to_part(&part, curve->watts[i]);
	return part;
}

double
hm_power_curve_counter(const struct hm_power_curve *curve,
    const struct hm_curve_span *span, int64_t moment)
{
	double whole = hm_power_curve_energy(curve, span->from, span->to);
	double part = hm_power_curve_energy(curve, span->from, moment);

	if (moment >= span->to)
		return span->last;
	if (whole <= 0 || part <= 0)
		return span->first;
	return fmin(span->last, span->first + floor((span->last -
	    span->first) * (part / whole) + ROUNDING));
}
