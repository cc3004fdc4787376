#include "limit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "limit_inverters.h"
#include "record/status.h"

#define STEP_MS 60000 /* a clock that goes back by more was set */
#define LINE_MAX_SIZE 1024

struct hm_limit {
	struct hm_limit_options options;
	struct hm_limit_counters counters;
	struct hm_limit_law law;
	struct hm_limit_meter meter;
	struct hm_limit_inverters inverters;
	bool has_rules; /* the rated power is known */
	bool confused; /* several DTUs or meters, and no setting names one */
	bool has_record;
	bool said_rated, said_silent, said_refused;
	int64_t now;   /* ms of a clock that does not go back */
	int64_t ahead; /* ms by which it is ahead of the records */
	int64_t last;  /* ms, time of the last record by that clock */
	char id[64];   /* of the last order; empty: there was none */
};

struct hm_limit *
hm_limit_new(const struct hm_limit_options *options)
{
	struct hm_limit *limit = calloc(1, sizeof *limit);

	if (limit == NULL)
		return NULL;
	limit->options = *options;
	limit->meter.options = options->meter;
	if (options->dtu != NULL)
		snprintf(limit->inverters.dtu, sizeof limit->inverters.dtu,
		    "%s", options->dtu);
	return limit;
}

void
hm_limit_free(struct hm_limit *limit)
{
	free(limit);
}

const struct hm_limit_counters *
hm_limit_counters(const struct hm_limit *limit)
{
	return &limit->counters;
}

/* Rules */

static void
default_to(int64_t *value, int64_t initial)
{
	if (*value == HM_LIMIT_UNSET)
		*value = initial;
}

static int64_t
at_most(int64_t value, int64_t most)
{
	return value < most ? value : most;
}

/* Which power the limit is a part of; 0 if that is not known. */
static int64_t
rated_power(struct hm_limit *limit)
{
	bool exact;
	int64_t rated = hm_limit_inverters_rated(&limit->inverters, &exact);

	if (limit->options.rated != HM_LIMIT_UNSET)
		return limit->options.rated;
	if (rated == 0 || (limit->options.percent && !exact)) {
		if (!limit->said_rated && limit->law.measured)
			hm_log(HM_WARNING, "no orders: the rated power of the "
			    "inverters is not known: set limit_rated");
		limit->said_rated = limit->said_rated || limit->law.measured;
		return 0;
	}
	return rated;
}

static void
make_rules(struct hm_limit *limit)
{
	struct hm_limit_rules *rules = &limit->options.rules;
	int64_t rated = rated_power(limit);
	int64_t least = hm_limit_inverters_least(&limit->inverters);

	if (rated == 0)
		return;
	limit->has_rules = true;
	default_to(&rules->ceiling, rated);
	rules->ceiling = at_most(rules->ceiling, rated);
	default_to(&rules->floor, (rated * least + 99) / 100);
	rules->floor = at_most(rules->floor, rules->ceiling);
	default_to(&rules->safe, rules->floor);
	rules->safe = at_most(rules->safe, rules->ceiling);
	rules->rated = limit->options.percent ? rated : 0;
	hm_log(HM_INFO, "limits from %" PRId64 " to %" PRId64 " W",
	    rules->floor, rules->ceiling);
}

/* Orders */

static const char *const reasons[] = {
    [HM_LIMIT_START] = "start",
    [HM_LIMIT_LOWER] = "lower",
    [HM_LIMIT_RAISE] = "raise",
    [HM_LIMIT_CLOUD] = "cloud",
    [HM_LIMIT_REPEAT] = "repeat",
    [HM_LIMIT_SILENT] = "silent",
};

/* The same for a DTU and a second: a replayed order is no second one. */
static void
make_id(struct hm_limit *limit, int64_t seconds)
{
	uint32_t hash = UINT32_C(2166136261);

	for (const char *p = limit->inverters.dtu; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * UINT32_C(16777619);
	snprintf(limit->id, sizeof limit->id, "limit-%" PRId64 "-%08" PRIx32,
	    seconds, hash);
}

static void
write_order(struct hm_limit *limit, const struct hm_limit_order *order)
{
	const struct hm_limit_rules *rules = &limit->options.rules;
	int64_t seconds = (limit->now - limit->ahead) / 1000;
	char buf[LINE_MAX_SIZE], time[HM_RFC3339_SIZE];
	struct hm_slice line;
	struct hm_json e;

	make_id(limit, seconds);
	hm_json_start(&e, buf, sizeof buf);
	hm_json_record(&e, "command", hm_rfc3339_format(seconds, time));
	hm_json_text(&e, "id", limit->id);
	if (limit->inverters.dtu[0] != '\0')
		hm_json_text(&e, "dtu", limit->inverters.dtu);
	hm_json_text(&e, "action", "limit_temporary");
	if (rules->rated > 0)
		hm_json_int(&e, "percent", (order->watts *
		    100 + rules->rated - 1) / rules->rated);
	else
		hm_json_int(&e, "watts", order->watts);
	hm_json_text(&e, "from", "hm-limit");
	hm_json_object_end(&e);
	if (hm_json_done(&e, &line))
		limit->options.output(limit->options.context, line,
		    reasons[order->reason]);
}

static void
note_silence(struct hm_limit *limit, const struct hm_limit_order *order)
{
	if (order->reason != HM_LIMIT_SILENT || limit->said_silent)
		return;
	limit->said_silent = true;
	limit->counters.silences++;
	hm_log(HM_WARNING, "the meter is silent: the limit is %" PRId64 " W",
	    order->watts);
}

static void
decide(struct hm_limit *limit)
{
	struct hm_limit_order order;

	if (!limit->has_rules)
		make_rules(limit);
	if (!limit->has_rules || limit->confused ||
	    !hm_limit_decide(&limit->law, &limit->options.rules, limit->now,
	    &order))
		return;
	limit->counters.orders++;
	limit->counters.watts = (uint64_t)order.watts;
	note_silence(limit, &order);
	write_order(limit, &order);
}

/* Time */

static void
set_time(struct hm_limit *limit, const struct hm_record *record,
    int64_t clock)
{
	struct hm_slice text;
	int64_t seconds = clock, now;

	if (hm_record_string(record, "time", &text) &&
	    !hm_rfc3339_parse(text, &seconds))
		seconds = clock;
	now = seconds * 1000 + limit->ahead;
	if (!limit->has_record) {
		limit->law = (struct hm_limit_law){.started = false};
		limit->now = now;
	} else if (now < limit->now - STEP_MS) {
		limit->ahead += limit->now - now;
		now = limit->now;
	}
	limit->has_record = true;
	if (now > limit->now)
		limit->now = now;
	limit->last = limit->now;
	hm_limit_begin(&limit->law, limit->now);
}

void
hm_limit_start(struct hm_limit *limit, int64_t clock)
{
	limit->now = limit->last = clock * 1000;
	hm_limit_begin(&limit->law, limit->now);
	make_rules(limit);
}

void
hm_limit_idle(struct hm_limit *limit, int64_t ms)
{
	if (limit->last + ms > limit->now)
		limit->now = limit->last + ms;
	decide(limit);
}

int
hm_limit_wait_ms(const struct hm_limit *limit)
{
	int64_t ms;

	if (!limit->has_rules)
		return -1;
	ms = hm_limit_wait(&limit->law, &limit->options.rules, limit->now);
	return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

/* Records */

/* Which of two is meant is not guessed. */
static void
refuse(struct hm_limit *limit, const char *what, const char *setting)
{
	if (!limit->confused)
		hm_log(HM_ERROR, "no orders: there are records of several %s: "
		    "set %s", what, setting);
	limit->confused = true;
}

static const char *
on_meter(struct hm_limit *limit, struct hm_slice type,
    const struct hm_record *record)
{
	bool known;
	int64_t watts;
	const char *why = hm_limit_meter_read(&limit->meter, type, record,
	    limit->now, &known, &watts);

	if (limit->meter.several)
		refuse(limit, "meters", "limit_meter");
	if (why != NULL || !known)
		return why;
	limit->counters.meter_readings++;
	if (limit->said_silent)
		hm_log(HM_WARNING, "the meter is back");
	limit->said_silent = false;
	hm_limit_meter(&limit->law, &limit->options.rules, limit->now, watts);
	return NULL;
}

static const char *
on_dtu(struct hm_limit *limit, const struct hm_record *record)
{
	int64_t watts;

	if (!hm_limit_inverters_power(&limit->inverters, record, &watts))
		return NULL;
	hm_limit_reach(&limit->law, true);
	hm_limit_power(&limit->law, &limit->options.rules, limit->now, watts);
	return NULL;
}

static const char *
on_status(struct hm_limit *limit, const struct hm_record *record)
{
	bool online;
	const char *why = hm_status_online(record, &online);

	if (why == NULL)
		hm_limit_reach(&limit->law, online);
	return why;
}

static const char *
on_result(struct hm_limit *limit, const struct hm_record *record)
{
	struct hm_slice id, state;
	char text[200];

	if (!hm_record_string(record, "id", &id) ||
	    !hm_slice_is(id, limit->id) ||
	    !hm_record_string(record, "state", &state))
		return NULL;
	if (!hm_slice_is(state, "refused") && !hm_slice_is(state, "failed"))
		return NULL;
	limit->counters.failed++;
	hm_limit_failed(&limit->law);
	hm_record_text(record, "text", text, sizeof text);
	hm_log(limit->said_refused ? HM_INFO : HM_WARNING,
	    "an order was not carried out: %s", text);
	limit->said_refused = true;
	return NULL;
}

static const char *
on_own(struct hm_limit *limit, struct hm_slice type,
    const struct hm_record *record)
{
	if (!hm_limit_inverters_own(&limit->inverters, record)) {
		if (limit->options.dtu == NULL)
			refuse(limit, "DTUs", "limit_dtu");
		return NULL;
	}
	if (hm_slice_is(type, "dtu"))
		return on_dtu(limit, record);
	if (hm_slice_is(type, "status"))
		return on_status(limit, record);
	return hm_limit_inverters_read(&limit->inverters, record);
}

bool
hm_limit_takes(struct hm_slice type)
{
	static const char *const types[] = {"dtu", "info", "inverter",
	    "message", "meter", "result", "status"};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (hm_slice_is(type, types[i]))
			return true;
	return false;
}

static bool
is_of_inverter(const struct hm_record *record)
{
	struct hm_slice kind;

	return hm_record_string(record, "kind", &kind) &&
	    hm_slice_is(kind, "inverter");
}

const char *
hm_limit_record(struct hm_limit *limit, struct hm_slice type,
    const struct hm_record *record, int64_t clock)
{
	const char *why = NULL;

	set_time(limit, record, clock);
	if (hm_slice_is(type, "result"))
		why = on_result(limit, record);
	else if (hm_slice_is(type, "meter") || hm_slice_is(type, "message"))
		why = hm_limit_meter_takes(&limit->meter, type) ?
		    on_meter(limit, type, record) : NULL;
	else if (!hm_slice_is(type, "info") || is_of_inverter(record))
		why = on_own(limit, type, record);
	decide(limit);
	return why;
}
