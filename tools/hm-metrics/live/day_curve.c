#include "day_curve.h"

#include "base/zone.h"

void
hm_day_curve_add(struct hm_day_curve *curve, int64_t time, int64_t milliwatts)
{
	struct hm_local local = hm_zone_local(time);
	struct hm_day_curve_point *point;

	if (local.day < curve->day)
		return;
	if (local.day > curve->day)
		*curve = (struct hm_day_curve){.day = local.day};
	point = &curve->point[local.second / HM_DAY_CURVE_STEP];
	point->sum += milliwatts;
	point->count++;
	if (time > curve->last)
		curve->last = time;
}

void
hm_day_curve_turn(struct hm_day_curve *curve, struct hm_day_curve *other,
    int64_t time)
{
	int64_t day = hm_zone_local(time).day;
	struct hm_day_curve left = *curve;

	if (curve->day == day)
		return;
	*curve = other->day == day ? *other :
	    (struct hm_day_curve){.day = day};
	*other = left;
}

void
hm_day_curve_fill(struct hm_day_curve *curve, const struct hm_day_curve *other)
{
	if (curve->day == 0)
		*curve = *other;
	if (curve->day != other->day)
		return;
	for (unsigned i = 0; i < HM_DAY_CURVE_POINTS; i++)
		if (curve->point[i].count == 0)
			curve->point[i] = other->point[i];
	if (other->last > curve->last)
		curve->last = other->last;
}

bool
hm_day_curve_mean(const struct hm_day_curve *curve, unsigned point,
    int64_t *milliwatts)
{
	const struct hm_day_curve_point *p = &curve->point[point];

	if (p->count == 0)
		return false;
	*milliwatts = p->sum / p->count;
	return true;
}
