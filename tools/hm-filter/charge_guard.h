#ifndef HM_CHARGE_GUARD_H
#define HM_CHARGE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"

/*
 * Refuses a charge that no battery can have reached: two clients at once, or a
 * stick that mixes up its replies, give 0 % for one poll. What was accepted
 * last is kept in memory only; the first charge after a start is accepted.
 */

#define HM_CHARGE_JUMP 25     /* percent; more is refused */
#define HM_CHARGE_SECONDS 600 /* after the last charge that was accepted */

struct hm_charge {
	bool known;
	int64_t time, percent; /* that was accepted last */
};

/* Whether a charge at a time is accepted, which is then the last one. */
bool hm_charge_accept(struct hm_charge *last, int64_t time, int64_t percent);

struct hm_charge_guard;

/* NULL if there is no memory. Freed by hm_charge_guard_free. */
struct hm_charge_guard *hm_charge_guard_new(void);
void hm_charge_guard_free(struct hm_charge_guard *guard);

/*
 * Whether the charge in a battery record is refused; this is logged, for each
 * battery once an hour. Not if the record has none from 0 to 100, or if there
 * is no room for more batteries.
 */
bool hm_charge_guard_refuses(struct hm_charge_guard *guard,
    const struct hm_record *record);

#endif
