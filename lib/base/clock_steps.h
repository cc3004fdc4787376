#ifndef HM_CLOCK_STEPS_H
#define HM_CLOCK_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/*
 * Finds out when somebody sets the wall clock of a running program: it then
 * moves by more than the clock that counts from the start of the machine. What
 * counts time by the times of records can then undo the step. No clock is read.
 * All zeros, but for `least`, is a clock that was not set yet.
 */
struct hm_clock_steps {
	int64_t least; /* s; a smaller step is no step */
	struct hm_moment last; /* of the last look, by hm_moment_since_boot */
	bool known;
	int64_t ahead;  /* s, sum of the steps; negative: the clock went back */
	int64_t before; /* the same before the last step */
	int64_t since;  /* steady ms of the last step */
};

/* Look at both clocks. The step since the last look in seconds, or 0. */
int64_t hm_clock_steps_look(struct hm_clock_steps *steps,
    const struct hm_moment *now);

/*
 * The time of a record, in seconds, by a clock that was never set. The record
 * may have been made before the last step: its clock is the one whose time is
 * nearer.
 */
int64_t hm_clock_steps_undo(const struct hm_clock_steps *steps, int64_t time);

/* Take the clock as it is for one that was never set. */
void hm_clock_steps_accept(struct hm_clock_steps *steps);

#endif
