#include "ship_private.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "command_run.h"
#include "stream/stream.h"

#define GRACE_MS 4000 /* for the COMMAND, after a signal to hm-ship */

#define NUMBER_SIZE 24

static bool
start(struct hm_ship *s)
{
	char first[NUMBER_SIZE], last[NUMBER_SIZE], polls[NUMBER_SIZE];
	const struct hm_variable variables[] = {
	    {"HM_TO", s->options.name},
	    {"HM_BATCH_FIRST", first},
	    {"HM_BATCH_LAST", last},
	    {"HM_BATCH_POLLS", polls},
	    {"HM_SITE", s->options.site},
	    {"HM_SITE_KEY", s->options.key},
	};

	snprintf(first, sizeof first, "%" PRId64, s->batch.first);
	snprintf(last, sizeof last, "%" PRId64, s->batch.last);
	snprintf(polls, sizeof polls, "%" PRIu64, s->batch.polls);
	return hm_command_start(&s->run, s->options.argv,
	    fileno(s->batch.file), variables,
	    sizeof variables / sizeof *variables, s->options.timeout_ms);
}

static int
on_prepare(void *context, struct pollfd *fd)
{
	struct hm_ship *s = context;

	fd->fd = s->run.pid != 0 ? s->run.fd : -1;
	fd->events = POLLIN;
	return s->run.pid != 0 ? hm_command_wait_ms(&s->run) : -1;
}

static void
on_ready(void *context, short revents)
{
	(void)context;
	(void)revents;
}

/*
 * A COMMAND that is about to end may: what it has delivered would come twice
 * otherwise. A second signal ends it at once.
 */
static void
check_stop(struct hm_ship *s, int64_t *deadline)
{
	int64_t now = hm_monotonic_ms();

	if (!hm_ship_stopping(s))
		return;
	s->stopped = true;
	if (*deadline == 0)
		*deadline = now + GRACE_MS;
	if (s->run.signal == 0 && (now >= *deadline ||
	    hm_stream_stops(s->stream) > 1))
		hm_command_stop(&s->run);
}

static bool
await(struct hm_ship *s)
{
	const struct hm_stream_side side = {
	    .context = s,
	    .prepare = on_prepare,
	    .ready = on_ready,
	};
	int64_t deadline = 0;
	bool good = false;

	hm_stream_side(s->stream, &side);
	while (!hm_command_ended(&s->run, &good)) {
		check_stop(s, &deadline);
		hm_stream_wait(s->stream, deadline > 0 ? 100 : -1);
	}
	return good;
}

bool
hm_ship_deliver(struct hm_ship *s, const char **why)
{
	*why = s->run.why;
	s->delivered = start(s) && await(s);
	/* What has arrived need not come again. */
	if (s->delivered)
		s->stopped = false;
	return s->delivered;
}
