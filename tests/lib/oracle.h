#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>

#include "limited_plant.h"

/*
 * Two strategies to compare with. `oracle_order` knows the load of each second
 * as it is, without a meter, and no cloud deceives it; its orders take as long
 * as others', and keep the same least interval. `plan_day` also knows the
 * future: it is the best that any orders could do.
 */

struct rules {
	double target, hysteresis, floor, ceiling; /* W */
	int interval, repeat;                      /* s */
};

struct oracle {
	const struct household *h;
	struct rules rules;
	double limit; /* -1: no order so far */
	int last;
};

static inline double
oracle_order(void *context, int t)
{
	struct oracle *o = context;
	double want = fmin(fmax(o->h->load[t] - o->rules.target,
	    o->rules.floor), o->rules.ceiling);

	if (o->limit >= 0 && t - o->last < o->rules.interval)
		return -1;
	if (o->limit >= 0 && fabs(want - o->limit) <= o->rules.hysteresis &&
	    t - o->last < o->rules.repeat)
		return -1;
	o->limit = want;
	o->last = t;
	return want;
}

#define LEVELS 201
#define RING 256 /* more seconds than an interval */

struct plan {
	struct rules rules;
	int dead_s;
	double order[DAY]; /* -1: none */
	/* For the search: the level to go to, and where to leave one. */
	uint8_t best[DAY + 1];
	uint8_t leave[DAY + 1][(LEVELS + 7) / 8];
	double hold[LEVELS];       /* cost of an interval at a level */
	double rest[RING][LEVELS]; /* cost from a second to the end */
};

static inline double
level_watts(const struct plan *plan, int level)
{
	return plan->rules.floor + (plan->rules.ceiling - plan->rules.floor) *
	    level / (LEVELS - 1);
}

/* What is exported, or could have been used, in a second at a limit. */
static inline double
cost_of(const struct plan *plan, const struct household *h, int t, double
    limit)
{
	double want, power;

	if (t >= DAY)
		return 0;
	want = fmax(h->load[t] - plan->rules.target, plan->rules.floor);
	power = fmin(h->sun[t], limit);
	return power > want ? power - want : fmin(h->sun[t], want) - power;
}

/* The costs from second t on, those after it being known. */
static inline void
plan_second(struct plan *plan, const struct household *h, int t)
{
	int interval = plan->rules.interval;
	double least = INFINITY;

	for (int i = 0; i < LEVELS; i++) {
		double watts = level_watts(plan, i);

		plan->hold[i] += cost_of(plan, h, t, watts) -
		    cost_of(plan, h, t + interval, watts);
		if (plan->hold[i] + plan->rest[(t + interval) % RING][i] <
		    least) {
			least = plan->hold[i] +
			    plan->rest[(t + interval) % RING][i];
			plan->best[t] = (uint8_t)i;
		}
	}
	for (int i = 0; i < LEVELS; i++) {
		double stay = plan->rest[(t + 1) % RING][i] +
		    cost_of(plan, h, t, level_watts(plan, i));

		plan->leave[t][i / 8] = (uint8_t)(plan->leave[t][i / 8] &
		    ~(1 << i % 8));
		if (least < stay)
			plan->leave[t][i / 8] = (uint8_t)(plan->leave[t][i / 8]
			    | 1 << i % 8);
		plan->rest[t % RING][i] = fmin(least, stay);
	}
}

/* Whether the plan leaves a level at second t, or soon after it. */
static inline bool
leaves(const struct plan *plan, int level, int t, int soon)
{
	for (int i = t; i <= t + soon && i < DAY; i++)
		if ((plan->leave[i][level / 8] >> level % 8 & 1) != 0)
			return true;
	return false;
}

/* Walk the plan forwards: orders go out dead_s before they are to arrive. */
static inline void
plan_orders(struct plan *plan)
{
	const struct rules *rules = &plan->rules;
	int level = plan->best[plan->dead_s], last = 0;

	plan->order[0] = level_watts(plan, level);
	for (int from = rules->interval; from + plan->dead_s < DAY; from++) {
		int t = from + plan->dead_s;
		bool leave = leaves(plan, level, t, 0);
		bool repeat = from - last >= rules->repeat &&
		    !leaves(plan, level, t, rules->interval);

		if (from - last < rules->interval || (!leave && !repeat))
			continue;
		level = leave ? plan->best[t] : level;
		plan->order[from] = level_watts(plan, level);
		last = from;
	}
}

/* The orders of a day: by dynamic programming, from its end. */
static inline void
plan_day(struct plan *plan, const struct household *h)
{
	for (int i = 0; i < LEVELS; i++) {
		plan->hold[i] = 0;
		for (int t = 0; t < RING; t++)
			plan->rest[t][i] = 0;
	}
	for (int t = DAY - 1; t >= 0; t--) {
		plan_second(plan, h, t);
		plan->order[t] = -1;
	}
	plan_orders(plan);
}

static inline double
plan_order(void *context, int t)
{
	const struct plan *plan = context;

	return plan->order[t];
}

#endif
