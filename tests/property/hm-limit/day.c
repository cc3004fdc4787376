/*
 * day DAYS SEED: the recorded day, and so many random ones from SEED on, of
 * households whose inverters are limited so that they export nothing. The law
 * is compared with an oracle: with readings of the inverters, and by the meter
 * alone. VERBOSE shows each day.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "limit_law.h"
#include "limited_plant.h"
#include "oracle.h"
#include "recorded_day.h"

#define MOST_EXPORT 1.2   /* of the oracle's */
#define LEAST_USED 0.9    /* of what it uses */
#define LEAST_BY_METER 0.75 /* the same by the meter alone */
#define TINY 1.0 /* Wh: the plan knows no lag */

struct trial {
	struct household h;
	struct plant plant;
	struct rules rules;
	struct plan plan;
	uint64_t dice;
	struct figures oracle, best, law, by_meter;
};

static void
recorded_trial(struct trial *trial)
{
	trial->dice = recorded_day(&trial->h, &trial->plant, &trial->rules);
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
	trial->rules = plant_rules(p);
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

/* The law as a strategy */

struct control {
	struct hm_limit_law law;
	struct hm_limit_rules rules;
};

static void
on_meter(void *context, int t, double watts)
{
	struct control *c = context;

	hm_limit_meter(&c->law, &c->rules, (int64_t)t * 1000, lround(watts));
}

static void
on_power(void *context, int t, double watts)
{
	struct control *c = context;

	hm_limit_power(&c->law, &c->rules, (int64_t)t * 1000, (int64_t)watts);
}

static double
on_second(void *context, int t)
{
	struct control *c = context;
	struct hm_limit_order order;

	return hm_limit_decide(&c->law, &c->rules, (int64_t)t * 1000, &order) ?
	    (double)order.watts : -1;
}

static struct hm_limit_rules
rules_of(const struct rules *rules)
{
	return (struct hm_limit_rules){.target = (int64_t)rules->target,
	    .hysteresis = (int64_t)rules->hysteresis, .step = 500,
	    .floor = (int64_t)rules->floor,
	    .ceiling = (int64_t)rules->ceiling,
	    .safe = (int64_t)rules->floor,
	    .interval_ms = rules->interval * 1000,
	    .repeat_ms = rules->repeat * 1000, .silence_ms = 120000};
}

static struct figures
run_law(const struct trial *trial, bool by_meter)
{
	struct control control = {.rules = rules_of(&trial->rules)};
	const struct strategy s = {.context = &control, .meter = on_meter,
	    .power = by_meter ? NULL : on_power, .order = on_second};

	return run_day(trial->plant, &trial->h, trial->dice, &s);
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
	return keeps_rules(&trial->law, &trial->rules) &&
	    keeps_rules(&trial->by_meter, &trial->rules) &&
	    keeps_rules(&trial->oracle, &trial->rules) &&
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

struct sums {
	struct figures oracle, best, law, by_meter;
	unsigned above;  /* days with more export than MOST_EXPORT allows */
	double worst;    /* of them, times the oracle's export */
	bool sound;
};

static void
run_trial(struct trial *trial, struct sums *sums)
{
	double times;

	run_oracles(trial);
	trial->law = run_law(trial, false);
	trial->by_meter = run_law(trial, true);
	sums->sound = is_sound(trial) && sums->sound;
	add(&sums->oracle, &trial->oracle);
	add(&sums->best, &trial->best);
	add(&sums->law, &trial->law);
	add(&sums->by_meter, &trial->by_meter);
	times = trial->law.export / fmax(trial->oracle.export, TINY);
	if (trial->law.export > trial->oracle.export * MOST_EXPORT + TINY)
		sums->above++;
	sums->worst = fmax(sums->worst, times);
	if (getenv("VERBOSE") != NULL)
		printf("# %4.0f W, %2d s, meter %2d s: %5.1f Wh, %.2f times\n",
		    trial->plant.rated, trial->plant.dead_s,
		    trial->plant.meter_s, trial->law.export, times);
}

/* Little export, but not by making less. */
static bool
is_good(const struct sums *s)
{
	return s->sound &&
	    s->law.export <= s->oracle.export * MOST_EXPORT &&
	    s->by_meter.export <= s->oracle.export * MOST_EXPORT &&
	    s->law.used >= s->oracle.used * LEAST_USED &&
	    s->by_meter.used >= s->oracle.used * LEAST_BY_METER &&
	    s->law.turns <= s->oracle.turns &&
	    s->by_meter.turns <= s->oracle.turns;
}

static void
report(const struct sums *s)
{
	show("law", &s->law);
	show("by meter", &s->by_meter);
	show("oracle", &s->oracle);
	show("with future", &s->best);
	printf("# law: %.2f times the oracle's export, %.3f of its use; by "
	    "meter: %.2f and %.3f\n", s->law.export / s->oracle.export,
	    s->law.used / s->oracle.used,
	    s->by_meter.export / s->oracle.export,
	    s->by_meter.used / s->oracle.used);
}

int
main(int argc, char *argv[])
{
	uint64_t days = argc > 1 ? strtoull(argv[1], NULL, 10) : 4;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	struct trial *trial = calloc(1, sizeof *trial);
	struct sums recorded = {.sound = true}, sums = {.sound = true};

	if (trial == NULL)
		return EXIT_FAILURE;
	puts("1..2");
	recorded_trial(trial);
	run_trial(trial, &recorded);
	printf("%sok - the recorded day\n", is_good(&recorded) ? "" : "not ");
	report(&recorded);
	for (uint64_t n = seed; n < seed + days; n++) {
		random_day(trial, n);
		run_trial(trial, &sums);
	}
	printf("%sok - %" PRIu64 " random days from %" PRIu64 " on\n",
	    is_good(&sums) ? "" : "not ", days, seed);
	report(&sums);
	printf("# %u days with more than %.1f times the oracle's export, the "
	    "worst with %.2f times\n", sums.above, MOST_EXPORT, sums.worst);
	free(trial);
	return is_good(&recorded) && is_good(&sums) ? EXIT_SUCCESS :
	    EXIT_FAILURE;
}
