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
#include "dtu_lock.h"
#include "fleet.h"
#include "poll_record.h"
#include "resolve.h"
#include "stream/restart.h"
#include "stream/stream.h"

#define HM_PERIOD_MIN_MS 35000 /* faster starves the vendor's cloud upload */
#define FINISH_SECONDS 2 /* for polls that are under way, after a signal */

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
	hm_dtus_free(&dtus);
	if (status != 0)
		return status;
	return good ? 0 : HM_EXIT_CONFIG;
}

static const struct hm_tool tool = {
    .name = "hm-poll",
    .bit = HM_POLL,
    .operands = "[URI ...]",
    .summary = "Read DTUs at modbus://HOST[:PORT][/UNIT][#NAME] or\n"
        "hm://HOST[:PORT][#NAME] and write what they answer.",
    .check = check,
};

struct work {
	struct ev_loop *loop;
	struct hm_stream *stream;
	struct hm_fleet *fleet;
	struct hm_quiet_hours night;
	ev_io signals, writable;
	ev_timer stats, hurry;
	bool finishes; /* a signal lets the polls that are under way end */
	unsigned stops; /* signals that were acted on */
	char line[HM_LINE_MAX];
};

/* Records */

static void
write_out(struct work *work)
{
	if (!hm_stream_flush(work->stream))
		ev_break(work->loop, EVBREAK_ALL);
	else if (hm_stream_pending(work->stream) > 0)
		ev_io_start(work->loop, &work->writable);
	else
		ev_io_stop(work->loop, &work->writable);
}

static void
emit(struct work *work, const struct hm_json *e)
{
	struct hm_slice line;

	if (hm_json_done(e, &line))
		hm_stream_emit(work->stream, line);
	else
		hm_log(HM_ERROR, "a record is longer than a line may be");
	write_out(work);
}

static bool
room(void *context)
{
	const struct work *work = context;

	return hm_stream_room(work->stream) > HM_LINE_MAX;
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

static void
on_ended(void *context)
{
	struct work *work = context;

	ev_break(work->loop, EVBREAK_ALL);
}

/* Events */

static void
on_hurry(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

/* What a DTU has answered is not asked for twice. */
static void
finish(struct work *work)
{
	bool finishes = work->finishes;

	work->finishes = false;
	if (finishes && hm_fleet_finish(work->fleet) > 0)
		ev_timer_start(work->loop, &work->hurry);
	else
		ev_break(work->loop, EVBREAK_ALL);
}

static void
on_signals(struct ev_loop *loop, ev_io *io, int events)
{
	struct work *work = io->data;

	(void)loop;
	(void)events;
	hm_stream_signals(work->stream);
	if (hm_stream_stops(work->stream) != work->stops)
		finish(work);
	else
		write_out(work);
	work->stops = hm_stream_stops(work->stream);
}

static void
on_writable(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	write_out(io->data);
}

static void
on_stats(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct work *work = timer->data;

	(void)loop;
	(void)events;
	hm_stream_stats(work->stream);
	write_out(work);
}

static void
watch_stream(struct work *work, int64_t stats_period_ms)
{
	double period = (double)stats_period_ms / 1000;

	ev_io_init(&work->signals, on_signals,
	    hm_stream_signal_fd(work->stream), EV_READ);
	ev_io_init(&work->writable, on_writable, 1, EV_WRITE);
	ev_timer_init(&work->stats, on_stats, period, period);
	work->signals.data = work->writable.data = work->stats.data = work;
	ev_timer_init(&work->hurry, on_hurry, FINISH_SECONDS, 0);
	ev_io_start(work->loop, &work->signals);
	if (stats_period_ms > 0)
		ev_timer_start(work->loop, &work->stats);
}

static void
name_counters(struct work *work)
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
	    {"skipped_polls", &counts->skipped_polls},
	    {"open_polls", &counts->open_polls},
	    {"quiet_polls", &counts->quiet_polls},
	    {"locked_polls", &counts->locked_polls},
	    {"max_late_ms", &counts->max_late_ms},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		hm_stream_counter(work->stream, table[i].name, table[i].value);
}

/* Setting up */

static unsigned
ask_bits(const struct hm_config *config)
{
	static const struct {
		const char *word;
		enum hm_ask bit;
	} words[] = {
	    {"info", HM_ASK_INFO},
	    {"network", HM_ASK_NETWORK},
	    {"alarms", HM_ASK_ALARMS},
	    {"history", HM_ASK_HISTORY},
	};
	unsigned bits = 0;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (hm_config_lists(config, HM_SET_ASK, words[i].word))
			bits |= words[i].bit;
	return bits;
}

/* -1 for no end. */
static int64_t
poll_count(const struct hm_config *config)
{
	if (hm_config_flag(config, HM_SET_ONCE))
		return 1;
	return hm_config_has(config, HM_SET_COUNT) ?
	    hm_config_int(config, HM_SET_COUNT) : -1;
}

/* A socket and a lock for each DTU, and a few more. */
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

static void
warn_of_haste(const struct hm_dtus *dtus, const struct hm_config *config)
{
	int64_t period = hm_config_ms(config, HM_SET_QUERY_PERIOD);

	if (period >= HM_PERIOD_MIN_MS || poll_count(config) == 1)
		return;
	for (size_t i = 0; i < dtus->count; i++)
		if (dtus->dtu[i].transport == HM_TRANSPORT_HM) {
			hm_log(HM_WARNING, "a period of %lld s may cut hm "
			    "DTUs off from the vendor's cloud; %d s and more "
			    "do not", (long long)period / 1000,
			    HM_PERIOD_MIN_MS / 1000);
			return;
		}
}

static struct hm_poller_options
poller_options(const struct hm_config *config, struct ev_loop *loop,
    struct hm_resolver *resolver, struct hm_arena *arena)
{
	return (struct hm_poller_options){
	    .loop = loop,
	    .resolver = resolver,
	    .dialog = {
	        .ask = ask_bits(config),
	        .ask_period = hm_config_ms(config, HM_SET_ASK_PERIOD) / 1000,
	        .arena = arena,
	    },
	    .connect_timeout_ms = hm_config_ms(config,
	        HM_SET_CONNECT_TIMEOUT),
	    .read_timeout_ms = hm_config_ms(config, HM_SET_COMM_TIMEOUT),
	};
}

/*
 * The running chain polls again soon; a single poll waits as long for another
 * hm-poll as for a DTU that does not answer.
 */
static int64_t
lock_wait_ms(const struct hm_config *config)
{
	int64_t timeout = hm_config_ms(config, HM_SET_COMM_TIMEOUT);

	if (poll_count(config) != 1)
		return timeout;
	return timeout * (1 + hm_config_int(config, HM_SET_COMM_RETRIES));
}

static const char *
lock_dir(const struct hm_config *config)
{
	const char *dir = hm_config_text(config, HM_SET_LOCK_DIR);

	return dir != NULL ? dir : hm_dtu_lock_default_dir();
}

static struct hm_fleet_options
fleet_options(const struct hm_config *config, struct work *work)
{
	return (struct hm_fleet_options){
	    .schedule = {
	        .period_ms = hm_config_ms(config, HM_SET_QUERY_PERIOD),
	        .night = hm_quiet_hours_read(config, &work->night),
	        .night_period_ms = hm_config_ms(config,
	            HM_SET_NIGHT_PERIOD),
	        .upload_margin_ms = hm_config_flag(config,
	            HM_SET_CLOUD_FRIENDLY) ?
	            hm_config_ms(config, HM_SET_CLOUD_MARGIN) : 0,
	    },
	    .count = poll_count(config),
	    .retries = hm_config_int(config, HM_SET_COMM_RETRIES),
	    .backoff = {
	        .min_ms = hm_config_ms(config, HM_SET_COMM_RECONNECT_DELAY),
	        .max_ms = hm_config_ms(config,
	            HM_SET_COMM_RECONNECT_DELAY_MAX),
	        .exponential = hm_config_flag(config,
	            HM_SET_EXPONENTIAL_BACKOFF),
	    },
	    .breaker = {
	        .threshold = hm_config_int(config,
	            HM_SET_CIRCUIT_BREAKER_THRESHOLD),
	        .timeout_ms = hm_config_ms(config,
	            HM_SET_CIRCUIT_BREAKER_TIMEOUT),
	        .timeout_max_ms = hm_config_ms(config, HM_SET_MAX_BACKOFF),
	    },
	    .lock_dir = lock_dir(config),
	    .lock_wait_ms = lock_wait_ms(config),
	    .context = work,
	    .room = room,
	    .frame = on_frame,
	    .status = on_status,
	    .ended = on_ended,
	};
}

/* Poll until the stream or the polls come to an end. */
static int
poll_all(struct work *work, const struct hm_config *config,
    const struct hm_dtus *dtus, struct hm_arena *arena)
{
	struct hm_resolver *resolver = hm_resolver_new(work->loop);
	struct hm_fleet_options options = fleet_options(config, work);
	int status = HM_EXIT_OS;

	options.poller = poller_options(config, work->loop, resolver, arena);
	if (resolver != NULL)
		work->fleet = hm_fleet_new(dtus, &options);
	if (work->fleet == NULL) {
		hm_log_errno(HM_ERROR, "no memory for %zu DTUs", dtus->count);
		return hm_stream_close(work->stream, status);
	}
	name_counters(work);
	hm_stream_ready(work->stream);
	ev_run(work->loop, 0);
	status = hm_fleet_failed(work->fleet) ? HM_EXIT_UNAVAILABLE :
	    HM_EXIT_OK;
	status = hm_stream_close(work->stream, status);
	hm_fleet_free(work->fleet);
	if (hm_resolver_free(resolver))
		ev_loop_destroy(work->loop);
	return status;
}

static int
run(struct work *work, const struct hm_config *config,
    const struct hm_dtus *dtus)
{
	struct hm_stream_options options;
	struct hm_arena arena;
	int status = HM_EXIT_OS;

	hm_config_stream(config, &options);
	options.in = -1;
	work->finishes = options.durable != NULL;
	work->loop = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOSIGMASK);
	if (work->loop == NULL || !hm_arena_init(&arena, HM_ARENA_SIZE)) {
		hm_log_errno(HM_ERROR, "cannot make an event loop");
		return HM_EXIT_OS;
	}
	work->stream = hm_stream_open(&options);
	if (work->stream != NULL) {
		raise_descriptor_limit(dtus->count);
		watch_stream(work, options.stats_period_ms);
		status = poll_all(work, config, dtus, &arena);
	}
	hm_arena_free(&arena);
	return status;
}

int
main(int argc, char *argv[])
{
	static struct work work;
	struct hm_config *config;
	struct hm_dtus dtus;
	int status;

	hm_stream_guard_descriptors();
	config = hm_config_load(&tool, argc, argv, &status);
	if (config == NULL)
		return status;
	status = hm_dtus_collect(&dtus, config);
	if (status == 0) {
		warn_of_haste(&dtus, config);
		status = run(&work, config, &dtus);
	}
	hm_dtus_free(&dtus);
	hm_config_free(config);
	return hm_restart(status);
}
