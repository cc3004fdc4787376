#include "sim_dispatch.h"

#define EFFICIENCY 970 /* permille, of the inverter in each direction */
#define PERMILLE 1000
#define OWN 150        /* 0.1 W that the inverter needs */
#define ROUNDING 4     /* 0.1 W */

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* AC power of a DC power; both may be below 0, which is the other direction. */
static int64_t
to_ac(int64_t dc)
{
	return dc >= 0 ? dc * EFFICIENCY / PERMILLE :
	    dc * PERMILLE / EFFICIENCY;
}

/* The DC power that makes an AC power. */
static int64_t
to_dc(int64_t ac)
{
	return ac >= 0 ? (ac * PERMILLE + EFFICIENCY - 1) / EFFICIENCY :
	    ac * EFFICIENCY / PERMILLE;
}

static int64_t
demand_of(const struct hm_sim_supply *s)
{
	return s->load - s->external - s->generator;
}

int64_t
hm_sim_dispatch_lack(const struct hm_sim_supply *supply)
{
	return demand_of(supply) - to_ac(supply->pv - OWN);
}

/* What the wish asks of the battery. */
static void
ask_battery(const struct hm_sim_supply *s, const struct hm_sim_wish *wish,
    struct hm_sim_flows *f)
{
	int64_t left = s->pv - OWN - to_dc(demand_of(s));

	if (wish->charge > 0 && s->grid)
		f->charge = wish->charge;
	else if (wish->discharge > 0 && s->grid)
		f->discharge = wish->discharge;
	else if (left > 0)
		f->charge = left;
	else
		f->discharge = larger(0, -left - to_dc(wish->allowance));
	f->charge = smaller(f->charge, s->charge_most);
	f->discharge = smaller(f->discharge, s->discharge_most);
}

/* What the rest of the plant does for the battery and the panels. */
static void
settle(struct hm_sim_flows *f)
{
	f->ac = to_ac(f->pv + f->discharge - f->charge - OWN);
	f->grid = f->ac + f->external + f->generator - f->load;
}

/* Reduce a power by as much as there is too much of it. */
static int64_t
reduce(int64_t *power, int64_t excess)
{
	int64_t by = smaller(*power, larger(0, excess));

	*power -= by;
	return by;
}

/* No more than the inverter can convert, in either direction. */
static void
respect_rated(const struct hm_sim_supply *s, struct hm_sim_flows *f)
{
	int64_t most = to_dc(s->rated);
	int64_t excess = f->pv + f->discharge - f->charge - OWN - most;

	excess -= reduce(&f->discharge, excess);
	reduce(&f->pv, excess);
	excess = f->charge + OWN - f->pv - f->discharge -
	    s->rated * EFFICIENCY / PERMILLE;
	reduce(&f->charge, excess);
	settle(f);
}

/* What the grid may not get is not made, the battery's share first. */
static void
respect_export(const struct hm_sim_supply *s, struct hm_sim_flows *f)
{
	int64_t most = s->grid ? s->export_most : 0;

	if (f->grid > most) {
		reduce(&f->discharge, to_dc(f->grid - most));
		settle(f);
	}
	if (f->grid > most) {
		reduce(&f->pv, to_dc(f->grid - most));
		settle(f);
	}
	if (!s->grid && f->grid > 0) {
		reduce(&f->generator, f->grid);
		settle(f);
		reduce(&f->external, f->grid);
		settle(f);
	}
}

/* Without a grid the load takes no more than there is. */
static void
respect_island(const struct hm_sim_supply *s, struct hm_sim_flows *f)
{
	if (s->grid)
		return;
	if (f->grid < -ROUNDING) {
		reduce(&f->charge, to_dc(-f->grid));
		settle(f);
	}
	if (f->grid < -ROUNDING) {
		f->unserved = reduce(&f->load, -f->grid);
		settle(f);
	}
	/* What rounding has left is a loss, or less of one. */
	f->ac -= f->grid;
	f->grid = 0;
}

/* The panels feed load, battery and grid in this order. */
static void
split(struct hm_sim_flows *f)
{
	int64_t out = larger(0, f->ac), pv, battery, left;

	left = larger(0, f->pv - OWN);
	f->pv_to_battery = smaller(f->charge, left);
	pv = f->discharge == 0 ? out :
	    smaller(out, to_ac(left - f->pv_to_battery));
	battery = out - pv;
	pv += f->external;
	f->pv_to_load = smaller(f->load, pv);
	pv -= f->pv_to_load;
	left = smaller(pv, larger(0, -f->ac));
	f->pv_to_battery += left;
	f->pv_to_grid = pv - left;
	left = f->load - f->pv_to_load;
	f->battery_to_load = smaller(left, battery);
	f->battery_to_grid = battery - f->battery_to_load;
	left -= f->battery_to_load;
	f->grid_to_load = larger(0, left - f->generator);
}

void
hm_sim_dispatch(const struct hm_sim_supply *s, const struct hm_sim_wish *wish,
    struct hm_sim_flows *f)
{
	*f = (struct hm_sim_flows){
	    .pv = s->pv,
	    .external = s->external,
	    .generator = s->generator,
	    .load = s->load,
	};
	ask_battery(s, wish, f);
	respect_rated(s, f);
	respect_export(s, f);
	respect_island(s, f);
	f->losses = f->pv + f->discharge - f->charge - f->ac;
	split(f);
}
