#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "dialog.h"
#include "dtu_job_private.h"
#include "error_hints.h"
#include "poller.h"
#include "record/poll_errors.h"
#include "wire/dtu_uri.h"

#define URI_MAX 300

static const struct hm_dtu *
dtu_of(const struct hm_dtu_job *job)
{
	return hm_poller_dtu(job->poller);
}

void
hm_dtu_job_failure(const struct hm_dtu_job *job, struct hm_failure *failure)
{
	*failure = (struct hm_failure){
	    .dtu = dtu_of(job),
	    .error = job->error,
	    .peer = job->peer,
	    .other_port = job->other_port,
	    .reached = job->reached,
	};
}

static const char *
hint_of(const struct hm_dtu_job *job, char out[HM_HINT_MAX])
{
	struct hm_failure failure;

	hm_dtu_job_failure(job, &failure);
	return hm_error_hint(&failure, out);
}

/* When the DTU is polled next, by the wall clock; 0 for never. */
static int64_t
retry_at(const struct hm_dtu_job *job)
{
	int64_t now = hm_monotonic_ms(), at = job->next_tick;

	if (job->polls_left == 0)
		return 0;
	if (job->breaker.state == HM_BREAKER_OPEN)
		at = job->breaker.retry_at;
	at = job->breaker.state == HM_BREAKER_HALF_OPEN ? now :
	    hm_dtu_job_earliest(job, at);
	return hm_clock_now() + (at - now + 500) / 1000;
}

/* The URI for people, without the unit id and the name. */
static const char *
uri_of(const struct hm_dtu *dtu, char out[URI_MAX])
{
	bool bracket = strchr(dtu->host, ':') != NULL;

	snprintf(out, URI_MAX, "%s://%s%s%s:%u",
	    hm_transport_name(dtu->transport), bracket ? "[" : "", dtu->host,
	    bracket ? "]" : "", dtu->port);
	return out;
}

void
hm_dtu_job_report(const struct hm_dtu_job *job)
{
	const struct hm_fleet_options *options = &job->jobs->options;
	char hint[HM_HINT_MAX];
	const struct hm_status status = {
	    .breaker = job->breaker.state,
	    .failures = job->failures,
	    .error = job->error,
	    .text = job->text,
	    .hint = hint_of(job, hint),
	    .retry_at = retry_at(job),
	};

	options->status(options->context, dtu_of(job), &status);
}

/* The dialog's gap between two requests is most of the time of a poll. */
void
hm_dtu_job_log_first_poll(const struct hm_dtu_job *job)
{
	const struct hm_dtu *dtu = dtu_of(job);
	int64_t gap = hm_dialog_gap_ms(hm_poller_dialog(job->poller));
	char uri[URI_MAX];

	if (gap == 0)
		return;
	hm_log_facts(HM_INFO, HM_FACTS(hm_fact("dtu", dtu->name),
	    hm_fact("uri", uri_of(dtu, uri))), "%s: asking %s; %s gets a "
	    "request every %lld s, and its first poll has %s or more",
	    dtu->name, uri, job->is_gateway ? "a gateway" : "an hm DTU",
	    (long long)gap / 1000, job->is_gateway ? "three" : "two");
}

void
hm_dtu_job_log_gateway(const struct hm_dtu_job *job)
{
	struct hm_dtu gateway = *dtu_of(job);
	char uri[HM_DTU_URI_MAX];

	gateway.transport = HM_TRANSPORT_ES;
	hm_log_facts(HM_INFO, HM_FACTS(hm_fact("dtu", gateway.name),
	    hm_fact("uri", hm_dtu_uri(&gateway, uri))), "%s: %s is a gateway "
	    "of hybrid inverters: %s says so at once", gateway.name,
	    gateway.host, uri);
}

void
hm_dtu_job_log_raised_period(const struct hm_dtu_job *job)
{
	const char *name = dtu_of(job)->name;
	int64_t period = job->jobs->options.schedule.period_ms;
	int64_t raised = hm_dtu_job_period(job);

	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("dtu", name),
	    hm_fact_int("period_ms", period),
	    hm_fact_int("raised_ms", raised)), "%s: a gateway of hybrid "
	    "inverters is polled every %lld s, not every %lld s; set "
	    "query_period to that, because other tools tell by it when "
	    "readings are late",
	    name, (long long)raised / 1000, (long long)period / 1000);
}

/* A lasting failure is logged once, and again when its kind changes. */
void
hm_dtu_job_log_failure(const struct hm_dtu_job *job, bool news)
{
	const struct hm_dtu *dtu = dtu_of(job);
	char text[HM_HINT_MAX];
	const char *hint = news ? hint_of(job, text) : NULL;
	const char *error = hm_poll_error_name(job->error);
	char uri[URI_MAX];

	uri_of(dtu, uri);
	hm_log_facts(news ? HM_ERROR : HM_INFO,
	    HM_FACTS(hm_fact("dtu", dtu->name), hm_fact("error", error),
	    hm_fact("uri", uri), hm_fact("reason", job->text),
	    hm_fact("hint", hint), hm_fact_int("failures", job->failures),
	    hm_fact_time("retry_at", retry_at(job))), "%s: %s: %s: %s%s%s",
	    dtu->name, error, uri, job->text, hint != NULL ? "; " : "",
	    hint != NULL ? hint : "");
}

void
hm_dtu_job_log_retry(const struct hm_dtu_job *job, int64_t delay_ms)
{
	const char *name = dtu_of(job)->name;
	const char *error = hm_poll_error_name(job->attempt_error);

	hm_log_facts(HM_INFO, HM_FACTS(hm_fact("dtu", name),
	    hm_fact("error", error), hm_fact("reason", job->text),
	    hm_fact_int("retry", job->retries),
	    hm_fact_int("wait_ms", delay_ms)),
	    "%s: %s: %s; retry %lld in %lld ms", name, error, job->text,
	    (long long)job->retries, (long long)delay_ms);
	if (!job->ever_polled && !hm_log_shows(HM_INFO))
		hm_log_progress("%s: %s; retry %lld of %lld in %.1f s ...",
		    name, error, (long long)job->retries,
		    (long long)job->jobs->options.retries,
		    (double)delay_ms / 1000);
}

void
hm_dtu_job_log_breaker(const struct hm_dtu_job *job, bool news)
{
	const char *name = dtu_of(job)->name;
	int64_t timeout = job->breaker.timeout_ms;

	hm_log_facts(news ? HM_WARNING : HM_INFO,
	    HM_FACTS(hm_fact("dtu", name), hm_fact("breaker", "open"),
	    hm_fact_int("failures", job->failures),
	    hm_fact_int("wait_ms", timeout)),
	    "%s: failed polls in a row: %lld; left alone for %lld s", name,
	    (long long)job->failures, (long long)(timeout + 500) / 1000);
}

void
hm_dtu_job_log_recovery(const struct hm_dtu_job *job)
{
	const char *name = dtu_of(job)->name;

	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("dtu", name)),
	    "%s: answers again", name);
}

/* The numbers as "5-8 12"; a list that is too long is cut. */
static void
write_numbers(const uint8_t *numbers, size_t n, char *out, size_t cap)
{
	size_t used = 0, last;

	out[0] = '\0';
	for (size_t i = 0; i < n && used < cap; i = last + 1) {
		int wrote;

		last = i;
		while (last + 1 < n && numbers[last + 1] == numbers[last] + 1)
			last++;
		wrote = snprintf(out + used, cap - used,
		    last > i ? "%s%u-%u" : "%s%u", i > 0 ? " " : "",
		    numbers[i], numbers[last]);
		if (wrote < 0)
			return;
		used += (size_t)wrote;
	}
}

/* Logged once, until all is read again. */
void
hm_dtu_job_log_missing(const struct hm_dtu_job *job,
    const struct hm_dialog *dialog)
{
	const struct hm_dtu *dtu = dtu_of(job);
	const char *what = hm_dialog_part(dialog);
	const char *error = hm_poll_error_name(hm_dialog_error(dialog));
	const char *reason = hm_dialog_error_text(dialog);
	uint8_t missing[HM_DIALOG_PARTS_MAX];
	size_t n = hm_dialog_missing(dialog, missing);
	char numbers[80];

	write_numbers(missing, n, numbers, sizeof numbers);
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("dtu", dtu->name),
	    hm_fact("error", error), hm_fact("missing", numbers),
	    hm_fact("reason", reason)),
	    "%s: %s: %s%s %s of the DTU's list cannot be read: %s; the others "
	    "are kept, sums of the DTU are left out", dtu->name, error, what,
	    n > 1 ? "s" : "", numbers, reason);
}

void
hm_dtu_job_log_whole(const struct hm_dtu_job *job)
{
	const struct hm_dtu *dtu = dtu_of(job);
	const char *what = hm_dialog_part(hm_poller_dialog(job->poller));

	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("dtu", dtu->name)),
	    "%s: all %ss of the DTU's list are read again", dtu->name, what);
}

void
hm_dtu_job_log_dropped(const struct hm_dtu *dtu, const char *reason)
{
	hm_log_facts(HM_DEBUG, HM_FACTS(hm_fact("dtu", dtu->name),
	    hm_fact("reason", reason)), "%s: dropped: %s", dtu->name, reason);
}

void
hm_dtu_job_log_refused(const struct hm_dtu *dtu, const char *reason)
{
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("dtu", dtu->name),
	    hm_fact("reason", reason)), "%s: left out: %s", dtu->name, reason);
}

void
hm_dtu_job_log_locked_out(const struct hm_dtu_job *job)
{
	const struct hm_dtu *dtu = dtu_of(job);
	int64_t wait = job->jobs->options.lock_wait_ms;
	char uri[URI_MAX];

	hm_log_facts(job->last_poll_lost_lock ? HM_INFO : HM_WARNING,
	    HM_FACTS(hm_fact("dtu", dtu->name),
	    hm_fact("uri", uri_of(dtu, uri)),
	    hm_fact("file", job->lock.path), hm_fact_int("wait_ms", wait)),
	    "%s: another hm-poll on this machine reads %s:%u; not polled "
	    "after a wait of %lld s for %s", dtu->name, dtu->host, dtu->port,
	    (long long)wait / 1000, job->lock.path);
}

void
hm_dtu_job_log_starved(const struct hm_dtu_job *job, const char *why)
{
	const char *name = dtu_of(job)->name;

	hm_log_facts(HM_ERROR, HM_FACTS(hm_fact("dtu", name),
	    hm_fact("reason", why)), "%s: not polled: %s; from now on such "
	    "polls are only counted, as skipped; see ulimit -n", name, why);
}

void
hm_dtu_job_log_lock(const struct hm_dtu_job *job, enum hm_dtu_lock_result lock)
{
	const char *name = dtu_of(job)->name;

	hm_log_facts(HM_DEBUG, HM_FACTS(hm_fact("dtu", name),
	    hm_fact("file", job->lock.path)), "%s: lock %s: %s", name,
	    job->lock.path, lock == HM_DTU_LOCK_HELD ? "taken" :
	    lock == HM_DTU_LOCK_BUSY ? "another process has it" :
	    "the system refuses it");
}

void
hm_dtu_job_log_postponed(const struct hm_dtu_job *job, int64_t wait_ms)
{
	const char *name = dtu_of(job)->name;

	hm_log_facts(HM_DEBUG, HM_FACTS(hm_fact("dtu", name),
	    hm_fact_int("wait_ms", wait_ms)), "%s: not polled now: it is "
	    "quiet time, or the DTU uploads; for %lld ms", name,
	    (long long)wait_ms);
}

void
hm_dtu_job_log_lock_refused(const struct hm_dtu_job *job, int error)
{
	const char *name = dtu_of(job)->name;
	const char *reason = error == EINVAL ? "it is no plain file" :
	    strerror(error);

	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("dtu", name),
	    hm_fact("file", job->lock.path), hm_fact("reason", reason)),
	    "%s: polled without a lock against another hm-poll: %s: %s", name,
	    job->lock.path, reason);
}

void
hm_dtu_job_log_lock_stuck(const struct hm_dtu_job *job,
    const struct hm_lock_holder *holder)
{
	const char *name = dtu_of(job)->name;
	char who[HM_LOCK_HOLDER_NAME + 40] = "a process that is hidden";

	if (holder->pid != 0)
		snprintf(who, sizeof who, "process %d%s%s", (int)holder->pid,
		    holder->name[0] != '\0' ? ", " : ", which has ended",
		    holder->name);
	hm_log_facts(HM_WARNING, HM_FACTS(hm_fact("dtu", name),
	    hm_fact("file", job->lock.path), hm_fact("holder", who)),
	    "%s: polled although %s is locked: it was not released for "
	    "several periods, and the holder is no hm-poll that runs: %s", name,
	    job->lock.path, who);
}
