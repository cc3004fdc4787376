/* hm-alert: add alarms that no device sends; pass every line. */

#include "alert.h"
#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "config/config.h"
#include "config/quiet_hours.h"
#include "db/db.h"
#include "record/freshness.h"
#include "stream/stream.h"
#include "stream/tool.h"

static int
check(const struct hm_config *config)
{
	bool good = hm_quiet_hours_check(config);

	good = hm_config_use_zone(config) && good;
	return good ? HM_EXIT_OK : HM_EXIT_CONFIG;
}

struct work {
	struct hm_stream *stream;
	struct hm_alert *alert; /* NULL: lines only pass */
	struct hm_quiet_hours night;
	struct hm_record record;
	int64_t waits_since; /* -1: not waiting for input */
	int64_t idle_ms;     /* time waited for input since the last line */
};

/* Records */

static void
on_alarm(void *context, struct hm_slice line)
{
	struct work *work = context;

	hm_stream_emit(work->stream, line);
}

static void
on_line(void *context, struct hm_slice line)
{
	struct work *work = context;
	struct hm_slice type;
	struct hm_moment now;
	const char *why;

	if (!hm_stream_pass(work->stream, line, work->alert != NULL ?
	    hm_alert_takes : NULL, &work->record, &type))
		return;
	work->idle_ms = 0;
	now = hm_moment_since_boot();
	hm_alert_clock(work->alert, &now);
	why = hm_alert_record(work->alert, type, &work->record);
	if (why != NULL)
		hm_stream_bad(work->stream, "no alerts: %s", why);
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
	return hm_alert_wait_ms(work->alert);
}

static void
after_wait(void *context, short revents)
{
	const struct hm_moment now = hm_moment_since_boot();
	struct work *work = context;

	(void)revents;
	if (work->waits_since < 0)
		return;
	work->idle_ms += hm_monotonic_ms() - work->waits_since;
	hm_alert_clock(work->alert, &now);
	hm_alert_idle(work->alert, work->idle_ms);
}

static int
start(void *context, struct hm_stream *stream)
{
	struct work *work = context;
	const struct hm_stream_side side = {.context = work,
	    .prepare = before_wait, .ready = after_wait};
	const struct hm_alert_counters *counters;

	work->stream = stream;
	if (work->alert == NULL)
		return HM_TOOL_GO_ON;
	counters = hm_alert_counters(work->alert);
	hm_stream_counter(stream, "alarms", &counters->alarms);
	hm_stream_counter(stream, "active", &counters->active);
	hm_stream_counter(stream, "refused", &counters->refused);
	hm_stream_side(stream, &side);
	return HM_TOOL_GO_ON;
}

/* Setting up */

static int
open_alert(void *context, const struct hm_config *config)
{
	struct work *work = context;

	hm_db_lean();
	if (!hm_config_flag(config, HM_SET_ALERTS_ENABLED))
		return HM_TOOL_GO_ON;
	work->alert = hm_alert_new(&(struct hm_alert_options){
	    .offline = hm_config_ms(config, HM_SET_DTU_OFFLINE_THRESHOLD) /
	        1000,
	    .fresh_ms = hm_fresh_ms(hm_config_ms(config,
	        HM_SET_QUERY_PERIOD)),
	    .temperature = hm_config_int(config,
	        HM_SET_TEMPERATURE_THRESHOLD),
	    .drop = hm_config_int(config, HM_SET_PRODUCTION_DROP_THRESHOLD),
	    .night = hm_quiet_hours_read(config, &work->night),
	    .database = hm_config_database(config),
	    .output = on_alarm,
	    .context = work,
	});
	if (work->alert != NULL)
		return HM_TOOL_GO_ON;
	hm_log_errno(HM_ERROR, "no memory");
	return HM_EXIT_OS;
}

static bool
free_alert(void *context)
{
	struct work *work = context;

	hm_alert_free(work->alert);
	return true;
}

int
main(int argc, char *argv[])
{
	static const struct hm_tool_ops ops = {
	    .check = check,
	    .open = open_alert,
	    .start = start,
	    .wants_readings = true,
	    .line = on_line,
	    .free = free_alert,
	};
	static struct work work;

	return hm_tool_main(HM_TOOL_ALERT, &ops, &work, argc, argv);
}
