#include "history.pb-c.h"
#include "sim_hm_private.h"
#include "sim_plant.h"
#include "sim_sun.h"

#define HISTORY_STEP 60 /* s */
#define HISTORY_PAGE 200
#define HISTORY_START 1

/*
 * The day's power curve, one point for each simulated minute since sunrise. A
 * page has the time of its first point, computed as for real minutes.
 */
size_t
hm_sim_hm_history(struct hm_sim_answer *a)
{
	const struct hm_sim_sun *sun = &a->now->sun;
	size_t points = (size_t)(sun->seconds / HISTORY_STEP), first, end;
	int64_t peak = hm_sim_plant_dtu_peak(a->dtu->plant, a->dtu->index);
	int64_t today, total, last;
	Hm__History history;
	const Hm__HistoryRequest *request;
	int32_t power[HISTORY_PAGE];

	request = hm_sim_hm_unpack(a, &hm__history_request__descriptor);
	if (request == NULL || !hm_sim_hm_page_bounds(request->package, points,
	    HISTORY_PAGE, &first, &end))
		return 0;
	hm_sim_plant_dtu_energy(a->dtu->plant, a->dtu->index, a->now, &today,
	    &total);
	last = a->now->wall - (sun->since - sun->seconds);
	hm__history__init(&history);
	history.serial = a->dtu->serial;
	history.packages = hm_sim_hm_page_count(points, HISTORY_PAGE);
	history.package = hm_sim_hm_page_number(a, request->package);
	history.offset = request->offset;
	history.time = (uint32_t)hm_sim_hm_clock(a, a->now->wall);
	history.start = HISTORY_START;
	history.absolute_start = (uint32_t)(last -
	    (int64_t)(points - first) * HISTORY_STEP);
	if (a->faults & HM_SIM_BIT(HM_SIM_NOCLOCK))
		history.absolute_start = UINT32_MAX;
	history.step = HISTORY_STEP;
	history.total = (uint32_t)total;
	history.today = (uint32_t)today;
	history.power = power;
	for (size_t i = first; i < end; i++)
		power[history.n_power++] = (int32_t)(peak * hm_sim_sun_share(
		    (int64_t)i * HISTORY_STEP) / HM_SIM_SUN_FULL);
	return hm_sim_hm_reply(a, &history.base);
}
