#ifndef HM_DTU_ENERGY_H
#define HM_DTU_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

#include "energy.h"

/*
 * The energies of a DTU: what its inputs have produced while they belonged to
 * it. They start as the sum over its inputs, and then grow as those do. An
 * input that leaves takes nothing away, and one that joins adds only what it
 * produces from then on. Otherwise statistics would take the fall for a new
 * meter, and the jump for energy. Each input remembers how much of it has been
 * counted.
 */

struct hm_dtu_energy {
	int64_t total, today; /* Wh; -1: not known yet */
	int64_t day;          /* of `today`; -1: none yet */
	int64_t since;        /* when the total was known first; -1: long ago */
};

/* What a DTU's inputs know, all together. */
struct hm_dtu_parts {
	int64_t ports;
	bool totals, todays; /* each input knows its own */
	int64_t day;         /* the newest */
};

void hm_dtu_energy_init(struct hm_dtu_energy *dtu);

/* Whether a loaded state is possible; its values may have been damaged. */
bool hm_dtu_energy_valid(const struct hm_dtu_energy *dtu);

/* One poll's change; made by hm_dtu_energy_begin. */
struct hm_dtu_change {
	int64_t time;
	bool new_day, first_total, first_today;
	bool adds; /* an input that joins adds all that it has produced */
};

/*
 * Begin to count a poll: call hm_dtu_energy_count for each input then. A DTU's
 * list fills in its first hour: until then, or until one leaves, inputs that
 * join add all that they have produced.
 */
struct hm_dtu_change hm_dtu_energy_begin(struct hm_dtu_energy *dtu,
    const struct hm_dtu_parts *parts, int64_t time);

/* Whether the input's state has changed. */
bool hm_dtu_energy_count(struct hm_dtu_energy *dtu,
    const struct hm_dtu_change *change, struct hm_energy *port);

/*
 * The input does not belong to the DTU any more, from this time on; it is back
 * when it is counted again. As above.
 */
bool hm_dtu_energy_leave(struct hm_dtu_energy *dtu, struct hm_energy *port,
    int64_t time);

/* The input has been forgotten. */
void hm_dtu_energy_lose(struct hm_dtu_energy *dtu,
    const struct hm_energy *port);

#endif
