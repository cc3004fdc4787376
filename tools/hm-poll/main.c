/* hm-poll: read DTUs; frame and status records to stdout. */

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/exits.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "config/config.h"
#include "config/dtu_list.h"
#include "config/quiet_hours.h"
#include "control.h"
#include "dtu_lock.h"
#include "fleet.h"
#include "paced_queue.h"
#include "poll_record.h"
#include "poll_settings.h"
#include "resolve.h"
#include "stream/stop.h"
#include "stream/stream.h"
#include "stream/stream_ev.h"
#include "stream/tool.h"
#include "wire/dtu_uri.h"

#define FINISH_SECONDS 2 /* for current polls, after a signal */

static bool
is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool
check_lock_dir(const struct hm_config *config)
{
	const char *dir = hm_config_text(config, HM_SET_LOCK_DIR);

	if (dir == NULL || is_directory(dir))
		return true;
	return hm_config_refuse(config, HM_SET_LOCK_DIR, "are directories");
}

static int
check(const struct hm_config *config)
{
	struct hm_dtus dtus;
	int status = hm_dtus_collect(&dtus, config);
	bool good = check_lock_dir(config);

	good = hm_quiet_hours_check(config) && good;
	good = hm_config_use_zone(config) && good;
	good = hm_control_check(config) && good;
	hm_dtus_free(&dtus);
	if (status != 0)
		return status;
	return good ? 0 : HM_EXIT_CONFIG;
}

struct work {
	const struct hm_config *config;
	struct hm_dtus dtus;
	struct hm_arena arena;
	struct hm_stream_ev events;
	struct hm_resolver *resolver;
	struct hm_paced_queue floods;
	struct hm_fleet *fleet;
	struct hm_control *control; /* NULL: it is not enabled */
	struct hm_quiet_hours night;
	ev_timer hurry;
	bool finishes; /* the first signal lets current polls end */
	char line[HM_LINE_MAX];
};

/* Records */

static void
emit(struct work *work, const struct hm_json *e)
{
	struct hm_slice line;

	if (hm_json_done(e, &line))
		hm_stream_emit(work->events.stream, line);
	else
		hm_log(HM_ERROR, "a record is longer than a line can be");
	hm_stream_ev_flush(&work->events);
}

static bool
room(void *context)
{
	const struct work *work = context;

	return hm_stream_room(work->events.stream) > HM_LINE_MAX;
}

static void
on_frame(void *context, const struct hm_dtu *dtu,
    const struct hm_dialog *dialog, int64_t took_ms)
{
	struct work *work = context;
	struct hm_json e;

	hm_json_start(&e, work->line, sizeof work->line);
	hm_json_frame(&e, hm_clock_now(), dtu, dialog, took_ms);
	emit(work, &e);
}

static void
on_status(void *context, const struct hm_dtu *dtu,
    const struct hm_status *status)
{
	struct work *work = context;
	struct hm_json e;

	hm_json_start(&e, work->line, sizeof work->line);
	hm_json_status(&e, hm_clock_now(), dtu, status);
	emit(work, &e);
}

/* Commands */

static bool
on_order_sends(void *context, const struct hm_dtu *dtu)
{
	struct work *work = context;

	return hm_control_sends(work->control, dtu);
}

static void
on_order_state(void *context, const struct hm_dtu *dtu,
    enum hm_result_state state)
{
	struct work *work = context;

	hm_control_state(work->control, dtu, state);
}

static void
on_order_ended(void *context, const struct hm_dtu *dtu,
    const struct hm_result *result, bool sent)
{
	struct work *work = context;

	hm_control_ended(work->control, dtu, result, sent);
}

static void
on_idle(void *context, const struct hm_dtu *dtu)
{
	struct work *work = context;

	if (work->control != NULL)
		hm_control_idle(work->control, dtu);
}

static void
on_line(void *context, struct hm_slice line)
{
	struct work *work = context;

	hm_control_line(work->control, line);
}

static void
on_input_ended(void *context)
{
	struct work *work = context;

	hm_control_input_ended(work->control);
}

/* A single poll shows what the commands have changed. */
static void
on_all_ended(void *context)
{
	struct work *work = context;

	if (hm_config_flag(work->config, HM_SET_ONCE))
		hm_fleet_release(work->fleet);
}

static void
on_ended(void *context)
{
	struct work *work = context;

	ev_break(work->events.loop, EVBREAK_ALL);
}

/* Signals */

static void
on_hurry(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

/* Let current polls end, so that their replies are not lost. */
static void
on_stop(void *context)
{
	struct work *work = context;
	bool finishes = work->finishes;

	work->finishes = false;
	if (finishes && hm_fleet_finish(work->fleet) > 0)
		ev_timer_start(work->events.loop, &work->hurry);
	else
		ev_break(work->events.loop, EVBREAK_ALL);
}

static bool
reads_commands(const struct hm_config *config)
{
	return hm_config_flag(config, HM_SET_CONTROL_ENABLED);
}

static void
register_counters(struct work *work)
{
	const struct hm_fleet_counts *counts = hm_fleet_counts(work->fleet);
	const struct {
		const char *name;
		const uint64_t *value;
	} table[] = {
	    {"polls", &counts->polls},
	    {"failed_polls", &counts->failed_polls},
	    {"retries", &counts->retries},
	    {"stale_polls", &counts->stale_polls},
	    {"partial_polls", &counts->partial_polls},
	    {"skipped_polls", &counts->skipped_polls},
	    {"open_polls", &counts->open_polls},
	    {"quiet_polls", &counts->quiet_polls},
	    {"locked_polls", &counts->locked_polls},
	    {"max_late_ms", &counts->max_late_ms},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		hm_stream_counter(work->events.stream, table[i].name,
		    table[i].value);
	if (reads_commands(work->config))
		hm_stream_counter(work->events.stream, "orders",
		    &counts->orders);
}

/* Setting up */

/* Each DTU needs a socket and a lock. */
static void
raise_descriptor_limit(size_t dtus)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur < 2 * dtus + 32)
		hm_log(HM_WARNING, "%zu DTUs may need more than the %llu open "
		    "files that the system allows; see ulimit -n", dtus,
		    (unsigned long long)limit.rlim_cur);
}

static struct hm_fleet_options
fleet_options(struct work *work)
{
	struct hm_fleet_options options = {
	    .poller = {
	        .loop = work->events.loop,
	        .resolver = work->resolver,
	        .floods = &work->floods,
	        .dialog = {.arena = &work->arena},
	    },
	    .context = work,
	    .room = room,
	    .frame = on_frame,
	    .status = on_status,
	    .ended = on_ended,
	    .order_sends = on_order_sends,
	    .order_state = on_order_state,
	    .order_ended = on_order_ended,
	    .idle = on_idle,
	};

	hm_poll_settings(work->config, &options, &work->night);
	return options;
}

static void
log_dtus(const struct hm_dtus *dtus)
{
	for (size_t i = 0; i < dtus->count; i++) {
		const struct hm_dtu *dtu = &dtus->dtu[i];
		const char *scheme = hm_transport_name(dtu->transport);

		hm_log_facts(HM_INFO, HM_FACTS(hm_fact("dtu", dtu->name),
		    hm_fact("transport", scheme),
		    hm_fact_slice("host", hm_text(dtu->host)),
		    hm_fact_int("port", dtu->port)),
		    "DTU %s: %s, %s, port %u", dtu->name, scheme, dtu->host,
		    dtu->port);
	}
}

static int
open_all(void *context, const struct hm_config *config)
{
	struct work *work = context;
	int status = hm_dtus_collect(&work->dtus, config);

	if (status != 0)
		return status;
	log_dtus(&work->dtus);
	work->config = config;
	work->finishes = hm_config_has(config, HM_SET_DURABLE);
	hm_poll_settings_warn(&work->dtus, config);
	work->events.loop = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOSIGMASK);
	if (work->events.loop != NULL &&
	    hm_arena_init(&work->arena, HM_ARENA_SIZE))
		return HM_TOOL_GO_ON;
	hm_log_errno(HM_ERROR, "cannot make an event loop");
	return HM_EXIT_OS;
}

static bool
open_fleet(struct work *work)
{
	struct hm_fleet_options options;

	hm_paced_queue_init(&work->floods, work->events.loop);
	work->resolver = hm_resolver_new(work->events.loop);
	options = fleet_options(work);
	if (work->resolver != NULL)
		work->fleet = hm_fleet_new(&work->dtus, &options);
	if (work->fleet == NULL)
		hm_log_errno(HM_ERROR, "no memory for %zu DTUs",
		    work->dtus.count);
	return work->fleet != NULL;
}

static bool
open_control(struct work *work)
{
	const struct hm_control_options options = {
	    .config = work->config,
	    .dtus = &work->dtus,
	    .loop = work->events.loop,
	    .stream = work->events.stream,
	    .fleet = work->fleet,
	    .all_ended = on_all_ended,
	    .context = work,
	};

	if (!hm_config_flag(work->config, HM_SET_CONTROL_ENABLED))
		return true;
	work->control = hm_control_new(&options);
	if (work->control == NULL)
		hm_log_errno(HM_ERROR, "no memory for commands");
	return work->control != NULL;
}

static int
start(void *context, struct hm_stream *stream)
{
	struct work *work = context;

	raise_descriptor_limit(work->dtus.count);
	work->events.stream = stream;
	work->events.stop = on_stop;
	work->events.line = on_line;
	work->events.input_ended = on_input_ended;
	work->events.context = work;
	hm_stream_ev_start(&work->events);
	ev_timer_init(&work->hurry, on_hurry, FINISH_SECONDS, 0);
	if (!open_fleet(work) || !open_control(work))
		return HM_EXIT_OS;
	register_counters(work);
	return HM_TOOL_GO_ON;
}

/* Poll until the stream or the polls come to an end. */
static void
poll_all(void *context)
{
	struct work *work = context;

	hm_stream_ready(work->events.stream);
	ev_run(work->events.loop, 0);
}

/*
 * Whether a successor finds the commands that are left in its pipe. The holder
 * of a chain that stops may end a moment later than this tool gets its signal.
 */
static bool
is_followed(struct hm_stream *stream)
{
	int64_t end = hm_monotonic_ms() + HM_STOP_NOTICE_MS;

	while (hm_stream_has_successor(stream)) {
		if (hm_monotonic_ms() >= end || hm_stream_stops(stream) > 1)
			return true;
		hm_stream_wait(stream, 20);
	}
	return false;
}

/*
 * Commands that nobody reads after this hm-poll are refused. No order may go on
 * meanwhile: this can take as long as other tools still send commands.
 */
static void
refuse_rest(struct work *work)
{
	struct hm_stream *stream = work->events.stream;
	struct hm_slice line;

	hm_fleet_cut(work->fleet);
	if (hm_stream_stops(stream) == 0 || is_followed(stream))
		return;
	while (hm_stream_next(stream, &line))
		hm_control_line(work->control, line);
	hm_control_finish(work->control);
}

static int
finish_control(struct work *work)
{
	bool has_reader;

	hm_control_finish(work->control);
	refuse_rest(work);
	/* Without a reader nothing is pending: it was dropped. */
	has_reader = hm_stream_flush(work->events.stream);
	hm_stream_end(work->events.stream);
	if (has_reader && hm_stream_pending(work->events.stream) == 0)
		hm_control_delivered(work->control);
	return hm_config_flag(work->config, HM_SET_ONCE) ?
	    hm_control_status(work->control) : HM_EXIT_OK;
}

static int
finish(void *context)
{
	struct work *work = context;
	int status = work->control != NULL ? finish_control(work) :
	    HM_EXIT_OK;

	if (status != HM_EXIT_OK)
		return status;
	return hm_fleet_failed(work->fleet) ? HM_EXIT_UNAVAILABLE :
	    HM_EXIT_OK;
}

static bool
free_all(void *context)
{
	struct work *work = context;

	hm_control_free(work->control);
	hm_fleet_free(work->fleet);
	/* A lookup that is still under way uses the loop. */
	if (hm_resolver_free(work->resolver) && work->events.loop != NULL)
		ev_loop_destroy(work->events.loop);
	hm_arena_free(&work->arena);
	hm_dtus_free(&work->dtus);
	return true;
}

int
main(int argc, char *argv[])
{
	static const struct hm_tool_ops ops = {
	    .check = check,
	    .open = open_all,
	    .start = start,
	    .run = poll_all,
	    .reads = reads_commands,
	    .finish = finish,
	    .free = free_all,
	};
	static struct work work;

	return hm_tool_main(HM_TOOL_POLL, &ops, &work, argc, argv);
}
