#ifndef HM_LIVE_VIEW_H
#define HM_LIVE_VIEW_H

#include "config/device_names.h"
#include "live.h"
#include "plant_facts.h"

/*
 * The live state at one moment: which readings are current, which DTUs are
 * online, whether the plant is healthy.
 */

struct hm_view {
	const struct hm_live *live;
	const struct hm_device_names *names; /* NULL: none; borrowed */
	const struct hm_plant_facts *facts;  /* NULL: none; borrowed */
	struct hm_moment now;
	bool night;         /* it is night, or was until recently */
	int64_t day;        /* hm_zone_day with the reset_hour */
	int64_t stale_ms;   /* older readings are not current */
	int64_t silence_ms; /* a DTU silent for longer is offline */
};

/* `live` is borrowed, `now` is copied. */
void hm_view_init(struct hm_view *view, const struct hm_live *live,
    const struct hm_moment *now);

/* What the settings call a DTU, a device or a port; NULL: nothing. */
const char *hm_view_dtu_name(const struct hm_view *view, size_t dtu);
const char *hm_view_device_name(const struct hm_view *view,
    const struct hm_live_device *d);

/* Iterate over DTUs: the next one, for NULL the first; NULL after the last. */
static inline const struct hm_live_dtu *
hm_view_dtu(const struct hm_view *view, const struct hm_live_dtu *dtu)
{
	const struct hm_live *live = view->live;

	dtu = dtu != NULL ? dtu + 1 : live->dtu;
	return dtu < live->dtu + live->dtus ? dtu : NULL;
}

/* Iterate over the devices of a scope. */
static inline const struct hm_live_device *
hm_view_device(const struct hm_view *view, enum hm_scope scope,
    const struct hm_live_device *d)
{
	const struct hm_live *live = view->live;

	d = d != NULL ? d + 1 : live->device;
	while (d < live->device + live->devices && d->scope != scope)
		d++;
	return d < live->device + live->devices ? d : NULL;
}

/* The same, of one DTU. */
static inline const struct hm_live_device *
hm_view_device_of(const struct hm_view *view, size_t dtu, enum hm_scope scope,
    const struct hm_live_device *d)
{
	const struct hm_live *live = view->live;
	size_t i = d != NULL ? d->next : live->dtu[dtu].first_device;

	while (i != SIZE_MAX && live->device[i].scope != scope)
		i = live->device[i].next;
	return i != SIZE_MAX ? &live->device[i] : NULL;
}

/* The inputs of an inverter. */
static inline const struct hm_live_device *
hm_view_port_of(const struct hm_view *view,
    const struct hm_live_device *inverter, const struct hm_live_device *d)
{
	do
		d = hm_view_device_of(view, inverter->dtu, HM_SCOPE_PORT, d);
	while (d != NULL && strcmp(d->serial, inverter->serial) != 0);
	return d;
}

/* Whether the last reading of a device is current. */
bool hm_view_fresh(const struct hm_view *view,
    const struct hm_live_device *device);

/*
 * The value of a field. False if it is unknown or no longer current. Energies
 * stay current, whatever sleeps or is silent: the lifetime energy for ever, the
 * energy of the day until the day is over. Then it is unknown until a record
 * has one of the new day.
 */
bool hm_view_value(const struct hm_view *view,
    const struct hm_live_device *device, size_t field,
    struct hm_decimal *value);

/* Whether the last poll was good and is recent. */
bool hm_view_up(const struct hm_view *view, const struct hm_live_dtu *dtu);

/*
 * "online"; "stale" if the DTU answers and repeats its last readings, which are
 * no longer current; "error" or "unknown".
 */
const char *hm_view_status(const struct hm_view *view,
    const struct hm_live_dtu *dtu);

/*
 * False when no DTU has answered for too long, unless that is because of the
 * night: by the settings, or because a DTU last answered at dusk, less than 18
 * hours ago.
 */
bool hm_view_healthy(const struct hm_view *view);

/* Whether every configured DTU has been polled. */
bool hm_view_all_tried(const struct hm_view *view);

/* Whether an alarm has been repeated recently. */
bool hm_view_alarm(const struct hm_view *view,
    const struct hm_live_alarm *alarm);

/* Whether the last three stats records of a tool are missing. */
bool hm_view_silent(const struct hm_view *view,
    const struct hm_live_tool *tool);

/* A number from the last stats record of a tool that is not silent. */
bool hm_view_counter(const struct hm_view *view, const char *tool,
    const char *counter, int64_t *value);

/*
 * The sum of a field over all DTUs with current readings. False if no DTU has
 * the field or, with `whole`, if one of them lacks it.
 */
bool hm_view_sum(const struct hm_view *view, size_t field, bool whole,
    struct hm_decimal *sum);

#endif
