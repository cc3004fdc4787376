#ifndef HM_PROMETHEUS_TEXT_H
#define HM_PROMETHEUS_TEXT_H

#include "base/buffer.h"
#include "base/decimal.h"

/*
 * Writes metrics in Prometheus' text format 0.0.4 or in OpenMetrics 1.0. Names,
 * labels and values are the same in both, so that a series does not change with
 * the format. The samples of a family follow its header:
 *
 *	hm_prometheus_family(e, "hoymiles_up", HM_PROMETHEUS_GAUGE,
 *	    "whether ...");
 *	hm_prometheus_sample(e, "");
 *	hm_prometheus_label(e, "dtu", name);
 *	hm_prometheus_int(e, 1);
 */

#define HM_PROMETHEUS_MAX ((size_t)64 * 1024 * 1024) /* bytes of all metrics */
#define HM_PROMETHEUS_NAME ((size_t)96)

enum hm_prometheus_type {
	HM_PROMETHEUS_GAUGE,
	HM_PROMETHEUS_COUNTER, /* its name ends in _total */
	HM_PROMETHEUS_HISTOGRAM,
	HM_PROMETHEUS_INFO, /* its name ends in _info */
};

struct hm_prometheus {
	struct hm_buffer *out;
	bool openmetrics;
	bool failed; /* no memory, or too long */
	bool labelled;
	char family[HM_PROMETHEUS_NAME];
};

/* Output is appended to `out`, which is borrowed. */
void hm_prometheus_start(struct hm_prometheus *e, struct hm_buffer *out,
    bool openmetrics);

/* `help` is plain text without backslashes and newlines. */
void hm_prometheus_family(struct hm_prometheus *e, const char *name,
    enum hm_prometheus_type type, const char *help);

/*
 * Begin a sample of the family. `suffix` is empty, or names a part of a
 * histogram.
 */
void hm_prometheus_sample(struct hm_prometheus *e, const char *suffix);
void hm_prometheus_label(struct hm_prometheus *e, const char *name,
    const char *value);

/* End the sample with its value. */
void hm_prometheus_decimal(struct hm_prometheus *e, struct hm_decimal value);
void hm_prometheus_int(struct hm_prometheus *e, int64_t value);

/* False if an append has failed. */
bool hm_prometheus_end(struct hm_prometheus *e);

#endif
