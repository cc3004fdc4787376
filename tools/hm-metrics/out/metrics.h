#ifndef HM_METRICS_H
#define HM_METRICS_H

#include "live/live_view.h"
#include "prometheus_text.h"

/* The plant as metrics. docs/metrics.md lists them all. */

/* Counters of hm-metrics itself. */
struct hm_metrics_own {
	uint64_t lines;       /* read */
	uint64_t requests;    /* HTTP */
	uint64_t connections; /* open now */
	uint64_t evicted;     /* closed: too slow, or to make room */
	uint64_t listeners;   /* to /events, now */
};

struct hm_metrics_options {
	bool openmetrics;
	bool legacy; /* the names of hoymiles-mqtt 0.12, too */
	bool http;   /* for HTTP: with its counters and those of the process */
	const char *database; /* NULL: not set */
	const struct hm_metrics_own *own;
};

/* Append all metrics. False if there is no memory, or they are too long. */
bool hm_metrics_render(struct hm_buffer *out, const struct hm_view *view,
    const struct hm_metrics_options *options);

/* The parts of hm_metrics_render. */
void hm_metrics_dtus(struct hm_prometheus *e, const struct hm_view *view);
void hm_metrics_fields(struct hm_prometheus *e, const struct hm_view *view);
void hm_metrics_tools(struct hm_prometheus *e, const struct hm_view *view);
void hm_metrics_legacy(struct hm_prometheus *e, const struct hm_view *view);

/*
 * A family of metrics of the DTUs, and its labels: hm and hoymiles-mqtt give
 * the same samples other names.
 */
struct hm_metrics_family {
	const char *name, *help;
	const char *dtu;     /* the label of the DTU */
	const char *label;   /* of the result or of the reason */
	const char *failure; /* the result that is not "success" */
};

void hm_metrics_up(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_metrics_family *family);
void hm_metrics_polls(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_metrics_family *family);
void hm_metrics_errors(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_metrics_family *family);
void hm_metrics_durations(struct hm_prometheus *e, const struct hm_view *view,
    const struct hm_metrics_family *family);

#endif
