#include "clock_steps.h"

#include <stdlib.h>

int64_t
hm_clock_steps_look(struct hm_clock_steps *steps, const struct hm_moment *now)
{
	int64_t step = 0;

	if (steps->known)
		step = ((now->wall - steps->last.wall) -
		    (now->steady - steps->last.steady)) / 1000;
	steps->known = true;
	steps->last = *now;
	if (llabs(step) < steps->least)
		return 0;
	steps->before = steps->ahead;
	steps->ahead += step;
	if (llabs(steps->ahead) < steps->least)
		steps->ahead = 0;
	steps->since = now->steady;
	return step;
}

int64_t
hm_clock_steps_undo(const struct hm_clock_steps *steps, int64_t time)
{
	int64_t now = steps->last.wall / 1000;
	int64_t old = now - (steps->ahead - steps->before);

	return time - (llabs(time - now) <= llabs(time - old) ?
	    steps->ahead : steps->before);
}

void
hm_clock_steps_accept(struct hm_clock_steps *steps)
{
	steps->ahead = steps->before = 0;
}
