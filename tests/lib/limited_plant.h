#ifndef LIMITED_PLANT_H
#define LIMITED_PLANT_H

#include "household.h"

/*
 * Inverters behind a DTU, the meter and a day's figures. An order reaches the
 * inverters after `dead_s` and their power then follows it, as far as the sun
 * allows. In the dark they forget their limit.
 */

struct plant {
	double rated;
	int dead_s;  /* from an order to the inverter */
	double lag;  /* time constant of the inverter's power, s */
	int meter_s; /* time between two readings of the meter */
	int meter_lag_s; /* age of such a reading */
	int poll_s;  /* time between two readings of the inverters; 0: none */
	double lost; /* part of the orders that the DTU loses */

	double limit, power, grid; /* now; a positive grid is import */
	double coming; /* the order under way ... */
	int due;       /* ... and when it arrives; -1: there is none */
};

struct figures {
	double export, import; /* Wh */
	double used;           /* Wh of the sun that were not exported */
	int orders, turns;     /* ... and how many change the direction */
	int gap;               /* shortest time between two orders, s */
	double lowest, highest; /* orders, W */
};

/* What sets the limit. An order is a number of watts; -1: none. */
struct strategy {
	void *context;
	void (*meter)(void *context, int t, double watts);
	void (*power)(void *context, int t, double watts);
	double (*order)(void *context, int t);
};

static inline void
plant_step(struct plant *p, const struct household *h, int t)
{
	if (p->due == t) {
		p->limit = p->coming;
		p->due = -1;
	}
	if (h->sun[t] < 5) {
		p->limit = p->rated;
		p->power = 0;
	} else {
		p->power = fmin(h->sun[t], p->power +
		    (p->limit - p->power) / p->lag);
	}
	p->power = fmin(p->power, p->rated);
	p->grid = h->load[t] - p->power;
}

static inline void
count_order(struct figures *f, double watts, int t, int *last, double *before,
    int *way)
{
	int now = watts > *before ? 1 : watts < *before ? -1 : *way;

	f->turns += f->orders > 0 && now != *way && *way != 0;
	if (f->orders > 0 && t - *last < f->gap)
		f->gap = t - *last;
	f->orders++;
	f->lowest = fmin(f->lowest, watts);
	f->highest = fmax(f->highest, watts);
	*way = f->orders > 1 ? now : 0;
	*before = watts;
	*last = t;
}

/* A day of the plant under a strategy. */
static inline struct figures
run_day(struct plant p, const struct household *h, uint64_t dice,
    const struct strategy *s)
{
	struct figures f = {.gap = DAY, .lowest = 1e9};
	double grid[64] = {0}, before = 0, watts;
	int last = 0, way = 0;

	p.limit = p.rated;
	p.due = -1;
	for (int t = 0; t < DAY; t++) {
		plant_step(&p, h, t);
		grid[t % 64] = p.grid;
		f.export += fmax(-p.grid, 0) / 3600;
		f.import += fmax(p.grid, 0) / 3600;
		f.used += fmin(p.power, h->load[t]) / 3600;
		if (s->meter != NULL && t % p.meter_s == 0)
			s->meter(s->context, t, t < p.meter_lag_s ? p.grid :
			    grid[(t - p.meter_lag_s) % 64]);
		if (s->power != NULL && p.poll_s > 0 && t % p.poll_s == 7)
			s->power(s->context, t, p.power);
		watts = s->order(s->context, t);
		if (watts < 0)
			continue;
		count_order(&f, watts, t, &last, &before, &way);
		if (between(&dice, 0, 1) < p.lost)
			continue;
		p.coming = watts;
		p.due = t + p.dead_s;
	}
	return f;
}

#endif
