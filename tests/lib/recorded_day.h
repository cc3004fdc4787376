#ifndef RECORDED_DAY_H
#define RECORDED_DAY_H

#include "limited_plant.h"
#include "oracle.h"

/*
 * The recorded day: a cloudy one with 2 kW on the roof, and a meter that is
 * read every 2 s. Its seed was fixed before hm-limit was written.
 */

#define RECORDED UINT64_C(20261129)

static inline uint64_t
seed_of(uint64_t number)
{
	uint64_t dice = number * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (int i = 0; i < 10; i++)
		next_random(&dice);
	return dice;
}

/* What an order may be, and when. */
static inline struct rules
plant_rules(const struct plant *plant)
{
	return (struct rules){.target = 20, .hysteresis = 20,
	    .floor = plant->rated * 0.02, .ceiling = plant->rated,
	    .interval = 30, .repeat = 300};
}

/* Returns the dice for what is random in a trial. */
static inline uint64_t
recorded_day(struct household *h, struct plant *plant, struct rules *rules)
{
	uint64_t dice = seed_of(RECORDED);

	*plant = (struct plant){.rated = 2000, .dead_s = 6, .lag = 2,
	    .meter_s = 2, .meter_lag_s = 1, .poll_s = 60};
	make_day(h, &dice, BROKEN, 2200);
	*rules = plant_rules(plant);
	return dice;
}

#endif
