/* hm-alert: alarms about what no device tells; every line goes on. */

#include "alert.h"
#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "config/config.h"
#include "config/quiet_hours.h"
#include "stream/restart.h"
#include "stream/stream.h"

static int
check(const struct hm_config *config)
{
	bool good = hm_quiet_hours_check(config);

	good = hm_config_use_zone(config) && good;
	return good ? HM_EXIT_OK : HM_EXIT_CONFIG;
}

static const struct hm_tool tool = {
    .name = "hm-alert",
    .bit = HM_ALERT,
    .summary = "Add alarms about offline DTUs, heat and lost production.",
    .check = check,
};

struct work {
	struct hm_stream *stream;
	struct hm_alert *alert; /* NULL: lines only pass */
	struct hm_quiet_hours night;
	struct hm_record record;
	int64_t waits_since; /* -1: for something else than port */
	int64_t idle_ms;     /* waited for port since the last line */
};

/* Records */

static void
on_alarm(void *context, struct hm_slice line)
{
	struct work *work = context;

	hm_stream_emit(work->stream, line);
}

static bool
takes_none(struct hm_slice type)
{
	(void)type;
	return false;
}

static void
on_line(struct work *work, struct hm_slice line)
{
	struct hm_slice type;
	const char *why;

	if (!hm_stream_pass(work->stream, line, work->alert != NULL ?
	    hm_alert_takes : takes_none, &work->record, &type))
		return;
	work->idle_ms = 0;
	why = hm_alert_record(work->alert, type, &work->record);
	if (why != NULL)
		hm_stream_bad(work->stream, "no alerts: %s", why);
}

/*
 * Silence. Only waits for port count: while a reader stalls, records that
 * say how it really was are still to be read.
 */

static int
before_wait(void *context, struct pollfd *fd)
{
	struct work *work = context;

	fd->fd = -1;
	work->waits_since = hm_stream_pending(work->stream) == 0 ?
	    hm_monotonic_ms() : -1;
	return hm_alert_patience(work->alert);
}

static void
after_wait(void *context, short revents)
{
	struct work *work = context;

	(void)revents;
	if (work->waits_since < 0)
		return;
	work->idle_ms += hm_monotonic_ms() - work->waits_since;
	hm_alert_idle(work->alert, work->idle_ms);
}

static bool
drained(void *context)
{
	(void)context;
	return true;
}

static int
run(struct work *work)
{
	const struct hm_stream_side side = {.context = work,
	    .prepare = before_wait, .ready = after_wait, .drained = drained};
	struct hm_slice line;

	if (work->alert != NULL) {
		const struct hm_alert_counters *counters =
		    hm_alert_counters(work->alert);

		hm_stream_counter(work->stream, "alarms", &counters->alarms);
		hm_stream_counter(work->stream, "active", &counters->active);
		hm_stream_counter(work->stream, "refused",
		    &counters->refused);
		hm_stream_side(work->stream, &side);
	}
	while (hm_stream_next(work->stream, &line)) {
		on_line(work, line);
		hm_stream_commit(work->stream);
	}
	return hm_stream_close(work->stream, HM_EXIT_OK);
}

/* Setting up */

static bool
open_alert(struct work *work, const struct hm_config *config)
{
	if (!hm_config_flag(config, HM_SET_ALERTS_ENABLED))
		return true;
	work->alert = hm_alert_new(&(struct hm_alert_options){
	    .offline = hm_config_ms(config, HM_SET_DTU_OFFLINE_THRESHOLD) /
	        1000,
	    .temperature = hm_config_int(config,
	        HM_SET_TEMPERATURE_THRESHOLD),
	    .drop = hm_config_int(config, HM_SET_PRODUCTION_DROP_THRESHOLD),
	    .night = hm_quiet_hours_read(config, &work->night),
	    .output = on_alarm,
	    .context = work,
	});
	if (work->alert == NULL)
		hm_log_errno(HM_ERROR, "no memory");
	return work->alert != NULL;
}

int
main(int argc, char *argv[])
{
	static struct work work;
	struct hm_stream_options options;
	struct hm_config *config;
	int status = HM_EXIT_OS;

	hm_stream_guard_descriptors();
	config = hm_config_load(&tool, argc, argv, &status);
	if (config == NULL)
		return status;
	hm_config_stream(config, &options);
	if (open_alert(&work, config))
		work.stream = hm_stream_open(&options);
	status = work.stream != NULL ? run(&work) : HM_EXIT_OS;
	hm_alert_free(work.alert);
	hm_config_free(config);
	return hm_restart(status);
}
