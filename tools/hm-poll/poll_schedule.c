#include "poll_schedule.h"

#define FREE_MIN_MS 60000 /* between two uploads */

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
    const struct hm_moment *now, int64_t at,
    const struct hm_poll_schedule_dtu *dtu)
{
	int64_t upload = dtu->upload_ms > 0 ? dtu->upload_ms : HM_UPLOAD_MS;
	int64_t longest = (upload - FREE_MIN_MS) / 2, offset = dtu->offset;
	int64_t margin = schedule->upload_margin_ms < longest ?
	    schedule->upload_margin_ms : longest;
	int64_t free_ms = upload - 2 * margin, wait;

	if (margin <= 0)
		return at;
	wait = hm_quiet_hours_upload_ends(wall_at(now, at), upload, margin);
	if (wait == 0)
		return at;
	if (free_ms < schedule->period_ms)
		offset = offset * free_ms / schedule->period_ms;
	return at + wait + offset;
}

int64_t
hm_poll_schedule_earliest(const struct hm_poll_schedule *schedule,
    const struct hm_moment *now, int64_t at,
    const struct hm_poll_schedule_dtu *dtu)
{
	return after_upload(schedule, now,
	    after_night_period(schedule, now, at, dtu->last), dtu);
}

bool
hm_poll_schedule_is_night(const struct hm_poll_schedule *schedule,
    const struct hm_moment *now)
{
	return schedule->night != NULL &&
	    hm_quiet_hours_is_night(schedule->night, now->wall / 1000);
}
