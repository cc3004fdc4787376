#include "live_update_private.h"

#include "live.h"
#include "record/breaker_state.h"
#include "record/poll_errors.h"
#include "record/record.h"

/* Good polls */

static void
count_duration(struct hm_live_dtu *dtu, const struct hm_record *record)
{
	size_t bucket = 0;
	int64_t ms;

	if (!hm_record_int(record, "took_ms", &ms) || ms < 0)
		return;
	while (bucket < HM_LIVE_TOOK_BUCKETS - 1 &&
	    ms > hm_live_took_bounds[bucket])
		bucket++;
	dtu->took[bucket]++;
	dtu->took_ms += (uint64_t)ms;
}

/* Do not count a record that is replayed after a restart. */
void
hm_live_count_poll(struct hm_live_dtu *dtu, const struct hm_record *record,
    const struct hm_moment *now)
{
	int64_t time = hm_live_time(record, "time", now->wall / 1000);

	dtu->failures = 0;
	if (dtu->answered != 0 && dtu->answered_time == time)
		return;
	dtu->answered = hm_live_steady(now);
	dtu->answered_time = time;
	dtu->good++;
	count_duration(dtu, record);
}

/* Failed polls */

static void
take_breaker(struct hm_live_dtu *dtu, const struct hm_record *record)
{
	struct hm_slice text;

	if (!hm_record_string(record, "breaker", &text))
		return;
	for (enum hm_breaker_state s = HM_BREAKER_CLOSED;
	    s <= HM_BREAKER_HALF_OPEN; s++)
		if (hm_slice_is(text, hm_breaker_state_name(s))) {
			dtu->breaker = s;
			dtu->breaker_known = true;
		}
}

/* A status record of an older version has none. */
static void
take_host(struct hm_live_dtu *dtu, const struct hm_record *record)
{
	char host[HM_LIVE_HOST];

	if (hm_live_name(record, "host", host, sizeof host))
		memcpy(dtu->host, host, strlen(host) + 1);
}

static enum hm_poll_error
take_error(const struct hm_record *record)
{
	struct hm_slice text;

	if (hm_record_string(record, "error", &text))
		for (enum hm_poll_error e = HM_ERR_NONE + 1; e < HM_ERRORS; e++)
			if (hm_slice_is(text, hm_poll_error_name(e)))
				return e;
	return HM_ERR_NONE;
}

/*
 * The number of failed polls since the last record. At night hm-poll does not
 * report each failure, but counts it. A record with the same count reports a
 * change of the breaker, or is a replay.
 */
static uint64_t
new_failures(const struct hm_live_dtu *dtu, int64_t failures)
{
	if (dtu->failures < 0)
		return dtu->breaker != HM_BREAKER_HALF_OPEN;
	if (failures > dtu->failures)
		return (uint64_t)(failures - dtu->failures);
	return failures < dtu->failures; /* hm-poll has restarted */
}

static void
take_failure(struct hm_live_dtu *dtu, const struct hm_record *record,
    const struct hm_moment *now)
{
	enum hm_poll_error error = take_error(record);
	int64_t failures;
	uint64_t added;

	if (!hm_record_int(record, "failures", &failures) || failures < 1)
		failures = dtu->failures < 0 ? 1 : dtu->failures + 1;
	added = new_failures(dtu, failures);
	dtu->failures = failures;
	dtu->failed += added;
	if (error != HM_ERR_NONE) {
		dtu->errors[error] += added;
		dtu->error = error;
		hm_record_text(record, "text", dtu->reason, sizeof dtu->reason);
		hm_record_text(record, "hint", dtu->hint, sizeof dtu->hint);
	}
	if (added > 0 || dtu->error_time == 0)
		dtu->error_time = hm_live_time(record, "time",
		    now->wall / 1000);
}

void
hm_live_on_status(struct hm_live *live, const struct hm_record *record,
    const struct hm_moment *now)
{
	size_t number = hm_live_dtu_of(live, record);
	struct hm_live_dtu *dtu;
	struct hm_slice state;

	if (number == SIZE_MAX || !hm_record_string(record, "state", &state))
		return;
	dtu = &live->dtu[number];
	take_breaker(dtu, record);
	take_host(dtu, record);
	if (hm_slice_is(state, "online")) {
		dtu->state = HM_LIVE_ONLINE;
		dtu->failures = 0;
		dtu->retry_time = 0;
	} else if (hm_slice_is(state, "offline")) {
		dtu->state = HM_LIVE_OFFLINE;
		dtu->cleared = live->number;
		dtu->retry_time = hm_live_time(record, "retry_at", 0);
		take_failure(dtu, record, now);
	}
}
