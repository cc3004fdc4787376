#ifndef HM_RECEPTION_H
#define HM_RECEPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "config/dtu_list.h"
#include "topic_list.h"

/*
 * Messages of a broker as records, which wait in bounded memory until stdout
 * takes them: commands first, and only so many a second that the chain has time
 * for its readings. Times are monotonic, in ms.
 */

#define HM_RECEPTION_COMMANDS 256 /* that wait */
#define HM_RECEPTION_MESSAGES 1024
#define HM_RECEPTION_PER_SECOND 20 /* commands, also refused ones */

struct hm_reception;

struct hm_reception_counts {
	uint64_t commands;   /* written */
	uint64_t refused;    /* commands that are not valid */
	uint64_t retained;   /* commands and states that the broker had kept */
	uint64_t foreign;    /* commands for a DTU of another chain */
	uint64_t expired;    /* commands that waited too long */
	uint64_t messages;   /* written; and readings, made of states */
	uint64_t unreadable; /* messages that are not UTF-8, or too long, and
	                        states without a reading */
	uint64_t dropped;    /* lines without room */
	uint64_t queued;     /* that wait now */
};

struct hm_message_in {
	struct hm_slice topic, payload;
	int qos;
	bool retained;
};

/* NULL if there is no memory. `topics` and `dtus` are borrowed. */
struct hm_reception *hm_reception_new(const struct hm_topic_list *topics,
    const struct hm_dtus *dtus, int64_t max_age_ms);
void hm_reception_free(struct hm_reception *r);

const struct hm_reception_counts *hm_reception_counts(
    const struct hm_reception *r);

/* A message has come. */
void hm_reception_take(struct hm_reception *r,
    const struct hm_message_in *message, int64_t now);

/*
 * The next line to write, valid until the next call of another function. False
 * if none waits, or if the next one must not be written yet. A command that has
 * waited too long becomes its result.
 */
bool hm_reception_next(struct hm_reception *r, int64_t now,
    struct hm_slice *line);

/* The line of hm_reception_next was written. */
void hm_reception_written(struct hm_reception *r);

/* When hm_reception_next has a line; 0: none waits. */
int64_t hm_reception_due(const struct hm_reception *r, int64_t now);

#endif
