#include "shared_plant.h"

#include "base/log.h"
#include "base/clock.h"

bool
hm_shared_init(struct hm_shared_plant *shared,
    const struct hm_plant_options *options)
{
	const struct hm_moment now = hm_moment_now();

	if (pthread_mutex_init(&shared->lock, NULL) != 0 ||
	    !hm_plant_init(&shared->plant, options, &now)) {
		hm_log_errno(HM_ERROR, "no memory for the plant");
		return false;
	}
	return true;
}

void
hm_shared_free(struct hm_shared_plant *shared)
{
	hm_plant_free(&shared->plant);
	pthread_mutex_destroy(&shared->lock);
}

void
hm_shared_record(struct hm_shared_plant *shared, struct hm_slice type,
    const struct hm_record *record)
{
	const struct hm_moment now = hm_moment_now();

	pthread_mutex_lock(&shared->lock);
	hm_plant_record(&shared->plant, type, record, &now);
	pthread_mutex_unlock(&shared->lock);
}

void
hm_shared_tick(struct hm_shared_plant *shared)
{
	const struct hm_moment now = hm_moment_now();

	pthread_mutex_lock(&shared->lock);
	hm_plant_forget(&shared->plant, &now);
	hm_plant_sample(&shared->plant, &now);
	pthread_mutex_unlock(&shared->lock);
}

bool
hm_shared_copy(struct hm_shared_plant *shared, struct hm_plant *to)
{
	bool good;

	pthread_mutex_lock(&shared->lock);
	good = to->number == shared->plant.number && to->dtu != NULL ? true :
	    hm_plant_copy(to, &shared->plant);
	pthread_mutex_unlock(&shared->lock);
	return good;
}
