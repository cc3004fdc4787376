#include "dtu_energy.h"

#define FILL_SECONDS 3600
#define WH_MAX (INT64_MAX / 4)

void
hm_dtu_energy_init(struct hm_dtu_energy *dtu)
{
	*dtu = (struct hm_dtu_energy){-1, -1, -1, -1};
}

bool
hm_dtu_energy_valid(const struct hm_dtu_energy *dtu)
{
	return dtu->total >= 0 && dtu->total <= WH_MAX &&
	    dtu->today >= -1 && dtu->today <= WH_MAX && dtu->day >= -1;
}

struct hm_dtu_change
hm_dtu_energy_begin(struct hm_dtu_energy *dtu,
    const struct hm_dtu_parts *parts, int64_t time)
{
	struct hm_dtu_change change = {
	    .time = time,
	    .new_day = parts->day > dtu->day,
	    .first_total = dtu->total < 0 && parts->totals &&
	        parts->ports > 0,
	    .first_today = dtu->today < 0 && parts->todays &&
	        parts->ports > 0,
	};

	if (change.first_total) {
		dtu->total = 0;
		dtu->since = time;
	}
	if (change.first_today || (change.new_day && dtu->today >= 0))
		dtu->today = 0;
	if (parts->ports > 0)
		dtu->day = parts->day;
	/* Also if the clock was set back; it must not open again. */
	if (time < dtu->since || time - dtu->since >= FILL_SECONDS)
		dtu->since = -1;
	change.adds = dtu->since >= 0;
	return change;
}

/* Add what has been produced since the last count. */
static void
count(int64_t *sum, int64_t *counted, int64_t energy, bool adds)
{
	int64_t before = *counted >= 0 ? *counted : adds ? 0 : energy;

	if (energy > before && *sum <= WH_MAX - (energy - before))
		*sum += energy - before;
	*counted = energy;
}

/*
 * What an input that is back has produced until then does not count: it joins
 * when its shown total comes from a reading since. A clock that was set back
 * makes that moment unknown.
 */
static bool
is_back(const struct hm_energy *port, int64_t time)
{
	return port->total_time > port->excluded_since ||
	    port->excluded_since > time;
}

bool
hm_dtu_energy_count(struct hm_dtu_energy *dtu,
    const struct hm_dtu_change *change, struct hm_energy *port)
{
	const int64_t counted = port->counted, of_day = port->counted_today;
	int64_t total = hm_energy_total(port), today = hm_energy_today(port);
	bool left = port->excluded_since >= 0;

	if (change->first_total)
		port->counted = -1;
	if (change->first_today)
		port->counted_today = -1;
	else if (change->new_day && port->counted_today > 0)
		port->counted_today = 0;
	if (left && !is_back(port, change->time))
		return false;
	port->excluded_since = -1;
	if (dtu->total >= 0 && total >= 0)
		count(&dtu->total, &port->counted, total, change->adds);
	if (dtu->today >= 0 && today >= 0)
		count(&dtu->today, &port->counted_today, today,
		    change->adds || change->first_today);
	return port->counted != counted || port->counted_today != of_day ||
	    left;
}

void
hm_dtu_energy_lose(struct hm_dtu_energy *dtu, const struct hm_energy *port)
{
	if (port->counted >= 0)
		dtu->since = -1;
}

bool
hm_dtu_energy_leave(struct hm_dtu_energy *dtu, struct hm_energy *port,
    int64_t time)
{
	/* It may have been there in between, for a reading. */
	if (port->excluded_since >= port->pending_time &&
	    port->excluded_since >= 0)
		return false;
	hm_dtu_energy_lose(dtu, port);
	port->counted = port->counted_today = -1;
	port->excluded_since = time;
	return true;
}
