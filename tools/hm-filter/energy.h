#ifndef HM_ENERGY_H
#define HM_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Judges the energy counters of one port. No I/O and no clock: the time comes
 * with the readings, and the whole state is in struct hm_energy, which can be
 * saved. Energies are whole Wh, times are seconds since 1970, -1 is unknown. A
 * counter is accepted when the next reading confirms it: the shown total is the
 * lower of the last two good readings. So a spike of any size that lasts for
 * one reading is never shown, and the shown total lags by one reading. A
 * reading below the shown total, or above what the port can have produced
 * since, is refused. Refused readings that agree with one another are a claim,
 * which is accepted once enough of them confirm it. The day's energy is
 * computed from the lifetime counter.
 * The device's own counter of the day is used only if no reading shows the
 * total at which the day began: total minus today is that total, all day.
 *
 * A device without a lifetime counter has one made of its counter of the day: a
 * fall of that one is its reset, if the readings after it agree, and what it
 * had then is added from then on. All else is as above.
 */

/* energy.def describes each; the database has a column for each. */
struct hm_energy {
#define ENERGY(name, initial, help) int64_t name;
#include "db/energy.def"
#undef ENERGY
};

struct hm_energy_reading {
	int64_t time;
	int64_t watts; /* rated power of the port: its share of the inverter */
	int64_t inverter_watts; /* rated power of the whole inverter */
	bool awake;    /* the inverter is online and runs */
	int64_t total; /* the device's counters; -1: unknown */
	int64_t today;
	/*
	 * The device counts only the day: `total` is that counter, too. What
	 * is shown as the total is the sum of its days.
	 */
	bool daily;
};

enum hm_energy_verdict {
	HM_ENERGY_GOOD,
	HM_ENERGY_NONE,  /* the reading has no total, or 0 */
	HM_ENERGY_FALL,  /* refused: less than the shown total */
	HM_ENERGY_SPIKE, /* refused: more than the port can have produced */
	HM_ENERGY_WRAP,  /* the counter fell by 65536, as one of 16 bits does;
	                    the shown total counts that */
	HM_ENERGY_RESET, /* the counter was reset: it ran at another level for
	                    a day; the shown total goes on from there */
	HM_ENERGY_WAIT,  /* a counter of the day may have begun a new day, or
	                    it is a glitch: the next readings will tell */
	HM_ENERGY_NEW_DAY, /* it has begun a new day, which the shown total
	                      adds to the days before */
};

/* Set everything to unknown. */
void hm_energy_init(struct hm_energy *e);

/* Whether a loaded state is possible; its values may have been damaged. */
bool hm_energy_valid(const struct hm_energy *e);

/*
 * Set the day (hm_zone_day), with or without a reading. A new day starts at
 * 0 Wh. If the clock goes back by a day or less, nothing changes; if it stays
 * farther back for hours, the earlier day is accepted, without a reset to 0; so
 * is the return to the day that it left.
 */
void hm_energy_day(struct hm_energy *e, int64_t day, int64_t time);

/*
 * Judge a reading, after hm_energy_day. Readings come in the order of the
 * stream; their times may step back.
 */
enum hm_energy_verdict hm_energy_read(struct hm_energy *e,
    const struct hm_energy_reading *reading);

/*
 * In place of hm_energy_read: take a good reading, for the next one to confirm,
 * without showing the one before it, so that no energy that is shown changes.
 * False, and nothing is done, if there is more to judge than that.
 */
bool hm_energy_grow(struct hm_energy *e,
    const struct hm_energy_reading *reading);

/* The energies to show, or -1. */
int64_t hm_energy_total(const struct hm_energy *e);
int64_t hm_energy_today(const struct hm_energy *e);

/*
 * The highest total that a reading at this time may have to be good at once;
 * `watts` is the port's rated power.
 */
int64_t hm_energy_limit(const struct hm_energy *e, int64_t time,
    int64_t watts);

#endif
