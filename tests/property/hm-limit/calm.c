/*
 * calm PLANTS SEED: plants with a load and a sun that stay, then a load that
 * steps, a DTU that loses orders, and a meter that falls silent. The limit must
 * come to rest, and stay there.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "limit_law.h"
#include "limited_plant.h"

#define STEP_AT 3600   /* s; the load steps */
#define LOSSES_AT 7200 /* from now on the DTU loses a third of the orders */
#define SILENT_AT 12600
#define END 14400
#define REST 900       /* s after a step in which the limit may move */
#define NEAR 45        /* W; the hysteresis, and noise of the meter */

struct run {
	struct hm_limit_law law;
	struct hm_limit_rules rules;
	struct plant plant;
	double load[2], sun, noise; /* W; the load before and after the step */
	uint64_t dice;
	int last;     /* s, time of the last order; -1: none */
	int64_t watts; /* of the last order */
	int way, turns; /* changes of the direction since the load stepped */
	const char *broken; /* the rule that was; NULL: none */
};

static void
new_run(struct run *run, uint64_t number, struct household *h)
{
	static const int periods[] = {1, 5, 10, 60};
	uint64_t *dice = &run->dice;
	struct plant *p = &run->plant;

	*run = (struct run){.last = -1,
	    .dice = number * UINT64_C(0x9e3779b97f4a7c15) + 1};
	for (int i = 0; i < 10; i++)
		next_random(dice);
	p->rated = whole(dice, 3, 30) * 100;
	p->dead_s = whole(dice, 2, 15);
	p->lag = between(dice, 1, 4);
	p->meter_s = periods[whole(dice, 0, 3)];
	p->poll_s = whole(dice, 0, 2) * 30;
	p->limit = p->rated;
	p->due = -1;
	run->load[0] = between(dice, 100, p->rated * 1.2);
	run->load[1] = between(dice, 100, p->rated * 1.2);
	run->sun = between(dice, 0.2, 1.2) * p->rated;
	run->noise = between(dice, 0, 6);
	for (int t = 0; t < END; t++) {
		h->load[t] = run->load[t >= STEP_AT];
		h->sun[t] = run->sun;
	}
	run->rules = (struct hm_limit_rules){.target = 20, .hysteresis = 20,
	    .step = 500, .floor = (int64_t)p->rated / 50,
	    .ceiling = (int64_t)p->rated,
	    .safe = (int64_t)p->rated / whole(dice, 5, 20),
	    .interval_ms = 30000, .repeat_ms = 300000, .silence_ms = 120000,
	    .rated = whole(dice, 0, 1) * (int64_t)p->rated};
}

static void
check_order(struct run *run, int t, int64_t watts)
{
	int64_t change = watts - run->watts;
	int way = change > 0 ? 1 : change < 0 ? -1 : run->way;

	if (run->last >= 0 && t - run->last < 30)
		run->broken = "two orders within an interval";
	if (watts < run->rules.floor || watts > run->rules.ceiling)
		run->broken = "an order outside floor and ceiling";
	run->turns += way != run->way && run->way != 0;
	run->way = way;
	run->watts = watts;
	run->last = t;
}

/* What must hold in a second. */
static void
check_second(struct run *run, const struct household *h, int t)
{
	double want = fmax(h->load[t] - 20, (double)run->rules.floor);
	double best = fmin(fmin(want, h->sun[t]), run->plant.rated);
	/* Whole percent are coarse for large inverters. */
	double near = NEAR + (double)run->rules.rated / 50;
	const struct plant *p = &run->plant;

	if (t == STEP_AT)
		run->way = run->turns = 0;
	/* By the meter alone, a raise is tried every five minutes. */
	if (t == LOSSES_AT && run->turns > (p->poll_s > 0 ? 4 : 26))
		run->broken = "it swings after a step of the load";
	if (t > SILENT_AT + 240 && run->plant.power > (double)run->rules.safe +
	    1 && run->watts > run->rules.safe)
		run->broken = "no safe value for a silent meter";
	if (t < REST || (t >= STEP_AT && t < STEP_AT + REST) || t >= LOSSES_AT)
		return;
	if (run->plant.power > want + near)
		run->broken = "it exports for ever";
	if (run->plant.power < best - near && run->plant.poll_s > 0)
		run->broken = "it gives less than it could";
}

static void
run_seconds(struct run *run, const struct household *h)
{
	struct plant *p = &run->plant;
	struct hm_limit_order order;

	for (int t = 0; t < END; t++) {
		int64_t now = (int64_t)t * 1000;

		plant_step(p, h, t);
		if (t % p->meter_s == 0 && t < SILENT_AT)
			hm_limit_meter(&run->law, &run->rules, now,
			    lround(p->grid + between(&run->dice, -run->noise,
			    run->noise)));
		if (p->poll_s > 0 && t % p->poll_s == 0)
			hm_limit_power(&run->law, &run->rules, now,
			    lround(p->power));
		if (hm_limit_decide(&run->law, &run->rules, now, &order)) {
			check_order(run, t, order.watts);
			if (t < LOSSES_AT || whole(&run->dice, 0, 2) > 0) {
				p->coming = (double)order.watts;
				p->due = t + p->dead_s;
			}
		}
		check_second(run, h, t);
	}
}

int
main(int argc, char *argv[])
{
	uint64_t plants = argc > 1 ? strtoull(argv[1], NULL, 10) : 300;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	struct household *h = calloc(1, sizeof *h);
	struct run *run = calloc(1, sizeof *run);
	unsigned bad = 0;

	if (h == NULL || run == NULL) {
		free(h);
		free(run);
		return EXIT_FAILURE;
	}
	puts("1..1");
	for (uint64_t n = seed; n < seed + plants; n++) {
		new_run(run, n, h);
		run_seconds(run, h);
		if (run->broken == NULL)
			continue;
		bad++;
		printf("# plant %" PRIu64 ": %s\n", n, run->broken);
	}
	printf("%sok - %" PRIu64 " plants come to rest\n", bad == 0 ? "" :
	    "not ", plants);
	free(h);
	free(run);
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
