#include "poll_schedule.h"

#define QUARTER_MS 900000

int64_t
hm_poll_schedule_offset(const struct hm_poll_schedule *schedule,
    size_t position, size_t count)
{
	return schedule->period_ms * (int64_t)position / (int64_t)count;
}

static int64_t
wall_at(const struct hm_moment *now, int64_t at)
{
	return now->wall + (at - now->steady);
}

static int64_t
after_night_period(const struct hm_poll_schedule *schedule,
    const struct hm_moment *now, int64_t at, int64_t last)
{
	if (schedule->night == NULL || last == HM_POLL_SCHEDULE_NEVER ||
	    at >= last + schedule->night_period_ms ||
	    !hm_quiet_hours_is_night(schedule->night, wall_at(now, at) / 1000))
		return at;
	return last + schedule->night_period_ms;
}

/*
 * Spread the postponed DTUs over the time until the next upload, or over one
 * period if that is shorter.
 */
static int64_t
after_upload(const struct hm_poll_schedule *schedule,
    const struct hm_moment *now, int64_t at, int64_t offset)
{
	int64_t margin = schedule->upload_margin_ms;
	int64_t free_ms = QUARTER_MS - 2 * margin, wait;

	if (margin == 0)
		return at;
	wait = hm_quiet_hours_upload_ends(wall_at(now, at), margin);
	if (wait == 0)
		return at;
	if (free_ms < schedule->period_ms)
		offset = offset * free_ms / schedule->period_ms;
	return at + wait + offset;
}

int64_t
hm_poll_schedule_earliest(const struct hm_poll_schedule *schedule,
    const struct hm_moment *now, int64_t at, int64_t last, int64_t offset)
{
	return after_upload(schedule, now,
	    after_night_period(schedule, now, at, last), offset);
}

bool
hm_poll_schedule_is_night(const struct hm_poll_schedule *schedule,
    const struct hm_moment *now)
{
	return schedule->night != NULL &&
	    hm_quiet_hours_is_night(schedule->night, now->wall / 1000);
}
