#include "power_factor.h"

#define UNITY INT64_C(1000)
#define TOLERANCE 20 /* thousandths */
#define VOLTAGE_STEP 10
#define CURRENT_STEP 1
#define PER_POWER_UNIT 1000 /* 0.1 W in 0.0001 VA */

/* Larger values are no readings, and their products would not fit. */
#define VOLTAGE_MAX 1000000
#define CURRENT_MAX 10000000
#define POWER_MAX 1000000

/* What a value can have been before it was rounded. */
struct range {
	int64_t low, high;
};

static int64_t
size_of(int64_t n)
{
	return n < 0 ? -n : n;
}

static struct range
around(int64_t n, int64_t step)
{
	int64_t size = size_of(n);

	return (struct range){size > step ? size - step : 0, size + step};
}

/* V x I in 0.0001 VA. False if the reading has none. */
static bool
apparent_power(const struct hm_power_reading *reading, struct range *power)
{
	bool known = false;

	*power = (struct range){0, 0};
	for (int i = 0; i < HM_POWER_FACTOR_PHASES; i++) {
		int64_t voltage = size_of(reading->voltage[i]);
		int64_t current = size_of(reading->current[i]);
		struct range v = around(voltage, VOLTAGE_STEP);
		struct range a = around(current, CURRENT_STEP);

		if (voltage > VOLTAGE_MAX || current > CURRENT_MAX)
			return false;
		if (voltage == 0 || current == 0)
			continue;
		known = true;
		power->low += v.low * a.low;
		power->high += v.high * a.high;
	}
	return known;
}

static bool
agrees_with_current(const struct hm_power_reading *reading,
    const struct range *apparent, int64_t factor)
{
	struct range active = around(reading->power, reading->step);

	return (factor + TOLERANCE) * apparent->high >=
	    UNITY * active.low * PER_POWER_UNIT &&
	    (factor - TOLERANCE) * apparent->low <=
	    UNITY * active.high * PER_POWER_UNIT;
}

static bool
has_reactive(const struct hm_power_reading *reading)
{
	return reading->reactive != 0 &&
	    size_of(reading->reactive) <= POWER_MAX &&
	    size_of(reading->power) <= POWER_MAX;
}

static bool
agrees_with_reactive(const struct hm_power_reading *reading, int64_t factor)
{
	struct range p = around(reading->power, reading->step);
	struct range q = around(reading->reactive, 1);
	int64_t most = factor + TOLERANCE;
	int64_t least = factor > TOLERANCE ? factor - TOLERANCE : 0;

	return most * most * (p.low * p.low + q.high * q.high) >=
	    UNITY * UNITY * p.low * p.low &&
	    least * least * (p.high * p.high + q.low * q.low) <=
	    UNITY * UNITY * p.high * p.high;
}

bool
hm_power_factor(const struct hm_power_reading *reading, int64_t raw,
    int64_t *factor)
{
	struct range apparent;
	bool by_current = apparent_power(reading, &apparent);
	bool by_reactive = has_reactive(reading);
	/* Some firmware sends 1 for 1.000, and a true 0.001 is as good as 0. */
	int64_t size = size_of(raw) == 1 ? UNITY : size_of(raw);

	if (!by_current && !by_reactive) {
		*factor = raw;
		return size_of(raw) > 1 && size <= UNITY;
	}
	*factor = raw < 0 ? -size : size;
	return size <= UNITY && ((by_current &&
	    agrees_with_current(reading, &apparent, size)) ||
	    (by_reactive && agrees_with_reactive(reading, size)));
}
