/* hm-limit: order the limit that keeps the grid exchange at a target. */

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "config/config.h"
#include "config/settings.h"
#include "limit.h"
#include "limit_meter.h"
#include "stream/stream.h"
#include "stream/tool.h"

struct work {
	struct hm_stream *stream;
	struct hm_limit *limit;
	struct hm_record record;
	bool dry_run;
	int64_t waits_since; /* -1: not waiting for input */
	int64_t idle_ms;     /* time waited for input since the last line */
};

/* Settings */

static bool
check_topics(const struct hm_config *config)
{
	const char *rest = hm_config_text(config, HM_SET_LIMIT_METER_TOPIC);
	struct hm_slice word;
	size_t count = 0;

	while (rest != NULL && hm_config_word(&rest, &word))
		count++;
	return count <= HM_LIMIT_TOPICS_MAX || hm_config_refuse(config,
	    HM_SET_LIMIT_METER_TOPIC, "are up to 8 topics");
}

static bool
check_paths(const struct hm_config *config)
{
	const char *rest = hm_config_text(config, HM_SET_LIMIT_METER_PATH);
	struct hm_slice word;
	bool good = true;

	while (rest != NULL && hm_config_word(&rest, &word))
		if (!hm_limit_path_is_good(word))
			good = hm_config_refuse_word(config,
			    HM_SET_LIMIT_METER_PATH, word,
			    "are paths such as ENERGY.Power and "
			    "emeters[0].power");
	return good;
}

/* Whether the first of two settings is at most the second. */
static bool
check_order(const struct hm_config *config, enum hm_setting_id lower,
    enum hm_setting_id upper)
{
	char allowed[80];

	if (!hm_config_has(config, lower) || !hm_config_has(config, upper) ||
	    hm_config_int(config, lower) <= hm_config_int(config, upper))
		return true;
	snprintf(allowed, sizeof allowed, "is at most %s: %" PRId64,
	    hm_settings[upper].key, hm_config_int(config, upper));
	return hm_config_refuse(config, lower, allowed);
}

static bool
check_path_is_used(const struct hm_config *config)
{
	return !hm_config_given(config, HM_SET_LIMIT_METER_PATH) ||
	    hm_config_has(config, HM_SET_LIMIT_METER_TOPIC) ||
	    hm_config_refuse(config, HM_SET_LIMIT_METER_PATH,
	    "only with limit_meter_topic");
}

static int
check(const struct hm_config *config)
{
	bool good = check_topics(config);

	good = check_paths(config) && good;
	good = check_path_is_used(config) && good;
	good = check_order(config, HM_SET_LIMIT_FLOOR, HM_SET_LIMIT_CEILING) &&
	    good;
	good = check_order(config, HM_SET_LIMIT_SAFE, HM_SET_LIMIT_CEILING) &&
	    good;
	good = check_order(config, HM_SET_LIMIT_FLOOR, HM_SET_LIMIT_SAFE) &&
	    good;
	return good ? HM_EXIT_OK : HM_EXIT_CONFIG;
}

/* Records */

static void
on_order(void *context, struct hm_slice line, const char *reason)
{
	struct work *work = context;

	if (!work->dry_run)
		hm_stream_emit(work->stream, line);
	hm_log(work->dry_run ? HM_WARNING : HM_INFO, "%s (%s): %.*s",
	    work->dry_run ? "would order" : "order", reason, (int)line.n,
	    line.p);
}

static void
on_line(void *context, struct hm_slice line)
{
	struct work *work = context;
	struct hm_slice type;
	const char *why;

	if (!hm_stream_pass(work->stream, line, hm_limit_takes, &work->record,
	    &type))
		return;
	work->idle_ms = 0;
	why = hm_limit_record(work->limit, type, &work->record,
	    hm_clock_now());
	if (why != NULL)
		hm_stream_bad(work->stream, "no reading: %s", why);
}

/*
 * Silence. Only waits for input count: while the reader of stdout stalls, there
 * may be records that have not been read.
 */

static int
before_wait(void *context, struct pollfd *fd)
{
	struct work *work = context;

	fd->fd = -1;
	work->waits_since = hm_stream_pending(work->stream) == 0 ?
	    hm_monotonic_ms() : -1;
	return hm_limit_wait_ms(work->limit);
}

static void
after_wait(void *context, short revents)
{
	struct work *work = context;

	(void)revents;
	if (work->waits_since < 0)
		return;
	work->idle_ms += hm_monotonic_ms() - work->waits_since;
	hm_limit_idle(work->limit, work->idle_ms);
}

static int
start(void *context, struct hm_stream *stream)
{
	struct work *work = context;
	const struct hm_stream_side side = {.context = work,
	    .prepare = before_wait, .ready = after_wait};
	const struct hm_limit_counters *counters =
	    hm_limit_counters(work->limit);

	work->stream = stream;
	hm_stream_counter(stream, "orders", &counters->orders);
	hm_stream_counter(stream, "meter_readings",
	    &counters->meter_readings);
	hm_stream_counter(stream, "failed_orders",
	    &counters->failed);
	hm_stream_counter(stream, "silences", &counters->silences);
	hm_stream_counter(stream, "limit", &counters->watts);
	hm_stream_side(stream, &side);
	hm_limit_start(work->limit, hm_clock_now());
	return HM_TOOL_GO_ON;
}

/* Setting up */

static int64_t
watts_or_unset(const struct hm_config *config, enum hm_setting_id id)
{
	return hm_config_has(config, id) ? hm_config_int(config, id) :
	    HM_LIMIT_UNSET;
}

static int
open_limit(void *context, const struct hm_config *config)
{
	struct work *work = context;
	int64_t silence_ms = hm_config_ms(config, HM_SET_LIMIT_SILENCE);

	work->dry_run = hm_config_flag(config, HM_SET_DRY_RUN);
	work->limit = hm_limit_new(&(struct hm_limit_options){
	    .meter = {
	        .topics = hm_config_text(config, HM_SET_LIMIT_METER_TOPIC),
	        .paths = hm_config_text(config, HM_SET_LIMIT_METER_PATH),
	        .serial = hm_config_text(config, HM_SET_LIMIT_METER),
	        .reversed = hm_config_flag(config,
	            HM_SET_LIMIT_METER_REVERSED),
	        .silence_ms = silence_ms,
	    },
	    .dtu = hm_config_text(config, HM_SET_LIMIT_DTU),
	    .rules = {
	        .target = hm_config_int(config, HM_SET_LIMIT_TARGET),
	        .hysteresis = hm_config_int(config, HM_SET_LIMIT_HYSTERESIS),
	        .step = hm_config_int(config, HM_SET_LIMIT_STEP),
	        .floor = watts_or_unset(config, HM_SET_LIMIT_FLOOR),
	        .ceiling = watts_or_unset(config, HM_SET_LIMIT_CEILING),
	        .safe = watts_or_unset(config, HM_SET_LIMIT_SAFE),
	        .interval_ms = hm_config_ms(config, HM_SET_LIMIT_INTERVAL),
	        .repeat_ms = hm_config_ms(config, HM_SET_LIMIT_REPEAT),
	        .silence_ms = silence_ms,
	    },
	    .rated = watts_or_unset(config, HM_SET_LIMIT_RATED),
	    .percent = hm_slice_is(hm_text(hm_config_text(config,
	        HM_SET_LIMIT_UNIT)), "percent"),
	    .output = on_order,
	    .context = work,
	});
	if (work->limit != NULL)
		return HM_TOOL_GO_ON;
	hm_log_errno(HM_ERROR, "no memory");
	return HM_EXIT_OS;
}

static bool
free_limit(void *context)
{
	struct work *work = context;

	hm_limit_free(work->limit);
	return true;
}

int
main(int argc, char *argv[])
{
	static const struct hm_tool_ops ops = {
	    .check = check,
	    .open = open_limit,
	    .start = start,
	    .wants_readings = true,
	    .line = on_line,
	    .free = free_limit,
	};
	static struct work work;

	return hm_tool_main(HM_TOOL_LIMIT, &ops, &work, argc, argv);
}
