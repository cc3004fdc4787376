/*
 * day DAYS SEED: the recorded day, and so many random ones from SEED on, of
 * households whose inverters are limited so that they export nothing.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "oracle.h"
#include "limited_plant.h"

#define RECORDED UINT64_C(20261129) /* the seed of the recorded day */
#define TINY 1.0 /* Wh: the plan knows no lag */

struct trial {
	struct household h;
	struct plant plant;
	struct rules rules;
	struct plan plan;
	uint64_t dice;
	struct figures oracle, best;
};

static uint64_t
seed_of(uint64_t number)
{
	uint64_t dice = number * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (int i = 0; i < 10; i++)
		next_random(&dice);
	return dice;
}

static void
set_rules(struct trial *trial)
{
	trial->rules = (struct rules){.target = 20, .hysteresis = 20,
	    .floor = trial->plant.rated * 0.02,
	    .ceiling = trial->plant.rated, .interval = 30, .repeat = 300};
}

/* A cloudy day with 2 kW on the roof, and a meter that is read every 2 s. */
static void
recorded_day(struct trial *trial)
{
	trial->dice = seed_of(RECORDED);
	trial->plant = (struct plant){.rated = 2000, .dead_s = 6, .lag = 2,
	    .meter_s = 2, .meter_lag_s = 1, .poll_s = 60};
	make_day(&trial->h, &trial->dice, BROKEN, 2200);
	set_rules(trial);
}

static void
random_day(struct trial *trial, uint64_t number)
{
	static const double rated[] = {800, 1600, 2000, 2250, 3000};
	static const int periods[] = {1, 2, 5, 10}, polls[] = {15, 30, 60};
	uint64_t *dice = &trial->dice;
	struct plant *p = &trial->plant;

	trial->dice = seed_of(number);
	*p = (struct plant){.rated = rated[whole(dice, 0, 4)],
	    .dead_s = whole(dice, 3, 10), .lag = between(dice, 1, 4),
	    .meter_s = periods[whole(dice, 0, 3)],
	    .meter_lag_s = whole(dice, 0, 2),
	    .poll_s = polls[whole(dice, 0, 2)]};
	make_day(&trial->h, dice, (enum sky)whole(dice, 0, SKIES - 1),
	    p->rated * between(dice, 0.7, 1.2));
	set_rules(trial);
}

static void
run_oracles(struct trial *trial)
{
	struct oracle oracle = {.h = &trial->h, .rules = trial->rules,
	    .limit = -1};
	struct strategy s = {.context = &oracle, .order = oracle_order};

	trial->oracle = run_day(trial->plant, &trial->h, trial->dice, &s);
	trial->plan.rules = trial->rules;
	trial->plan.dead_s = trial->plant.dead_s;
	plan_day(&trial->plan, &trial->h);
	s = (struct strategy){.context = &trial->plan, .order = plan_order};
	trial->best = run_day(trial->plant, &trial->h, trial->dice, &s);
}

/* The yardsticks keep the rules by which they judge. */
static bool
keeps_rules(const struct figures *f, const struct rules *rules)
{
	return f->gap >= rules->interval && f->lowest >= rules->floor &&
	    f->highest <= rules->ceiling;
}

static bool
is_sound(const struct trial *trial)
{
	return keeps_rules(&trial->oracle, &trial->rules) &&
	    keeps_rules(&trial->best, &trial->rules) &&
	    trial->best.export <= trial->oracle.export + TINY &&
	    trial->best.used >= trial->oracle.used - TINY;
}

static void
show(const char *name, const struct figures *f)
{
	printf("# %-10s export %6.0f Wh, used %6.0f Wh, import %6.0f Wh, "
	    "%4d orders, %4d turns\n", name, f->export, f->used, f->import,
	    f->orders, f->turns);
}

static void
add(struct figures *sum, const struct figures *f)
{
	sum->export += f->export;
	sum->import += f->import;
	sum->used += f->used;
	sum->orders += f->orders;
	sum->turns += f->turns;
}

int
main(int argc, char *argv[])
{
	uint64_t days = argc > 1 ? strtoull(argv[1], NULL, 10) : 10;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	struct trial *trial = calloc(1, sizeof *trial);
	struct figures oracle = {0}, best = {0};
	bool sound;

	if (trial == NULL)
		return EXIT_FAILURE;
	puts("1..2");
	recorded_day(trial);
	run_oracles(trial);
	sound = is_sound(trial);
	printf("%sok - the recorded day is a yardstick\n", sound ? "" :
	    "not ");
	show("oracle", &trial->oracle);
	show("with future", &trial->best);
	for (uint64_t n = seed; n < seed + days; n++) {
		random_day(trial, n);
		run_oracles(trial);
		sound = is_sound(trial) && sound;
		add(&oracle, &trial->oracle);
		add(&best, &trial->best);
	}
	printf("%sok - so are %" PRIu64 " random days\n", sound ? "" : "not ",
	    days);
	show("oracle", &oracle);
	show("with future", &best);
	free(trial);
	return sound ? EXIT_SUCCESS : EXIT_FAILURE;
}
