#include "alert_production.h"

#include <stdlib.h>

#define ONE 1000           /* a ratio of 1 */
#define RATIO_MAX 60000    /* fits a cell */
#define MICRO 1000         /* uW in a mW */
#define POWER_MAX 10000000 /* 10 kW: products of powers fit */
#define STEP_MAX 900       /* seconds that one reading stands for */
#define SMOOTH 300         /* seconds that ratios are averaged over */
#define MEAN_LIGHT 360000  /* seconds of light that powers are averaged over */
#define SEEN_MIN 600       /* seconds of light to learn from an hour */
#define SHARE_MIN 50       /* below 1/50 of the mean share: no panel */
#define CLEARLY 800        /* part of the usual ratio: below it is a loss */
#define AGAIN 1200         /* times the limit of a loss: the alarm ends */

/* One check of all peers. */
struct look {
	const struct hm_drop_peers *peers;
	const struct hm_drop_reading *reading;
	size_t count;
	int64_t now, step;
	int64_t mean; /* of the means of all ports, in uW */
	size_t shares; /* ports with a panel */
	int64_t threshold;
};

/* The result of comparing a port with the others. */
struct verdict {
	int64_t expected;
	int64_t ratio;
	int light; /* negative: too dark to judge */
	int64_t low; /* usual ratio; negative: unknown */
};

static int64_t
at_most(int64_t value, int64_t max)
{
	return value < max ? value : max;
}

static int64_t
bounded_power(const struct hm_drop_reading *reading)
{
	return reading->power > 0 ? at_most(reading->power, POWER_MAX) : 0;
}

static int64_t
day_of(int64_t hour)
{
	return hour / HM_DROP_HOURS;
}

static size_t
hour_of_day(int64_t hour)
{
	return (size_t)(hour % HM_DROP_HOURS);
}

/* Learning */

static bool
is_fresh(const struct hm_drop_cell *cell, int64_t day)
{
	return cell->days > 0 && day >= cell->day &&
	    day - cell->day <= HM_DROP_FORGET;
}

/* A lower ratio is accepted at once, a higher one slowly. */
static void
learn_cell(struct hm_drop_cell *cell, uint16_t low, int64_t day)
{
	if (!is_fresh(cell, day)) {
		*cell = (struct hm_drop_cell){low, (uint16_t)day, 1};
		return;
	}
	if (cell->day != day && cell->days < UINT8_MAX)
		cell->days++;
	cell->day = (uint16_t)day;
	if (low < cell->low)
		cell->low = low;
	else
		cell->low = (uint16_t)(cell->low + (low - cell->low) / 8);
}

/* Learn from an hour that is over. */
static void
learn_hour(struct hm_drop_port *port, int64_t hour)
{
	for (size_t light = 0; light < HM_DROP_LIGHTS; light++) {
		struct hm_drop_seen *seen = &port->seen[light];

		if (seen->seconds >= SEEN_MIN)
			learn_cell(&port->cell[hour_of_day(hour)][light],
			    seen->low, day_of(hour));
		*seen = (struct hm_drop_seen){0};
	}
}

static void
see(struct hm_drop_seen *seen, int64_t ratio, int64_t step)
{
	if (seen->seconds == 0 || ratio < seen->low)
		seen->low = (uint16_t)ratio;
	seen->seconds = (uint16_t)(seen->seconds + step);
}

/*
 * The usual ratio: the lowest learnt in this hour of the day and the hours
 * before and after, since shadows move with the seasons. -1: unknown.
 */
static int64_t
usual(const struct hm_drop_port *port, int64_t hour, size_t light)
{
	const struct hm_drop_cell *here =
	    &port->cell[hour_of_day(hour)][light];
	int64_t low = here->low;

	if (!is_fresh(here, day_of(hour)) || here->days < HM_DROP_DAYS)
		return -1;
	for (int64_t beside = hour - 1; beside <= hour + 1; beside += 2) {
		const struct hm_drop_cell *cell =
		    &port->cell[hour_of_day(beside)][light];

		if (is_fresh(cell, day_of(hour)) && cell->low < low)
			low = cell->low;
	}
	return low;
}

/* Comparing */

static int
ascending(const void *a, const void *b)
{
	const int64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Whether the port has a panel: it gives power. */
static bool
has_share(const struct look *look, const struct hm_drop_port *port)
{
	return port->mean > 0 && port->mean * SHARE_MIN >= look->mean;
}

/*
 * The power of an average port: the median over the present ports with a panel,
 * without the port that is judged. -1: unknown, or fewer than three quarters of
 * the ports are present.
 */
static int64_t
light_without(const struct look *look, size_t without)
{
	int64_t power[HM_DROP_PEERS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < look->count; i++) {
		const struct hm_drop_reading *r = &look->reading[i];

		if (i != without && r->present && has_share(look, r->port))
			power[n++] = bounded_power(r) * look->mean /
			    r->port->mean;
	}
	if (n == 0 || n * 4 < (look->shares - 1) * 3)
		return -1;
	qsort(power, n, sizeof *power, ascending);
	return power[(n - 1) / 2];
}

static int
light_class(int64_t power)
{
	int light = 0;

	if (power < HM_DROP_POWER)
		return -1;
	while (light < HM_DROP_LIGHTS - 1 &&
	    power >= (int64_t)HM_DROP_POWER << (light + 1))
		light++;
	return light;
}

/*
 * The limit of a loss, for a port whose usual ratio is `low`: a lower ratio is
 * a loss.
 */
static int64_t
limit_of(const struct look *look, int64_t low)
{
	return at_most(ONE - look->threshold, CLEARLY) * at_most(low, ONE) /
	    ONE;
}

static struct verdict
judge(const struct look *look, size_t i)
{
	const struct hm_drop_port *port = look->reading[i].port;
	struct verdict v = {.light = -1};
	int64_t light;

	if (!has_share(look, port))
		return v;
	light = light_without(look, i);
	if (light < 0)
		return v;
	v.expected = light * port->mean / look->mean;
	if (v.expected < HM_DROP_POWER)
		return v;
	v.light = light_class(light);
	if (v.light < 0)
		return v;
	v.ratio = at_most(bounded_power(&look->reading[i]) * ONE / v.expected,
	    RATIO_MAX);
	v.low = usual(port, look->peers->hour, (size_t)v.light);
	return v;
}

/* Rows of readings that show a loss, or its end */

/* Add a reading to the row. Whether the row is long enough. */
static bool
row_lasts(struct hm_drop_port *port, int64_t now, int64_t seconds)
{
	if (port->since == 0)
		port->since = now;
	port->readings++;
	return port->readings >= HM_DROP_READINGS &&
	    now - port->since >= seconds;
}

static void
end_row(struct hm_drop_port *port)
{
	port->since = port->readings = 0;
}

static void
watch_for_loss(const struct look *look, struct hm_drop_port *port,
    const struct hm_drop_reading *reading, const struct verdict *v)
{
	if (v->low < 0 || v->ratio > limit_of(look, v->low)) {
		end_row(port);
		return;
	}
	if (!row_lasts(port, look->now, HM_DROP_SECONDS))
		return;
	port->dropped = true;
	port->began = port->since;
	port->given = bounded_power(reading);
	port->expected = v->expected;
	port->ratio = v->ratio;
	port->lost_hour = (uint8_t)hour_of_day(look->peers->hour);
	port->lost_light = (uint8_t)v->light;
	end_row(port);
}

/*
 * A loss that ends may have been a shadow: lower the usual ratio of its hour
 * and light.
 */
static void
get_used_to(struct hm_drop_port *port)
{
	struct hm_drop_cell *cell =
	    &port->cell[port->lost_hour][port->lost_light];

	if (port->ratio < cell->low)
		cell->low = (uint16_t)((cell->low + port->ratio) / 2);
}

/* If the usual ratio is unknown, take the port's share for it. */
static void
watch_for_end(const struct look *look, struct hm_drop_port *port,
    const struct verdict *v)
{
	int64_t limit = limit_of(look, v->low >= 0 ? v->low : ONE);

	if (v->ratio * ONE <= limit * AGAIN) {
		end_row(port);
		return;
	}
	if (!row_lasts(port, look->now, HM_DROP_GOOD_SECONDS))
		return;
	port->dropped = false;
	end_row(port);
	get_used_to(port);
}

/* One port */

/* The mean ratio, before or after this reading: the lower one. */
static int64_t
smooth(struct hm_drop_port *port, int64_t ratio, int64_t now)
{
	int64_t gap = now - port->last, before = port->smooth;

	if (port->last == 0 || gap < 0 || gap > HM_DROP_GAP)
		before = port->smooth = ratio;
	else
		port->smooth += (ratio - before) * at_most(gap, SMOOTH) /
		    SMOOTH;
	return at_most(port->smooth, before);
}

static void
look_at(const struct look *look, size_t i)
{
	const struct hm_drop_reading *reading = &look->reading[i];
	struct hm_drop_port *port = reading->port;
	struct verdict v = judge(look, i);
	int64_t of_late;

	if (look->now - port->last > HM_DROP_GAP || look->now < port->last)
		end_row(port);
	if (v.light < 0) {
		end_row(port);
		return;
	}
	of_late = smooth(port, v.ratio, look->now);
	port->last = look->now;
	if (port->dropped) {
		watch_for_end(look, port, &v);
		return;
	}
	watch_for_loss(look, port, reading, &v);
	/* Do not learn from a possible loss. */
	if (port->since == 0 && !port->dropped)
		see(&port->seen[v.light], of_late, look->step);
}

/* The peers */

/*
 * The seconds since the last check, at most STEP_MAX. Learns an hour that has
 * ended.
 */
static int64_t
move_on(struct hm_drop_peers *peers, const struct hm_drop_reading *reading,
    size_t count, int64_t now)
{
	int64_t step = now - peers->last;

	if (peers->hour != now / 3600) {
		for (size_t i = 0; i < count; i++)
			learn_hour(reading[i].port, peers->hour);
		peers->hour = now / 3600;
	}
	if (peers->last == 0 || step < 0)
		step = 0;
	peers->last = now;
	return at_most(step, STEP_MAX);
}

/* Whether to learn means: in light, with most ports present, without a loss. */
static bool
is_lit(const struct hm_drop_reading *reading, size_t count)
{
	size_t present = 0;
	int64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		if (reading[i].port->dropped || reading[i].port->since != 0)
			return false;
		if (!reading[i].present)
			continue;
		present++;
		sum += bounded_power(&reading[i]);
	}
	return present * 4 >= count * 3 &&
	    sum >= (int64_t)present * HM_DROP_POWER;
}

static void
learn_means(const struct hm_drop_reading *reading, size_t count, int64_t step)
{
	if (step == 0)
		step = 1; /* the first check */
	for (size_t i = 0; i < count; i++) {
		struct hm_drop_port *port = reading[i].port;

		if (!reading[i].present)
			continue;
		port->light = at_most(port->light + step, MEAN_LIGHT);
		port->mean += (bounded_power(&reading[i]) * MICRO -
		    port->mean) * step / port->light;
	}
}

static void
look_around(struct look *look)
{
	int64_t sum = 0;

	for (size_t i = 0; i < look->count; i++)
		sum += look->reading[i].port->mean;
	look->mean = sum / (int64_t)look->count;
	for (size_t i = 0; i < look->count; i++)
		look->shares += has_share(look, look->reading[i].port);
}

void
hm_drop_look(struct hm_drop_peers *peers,
    const struct hm_drop_reading *reading, size_t count, int64_t now,
    int64_t threshold)
{
	struct look look = {.peers = peers, .reading = reading, .now = now,
	    .threshold = threshold};

	if (count > HM_DROP_PEERS_MAX)
		count = HM_DROP_PEERS_MAX;
	if (count < 2 || now < 0)
		return;
	look.count = count;
	look.step = move_on(peers, reading, count, now);
	if (is_lit(reading, count))
		learn_means(reading, count, look.step);
	look_around(&look);
	for (size_t i = 0; i < count; i++)
		if (reading[i].present)
			look_at(&look, i);
}
