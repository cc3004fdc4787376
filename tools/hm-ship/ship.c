#include "ship.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/exits.h"
#include "base/log.h"
#include "ship_lock.h"
#include "ship_private.h"
#include "spool.h"

#define COUNT_MS 30000    /* between two counts of what waits */
#define PROGRESS_MS 2000  /* between two lines for a person */
#define GAP_MS 120        /* between two parts that are listed again */

static const struct hm_backoff retries = {500, 300000, true};

/* Starting */

struct hm_ship *
hm_ship_new(const struct hm_ship_options *options, struct hm_stream *stream)
{
	struct hm_ship *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->options = *options;
	s->stream = stream;
	s->lock.fd = -1;
	s->listing.since = options->since;
	s->listing.hours = options->hours;
	hm_random_seed(&s->random);
	if (!hm_spool_init(&s->spool, options->path, options->name)) {
		free(s);
		return NULL;
	}
	s->spool.others = options->to;
	s->spool.other_count = options->to_count;
	return s;
}

void
hm_ship_free(struct hm_ship *s)
{
	if (s == NULL)
		return;
	hm_batch_clear(&s->batch);
	hm_spool_list_end(&s->listing);
	hm_spool_free(&s->spool);
	hm_ship_unlock(&s->lock);
	free(s);
}

const struct hm_ship_counts *
hm_ship_counts(const struct hm_ship *s)
{
	return &s->counts;
}

int
hm_ship_status(const struct hm_ship *s)
{
	return s->options.once && !s->empty ? HM_EXIT_TEMP : HM_EXIT_OK;
}

/* Failures */

/* A retry that fails for the same reason is not logged. */
static void
begin_trouble(struct hm_ship *s, const char *why)
{
	const char *name = s->options.name;

	s->counts.failures++;
	if (s->counts.failing == 0 || strcmp(why, s->reason) != 0)
		hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("to", name),
		    hm_fact("reason", why)), s->options.once ?
		    "%s: not shipped: %s" :
		    "%s: not shipped: %s; tried again until it is", name, why);
	if (s->counts.failing == 0)
		s->failed_since = hm_monotonic_ms();
	s->counts.failing = 1;
	snprintf(s->reason, sizeof s->reason, "%s", why);
}

static void
end_trouble(struct hm_ship *s)
{
	int64_t seconds = (hm_monotonic_ms() - s->failed_since) / 1000;

	if (s->counts.failing == 0)
		return;
	s->counts.failing = 0;
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("to", s->options.name),
	    hm_fact_int("seconds", seconds)),
	    "%s: ships again, after %lld s", s->options.name,
	    (long long)seconds);
}

/* Waiting */

bool
hm_ship_stopping(struct hm_ship *s)
{
	return hm_stream_stops(s->stream) > 0 ||
	    hm_stream_signals(s->stream) || !hm_stream_has_reader(s->stream);
}

static void
count_waiting(struct hm_ship *s)
{
	uint64_t count;
	int64_t oldest, now = hm_clock_now();

	s->counted_at = hm_monotonic_ms();
	if (!hm_spool_open(&s->spool, false) ||
	    !hm_spool_waiting(&s->spool, &count, &oldest))
		return;
	s->counts.waiting = count;
	s->counts.oldest = count > 0 && oldest < now ?
	    (uint64_t)(now - oldest) : 0;
}

/* With the database closed, for programs that need it for themselves. */
static void
wait_for(struct hm_ship *s, int64_t ms)
{
	int64_t end = hm_monotonic_ms() + ms, now;

	while (!hm_ship_stopping(s) && (now = hm_monotonic_ms()) < end) {
		int64_t look = s->counted_at + COUNT_MS;

		if (now >= look)
			count_waiting(s);
		hm_spool_close(&s->spool);
		hm_stream_wait(s->stream, (int)((look > now && look < end ?
		    look : end) - now));
	}
}

/* So that sites that started together do not stay together. */
static int64_t
period(struct hm_ship *s)
{
	const struct hm_backoff about = {s->options.period_ms * 9 / 10,
	    s->options.period_ms * 11 / 10, true};

	return hm_backoff_delay(&about, 2, &s->random);
}

static void
show_progress(struct hm_ship *s)
{
	int64_t now = hm_monotonic_ms(), ms = now - s->burst_since;

	if (now < s->progress_at || ms <= 0)
		return;
	s->progress_at = now + PROGRESS_MS;
	if (!hm_log_has_terminal())
		return;
	count_waiting(s);
	hm_log_progress("%s: %llu batches, %llu polls, %lld polls/s, %llu left",
	    s->options.name, (unsigned long long)s->counts.batches,
	    (unsigned long long)s->counts.shipped,
	    (long long)((int64_t)(s->counts.shipped - s->burst_from) * 1000 /
	    ms), (unsigned long long)s->counts.waiting);
}

/* Steps: each is false, with the reason, after a failure. */

static bool
take_lock(struct hm_ship *s, const char **why)
{
	*why = s->lock.why;
	return s->lock.fd >= 0 || hm_ship_lock(s->options.path,
	    s->options.name, &s->lock);
}

/*
 * Each is followed by a gap that is longer than SQLite's wait between two
 * tries: the lock of hm-store must not fail.
 */
static bool
list_part(struct hm_ship *s, const char **why)
{
	uint64_t before = s->listing.count;
	bool more = true;

	*why = s->spool.why;
	if (!hm_spool_open(&s->spool, true) ||
	    !hm_spool_list(&s->spool, &s->listing, &more))
		return false;
	s->options.again = more;
	if (!more)
		hm_log_facts(HM_INFO, HM_FACTS(
		    hm_fact("to", s->options.name),
		    hm_fact_int("polls", (int64_t)s->listing.count)),
		    "%s: %llu polls and other records are listed to be shipped "
		    "again", s->options.name,
		    (unsigned long long)s->listing.count);
	else if (s->listing.count > before)
		wait_for(s, GAP_MS);
	return true;
}

static bool
read_batch(struct hm_ship *s, const char **why)
{
	*why = s->spool.why;
	if (!hm_spool_open(&s->spool, false) ||
	    !hm_spool_read(&s->spool, s->options.polls, &s->batch))
		return false;
	s->empty = s->batch.polls == 0;
	s->delivered = s->batch.lines == 0;
	if (s->empty)
		hm_batch_clear(&s->batch);
	return true;
}

static bool
note_batch(struct hm_ship *s, const char **why)
{
	bool done;

	*why = s->spool.why;
	if (!hm_spool_open(&s->spool, false) ||
	    !hm_spool_ship(&s->spool, &s->batch, &done))
		return false;
	if (done) {
		s->counts.batches++;
		s->counts.shipped += s->batch.polls;
		s->counts.lines += s->batch.lines;
	} else {
		hm_log(HM_WARNING, "%s: the database has been replaced, or "
		    "another hm-ship ships from it; reading it again",
		    s->options.name);
	}
	hm_batch_clear(&s->batch);
	end_trouble(s);
	show_progress(s);
	return true;
}

static bool
step(struct hm_ship *s, const char **why)
{
	if (!take_lock(s, why))
		return false;
	if (s->options.again)
		return list_part(s, why);
	if (s->batch.file == NULL)
		return read_batch(s, why);
	if (!s->delivered)
		return hm_ship_deliver(s, why);
	return note_batch(s, why);
}

/* A batch stays until it is shipped: a retry has the same bytes. */
static void
on_failure(struct hm_ship *s, const char *why)
{
	s->empty = false;
	begin_trouble(s, why);
	if (!s->options.once)
		wait_for(s, hm_backoff_delay(&retries, ++s->retry,
		    &s->random));
}

static void
on_empty(struct hm_ship *s)
{
	end_trouble(s);
	if (s->options.once)
		return;
	s->counted_at = 0;
	wait_for(s, period(s));
	s->burst_since = hm_monotonic_ms();
	s->burst_from = s->counts.shipped;
	s->progress_at = s->burst_since + PROGRESS_MS;
}

static void
end_run(struct hm_ship *s)
{
	const char *why;

	/* A signal has come while the COMMAND took it. */
	if (s->delivered && s->batch.file != NULL && !note_batch(s, &why))
		begin_trouble(s, why);
	count_waiting(s);
	hm_spool_close(&s->spool);
}

void
hm_ship_run(struct hm_ship *s)
{
	const char *why;
	bool good = true;

	hm_stream_ready(s->stream);
	s->burst_since = hm_monotonic_ms();
	s->progress_at = s->burst_since + PROGRESS_MS;
	while (!hm_ship_stopping(s)) {
		s->empty = false;
		good = step(s, &why);
		if (s->stopped)
			break;
		if (!good)
			on_failure(s, why);
		else if (s->empty)
			on_empty(s);
		if (good)
			s->retry = 0;
		if (s->options.once && (!good || s->empty))
			break;
	}
	end_run(s);
}
