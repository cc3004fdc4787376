#ifndef HM_LIMIT_H
#define HM_LIMIT_H

#include "limit_law.h"
#include "limit_meter.h"
#include "record/record.h"

/*
 * Reads the meter, the inverters and the results of orders from records, and
 * writes orders. Time is that of the records, so that a replayed stream gives
 * the same orders; between records the caller passes the time since the last
 * one.
 */

struct hm_limit;

/* A command record, valid during the call; `reason` says what it is for. */
typedef void hm_limit_output(void *context, struct hm_slice line,
    const char *reason);

#define HM_LIMIT_UNSET (-1)

struct hm_limit_options {
	struct hm_limit_meter_options meter;
	const char *dtu; /* borrowed; NULL: the only one */
	/* ceiling, floor and safe may be HM_LIMIT_UNSET; rated is not used,
	   but for `percent`. */
	struct hm_limit_rules rules;
	int64_t rated;   /* W of all inverters; HM_LIMIT_UNSET: by model */
	bool percent;    /* orders are in percent of it, not in watts */
	hm_limit_output *output;
	void *context;
};

struct hm_limit_counters {
	uint64_t orders;
	uint64_t meter_readings;
	uint64_t failed;  /* orders that were not carried out */
	uint64_t silences; /* times that the meter was silent */
	uint64_t watts;   /* the limit that was ordered last */
};

/* NULL if there is no memory. */
struct hm_limit *hm_limit_new(const struct hm_limit_options *options);
void hm_limit_free(struct hm_limit *limit);

const struct hm_limit_counters *hm_limit_counters(
    const struct hm_limit *limit);

/* The stream is open, at a time of day in seconds. */
void hm_limit_start(struct hm_limit *limit, int64_t clock);

/* Whether hm_limit_record uses records of this type. */
bool hm_limit_takes(struct hm_slice type);

/*
 * Read a record of such a type; `clock` is the time of day in seconds, for a
 * record without one. Returns NULL, or why the record cannot be used, a static
 * text.
 */
const char *hm_limit_record(struct hm_limit *limit, struct hm_slice type,
    const struct hm_record *record, int64_t clock);

/*
 * No record has come since the last one, `ms` ago. Call it at least every
 * hm_limit_wait_ms; that is -1 if there is nothing to wait for.
 */
void hm_limit_idle(struct hm_limit *limit, int64_t ms);
int hm_limit_wait_ms(const struct hm_limit *limit);

#endif
