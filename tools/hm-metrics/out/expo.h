#ifndef HM_EXPO_H
#define HM_EXPO_H

#include "base/bytes.h"
#include "base/dec.h"

/*
 * Writes metrics as Prometheus reads them, in its text format 0.0.4 or in
 * OpenMetrics 1.0. A family is begun once and its samples follow it. Names,
 * labels and values are the same in both formats, so that a series stays one
 * whichever is asked for.
 *
 *	hm_expo_family(e, "hoymiles_up", HM_EXPO_GAUGE, "whether ...");
 *	hm_expo_sample(e, "");
 *	hm_expo_label(e, "dtu", name);
 *	hm_expo_int(e, 1);
 */

#define HM_EXPO_MAX ((size_t)64 * 1024 * 1024) /* bytes of all metrics */
#define HM_EXPO_NAME ((size_t)96)

enum hm_expo_type {
	HM_EXPO_GAUGE,
	HM_EXPO_COUNTER, /* its name ends in _total */
	HM_EXPO_HISTOGRAM,
	HM_EXPO_INFO, /* its name ends in _info */
};

struct hm_expo {
	struct hm_bytes *out;
	bool openmetrics;
	bool failed; /* no memory, or too long */
	bool labelled;
	char family[HM_EXPO_NAME];
};

/* What is written goes to the end of `out`, which is borrowed. */
void hm_expo_start(struct hm_expo *e, struct hm_bytes *out, bool openmetrics);

/* `help` is plain text without backslashes and newlines. */
void hm_expo_family(struct hm_expo *e, const char *name,
    enum hm_expo_type type, const char *help);

/* Begin a sample of the family; `suffix` is that of a part of a histogram. */
void hm_expo_sample(struct hm_expo *e, const char *suffix);
void hm_expo_label(struct hm_expo *e, const char *name, const char *value);

/* End it with its value. */
void hm_expo_dec(struct hm_expo *e, struct hm_dec value);
void hm_expo_int(struct hm_expo *e, int64_t value);

/* False if not everything has been written. */
bool hm_expo_end(struct hm_expo *e);

#endif
