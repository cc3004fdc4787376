#ifndef HM_ENERGY_H
#define HM_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What may be believed of the energy counters of one input. Pure: the time
 * comes with the readings, and all that is known is in struct hm_energy,
 * which can be kept and brought back as it is. Energies are whole Wh, times
 * are seconds since 1970, -1 is unknown.
 *
 * A counter is believed when the next reading bears it out: the total that is
 * shown is the lower of the last two good readings. So a spike of any size
 * that lasts for one reading never shows, and a counter lags by one reading.
 * A reading below what has been shown, or above what the input could have
 * made since, is refused.
 *
 * The day's energy is worked out from the lifetime counter. The device's own
 * counter of the day only tells where the day began when that was not seen:
 * total less today does not change from one reset of the device to the next.
 */

/* energy.def says what each is; a kept one has a column for each. */
struct hm_energy {
#define ENERGY(name, initial, help) int64_t name;
#include "db/energy.def"
#undef ENERGY
};

struct hm_energy_reading {
	int64_t time;
	int64_t watts; /* the most that the input can make */
	bool awake;    /* the inverter is heard and runs */
	int64_t total; /* the device's counters; -1 where there is none */
	int64_t today;
};

enum hm_energy_verdict {
	HM_ENERGY_GOOD,
	HM_ENERGY_NONE,  /* there was no total in it, or 0 */
	HM_ENERGY_FALL,  /* refused: less than has been shown */
	HM_ENERGY_SPIKE, /* refused: more than the input could have made */
	HM_ENERGY_ANEW,  /* for a day the counter ran at another level: it has
	                    begun anew, and is added to what was shown */
};

/* Nothing is known. */
void hm_energy_init(struct hm_energy *e);

/* Whether e can have come from here; to be asked of what was kept. */
bool hm_energy_valid(const struct hm_energy *e);

/*
 * It is this day by now, whether or not there is a reading. A new one begins
 * at 0. A clock that goes back by a day or less changes nothing; one that
 * stays farther back for hours is believed, without a new beginning.
 */
void hm_energy_day(struct hm_energy *e, int64_t day, int64_t time);

/*
 * Take a reading in, after hm_energy_day. Readings come in the order in which
 * they were made; the clock may step all the same.
 */
enum hm_energy_verdict hm_energy_read(struct hm_energy *e,
    const struct hm_energy_reading *reading);

/* What may be shown, or -1. */
int64_t hm_energy_total(const struct hm_energy *e);
int64_t hm_energy_today(const struct hm_energy *e);

/* The highest total that the next reading may have at a time. */
int64_t hm_energy_limit(const struct hm_energy *e, int64_t time,
    int64_t watts);

#endif
