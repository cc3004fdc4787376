#include "live_shared.h"

#include "base/clock.h"
#include "base/log.h"
#include "day_curve.h"

bool
hm_live_shared_init(struct hm_live_shared *shared,
    const struct hm_live_options *options)
{
	const struct hm_moment now = hm_moment_now();

	if (pthread_mutex_init(&shared->lock, NULL) != 0 ||
	    !hm_live_init(&shared->live, options, &now)) {
		hm_log_errno(HM_ERROR, "no memory for the plant");
		return false;
	}
	return true;
}

void
hm_live_shared_free(struct hm_live_shared *shared)
{
	hm_live_free(&shared->live);
	pthread_mutex_destroy(&shared->lock);
}

void
hm_live_shared_count(struct hm_live_shared *shared)
{
	pthread_mutex_lock(&shared->lock);
	shared->lines++;
	pthread_mutex_unlock(&shared->lock);
}

uint64_t
hm_live_shared_lines(struct hm_live_shared *shared)
{
	uint64_t lines;

	pthread_mutex_lock(&shared->lock);
	lines = shared->lines;
	pthread_mutex_unlock(&shared->lock);
	return lines;
}

void
hm_live_shared_record(struct hm_live_shared *shared, struct hm_slice type,
    const struct hm_record *record)
{
	const struct hm_moment now = hm_moment_now();

	pthread_mutex_lock(&shared->lock);
	hm_live_record(&shared->live, type, record, &now);
	pthread_mutex_unlock(&shared->lock);
}

void
hm_live_shared_curve(struct hm_live_shared *shared,
    const struct hm_day_curve *curve)
{
	pthread_mutex_lock(&shared->lock);
	hm_day_curve_fill(&shared->live.curve, curve);
	shared->live.number++;
	pthread_mutex_unlock(&shared->lock);
}

void
hm_live_shared_energy(void *context, const struct hm_history_energy *energy)
{
	struct hm_live_shared *shared = context;
	const struct hm_moment now = hm_moment_now();

	pthread_mutex_lock(&shared->lock);
	hm_live_take_energy(&shared->live, energy, &now);
	pthread_mutex_unlock(&shared->lock);
}

void
hm_live_shared_expect_tool(struct hm_live_shared *shared, const char *name)
{
	const struct hm_moment now = hm_moment_now();

	pthread_mutex_lock(&shared->lock);
	hm_live_expect_tool(&shared->live, name, &now);
	pthread_mutex_unlock(&shared->lock);
}

void
hm_live_shared_tick(struct hm_live_shared *shared)
{
	const struct hm_moment now = hm_moment_now();

	pthread_mutex_lock(&shared->lock);
	hm_live_forget(&shared->live);
	hm_live_sample(&shared->live, &now);
	pthread_mutex_unlock(&shared->lock);
}

bool
hm_live_shared_copy(struct hm_live_shared *shared, struct hm_live *to)
{
	bool good;

	pthread_mutex_lock(&shared->lock);
	good = to->number == shared->live.number && to->dtu != NULL ? true :
	    hm_live_copy(to, &shared->live);
	pthread_mutex_unlock(&shared->lock);
	return good;
}
