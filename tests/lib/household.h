#ifndef HOUSEHOLD_H
#define HOUSEHOLD_H

#include <math.h>
#include <stdint.h>

#include "xorshift.h"

/*
 * A day of a household, second by second, in watts: what its appliances take,
 * and what its panels could give. The same seed gives the same day.
 */

#define DAY 86400

enum sky { CLEAR, BROKEN, OVERCAST, SKIES };

struct household {
	double load[DAY];
	double sun[DAY];
};

static inline double
between(uint64_t *dice, double low, double high)
{
	return low + (high - low) * (double)(next_random(dice) % 1000000) /
	    1e6;
}

static inline int
whole(uint64_t *dice, int low, int high)
{
	return low + (int)(next_random(dice) % (uint64_t)(high - low + 1));
}

static inline void
switch_on(struct household *h, int from, int seconds, double watts)
{
	for (int t = from; t < from + seconds && t < DAY; t++)
		h->load[t] += watts;
}

/* `watts` for `on` seconds, nothing for `off`, and so on. */
static inline void
cycle(struct household *h, int from, int seconds, int on, int off,
    double watts)
{
	for (int t = from; t < from + seconds; t += on + off)
		switch_on(h, t, on, watts);
}

static inline int
waking_hour(uint64_t *dice)
{
	return whole(dice, 6 * 3600, 22 * 3600);
}

/* Standby, light, and what wanders. */
static inline void
add_base(struct household *h, uint64_t *dice)
{
	double level = between(dice, 80, 250), wander = 0, noise = 0;

	for (int t = 0; t < DAY; t++) {
		wander = wander * 0.9995 + between(dice, -2, 2);
		noise = noise * 0.7 + between(dice, -5, 5);
		h->load[t] += fmax(level + wander + noise, 20);
	}
	switch_on(h, whole(dice, 6, 7) * 3600, 3600, 120);
	switch_on(h, whole(dice, 17, 19) * 3600, 4 * 3600, 200);
}

static inline void
add_fridge(struct household *h, uint64_t *dice)
{
	int t = whole(dice, 0, 2400);

	while (t < DAY) {
		int on = whole(dice, 600, 1200);

		switch_on(h, t, 2, 350);
		switch_on(h, t, on, 90);
		t += on + whole(dice, 1200, 2400);
	}
}

/* A compressor whose speed is set: it starts slowly, and then wanders. */
static inline void
add_heat_pump(struct household *h, uint64_t *dice)
{
	int t = whole(dice, 0, 3600);

	while (t < DAY) {
		int on = whole(dice, 900, 3600), end = t + on;
		double watts = between(dice, 600, 1600), now = 0;

		for (; t < end && t < DAY; t++) {
			now += fmin(watts - now, 25);
			watts = fmax(watts + between(dice, -4, 4), 400);
			h->load[t] += now;
		}
		t += whole(dice, 1800, 5400);
	}
}

static inline void
add_kitchen(struct household *h, uint64_t *dice)
{
	for (int i = whole(dice, 4, 8); i > 0; i--)
		switch_on(h, waking_hour(dice), whole(dice, 120, 240), 2000);
	for (int i = whole(dice, 1, 3); i > 0; i--)
		cycle(h, waking_hour(dice), whole(dice, 120, 300), 10, 10,
		    1300);
	/* An oven heats up, and then holds its temperature. */
	for (int i = whole(dice, 0, 2); i > 0; i--) {
		int t = whole(dice, 11 * 3600, 19 * 3600);

		switch_on(h, t, 420, 2200);
		cycle(h, t + 450, whole(dice, 1200, 2700), whole(dice, 20,
		    40), whole(dice, 40, 90), 2200);
	}
}

static inline void
add_chores(struct household *h, uint64_t *dice)
{
	int t = whole(dice, 8 * 3600, 15 * 3600);

	/* A washing machine: it heats, turns its drum, and spins. */
	switch_on(h, t, whole(dice, 600, 1000), 2000);
	cycle(h, t + 1000, 3000, 12, 8, between(dice, 100, 250));
	switch_on(h, t + 4100, 420, between(dice, 350, 500));
	switch_on(h, waking_hour(dice), whole(dice, 300, 900), 900);
}

/* How much of the clear sky's light is left. */
struct cloud {
	double light, wanted, speed;
	int turns; /* the second at which it changes */
};

static inline void
drift(struct cloud *cloud, uint64_t *dice, enum sky sky, int t)
{
	if (t >= cloud->turns) {
		cloud->turns = t + whole(dice, 20, 400);
		cloud->speed = 1.0 / whole(dice, 4, 25);
		if (sky == CLEAR)
			cloud->wanted = 1;
		else if (sky == OVERCAST)
			cloud->wanted = between(dice, 0.1, 0.4);
		else
			cloud->wanted = whole(dice, 0, 1) == 0 ?
			    between(dice, 0.15, 0.5) :
			    between(dice, 0.9, 1.1);
	}
	cloud->light += fmin(fmax(cloud->wanted - cloud->light,
	    -cloud->speed), cloud->speed);
}

static inline void
add_sun(struct household *h, uint64_t *dice, enum sky sky, double peak)
{
	struct cloud cloud = {.light = 1};
	double rise = between(dice, 5, 7.5) * 3600;

	for (int t = 0; t < DAY; t++) {
		double height = sin(M_PI * (t - rise) /
		    (2 * (12.5 * 3600 - rise)));

		drift(&cloud, dice, sky, t);
		if (t > rise && height > 0)
			h->sun[t] = peak * pow(height, 1.3) * cloud.light;
	}
}

/* A day, with panels of `peak` watts. */
static inline void
make_day(struct household *h, uint64_t *dice, enum sky sky, double peak)
{
	for (int t = 0; t < DAY; t++)
		h->load[t] = h->sun[t] = 0;
	add_base(h, dice);
	add_fridge(h, dice);
	add_heat_pump(h, dice);
	add_kitchen(h, dice);
	add_chores(h, dice);
	add_sun(h, dice, sky, peak);
}

#endif
