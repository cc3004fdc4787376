#ifndef HM_HEALTH_H
#define HM_HEALTH_H

#include "base/json_writer.h"
#include "live/live_view.h"

/*
 * Health for probes and people. /health is about the DTUs, /livez about the
 * tools of the chain, /ready about the start.
 */

/* The object of /health. */
void hm_health_json(struct hm_json *e, const struct hm_view *view);

/* One check of a probe. */
struct hm_health_check {
	const char *name; /* of the view, or static */
	bool good;
};

#define HM_HEALTH_CHECKS_MAX (HM_LIVE_TOOLS_MAX + 4)

/*
 * The checks of /livez: the process itself, and each tool of the chain with a
 * stats record. Returns their number.
 */
size_t hm_health_live(const struct hm_view *view,
    struct hm_health_check check[HM_HEALTH_CHECKS_MAX]);

/* The checks of /ready. `database`: it can be read, or none is set. */
size_t hm_health_ready(const struct hm_view *view, bool database,
    struct hm_health_check check[HM_HEALTH_CHECKS_MAX]);

/*
 * The answer to a probe: "OK", or a line for each failed check, or with
 * `verbose` for every check. *good is set to whether all checks are good.
 * Returns the length.
 */
size_t hm_health_text(const struct hm_health_check *check, size_t count,
    bool verbose, bool *good, char *buf, size_t cap);

#endif
