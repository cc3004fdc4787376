#include "sim_clock.h"

#include <stddef.h>

#define DAY 86400

/* The last reset up to now, or up to the start if the day is never reset. */
static int64_t
last_reset(const struct hm_sim_clock *clock, int64_t now)
{
	bool never = clock->reset == HM_SIM_RESET_NEVER;
	int64_t until = never ? clock->start : now;
	int64_t hour = never ? HM_SIM_SUN_RISE : clock->reset;

	return until - (until - hour) % DAY;
}

static void
set_household(struct hm_sim_clock *clock)
{
	struct hm_sim_time *now = &clock->now;
	int64_t second = now->simulated % DAY;

	if (clock->day == NULL)
		return;
	now->sun.share = clock->day->share[second];
	now->sun.up = now->sun.share > 0;
	now->has_load = true;
	now->load = clock->day->load[second];
}

static void
set_refresh(struct hm_sim_clock *clock, int64_t refresh, int64_t wall)
{
	struct hm_sim_time *now = &clock->now;

	now->refresh = refresh;
	now->wall = wall;
	now->simulated = clock->start +
	    refresh * clock->refresh_ms * clock->speed / 1000;
	hm_sim_sun_at(now->simulated, &now->sun);
	hm_sim_sun_at(last_reset(clock, now->simulated), &now->reset);
	set_household(clock);
}

void
hm_sim_clock_start(struct hm_sim_clock *clock, int64_t start,
    int64_t reset, int64_t speed, int64_t refresh_ms, int64_t ms,
    int64_t wall)
{
	/*
	 * Start on the second day, so that the counters have a day before.
	 */
	*clock = (struct hm_sim_clock){
	    .start = DAY + start,
	    .reset = reset,
	    .speed = speed,
	    .refresh_ms = refresh_ms,
	    .began_ms = ms,
	    .now = {.began = wall},
	};
	set_refresh(clock, 0, wall);
}

void
hm_sim_clock_follow(struct hm_sim_clock *clock, const struct hm_sim_day *day)
{
	clock->day = day;
	set_household(clock);
}

const struct hm_sim_time *
hm_sim_clock_read(struct hm_sim_clock *clock, int64_t ms, int64_t wall)
{
	int64_t elapsed = ms - clock->began_ms;
	int64_t refresh = elapsed / clock->refresh_ms;

	clock->now.ms = elapsed;
	if (refresh != clock->now.refresh)
		set_refresh(clock, refresh,
		    wall - elapsed % clock->refresh_ms / 1000);
	return &clock->now;
}
