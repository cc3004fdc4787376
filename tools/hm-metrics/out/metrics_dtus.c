#include <stdio.h>

#include "live/live.h"
#include "live/live_view.h"
#include "metrics.h"
#include "prometheus_text.h"
#include "record/breaker_state.h"
#include "record/poll_errors.h"

#define BOUND ((size_t)24) /* bytes of the bound of a bucket */

static void
begin_sample(struct hm_prometheus *e, const struct hm_live_dtu *dtu)
{
	hm_prometheus_sample(e, "");
	hm_prometheus_label(e, "dtu", dtu->name);
}

/* Results of polls */

static void
put_up(struct hm_prometheus *e, const struct hm_view *view)
{
	hm_prometheus_family(e, "hoymiles_up", HM_PROMETHEUS_GAUGE,
	    "1 if the last poll of the DTU was good and is recent");
	for (const struct hm_live_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;) {
		begin_sample(e, d);
		hm_prometheus_int(e, hm_view_up(view, d));
	}
}

static void
put_success(struct hm_prometheus *e, const struct hm_view *view)
{
	hm_prometheus_family(e, "hoymiles_poll_success_timestamp_seconds",
	    HM_PROMETHEUS_GAUGE, "Unix time of the last answer of the DTU");
	for (const struct hm_live_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;) {
		if (d->answered == 0)
			continue;
		begin_sample(e, d);
		hm_prometheus_int(e, d->answered_time);
	}
}

static void
put_polls(struct hm_prometheus *e, const struct hm_view *view)
{
	hm_prometheus_family(e, "hoymiles_polls_total", HM_PROMETHEUS_COUNTER,
	    "polls of the DTU, by result");
	for (const struct hm_live_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;) {
		begin_sample(e, d);
		hm_prometheus_label(e, "result", "success");
		hm_prometheus_int(e, (int64_t)d->good);
		begin_sample(e, d);
		hm_prometheus_label(e, "result", "failure");
		hm_prometheus_int(e, (int64_t)d->failed);
	}
}

static void
put_errors(struct hm_prometheus *e, const struct hm_view *view)
{
	hm_prometheus_family(e, "hoymiles_poll_errors_total",
	    HM_PROMETHEUS_COUNTER, "failed polls of the DTU, by reason");
	for (const struct hm_live_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;)
		for (enum hm_poll_error r = HM_ERR_NONE + 1; r < HM_ERRORS;
		    r++) {
			begin_sample(e, d);
			hm_prometheus_label(e, "reason", hm_poll_error_name(r));
			hm_prometheus_int(e, (int64_t)d->errors[r]);
		}
}

static void
put_in_row(struct hm_prometheus *e, const struct hm_view *view)
{
	hm_prometheus_family(e, "hoymiles_poll_failures", HM_PROMETHEUS_GAUGE,
	    "failed polls of the DTU since the last good one");
	for (const struct hm_live_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;) {
		if (d->failures < 0)
			continue;
		begin_sample(e, d);
		hm_prometheus_int(e, d->failures);
	}
}

/* Seconds in the canonical form of OpenMetrics: 0.1, 1.0 */
static void
format_bound(int64_t ms, char out[BOUND])
{
	long long seconds = ms / 1000, rest = ms % 1000;

	if (rest % 100 == 0)
		snprintf(out, BOUND, "%lld.%lld", seconds, rest / 100);
	else
		snprintf(out, BOUND, "%lld.%lld", seconds, rest / 10);
}

void
hm_metrics_durations(struct hm_prometheus *e, const struct hm_live_dtu *dtu,
    const char *label)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < HM_LIVE_TOOK_BUCKETS; i++) {
		char bound[BOUND] = "+Inf";

		if (i < HM_LIVE_TOOK_BUCKETS - 1)
			format_bound(hm_live_took_bounds[i], bound);
		sum += dtu->took[i];
		hm_prometheus_sample(e, "_bucket");
		hm_prometheus_label(e, label, dtu->name);
		hm_prometheus_label(e, "le", bound);
		hm_prometheus_int(e, (int64_t)sum);
	}
	hm_prometheus_sample(e, "_sum");
	hm_prometheus_label(e, label, dtu->name);
	hm_prometheus_decimal(e, hm_decimal((int64_t)dtu->took_ms, 3));
	hm_prometheus_sample(e, "_count");
	hm_prometheus_label(e, label, dtu->name);
	hm_prometheus_int(e, (int64_t)sum);
}

static void
put_durations(struct hm_prometheus *e, const struct hm_view *view)
{
	hm_prometheus_family(e, "hoymiles_poll_duration_seconds",
	    HM_PROMETHEUS_HISTOGRAM, "duration of the good polls of the DTU");
	for (const struct hm_live_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;)
		hm_metrics_durations(e, d, "dtu");
}

static void
put_breakers(struct hm_prometheus *e, const struct hm_view *view)
{
	hm_prometheus_family(e, "hoymiles_breaker_state", HM_PROMETHEUS_GAUGE,
	    "1 for the state that the DTU's circuit breaker is in");
	for (const struct hm_live_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;)
		for (enum hm_breaker_state s = HM_BREAKER_CLOSED;
		    d->breaker_known && s <= HM_BREAKER_HALF_OPEN; s++) {
			begin_sample(e, d);
			hm_prometheus_label(e, "state",
			    hm_breaker_state_name(s));
			hm_prometheus_int(e, d->breaker == s);
		}
}

/* Alarms */

static bool
same_labels(const struct hm_live_alarm *a, const struct hm_live_alarm *b)
{
	return a->dtu == b->dtu && a->port == b->port && a->code == b->code &&
	    strcmp(a->serial, b->serial) == 0 &&
	    strcmp(a->alert, b->alert) == 0;
}

/* Alarms of one kind that began at different times are one series. */
static bool
shown_before(const struct hm_view *view, size_t at)
{
	const struct hm_live_alarm *alarm = view->live->alarm;

	for (size_t i = 0; i < at; i++)
		if (hm_view_alarm(view, &alarm[i]) &&
		    same_labels(&alarm[i], &alarm[at]))
			return true;
	return false;
}

static void
put_alarm(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_live_alarm *alarm)
{
	char number[24];

	begin_sample(e, &view->live->dtu[alarm->dtu]);
	hm_prometheus_label(e, "inverter", alarm->serial);
	if (alarm->alert[0] != '\0') {
		snprintf(number, sizeof number, "%lld",
		    (long long)alarm->port);
		hm_prometheus_label(e, "port", alarm->port > 0 ? number : "");
		hm_prometheus_label(e, "alert", alarm->alert);
	} else {
		snprintf(number, sizeof number, "%lld",
		    (long long)alarm->code);
		hm_prometheus_label(e, "code", number);
	}
	hm_prometheus_int(e, 1);
}

static void
begin_alarms(struct hm_prometheus *e, bool alerts)
{
	if (alerts)
		hm_prometheus_family(e, "hoymiles_alert_active",
		    HM_PROMETHEUS_GAUGE,
		    "1 for each active alert of hm-alert");
	else
		hm_prometheus_family(e, "hoymiles_alarm_active",
		    HM_PROMETHEUS_GAUGE,
		    "1 for each active alarm in the DTU's list");
}

static void
put_alarms(struct hm_prometheus *e, const struct hm_view *view, bool alerts)
{
	bool begun = false;

	for (size_t i = 0; i < view->live->alarms; i++) {
		const struct hm_live_alarm *alarm = &view->live->alarm[i];

		if ((alarm->alert[0] != '\0') != alerts ||
		    !hm_view_alarm(view, alarm) || shown_before(view, i))
			continue;
		if (!begun)
			begin_alarms(e, alerts);
		begun = true;
		put_alarm(e, view, alarm);
	}
}

void
hm_metrics_dtus(struct hm_prometheus *e, const struct hm_view *view)
{
	if (view->live->dtus > 0) {
		put_up(e, view);
		put_success(e, view);
		put_polls(e, view);
		put_errors(e, view);
		put_in_row(e, view);
		put_durations(e, view);
		put_breakers(e, view);
	}
	put_alarms(e, view, false);
	put_alarms(e, view, true);
}
