#ifndef HM_ENERGY_H
#define HM_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Judges the energy counters of one input. Pure: the time comes with the
 * readings, and the whole state is in struct hm_energy, which can be saved and
 * loaded. Energies are whole Wh, times are seconds since 1970, -1 is unknown. A
 * counter is accepted when the next reading confirms it: the shown total is the
 * lower of the last two good readings. So a spike of any size that lasts for
 * one reading is never shown, and the shown total lags by one reading. A
 * reading below the shown total, or above what the input can have produced
 * since, is refused. The day's energy is computed from the lifetime counter.
 * The device's own counter of the day is used only to find where the day began
 * when that was not seen: total less today does not change from one reset of
 * the device to the next.
 */

/* energy.def describes each; the database has a column for each. */
struct hm_energy {
#define ENERGY(name, initial, help) int64_t name;
#include "db/energy.def"
#undef ENERGY
};

struct hm_energy_reading {
	int64_t time;
	int64_t watts; /* the most that the input can give */
	bool awake;    /* the inverter is heard and runs */
	int64_t total; /* the device's counters; -1 where there is none */
	int64_t today;
};

enum hm_energy_verdict {
	HM_ENERGY_GOOD,
	HM_ENERGY_NONE,  /* the reading has no total, or 0 */
	HM_ENERGY_FALL,  /* refused: less than the shown total */
	HM_ENERGY_SPIKE, /* refused: more than the input can have produced */
	HM_ENERGY_RESET, /* the counter was reset: it ran at another level for
	                    a day; the shown total goes on from there */
};

/* Nothing is known. */
void hm_energy_init(struct hm_energy *e);

/* Whether e is a state that this code can reach; check it after loading. */
bool hm_energy_valid(const struct hm_energy *e);

/*
 * Set the day, whether or not there is a reading. A new day starts at 0. A
 * clock that goes back by a day or less changes nothing; one that stays farther
 * back for hours is accepted, without a reset to 0.
 */
void hm_energy_day(struct hm_energy *e, int64_t day, int64_t time);

/*
 * Judge a reading, after hm_energy_day. Readings come in their order; their
 * clock may step all the same.
 */
enum hm_energy_verdict hm_energy_read(struct hm_energy *e,
    const struct hm_energy_reading *reading);

/* The energies to show, or -1. */
int64_t hm_energy_total(const struct hm_energy *e);
int64_t hm_energy_today(const struct hm_energy *e);

/* The highest total that a reading at this time may have. */
int64_t hm_energy_limit(const struct hm_energy *e, int64_t time,
    int64_t watts);

#endif
