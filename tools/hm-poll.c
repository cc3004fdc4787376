/* hm-poll: read DTUs; frame and status records to stdout. */

#include <stdlib.h>
#include <sys/resource.h>

#include "exits.h"
#include "log.h"
#include "poller.h"
#include "stream.h"
#include "timefmt.h"

#define HM_PERIOD_MIN_MS 35000 /* faster starves the vendor's cloud upload */

static int
check(const struct hm_config *config)
{
	struct hm_dtus dtus;
	int status = hm_dtus_collect(&dtus, config);

	hm_dtus_free(&dtus);
	return status;
}

static const struct hm_tool tool = {
    .name = "hm-poll",
    .bit = HM_POLL,
    .operands = "[URI ...]",
    .summary = "Read DTUs at modbus://HOST[:PORT][/UNIT][#NAME] or\n"
        "hm://HOST[:PORT][#NAME] and write what they answer.",
    .check = check,
};

struct work;

/* One DTU and how its polls go. */
struct job {
	struct work *work;
	struct hm_poller *poller;
	ev_timer tick;
	int64_t due;        /* monotonic ms of the next tick on the grid */
	int64_t polls_left; /* -1: no end */
	uint64_t failures;  /* in a row */
	enum hm_error error; /* of the last poll */
	bool known;         /* whether there was a poll */
};

struct work {
	struct ev_loop *loop;
	struct hm_stream *stream;
	struct hm_poller_options options;
	struct job *job;
	size_t jobs, jobs_left;
	int64_t period_ms;
	ev_io signals, writable;
	ev_timer stats;
	bool failed; /* the last poll of a DTU */
	uint64_t polls, failed_polls, skipped_polls, max_late_ms;
	char line[HM_LINE_MAX];
};

/* Records */

static void
start_record(struct work *work, struct hm_emit *e, const char *type,
    const struct hm_dtu *dtu)
{
	char time[HM_TIME_TEXT];

	hm_emit_start(e, work->line, sizeof work->line);
	hm_emit_record(e, type, hm_time_format(hm_time_now(), time));
	hm_emit_text(e, "dtu", dtu->name);
}

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
end_record(struct work *work, struct hm_emit *e)
{
	struct hm_slice line;

	hm_emit_object_end(e);
	if (hm_emit_done(e, &line))
		hm_stream_emit(work->stream, line);
	else
		hm_log(HM_ERROR, "a record is longer than a line may be");
	write_out(work);
}

static void
write_frames(struct work *work, const struct job *job, int64_t took_ms)
{
	const struct hm_dialog *dialog = hm_poller_dialog(job->poller);
	const struct hm_dtu *dtu = hm_poller_dtu(job->poller);
	struct hm_emit e;

	start_record(work, &e, "frame", dtu);
	hm_emit_text(&e, "transport", hm_transport_name(dtu->transport));
	hm_emit_int(&e, "took_ms", took_ms);
	hm_emit_array(&e, "frames");
	for (size_t i = 0; i < hm_dialog_replies(dialog); i++) {
		size_t size;
		const uint8_t *reply = hm_dialog_reply(dialog, i, &size);

		hm_emit_hex(&e, NULL, reply, size);
	}
	hm_emit_array_end(&e);
	end_record(work, &e);
}

static void
write_status(struct work *work, const struct job *job, const char *text)
{
	char time[HM_TIME_TEXT];
	bool online = job->error == HM_ERR_NONE;
	struct hm_emit e;

	start_record(work, &e, "status", hm_poller_dtu(job->poller));
	hm_emit_text(&e, "state", online ? "online" : "offline");
	hm_emit_text(&e, "breaker", "closed");
	hm_emit_int(&e, "failures", (int64_t)job->failures);
	if (!online) {
		hm_emit_text(&e, "error", hm_error_name(job->error));
		hm_emit_text(&e, "text", text);
		if (job->polls_left != 0)
			hm_emit_string(&e, "retry_at", hm_time_format(
			    hm_time_now() + work->period_ms / 1000, time));
	}
	end_record(work, &e);
}

/* Polls */

/* A DTU that stays away is mentioned once, and again when the reason is new. */
static void
log_failure(const struct job *job, const struct hm_poll_result *result)
{
	const struct hm_dtu *dtu = hm_poller_dtu(job->poller);
	bool news = job->failures == 1 || job->error != result->error;

	hm_log(news ? HM_ERROR : HM_INFO, "%s: %s: %s://%s:%u: %s", dtu->name,
	    hm_error_name(result->error), hm_transport_name(dtu->transport),
	    dtu->host, dtu->port, result->text);
}

static void
end_job(struct work *work, struct job *job)
{
	ev_timer_stop(work->loop, &job->tick);
	if (job->error != HM_ERR_NONE)
		work->failed = true;
	if (--work->jobs_left == 0)
		ev_break(work->loop, EVBREAK_ALL);
}

static void
on_done(void *context, struct hm_poller *poller,
    const struct hm_poll_result *result)
{
	struct job *job = context;
	struct work *work = job->work;
	bool good = result->error == HM_ERR_NONE;
	bool changed = !job->known || good != (job->error == HM_ERR_NONE);

	(void)poller;
	work->polls++;
	work->failed_polls += !good;
	job->failures = good ? 0 : job->failures + 1;
	if (!good)
		log_failure(job, result);
	else if (changed && job->known)
		hm_log(HM_WARNING, "%s: answers again",
		    hm_poller_dtu(job->poller)->name);
	job->known = true;
	job->error = result->error;
	if (job->polls_left > 0)
		job->polls_left--;
	if (changed || !good)
		write_status(work, job, result->text);
	if (good)
		write_frames(work, job, result->took_ms);
	if (job->polls_left == 0)
		end_job(work, job);
}

static void
note_lateness(struct work *work, struct job *job)
{
	int64_t late = hm_monotonic_ms() - job->due;

	if (late > 0 && (uint64_t)late > work->max_late_ms)
		work->max_late_ms = (uint64_t)late;
	/* Ticks that were missed altogether are not made up for. */
	job->due += (1 + late / work->period_ms) * work->period_ms;
}

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct job *job = timer->data;
	struct work *work = job->work;

	(void)loop;
	(void)events;
	note_lateness(work, job);
	/* A poll that cannot begin now is skipped, not queued. */
	if (hm_stream_room(work->stream) <= HM_LINE_MAX ||
	    !hm_poller_start(job->poller))
		work->skipped_polls++;
}

/* Events */

static void
on_signals(struct ev_loop *loop, ev_io *io, int events)
{
	struct work *work = io->data;

	(void)events;
	if (hm_stream_signals(work->stream))
		ev_break(loop, EVBREAK_ALL);
	else
		write_out(work);
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
	ev_io_start(work->loop, &work->signals);
	if (stats_period_ms > 0)
		ev_timer_start(work->loop, &work->stats);
	hm_stream_counter(work->stream, "polls", &work->polls);
	hm_stream_counter(work->stream, "failed_polls", &work->failed_polls);
	hm_stream_counter(work->stream, "skipped_polls",
	    &work->skipped_polls);
	hm_stream_counter(work->stream, "max_late_ms", &work->max_late_ms);
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

/* One socket a DTU, and a few more. */
static void
raise_descriptor_limit(size_t jobs)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur < jobs + 32)
		hm_log(HM_WARNING, "%zu DTUs may need more than the %llu open "
		    "files that the system allows; see ulimit -n", jobs,
		    (unsigned long long)limit.rlim_cur);
}

/*
 * The polls of a fleet are spread over the period, each at its own place on
 * the grid.
 */
static bool
start_jobs(struct work *work, const struct hm_dtus *dtus, int64_t count)
{
	int64_t now = hm_monotonic_ms();

	work->job = calloc(dtus->count, sizeof *work->job);
	if (work->job == NULL)
		return false;
	work->jobs = work->jobs_left = dtus->count;
	for (size_t i = 0; i < dtus->count; i++) {
		struct job *job = &work->job[i];
		int64_t offset = count == 1 ? 0 : work->period_ms *
		    (int64_t)i / (int64_t)dtus->count;

		job->work = work;
		job->polls_left = count;
		job->due = now + offset;
		job->poller = hm_poller_new(&dtus->dtu[i], &work->options,
		    job);
		if (job->poller == NULL)
			return false;
		ev_timer_init(&job->tick, on_tick, (double)offset / 1000,
		    (double)work->period_ms / 1000);
		job->tick.data = job;
		ev_timer_start(work->loop, &job->tick);
	}
	return true;
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

static void
set_options(struct work *work, const struct hm_config *config,
    struct hm_arena *arena)
{
	work->period_ms = hm_config_ms(config, HM_SET_QUERY_PERIOD);
	work->options = (struct hm_poller_options){
	    .loop = work->loop,
	    .resolver = hm_resolver_new(work->loop),
	    .dialog = {
	        .ask = ask_bits(config),
	        .ask_period = hm_config_ms(config, HM_SET_ASK_PERIOD) / 1000,
	        .arena = arena,
	    },
	    .connect_timeout_ms = hm_config_ms(config,
	        HM_SET_CONNECT_TIMEOUT),
	    .read_timeout_ms = hm_config_ms(config, HM_SET_COMM_TIMEOUT),
	    .done = on_done,
	};
}

static void
release(struct work *work)
{
	for (size_t i = 0; work->job != NULL && i < work->jobs; i++)
		hm_poller_free(work->job[i].poller);
	free(work->job);
	if (hm_resolver_free(work->options.resolver) && work->loop != NULL)
		ev_loop_destroy(work->loop);
}

static int
run(struct work *work, const struct hm_config *config,
    const struct hm_dtus *dtus)
{
	int64_t count = poll_count(config);
	struct hm_stream_options options;
	struct hm_arena arena;
	int status = HM_EXIT_OS;

	hm_config_stream(config, &options);
	options.in = -1;
	work->loop = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOSIGMASK);
	if (work->loop == NULL || !hm_arena_init(&arena, HM_ARENA_SIZE)) {
		hm_log_errno(HM_ERROR, "cannot make an event loop");
		return HM_EXIT_OS;
	}
	work->stream = hm_stream_open(&options);
	if (work->stream == NULL)
		return HM_EXIT_OS;
	raise_descriptor_limit(dtus->count);
	set_options(work, config, &arena);
	watch_stream(work, options.stats_period_ms);
	if (work->options.resolver == NULL ||
	    !start_jobs(work, dtus, count)) {
		hm_log_errno(HM_ERROR, "no memory for %zu DTUs", dtus->count);
	} else {
		ev_run(work->loop, 0);
		status = work->failed ? HM_EXIT_UNAVAILABLE : HM_EXIT_OK;
	}
	status = hm_stream_close(work->stream, status);
	release(work);
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
	return status;
}
