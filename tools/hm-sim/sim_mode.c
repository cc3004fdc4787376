#include "sim_mode.h"

#define FULL 100        /* percent */
#define PERMILLE 1000
#define TENTHS 10       /* of a percent in one, and of a watt */
#define GRID_CHARGE 10000 /* 0.1 W, of a battery below its floor */
#define MINUTE 60
#define DAY 86400

void
hm_sim_settings_start(struct hm_sim_settings *settings,
    enum hm_working_mode mode)
{
	*settings = (struct hm_sim_settings){
	    .mode = (int64_t)mode,
	    .self_use = 10,
	    .backup = 80,
	    .charge = 90,
	    .discharge = 20,
	    .charge_power = PERMILLE,
	    .discharge_power = PERMILLE,
	    .highest = FULL,
	    .lowest = 5,
	    .export_most = PERMILLE,
	    .peak_charge = 50,
	    .peak_power = 2000,
	};
}

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

/* Whether it is one of these hours, which may go past midnight. */
static bool
is_in(const struct hm_sim_hours *hours, int64_t second)
{
	int64_t from = (int64_t)hours->from * MINUTE;
	int64_t to = (int64_t)hours->to * MINUTE;

	if (from <= to)
		return second >= from && second < to;
	return second >= from || second < to;
}

/* The battery is below a charge that it is to keep. */
static bool
is_below(const struct hm_sim_moment *m, int64_t percent)
{
	return m->charge < TENTHS * percent;
}

/* The battery gives nothing. */
static void
hold(struct hm_sim_wish *wish)
{
	wish->floor = FULL;
}

/* Charge up to an aim, and hold it. */
static void
charge_to(struct hm_sim_wish *wish, const struct hm_sim_moment *m,
    int64_t power, int64_t aim)
{
	wish->ceiling = smaller(wish->ceiling, aim);
	if (is_below(m, wish->ceiling))
		wish->charge = power;
	else
		hold(wish);
}

static void
discharge_to(struct hm_sim_wish *wish, int64_t power, int64_t aim)
{
	wish->floor = larger(wish->floor, aim);
	wish->discharge = power;
}

/* Cover the load down to a floor, and charge up to it from the grid. */
static void
keep_floor(struct hm_sim_wish *wish, const struct hm_sim_moment *m,
    int64_t power, int64_t floor)
{
	wish->floor = larger(wish->floor, smaller(floor, wish->ceiling));
	/* A battery that has just reached its floor is not below it. */
	if (m->charge < TENTHS * wish->floor - 1)
		wish->charge = larger(power, -m->lack);
}

static void
economize(const struct hm_sim_settings *s, const struct hm_sim_moment *m,
    struct hm_sim_wish *wish)
{
	for (size_t i = 0; i < s->weeks; i++) {
		const struct hm_sim_week *w = &s->week[i];

		if ((w->weekdays >> m->weekday & 1) == 0)
			continue;
		if (is_in(&w->valley, m->second)) {
			charge_to(wish, m, m->rated, FULL);
			return;
		}
		if (!is_in(&w->peak, m->second))
			hold(wish);
		return;
	}
}

static void
shave(const struct hm_sim_settings *s, const struct hm_sim_moment *m,
    struct hm_sim_wish *wish)
{
	int64_t room;

	wish->allowance = TENTHS * s->peak_power;
	room = wish->allowance - m->lack;
	if (is_below(m, smaller(s->peak_charge, wish->ceiling)) && room > 0)
		wish->charge = room;
}

static void
follow_tariffs(const struct hm_sim_settings *s, const struct hm_sim_moment *m,
    struct hm_sim_wish *wish)
{
	for (size_t i = 0; i < s->tariffs; i++) {
		const struct hm_sim_tariff *t = &s->tariff[i];

		if (is_in(&t->charge, m->second)) {
			charge_to(wish, m, m->rated * t->charge_power / FULL,
			    t->highest);
			return;
		}
		if (is_in(&t->discharge, m->second)) {
			discharge_to(wish, m->rated * t->discharge_power /
			    FULL, t->lowest);
			return;
		}
	}
}

void
hm_sim_mode_wish(const struct hm_sim_settings *s,
    const struct hm_sim_moment *m, struct hm_sim_wish *wish)
{
	*wish = (struct hm_sim_wish){
	    .grid = s->mode != HM_MODE_OFF_GRID,
	    .floor = s->lowest,
	    .ceiling = s->highest,
	};
	switch (s->mode) {
	case HM_MODE_ECONOMIC:
		economize(s, m, wish);
		break;
	case HM_MODE_BACKUP:
		keep_floor(wish, m, m->rated, s->backup);
		break;
	case HM_MODE_OFF_GRID:
		break;
	case HM_MODE_FORCED_CHARGE:
		charge_to(wish, m, m->rated * s->charge_power / PERMILLE,
		    s->charge);
		break;
	case HM_MODE_FORCED_DISCHARGE:
		discharge_to(wish, m->rated * s->discharge_power / PERMILLE,
		    s->discharge);
		break;
	case HM_MODE_PEAK_SHAVING:
		shave(s, m, wish);
		break;
	case HM_MODE_TIME_OF_USE:
		follow_tariffs(s, m, wish);
		break;
	case HM_MODE_SELF_USE:
	default:
		keep_floor(wish, m, GRID_CHARGE, s->self_use);
		break;
	}
}
