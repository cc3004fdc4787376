#include "live_view.h"

#include "base/decimal.h"
#include "base/zone.h"
#include "config/quiet_hours.h"
#include "day_curve.h"
#include "record/fields.h"
#include "record/freshness.h"

#define PERIODS HM_FRESH_PERIODS
#define ALERT_PERIOD_MS 600000 /* hm-alert repeats active alarms */
#define DAY_MAX_MS ((int64_t)25 * 3600 * 1000) /* at the end of summer time */
#define NIGHT_MAX_MS ((int64_t)18 * 3600 * 1000)

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool
is_night(const struct hm_live_options *options, int64_t wall)
{
	return options->night != NULL &&
	    hm_quiet_hours_is_night(options->night, wall / 1000);
}

/*
 * Just after the night the last poll may be as old as the poll period of the
 * night, so the view's night ends later.
 */
void
hm_view_init(struct hm_view *view, const struct hm_live *live,
    const struct hm_moment *now)
{
	const struct hm_live_options *options = &live->options;
	int64_t period = options->query_period_ms;
	int64_t grace = larger(options->offline_ms, PERIODS * period);

	*view = (struct hm_view){.live = live, .now = *now,
	    .day = hm_zone_day(now->wall / 1000, options->reset_hour)};
	view->night = is_night(options, now->wall) ||
	    is_night(options, now->wall - grace);
	if (view->night)
		period = larger(period, options->night_period_ms);
	view->stale_ms = hm_fresh_ms(period);
	view->silence_ms = larger(options->offline_ms, PERIODS * period);
}

/* Names */

const char *
hm_view_dtu_name(const struct hm_view *view, size_t dtu)
{
	const struct hm_live_device *d;

	if (view->names == NULL || view->names->count == 0)
		return NULL;
	d = hm_view_device_of(view, dtu, HM_SCOPE_DTU, NULL);
	return hm_device_name_of_dtu(view->names,
	    hm_text(view->live->dtu[dtu].name), d != NULL ? d->serial : "");
}

const char *
hm_view_device_name(const struct hm_view *view,
    const struct hm_live_device *d)
{
	if (view->names == NULL || view->names->count == 0)
		return NULL;
	return d->scope == HM_SCOPE_PORT ? hm_device_name_of_port(view->names,
	    d->serial, d->port) : hm_device_name(view->names, d->serial);
}

/* Readings */

bool
hm_view_fresh(const struct hm_view *view,
    const struct hm_live_device *device)
{
	const struct hm_live_dtu *dtu = &view->live->dtu[device->dtu];

	return device->number > dtu->cleared &&
	    view->now.steady - device->read <= view->stale_ms;
}

/*
 * Whether an energy of the day is of this day. The day of a stream that is
 * replayed is over; its readings are shown while they are fresh. A day ends,
 * whatever wrong clock its reading had.
 */
static bool
is_of_today(const struct hm_view *view, const struct hm_live_device *device)
{
	if (view->now.steady - device->day_read >= DAY_MAX_MS)
		return false;
	return device->day >= view->day || (device->day_heard >= view->day &&
	    hm_view_fresh(view, device));
}

bool
hm_view_value(const struct hm_view *view,
    const struct hm_live_device *device, size_t field, struct hm_decimal *value)
{
	*value = device->value[hm_live_slot(view->live, device, field)];
	if (!hm_field_set_has(&device->known, field))
		return false;
	switch (hm_fields[field].kind) {
	case HM_COUNTER:
		return true;
	case HM_DAILY:
		return is_of_today(view, device);
	default:
		return hm_view_fresh(view, device);
	}
}

bool
hm_view_up(const struct hm_view *view, const struct hm_live_dtu *dtu)
{
	return dtu->state == HM_LIVE_ONLINE && dtu->answered != 0 &&
	    view->now.steady - dtu->answered <= view->silence_ms;
}

/* A DTU may repeat its readings all night: that is no fault. */
static bool
is_hung(const struct hm_view *view, const struct hm_live_dtu *dtu)
{
	return dtu->repeats && !dtu->dark && !view->night &&
	    view->now.steady - dtu->renewed > view->stale_ms;
}

const char *
hm_view_status(const struct hm_view *view, const struct hm_live_dtu *dtu)
{
	if (dtu->state == HM_LIVE_OFFLINE)
		return "error";
	if (!hm_view_up(view, dtu))
		return "unknown";
	return is_hung(view, dtu) ? "stale" : "online";
}

bool
hm_view_healthy(const struct hm_view *view)
{
	const struct hm_live *live = view->live;
	int64_t now = view->now.steady;
	bool at_dusk = false;

	if (view->night ||
	    now - live->started.steady <= view->silence_ms)
		return true;
	for (size_t i = 0; i < live->dtus; i++) {
		const struct hm_live_dtu *dtu = &live->dtu[i];

		if (dtu->answered == 0)
			continue;
		if (now - dtu->answered <= view->silence_ms)
			return true;
		at_dusk = at_dusk || (dtu->dark &&
		    now - dtu->answered <= NIGHT_MAX_MS);
	}
	return at_dusk;
}

bool
hm_view_all_tried(const struct hm_view *view)
{
	for (size_t i = 0; i < view->live->configured; i++)
		if (view->live->dtu[i].state == HM_LIVE_UNKNOWN)
			return false;
	return true;
}

bool
hm_view_alarm(const struct hm_view *view, const struct hm_live_alarm *alarm)
{
	int64_t period = alarm->alert[0] != '\0' ? ALERT_PERIOD_MS :
	    view->live->options.ask_period_ms;

	return view->now.steady - alarm->heard <= PERIODS * period;
}

bool
hm_view_silent(const struct hm_view *view, const struct hm_live_tool *tool)
{
	int64_t period = view->live->options.stats_period_ms;

	if (!view->live->options.same_stats_period)
		period = period > 0 ? larger(period, tool->gap) : 0;
	return period > 0 &&
	    view->now.steady - tool->heard > PERIODS * period;
}

bool
hm_view_counter(const struct hm_view *view, const char *tool,
    const char *counter, int64_t *value)
{
	for (size_t i = 0; i < view->live->tools; i++) {
		const struct hm_live_tool *t = &view->live->tool[i];

		if (strcmp(t->name, tool) != 0 || hm_view_silent(view, t))
			continue;
		for (size_t k = 0; k < t->count; k++)
			if (strcmp(t->counter[k].name, counter) == 0) {
				*value = t->counter[k].value;
				return true;
			}
	}
	return false;
}

bool
hm_view_sum(const struct hm_view *view, size_t field, bool whole,
    struct hm_decimal *sum)
{
	size_t known = 0;

	*sum = hm_decimal(0, 0);
	for (size_t i = 0; i < view->live->devices; i++) {
		const struct hm_live_device *d = &view->live->device[i];
		struct hm_decimal value;

		if (d->scope != HM_SCOPE_DTU)
			continue;
		if (hm_view_value(view, d, field, &value) &&
		    hm_decimal_add(*sum, value, sum))
			known++;
		else if (whole && hm_view_fresh(view, d))
			return false;
	}
	return known > 0;
}

void
hm_live_sample(struct hm_live *live, const struct hm_moment *now)
{
	struct hm_view view;
	struct hm_decimal watts;
	int64_t milliwatts;

	hm_view_init(&view, live, now);
	/* Before all DTUs have been polled the sum is too low. */
	if (!hm_view_all_tried(&view) && now->steady - live->started.steady <
	    live->options.query_period_ms)
		return;
	if (!hm_view_sum(&view, HM_F_PV_POWER, false, &watts) ||
	    !hm_decimal_rescale(watts, 3, &milliwatts))
		return;
	hm_day_curve_turn(&live->curve, &live->other_curve, now->wall / 1000);
	hm_day_curve_add(&live->curve, now->wall / 1000, milliwatts);
}
