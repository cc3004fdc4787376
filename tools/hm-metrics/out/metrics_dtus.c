#include <stdio.h>

#include "live/live.h"
#include "live/live_view.h"
#include "metrics.h"
#include "prometheus_text.h"
#include "record/breaker_state.h"
#include "record/poll_errors.h"

#define BOUND ((size_t)24) /* bytes of the bound of a bucket */

static const struct hm_metrics_family up = {
    .name = "hoymiles_up", .dtu = "dtu",
    .help = "1 if the last poll of the DTU was good and is recent"};
static const struct hm_metrics_family polls = {
    .name = "hoymiles_polls_total", .dtu = "dtu", .label = "result",
    .failure = "failure", .help = "polls of the DTU, by result"};
static const struct hm_metrics_family errors = {
    .name = "hoymiles_poll_errors_total", .dtu = "dtu", .label = "reason",
    .help = "failed polls of the DTU, by reason"};
static const struct hm_metrics_family durations = {
    .name = "hoymiles_poll_duration_seconds", .dtu = "dtu",
    .help = "duration of the good polls of the DTU"};

static void
begin_sample(struct hm_prometheus *e, const struct hm_live_dtu *dtu)
{
	hm_prometheus_sample(e, "");
	hm_prometheus_label(e, "dtu", dtu->name);
}

/* Results of polls */

void
hm_metrics_up(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_metrics_family *family)
{
	hm_prometheus_family(e, family->name, HM_PROMETHEUS_GAUGE,
	    family->help);
	for (const struct hm_live_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;) {
		hm_prometheus_sample(e, "");
		hm_prometheus_label(e, family->dtu, d->name);
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
put_count(struct hm_prometheus *e, const struct hm_metrics_family *family,
    const struct hm_live_dtu *dtu, const char *value, uint64_t count)
{
	hm_prometheus_sample(e, "");
	hm_prometheus_label(e, family->dtu, dtu->name);
	hm_prometheus_label(e, family->label, value);
	hm_prometheus_int(e, (int64_t)count);
}

void
hm_metrics_polls(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_metrics_family *family)
{
	hm_prometheus_family(e, family->name, HM_PROMETHEUS_COUNTER,
	    family->help);
	for (const struct hm_live_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;) {
		put_count(e, family, d, "success", d->good);
		put_count(e, family, d, family->failure, d->failed);
	}
}

void
hm_metrics_errors(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_metrics_family *family)
{
	hm_prometheus_family(e, family->name, HM_PROMETHEUS_COUNTER,
	    family->help);
	for (const struct hm_live_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;)
		for (enum hm_poll_error r = HM_ERR_NONE + 1; r < HM_ERRORS; r++)
			put_count(e, family, d, hm_poll_error_name(r),
			    d->errors[r]);
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

static void
put_durations_of(struct hm_prometheus *e, const struct hm_live_dtu *dtu,
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

void
hm_metrics_durations(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_metrics_family *family)
{
	hm_prometheus_family(e, family->name, HM_PROMETHEUS_HISTOGRAM,
	    family->help);
	for (const struct hm_live_dtu *d = NULL;
	    (d = hm_view_dtu(view, d)) != NULL;)
		put_durations_of(e, d, family->dtu);
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
		hm_metrics_up(e, view, &up);
		put_success(e, view);
		hm_metrics_polls(e, view, &polls);
		hm_metrics_errors(e, view, &errors);
		put_in_row(e, view);
		hm_metrics_durations(e, view, &durations);
		put_breakers(e, view);
	}
	put_alarms(e, view, false);
	put_alarms(e, view, true);
}
