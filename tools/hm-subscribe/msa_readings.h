#ifndef HM_MSA_READINGS_H
#define HM_MSA_READINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "msa_state.h"
#include "record/dtu_name.h"

/*
 * The readings of batteries that publish their states. A state has only a part
 * of the values, and one comes every second: so the last ones of each device
 * are kept, and its records have all of them, once a period. Bounded memory.
 */

#define HM_MSA_DEVICES ((size_t)16)
#define HM_MSA_QUICK_MS 15000 /* a value of HM_MSA_QUICK is known as long */
#define HM_MSA_SLOW_MS 660000 /* others: two of them, and a minute */

struct hm_msa_device {
	char name[HM_DTU_NAME_MAX + 1]; /* empty: none */
	char serial[HM_MSA_SERIAL + 1];
	int64_t heard; /* ms */
	int64_t due;   /* of its next records, ms */
	size_t count;
	struct hm_msa_known {
		struct hm_msa_value value;
		int64_t until; /* ms */
	} known[HM_MSA_VALUES]; /* by scope, port and field */
};

struct hm_msa_devices {
	int64_t period_ms; /* set by the owner; the rest is zero */
	struct hm_msa_device device[HM_MSA_DEVICES];
	struct hm_msa_values values; /* of the last message */
};

struct hm_msa_message {
	struct hm_msa_topic topic;
	struct hm_slice payload; /* anything */
	int64_t now;             /* monotonic ms */
	int64_t time;            /* s since 1970, of its records */
};

struct hm_msa_output {
	/* A record, without its line feed; valid during the call. */
	void (*emit)(void *context, struct hm_slice line);
	void *context;
};

/*
 * A message has come. Passes on the records of the device, if they are due.
 * NULL, or why it gives no values. d->values.contradicts is set as
 * hm_msa_values does.
 */
const char *hm_msa_take(struct hm_msa_devices *d,
    const struct hm_msa_message *message, const struct hm_msa_output *output);

#endif
