#ifndef HM_DAY_CLOCK_H
#define HM_DAY_CLOCK_H

#include "base/clock_steps.h"

/*
 * The clock that the day of energies follows. If somebody sets the clock ahead
 * by 20 hours or more while hm-filter runs, the day goes on by the old clock
 * for an hour; the clock of a machine that was off overnight is corrected by
 * less. If the new time was a mistake, energies are not reset by it. The other
 * direction is the matter of hm_energy_day. No clock is read.
 */

#define HM_DAY_CLOCK_HOLD ((int64_t)3600) /* s */

struct hm_day_clock {
	struct hm_clock_steps steps;
};

void hm_day_clock_init(struct hm_day_clock *clock);

/* Look at the clocks, by hm_moment_since_boot; logs what happens to the day. */
void hm_day_clock_look(struct hm_day_clock *clock,
    const struct hm_moment *now);

/* The time, in seconds, whose day is that of a record of `time`. */
int64_t hm_day_clock_time(const struct hm_day_clock *clock, int64_t time);

#endif
