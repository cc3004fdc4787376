#ifndef HM_INVERTER_PART_H
#define HM_INVERTER_PART_H

#include <stdbool.h>
#include <stdint.h>

#include "energy.h"

/*
 * What an input adds to the energies of its inverter. The inputs that are known
 * when these are first shown add all that they have produced, one that is known
 * later only what it produces from then on. An input that was forgotten goes on
 * adding what it had. So the inverter's total neither falls nor jumps:
 * statistics would take the fall for a new meter, and the jump for energy.
 */

struct hm_inverter_part {
	bool there;       /* the input has joined */
	bool changed;     /* since the last save */
	int64_t total;    /* Wh of the input when it joined or was forgotten */
	int64_t left_out; /* Wh of the input's total; below 0: Wh besides */
	int64_t today;    /* Wh of `day` when it was forgotten, or -1 */
	int64_t day;      /* -1: it was not forgotten yet */
};

/* Whether a loaded state is possible; its values may have been damaged. */
bool hm_inverter_part_valid(const struct hm_inverter_part *part);

/*
 * The input joins, if it has a total and has not joined yet; `first` if its
 * inverter has not been shown. One that is back with a lower total than it had
 * goes on from what it added. Whether the part has changed.
 */
bool hm_inverter_part_join(struct hm_inverter_part *part,
    const struct hm_energy *input, bool first);

/* The input is forgotten. */
void hm_inverter_part_leave(struct hm_inverter_part *part,
    const struct hm_energy *input);

/*
 * What it adds, in Wh, on this day; the input may be unknown, after it was
 * forgotten. Of the day -1 if that is not known.
 */
int64_t hm_inverter_part_total(const struct hm_inverter_part *part,
    const struct hm_energy *input);
int64_t hm_inverter_part_today(const struct hm_inverter_part *part,
    const struct hm_energy *input, int64_t day);

#endif
