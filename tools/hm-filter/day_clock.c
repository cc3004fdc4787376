#include "day_clock.h"

#include "base/log.h"
#include "base/rfc3339.h"

#define STEP_MIN ((int64_t)20 * 3600) /* s */

void
hm_day_clock_init(struct hm_day_clock *clock)
{
	*clock = (struct hm_day_clock){.steps = {.least = STEP_MIN}};
}

static void
log_step(const struct hm_clock_steps *steps, const char *text)
{
	int64_t now = steps->last.wall / 1000;
	char old[HM_RFC3339_SIZE], new[HM_RFC3339_SIZE];

	hm_rfc3339_format(now - steps->ahead, old);
	hm_rfc3339_format(now, new);
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("from", old),
	    hm_fact("to", new)), "the clock was set from %s to %s: %s", old,
	    new, text);
}

static void
stepped(const struct hm_clock_steps *steps)
{
	if (steps->ahead > 0)
		log_step(steps, "the day of the energies stays the old one "
		    "until the new time has lasted for an hour");
	else if (steps->ahead < 0)
		log_step(steps, "the energies are not reset by that");
	else
		hm_log(HM_WARNING, "the clock was set back to the time before: "
		    "the day of the energies goes on");
}

void
hm_day_clock_look(struct hm_day_clock *clock, const struct hm_moment *now)
{
	struct hm_clock_steps *steps = &clock->steps;

	if (hm_clock_steps_look(steps, now) != 0) {
		stepped(steps);
		return;
	}
	if (steps->ahead == 0 ||
	    now->steady - steps->since < HM_DAY_CLOCK_HOLD * 1000)
		return;
	if (steps->ahead > 0)
		hm_log(HM_WARNING, "the clock has been ahead for an hour: the "
		    "day of the energies follows it now");
	hm_clock_steps_accept(steps);
}

int64_t
hm_day_clock_time(const struct hm_day_clock *clock, int64_t time)
{
	int64_t undone = hm_clock_steps_undo(&clock->steps, time);

	return undone < time ? undone : time;
}
